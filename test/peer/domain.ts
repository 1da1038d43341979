/**
 * A minimal XMPP server domain for tests, demo and benchmark: it accepts and opens server-to-server streams on the
 * loopback and hands whole stanzas over as they came, as text or as octets. No clients, no storage, no routing.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { acceptPlain, acceptSecure, condition, type Identity, initiate, type Stream } from './negotiate.ts'
import { readXml } from './xml.ts'

/** A stanza as it came. `at` is in milliseconds on the clock of `performance.now()`. */
export type Received = Readonly<{ xml: string; at: number; from: string; to: string }>

export type DomainOptions = Identity &
  Readonly<{
    /** The domains that it plays; the certificate must name each. */
    domains: readonly string[]
    /** Where streams to a remote domain go. */
    route: (domain: string) => Readonly<{ host: string; port: number }>
    /** Port to listen on, on 127.0.0.1; 0 (default) for any. */
    port?: number
    /** Streams to it begin with TLS at once (XEP-0368), and not by STARTTLS. */
    direct?: boolean
    /** Takes each stanza's octets instead of `received`; a view that is valid during the call only. */
    onOctets?: (octets: Buffer, stream: Stream) => void
  }>

/** A stream that this domain opened. `closed` settles with why it ended: a stream error's condition or 'closed'. */
export type Outgoing = Readonly<{
  /** Writes octets as they are; what is written in one turn of the event loop leaves together. */
  write(octets: string | Buffer): boolean
  socket: Stream['socket']
  closed: Promise<string>
}>

export type PeerDomain = Readonly<{
  port: number
  received: Received[]
  /** Streams that were opened to it, ever. */
  accepted(): number
  /** What went wrong on accepted connections, as text. */
  faults: string[]
  /** Sends a stanza on the stream of its `from` and `to` domains, which is opened when there is none. */
  send(xml: string): Promise<void>
  /** The stream from one of our domains to a remote one. */
  stream(from: string, to: string): Promise<Outgoing>
  /** The first stanza, already received or yet to come, that `match` takes; undefined after `ms`. */
  find(match: (xml: string) => boolean, ms: number): Promise<Received | undefined>
  /** Calls `handler` for every stanza from now on. */
  onStanza(handler: (stanza: Received) => void): void
  close(): Promise<void>
}>

export async function startDomain(options: DomainOptions): Promise<PeerDomain> {
  const domains = new Set(options.domains)
  const sockets = new Set<Socket>()
  const received: Received[] = []
  const faults: string[] = []
  const watchers = new Set<(stanza: Received) => void>()
  let accepted = 0
  let closed = false
  const outgoing = new Map<string, Promise<Outgoing>>()

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.setNoDelay(true)
  }
  const take = (octets: Buffer, stream: Stream) => {
    if (answerPing(octets)) return
    if (options.onOctets !== undefined) return options.onOctets(octets, stream)
    const xml = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
    const stanza = { xml, at: performance.now(), from: stream.remote, to: stream.local }
    received.push(stanza)
    for (const watch of watchers) watch(stanza)
  }
  /** The edge's acknowledgement on s2s (XEP-0199); any reply counts. */
  const answerPing = (octets: Buffer): boolean => {
    if (octets[1] !== 0x69) return false // 'i' of <iq
    const iq = readXml(octets.toString())
    if (iq.attrs['type'] !== 'get' || iq.getChild('ping', 'urn:xmpp:ping') === undefined) return false
    const { from, to, id } = iq.attrs as Record<string, string>
    void send(`<iq from='${to}' id='${id}' to='${from}' type='result'/>`).catch(() => {})
    return true
  }

  const secureServer = createTlsServer({
    cert: options.credentials.certificate,
    key: options.credentials.key,
    ca: options.ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    ...(options.direct === true ? { ALPNProtocols: ['xmpp-server'] } : {}),
  })
  secureServer.on('secureConnection', (socket) => {
    keep(socket)
    acceptSecure(socket, domains).then(
      (stream) => {
        accepted++
        stream.talk.flow((octets) => take(octets, stream))
      },
      (error: Error) => {
        faults.push(error.message)
        socket.destroy()
      },
    )
  })
  secureServer.on('tlsClientError', (error) => faults.push(error.message))
  const server = createServer((socket) => {
    keep(socket)
    if (options.direct === true) return void secureServer.emit('connection', socket)
    acceptPlain(socket, domains, secureServer).catch((error: Error) => {
      faults.push(error.message)
      socket.destroy()
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')

  const open = async (from: string, to: string): Promise<Outgoing> => {
    const plain = connect(options.route(to))
    keep(plain)
    await once(plain, 'connect')
    const stream = await initiate(plain, from, to, options)
    keep(stream.socket)
    let why = 'closed'
    stream.talk.flow((octets) => {
      const element = readXml(octets.toString())
      if (element.name === 'stream:error') why = condition(element)
    })
    const closed = new Promise<string>((resolve) => stream.socket.once('close', () => resolve(why)))
    let corked = false
    return {
      socket: stream.socket,
      closed,
      write(octets) {
        if (!corked) {
          corked = true
          stream.socket.cork()
          setImmediate(() => {
            corked = false
            stream.socket.uncork()
          })
        }
        return stream.socket.write(octets)
      },
    }
  }
  const stream = (from: string, to: string): Promise<Outgoing> => {
    const key = `${from} ${to}`
    const known = outgoing.get(key)
    if (known !== undefined) return known
    const forget = () => {
      if (outgoing.get(key) === made) outgoing.delete(key)
    }
    const made = open(from, to)
    outgoing.set(key, made)
    made.then((link) => link.closed.then(forget), forget)
    return made
  }
  const send = async (xml: string): Promise<void> => {
    const { from, to } = readXml(xml).attrs as Record<string, string>
    const link = await stream(domainOf(from), domainOf(to))
    link.write(xml)
  }

  return {
    port: (server.address() as AddressInfo).port,
    received,
    accepted: () => accepted,
    faults,
    send,
    stream,
    find(match, ms) {
      const known = received.find((stanza) => match(stanza.xml))
      if (known !== undefined) return Promise.resolve(known)
      return new Promise((resolve) => {
        const end = (stanza?: Received) => {
          clearTimeout(timer)
          watchers.delete(watch)
          resolve(stanza)
        }
        const watch = (stanza: Received) => {
          if (match(stanza.xml)) end(stanza)
        }
        const timer = setTimeout(end, ms).unref()
        watchers.add(watch)
      })
    },
    onStanza(handler) {
      watchers.add(handler)
    },
    async close() {
      if (closed) return
      closed = true
      for (const socket of sockets) socket.destroy()
      secureServer.close()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The domain of an address, the parts before `@` and behind `/` taken off. */
function domainOf(address: string | undefined): string {
  const bare = (address ?? '').split('/', 1)[0]!
  return bare.slice(bare.indexOf('@') + 1)
}
