import t from 'tap'
import { labelKey } from '../../rules/label/label.ts'
import { mapIncoming, type NumberedLabel } from '../../rules/spif/incoming.ts'
import { mapOutgoing } from '../../rules/spif/mapping.ts'
import { changed, label, load, meadow, orchard, sourceOf, words } from './policies.ts'

type Mapped = ReturnType<typeof mapOutgoing>
const said = (mapped: Mapped): string => ('problem' in mapped ? mapped.problem : words(mapped))

t.test('outgoing: class and categories, one to many, whole tag sets', async (t) => {
  t.equal(said(mapOutgoing(label(orchard, 'OPEN'), orchard, meadow)), 'LOW')
  t.equal(said(mapOutgoing(label(orchard, 'OPEN', 'Blight=CANKER'), orchard, meadow)), 'LOW Pests=MOLE')
  t.equal(
    said(mapOutgoing(label(orchard, 'OPEN', 'Pickers=ASHBY,BIRCHY'), orchard, meadow)),
    'LOW Villages=ASHBY Villages=BIRCHY UPPER Villages=BIRCHY LOWER',
  )
  t.equal(
    said(mapOutgoing(label(orchard, 'OPEN', 'Buyers=NORTH'), orchard, meadow)),
    'LOW Markets=NORTH FAIR',
  )
  t.equal(
    said(mapOutgoing(label(orchard, 'INNER'), orchard, meadow)),
    'MIDDLE Origin=ORCHARD',
    'what must be added',
  )
})

t.test('outgoing: nothing is guessed', async (t) => {
  t.equal(said(mapOutgoing(label(orchard, 'DEEPER'), orchard, meadow)), 'no-equivalent-class')
  t.equal(
    said(mapOutgoing(label(orchard, 'OPEN', 'Pickers=DELL'), orchard, meadow)),
    'no-equivalent-category',
  )
  t.equal(said(mapOutgoing(label(orchard, 'OPEN', 'Buyers=SOUTH'), orchard, meadow)), 'unknown-target')
  t.equal(said(mapOutgoing(label(meadow, 'LOW'), meadow, orchard)), 'no-equivalent-policy')
  const stranger = load(changed('meadow', 'id="2.999.2"', 'id="2.999.9"'))
  t.equal(said(mapOutgoing(label(orchard, 'OPEN'), orchard, stranger)), 'no-equivalent-policy')
  const twice = load(
    changed(
      'orchard',
      '<markingData phrase="OUVERT"',
      '<equivalentClassification policyRef="Meadow" lacv="20" applied="encrypt"/><markingData phrase="OUVERT"',
    ),
  )
  t.equal(said(mapOutgoing(label(twice, 'OPEN'), twice, meadow)), 'ambiguous-class')
  const inward = load(changed('orchard', 'lacv="10" applied="both"', 'lacv="10" applied="decrypt"'))
  t.equal(said(mapOutgoing(label(inward, 'OPEN'), inward, meadow)), 'no-equivalent-class')
  const nowhere = load(changed('orchard', 'lacv="10" applied', 'lacv="11" applied'))
  t.equal(said(mapOutgoing(label(nowhere, 'OPEN'), nowhere, meadow)), 'unknown-target')
  const noValue = load(changed('orchard', 'lacv="7" applied', 'lacv="6" applied'))
  t.equal(said(mapOutgoing(label(noValue, 'OPEN', 'Blight=CANKER'), noValue, meadow)), 'unknown-target')
  const noSet = load(
    changed(
      'orchard',
      'tagSetId="2.999.2.1" tagType="restrictive" lacv="7"',
      'tagSetId="2.999.2.9" tagType="restrictive" lacv="7"',
    ),
  )
  t.equal(said(mapOutgoing(label(noSet, 'OPEN', 'Blight=CANKER'), noSet, meadow)), 'unknown-target')
  const received = load(changed('orchard', 'lacv="7" applied="both"', 'lacv="7" applied="decrypt"'))
  t.equal(
    said(mapOutgoing(label(received, 'OPEN', 'Blight=CANKER'), received, meadow)),
    'no-equivalent-category',
  )
})

t.test('outgoing: a target value that is not unique is none', async (t) => {
  const doubled = load(changed('meadow', 'name="VOLE" lacv="8"', 'name="VOLE" lacv="7"'))
  t.equal(said(mapOutgoing(label(orchard, 'OPEN', 'Blight=CANKER'), orchard, doubled)), 'unknown-target')
})

t.test('discarding is opt-in and reported', async (t) => {
  const scab = label(orchard, 'INNER', 'Blight=CANKER,RUST,SCAB')
  t.equal(said(mapOutgoing(scab, orchard, meadow)), 'discard-not-allowed')
  const mapped = mapOutgoing(scab, orchard, meadow, { discard: true })
  t.equal(said(mapped), 'MIDDLE Pests=MOLE Pests=VOLE Origin=ORCHARD')
  t.same('problem' in mapped ? [] : mapped.discarded, ['Blight: SCAB'])
})

