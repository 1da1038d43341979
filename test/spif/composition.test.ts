import t from 'tap'
import { access } from '../../rules/clearance/access.ts'
import { type Clearance, makeClearance } from '../../rules/clearance/clearance.ts'
import { allCategories, type Label, type LabelCategory, makeLabel } from '../../rules/label/label.ts'
import {
  enumerateLabels,
  selectableClasses,
  selectableTagSets,
  selectableValues,
} from '../../rules/spif/composition.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { validate } from '../../rules/spif/validity.ts'
import { changed, label, load, meadow, orchard, words } from './policies.ts'

const names = (categories: readonly LabelCategory[]) => categories.map((c) => c.value.name)
const none = { labels: 1000, steps: 100_000 }

t.test('what may be chosen next', async (t) => {
  t.same(
    selectableClasses(orchard).map((c) => c.name),
    ['OPEN', 'INNER', 'DEEP', 'DEEPER'],
  )
  const open = label(orchard, 'OPEN')
  t.same(names(selectableValues(orchard, open)), [
    'CANKER',
    'MILD',
    'ASHBY',
    'BIRCHY',
    'DELL',
    'COOPERS',
    'PRESSERS',
    'CIDER',
    'PERRY',
    'NORTH',
    'SOUTH',
    'SPRING',
    'AUTUMN',
    'DRAFT',
    'FIRST',
    'CART',
    'BARROW',
    'FRAGILE',
  ])
  t.notOk(names(selectableValues(orchard, label(orchard, 'INNER'))).includes('DRAFT'), 'needs another class')
  const dell = label(orchard, 'INNER', 'Pickers=DELL')
  t.notOk(names(selectableValues(orchard, dell)).includes('PRESSERS'), 'excludes what is chosen')
  const pressers = label(orchard, 'INNER', 'Pickers=PRESSERS')
  t.notOk(names(selectableValues(orchard, pressers)).includes('DELL'), 'is excluded by what is chosen')
  t.notOk(names(selectableValues(orchard, pressers)).includes('COOPERS'), 'one only')
  t.ok(names(selectableValues(orchard, label(orchard, 'INNER'))).includes('SCAB'), 'can have what it needs')
  const full = label(orchard, 'INNER', 'Pickers=ASHBY,BIRCHY,COPSE')
  t.notOk(names(selectableValues(orchard, full)).includes('DELL'), 'the tag is full')
  t.ok(names(selectableValues(orchard, full)).includes('COOPERS'))
  t.notOk(names(selectableValues(orchard, dell)).includes('DELL'), 'is chosen')
  const strict = load(
    changed(
      'meadow',
      '<tagCategory name="ORCHARD" lacv="1"/>',
      '<tagCategory name="ORCHARD" lacv="1"><excludedClass>LOW</excludedClass></tagCategory>',
    ),
  )
  t.same(
    selectableTagSets(strict, label(strict, 'LOW')).map((s) => s.name),
    ['Pests', 'Villages', 'Markets'],
  )
})

/** Every subset of the categories, the slow way. */
function bruteForce(spif: Spif, clearance: Clearance, at: string): Label[] {
  const all = allCategories(spif)
  const found: Label[] = []
  for (const classification of spif.classifications) {
    for (let mask = 0; mask < 2 ** all.length; mask++) {
      const made = makeLabel(
        spif,
        classification,
        all.filter((_, i) => (mask & (1 << i)) !== 0),
      )
      if (validate(made, spif, { isNew: true, at }).length === 0 && access(made, clearance, spif).permit)
        found.push(made)
    }
  }
  return found
}

t.test('all labels that a clearance admits: those of the slow way, no more, no fewer', async (t) => {
  const classes = meadow.classifications
  for (const [held, parts] of [
    [classes, ['Pests=MOLE', 'Villages=ASHBY,BIRCHY UPPER']],
    [classes.slice(0, 1), []],
    [classes.slice(1), ['Villages=BIRCHY LOWER', 'Markets=NORTH FAIR']],
    [[], ['Pests=MOLE']],
  ] as const) {
    const clearance = makeClearance(meadow, held, label(meadow, 'LOW', ...parts).categories)
    const { labels, complete } = enumerateLabels(meadow, clearance, none)
    t.ok(complete)
    t.same(labels.map(words).sort(), bruteForce(meadow, clearance, 'any').map(words).sort())
  }
})

