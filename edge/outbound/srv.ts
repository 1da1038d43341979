/**
 * In which order the servers of a domain are tried: lower priorities first, within one at random by weight (RFC 2782), ways
 * to come to TLS mixed (XEP-0368 §3).
 */
import type { TlsMode } from '../tls-ext/index.ts'

/** A server of a domain: where it listens, and how it comes to TLS. */
export type Target = Readonly<{ host: string; port: number; tls: TlsMode; priority: number; weight: number }>

/** The targets, in the order to try them. `random` gives numbers from 0 up to, and not including, 1. */
export function inOrder(targets: readonly Target[], random: () => number): Target[] {
  // Within a priority those without weight stand in front, so that they have a small chance (RFC 2782, "Weight").
  const left = targets.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight)
  const out: Target[] = []
  while (left.length > 0) {
    const same = left.filter(({ priority }) => priority === left[0]!.priority)
    const sum = same.reduce((total, { weight }) => total + weight, 0)
    const drawn = Math.floor(random() * (sum + 1))
    let running = 0
    const chosen = same.find(({ weight }) => (running += weight) >= drawn) ?? same[0]!
    left.splice(left.indexOf(chosen), 1)
    out.push(chosen)
  }
  return out
}