t.test('a privacy mark stops the mapping, unless kept or dropped', async (t) => {
  const marked = label(orchard, 'OPEN', '#ADDRESSEE')
  t.equal(said(mapOutgoing(marked, orchard, meadow)), 'privacy-mark')
  t.equal(said(mapOutgoing(marked, orchard, meadow, { privacyMark: 'keep' })), 'LOW #ADDRESSEE')
  const dropped = mapOutgoing(marked, orchard, meadow, { privacyMark: 'drop' })
  t.equal(said(dropped), 'LOW')
  t.same('problem' in dropped ? [] : dropped.discarded, ['privacy mark ADDRESSEE'])
  for (const quiet of [
    mapOutgoing(marked, orchard, meadow, { privacyMark: 'keep' }),
    mapOutgoing(label(orchard, 'OPEN'), orchard, meadow, { privacyMark: 'drop' }),
    mapIncoming(label(meadow, 'LOW'), orchard),
  ]) {
    t.same('problem' in quiet ? quiet : quiet.discarded, [], 'nothing was left out')
  }
})

t.test('the result is held against its own policy', async (t) => {
  const invalid = mapOutgoing(label(orchard, 'DEEP', 'Blight=RUST'), orchard, meadow)
  t.match(invalid, { invalid: [{ problem: 'required-category' }] })
  const valid = mapOutgoing(label(orchard, 'DEEP', 'Blight=RUST', 'Pickers=ASHBY'), orchard, meadow)
  t.match(valid, { invalid: [] })
})

t.test('what must be added is added only where there is no choice', async (t) => {
  const one =
    '<requiredCategory operation="all">\n          <categoryGroup tagSetRef="Origin" tagType="tagType7" lacv="1"/>'
  const withRule = (rule: string) => {
    const spif = load(changed('orchard', one, rule))
    return (...parts: string[]) => said(mapOutgoing(label(spif, 'INNER', ...parts), spif, meadow))
  }
  const villages = (lacv: string) =>
    `<categoryGroup tagSetRef="Villages" tagType="enumerated" enumType="permissive" ${lacv}/>`
  const choice = withRule(
    `<requiredCategory operation="oneOrMore">${villages('lacv="100"')}${villages('lacv="200"')}`,
  )
  t.equal(choice(), 'required-category')
  t.equal(choice('Pickers=ASHBY'), 'MIDDLE Villages=ASHBY', 'already met')
  t.equal(
    choice('Pickers=ASHBY,BIRCHY'),
    'MIDDLE Villages=ASHBY Villages=BIRCHY UPPER Villages=BIRCHY LOWER',
    'twice over',
  )
  const any = withRule(`<requiredCategory operation="all">${villages('all="true"')}`)
  t.equal(any(), 'required-category')
  t.equal(any('Pickers=ASHBY'), 'MIDDLE Villages=ASHBY')
  const exactly = withRule(
    `<requiredCategory operation="onlyOne">${villages('lacv="100"')}${villages('lacv="200"')}`,
  )
  t.equal(exactly('Pickers=ASHBY'), 'MIDDLE Villages=ASHBY')
  t.equal(exactly('Pickers=ASHBY,BIRCHY'), 'required-category')
  const single = withRule(`<requiredCategory operation="oneOrMore">${villages('lacv="100"')}`)
  t.equal(single(), 'MIDDLE Villages=ASHBY')
  const both = withRule(
    `<requiredCategory operation="all">${villages('lacv="100"')}${villages('lacv="200"')}`,
  )
  t.equal(both('Pickers=ASHBY'), 'MIDDLE Villages=ASHBY Villages=BIRCHY UPPER')
  t.equal(both(), 'MIDDLE Villages=ASHBY Villages=BIRCHY UPPER', 'all of them, when all are to be')
  t.equal(both('Pickers=ASHBY,BIRCHY'), 'MIDDLE Villages=ASHBY Villages=BIRCHY UPPER Villages=BIRCHY LOWER')
  const unknown = withRule(`<requiredCategory operation="all">${villages('lacv="999"')}`)
  t.equal(unknown(), 'required-category')
  const noSet = withRule(
    '<requiredCategory operation="all"><categoryGroup tagSetRef="Hills" tagType="tagType7" lacv="1"/>',
  )
  t.equal(noSet(), 'unknown-target')
  const halfSet = withRule(
    `<requiredCategory operation="all">${villages('lacv="100"')}<categoryGroup tagSetRef="Hills" tagType="tagType7" lacv="1"/>`,
  )
  t.equal(halfSet(), 'unknown-target')
  const noRule = load(changed('orchard', '<requiredCategory operation="all">', '<requiredCategory>'), false)
  t.equal(
    said(mapOutgoing(label(noRule, 'INNER'), noRule, meadow)),
    'unknown-target',
    'a rule that is not understood',
  )
  const onSet = load(
    changed(
      'orchard',
      'name="Markets" id="2.999.2.4"/>',
      `name="Markets" id="2.999.2.4"><requiredCategory operation="all">${villages('lacv="100"')}</requiredCategory></equivalentSecurityCategoryTagSet>`,
    ),
  )
  t.equal(
    said(mapOutgoing(label(onSet, 'OPEN', 'Buyers=NORTH'), onSet, meadow)),
    'LOW Villages=ASHBY Markets=NORTH FAIR',
  )
  t.equal(said(mapOutgoing(label(onSet, 'OPEN'), onSet, meadow)), 'LOW', 'only with the tag set')
  const policy = load(
    changed(
      'orchard',
      '<equivalentPolicy name="Meadow" id="2.999.2"/>',
      `<equivalentPolicy name="Meadow" id="2.999.2"><requiredCategory operation="all">${villages('lacv="100"')}</requiredCategory></equivalentPolicy>`,
    ),
  )
  t.equal(said(mapOutgoing(label(policy, 'OPEN'), policy, meadow)), 'LOW Villages=ASHBY')
})

