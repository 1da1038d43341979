/**
 * The ports for the own side's servers, for STARTTLS and for direct TLS, and the streams that stand: a few for each pair of
 * domains.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { createWaitingRoom } from '../../guard/gcxp/index.ts'
import { listenProblem } from '../metrics.ts'
import type { Address } from '../outbound/route.ts'
import { addressOf } from '../session.ts'
import type { InboundStream } from '../stream/ends.ts'
import type { TlsMode } from '../tls-ext/index.ts'
import type { Standing } from './standing.ts'
import { acceptStream, type InboundEvents, type InboundSite } from './stream.ts'

export type ListenerOptions = Omit<InboundEvents, 'onEnd'> &
  Readonly<{
    listen: Address
    /** Where TLS begins at once (XEP-0368). */
    listenDirect: Address | undefined
    site: InboundSite
    /** Gets the streams as they come and go. */
    standing: Standing
    /** A stream went, or a connection did not become one. */
    onEnd(stream: InboundStream | undefined, why: string, address: string): void
  }>

export type Listener = Readonly<{
  port: number
  directPort: number | undefined
  /** Streams that stand, and connections that are not there yet. */
  open(): number
  negotiating(): number
  /** The streams that stand, and why each is held, where it is. */
  streams(): Readonly<{ stream: InboundStream; held: string | undefined }>[]
  /** Ends streams whose certificate is no longer believed. */
  recheck(): void
  close(): void
}>

/** Connections that may negotiate at once: strangers cost memory and handshakes. */
const NEGOTIATING = 64

/**
 * Streams that may stand for one pair of domains. A server that came back has a new stream before its old one is noticed to
 * be dead, and what came on the old one still counts; so it goes only when there are more than a server has reason for.
 */
const STREAMS = 8

/** Opens the ports. Rejects with one line when one of them cannot be had. */
export async function listenForStreams(options: ListenerOptions): Promise<Listener> {
  const standing = new Map<string, Set<InboundStream>>()
  const negotiating = createWaitingRoom(NEGOTIATING)

  function take(socket: Socket, mode: TlsMode): void {
    negotiating.enter(socket)
    const address = addressOf(socket)
    acceptStream(socket, mode, options.site, makeId, {
      onOpen(stream) {
        negotiating.leave(socket)
        const streams = standing.get(keyOf(stream)) ?? new Set()
        standing.set(keyOf(stream), streams.add(stream))
        if (streams.size > STREAMS) {
          const [oldest] = streams
          oldest!.fail('conflict', `more than ${STREAMS} streams of the same domains`)
        }
        options.onOpen(stream)
        options.standing.add(stream)
      },
      onStanza: options.onStanza,
      onSpoilt: options.onSpoilt,
      onCarrier: options.onCarrier,
      onEnd(stream, why) {
        if (stream !== undefined) {
          options.standing.remove(stream)
          const streams = standing.get(keyOf(stream))
          streams?.delete(stream)
          if (streams?.size === 0) standing.delete(keyOf(stream))
        }
        options.onEnd(stream, why, address)
      },
    })
  }

  const all = () => [...standing.values()].flatMap((streams) => [...streams])

  const servers: Server[] = []
  async function listen(address: Address, mode: TlsMode): Promise<number> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 }, (socket) =>
      take(socket, mode),
    )
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(new Error(listenProblem('s2s', address, error))),
      )
      server.listen(address.port, address.host, resolve)
    })
    servers.push(server)
    const bound = server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : address.port
  }
  function closePorts(): void {
    for (const server of servers) server.close()
  }

  const port = await listen(options.listen, 'starttls')
  try {
    const direct = options.listenDirect
    return {
      port,
      directPort: direct === undefined ? undefined : await listen(direct, 'direct'),
      open: () => all().length,
      negotiating: negotiating.size,
      streams: () => all().map((stream) => ({ stream, held: options.standing.whyHeld(stream) })),
      recheck() {
        for (const stream of all()) stream.recheck()
      },
      close() {
        closePorts()
        for (const stream of all()) stream.fail('system-shutdown', 'the edge stops')
      },
    }
  } catch (error) {
    closePorts()
    throw error
  }
}

function keyOf({ from, to }: InboundStream): string {
  return `${from} ${to}`
}

function makeId(): string {
  return randomBytes(16).toString('hex')
}
