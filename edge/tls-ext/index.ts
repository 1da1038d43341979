/**
 * TLS for s2s streams: a thin wrapper of node:tls for what STARTTLS needs and node:tls leaves to its user.
 *
 * TLS 1.3 only, a certificate from both ends, trust in the configured CAs and nothing else. The certificate that is shown
 * is that of the far domain which the stream is for: its `to` where we accept, its `from` where we connect. Whose name
 * the peer's certificate bears is asked by `domainProblem`, by the streams, on every link.
 */
import type { Socket } from 'node:net'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import { domainToASCII } from 'node:url'

export { domainProblem } from './identity.ts'

/** A certificate chain and key (PEM) for some far domains. */
export type DomainCertificate = Readonly<{ domains: readonly string[]; certificate: string; key: string }>

/** Both roles. Each promise rejects with one line for the operator. */
export type StreamTls = Readonly<{
  /** The server's half of STARTTLS on a connected socket, as the far domain `domain`. */
  accept(socket: Socket, domain: string): Promise<TLSSocket>
  /** The client's half, as the far domain `domain`, towards the own domain `peer`. */
  connect(socket: Socket, domain: string, peer: string): Promise<TLSSocket>
}>

const TLS_1_3 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const

/** `ca` are the PEM texts of the own side's CAs. Throws when a key does not fit its certificate. */
export function streamTls(certificates: readonly DomainCertificate[], ca: readonly string[]): StreamTls {
  const servers = new Map<string, Server>()
  const credentials = new Map<string, DomainCertificate>()
  const waiting = new Map<string, (outcome: TLSSocket | Error) => void>()
  for (const credential of certificates) {
    const server = createServer({
      ...TLS_1_3,
      cert: credential.certificate,
      key: credential.key,
      ca: [...ca],
      requestCert: true,
      // The chain's fault is told to the peer as a stream error and to the operator in words: see `domainProblem`.
      rejectUnauthorized: false,
      handshakeTimeout: 20_000,
    })
    // A bare `new TLSSocket(socket, {isServer: true})` never sets `authorized`; a server does.
    server.on('secureConnection', (socket) => waiting.get(endpoints(socket))?.(socket))
    server.on('tlsClientError', (error, socket) => waiting.get(endpoints(socket))?.(error))
    for (const domain of credential.domains) {
      servers.set(domain, server)
      credentials.set(domain, credential)
    }
  }
  return {
    accept: (socket, domain) =>
      new Promise((resolve, reject) => {
        const server = servers.get(domain)
        if (server === undefined) throw new Error(`no certificate is configured for ${domain}`)
        const key = endpoints(socket)
        const settle = (outcome: TLSSocket | Error) => {
          waiting.delete(key)
          socket.off('close', closed)
          if (outcome instanceof Error) reject(new Error(`TLS handshake failed: ${reason(outcome)}`))
          else resolve(outcome)
        }
        const closed = () => settle(new Error('the connection was closed'))
        waiting.set(key, settle)
        socket.once('close', closed)
        server.emit('connection', socket)
      }),
    connect: (socket, domain, peer) =>
      new Promise((resolve, reject) => {
        const credential = credentials.get(domain)
        if (credential === undefined) throw new Error(`no certificate is configured for ${domain}`)
        const secure = connect({
          ...TLS_1_3,
          socket,
          servername: domainToASCII(peer),
          cert: credential.certificate,
          key: credential.key,
          ca: [...ca],
          rejectUnauthorized: false,
          // As for accepted links, `domainProblem` asks for the name, and for more kinds of it than Node knows.
          checkServerIdentity: () => undefined,
        })
        const failed = (error: Error) => reject(new Error(`TLS handshake failed: ${reason(error)}`))
        const closed = () => failed(new Error('the connection was closed'))
        secure.once('error', failed)
        secure.once('close', closed)
        secure.once('secureConnect', () => {
          secure.off('error', failed)
          secure.off('close', closed)
          resolve(secure)
        })
      }),
  }
}

/** The connection, by its two ends: the TLS server reports a new socket and this is what it has in common with the old. */
function endpoints(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
}

function reason(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}
