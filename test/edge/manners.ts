/** How streams with own domains are led, for tests. */
import type { Manner } from '../../edge/stream/ends.ts'

/** The same for all the own domains of the tests; what is not said is as usual. */
export function led(manner: Partial<Manner> = {}): Map<string, Manner> {
  const domains = ['high.example', 'conference.high.example', 'other.example']
  return new Map(domains.map((domain) => [domain, { acknowledge: 'auto', bidirectional: false, ...manner }]))
}
