import t from 'tap'
import { access } from '../../rules/clearance/access.ts'
import { type Clearance, makeClearance } from '../../rules/clearance/clearance.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { label, load, meadow, orchard, sourceOf } from '../spif/policies.ts'

/** A clearance for those classes, with the categories of a label in words. */
function held(spif: Spif, classes: string, ...parts: string[]): Clearance {
  const chosen = spif.classifications.filter((c) => classes.split(',').includes(c.name))
  return makeClearance(spif, chosen, label(spif, spif.classifications[0]!.name, ...parts).categories)
}

const said = (...args: Parameters<typeof access>): string => {
  const decision = access(...args)
  return decision.permit ? 'permit' : decision.reason
}

t.test('the class must be listed: rank does not help', async (t) => {
  t.equal(said(label(orchard, 'OPEN'), held(orchard, 'OPEN'), orchard), 'permit')
  t.equal(said(label(orchard, 'OPEN'), held(orchard, 'DEEPER'), orchard), 'class-not-held')
  t.equal(said(label(orchard, 'DEEPER'), held(orchard, 'OPEN,INNER'), orchard), 'class-not-held')
  t.equal(said(label(orchard, 'OPEN'), held(orchard, ''), orchard), 'class-not-held')
})

t.test('restrictive: every value', async (t) => {
  const rusty = label(orchard, 'INNER', 'Blight=CANKER,RUST', 'Recipes=CIDER')
  t.equal(said(rusty, held(orchard, 'INNER', 'Blight=CANKER,RUST,SCAB', 'Recipes=CIDER'), orchard), 'permit')
  t.equal(
    said(rusty, held(orchard, 'INNER', 'Blight=CANKER', 'Recipes=CIDER'), orchard),
    'restrictive-not-held',
  )
  t.equal(
    said(rusty, held(orchard, 'INNER', 'Blight=CANKER,RUST'), orchard),
    'restrictive-not-held',
    'enumerated too',
  )
  t.equal(said(label(orchard, 'INNER'), held(orchard, 'INNER'), orchard), 'permit')
})

t.test('permissive: one value of each tag, by the tag and not its name or set', async (t) => {
  const picked = label(orchard, 'INNER', 'Pickers=ASHBY,BIRCHY')
  t.equal(said(picked, held(orchard, 'INNER', 'Pickers=BIRCHY'), orchard), 'permit')
  t.equal(said(picked, held(orchard, 'INNER', 'Pickers=DELL'), orchard), 'permissive-not-held')
  t.equal(said(picked, held(orchard, 'INNER'), orchard), 'permissive-not-held')
  const both = label(orchard, 'INNER', 'Pickers=ASHBY,COOPERS')
  t.equal(
    said(both, held(orchard, 'INNER', 'Pickers=ASHBY'), orchard),
    'permissive-not-held',
    'the other tag of the set',
  )
  t.equal(said(both, held(orchard, 'INNER', 'Pickers=ASHBY,COOPERS'), orchard), 'permit')
  const bought = label(orchard, 'INNER', 'Buyers=NORTH')
  t.equal(
    said(bought, held(orchard, 'INNER', 'Buyers=SOUTH'), orchard),
    'permissive-not-held',
    'enumerated too',
  )
  t.equal(said(bought, held(orchard, 'INNER', 'Buyers=SOUTH,NORTH'), orchard), 'permit')
})

t.test('informative: no matter', async (t) => {
  t.equal(said(label(orchard, 'OPEN', 'Notes=SPRING,FIRST'), held(orchard, 'OPEN'), orchard), 'permit')
})

t.test('one policy, and this copy of it', async (t) => {
  t.equal(said(label(orchard, 'OPEN'), held(meadow, 'LOW'), orchard), 'other-policy')
  t.equal(said(label(meadow, 'LOW'), held(orchard, 'OPEN'), orchard), 'other-policy')
  t.equal(said(label(orchard, 'OPEN'), held(orchard, 'OPEN'), meadow), 'other-policy')
  t.equal(said(label(load(sourceOf('orchard')), 'OPEN'), held(orchard, 'OPEN'), orchard), 'other-policy')
})

t.test('the reason names what is missing', async (t) => {
  t.match(access(label(orchard, 'DEEPER'), held(orchard, 'OPEN'), orchard), { detail: 'DEEPER' })
  t.match(access(label(orchard, 'INNER', 'Blight=RUST'), held(orchard, 'INNER'), orchard), {
    detail: 'Blight: RUST',
  })
  t.match(access(label(orchard, 'INNER', 'Pickers=ASHBY,DELL'), held(orchard, 'INNER'), orchard), {
    detail: 'Pickers: ASHBY or Pickers: DELL',
  })
})
