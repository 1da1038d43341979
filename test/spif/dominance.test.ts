import t from 'tap'
import { dominate } from '../../rules/spif/dominance.ts'
import { changed, label, load, meadow, orchard, words } from './policies.ts'

const said = (...args: Parameters<typeof dominate>): string => {
  const made = dominate(...args)
  return 'problem' in made ? made.detail : words(made)
}

t.test('class: the highest by hierarchy, not by number', async (t) => {
  t.equal(said([label(orchard, 'WITHERED'), label(orchard, 'OPEN')], orchard), 'OPEN')
  t.equal(said([label(orchard, 'DEEPER'), label(orchard, 'INNER')], orchard), 'DEEPER')
  const level = load(changed('meadow', 'hierarchy="20"', 'hierarchy="10"'))
  t.match(said([label(level, 'LOW'), label(level, 'MIDDLE')], level), /as high as/)
  t.equal(said([label(level, 'LOW'), label(level, 'LOW')], level), 'LOW')
})

t.test('restrictive and informative: all; permissive: what is common', async (t) => {
  const a = label(orchard, 'INNER', 'Blight=RUST', 'Notes=SPRING', 'Pickers=ASHBY,BIRCHY')
  const b = label(orchard, 'OPEN', 'Blight=CANKER', 'Pickers=BIRCHY,DELL')
  t.equal(said([a, b], orchard), 'INNER Blight=CANKER Blight=RUST Pickers=BIRCHY Notes=SPRING')
  t.equal(said([b, a], orchard), said([a, b], orchard), 'the order does not matter')
})

t.test('without a common value a person decides, or the standard’s rule if asked', async (t) => {
  const a = label(orchard, 'INNER', 'Pickers=ASHBY')
  const b = label(orchard, 'INNER', 'Pickers=DELL')
  const none = label(orchard, 'INNER')
  t.match(said([a, b], orchard), /no value of Pickers/)
  t.match(said([a, none], orchard), /no value of Pickers/, 'a label that lacks the tag has none in common')
  t.equal(said([a, b], orchard, { noCommonValue: 'drop' }), 'INNER')
  t.equal(said([a, none], orchard, { noCommonValue: 'drop' }), 'INNER')
})

t.test('enumerated tags like the others', async (t) => {
  const north = label(orchard, 'INNER', 'Buyers=NORTH', 'Recipes=CIDER')
  const both = label(orchard, 'INNER', 'Buyers=NORTH,SOUTH', 'Recipes=PERRY')
  t.equal(said([north, both], orchard), 'INNER Recipes=CIDER Recipes=PERRY Buyers=NORTH')
  t.match(said([north, label(orchard, 'INNER', 'Buyers=SOUTH')], orchard), /no value of Buyers/)
})

t.test('per tag, not per tag set', async (t) => {
  const a = label(orchard, 'INNER', 'Pickers=ASHBY,COOPERS')
  const b = label(orchard, 'INNER', 'Pickers=ASHBY,PRESSERS')
  t.match(said([a, b], orchard), /no value of Pickers/)
})

t.test('the result must be valid, and of one policy', async (t) => {
  const deep = label(orchard, 'DEEP', 'Pickers=ASHBY')
  t.match(said([deep, label(orchard, 'OPEN', 'Notes=DRAFT')], orchard, { noCommonValue: 'drop' }), /required/)
  t.match(said([deep, label(meadow, 'LOW')], orchard), /not all of the policy/)
  t.match(said([], orchard), /not all of the policy/)
  t.match(said([label(orchard, 'OPEN', '#ADDRESSEE'), label(orchard, 'OPEN')], orchard), /privacy marks/)
  t.equal(
    said([label(orchard, 'OPEN', '#ADDRESSEE'), label(orchard, 'OPEN', '#ADDRESSEE')], orchard),
    'OPEN #ADDRESSEE',
  )
})