/**
 * A policy small enough to try every label: of class A exactly one of two groups, of B a permissive value, of C and D what
 * cannot be had; values with periods, exclusions, limits and requirements of their own.
 */
const tangled =
  load(`<SPIF xmlns="http://www.xmlspif.org/spif" schemaVersion="2.1" creationDate="" originatorDN="" keyIdentifier="" privilegeId="2.16.840.1.101.2.1.8.3" rbacId="2.16.840.1.101.2.1.8.3"><securityPolicyId name="Tangle" id="2.999.7"/><securityClassifications>
  <securityClassification name="A" lacv="1" hierarchy="1"><requiredCategory operation="onlyOne"><categoryGroup tagSetRef="R" tagType="restrictive" lacv="1"/><categoryGroup tagSetRef="P" tagType="permissive" all="true"/></requiredCategory></securityClassification>
  <securityClassification name="B" lacv="2" hierarchy="2"><requiredCategory operation="all"><categoryGroup tagSetRef="P" tagType="permissive" all="true"/></requiredCategory></securityClassification>
  <securityClassification name="C" lacv="3" hierarchy="3"><requiredCategory operation="all"><categoryGroup tagSetRef="R" tagType="restrictive" lacv="2"/><categoryGroup tagSetRef="R" tagType="restrictive" lacv="3"/></requiredCategory></securityClassification>
  <securityClassification name="D" lacv="4" hierarchy="4"/>
  <securityClassification name="E" lacv="5" hierarchy="5"/>
</securityClassifications><securityCategoryTagSets>
  <securityCategoryTagSet name="R" id="2.999.7.1"><securityCategoryTag tagType="restrictive" maxSelection="2">
    <tagCategory name="one" lacv="1"/>
    <tagCategory name="two" lacv="2"><excludedCategory tagSetRef="R" tagType="restrictive" lacv="3"/></tagCategory>
    <tagCategory name="three" lacv="3"/>
    <tagCategory name="old" lacv="4" notAfter="2020-01-01T00:00:00Z"/>
    <tagCategory name="needy" lacv="5"><requiredCategory operation="onlyOne"><categoryGroup tagSetRef="R" tagType="restrictive" lacv="4"/><categoryGroup tagSetRef="P" tagType="permissive" lacv="1"/></requiredCategory></tagCategory>
  </securityCategoryTag></securityCategoryTagSet>
  <securityCategoryTagSet name="P" id="2.999.7.2"><securityCategoryTag tagType="permissive" maxSelection="2">
    <tagCategory name="north" lacv="1"/><tagCategory name="south" lacv="2"/><tagCategory name="west" lacv="3" notBefore="2030-01-01T00:00:00Z"/>
  </securityCategoryTag></securityCategoryTagSet>
  <securityCategoryTagSet name="M" id="2.999.7.3"><securityCategoryTag tagType="tagType7" tag7Encoding="bitSetAttributes" minSelection="1" singleSelection="true">
    <tagCategory name="x" lacv="1"><excludedClass>B</excludedClass><excludedClass>D</excludedClass></tagCategory><tagCategory name="y" lacv="2"><excludedClass>D</excludedClass></tagCategory>
  </securityCategoryTag></securityCategoryTagSet>
</securityCategoryTagSets></SPIF>`)

