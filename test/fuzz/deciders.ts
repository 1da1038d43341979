/** Both verifiers whole, in one process, for stanzas of several bundles: what they must agree on. */
import assert from 'node:assert/strict'
import { corpusBundles, verdictOf } from '../mutation/corpus.ts'
import { makeVerifiers } from '../support/verifiers.ts'
import { canonicalXml } from '../xml/referee.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000

export const bundles = corpusBundles()
const verifiers = bundles.map(makeVerifiers)

/** Throws where the two differ in verdict or octets, or libxml2 does not call canonical what they take and write. */
export function judge(bundle: number, stanza: Buffer): void {
  const { inspect, verify } = verifiers[bundle % verifiers.length]!
  const one = inspect(stanza, SECOND)
  const other = verify(stanza, SECOND)
  assert.equal(verdictOf(other), verdictOf(one), `verify and inspect differ on ${stanza.toString('latin1')}`)
  if (!one.accepted) return
  assert.equal(canonicalXml(stanza), stanza.toString('utf8'), 'accepted, not canonical')
  assert.equal(canonicalXml(Buffer.from(one.output)), one.output, 'written, not canonical')
}
