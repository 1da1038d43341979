/**
 * When intake lets the next stanza in: by rate, by the window of unanswered frames, by the room in the verifiers' pipes.
 *
 * It delays and never refuses. The rate is a token bucket: `rate` tokens a second, at most `burst` of them at once.
 */

export type Gate = Readonly<{
  /** A new connection: it is held at once when nothing may come in. */
  connected(): void
  /** One stanza came in. */
  passed(): void
  /** Something may have changed: opens the gate when everything allows it. */
  look(): void
  /** Milliseconds in which the gate was closed, by cause. */
  held(): { delayedByRate: number; heldByWindow: number; heldByPipes: number }
}>

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
  let tokens = options.burst
  let filledAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  let closedBy: 'delayedByRate' | 'heldByWindow' | 'heldByPipes' | undefined
  let closedAt = 0
  const held = { delayedByRate: 0, heldByWindow: 0, heldByPipes: 0 }

  function cause(): typeof closedBy {
    if (!options.pipes()) return 'heldByPipes'
    if (!options.window()) return 'heldByWindow'
    if (tokens >= 1) return undefined
    const now = performance.now()
    tokens = Math.min(options.burst, tokens + ((now - filledAt) / 1000) * options.rate)
    filledAt = now
    return tokens >= 1 ? undefined : 'delayedByRate'
  }

  function close(by: NonNullable<typeof closedBy>): void {
    const now = performance.now()
    if (closedBy !== undefined) held[closedBy] += now - closedAt
    closedBy = by
    closedAt = now
    if (by === 'delayedByRate') timer ??= setTimeout(wake, Math.max(1, ((1 - tokens) / options.rate) * 1000))
  }

  function wake(): void {
    timer = undefined
    look()
  }

  function look(): void {
    if (closedBy === undefined) return
    const by = cause()
    if (by !== undefined) {
      if (by !== closedBy || (by === 'delayedByRate' && timer === undefined)) close(by)
      return
    }
    held[closedBy] += performance.now() - closedAt
    closedBy = undefined
    options.open()
  }

  return {
    connected() {
      if (closedBy !== undefined) options.hold()
    },
    passed() {
      tokens--
      const by = cause()
      if (by === undefined || closedBy !== undefined) return
      close(by)
      options.hold()
    },
    look,
    held: () => ({
      delayedByRate: Math.round(held.delayedByRate),
      heldByWindow: Math.round(held.heldByWindow),
      heldByPipes: Math.round(held.heldByPipes),
    }),
  }
}
