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
import { diffPage, type Named } from '../../rules/diff/page.ts'
import { outcomeOf, SECOND as WITNESSED } from '../../rules/diff/witness.ts'
import { formProbes } from '../../rules/examples/probe.ts'
import { settingsOf } from '../../rules/examples/setting.ts'
import { asText } from '../../rules/review/text.ts'
import { makeGenerator } from '../differential/generate.ts'
import { bundleOf, choices, edited, FACETS, union } from '../support/choice.ts'
import { NUMBER } from '../support/number.ts'
import { random } from '../verify/random.ts'

const RUNS = Number(process.env['SALLYPORT_RUNS'] ?? 20)
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000

const KEYS = { now: 'now', 'no-longer': 'noLonger', changed: 'changed' } as const

/** Stanzas of a bundle: at the edges of its rules, and at random. */
function stanzas(bundle: Bundle, other: Bundle, seed: number): Buffer[] {
  const random1 = random(seed)
  const [row] = bundle.labels.rows
  const probes = [settingsOf(bundle), settingsOf(bundle, other)]
    .flatMap((settings) => formProbes(bundle, SECOND, row, settings))
    .filter(() => random1.below(4) === 0)
  const generated = row === undefined ? [] : Array.from({ length: 300 }, makeGenerator(bundle, random1))
  return [...probes.map(({ stanza }) => Buffer.from(stanza)), ...generated]
}

t.test('more permissions refuse nothing that was accepted', (t) => {
  let accepted = 0
  fc.assert(
    fc.property(choices, choices, fc.nat(), (a, b, seed) => {
      const less = bundleOf(a)
      const [before, after] = [createDecider(less), createDecider(bundleOf(union(a, b)))]
      for (const stanza of stanzas(less, less, seed)) {
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
  const counts = { same: 0, differ: 0, now: 0, 'no-longer': 0, changed: 0 }
  fc.assert(
    fc.property(
      choices,
      choices,
      fc.constantFrom('same', 'far', 'far', ...FACETS),
      fc.nat(),
      (a, b, how, seed) => {
        const other = how === 'same' ? reversed(a) : how === 'far' ? b : edited(a, b, how)
        const [old, fresh] = [bundleOf(a), bundleOf(other)]
        const named = [old, fresh].map((bundle) => ({ bundle, digest: '' })) as [Named, Named]
        const { page, found } = diffPage(...named)
        const text = asText(page)
        const [before, after] = [createDecider(old), createDecider(fresh)]
        const outcomeOn = (stanza: Uint8Array, second: number) =>
          outcomeOf(before(stanza, second, NUMBER), after(stanza, second, NUMBER))?.outcome
        for (const stanza of [...stanzas(old, fresh, seed), ...stanzas(fresh, old, seed + 1)]) {
          const outcome = outcomeOn(stanza, SECOND)
          if (outcome === undefined) continue
          counts[outcome]++
          if (!found.some((one) => one[KEYS[outcome]] !== undefined))
            throw new Error(`${outcome}, and the difference does not say so: ${stanza}`)
        }
        const nothing = found.length > 0 && found.every(({ now, unshown }) => now === undefined && !unshown)
        if (nothing !== text.includes('Nothing is allowed now')) throw new Error(`In short is wrong: ${text}`)
        if (how === 'same' && found.length > 0) throw new Error(`a difference: ${JSON.stringify(found[0])}`)
        const stray = found.find(({ kind }) => kind === 'unexplained')
        if (stray !== undefined) throw new Error(`belongs to no difference: ${JSON.stringify(stray)}`)
        for (const one of found) {
          for (const witness of [one.now, one.noLonger, one.changed]) {
            if (witness === undefined || witness.edge === true) continue
            if (outcomeOn(Buffer.from(witness.stanza), WITNESSED) !== witness.outcome)
              throw new Error(`${witness.outcome}, and it is not so: ${witness.stanza}`)
          }
        }
        counts[found.length === 0 ? 'same' : 'differ']++
      },
    ),
    { numRuns: RUNS },
  )
  t.ok(counts.same > 0 && counts.differ > 0 && counts.now > 0 && counts['no-longer'] > 0)
  t.comment(JSON.stringify(counts))
  t.end()
})

/** The same choice, every list turned round. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.toReversed().map(reversed) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, reversed(one)])) as T
}
