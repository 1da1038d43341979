/**
 * What a stage tells `metrics`: once a second one JSON object a line, absolute values under fixed names. A snapshot for
 * which the pipe has no room is left out, so a stalled reader holds nothing up.
 */
import type { Socket } from 'node:net'

/** Upper bounds of the latency histogram, in seconds. */
export const LATENCY_BOUNDS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
] as const

/** Counts of observations at or below each bound (not cumulative; the last count is above all bounds), and their sum. */
export type Latency = Readonly<{ counts: number[]; sum: number }>

export type IntakeSnapshot = Readonly<{
  stage: 'intake'
  listening: boolean
  connected: boolean
  /** Why the last connection, or attempt at one, ended; empty while there is a producer. */
  trouble: string
  connections: number
  turnedAway: number
  violations: number
  received: number
  /** One-way: numbers that the producer left out. */
  missing: number
  outstanding: number
  /** Milliseconds since the oldest of them came, 0 when there is none; without responses, since one waits for a verifier's pipe. */
  oldestWaits: number
  /** Milliseconds in which the producer was held back: by a rate, by the window, by a verifier's full pipe. */
  held: Readonly<Record<'rate' | 'domains' | 'pair' | 'window' | 'pipes', number>>
  latency: Latency
  certificateNotAfter: number
}>

export type ReleaseSnapshot = Readonly<{
  stage: 'release'
  bundle: string
  connected: boolean
  /** Why there is no connection to the consumer; empty while there is one. */
  trouble: string
  breaks: number
  released: number
  confirmed: number
  /** By the reason that inspect gave. */
  refused: Readonly<Record<string, number>>
  disagreements: number
  declined: number
  waitingForVerify: number
  waitingForInspect: number
  waitingForJournal: number
  unanswered: number
  /** Why nothing leaves, in one line; empty while the gate is open. */
  gate: string
  certificateNotAfter: number
}>

export type JournalSnapshot = Readonly<{
  stage: 'journal'
  records: number
  waiting: number
  flushes: number
  octets: number
  /** The first 48 bits of the head of the hash chain behind `records` records. */
  headPrefix: number
  /** What the file system of the journal still takes. */
  freeOctets: number
}>

export type Snapshot = IntakeSnapshot | ReleaseSnapshot | JournalSnapshot

const SNAPSHOT_MS = 1000

/** Sends a snapshot a second down `pipe`, one at once, and one whenever the result is called. */
export function sendSnapshots(pipe: Socket, snapshot: () => Snapshot): () => void {
  const send = () => {
    if (pipe.writableLength === 0) pipe.write(`${JSON.stringify(snapshot())}\n`)
  }
  send()
  setInterval(send, SNAPSHOT_MS).unref()
  return send
}

export function createLatency(): Latency & { observe(seconds: number): void } {
  const counts: number[] = new Array(LATENCY_BOUNDS.length + 1).fill(0)
  const latency = {
    counts,
    sum: 0,
    observe(seconds: number) {
      let bucket = 0
      while (bucket < LATENCY_BOUNDS.length && seconds > LATENCY_BOUNDS[bucket]!) bucket++
      counts[bucket]!++
      latency.sum += seconds
    },
  }
  return latency
}