t.test('the label that is mapped stays as it is', async (t) => {
  const own = label(orchard, 'OPEN', 'Blight=CANKER')
  const key = labelKey(own)
  mapOutgoing(own, orchard, meadow)
  t.equal(labelKey(own), key)
})

t.test('incoming: the own policy in reverse', async (t) => {
  t.equal(said(mapIncoming(label(meadow, 'LOW'), orchard)), 'OPEN')
  t.equal(
    said(mapIncoming(label(meadow, 'LOW', 'Pests=MOLE', 'Villages=ASHBY'), orchard)),
    'OPEN Blight=CANKER Pickers=ASHBY',
  )
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Markets=NORTH FAIR'), orchard)), 'OPEN Buyers=NORTH')
  t.equal(said(mapIncoming(label(meadow, 'MIDDLE'), orchard)), 'no-equivalent-class', 'encrypt only')
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Villages=BIRCHY UPPER'), orchard)), 'no-equivalent-category')
  t.equal(said(mapIncoming(label(orchard, 'OPEN'), meadow)), 'no-equivalent-policy')
  const stranger = load(changed('meadow', 'id="2.999.2"', 'id="2.999.9"'))
  t.equal(said(mapIncoming(label(stranger, 'LOW'), orchard)), 'no-equivalent-policy')
  t.equal(said(mapIncoming(label(meadow, 'LOW', '#X'), orchard)), 'privacy-mark')
  t.match(mapIncoming(label(meadow, 'HIGH', 'Pests=MOLE'), orchard), {
    invalid: [{ problem: 'required-category' }],
  })
})

t.test('incoming: more than one answer is none', async (t) => {
  const classes = load(
    changed(
      'orchard',
      '<markingData phrase="INTERNE"',
      '<equivalentClassification policyRef="Meadow" lacv="10" applied="decrypt"/><markingData phrase="INTERNE"',
    ),
  )
  t.equal(said(mapIncoming(label(meadow, 'LOW'), classes)), 'ambiguous-class')
  const values = load(
    changed(
      'orchard',
      'policyRef="Meadow" tagSetId="2.999.2.1" tagType="restrictive" lacv="8"',
      'policyRef="Meadow" tagSetId="2.999.2.1" tagType="restrictive" lacv="7"',
    ),
  )
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Pests=MOLE'), values)), 'ambiguous-category')
  const foreign = load(changed('meadow', 'name="VOLE" lacv="8"', 'name="VOLE" lacv="7"'))
  t.equal(said(mapIncoming(label(foreign, 'LOW', 'Pests=VOLE'), orchard)), 'ambiguous-category')
})

/** Orchard with its INNER, which needs an Origin in Meadow, equivalent both ways. */
const both = changed(
  'orchard',
  'policyRef="Meadow" lacv="20" applied="encrypt"',
  'policyRef="Meadow" lacv="20" applied="both"',
)
const mapMiddle = (own: typeof orchard, ...parts: string[]) =>
  said(mapIncoming(label(meadow, 'MIDDLE', ...parts), own))

