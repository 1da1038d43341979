import t from 'tap'
import { makeClearance } from '../../rules/clearance/clearance.ts'
import { colourOf, readableOn } from '../../rules/spif/colour.ts'
import { clearanceMarking, marking } from '../../rules/spif/marking.ts'
import { LOCATIONS } from '../../rules/spif/spif.ts'
import { changed, label, load, meadow, orchard } from './policies.ts'

const text = (...args: Parameters<typeof marking>) => marking(...args).text

t.test('policy word, class, tags in the order of the policy, prefix and suffix', async (t) => {
  t.equal(text(label(meadow, 'LOW'), meadow), 'Meadow LOW')
  t.equal(text(label(orchard, 'OPEN'), orchard), '[Orchard OPEN]')
  t.equal(
    text(
      label(orchard, 'INNER', 'Pickers=BIRCHY,ASHBY', 'Blight=RUST,CANKER', 'Buyers=SOUTH,NORTH'),
      orchard,
    ),
    '[Orchard INNER WITH CANKER+RUST FOR Ashby, Birchy ONLY NORTH/SOUTH]',
  )
  t.equal(text(label(orchard, 'OPEN', '#ADDRESSEE'), orchard), "[Orchard OPEN ADDRESSEE'S EYES]")
  t.equal(text(label(orchard, 'OPEN', '#FADED'), orchard), '[Orchard OPEN FADED]')
})

t.test('codes that say how', async (t) => {
  t.equal(
    text(label(orchard, 'DEEP', 'Pickers=DELL'), orchard),
    '[GROVE DEEP FOR DELL ONLY]',
    'replacePolicy',
  )
  t.equal(
    text(label(orchard, 'OPEN', 'Notes=DRAFT'), orchard),
    '[Orchard DRAFT ORCHARD PAPER]',
    'suppressClassName',
  )
  t.equal(text(label(orchard, 'OPEN', 'Notes=AUTUMN'), orchard), '[Orchard OPEN]', 'noNameDisplay')
  t.equal(text(label(orchard, 'OPEN', 'Notes=AUTUMN,SPRING'), orchard), '[Orchard OPEN SPRING]')
  const hidden = load(
    changed(
      'meadow',
      '<securityClassification name="LOW" lacv="10" hierarchy="10"/>',
      '<securityClassification name="LOW" lacv="10" hierarchy="10"><markingData><code>noMarkingDisplay</code></markingData></securityClassification>',
    ),
  )
  t.equal(text(label(hidden, 'LOW'), hidden), '')
  t.equal(text(label(hidden, 'LOW', 'Pests=MOLE'), hidden), 'MOLE')
  const silent = load(
    changed(
      'meadow',
      '<securityPolicyId name="Meadow" id="2.999.2"/>',
      '<securityPolicyId name="Meadow" id="2.999.2"><markingData phrase="MDW"><code>pageBottom</code></markingData></securityPolicyId>',
    ),
  )
  t.equal(text(label(silent, 'LOW'), silent), 'MDW LOW', 'a phrase for the policy itself')
  t.equal(text(label(silent, 'LOW'), silent, { location: 'pageTop' }), 'Meadow LOW')
  const blank = load(
    changed('meadow', '</SPIF>', '<markingData phrase=""><code>replacePolicy</code></markingData></SPIF>'),
  )
  t.equal(text(label(blank, 'LOW'), blank), 'LOW')
  const category = load(
    changed(
      'meadow',
      '<tagCategory name="MOLE" lacv="7"/>',
      '<tagCategory name="MOLE" lacv="7"><markingData phrase="BURROW"><code>replacePolicy</code><code>noNameDisplay</code></markingData></tagCategory>',
    ),
  )
  t.equal(text(label(category, 'LOW', 'Pests=MOLE'), category), 'BURROW LOW')
  const shown = load(
    changed(
      'meadow',
      '<tagCategory name="MOLE" lacv="7"/>',
      '<tagCategory name="MOLE" lacv="7"><markingData phrase="BURROW"><code>replacePolicy</code></markingData></tagCategory>',
    ),
  )
  t.equal(text(label(shown, 'LOW', 'Pests=MOLE'), shown), 'BURROW LOW MOLE')
  const phrase = load(
    changed(
      'meadow',
      '<tagCategory name="MOLE" lacv="7"/>',
      '<tagCategory name="MOLE" lacv="7"><markingData phrase="M."><code>noNameDisplay</code></markingData></tagCategory>',
    ),
  )
  t.equal(text(label(phrase, 'LOW', 'Pests=MOLE'), phrase), 'Meadow LOW M.', 'a phrase without the name')
  const around = load(
    changed(
      'meadow',
      '<tagCategory name="MOLE" lacv="7"/>',
      '<tagCategory name="MOLE" lacv="7"><markingQualifier><qualifier markingQualifier="(" qualifierCode="prefix"/><qualifier markingQualifier=")" qualifierCode="suffix"/></markingQualifier></tagCategory>',
    ),
  )
  t.equal(text(label(around, 'LOW', 'Pests=MOLE'), around), 'Meadow LOW (MOLE)')
})

