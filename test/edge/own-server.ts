/** A server of the own side that takes streams of the edge, and says on them exactly what a test wants. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Credentials } from '../pki/pki.ts'
import { type Raw, wrap } from './raw.ts'

export type OwnServer = Readonly<{
  port: number
  /** What the edge said from the header over TLS up to the last header, a text a stream. */
  said: string[]
  /** The next stream that stands; its `text` begins behind the negotiation. */
  next(ms?: number): Promise<Raw>
  close(): void
}>

export type OwnServerOptions = Readonly<{
  credentials: Credentials
  ca: string
  domain?: string
  /** Any, when it is not given. */
  port?: number
  /** Offered beside EXTERNAL, and after it. */
  before?: string
  offer?: string
}>

export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const { credentials, ca, domain = 'high.example', before = '', offer = '' } = options
  const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='${domain}' to='low.example' id='x' version='1.0'>`
  const features = (inner: string) => `<stream:features>${inner}</stream:features>`
  const sockets = new Set<Socket>()
  const said: string[] = []
  const standing: Raw[] = []
  let arrived = () => {}
  const tls = createTlsServer({
    cert: credentials.certificate,
    key: credentials.key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  })
  tls.on('tlsClientError', () => {})
  tls.on('secureConnection', (socket: TLSSocket) => void negotiate(socket).catch(() => {}))
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const raw = wrap(socket)
    raw
      .until('<stream:stream', 10_000)
      .then(async () => {
        raw.write(header + features(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`))
        await raw.until('<starttls', 10_000)
        socket.removeAllListeners('data')
        socket.removeAllListeners('end')
        socket.write(`<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
        tls.emit('connection', socket)
      })
      .catch(() => {})
  })

  async function negotiate(socket: TLSSocket): Promise<void> {
    sockets.add(socket)
    const raw = wrap(socket)
    await raw.until('<stream:stream', 10_000)
    raw.write(
      header +
        features(
          `<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>${before}`,
        ),
    )
    await raw.until('</auth>', 10_000)
    said.push(raw.text)
    raw.text = ''
    raw.write(`<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`)
    await raw.until(`xml:lang='en'>`, 10_000)
    raw.text = ''
    raw.write(header + features(offer))
    standing.push(raw)
    arrived()
  }

  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    port,
    said,
    async next(ms = 5000) {
      const end = performance.now() + ms
      while (standing.length === 0) {
        if (performance.now() > end) throw new Error('no stream came')
        await new Promise<void>((resolve) => {
          arrived = resolve
          setTimeout(resolve, 50)
        })
      }
      return standing.shift()!
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
