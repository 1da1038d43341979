/**
 * What accepted and opened streams have in common: octets of a socket into a reader that is made anew at each step of the
 * negotiation, an end after which nothing has any effect, and the two clocks that a peer is held to.
 *
 * RFC 6120 §5.4.3.3 and §6.4.6: after STARTTLS and after SASL the stream begins anew, and what was learnt before is
 * forgotten. What a peer sends ahead of that (an injection into the protected part) ends the stream: the element that
 * asks for the change must be all that came since the last word of ours.
 */
import type { Socket } from 'node:net'
import type { Reason } from '../../rules/reasons.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { createStreamReader, type StreamReader } from '../../rules/xml/stream.ts'
import { tlsProblem } from '../tls-ext/handshake.ts'
import { conditionOf } from './fault.ts'
import { readHeader, type StreamHeader } from './header.ts'
import { STREAM_CLOSE, type StreamCondition, streamError } from './text.ts'

/**
 * Octets and depth of one element on the wire. One that is larger or deeper is read to its end and told as spoilt; one of more
 * than `hardBytes` octets ends the stream.
 */
export type WireLimits = Readonly<{ stanzaBytes: number; depth: number; hardBytes: number }>

export type ConnectionEvents = Readonly<{
  onHeader(header: StreamHeader): void
  onElement(element: XmlElement, size: number): void
  /** An element that broke a limit: its name and what says whose it is (rules/xml/stream.ts). */
  onSpoilt(element: XmlElement, reason: Reason, size: number): void
  /** It is over, for good. `why` is for the operator. Called once. */
  onEnd(why: string): void
  /** The peer has closed the stream; `done` is to be called when that may be answered. */
  onPeerClosed?(done: () => void): void
  /** What is said last, before the end tag or the error, on a stream that stands. */
  onParting?(): string
  /** Every half second; `now` by `performance.now()`. */
  onTick?(now: number): void
}>

export type Connection = Readonly<{
  /** Begins a stream on this socket (again): a new reader, what came before is forgotten. */
  restart(socket?: Socket): void
  /** Whether `size` octets, those of the element at hand, are all that came since the last `said`. */
  isAlone(size: number): boolean
  /** Marks that it is the peer's turn now. */
  said(): void
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean
  /** Writes an answer of the protocol. A peer that asks and does not read what it asked for loses the stream. */
  answer(text: string): void
  /** Ends the stream with a stream error, or without one when the peer had closed it. */
  fail(condition: StreamCondition, why: string, detail?: string): void
  /** Ends the stream with this last text. */
  finish(text: string, why: string): void
  /** Closes the stream and goes on reading until the peer has closed it too, for what it had sent by then counts (RFC 6120 §4.4). */
  close(why: string): void
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
/** Octets that may wait for a peer to read them, beyond which it gets no more answers. */
const UNREAD = 1024 * 1024

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
  /** Why we have closed the stream, once we have. */
  let closing: string | undefined
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
    } else events.onTick?.(now)
  }, TICK_MS)
  clock.unref()

  function onData(octets: Buffer): void {
    if (over || reader === undefined) return
    since += octets.length
    const before = reader
    reader.write(octets)
    if (over) return
    if (before === reader) begun = reader.pending() === 0 ? undefined : (begun ?? performance.now())
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
      tolerance: {
        hardBytes: limits.hardBytes,
        onSpoilt(element, reason, size) {
          begun = undefined
          events.onSpoilt(element, reason, size)
        },
      },
      onClose() {
        const answer = () => finish((events.onParting?.() ?? '') + STREAM_CLOSE, 'the peer closed the stream')
        if (events.onPeerClosed === undefined) return answer()
        setTimeout(answer, LINGER_MS).unref()
        events.onPeerClosed(answer)
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
      // Behind our own end tag nothing may follow.
      last.end(closing === undefined ? text : '')
      setTimeout(() => last.destroy(), LINGER_MS).unref()
    }
    end(closing ?? why)
  }

  function fail(condition: StreamCondition, why: string, detail?: string): void {
    const parting = events.onParting?.() ?? ''
    finish((header ?? '') + parting + streamError(condition, detail), `${condition}: ${why}`)
  }

  function write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean {
    return closing === undefined && !over && socket.write(text, done)
  }

  function answer(text: string): void {
    if (socket.writableLength > UNREAD) fail('policy-violation', 'the peer does not read its answers')
    else write(text)
  }

  function close(why: string): void {
    if (over || closing !== undefined) return
    write((events.onParting?.() ?? '') + STREAM_CLOSE)
    closing = why
    // Without an answer in time it is over.
    deadline(performance.now() + LINGER_MS)
  }

  function deadline(at: number | undefined): void {
    until = at
  }

  return {
    restart,
    isAlone: (size) => since === size,
    said() {
      since = 0
    },
    write,
    answer,
    fail,
    finish,
    close,
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
    deadline,
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