t.test('what holds for all classes and for all privacy marks', async (t) => {
  const classes = (
    inside: string,
    from = '</securityClassifications>',
    to = '</securityClassifications>',
  ) => {
    const spif = load(
      changed('orchard', '</securityClassifications>', `${inside}</securityClassifications>`).replace(
        from,
        to,
      ),
    )
    return (name: string, options = {}) => text(label(spif, name), spif, options)
  }
  const qualified = classes(
    '<markingQualifier><qualifier markingQualifier="((" qualifierCode="prefix"/><qualifier markingQualifier="))" qualifierCode="suffix"/><qualifier markingQualifier="((fr " qualifierCode="prefix" xml:lang="fr"/></markingQualifier>',
    '<securityClassification name="DEEPER" lacv="12" hierarchy="4" color="red"/>',
    '<securityClassification name="DEEPER" lacv="12" hierarchy="4" color="red"><markingQualifier><qualifier markingQualifier="&lt;" qualifierCode="prefix"/><qualifier markingQualifier="&gt;" qualifierCode="suffix"/></markingQualifier></securityClassification>',
  )
  t.equal(qualified('OPEN'), '[Orchard ((OPEN))]')
  t.equal(qualified('OPEN', { language: 'fr' }), '[Orchard ((fr OUVERT))]')
  t.equal(qualified('OPEN', { location: 'portionMarking' }), '[Orchard ((O))]')
  t.equal(qualified('DEEPER'), '[Orchard ((<DEEPER>))]', 'outside of its own')
  const data = classes('<markingData phrase="SECRECY"><code>waterMark</code></markingData>')
  t.equal(data('DEEPER', { location: 'waterMark' }), '[Orchard SECRECY]', 'where the class says nothing')
  t.equal(data('DEEPER'), '[Orchard DEEPER]', 'in its place only')
  t.equal(data('OPEN', { language: 'fr' }), '[Orchard OUVERT]', 'not where the class does')
  const hidden = classes('<markingData><code>noMarkingDisplay</code></markingData>')
  t.equal(hidden('DEEPER'), '[]')
  const spif = load(
    changed(
      'orchard',
      '</securityClassifications>',
      '<markingQualifier><qualifier markingQualifier=" or " qualifierCode="separator"/></markingQualifier></securityClassifications>',
    ),
  )
  t.equal(
    clearanceMarking(makeClearance(spif, spif.classifications.slice(0, 2), []), spif),
    '[{OPEN or INNER}]',
  )

  const marks = (
    inside: string,
    own = '<markingData phrase="ADDRESSEE\'S EYES"><code>pageTopBottom</code></markingData>',
  ) => {
    const whole = load(
      changed('orchard', '</privacyMarks>', `${inside}</privacyMarks>`).replace(
        '<markingData phrase="ADDRESSEE\'S EYES"><code>pageTopBottom</code></markingData>',
        own,
      ),
    )
    return (mark: string, options = {}) => text(label(whole, 'OPEN', `#${mark}`), whole, options)
  }
  const around =
    '<markingQualifier><qualifier markingQualifier="PM:" qualifierCode="prefix"/><qualifier markingQualifier=";" qualifierCode="suffix"/></markingQualifier>'
  t.equal(marks(around)('ADDRESSEE'), "[Orchard OPEN PM:ADDRESSEE'S EYES;]")
  t.equal(marks(around)('FADED'), '[Orchard OPEN PM:FADED;]')
  const shown = marks('<markingData phrase="PRIVATE" xml:lang="en"><code>pageBottom</code></markingData>')
  t.equal(shown('FADED'), '[Orchard OPEN PRIVATE]')
  t.equal(shown('ADDRESSEE'), "[Orchard OPEN ADDRESSEE'S EYES]")
  t.equal(shown('FADED', { location: 'subject' }), '[Orchard OPEN FADED]')
  t.equal(marks('<markingData><code>noMarkingDisplay</code></markingData>')('FADED'), '[Orchard OPEN]')
  t.equal(
    marks(around, '<markingData><code>noNameDisplay</code></markingData>')('ADDRESSEE'),
    '[Orchard OPEN]',
  )
  t.equal(
    marks('', '<markingData phrase="X"><code>suppressClassName</code></markingData>')('ADDRESSEE'),
    '[Orchard X]',
  )
  t.equal(
    marks('<markingData phrase="X"><code>suppressClassName</code></markingData>')('FADED'),
    '[Orchard X]',
  )
  t.equal(
    marks('', '<markingData phrase="GARDEN"><code>replacePolicy</code></markingData>')('ADDRESSEE'),
    '[GARDEN OPEN ADDRESSEE]',
  )
  t.equal(
    marks('<markingData phrase="GARDEN"><code>replacePolicy</code></markingData>')('FADED'),
    '[GARDEN OPEN FADED]',
  )
})

