/** Both verifiers whole, in one process, for stanzas of several bundles: what they must agree on. */
import assert from 'node:assert/strict'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { makeGenerator } from '../differential/generate.ts'
import { narrowed, tight } from '../mutation/corpus.ts'
import { saidOf } from '../mutation/subject.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { makeVerifiers } from '../support/verifiers.ts'
import { bundle as byHand } from '../verify/fixture.ts'
import { mutate } from '../verify/mutate.ts'
import { random } from '../verify/random.ts'
import { canonicalXml } from '../xml/referee.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000

const examples = exampleNames().map((name) => compiled(exampleSources(name)).bundle)
/** Of every form and label, and a narrow one. */
const full: Bundle = { ...byHand, labels: examples[0]!.labels, limits: examples[0]!.limits }

export const bundles = [...examples, full, narrowed(full)[0]!, tight(full)]
const verifiers = bundles.map(makeVerifiers)

/** Throws where the two differ in verdict or octets, or libxml2 does not call canonical what they take and write. */
export function judge(bundle: number, stanza: Buffer): void {
  const { inspect, verify } = verifiers[bundle % verifiers.length]!
  const one = inspect(stanza, SECOND)
  const other = verify(stanza, SECOND)
  assert.equal(
    saidOf(other).verdict,
    saidOf(one).verdict,
    `verify and inspect differ on ${stanza.toString('latin1')}`,
  )
  if (!one.accepted) return
  assert.equal(canonicalXml(stanza), stanza.toString('utf8'), 'accepted, not canonical')
  assert.equal(canonicalXml(Buffer.from(one.output)), one.output, 'written, not canonical')
}

/** Stanzas of the bundles' own forms, changed a little and not at all; the same each time. */
export function ownStanzas(count: number): Readonly<{ bundle: number; stanza: Buffer }>[] {
  return bundles.flatMap((bundle, index) => {
    const chance = random(1 + index)
    const generate = makeGenerator(bundle, chance)
    const pool = Array.from({ length: 50 }, generate)
    return Array.from({ length: count }, (_, n) => ({
      bundle: index,
      stanza: n % 2 === 0 ? generate() : mutate(chance, generate(), pool),
    }))
  })
}
