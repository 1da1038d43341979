/** A subverted edge speaks GCXP with a guard of real processes: no id gets through but the number of its frame. */
import t from 'tap'
import { makeDirection } from '../faults/planted/direction.ts'
import { ROOT } from '../faults/planted/fault.ts'
import { body, chat, named, OPEN, presence, receipt } from '../faults/planted/stanzas.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

const { bundle } = compiled(exampleSources('acme-to-coalition'))

t.test('ids of its own choice are refused, by both verifiers', { timeout: 120_000 }, async (t) => {
  const direction = await makeDirection()
  t.teardown(direction.remove)
  const wrong = [
    named(chat(body('a') + OPEN), 'words-by-choice'),
    named(chat(body('a') + OPEN), 'o0.1'), // that of the first frame
    named(chat(body('a') + OPEN), 'o0.7'), // of one that comes
    named(chat(body('a') + OPEN), 'o1.{number}'),
    named(presence(''), 'r0.1'),
    named(presence(''), 'O{number}'),
    presence('').replace(' id="o{number}"', ''),
    receipt('o0.1'),
    receipt('r0.01'),
  ]
  const good = chat(body('the same words') + OPEN)
  const crossed = await direction.cross(ROOT, bundle, [good, ...wrong, good])
  const [first, last] = [crossed[0]!, crossed.at(-1)!]
  t.same([first.outcome, last.outcome], ['released', 'released'])
  t.equal(
    first.received?.replace('id="o0.1"', `id="o0.${wrong.length + 2}"`),
    last.received,
    'two frames of the same content differ in nothing but the number',
  )
  for (const [index, one] of crossed.slice(1, -1).entries()) {
    t.equal(one.outcome, 'refused', wrong[index]!)
    t.match(one.inspect, /^(bad|missing)-attribute$/)
    t.equal(one.verify, one.inspect)
    t.equal(one.received, undefined)
  }
})
