/**
 * What was written on one stream and the server has not said that it has: kept, in order, within bounds, until it says so.
 *
 * By stream management the server says how many it has (XEP-0198); without, a ping stands behind what was sent and its answer
 * says it (barriers.ts). At most one question is open at a time. A server that gives no sign for too long is taken for dead, on an
 * idle stream as well; it is not held to that while nobody reads the stream on which its answers come.
 */
import { createQueue } from '../queue.ts'
import type { OutboundStream } from '../stream/ends.ts'
import type { Barrier } from './barriers.ts'
import type { Delivery } from './delivery.ts'

export type Flight = Readonly<{
  /** Whether more may be written now. */
  hasRoom(): boolean
  /** Writes them in one go. False: wait for the stream to drain. */
  write(batch: readonly Delivery[]): boolean
  /** Asks the server what it has, where that is not asked already. */
  ask(): void
  isEmpty(): boolean
  size(): number
  characters(): number
  /** Whether the server has given no sign when one was due. */
  isDoubted(): boolean
  /** The stream has gone. Gives what the server may not have, in order. */
  end(): Delivery[]
}>

export type FlightOptions = Readonly<{
  stream: OutboundStream
  /** `handed`: what the system has taken counts, and nothing is asked. */
  by: 'management' | 'pings' | 'handed'
  /** The server gave no sign on the stream before: nothing is written before it has, lest the same is sent over and over. */
  doubted: boolean
  /** The stanza as it is sent now. */
  stanzaOf(delivery: Delivery): string
  /** How long the server may take for an answer, and how long a stream may be silent before it is asked (ms). */
  acknowledgeMs: number
  raise(answered: () => void): Barrier
  /** Whether the answers are not being read at present. */
  isHeld(): boolean
  /** The server has something; there may be room again. */
  onSettled(): void
}>

/** Stanzas after which the server is asked at once. */
const ASK_AFTER = 100
/** Otherwise it is asked within so long (ms). */
const ASK_WITHIN_MS = 200
const STANZAS = 1000
/** A server that is throttled to some ten thousand octets a second must get through them in time. */
const CHARACTERS = 256 * 1024

export function createFlight(options: FlightOptions): Flight {
  const { stream, by } = options
  const sent = createQueue<Delivery>()
  let characters = 0
  /** Of this stream's stanzas: written, and settled. */
  let written = 0
  let settled = 0
  let doubted = options.doubted && by !== 'handed'
  /** Up to which the open question goes. */
  let asked: number | undefined
  let barrier: Barrier | undefined
  /** When the server last gave a sign, or had nothing to give one of. */
  let since = performance.now()

  stream.management?.onAcknowledged((count) => {
    asked = undefined
    settle(count)
  })
  const clock = by === 'handed' ? undefined : setInterval(tick, ASK_WITHIN_MS)
  clock?.unref()
  if (doubted) ask()

  function settle(count: number): void {
    doubted = false
    if (count > settled || settled === written) since = performance.now()
    while (settled < count) {
      const item = sent.shift()
      if (item === undefined) break
      settled++
      characters -= item.stanza.length
      item.settled('sent')
    }
    if (written - settled >= ASK_AFTER) ask()
    options.onSettled()
  }

  function ask(): void {
    if (by === 'handed' || asked !== undefined) return
    const upTo = written
    asked = upTo
    if (by === 'management') stream.management?.ask()
    else {
      barrier = options.raise(() => {
        asked = undefined
        barrier = undefined
        settle(upTo)
      })
      stream.write(Buffer.from(barrier.ping, 'utf8'), 1, () => {})
    }
  }

  function tick(): void {
    const now = performance.now()
    if (options.isHeld()) since = now
    else if (now > since + options.acknowledgeMs) {
      if (asked === undefined && written === settled) {
        since = now
        ask()
      } else {
        doubted = true
        stream.fail('connection-timeout', overdue())
        return
      }
    }
    if (written > settled) ask()
  }

  function overdue(): string {
    return by === 'management'
      ? 'the server does not acknowledge what it was sent'
      : 'the server answers no ping: it must be able to reach this edge, or have acknowledge: none'
  }

  return {
    hasRoom: () => !doubted && sent.size() < STANZAS && characters < CHARACTERS,
    write(batch) {
      if (written === settled && asked === undefined) since = performance.now()
      const upTo = (written += batch.length)
      for (const item of batch) {
        sent.push(item)
        characters += item.stanza.length
      }
      stream.session.passed(batch.length)
      const octets = Buffer.from(batch.map(options.stanzaOf).join(''), 'utf8')
      const goesOn = stream.write(octets, batch.length, () => {
        if (by === 'handed') settle(upTo)
      })
      if (written - settled >= ASK_AFTER || characters >= CHARACTERS) ask()
      return goesOn
    },
    ask() {
      if (written > settled) ask()
    },
    isEmpty: () => sent.size() === 0,
    size: sent.size,
    characters: () => characters,
    isDoubted: () => doubted,
    end() {
      clearInterval(clock)
      barrier?.drop()
      const left: Delivery[] = []
      for (let item = sent.shift(); item !== undefined; item = sent.shift()) left.push(item)
      return left
    },
  }
}
