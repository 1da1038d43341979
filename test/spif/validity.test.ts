import t from 'tap'
import { makeLabel } from '../../rules/label/label.ts'
import { validate } from '../../rules/spif/validity.ts'
import { changed, label, load, meadow, orchard, sourceOf } from './policies.ts'

const problems = (...args: Parameters<typeof validate>) => validate(...args).map((i) => i.problem)

t.test('a label that its policy allows breaks nothing', async (t) => {
  for (const good of [
    label(orchard, 'OPEN'),
    label(orchard, 'OPEN', 'Notes=DRAFT,FIRST', '#ADDRESSEE'),
    label(orchard, 'INNER', 'Blight=RUST'),
    label(orchard, 'DEEP', 'Pickers=ASHBY'),
    label(orchard, 'DEEP', 'Blight=RUST'),
    label(orchard, 'DEEP', 'Blight=CANKER,RUST,SCAB', 'Pickers=ASHBY,BIRCHY,PRESSERS', 'Recipes=CIDER'),
  ]) {
    t.same(validate(good, orchard), [])
  }
})

t.test('each rule has its own finding', async (t) => {
  t.same(problems(label(orchard, 'DEEP'), orchard), ['required-category'], 'one of the groups of the class')
  t.same(
    problems(label(orchard, 'DEEP', 'Blight=CANKER'), orchard),
    ['required-category'],
    'another value of the tag set',
  )
  t.same(problems(label(orchard, 'INNER', 'Blight=SCAB'), orchard), ['required-category'], 'of a value: none')
  t.same(
    problems(label(orchard, 'INNER', 'Blight=SCAB,RUST'), orchard),
    ['required-category'],
    'all means all',
  )
  t.same(problems(label(orchard, 'OPEN', 'Blight=RUST'), orchard), ['excluded-class'])
  t.same(problems(label(orchard, 'INNER', 'Notes=DRAFT'), orchard), ['required-class'])
  t.same(problems(label(orchard, 'INNER', 'Pickers=PRESSERS,DELL'), orchard), ['excluded-category'])
  t.same(
    problems(label(orchard, 'INNER', 'Pickers=COOPERS,DELL'), orchard),
    [],
    'the other one excludes nothing',
  )
  t.same(problems(label(orchard, 'INNER', 'Pickers=ASHBY,BIRCHY,COPSE,DELL'), orchard, { at: 'any' }), [
    'too-many-selected',
  ])
  t.same(
    problems(label(orchard, 'INNER', 'Pickers=COOPERS,PRESSERS'), orchard),
    ['too-many-selected'],
    'single',
  )
  t.same(problems(label(orchard, 'OPEN', 'Notes=OWN WORDS'), orchard), ['user-input'])
  t.same(problems(label(orchard, 'OPEN', '#UNHEARD'), orchard), ['unknown-privacy-mark'])
  t.same(
    problems(label(orchard, 'DEEP', 'Carriers=CART'), orchard),
    ['required-category'],
    'the same number in another tag set',
  )
  t.same(problems(label(orchard, 'DEEP', 'Carriers=FRAGILE'), orchard), ['required-category'])
  t.same(problems(label(orchard, 'DEEP', 'Blight=MILD'), orchard), ['required-category'], 'of another kind')
  t.match(
    validate(label(orchard, 'DEEP'), orchard)[0]!.detail,
    /one or more of Pickers: any permissive value, Blight: RUST$/,
  )
})

t.test('a lower bound holds for a tag that the label does not use', async (t) => {
  const spif = load(
    changed(
      'meadow',
      'name="Pests" tagType="restrictive"',
      'name="Pests" tagType="restrictive" minSelection="1"',
    ),
  )
  t.same(problems(label(spif, 'LOW'), spif), ['too-few-selected'])
  t.same(problems(label(spif, 'LOW', 'Pests=MOLE'), spif), [])
  const none = load(
    changed(
      'meadow',
      'name="Pests" tagType="restrictive"',
      'name="Pests" tagType="restrictive" maxSelection="0"',
    ),
  )
  t.same(problems(label(none, 'LOW', 'Pests=MOLE'), none), ['too-many-selected'])
})

t.test('onlyOne counts groups, not values', async (t) => {
  const spif = load(changed('orchard', 'operation="oneOrMore"', 'operation="onlyOne"'))
  t.same(problems(label(spif, 'DEEP', 'Pickers=ASHBY'), spif), [])
  t.same(problems(label(spif, 'DEEP', 'Pickers=ASHBY,BIRCHY'), spif), [], 'two values of one group')
  t.same(problems(label(spif, 'DEEP', 'Pickers=ASHBY', 'Blight=RUST'), spif), ['required-category'])
  t.same(problems(label(spif, 'DEEP'), spif), ['required-category'])
  const all = load(changed('orchard', 'operation="oneOrMore"', 'operation="all"'))
  t.same(problems(label(all, 'DEEP', 'Pickers=ASHBY'), all), ['required-category'])
  t.same(problems(label(all, 'DEEP', 'Pickers=ASHBY', 'Blight=RUST'), all), [])
  const never = load(changed('orchard', 'operation="oneOrMore"', ''), false)
  t.same(problems(label(never, 'DEEP', 'Pickers=ASHBY', 'Blight=RUST'), never), ['required-category'])
})

