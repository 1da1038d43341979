/** Which own domains the certificate of a stream's other end shows. */
import type { Controls } from '../controls.ts'

/** Those of `own` that it proves (`problemOf` says why not), and that may be at the other end's address. */
export function shownDomains(
  own: Iterable<string>,
  problemOf: (domain: string) => string | undefined,
  admit: Controls['admit'],
  address: string,
): readonly string[] {
  return [...own].filter(
    (domain) => problemOf(domain) === undefined && !('problem' in admit(domain, address)),
  )
}
