import t from 'tap'
import { access } from '../../rules/clearance/access.ts'
import { bind4774Clearance, clearance4774Of, makeClearance } from '../../rules/clearance/clearance.ts'
import { bind4774, essOf, informationOf, labelFromNames } from '../../rules/label/bind.ts'
import { isProblem, type Label, labelKey, makeLabel, sameLabel } from '../../rules/label/label.ts'
import { selectableClasses, selectableValues } from '../../rules/spif/composition.ts'
import { dominate } from '../../rules/spif/dominance.ts'
import { mapIncoming } from '../../rules/spif/incoming.ts'
import { mapOutgoing } from '../../rules/spif/mapping.ts'
import { marking } from '../../rules/spif/marking.ts'
import type { CategoryValue } from '../../rules/spif/spif.ts'
import { fitsInput } from '../../rules/spif/user-input.ts'
import { validate } from '../../rules/spif/validity.ts'
import { changed, label, load, meadow, orchard, words } from './policies.ts'

const value = orchard.tagSets[0]!.tags[0]!.values[0]!
const fits = (userInput: CategoryValue['userInput'], text: string, dateFormat?: string) =>
  fitsInput(
    {
      ...value,
      ...(userInput === undefined ? {} : { userInput }),
      ...(dateFormat === undefined ? {} : { dateFormat }),
    },
    text,
  )

t.test('what a user may write', async (t) => {
  for (const [kind, good, bad] of [
    [undefined, [], ['x', '']],
    ['string', ['x', 'é 日', '7', 'x'.repeat(256)], ['', ' x', 'x\n', 'x'.repeat(257)]],
    ['integer', ['0', '7', '184467440737095516160'], ['', '-1', '+1', '07', '1.0', 'x', '1'.repeat(156)]],
    [
      'date',
      ['2026-02-28', '2024-02-29', '0004-02-29'],
      ['2026-02-29', '2026-13-01', '2026-1-01', '2026-02-28Z', '0000-01-01', '', 'YYYY-MM-DD'],
    ],
  ] as const) {
    for (const text of good) t.ok(fits(kind, text), `${kind} ${text}`)
    for (const text of bad) t.notOk(fits(kind, text), `${kind} ${JSON.stringify(text)}`)
  }
  for (const [format, good, bad] of [
    ['YYYYMMDD', '20260131', '20260230'],
    ['YYYY-MM-DDThh:mm:ssZ', '2026-01-31T23:59:59Z', '2026-01-31T24:00:00Z'],
    ['YYYY', '2026', '26'],
    ['YYYY-MM', '2026-12', '2026-00'],
    ['DD-MM', '29-02', '30-02'],
    ['hh:mm', '23:59', '23:60'],
  ] as const) {
    t.ok(fits('date', good, format), format)
    t.notOk(fits('date', bad, format), format)
  }
  for (const format of ['', 'YYYY-Www', 'YYYY/MM', 'DD-DD', 'free'])
    t.notOk(fits('date', format, format), `${format}: a format that is not known`)
})

const TAG = '<securityCategoryTag name="Batch" tagType="tagType7" tag7Encoding="securityAttributes">'
const spif = load(
  changed(
    'orchard',
    TAG,
    TAG.replace(
      'tagType="tagType7" tag7Encoding="securityAttributes"',
      'tagType="enumerated" enumType="restrictive"',
    ),
  ).replace(
    '<tagCategory name="OWN WORDS" lacv="2" userInput="string"/>',
    '<tagCategory name="LOT" lacv="2" userInput="integer"><markingData phrase="hidden"><code>noNameDisplay</code></markingData><markingQualifier><qualifier markingQualifier="No. " qualifierCode="prefix"/></markingQualifier></tagCategory>',
  ),
)
const made = (...values: string[]): Label => {
  const names = { classification: 'OPEN', categories: [{ tagSet: 'Notes', values }], userInput: true }
  const bound = labelFromNames(spif, names)
  if (isProblem(bound)) throw new Error(`${bound.problem} ${bound.detail}`)
  return bound
}

