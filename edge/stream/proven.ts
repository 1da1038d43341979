/** Which own domains' stanzas a stream may bring. */
import type { Control, Controls } from '../controls.ts'

/**
 * Those of `own` that its certificate proves (`problemOf` says why not) and that may be at the other end's address, and those
 * that the rule of its server, `control`, puts behind it.
 */
export function provenDomains(
  own: Iterable<string>,
  problemOf: (domain: string) => string | undefined,
  admit: Controls['admit'],
  address: string,
  control: Control,
): ReadonlySet<string> {
  const shown = [...own].filter(
    (domain) => problemOf(domain) === undefined && !('problem' in admit(domain, address)),
  )
  return new Set([...shown, ...control.trunk])
}
