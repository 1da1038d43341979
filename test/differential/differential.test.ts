/**
 * The two verifiers against each other: of each stanza, generated from a bundle's forms and then changed, both must say
 * the same, and of what they accept write the same octets. Reasons of refusals may differ.
 *
 *   SALLYPORT_DIFFERENTIAL=1000000 node test/differential/differential.test.ts     so many stanzas a bundle (10,000)
 *   SALLYPORT_SEED=7                                                               other ones
 */

import { hash } from 'node:crypto'
import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider, NO_ROW } from '../../guard/verify/decide.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { NUMBER } from '../support/number.ts'
import { everyPair, pairRulesets } from '../support/pairs.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'
import { bundle as byHand, encodeBundle } from '../verify/fixture.ts'
import { mutate } from '../verify/mutate.ts'
import { random } from '../verify/random.ts'
import { makeGenerator } from './generate.ts'

const COUNT = Number(process.env['SALLYPORT_DIFFERENTIAL'] ?? 10_000)
const SEED = Number(process.env['SALLYPORT_SEED'] ?? 1)
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000

const outgoing = compiled(exampleSources('acme-to-coalition')).bundle
const incoming = compiled(exampleSources('coalition-to-acme')).bundle
const bundles: [string, Bundle][] = [
  ['acme-to-coalition', outgoing],
  ['coalition-to-acme', incoming],
  // Pairs of domains, less than all of Unicode, and nearly the whole catalogue.
  ['fmn-rooms', compiled(exampleSources('fmn-rooms')).bundle],
  // Pairs of labels, going and coming.
  ['with pairs', compiled(pairRulesets('4774-4778+alternative').out).bundle],
  ['with pairs of every form', compiled(everyPair()).bundle],
  // Has rule types and slots that the first profile does not use.
  ['by hand', { ...byHand, labels: outgoing.labels, limits: outgoing.limits }],
]

for (const [name, bundle] of bundles) {
  t.test(`${COUNT} stanzas of ${name}`, async (t) => {
    const { octets, digest } = encodeBundle(bundle)
    t.equal(hash('sha256', octets, 'hex'), digest)
    const inspect = createDecider(bundle)
    const verify = makeDecider(readBundle(octets, digest))
    const chance = random(SEED)
    const generate = makeGenerator(bundle, chance)
    const pool = Array.from({ length: 50 }, generate)
    const counts = { accepted: 0, refused: 0, sameReason: 0 }
    const forms = new Set<string>()
    const rows = new Set<number>()

    let differences = 0
    for (let n = 0; n < COUNT; n += 1) {
      let stanza = generate()
      for (let changes = [0, 0, 1, 1, 2, 4][n % 6]!; changes > 0; changes -= 1) {
        stanza = mutate(chance, stanza, pool)
      }
      const one = inspect(stanza, SECOND, NUMBER)
      const other = verify(stanza, SECOND, NUMBER)
      if (one.accepted && other.accepted) {
        counts.accepted += 1
        forms.add(one.form)
        if (one.row >= 0) rows.add(one.row)
        const same =
          one.output === other.output &&
          one.form === other.form &&
          one.from === other.from &&
          one.to === other.to &&
          (one.row === -1 ? NO_ROW : one.row) === other.row
        if (same) continue
      } else if (!one.accepted && !other.accepted) {
        counts.refused += 1
        if (one.reason === other.reason) counts.sameReason += 1
        continue
      }
      differences += 1
      if (differences <= 5) {
        const brief = (verdict: typeof one | typeof other) =>
          verdict.accepted ? verdict : `${verdict.reason} at ${verdict.at}`
        t.same(brief(other), brief(one), `verify and inspect differ: ${stanza.toString('latin1')}`)
      }
    }
    t.equal(differences, 0, 'the two never differ')
    t.equal(forms.size, bundle.forms.length, 'every form was accepted at least once')
    t.ok(counts.accepted > COUNT / 10 && counts.refused > COUNT / 10, JSON.stringify(counts))
    t.comment(`${JSON.stringify(counts)}, ${rows.size} of ${bundle.labels.rows.length} rows`)
  })
}

t.test('every code point in a text, a local part and a resource', async (t) => {
  // All of them in the long form; every 61st above U+0600 in the short one.
  const all = COUNT >= 100_000
  const { octets, digest } = encodeBundle(byHand)
  const inspect = createDecider(byHand)
  const verify = makeDecider(readBundle(octets, digest))
  const differing: string[] = []
  let accepted = 0
  for (let point = 0; point <= 0x10ffff; point += all || point < 0x600 ? 1 : 61) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const character = String.fromCodePoint(point)
    for (const stanza of [
      `<presence xmlns="jabber:server" from="high.example/${character}" to="low.example"></presence>`,
      `<presence xmlns="jabber:server" from="a${character}@high.example" to="low.example/a${character}b"></presence>`,
      `<presence xmlns="jabber:server" from="a${character}@high.example" to="low.example"></presence>`,
      `<presence xmlns="jabber:server" from="high.example/${character}" to="low.example/ب${character}ب"></presence>`,
      `<presence xmlns="jabber:server" from="high.example/👍${character}" to="low.example/я${character}❤"></presence>`,
    ]) {
      const buffer = Buffer.from(stanza)
      const one = inspect(buffer, SECOND, NUMBER)
      const other = verify(buffer, SECOND, NUMBER)
      if (one.accepted) accepted += 1
      if (one.accepted !== other.accepted) differing.push(`${point.toString(16)} in ${stanza}`)
    }
  }
  t.same(differing.slice(0, 10), [])
  t.ok(accepted > 3000, String(accepted))
})
