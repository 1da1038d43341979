/**
 * What accepted and opened streams have in common: octets of a socket into a reader that is made anew at each step of the
 * negotiation, an end after which nothing has any effect, and the two clocks that a peer is held to.
 *
 * RFC 6120 §5.4.3.3 and §6.4.6: after STARTTLS and after SASL the stream begins anew, and what was learnt before is
 * forgotten. What a peer sends ahead of that (an injection into the protected part) ends the stream: the element that
 * asks for the change must be all that came since the last word of ours.
 */
import type { Socket } from 'node:net'
import type { XmlElement } from '../../rules/xml/node.ts'
import { createStreamReader, type StreamReader } from '../../rules/xml/stream.ts'
import { tlsProblem } from '../tls-ext/handshake.ts'
import { conditionOf } from './fault.ts'
import { readHeader, type StreamHeader } from './header.ts'
import { STREAM_CLOSE, type StreamCondition, streamError } from './text.ts'

/** Octets and depth of one element on the wire. Wider than the bundle's, so that a stanza too big for it gets an answer. */
export type WireLimits = Readonly<{ stanzaBytes: number; depth: number }>

export type ConnectionEvents = Readonly<{
  onHeader(header: StreamHeader): void
  onElement(element: XmlElement, size: number): void
  /** It is over, for good. `why` is for the operator. Called once. */
  onEnd(why: string): void
  /** The octets of one read have been taken. */
  onTurn?(): void
}>

export type Connection = Readonly<{
  /** Begins a stream on this socket (again): a new reader, what came before is forgotten. */
  restart(socket?: Socket): void
  /** Whether `size` octets, those of the element at hand, are all that came since the last `said`. */
  isAlone(size: number): boolean
  /** Marks that it is the peer's turn now. */
  said(): void
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean
  /** Ends the stream with a stream error, or without one when the peer had closed it. */
  fail(condition: StreamCondition, why: string): void
  /** Ends the stream with this last text. */
  finish(text: string, why: string): void
  /** Takes the socket away from the stream, for TLS. */
  detach(): Socket
  /** Until when the peer must have come further, in milliseconds of `performance.now()`. */
  deadline(at: number | undefined): void
  pause(): void
  resume(): void
  ended(): boolean
  /** Domains of a header for our error to begin with, where we have not yet sent one. */
  opener(text: string | undefined): void
}>

const LINGER_MS = 3_000
const TICK_MS = 500

export function createConnection(
  first: Socket,
  limits: WireLimits,
  stanzaMs: number,
  events: ConnectionEvents,
): Connection {
  let socket = first
  let attached = false
  let reader: StreamReader | undefined
  let over = false
  let paused = false
  let since = 0
  let until: number | undefined
  /** When the element that is not complete yet began to come. */
  let begun: number | undefined
  let header: string | undefined

  const clock = setInterval(() => {
    const now = performance.now()
    if (until !== undefined && now > until) fail('connection-timeout', 'the peer took too long')
    else if (begun !== undefined && !paused && now > begun + stanzaMs) {
      fail('policy-violation', 'an element was not completed in time')
    }
  }, TICK_MS)
  clock.unref()

  function onData(octets: Buffer): void {
    if (over || reader === undefined) return
    since += octets.length
    const before = reader
    reader.write(octets)
    if (over) return
    if (before === reader) begun = reader.pending() === 0 ? undefined : (begun ?? performance.now())
    events.onTurn?.()
  }

  const onError = (error: Error) => end(`the connection broke (${tlsProblem(error)})`)
  const onClose = () => end('the peer closed the connection')

  function attach(next: Socket): void {
    socket = next
    attached = true
    socket.on('data', onData)
    socket.on('error', onError)
    socket.on('close', onClose)
    if (paused) socket.pause()
  }

  function restart(next?: Socket): void {
    reader?.end()
    begun = undefined
    reader = createStreamReader({
      limits,
      onOpen(root) {
        const read = readHeader(root)
        if (typeof read === 'string') fail(read, 'the stream header is not one of an XMPP server')
        else events.onHeader(read)
      },
      onElement(element, size) {
        begun = undefined
        events.onElement(element, size)
      },
      onClose() {
        finish(STREAM_CLOSE, 'the peer closed the stream')
      },
      onError(fault) {
        fail(conditionOf(fault), `the stream is broken: ${fault}`)
      },
    })
    if (next !== undefined) attach(next)
  }

  function end(why: string): void {
    if (over) return
    over = true
    reader?.end()
    clearInterval(clock)
    events.onEnd(why)
  }

  function finish(text: string, why: string): void {
    if (over) return
    if (!attached) socket.destroy()
    else if (!socket.destroyed) {
      const last = socket
      last.resume()
      last.end(text)
      setTimeout(() => last.destroy(), LINGER_MS).unref()
    }
    end(why)
  }

  function fail(condition: StreamCondition, why: string): void {
    finish((header ?? '') + streamError(condition), `${condition}: ${why}`)
  }

  return {
    restart,
    isAlone: (size) => since === size,
    said() {
      since = 0
    },
    write: (text, done) => socket.write(text, done),
    fail,
    finish,
    detach() {
      socket.off('data', onData)
      socket.off('error', onError)
      socket.off('close', onClose)
      // While it is TLS's, its errors come as those of the TLS socket.
      socket.on('error', () => {})
      attached = false
      reader?.end()
      reader = undefined
      return socket
    },
    deadline(at) {
      until = at
    },
    pause() {
      paused = true
      socket.pause()
    },
    resume() {
      paused = false
      // The time during which nobody read is not the peer's.
      if (begun !== undefined) begun = performance.now()
      socket.resume()
    },
    ended: () => over,
    opener(text) {
      header = text
    },
  }
}
