/**
 * When a stanza goes on: by the window of unanswered frames, by the room in the verifiers' pipes, by rates.
 *
 * It delays and never refuses. One stanza waits, and with it all behind it: answers come in the order of the stanzas, so one
 * pair's delay holds up the whole direction, and nothing more than that one stanza is kept here.
 */
import { createBucket } from '../common/bucket.ts'
import type { Turn } from './pace.ts'

/** What a stanza waits for. */
export type Cause = 'rate' | 'domains' | 'pair' | 'window' | 'pipes'

export type Gate = Readonly<{
  /** A new connection: it is held at once while a stanza waits. */
  connected(): void
  /** A stanza came; true when it goes on now. False: nothing may come before `open`, and then it goes on. */
  arrived(turn: Turn | undefined): boolean
  /** Something may have changed. */
  look(): void
  /** Milliseconds in which a stanza waited, by cause. */
  held(): Record<Cause, number>
  /** Milliseconds since a stanza waits for the verifiers' pipes; 0 when none does. */
  stuck(): number
}>

/** How long a wait is trusted at most, in milliseconds. */
const LONGEST_WAIT_MS = 1000

export function createGate(options: {
  rate: number
  burst: number
  /** Whether there is room for one more unanswered frame. */
  window(): boolean
  /** Whether both verifiers' pipes take more. */
  pipes(): boolean
  hold(): void
  open(): void
}): Gate {
  const direction = createBucket(options.rate, options.burst, performance.now())
  const held: Record<Cause, number> = { rate: 0, domains: 0, pair: 0, window: 0, pipes: 0 }
  let turn: Turn | undefined
  let timed = false
  let closedBy: Cause | undefined
  let closedAt = 0
  let stuckSince = 0

  /** Without `wait` somebody calls `look`. */
  function delay(now: number): { cause: Cause; wait?: number } | undefined {
    if (!options.pipes()) return { cause: 'pipes' }
    if (!options.window()) return { cause: 'window' }
    const wait = direction.wait(now)
    return wait > 0 ? { cause: 'rate', wait } : turn?.delay(now)
  }

  function pass(now: number): void {
    direction.take(now)
    turn?.take(now)
    turn = undefined
  }

  function close({ cause, wait }: { cause: Cause; wait?: number }, now: number): void {
    if (closedBy !== 'pipes') stuckSince = now
    closedBy = cause
    closedAt = now
    if (wait === undefined || timed) return
    timed = true
    setTimeout(wake, Math.min(Math.ceil(wait), LONGEST_WAIT_MS))
  }

  function wake(): void {
    timed = false
    look()
  }

  function look(): void {
    if (closedBy === undefined) return
    const now = performance.now()
    held[closedBy] += now - closedAt
    const why = delay(now)
    if (why !== undefined) {
      close(why, now)
      return
    }
    closedBy = undefined
    pass(now)
    options.open()
  }

  return {
    connected() {
      if (closedBy !== undefined) options.hold()
    },
    arrived(next) {
      const now = performance.now()
      turn = next
      const why = delay(now)
      if (why === undefined) {
        pass(now)
        return true
      }
      close(why, now)
      options.hold()
      return false
    },
    look,
    held: () => {
      const now = performance.now()
      const waiting = closedBy === undefined ? 0 : now - closedAt
      return Object.fromEntries(
        Object.entries(held).map(([cause, ms]) => [
          cause,
          Math.round(cause === closedBy ? ms + waiting : ms),
        ]),
      ) as Record<Cause, number>
    },
    stuck: () => (closedBy === 'pipes' ? performance.now() - stuckSince : 0),
  }
}
