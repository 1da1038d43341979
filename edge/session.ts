/**
 * A connection that stands, for the eyes of the operator: who is there, proven by what, and what went over it.
 *
 * Texts of certificates are the peer's; whoever prints them sees to what steers a terminal.
 */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TlsMode } from './tls-ext/index.ts'

/** Who is at the other end, as its certificate says, and how that is secured. Times are of ISO 8601. */
export type PeerFacts = Readonly<{
  address: string
  version: string
  /** How TLS began. */
  mode: TlsMode
  cipher: string
  subject: string
  issuer: string
  /** The subjectAltName as Node writes it. */
  names: string
  expires: string
}>

export type Session = Readonly<{
  /** Names it for `sallyport edge end`. */
  id: string
  peer: PeerFacts
  socket: TLSSocket
  /** So many stanzas more went over it. */
  passed(stanzas: number): void
  figures(): Readonly<{ since: string; last: string; stanzas: number; octetsIn: number; octetsOut: number }>
}>

/** Call when the handshake is over: of an ended connection nothing can be asked any more. */
export function beginSession(socket: TLSSocket, mode: TlsMode): Session {
  const since = new Date().toISOString()
  let last = Date.now()
  let stanzas = 0
  return {
    id: randomBytes(4).toString('hex'),
    peer: peerFacts(socket, mode),
    socket,
    passed(more) {
      stanzas += more
      last = Date.now()
    },
    figures: () => ({
      since,
      last: new Date(last).toISOString(),
      stanzas,
      octetsIn: socket.bytesRead,
      octetsOut: socket.bytesWritten,
    }),
  }
}

/** The other end, as `HOST:PORT`. */
export function addressOf({ remoteAddress: host = '', remotePort: port = 0 }: Socket): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function peerFacts(socket: TLSSocket, mode: TlsMode): PeerFacts {
  const certificate = socket.getPeerX509Certificate()
  return {
    address: addressOf(socket),
    version: socket.getProtocol() ?? '',
    mode,
    cipher: socket.getCipher().standardName,
    subject: oneLine(certificate?.subject),
    issuer: oneLine(certificate?.issuer),
    names: certificate?.subjectAltName ?? '',
    expires: certificate?.validToDate.toISOString() ?? '',
  }
}

function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ')
}
