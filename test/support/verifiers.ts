/** The decisions of both verifiers for a bundle, without their processes. */
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider, type Verdict as Verified } from '../../guard/verify/decide.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createDecider, type Verdict as Inspected } from '../../rules/decide/decide.ts'
import { encodeBundle } from '../verify/fixture.ts'

export type Verifiers = Readonly<{
  inspect(stanza: Buffer, second: number): Inspected
  verify(stanza: Buffer, second: number): Verified
}>

export function makeVerifiers(bundle: Bundle): Verifiers {
  const { octets, digest } = encodeBundle(bundle)
  return { inspect: createDecider(bundle), verify: makeDecider(readBundle(octets, digest)) }
}
