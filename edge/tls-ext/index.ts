/**
 * TLS for s2s streams: a thin wrapper of node:tls for what STARTTLS and direct TLS (XEP-0368) need and node:tls leaves to
 * its user.
 *
 * TLS 1.3 (1.2 where a peer is permitted it), a certificate from both ends, trust in the configured CAs and nothing else, no
 * resumption, no renegotiation. The certificate that is shown is that of the far domain which the stream is for: its
 * `to` where we accept by STARTTLS, the name in SNI where we accept directly, its `from` where we connect. Whose name the
 * peer's certificate bears is asked of `examine`, by the streams, on every link.
 *
 * A reload takes effect on handshakes that begin after it; connections that stand are not touched.
 */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls'
import { domainToASCII } from 'node:url'
import { handshakeProblem } from './handshake.ts'
import { type Authorities, examinePeer, type PeerTrust } from './trust.ts'

/** A certificate chain and key (PEM) for some far domains. */
export type DomainCertificate = Readonly<{ domains: readonly string[]; certificate: string; key: string }>

export type StreamTlsOptions = Readonly<{
  certificates: readonly DomainCertificate[]
  /** What the servers of each own domain must show. Domains that trust the same share the object. */
  trust: ReadonlyMap<string, PeerTrust>
}>

/** Both roles. Each promise rejects with one line for the operator. */
export type StreamTls = Readonly<{
  /** The server's half of STARTTLS on a connected socket, as the far domain `far` towards the own domain `own`. */
  accept(socket: Socket, far: string, own: string): Promise<TLSSocket>
  /** The server's half of direct TLS; the far domains of the certificate that SNI chose come with it. */
  acceptDirect(socket: Socket): Promise<Readonly<{ secure: TLSSocket; domains: readonly string[] }>>
  /** The client's half, as `far` towards `own`. */
  connect(socket: Socket, far: string, own: string, mode: TlsMode): Promise<TLSSocket>
  /** Why a peer is not an own domain, by what is trusted now: see `examinePeer`. */
  examine(socket: TLSSocket, now: number): (own: string) => string | undefined
  /** Takes other certificates and trust from now on. Throws, and changes nothing, when they cannot be used. */
  reload(options: StreamTlsOptions): void
}>

/** How a connection comes to TLS: asked for on the stream (RFC 6120 §5), or at once (XEP-0368). */
export type TlsMode = 'starttls' | 'direct'

const ALPN = ['xmpp-server']
/** RFC 7590 §3.1 and RFC 9325 §4.2: forward secrecy and AEAD, where TLS 1.2 is permitted at all. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')
const SERVER = {
  requestCert: true,
  // The chain's fault is told to the peer as a stream error and to the operator in words: see `examine`.
  rejectUnauthorized: false,
  // Whoever accepts has a clock of its own; this is the longest that it can be set to.
  handshakeTimeout: 300_000,
} as const

/** Throws when a key does not fit its certificate, or a certificate or CRL cannot be read. */
export function streamTls(options: StreamTlsOptions): StreamTls {
  const waiting = new Map<string, (outcome: TLSSocket | Error) => void>()
  let material = prepare(options, waiting)

  /** A bare `new TLSSocket(socket, {isServer: true})` never sets `authorized`; a server does. */
  function handshake(server: Server, socket: Socket): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const key = endpoints(socket)
      const settle = (outcome: TLSSocket | Error) => {
        waiting.delete(key)
        socket.off('close', closed)
        if (outcome instanceof Error) reject(new Error(handshakeProblem(outcome)))
        else resolve(outcome)
      }
      const closed = () => settle(new Error('the connection was closed'))
      waiting.set(key, settle)
      socket.once('close', closed)
      server.emit('connection', socket)
    })
  }

  return {
    accept: async (socket, far, own) => handshake(material.server(far, own), socket),
    async acceptDirect(socket) {
      const { direct, named } = material
      const secure = await handshake(direct(), socket)
      return { secure, domains: named(secure)?.domains ?? [] }
    },
    connect: (socket, far, own, mode) =>
      new Promise((resolve, reject) => {
        const secure = connect({
          socket,
          servername: domainToASCII(own),
          secureContext: material.context(far, own),
          ...(mode === 'direct' ? { ALPNProtocols: ALPN } : {}),
          rejectUnauthorized: false,
          // As for accepted links, `examine` asks for the name, and for more kinds of it than Node knows.
          checkServerIdentity: () => undefined,
        })
        const failed = (error: Error) => reject(new Error(handshakeProblem(error)))
        const closed = () => failed(new Error('the connection was closed'))
        secure.once('error', failed)
        secure.once('close', closed)
        secure.once('secureConnect', () => {
          secure.off('error', failed)
          secure.off('close', closed)
          resolve(secure)
        })
      }),
    examine: (socket, now) => examinePeer(socket, material.trust, now),
    reload(next) {
      material = prepare(next, waiting)
    },
  }
}