t.test('incoming: what an equivalence requires makes the label the equivalent one', async (t) => {
  const spif = load(both)
  t.equal(mapMiddle(spif), 'required-category', 'MIDDLE alone is not INNER')
  t.match(mapIncoming(label(meadow, 'MIDDLE'), spif), { detail: /INNER is 20 only with Origin 1/ })
  t.equal(mapMiddle(spif, 'Origin=ORCHARD'), 'INNER', 'and what is required needs no equivalent of its own')
  t.equal(mapMiddle(spif, 'Origin=ORCHARD', 'Pests=PAW'), 'no-equivalent-category', 'what is not, does')
  const home = label(spif, 'INNER', 'Blight=CANKER')
  const there = mapOutgoing(home, spif, meadow)
  t.equal(
    'problem' in there ? there.problem : said(mapIncoming(there, spif)),
    'INNER Blight=CANKER',
    'there and back',
  )
  const two = load(
    both.replace(
      '<securityClassification name="DEEPER" lacv="12" hierarchy="4" color="red"/>',
      '<securityClassification name="DEEPER" lacv="12" hierarchy="4" color="red"><equivalentClassification policyRef="Meadow" lacv="20" applied="decrypt"/></securityClassification>',
    ),
  )
  t.equal(mapMiddle(two), 'DEEPER', 'the one that requires nothing')
  t.equal(mapMiddle(two, 'Origin=ORCHARD'), 'ambiguous-class', 'both')
  const numbers = (tagSetName?: string): NumberedLabel => ({
    policy: '2.999.2',
    classification: '20',
    categories: [
      {
        tagSetId: '2.999.2.3',
        kind: 'informative',
        lacv: '1',
        ...(tagSetName === undefined ? {} : { tagSetName }),
      },
    ],
  })
  t.equal(said(mapIncoming(numbers('origin'), spif)), 'INNER')
  t.equal(
    said(mapIncoming(numbers(), spif)),
    'required-category',
    'a tag set that has no name is not the named one',
  )
  const rule = (text: string) =>
    load(both.replace(/<requiredCategory operation="all">\s*<categoryGroup tagSetRef="Origin"[^>]*>/, text))
  const origin = '<categoryGroup tagSetRef="Origin" tagType="tagType7" lacv="1"/>'
  const market = '<categoryGroup tagSetRef="Markets" tagType="enumerated" enumType="permissive" lacv="100"/>'
  for (const [operation, parts, expected, why] of [
    [
      'oneOrMore',
      ['Origin=ORCHARD', 'Markets=NORTH FAIR'],
      'no-equivalent-category',
      'nobody adds one of a choice',
    ],
    ['oneOrMore', ['Markets=NORTH FAIR'], 'INNER Buyers=NORTH', 'met by what has an equivalent'],
    ['oneOrMore', [], 'required-category', 'not met'],
    ['onlyOne', ['Origin=ORCHARD', 'Markets=NORTH FAIR'], 'required-category', 'met twice'],
    ['onlyOne', ['Markets=NORTH FAIR'], 'INNER Buyers=NORTH', 'met once'],
    ['all', ['Origin=ORCHARD'], 'required-category', 'met by half'],
    ['all', ['Origin=ORCHARD', 'Markets=NORTH FAIR'], 'INNER Buyers=NORTH', 'met'],
  ] as const) {
    const own = rule(`<requiredCategory operation="${operation}">${origin}${market}`)
    t.equal(mapMiddle(own, ...parts), expected, `${operation}: ${why}`)
  }
  const any = rule(
    '<requiredCategory operation="all"><categoryGroup tagSetRef="Origin" tagType="tagType7" all="true"/>',
  )
  t.equal(
    mapMiddle(any, 'Origin=ORCHARD'),
    'no-equivalent-category',
    'any value of a set is one that somebody chose',
  )
  const never = load(both.replace('<requiredCategory operation="all">', '<requiredCategory>'), false)
  t.equal(mapMiddle(never, 'Origin=ORCHARD'), 'required-category', 'a rule that is not understood')
})

