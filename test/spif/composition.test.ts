import t from 'tap'
import { access } from '../../rules/clearance/access.ts'
import { makeClearance } from '../../rules/clearance/clearance.ts'
import { allCategories, type LabelCategory, makeLabel } from '../../rules/label/label.ts'
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
    'SCAB',
    'MILD',
    'ASHBY',
    'BIRCHY',
    'COPSE',
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
function bruteForce(spif: Spif, clearance: ReturnType<typeof makeClearance>): string[] {
  const all = allCategories(spif)
  const found: string[] = []
  for (const classification of selectableClasses(spif)) {
    for (let mask = 0; mask < 2 ** all.length; mask++) {
      const made = makeLabel(
        spif,
        classification,
        all.filter((_, i) => (mask & (1 << i)) !== 0),
      )
      if (validate(made, spif, { isNew: true }).length === 0 && access(made, clearance, spif).permit)
        found.push(words(made))
    }
  }
  return found.sort()
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
    t.same(labels.map(words).sort(), bruteForce(meadow, clearance))
  }
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
  // Class OPEN alone, none of the restrictive values: a step for the label without category, then one to begin and
  // one for each of the values that are left.
  const clearance = makeClearance(orchard, orchard.classifications.slice(0, 1), [])
  const values = selectableValues(orchard, label(orchard, 'OPEN')).filter(
    ({ tag }) => !tag.kind.includes('restrictive'),
  )
  const steps = 1 + 1 + values.length
  t.equal(enumerateLabels(orchard, clearance, { labels: 1000, steps, categories: 1 }).complete, true)
  t.equal(
    enumerateLabels(orchard, clearance, { labels: 1000, steps: steps - 1, categories: 1 }).complete,
    false,
  )
})
