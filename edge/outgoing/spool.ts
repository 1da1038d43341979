/**
 * What is on its way to the outgoing guard: numbered as it comes in, in order, kept until the guard has answered.
 *
 * The GCXP producer holds up to a window of frames without answer and sends them again after a break; what is beyond waits
 * here. In memory: what a killed edge held is lost (durable spools are a later work). Bounded: when it is full, the edge
 * stops reading its streams.
 */
import { nextNumber, type Producer, type StanzaNumber } from '../../guard/gcxp/index.ts'
import { createQueue } from '../queue.ts'

/** A stanza that was accepted for sending; `T` is what its sender would be answered with. */
type Entry<T> = Readonly<{ count: number; octets: Uint8Array; at: number; note: T }>

export type Spool<T> = Readonly<{
  /** The number of the stanza that is pushed next. */
  next(): StanzaNumber
  /** Takes canonical octets, always, and gives them the next number. False: full, bring no more before `onRoom`. `at` is on the clock of `performance.now()`. */
  push(octets: Uint8Array, at: number, note: T): boolean
  isFull(): boolean
  /** Stanzas that wait for the producer, and those that wait for the guard's answer. */
  waiting(): number
  unanswered(): number
  /** To be called with the producer's events. */
  onAnswer(number: StanzaNumber, accepted: boolean): void
  onProducerRoom(): void
}>

export type SpoolOptions<T> = Readonly<{
  generation: number
  bound: number
  /** The producer, which is made after the spool. */
  producer: () => Producer
  onAnswered(accepted: boolean, note: T, at: number, number: StanzaNumber): void
  onSent(at: number): void
  onRoom(): void
}>

/** Octets waiting beyond the producer's window: the other bound. */
const OCTETS = 32 * 1024 * 1024

export function createSpool<T>(options: SpoolOptions<T>): Spool<T> {
  const waiting = createQueue<Entry<T>>()
  const unanswered = createQueue<Readonly<{ count: number; at: number; note: T }>>()
  let octets = 0
  /** Of the last stanza that was pushed. */
  let count = 0
  let room = true
  let full = false

  function send(): void {
    while (room) {
      const entry = waiting.shift()
      if (entry === undefined) break
      const { count, at, note } = entry
      octets -= entry.octets.length
      unanswered.push({ count, at, note })
      room = options.producer().send({ generation: options.generation, count }, entry.octets)
      options.onSent(at)
    }
    if (full && waiting.size() <= options.bound / 2 && octets <= OCTETS / 2) {
      full = false
      options.onRoom()
    }
  }

  const next = () => nextNumber({ generation: options.generation, count })

  return {
    next,
    push(payload, at, note) {
      count = next().count
      waiting.push({ count, octets: payload, at, note })
      octets += payload.length
      if (room) send()
      if (waiting.size() >= options.bound || octets >= OCTETS) full = true
      return !full
    },
    isFull: () => full,
    waiting: waiting.size,
    unanswered: unanswered.size,
    onAnswer(number, accepted) {
      const entry = unanswered.shift()
      // The producer lets only the answer of its oldest frame through.
      if (entry === undefined || entry.count !== number.count) throw new Error('an answer to no stanza')
      options.onAnswered(accepted, entry.note, entry.at, number)
    },
    onProducerRoom() {
      room = true
      send()
    },
  }
}