t.test('incoming: what an own value becomes on the way out is not taken for what is added', async (t) => {
  const meant = changed(
    'orchard',
    'policyRef="Meadow" lacv="20" applied="encrypt"',
    'policyRef="Meadow" lacv="20" applied="both"',
  ).replace(
    '<tagCategory name="COPSE" lacv="3"',
    '<tagCategory name="ELM" lacv="5"><equivalentSecCategoryTag policyRef="Meadow" tagSetId="2.999.2.3" tagType="tagType7" lacv="1" applied="encrypt"/></tagCategory><tagCategory name="COPSE" lacv="3"',
  )
  const spif = load(meant)
  const there = mapOutgoing(label(spif, 'INNER', 'Pickers=ELM'), spif, meadow)
  t.equal(said(there), 'MIDDLE Origin=ORCHARD')
  t.equal(
    'problem' in there ? '' : said(mapIncoming(there, spif)),
    'no-equivalent-category',
    'else ELM would be lost',
  )
  const back = load(
    meant.replace(
      'tagType="tagType7" lacv="1" applied="encrypt"',
      'tagType="tagType7" lacv="1" applied="both"',
    ),
  )
  const again = mapOutgoing(label(back, 'INNER'), back, meadow)
  t.equal('problem' in again ? '' : said(mapIncoming(again, back)), 'INNER Pickers=ELM')
  const bySet = load(
    changed(
      'orchard',
      'policyRef="Meadow" lacv="20" applied="encrypt"',
      'policyRef="Meadow" lacv="20" applied="both"',
    )
      .replace(
        'tagSetRef="Origin" tagType="tagType7" lacv="1"',
        'tagSetRef="Markets" tagType="enumerated" enumType="permissive" lacv="100"',
      )
      .replace('name="SOUTH" lacv="200"', 'name="SOUTH" lacv="100"'),
  )
  t.equal(
    said(mapIncoming(label(meadow, 'MIDDLE', 'Markets=NORTH FAIR'), bySet)),
    'no-equivalent-category',
    'of two own values with that number it may be either',
  )
})

t.test('incoming: what a tag set requires, and what the policy adds', async (t) => {
  const village = '<categoryGroup tagSetRef="villages" tagType="enumerated" lacv="300"/>'
  const set = load(
    changed(
      'orchard',
      'name="Markets" id="2.999.2.4"/>',
      `name="Markets" id="2.999.2.4"><requiredCategory operation="all">${village}</requiredCategory></equivalentSecurityCategoryTagSet>`,
    ).replace('lacv="300" applied="encrypt"', 'lacv="200" applied="encrypt"'),
  )
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Markets=NORTH FAIR'), set)), 'required-category')
  t.equal(
    said(mapIncoming(label(meadow, 'LOW', 'Markets=NORTH FAIR', 'Villages=BIRCHY LOWER'), set)),
    'OPEN Buyers=NORTH',
  )
  t.equal(
    said(mapIncoming(label(meadow, 'LOW', 'Villages=BIRCHY LOWER'), set)),
    'no-equivalent-category',
    'without the tag set it is no part of anything',
  )
  const policy = load(
    changed(
      'orchard',
      '<equivalentPolicy name="Meadow" id="2.999.2"/>',
      '<equivalentPolicy name="Meadow" id="2.999.2"><requiredCategory operation="all"><categoryGroup tagSetRef="Origin" tagType="tagType7" lacv="1"/></requiredCategory></equivalentPolicy>',
    ),
  )
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Origin=ORCHARD'), policy)), 'OPEN')
  t.equal(said(mapIncoming(label(meadow, 'LOW'), policy)), 'OPEN', 'it is for mapping into that policy only')
})

t.test('incoming: what may be left out is left out when allowed, and told', async (t) => {
  const spif = load(
    changed(
      'orchard',
      'lacv="" applied="both" action="discard"',
      'lacv="7" applied="decrypt" action="discard"',
    )
      .replace('lacv="7" applied="both"/>', 'lacv="8" applied="both"/>')
      .replace(
        'tagType="restrictive" lacv="8" applied="both"/>\n          <excludedClass>',
        'tagType="restrictive" lacv="99" applied="both"/>\n          <excludedClass>',
      ),
  )
  const mole = label(meadow, 'LOW', 'Pests=MOLE,VOLE')
  t.equal(said(mapIncoming(mole, spif)), 'discard-not-allowed')
  const mapped = mapIncoming(mole, spif, { discard: true })
  t.equal(said(mapped), 'OPEN Blight=CANKER')
  t.same('problem' in mapped ? [] : mapped.discarded, ['Pests: MOLE'])
  const numbered = mapIncoming(
    {
      policy: '2.999.2',
      classification: '10',
      categories: [{ tagSetId: '2.999.2.1', kind: 'restrictive', lacv: '7' }],
    },
    spif,
    { discard: true },
  )
  t.same('problem' in numbered ? [] : numbered.discarded, ['7 of 2.999.2.1'])
  const outward = load(
    changed(
      'orchard',
      'lacv="" applied="both" action="discard"',
      'lacv="7" applied="encrypt" action="discard"',
    ).replace('lacv="7" applied="both"/>', 'lacv="9" applied="both"/>'),
  )
  t.equal(
    said(mapIncoming(label(meadow, 'LOW', 'Pests=MOLE'), outward, { discard: true })),
    'no-equivalent-category',
  )
  const kept = load(
    changed('orchard', 'lacv="" applied="both" action="discard"', 'lacv="7" applied="both" action="discard"'),
  )
  const both = mapIncoming(label(meadow, 'LOW', 'Pests=MOLE'), kept, { discard: true })
  t.equal(said(both), 'OPEN Blight=CANKER', 'what stands for something is not left out')
  t.same('problem' in both ? [] : both.discarded, [])
})