t.test('each place', async (t) => {
  const own = label(orchard, 'OPEN', 'Pickers=ASHBY')
  const texts = new Map(LOCATIONS.map((location) => [location, text(own, orchard, { location })]))
  t.equal(texts.get('pageBottom'), '[Orchard OPEN FOR Ashby ONLY]')
  t.equal(texts.get('pageTop'), '[Orchard OPEN FOR Ashby ONLY]')
  t.equal(texts.get('pageTopBottom'), '[Orchard OPEN FOR Ashby ONLY]')
  t.equal(texts.get('portionMarking'), '[Orchard O FOR ASHBY ONLY]')
  for (const place of [
    'documentStart',
    'documentEnd',
    'firstLineOfText',
    'lastLineOfText',
    'subject',
    'xHeader',
    'inputTitle',
    'waterMark',
  ] as const) {
    t.equal(texts.get(place), '[Orchard OPEN FOR ASHBY ONLY]', `${place}: no phrase, so the names`)
  }
  const two = load(
    changed(
      'orchard',
      '<qualifier markingQualifier="FOR " qualifierCode="prefix"/>',
      '<qualifier markingQualifier="FOR " qualifierCode="prefix"/></markingQualifier><markingQualifier markingCode="portionMarking"><qualifier markingQualifier="&gt;" qualifierCode="prefix"/>',
    ),
  )
  t.equal(
    text(label(two, 'OPEN', 'Pickers=ASHBY'), two, { location: 'portionMarking' }),
    '[Orchard O >ASHBY ONLY]',
  )
  t.equal(text(label(two, 'OPEN', 'Pickers=ASHBY'), two), '[Orchard OPEN FOR Ashby ONLY]')
})

