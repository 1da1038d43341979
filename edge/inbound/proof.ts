/** Which own domains the server at the other end of a stream stands for: by its certificate, and by the controls. */
import type { TLSSocket } from 'node:tls'
import type { Controls } from '../controls.ts'
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