t.test('an equivalence without enumType is of the kind that the other tag set has', async (t) => {
  const silent = load(
    changed(
      'orchard',
      'tagSetId="2.999.2.2" tagType="enumerated" enumType="permissive" lacv="100"',
      'tagSetId="2.999.2.2" tagType="enumerated" lacv="100"',
    ),
  )
  const ashby = label(silent, 'OPEN', 'Pickers=ASHBY')
  t.equal(said(mapOutgoing(ashby, silent, meadow)), 'LOW Villages=ASHBY')
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Villages=ASHBY'), silent)), 'OPEN Pickers=ASHBY')
  const numbered: NumberedLabel = {
    policy: '2.999.2',
    classification: '10',
    categories: [{ tagSetId: '2.999.2.2', kind: 'enumerated-permissive', lacv: '100' }],
  }
  t.equal(said(mapIncoming(numbered, silent)), 'ambiguous-category', 'nobody knows of numbers alone')
  const twoKinds = (lacv: string) =>
    load(
      changed(
        'meadow',
        '<securityCategoryTag name="Villages"',
        `<securityCategoryTag name="Closed" tagType="enumerated" enumType="restrictive"><tagCategory name="PIT" lacv="${lacv}"/></securityCategoryTag><securityCategoryTag name="Villages"`,
      ),
    )
  t.equal(
    said(mapOutgoing(ashby, silent, twoKinds('900'))),
    'LOW Villages=ASHBY',
    'the one that has the number',
  )
  const unclear = twoKinds('100')
  const refused = mapOutgoing(ashby, silent, unclear)
  t.match(refused, {
    problem: 'ambiguous-category',
    detail:
      /^100 of Villages without enumType: Closed, enumerated-restrictive; Villages, enumerated-permissive/,
  })
  t.equal(said(mapIncoming(label(unclear, 'LOW', 'Villages=ASHBY'), silent)), 'ambiguous-category')
  const hollow = load(
    changed(
      'orchard',
      'tagSetId="2.999.2.2" tagType="enumerated" enumType="permissive" lacv="100"',
      'tagSetId="2.999.2.1" tagType="enumerated" lacv="7"',
    ),
  )
  t.equal(
    said(mapOutgoing(label(hollow, 'OPEN', 'Pickers=ASHBY'), hollow, meadow)),
    'unknown-target',
    'a tag set without one',
  )
  const added = load(
    changed(
      'orchard',
      '<categoryGroup tagSetRef="Origin" tagType="tagType7" lacv="1"/>',
      '<categoryGroup tagSetRef="VILLAGES" tagType="enumerated" lacv="200"/>',
    ),
  )
  t.equal(said(mapOutgoing(label(added, 'INNER'), added, meadow)), 'MIDDLE Villages=BIRCHY UPPER')
  t.equal(said(mapOutgoing(label(added, 'INNER'), added, twoKinds('200'))), 'unknown-target')
})

t.test('equivalences are taken for what they say: policy, tag set, kind and number', async (t) => {
  const numbered = (
    kind: NumberedLabel['categories'][number]['kind'],
    tagSetId = '2.999.2.2',
    lacv = '100',
  ) => ({
    policy: '2.999.2',
    classification: '10',
    categories: [{ tagSetId, kind, lacv }],
  })
  t.equal(said(mapIncoming(numbered('enumerated-permissive'), orchard)), 'OPEN Pickers=ASHBY')
  t.equal(said(mapIncoming(numbered('enumerated-restrictive'), orchard)), 'no-equivalent-category')
  const silent = load(
    changed(
      'orchard',
      'tagSetId="2.999.2.2" tagType="enumerated" enumType="permissive" lacv="100"',
      'tagSetId="2.999.2.2" tagType="enumerated" lacv="100"',
    ),
  )
  t.equal(said(mapIncoming(numbered('enumerated-restrictive'), silent)), 'ambiguous-category')
  t.equal(said(mapIncoming(numbered('restrictive'), silent)), 'no-equivalent-category', 'not enumerated')
  t.equal(
    said(mapIncoming(numbered('enumerated-permissive', '2.999.2.4'), silent)),
    'OPEN Buyers=NORTH',
    'another set',
  )
  t.equal(
    said(mapIncoming(numbered('enumerated-permissive', '2.999.2.2', '200'), silent)),
    'no-equivalent-category',
    'another number',
  )
  const elsewhere = load(
    changed(
      'orchard',
      '<tagCategory name="DELL" lacv="4"/>',
      '<tagCategory name="DELL" lacv="4"><equivalentSecCategoryTag policyRef="Moor" tagSetId="2.999.2.2" tagType="enumerated" lacv="100" applied="both"/></tagCategory>',
    ),
  )
  t.equal(
    said(mapIncoming(numbered('enumerated-permissive'), elsewhere)),
    'OPEN Pickers=ASHBY',
    'of another policy',
  )
  const neither = load(
    changed('orchard', 'policyRef="Meadow" name="Markets" id="2.999.2.4"', 'policyRef="Meadow"'),
  )
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Markets=NORTH FAIR'), neither)), 'no-equivalent-category')
})