t.test('languages: piece by piece', async (t) => {
  const own = label(orchard, 'INNER', 'Blight=RUST', 'Pickers=ASHBY,BIRCHY')
  t.equal(text(own, orchard, { language: 'fr' }), '[Orchard INTERNE AVEC RUST FOR Ashby, Boulay ONLY]')
  t.equal(text(own, orchard, { language: 'fr-CA' }), '[Orchard INTERNE AVEC RUST FOR Ashby, Boulay ONLY]')
  t.equal(text(own, orchard, { language: 'FR' }), '[Orchard INTERNE AVEC RUST FOR Ashby, Boulay ONLY]')
  t.equal(text(own, orchard, { language: 'de' }), text(own, orchard))
  t.equal(text(own, orchard, { language: '' }), text(own, orchard))
  const english = load(changed('orchard', 'phrase="Ashby"', 'phrase="Ashby" xml:lang="en"'))
  t.equal(
    text(label(english, 'OPEN', 'Pickers=ASHBY'), english),
    '[Orchard OPEN FOR Ashby ONLY]',
    'English where nothing else is',
  )
  t.equal(
    text(label(english, 'OPEN', 'Pickers=ASHBY'), english, { language: 'fr' }),
    '[Orchard OUVERT FOR Ashby ONLY]',
  )
  const exact = load(
    changed(
      'orchard',
      '<markingData phrase="INTERNE" xml:lang="fr">',
      '<markingData phrase="INTIME" xml:lang="fr-CA"><code>pageTop</code><code>pageBottom</code></markingData><markingData phrase="INTERNE" xml:lang="fr">',
    ),
  )
  t.equal(text(label(exact, 'INNER'), exact, { language: 'fr-CA' }), '[Orchard INTIME]')
  t.equal(text(label(exact, 'INNER'), exact, { language: 'fr-BE' }), '[Orchard INTERNE]')
  const deep = label(orchard, 'DEEP', 'Blight=RUST')
  t.equal(
    text(deep, orchard, { language: 'fr' }),
    '[GROVE DEEP AVEC RUST]',
    'the policy word has no French, the rest has',
  )
})

t.test('colours: the class’s, with what can be read on it', async (t) => {
  t.match(marking(label(orchard, 'OPEN'), orchard), { fgcolor: '#000000', bgcolor: '#ffffff' })
  t.match(marking(label(orchard, 'DEEP', 'Blight=RUST'), orchard), { fgcolor: '#ffffff', bgcolor: '#000080' })
  t.match(marking(label(orchard, 'INNER'), orchard), { fgcolor: '#000000', bgcolor: '#ffa500' })
  t.match(marking(label(meadow, 'LOW'), meadow), { fgcolor: '#000000', bgcolor: '#ffffff' })
  t.equal(colourOf('fuschia'), colourOf('fuchsia'))
  for (const bad of ['Red', '#12345', '#12345g', '', 'constructor', 'red ', '#1234567'])
    t.equal(colourOf(bad), undefined, bad)
  t.equal(colourOf('#ABCDEF'), '#abcdef')
  const linear = (c: string, at: number) => {
    const share = Number.parseInt(c.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }
  const luminance = (c: string) => 0.2126 * linear(c, 1) + 0.7152 * linear(c, 3) + 0.0722 * linear(c, 5)
  for (let i = 0; i < 4096; i += 7) {
    const colour = `#${[...i.toString(16).padStart(3, '0')].map((d) => d + d).join('')}`
    const [a, b] = [luminance(colour), luminance(readableOn(colour))].sort((x, y) => y - x) as [
      number,
      number,
    ]
    t.ok((a + 0.05) / (b + 0.05) >= 4.5, colour)
  }
})

t.test('clearances', async (t) => {
  const [open, inner, deep] = orchard.classifications
  const { categories } = label(orchard, 'INNER', 'Blight=RUST,CANKER', 'Pickers=DELL')
  t.equal(
    clearanceMarking(makeClearance(orchard, [deep!, open!, inner!], categories), orchard),
    '[{OPEN|INNER|DEEP} WITH CANKER+RUST FOR DELL ONLY]',
  )
})
