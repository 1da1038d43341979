/**
 * A token bucket: a rate is kept by waiting, or seen to be passed.
 *
 * In any span of t seconds no more is taken than `capacity + rate * t`. Times are milliseconds of the monotonic clock.
 */

export type Bucket = Readonly<{
  /** Milliseconds until there is a token; 0 when there is one. */
  wait(now: number): number
  /** Takes one, which must be there. */
  take(now: number): void
  /** Milliseconds until it is full, and so no different from a new one. */
  fullIn(now: number): number
}>

/** @param rate tokens a second; @param capacity tokens at once, with which it begins. */
export function createBucket(rate: number, capacity: number, now: number): Bucket {
  let tokens = capacity
  let filledAt = now

  function fill(now: number): void {
    tokens = Math.min(capacity, tokens + ((now - filledAt) / 1000) * rate)
    filledAt = now
  }

  const until = (wanted: number): number => (tokens >= wanted ? 0 : ((wanted - tokens) / rate) * 1000)

  return {
    wait(now) {
      fill(now)
      return until(1)
    },
    take(now) {
      fill(now)
      tokens--
    },
    fullIn(now) {
      fill(now)
      return until(capacity)
    },
  }
}