t.test('requirements are taken for what they say: tag set, kind and number', async (t) => {
  const needs = (operation: string, group: string) =>
    load(
      both.replace(
        /<requiredCategory operation="all">\s*<categoryGroup tagSetRef="Origin"[^>]*>/,
        `<requiredCategory operation="${operation}"><categoryGroup ${group}/>`,
      ),
    )
  const villages = needs('all', 'tagSetRef="Villages" tagType="enumerated" lacv="300"')
  t.equal(mapMiddle(villages, 'Villages=ASHBY'), 'required-category', 'another number')
  t.equal(
    mapMiddle(villages, 'Villages=BIRCHY LOWER'),
    'no-equivalent-category',
    'which an own value becomes',
  )
  t.equal(
    mapMiddle(needs('all', 'tagSetRef="Pests" tagType="restrictive" lacv="7"'), 'Pests=PAW'),
    'required-category',
    'another kind',
  )
  t.equal(
    mapMiddle(needs('all', 'tagSetRef="Pests" tagType="restrictive" lacv="7"'), 'Pests=MOLE'),
    'INNER Blight=CANKER',
  )
  t.equal(
    mapMiddle(needs('oneOrMore', 'tagSetRef="Origin" tagType="tagType7" lacv="1"'), 'Origin=ORCHARD'),
    'INNER',
    'one of one',
  )
  const unclear = load(
    changed(
      'meadow',
      '<securityCategoryTag name="Villages"',
      '<securityCategoryTag name="Closed" tagType="enumerated" enumType="restrictive"><tagCategory name="PIT" lacv="100"/></securityCategoryTag><securityCategoryTag name="Villages"',
    ),
  )
  const ashby = needs('all', 'tagSetRef="Villages" tagType="enumerated" lacv="100"')
  t.equal(
    said(mapIncoming(label(unclear, 'MIDDLE', 'Villages=ASHBY'), ashby)),
    'required-category',
    'of two kinds',
  )
  t.equal(mapMiddle(ashby, 'Villages=ASHBY'), 'INNER Pickers=ASHBY')
  const numbers: NumberedLabel = {
    policy: '2.999.2',
    classification: '20',
    categories: [
      { tagSetId: '2.999.2.2', tagSetName: 'Villages', kind: 'enumerated-permissive', lacv: '100' },
    ],
  }
  t.equal(said(mapIncoming(numbers, ashby)), 'required-category', 'nobody knows of numbers alone')
  // Own tag sets that could become Origin: of another policy, another set, another kind, another number.
  const set = (name: string, attributes: string) =>
    load(
      both.replace(
        new RegExp(`(<securityCategoryTagSet name="${name}"[\\s\\S]*?)</securityCategoryTagSet>`),
        (_, inside: string) =>
          `${inside}<equivalentSecurityCategoryTagSet ${attributes}/></securityCategoryTagSet>`,
      ),
    )
  for (const [name, attributes] of [
    ['Notes', 'policyRef="Moor" id="2.999.2.3"'],
    ['Notes', 'policyRef="Meadow" id="2.999.2.4"'],
    ['Carriers', 'policyRef="Meadow" id="2.999.2.3"'],
    ['Blight', 'policyRef="Meadow" id="2.999.2.3"'],
  ] as const)
    t.equal(mapMiddle(set(name, attributes), 'Origin=ORCHARD'), 'INNER', `${name} ${attributes}`)
  t.equal(mapMiddle(set('Notes', 'policyRef="Meadow" id="2.999.2.3"'), 'Origin=ORCHARD'), 'INNER Notes=FIRST')
  const doubled = load(
    both
      .replace(
        '<tagCategory name="FIRST" lacv="1"/>',
        '<tagCategory name="FIRST" lacv="1"/><tagCategory name="LAST" lacv="1"/>',
      )
      .replace(
        /(<securityCategoryTagSet name="Notes"[\s\S]*?)<\/securityCategoryTagSet>/,
        '$1<equivalentSecurityCategoryTagSet policyRef="Meadow" id="2.999.2.3"/></securityCategoryTagSet>',
      ),
  )
  t.equal(mapMiddle(doubled, 'Origin=ORCHARD'), 'no-equivalent-category', 'either of two own values')
})