t.test('a label has the user’s text where the policy leaves it to the user', async (t) => {
  const own = made('12', 'FIRST', '7', '12')
  t.same(
    own.categories.map((c) => c.input ?? c.value.name),
    ['FIRST', '12', '7'],
    'in the order of the policy, once each',
  )
  t.same(validate(own, spif), [])
  t.ok(sameLabel(own, made('7', '12', 'FIRST')))
  t.not(labelKey(made('7')), labelKey(made('8')))
  t.match(validate(made('LOT'), spif), [{ problem: 'user-input' }], 'its name is no text of it')
  const forged = makeLabel(spif, own.classification, [{ ...own.categories[1]!, input: 'seven' }])
  t.match(validate(forged, spif), [{ problem: 'user-input', detail: 'Notes: seven' }])
  const strange = makeLabel(spif, own.classification, [{ ...own.categories[0]!, input: '7' }])
  t.match(validate(strange, spif), [{ problem: 'user-input' }], 'a text where the policy leaves none')
  t.match(
    labelFromNames(spif, { classification: 'OPEN', categories: [{ tagSet: 'Notes', values: ['7'] }] }),
    {
      problem: 'unknown-category',
    },
    'a ruleset has names only',
  )
  t.equal(marking(made('7', '12'), spif).text, '[Orchard OPEN No. 12/No. 7]', 'no phrase stands for it')
})

t.test('STANAG 4774 holds it, ESS does not', async (t) => {
  const own = made('7', 'FIRST')
  const information = informationOf(spif, own)
  if (isProblem(information)) throw new Error(information.detail)
  t.same(information.categories[0]!.values, ['FIRST', '7'])
  const back = bind4774(spif, information)
  t.ok(!isProblem(back) && sameLabel(back, own))
  t.match(essOf(spif, own), { problem: 'user-input' })
  const texts = [{ ...information.categories[0]!, values: ['seven'] }]
  t.match(bind4774(spif, { ...information, categories: texts }), { problem: 'unknown-category' })
})

t.test('what only the user can write is not offered, and stands in no other value’s way', async (t) => {
  const demanded = load(
    changed(
      'orchard',
      TAG,
      TAG.replace('<securityCategoryTag', '<securityCategoryTag minSelection="1"'),
    ).replace('<tagCategory name="FIRST" lacv="1"/>', ''),
  )
  const offered = selectableValues(demanded, label(demanded, 'OPEN')).map((c) => c.value.name)
  t.ok(offered.includes('SPRING'))
  t.notOk(offered.includes('OWN WORDS'))
  t.equal(selectableClasses(demanded).length, 4)
  const nobody = makeClearance(spif, spif.classifications, [])
  t.notOk(
    selectableValues(spif, label(spif, 'OPEN'), { clearance: nobody }).some((c) => c.value.name === 'LOT'),
  )
  const permissive = load(
    changed(
      'orchard',
      TAG,
      TAG.replace(
        'tagType="tagType7" tag7Encoding="securityAttributes"',
        'tagType="enumerated" enumType="permissive" minSelection="1"',
      ),
    ).replace('<tagCategory name="FIRST" lacv="1"/>', ''),
  )
  const names = (text: string) => ({
    classification: 'OPEN',
    categories: [{ tagSet: 'Notes', values: [text] }],
    userInput: true,
  })
  const mine = labelFromNames(permissive, names('mine'))
  const yours = labelFromNames(permissive, names('yours'))
  if (isProblem(mine) || isProblem(yours)) throw new Error('no label')
  const clearance = makeClearance(permissive, permissive.classifications, mine.categories)
  t.ok(selectableClasses(permissive, { clearance }).length > 0, 'its holder can write it')
  t.same(
    selectableClasses(permissive, { clearance: makeClearance(permissive, permissive.classifications, []) }),
    [],
  )
  t.ok(selectableValues(permissive, mine, { clearance }).length > 0)
  t.same(selectableValues(permissive, yours, { clearance }), [], 'another text is not held')
})

t.test('access and dominance go by the very text; nothing stands for it elsewhere', async (t) => {
  const clearance = makeClearance(spif, spif.classifications, made('7').categories)
  t.equal(access(made('7'), clearance, spif).permit, true)
  t.match(access(made('8'), clearance, spif), { permit: false, detail: 'Notes: 8' })
  const named = makeClearance(spif, spif.classifications, made('LOT').categories)
  t.equal(access(made('7'), named, spif).permit, false, 'the name of the value is none of its texts')
  const again = bind4774Clearance(spif, clearance4774Of(spif, clearance))
  t.same(again, clearance)
  t.equal(
    words(dominate([made('7'), made('8')], spif) as Label),
    'OPEN Notes=LOT Notes=LOT',
    'both, as restrictive',
  )
  t.match(mapOutgoing(made('7'), spif, orchard), { problem: 'no-equivalent-policy' })
  t.match(mapOutgoing(made('7'), spif, meadow), { problem: 'no-equivalent-category', detail: /own 7/ })
  t.match(mapIncoming({ ...label(meadow, 'LOW'), categories: made('7').categories }, spif), {
    problem: 'no-equivalent-category',
    detail: /own 7/,
  })
  const plain = { ...label(meadow, 'LOW'), categories: [] }
  t.equal(words(mapIncoming(plain, spif) as Label), 'OPEN')
})
