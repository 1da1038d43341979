/** Which own domains the server at the other end of a stream stands for: by its certificate, and by the controls. */
import type { TLSSocket } from 'node:tls'
import type { Controls } from '../controls.ts'
import type { Connection } from '../stream/connection.ts'
import type { StreamTls } from '../tls-ext/index.ts'

export type ProofSite = Readonly<{ own: ReadonlySet<string>; admit: Controls['admit']; tls: StreamTls }>

/**
 * The domains whose stanzas a stream of `from` may bring, or why it may not be there. Asked once the handshake is over, and again
 * of a stream that stands when something else is trusted. `address` is the peer's, `now` in milliseconds since 1970.
 */
export function proveDomains(
  site: ProofSite,
  socket: TLSSocket,
  from: string,
  address: string,
  now: number,
): ReadonlySet<string> | Readonly<{ condition: 'policy-violation' | 'not-authorized'; problem: string }> {
  const admitted = site.admit(from, address)
  if ('problem' in admitted) return { condition: 'policy-violation', problem: admitted.problem }
  const problemOf = site.tls.examine(socket, now)
  const problem = problemOf(from)
  if (problem !== undefined) return { condition: 'not-authorized', problem: `${from}: ${problem}` }
  const shown = [...site.own].filter(
    (own) => problemOf(own) === undefined && !('problem' in site.admit(own, address)),
  )
  return new Set([...shown, ...admitted.trunk])
}

/** Ends a stream by `fail` when the server no longer stands for all of `proven`. The rest as for `proveDomains`. */
export function recheckProof(
  site: ProofSite,
  socket: TLSSocket,
  from: string,
  address: string,
  proven: ReadonlySet<string>,
  fail: Connection['fail'],
): void {
  const proof = proveDomains(site, socket, from, address, Date.now())
  if ('problem' in proof) fail(proof.condition, proof.problem)
  else if (![...proven].every((domain) => proof.has(domain)))
    fail('reset', 'it may bring stanzas of fewer domains now')
}
