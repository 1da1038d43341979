/** Why a connection to a peer failed, in the words of whoever has to mend it. */
import type { TLSSocket } from 'node:tls'
import { chainProblem } from './identity.ts'

export const UNREACHABLE = 'the host cannot be reached: check address, route and firewall'

/** What became of a connection that was sought, or stood. */
export function connectionProblem(error: NodeJS.ErrnoException, tls: TLSSocket): string {
  if (tls.authorizationError) return chainProblem(tls.authorizationError)
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there: start the peer, or correct the address'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known: correct it, or give the address'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return UNREACHABLE
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the peer broke the connection: its log says why'
    default:
      return error.code?.startsWith('ERR_SSL_') === true
        ? `TLS failed (${error.code}): does the peer speak TLS 1.3 and trust our certificate?`
        : `failed (${error.code ?? 'unknown'})`
  }
}
