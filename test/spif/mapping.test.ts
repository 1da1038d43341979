import t from 'tap'
import { labelKey } from '../../rules/label/label.ts'
import { mapIncoming, mapOutgoing, type NumberedLabel } from '../../rules/spif/mapping.ts'
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