t.test('the result is held against the moment', async (t) => {
  const dated = load(
    changed('meadow', 'name="MOLE" lacv="7"', 'name="MOLE" lacv="7" notAfter="2026-01-01T00:00:00Z"'),
  )
  const own = label(orchard, 'OPEN', 'Blight=CANKER')
  const invalid = (at?: string) => {
    const mapped = mapOutgoing(own, orchard, dated, at === undefined ? {} : { at })
    return 'problem' in mapped ? mapped : mapped.invalid.map((i) => i.problem)
  }
  t.same(invalid('2026-01-01T00:00:00Z'), [])
  t.same(invalid('2026-01-02T00:00:00Z'), ['not-in-force'])
  t.same(invalid(), ['not-in-force'], 'no moment')
  t.same(invalid('any'), [])
})

t.test('incoming: numbers alone are enough, when the other policy is not at hand', async (t) => {
  const numbered: NumberedLabel = {
    policy: '2.999.2',
    classification: '10',
    categories: [{ tagSetId: '2.999.2.1', kind: 'restrictive', lacv: '8' }],
  }
  t.equal(said(mapIncoming(numbered, orchard)), 'OPEN Blight=RUST')
  const kind = {
    ...numbered,
    categories: [{ tagSetId: '2.999.2.1', kind: 'permissive', lacv: '8' }] as const,
  }
  t.equal(said(mapIncoming(kind, orchard)), 'no-equivalent-category')
  const nameless = load(changed('orchard', 'name="Markets" id="2.999.2.4"', 'name="Markets"'))
  const market = {
    ...numbered,
    categories: [{ tagSetId: '2.999.2.4', kind: 'enumerated-permissive', lacv: '100' }] as const,
  }
  t.equal(said(mapIncoming(market, orchard)), 'OPEN Buyers=NORTH')
  t.equal(said(mapIncoming(market, nameless)), 'no-equivalent-category', 'known by a name that is not given')
  t.equal(said(mapIncoming(label(meadow, 'LOW', 'Markets=NORTH FAIR'), nameless)), 'OPEN Buyers=NORTH')
})

t.test('tag sets are equivalent by both of name and identifier', async (t) => {
  const wrongName = load(changed('orchard', 'name="Markets" id="2.999.2.4"', 'name="Fairs" id="2.999.2.4"'))
  t.equal(said(mapOutgoing(label(wrongName, 'OPEN', 'Buyers=NORTH'), wrongName, meadow)), 'unknown-target')
  const neither = load(
    changed('orchard', 'policyRef="Meadow" name="Markets" id="2.999.2.4"', 'policyRef="Meadow"'),
  )
  t.equal(said(mapOutgoing(label(neither, 'OPEN', 'Buyers=NORTH'), neither, meadow)), 'unknown-target')
  t.equal(said(mapIncoming(north('2.999.2.4'), neither)), 'no-equivalent-category')
})

/** A label of Meadow in numbers, with one market. */
function north(tagSetId: string, lacv = '100'): NumberedLabel {
  return {
    policy: '2.999.2',
    classification: '10',
    categories: [{ tagSetId, kind: 'enumerated-permissive', lacv }],
  }
}

t.test('tag sets are equivalent for their own policy, by what is named, where the number is', async (t) => {
  t.equal(said(mapIncoming(north('2.999.2.4'), orchard)), 'OPEN Buyers=NORTH')
  t.equal(said(mapIncoming(north('2.999.3.4'), orchard)), 'no-equivalent-category', 'of another policy')
  t.equal(
    said(mapIncoming(north('2.999.2.4', '101'), orchard)),
    'no-equivalent-category',
    'a number that is not there',
  )
  const sold = (from: string, to: string, target = meadow) => {
    const spif = load(changed('orchard', from, to))
    return said(mapOutgoing(label(spif, 'OPEN', 'Buyers=NORTH'), spif, target))
  }
  const whole = 'name="Markets" id="2.999.2.4"'
  t.equal(sold(whole, 'name="Markets"'), 'LOW Markets=NORTH FAIR', 'by name')
  t.equal(sold(whole, 'id="2.999.2.4"'), 'LOW Markets=NORTH FAIR', 'by identifier')
  t.equal(
    sold(whole, 'name="Markets" id="2.999.2.1"'),
    'unknown-target',
    'by a name with the wrong identifier',
  )
  const [head, tail] = sourceOf('meadow').split(
    /<securityCategoryTagSet name="Pests"[\s\S]*(?=<securityCategoryTagSet name="Markets")/,
  )
  const market = load(`${head}${tail}`.replace(/<requiredCategory[\s\S]*?<\/requiredCategory>/, ''))
  t.equal(sold(whole, whole, market), 'LOW Markets=NORTH FAIR')
  t.equal(sold(whole, '', market), 'unknown-target', 'by nothing, though there is but one')
})
