/**
 * Whether the outgoing guard can be reached and is who it should be: a TLS handshake, and no octet of GCXP. A guard takes the newest
 * connection of its producer for the right one, so this is not for an edge that runs.
 */
import { connect } from 'node:tls'
import { connectionProblem } from '../../guard/gcxp/broken.ts'
import { peerProblem, TLS_VERSION } from '../../guard/gcxp/identity.ts'
import type { EdgeConfig } from '../config/load.ts'
import { type Finding, problem } from './finding.ts'

const HANDSHAKE_MS = 10_000

/** `now` in milliseconds since 1970. */
export function checkGuard({ out }: EdgeConfig, now: number): Promise<Finding[]> {
  const { guard, peer, credentials } = out
  return new Promise((resolve) => {
    const socket = connect({
      ...TLS_VERSION,
      host: guard.host,
      port: guard.port,
      servername: peer,
      cert: credentials.certificate,
      key: credentials.key,
      ca: credentials.ca,
      checkServerIdentity: () => undefined,
    })
    const settle = (why: string | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(
        why === undefined ? [] : [problem(`outgoing guard at ${guard.host}:${guard.port} (${peer}): ${why}`)],
      )
    }
    const timer = setTimeout(settle, HANDSHAKE_MS, 'nobody answers: check address, route and firewall')
    socket.on('error', (error: NodeJS.ErrnoException) => settle(connectionProblem(error, socket)))
    socket.once('secureConnect', () => settle(peerProblem(socket, peer, now)))
  })
}
