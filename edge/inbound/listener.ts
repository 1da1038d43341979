/**
 * The port for the own side's servers, and the streams that stand: one for each pair of domains.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import type { XmlElement } from '../../rules/xml/node.ts'
import { listenProblem } from '../metrics.ts'
import type { Address } from '../outbound/route.ts'
import { acceptStream, type InboundSite, type InboundStream } from './stream.ts'

export type ListenerOptions = Readonly<{
  listen: Address
  site: InboundSite
  onStanza(stream: InboundStream, stanza: XmlElement, size: number): void
  /** Whether nothing more is to be read of streams from this own domain for now. */
  isHeld(from: string): boolean
  /** A stream came to stand or went; `problem` says why a connection did not become one. */
  onOpen(stream: InboundStream): void
  onEnd(stream: InboundStream | undefined, why: string): void
}>

export type Listener = Readonly<{
  port: number
  /** Streams that stand, and connections that are not there yet. */
  open(): number
  negotiating(): number
  /** Asks `isHeld` again for every stream. */
  flow(): void
  close(): void
}>

/** Connections that may negotiate at once: strangers cost memory and handshakes. */
const NEGOTIATING = 64

export function listenForStreams(options: ListenerOptions): Promise<Listener> {
  const standing = new Map<string, InboundStream>()
  const held = new Set<InboundStream>()
  let negotiating = 0

  const server: Server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 },
    (socket) => {
      if (negotiating >= NEGOTIATING) {
        socket.destroy()
        return options.onEnd(undefined, `more than ${NEGOTIATING} connections negotiate at once`)
      }
      negotiating++
      acceptStream(socket, options.site, makeId, {
        onOpen(stream) {
          negotiating--
          const key = `${stream.from} ${stream.to}`
          // A server that came back has a new stream before the old one is noticed to be dead.
          standing.get(key)?.fail('conflict', 'a new stream of the same domains')
          standing.set(key, stream)
          options.onOpen(stream)
          hold(stream)
        },
        onStanza: options.onStanza,
        onEnd(stream, why) {
          if (stream === undefined) negotiating--
          else {
            held.delete(stream)
            const key = `${stream.from} ${stream.to}`
            if (standing.get(key) === stream) standing.delete(key)
          }
          options.onEnd(stream, why)
        },
      })
    },
  )

  function hold(stream: InboundStream): void {
    const wanted = options.isHeld(stream.from)
    if (wanted === held.has(stream)) return
    if (wanted) {
      held.add(stream)
      stream.pause()
    } else {
      held.delete(stream)
      stream.resume()
    }
  }

  const { host, port } = options.listen
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(listenProblem('s2s', options.listen, error))),
    )
    server.listen(port, host, () => {
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        open: () => standing.size,
        negotiating: () => negotiating,
        flow() {
          for (const stream of standing.values()) hold(stream)
        },
        close() {
          server.close()
          for (const stream of [...standing.values()]) stream.fail('system-shutdown', 'the edge stops')
        },
      })
    })
  })
}

function makeId(): string {
  return randomBytes(16).toString('hex')
}
