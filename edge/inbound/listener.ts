/**
 * The port for the own side's servers, and the streams that stand: a few for each pair of domains.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { createWaitingRoom } from '../../guard/gcxp/index.ts'
import { listenProblem } from '../metrics.ts'
import type { Address } from '../outbound/route.ts'
import type { Standing } from './standing.ts'
import { acceptStream, type InboundEvents, type InboundSite, type InboundStream } from './stream.ts'

export type ListenerOptions = InboundEvents &
  Readonly<{
    listen: Address
    site: InboundSite
    /** Gets the streams as they come and go. */
    standing: Standing
  }>

export type Listener = Readonly<{
  port: number
  /** Streams that stand, and connections that are not there yet. */
  open(): number
  negotiating(): number
  close(): void
}>

/** Connections that may negotiate at once: strangers cost memory and handshakes. */
const NEGOTIATING = 64

/**
 * Streams that may stand for one pair of domains. A server that came back has a new stream before its old one is noticed to
 * be dead, and what came on the old one still counts; so it goes only when there are more than a server has reason for.
 */
const STREAMS = 8

export function listenForStreams(options: ListenerOptions): Promise<Listener> {
  const standing = new Map<string, Set<InboundStream>>()
  const negotiating = createWaitingRoom(NEGOTIATING)

  const server: Server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 },
    (socket) => {
      negotiating.enter(socket)
      acceptStream(socket, options.site, makeId, {
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
          options.onEnd(stream, why)
        },
      })
    },
  )

  const all = () => [...standing.values()].flatMap((streams) => [...streams])

  const { host, port } = options.listen
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(listenProblem('s2s', options.listen, error))),
    )
    server.listen(port, host, () => {
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        open: () => all().length,
        negotiating: negotiating.size,
        close() {
          server.close()
          for (const stream of all()) stream.fail('system-shutdown', 'the edge stops')
        },
      })
    })
  })
}

function keyOf({ from, to }: InboundStream): string {
  return `${from} ${to}`
}

function makeId(): string {
  return randomBytes(16).toString('hex')
}