t.test(
  'what is offered is what some label that is valid, in force and admitted has, and nothing else',
  async (t) => {
    const all = allCategories(tangled)
    const held = (...wanted: string[]) => all.filter(({ value }) => wanted.includes(value.name))
    const everything = makeClearance(tangled, tangled.classifications, all)
    let asked = 0
    for (const at of ['2019-01-01T00:00:00Z', '2025-01-01T00:00:00Z', '2031-01-01T00:00:00Z']) {
      for (const clearance of [
        everything,
        makeClearance(tangled, tangled.classifications, held('one', 'two', 'needy', 'south')),
        makeClearance(tangled, tangled.classifications.slice(0, 3), held('west')),
      ]) {
        const labels = bruteForce(tangled, clearance, at)
        const options = { at, ...(clearance === everything ? {} : { clearance }) }
        t.same(
          selectableClasses(tangled, options).map((c) => c.name),
          tangled.classifications
            .filter((c) => labels.some((l) => l.classification === c))
            .map((c) => c.name),
        )
        t.same(
          enumerateLabels(tangled, clearance, none, { at }).labels.map(words).sort(),
          labels.map(words).sort(),
        )
        const has = ({ categories }: Label, wanted: readonly LabelCategory[]) =>
          wanted.every((w) => categories.some((c) => c.value === w.value))
        // Every choice on the way to a label: what may come next is what the labels beyond it have.
        const ways = new Map(
          labels
            .flatMap((l) =>
              l.categories.map((_, i) => makeLabel(tangled, l.classification, l.categories.slice(0, i))),
            )
            .map((c) => [words(c), c]),
        )
        for (const choice of ways.values()) {
          const beyond = labels.filter(
            (l) => l.classification === choice.classification && has(l, choice.categories),
          )
          const expected = all.filter((c) => !has(choice, [c]) && beyond.some((l) => has(l, [c])))
          t.same(names(selectableValues(tangled, choice, options)), names(expected), `${at} ${words(choice)}`)
          asked += 1
        }
      }
    }
    t.ok(asked > 100, `${asked} choices`)
  },
)

t.test('a class that is obsolete, not held or of a policy not in force has no values', async (t) => {
  const options = { clearance: makeClearance(orchard, orchard.classifications.slice(0, 1), []) }
  t.same(names(selectableValues(orchard, label(orchard, 'WITHERED'))), [])
  t.same(names(selectableValues(orchard, label(orchard, 'INNER'), options)), [])
  t.ok(names(selectableValues(orchard, label(orchard, 'OPEN'), options)).includes('SPRING'))
  t.notOk(names(selectableValues(orchard, label(orchard, 'OPEN'), options)).includes('CANKER'), 'not held')
  for (const name of ['ASHBY', 'NORTH'])
    t.notOk(
      names(selectableValues(orchard, label(orchard, 'OPEN'), options)).includes(name),
      'none of the tag is held',
    )
  const dated = load(
    changed('meadow', 'keyIdentifier=""', 'keyIdentifier="" notAfter="2026-06-30T00:00:00Z"'),
  )
  const everything = makeClearance(dated, dated.classifications, allCategories(dated))
  for (const at of ['2026-07-01T00:00:00Z', undefined]) {
    t.same(selectableClasses(dated, { at }), [])
    t.same(selectableValues(dated, label(dated, 'LOW'), { at }), [])
    t.same(enumerateLabels(dated, everything, none, { at }).labels, [])
  }
  t.equal(selectableClasses(dated, { at: 'any' }).length, 3)
})

/** A policy with 36 restrictive values, 36 permissive ones, and a rule for its one class. */
function wide(rule: string, most: number): Spif {
  const values = (name: string) =>
    Array.from({ length: 36 }, (_, i) => `<tagCategory name="${name}${i}" lacv="${i}"/>`).join('')
  const set = (name: string, type: string, id: number) =>
    `<securityCategoryTagSet name="${name}" id="2.999.8.${id}"><securityCategoryTag tagType="${type}" maxSelection="${most}">${values(name)}</securityCategoryTag></securityCategoryTagSet>`
  return load(
    `<SPIF xmlns="http://www.xmlspif.org/spif" schemaVersion="2.1" creationDate="" originatorDN="" keyIdentifier="" privilegeId="2.16.840.1.101.2.1.8.3" rbacId="2.16.840.1.101.2.1.8.3"><securityPolicyId name="Wide" id="2.999.8"/><securityClassifications><securityClassification name="A" lacv="1" hierarchy="1">${rule}</securityClassification></securityClassifications><securityCategoryTagSets>${set('R', 'restrictive', 1)}${set('P', 'permissive', 2)}</securityCategoryTagSets></SPIF>`,
  )
}

