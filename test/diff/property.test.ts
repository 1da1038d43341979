/**
 * What must hold for all rulesets: more permissions refuse nothing that was accepted, and the difference of two is empty exactly when no
 * stanza is judged differently.
 *
 *   SALLYPORT_RUNS=1000 node test/diff/property.test.ts     so many pairs of rulesets (20)
 */

import fc from 'fast-check'
import t from 'tap'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { differences } from '../../rules/diff/diff.ts'
import { formProbes } from '../../rules/examples/probe.ts'
import { makeGenerator } from '../differential/generate.ts'
import { bundleOf, choices, union } from '../support/choice.ts'
import { NUMBER } from '../support/number.ts'
import { random } from '../verify/random.ts'

const RUNS = Number(process.env['SALLYPORT_RUNS'] ?? 20)
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000

/** Stanzas of a bundle: at the edges of its rules, and at random. */
function stanzas(bundle: Bundle, seed: number): Buffer[] {
  const random1 = random(seed)
  const probes = formProbes(bundle, SECOND).filter(() => random1.below(4) === 0)
  const generated =
    bundle.labels.rows.length === 0 ? [] : Array.from({ length: 200 }, makeGenerator(bundle, random1))
  return [...probes.map(({ stanza }) => Buffer.from(stanza)), ...generated]
}

t.test('more permissions refuse nothing that was accepted', (t) => {
  let accepted = 0
  fc.assert(
    fc.property(choices, choices, fc.nat(), (a, b, seed) => {
      const less = bundleOf(a)
      const [before, after] = [createDecider(less), createDecider(bundleOf(union(a, b)))]
      for (const stanza of stanzas(less, seed)) {
        const verdict = before(stanza, SECOND, NUMBER)
        if (!verdict.accepted) continue
        accepted++
        const then = after(stanza, SECOND, NUMBER)
        if (!then.accepted) throw new Error(`${then.reason}: ${stanza}`)
        if (then.output !== verdict.output) throw new Error(`released differently: ${stanza}`)
      }
    }),
    { numRuns: RUNS },
  )
  t.ok(accepted > RUNS * 50, `${accepted} accepted`)
  t.end()
})

t.test('the difference is empty exactly when verdicts are equal, and tells each direction', (t) => {
  const counts = { same: 0, differ: 0 }
  fc.assert(
    fc.property(choices, choices, fc.constantFrom('same', 'near', 'far'), fc.nat(), (a, b, how, seed) => {
      const near = { ...a, switches: b.switches }
      const [old, fresh] = [bundleOf(a), bundleOf(how === 'same' ? reversed(a) : how === 'near' ? near : b)]
      const found = differences(old, fresh)
      const [before, after] = [createDecider(old), createDecider(fresh)]
      const seen = { now: false, noLonger: false, changed: false }
      for (const stanza of [...stanzas(old, seed), ...stanzas(fresh, seed + 1)]) {
        const [was, is] = [before(stanza, SECOND, NUMBER), after(stanza, SECOND, NUMBER)]
        if (is.accepted && !was.accepted) seen.now = true
        if (was.accepted && !is.accepted) seen.noLonger = true
        if (was.accepted && is.accepted && was.output !== is.output) seen.changed = true
        for (const key of ['now', 'noLonger', 'changed'] as const) {
          if (seen[key] && !found.some((one) => one[key] !== undefined)) {
            throw new Error(`${key}, and the difference does not say so: ${stanza}`)
          }
        }
      }
      if (how === 'same' && found.length > 0) throw new Error(`a difference: ${JSON.stringify(found[0])}`)
      const stray = found.find(({ where }) => where.includes('A stanza that was tried'))
      if (stray !== undefined) throw new Error(`belongs to no difference: ${JSON.stringify(stray)}`)
      for (const { now, noLonger } of found) {
        const judged = (stanza: string) => {
          const second = Date.UTC(2026, 0, 1) / 1000
          return [
            before(Buffer.from(stanza), second, NUMBER).accepted,
            after(Buffer.from(stanza), second, NUMBER).accepted,
          ]
        }
        if (now !== undefined && judged(now.stanza).join() !== 'false,true') throw new Error(now.stanza)
        if (noLonger !== undefined && judged(noLonger.stanza).join() !== 'true,false')
          throw new Error(noLonger.stanza)
      }
      counts[found.length === 0 ? 'same' : 'differ']++
    }),
    { numRuns: RUNS },
  )
  t.ok(counts.same > 0 && counts.differ > 0, JSON.stringify(counts))
  t.end()
})

/** The same choice, every list turned round. */
function reversed(choice: Parameters<typeof bundleOf>[0]): Parameters<typeof bundleOf>[0] {
  return Object.fromEntries(
    Object.entries(choice).map(([key, value]) => [key, Array.isArray(value) ? value.toReversed() : value]),
  ) as Parameters<typeof bundleOf>[0]
}
