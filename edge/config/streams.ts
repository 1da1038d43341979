/**
 * How streams with own domains are led, as edge.yaml has it: s2s.streams, and the limits of what comes on a stream.
 */
import type { Bundle } from '../../rules/bundle/bundle.ts'
import type { Path } from '../../rules/ruleset/yaml.ts'
import type { Manner } from '../outbound/stream.ts'
import type { EdgeSource } from './schema.ts'

/** The manner of an own domain that is not named. */
export const USUAL: Manner = { acknowledge: 'auto', bidirectional: false }

/** The named domains must be own ones, each once, and what is refused with an answer must be below what ends a stream. */
export function checkStreams(
  config: EdgeSource,
  out: Bundle,
  wrong: (path: Path, message: string) => void,
): void {
  const named = new Set<string>()
  for (const [i, { domain }] of (config.s2s.streams ?? []).entries()) {
    const path: Path = ['s2s', 'streams', i, 'domain']
    if (!out.from.domains.some(({ name }) => name === domain)) {
      wrong(path, `${domain} is not an own domain of the bundle: correct or remove it`)
    }
    if (named.has(domain)) wrong(path, `${domain} is named twice: say all of it in one entry`)
    named.add(domain)
  }
  const { hardOctets } = config.limits
  if (hardOctets < out.limits.stanzaBytes) {
    wrong(
      ['limits', 'hardOctets'],
      `${hardOctets} is less than the ${out.limits.stanzaBytes} octets that a stanza of the outgoing bundle may have: raise it`,
    )
  }
}
