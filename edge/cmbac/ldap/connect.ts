/**
 * A connection to an LDAP server, never without TLS: from the first octet (ldaps), or by StartTLS (RFC 4511 §4.14) before
 * anything else is said. Nothing that came before TLS is believed behind it: of the answer to StartTLS every octet is read,
 * and one more ends the connection.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { messageLength, readMessage, startTlsRequest } from './protocol.ts'

/** Where a directory is, and whether TLS begins at once or by StartTLS. */
export type LdapServer = Readonly<{ host: string; port: number; tls: 'direct' | 'starttls' }>

/** Octets of the longest answer to StartTLS. */
const ANSWER = 1024

/**
 * Connects, with TLS 1.2 at least, trust in `ca` (PEM) and nothing else, and the host's name or address in the certificate.
 * Rejects with one line, at the latest after `timeoutMs`.
 */
export function connectLdap(
  { host, port, tls }: LdapServer,
  ca: readonly string[],
  timeoutMs: number,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const plain = connectPlain({ host, port })
    let secure: TLSSocket | undefined
    const fail = (why: string) => {
      clearTimeout(timer)
      for (const socket of [plain, secure]) {
        socket?.removeAllListeners()
        socket?.on('error', () => {})
        socket?.destroy()
      }
      reject(new Error(why))
    }
    const timer = setTimeout(() => fail('does not answer in time'), timeoutMs)
    const onError = (error: NodeJS.ErrnoException) => fail(connectProblem(error))
    plain.once('error', onError)
    plain.once('close', () => fail('closed the connection'))
    const upgrade = () => {
      plain.removeAllListeners('error')
      secure = connectTls({
        socket: plain,
        host,
        servername: isIP(host) === 0 ? host : '',
        ca: [...ca],
        minVersion: 'TLSv1.2',
      })
      secure.once('error', onError)
      secure.once('secureConnect', () => {
        clearTimeout(timer)
        plain.removeAllListeners('close')
        secure!.removeAllListeners('error')
        resolve(secure!)
      })
    }
    plain.once('connect', () => (tls === 'direct' ? upgrade() : startTls(plain, upgrade, fail)))
  })
}

function startTls(socket: Socket, done: () => void, fail: (why: string) => void): void {
  let octets = Buffer.alloc(0)
  const onData = (more: Buffer) => {
    octets = Buffer.concat([octets, more])
    const answer = readAnswer(octets)
    if (answer === 'more' && octets.length < ANSWER) return
    socket.off('data', onData)
    socket.pause()
    if (answer === 'yes') done()
    else fail('refuses StartTLS: switch TLS on there, or write ldaps://')
  }
  socket.on('data', onData)
  socket.write(startTlsRequest(1))
}

/** What came so far: whole and as it must be, or not, or not whole yet. */
function readAnswer(octets: Uint8Array): 'yes' | 'no' | 'more' {
  const length = messageLength(octets)
  if (typeof length === 'object') return 'no'
  if (length === 0 || length > octets.length) return 'more'
  const message = readMessage(octets)
  const isOk =
    !('problem' in message) && message.id === 1 && message.kind === 'extended' && message.code === 0
  return isOk ? 'yes' : 'no'
}

function connectProblem(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there: start the directory, or correct the address'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known: correct it, or its DNS'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another name: correct the address, or the certificate'
    default:
      return `cannot be reached, or not by TLS with a certificate of the given CA (${error.code ?? error.message})`
  }
}
