/** A peer that says exactly what a test wants, octet for octet, on a connection to the edge. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Credentials } from '../pki/pki.ts'

export type Raw = {
  socket: Socket
  /** All that came on the present layer, as text. */
  text: string
  write(text: string | Uint8Array): void
  /** Waits for a text; throws with what came instead when the connection ends or 3 s go by. */
  until(wanted: string, ms?: number): Promise<string>
  /** Waits for the end of the connection and gives all that came. */
  end(ms?: number): Promise<string>
}

export const header = (from = 'high.example', to = 'low.example') =>
  `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' from='${from}' to='${to}' version='1.0'>`
export const STARTTLS = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`
export const auth = (identity: string, mechanism = 'EXTERNAL') =>
  `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${identity === '=' ? '=' : Buffer.from(identity).toString('base64')}</auth>`

export async function connectRaw(port: number): Promise<Raw> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return wrap(socket)
}

export function wrap(socket: Socket): Raw {
  let closed = false
  let changed = () => {}
  const raw: Raw = {
    socket,
    text: '',
    write: (text) => void socket.write(text),
    async until(wanted, ms = 3000) {
      const end = performance.now() + ms
      while (!raw.text.includes(wanted)) {
        if (closed || performance.now() > end)
          throw new Error(`no ${wanted}; ${closed ? 'closed after' : 'only'} ${raw.text}`)
        await new Promise<void>((resolve) => {
          changed = resolve
          setTimeout(resolve, 50)
        })
      }
      return raw.text
    },
    async end(ms = 5000) {
      const end = performance.now() + ms
      while (!closed) {
        if (performance.now() > end) throw new Error(`not closed; came ${raw.text}`)
        await new Promise<void>((resolve) => {
          changed = resolve
          setTimeout(resolve, 50)
        })
      }
      return raw.text
    },
  }
  socket.on('data', (octets: Buffer) => {
    raw.text += octets.toString()
    changed()
  })
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.on('close', () => {
    closed = true
    changed()
  })
  return raw
}

/** Header, STARTTLS and the TLS handshake; the header over TLS is not sent yet. */
export async function connectSecure(
  port: number,
  ca: string,
  credentials: Credentials | undefined,
  from?: string,
  to?: string,
): Promise<Raw> {
  const plain = await connectRaw(port)
  plain.write(header(from, to))
  await plain.until('</stream:features>')
  plain.write(STARTTLS)
  await plain.until('<proceed')
  plain.socket.removeAllListeners()
  plain.socket.on('error', () => {})
  const secure = connectTls({
    socket: plain.socket,
    servername: to ?? 'low.example',
    ca,
    minVersion: 'TLSv1.3',
    ...(credentials === undefined ? {} : { cert: credentials.certificate, key: credentials.key }),
  })
  await once(secure, 'secureConnect')
  return wrap(secure)
}

/** Direct TLS (XEP-0368); the header over TLS is not sent yet. */
export async function connectDirect(
  port: number,
  ca: string,
  credentials: Credentials,
  servername = 'low.example',
): Promise<Raw> {
  const secure = connectTls({
    host: '127.0.0.1',
    port,
    servername,
    ca,
    ALPNProtocols: ['xmpp-server'],
    cert: credentials.certificate,
    key: credentials.key,
  })
  await once(secure, 'secureConnect')
  return wrap(secure)
}

/** A stream that is ready for stanzas. */
export async function connectOpen(port: number, ca: string, credentials: Credentials, from = 'high.example') {
  return authenticate(await connectSecure(port, ca, credentials, from), from)
}

/** From the header over TLS to a stream that is ready for stanzas. */
export async function authenticate(raw: Raw, from = 'high.example'): Promise<Raw> {
  raw.write(header(from))
  await raw.until('EXTERNAL')
  raw.write(auth(from))
  await raw.until('<success')
  raw.text = ''
  raw.write(header(from))
  await raw.until('</stream:features>')
  raw.text = ''
  return raw
}