t.test('a search that does not end is given up, and what was looked for offered', async (t) => {
  // Twelve rules, each with three values of its own, in a tag that has room for fewer than twelve.
  const rules = Array.from({ length: 12 }, (_, rule) => {
    const groups = [0, 1, 2].map(
      (i) => `<categoryGroup tagSetRef="R" tagType="restrictive" lacv="${rule * 3 + i}"/>`,
    )
    return `<requiredCategory operation="oneOrMore">${groups.join('')}</requiredCategory>`
  }).join('')
  t.same(selectableClasses(wide(rules, 3)), [], 'soon seen to be none')
  t.equal(selectableClasses(wide(rules, 9)).length, 1, 'too many ways to try')
  t.equal(selectableClasses(wide(rules, 12)).length, 1, 'a label of twelve')
})

t.test('of a choice of exactly one the other is not offered, however many values it has', async (t) => {
  const only =
    '<requiredCategory operation="onlyOne"><categoryGroup tagSetRef="R" tagType="restrictive" all="true"/><categoryGroup tagSetRef="P" tagType="permissive" all="true"/></requiredCategory>'
  const spif = wide(only, 36)
  const offered = (...parts: string[]) =>
    selectableTagSets(spif, label(spif, 'A', ...parts)).map((tagSet) => tagSet.name)
  t.same(offered(), ['R', 'P'])
  t.same(offered('R=R1'), ['R'])
  t.same(offered('P=P1,P2'), ['P'])
})

t.test('bounds: labels, steps, categories; the smaller labels first', async (t) => {
  const clearance = makeClearance(orchard, orchard.classifications, allCategories(orchard))
  const few = enumerateLabels(orchard, clearance, { labels: 5, steps: 100_000 })
  t.equal(few.complete, false)
  t.same(few.labels.map(words), ['OPEN', 'INNER', 'DEEPER', 'OPEN Blight=CANKER', 'OPEN Blight=MILD'])
  const short = enumerateLabels(orchard, clearance, { labels: 1000, steps: 10 })
  t.equal(short.complete, false)
  t.ok(short.labels.length < 10)
  const bare = enumerateLabels(orchard, clearance, { labels: 1000, steps: 1000, categories: 0 })
  t.same([bare.complete, bare.labels.map(words)], [true, ['OPEN', 'INNER', 'DEEPER']])
  const exact = enumerateLabels(orchard, clearance, { labels: 3, steps: 1000, categories: 0 })
  t.equal(exact.complete, true, 'as many as there are')
  const short1 = enumerateLabels(orchard, clearance, { labels: 2, steps: 1000, categories: 0 })
  t.same([short1.complete, short1.labels.length], [false, 2], 'one less than there are')
  t.equal(
    enumerateLabels(orchard, clearance, { labels: 1000, steps: 4, categories: 0 }).complete,
    true,
    'four classes',
  )
  t.equal(enumerateLabels(orchard, clearance, { labels: 1000, steps: 3, categories: 0 }).complete, false)
})

t.test('no step is spent on what cannot become a label', async (t) => {
  // One class alone, none of the restrictive values: a step for the label without category, then one to begin and one for
  // each of the values that are left.
  for (const classification of orchard.classifications.slice(0, 2)) {
    const clearance = makeClearance(orchard, [classification], [])
    const values = selectableValues(orchard, label(orchard, classification.name)).filter(
      ({ tag }) => !tag.kind.includes('restrictive'),
    )
    const steps = 1 + 1 + values.length
    const isComplete = (most: number) =>
      enumerateLabels(orchard, clearance, { labels: 1000, steps: most, categories: 1 }).complete
    t.same([isComplete(steps), isComplete(steps - 1)], [true, false], classification.name)
  }
})