/** Contexts and servers of one configuration, each made when it is first needed; what they are made of is tried at once. */
function prepare(
  { certificates, trust }: StreamTlsOptions,
  waiting: ReadonlyMap<string, (outcome: TLSSocket | Error) => void>,
) {
  const credentials = new Map<string, DomainCertificate>()
  const names = new Map<string, DomainCertificate>()
  for (const credential of certificates) {
    createSecureContext({ cert: credential.certificate, key: credential.key })
    for (const domain of credential.domains) {
      credentials.set(domain, credential)
      names.set(domainToASCII(domain), credential)
    }
  }
  const kinds = [...new Set(trust.values())]
  for (const { ca, crls } of new Set(kinds.map(({ authorities }) => authorities)))
    createSecureContext({ ca: [...ca], crl: crls.map(({ pem }) => pem) })

  const optionsOf = (credential: DomainCertificate | undefined, among: readonly PeerTrust[]) =>
    contextOptions(credential, [...new Set(among.map(({ authorities }) => authorities))], lowest(among))
  const pair = <T>(make: (options: SecureContextOptions) => T) => {
    const known = new Map<DomainCertificate, Map<PeerTrust, T>>()
    return (far: string, own: string): T => {
      const credential = credentials.get(far)
      const kind = trust.get(own)
      if (credential === undefined) throw new Error(`no certificate is configured for ${far}`)
      if (kind === undefined) throw new Error(`${own} is not an own domain`)
      const made = known.get(credential) ?? new Map<PeerTrust, T>()
      known.set(credential, made)
      const one = made.get(kind) ?? make(optionsOf(credential, [kind]))
      made.set(kind, one)
      return one
    }
  }
  const listening = (server: Server): Server =>
    server
      .on('secureConnection', (socket) => waiting.get(endpoints(socket))?.(socket))
      .on('tlsClientError', (error, socket) => waiting.get(endpoints(socket))?.(error))

  // Who calls is known only after the handshake, so each CA and the lowest version are let in; `examine` is exact.
  const contexts = new Map<DomainCertificate, SecureContext>()
  const direct = once(() =>
    listening(
      createServer({
        ...SERVER,
        ...optionsOf(undefined, kinds),
        ALPNProtocols: ALPN,
        // A name that is not ours gets the server's own context, which has no certificate: the handshake fails.
        SNICallback(name, done) {
          const credential = names.get(name.toLowerCase())
          if (credential === undefined) return done(null)
          const context = contexts.get(credential) ?? createSecureContext(optionsOf(credential, kinds))
          contexts.set(credential, context)
          done(null, context)
        },
      }),
    ),
  )
  return {
    trust,
    direct,
    /** The certificate that a connection was shown. */
    named: ({ servername }: TLSSocket) =>
      typeof servername === 'string' ? names.get(servername.toLowerCase()) : undefined,
    server: pair((options) => listening(createServer({ ...SERVER, ...options }))),
    context: pair(createSecureContext),
  }
}

function contextOptions(
  credential: DomainCertificate | undefined,
  among: readonly Authorities[],
  minVersion: PeerTrust['minVersion'],
): SecureContextOptions {
  return {
    ...(credential === undefined ? {} : { cert: credential.certificate, key: credential.key }),
    ca: among.flatMap(({ ca }) => ca),
    crl: among.flatMap(({ crls }) => crls.map(({ pem }) => pem)),
    minVersion,
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }
}

function lowest(among: readonly PeerTrust[]): PeerTrust['minVersion'] {
  return among.some(({ minVersion }) => minVersion === 'TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3'
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** The connection, by its two ends: the TLS server reports a new socket and this is what it has in common with the old. */
function endpoints(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
}