t.test('exclusion of all values of a kind spares the value itself', async (t) => {
  const spif = load(
    changed('orchard', 'tagType="permissive" lacv="4"/>', 'tagType="permissive" all="true"/>'),
  )
  t.same(problems(label(spif, 'INNER', 'Pickers=PRESSERS'), spif), [])
  t.same(problems(label(spif, 'INNER', 'Pickers=PRESSERS,ASHBY'), spif), ['excluded-category'])
  t.same(problems(label(spif, 'INNER', 'Pickers=PRESSERS', 'Buyers=NORTH'), spif), [], 'another tag set')
})

t.test('what is obsolete may be received, not given', async (t) => {
  for (const old of [
    label(orchard, 'WITHERED'),
    label(orchard, 'OPEN', 'Blight=WILT'),
    label(orchard, 'OPEN', '#FADED'),
  ]) {
    t.same(problems(old, orchard), [])
    t.same(problems(old, orchard, { isNew: true }), ['obsolete'])
  }
})

t.test(
  'periods are held against a moment; without one they do not hold, unless they do not matter',
  async (t) => {
    const copse = label(orchard, 'INNER', 'Pickers=COPSE')
    t.same(problems(copse, orchard), ['not-in-force'])
    t.match(validate(copse, orchard)[0]!.detail, /from 2026-01-01T00:00:00Z until .* no moment was given/)
    t.match(validate(copse, orchard, { at: '2027-01-01T00:00:00Z' })[0]!.detail, /not at 2027/)
    t.same(problems(copse, orchard, { at: 'any' }), [])
    t.same(problems(label(orchard, 'INNER'), orchard), [], 'what has no period needs no moment')
    t.same(problems(copse, orchard, { at: '10000-01-01T00:00:00Z' }), ['not-in-force'], 'compared as time')
    t.same(problems(copse, orchard, { at: '2026-01-01T00:00:00Z' }), [])
    t.same(problems(copse, orchard, { at: '2026-12-31T23:59:59Z' }), [])
    t.same(problems(copse, orchard, { at: '2025-12-31T23:59:59Z' }), ['not-in-force'])
    t.same(problems(copse, orchard, { at: '2027-01-01T00:00:00Z' }), ['not-in-force'])
    const dated = load(
      changed('meadow', 'keyIdentifier=""', 'keyIdentifier="" notAfter="2026-06-30T00:00:00Z"'),
    )
    t.same(problems(label(dated, 'LOW'), dated, { at: '2026-07-01T00:00:00Z' }), ['policy-not-in-force'])
    t.same(problems(label(dated, 'LOW'), dated, { at: '2026-06-30T00:00:00Z' }), [], 'no beginning')
    t.equal(
      validate(label(dated, 'LOW'), dated)[0]!.detail,
      'Meadow is in force until 2026-06-30T00:00:00Z only, and no moment was given',
    )
    t.same(problems(label(dated, 'LOW'), dated), ['policy-not-in-force'])
    const later = load(
      changed('meadow', 'keyIdentifier=""', 'keyIdentifier="" notBefore="2026-06-30T00:00:00Z"'),
    )
    t.same(problems(label(later, 'LOW'), later, { at: '2026-06-29T00:00:00Z' }), ['policy-not-in-force'])
    t.same(problems(label(later, 'LOW'), later, { at: '2026-06-30T00:00:00Z' }), [], 'no end')
    t.equal(
      validate(label(later, 'LOW'), later)[0]!.detail,
      'Meadow is in force from 2026-06-30T00:00:00Z only, and no moment was given',
    )
  },
)

t.test('privacy marks: demanded, none allowed, any where the policy lists none', async (t) => {
  const demanded = load(
    changed('orchard', '<privacyMarks maxSelection="1">', '<privacyMarks minSelection="1">'),
  )
  t.same(problems(label(demanded, 'OPEN'), demanded), ['privacy-mark-required'])
  t.same(problems(label(demanded, 'OPEN', '#ADDRESSEE'), demanded), [])
  const none = load(changed('orchard', '<privacyMarks maxSelection="1">', '<privacyMarks maxSelection="0">'))
  t.same(problems(label(none, 'OPEN', '#ADDRESSEE'), none), ['privacy-mark-not-allowed'])
  t.same(problems(label(meadow, 'LOW', '#ANYTHING'), meadow), [])
})

t.test('a label of another policy, or of another copy of it, is not judged', async (t) => {
  t.same(problems(label(meadow, 'LOW'), orchard), ['foreign-label'])
  t.same(problems(label(load(sourceOf('orchard')), 'OPEN'), orchard), ['foreign-label'])
  const [foreign] = label(meadow, 'LOW', 'Pests=MOLE').categories
  t.same(
    problems(makeLabel(orchard, orchard.classifications[0]!, [foreign!]), orchard),
    [],
    'what is not the policy’s is not in its label',
  )
  const renamed = { ...label(orchard, 'OPEN'), policy: { name: 'Orchard', id: '2.999.2' } }
  t.same(problems(renamed, orchard), ['foreign-label'])
  const forged = { ...label(orchard, 'OPEN'), categories: [foreign!] }
  t.same(problems(forged, orchard), ['foreign-label'])
})
