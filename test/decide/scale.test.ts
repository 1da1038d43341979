/** Looking a label up costs the same in a long list as in a short one, in both verifiers. */

import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { rowProbe } from '../../rules/examples/probe.ts'
import type { StanzaNumber } from '../../rules/text/numbered.ts'
import { NUMBER } from '../support/number.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

const SECOND = Date.UTC(2026, 10, 22) / 1000
const { bundle } = compiled(exampleSources('acme-to-coalition'))
const row = bundle.labels.rows.find(
  ({ input }) => input.form === '4774-0258' && input.marking === 'ACME OPEN',
)!

/** So many rows, each with a class of its own. */
function withRows(count: number): Bundle {
  const rows = Array.from({ length: count }, (_, index) => {
    const name = `N${index}`
    const template = row.input.template.map((part) =>
      typeof part === 'string' ? part.replace('>OPEN<', `>${name}<`) : part,
    )
    return {
      ...row,
      name,
      input: { ...row.input, value: row.input.value.replace('"OPEN"', `"${name}"`), template },
    }
  })
  return { ...bundle, labels: { ...bundle.labels, rows } }
}

/** Microseconds of processor time for each of the same few labelled stanzas, at best of several rounds. */
function cost(
  decide: (stanza: Buffer, second: number, number: StanzaNumber) => { accepted: boolean },
  stanzas: Buffer[],
): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 7; round++) {
    const before = process.cpuUsage()
    for (let n = 0; n < 2000; n++) {
      if (!decide(stanzas[n % stanzas.length]!, SECOND, NUMBER).accepted) throw new Error('refused')
    }
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / 2000)
  }
  return best
}

t.test('ten labels and ten thousand', (t) => {
  const costs = [10, 10_000].map((count) => {
    const many = withRows(count)
    const octets = Buffer.from(bundleOctets(many))
    const last = many.labels.rows.slice(-10)
    const stanzas = last.map((one) => Buffer.from(rowProbe(many, one, { creation: SECOND, review: SECOND })!))
    return {
      inspect: cost(createDecider(many), stanzas),
      verify: cost(makeDecider(readBundle(octets, bundleDigest(octets))), stanzas),
    }
  })
  const [few, many] = costs as [(typeof costs)[0], (typeof costs)[0]]
  for (const verifier of ['inspect', 'verify'] as const) {
    const ratio = many[verifier] / few[verifier]
    t.comment(
      `${verifier}: ${few[verifier].toFixed(1)} µs with 10 rows, ${many[verifier].toFixed(1)} µs with 10,000`,
    )
    t.ok(ratio < 3, `${verifier}: ${ratio.toFixed(2)} times`)
  }
  t.end()
})
