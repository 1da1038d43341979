/**
 * Stanzas of one stream in the order in which they came, each of which may have to wait for a clearance.
 *
 * Whatever is behind one that waits goes on behind it, so nothing is overtaken; while it waits, what the others need is asked
 * for already. Bounded in octets: when it is full, no more is read of the stream.
 */

export type Arrivals = Readonly<{
  /**
   * Takes a stanza, always. `awaited` gives what it waits for, or undefined when it can go on; it is asked again each time that
   * something has come. `go` is called once, in order; at once when nothing is to be waited for.
   */
  take(octets: number, awaited: () => Promise<void> | undefined, go: () => void): void
  isFull(): boolean
}>

/** @param bound octets that may wait; @param onRoom there is room again after it was full. */
export function createArrivals(bound: number, onRoom: () => void): Arrivals {
  type Entry = Readonly<{ octets: number; awaited: () => Promise<void> | undefined; go: () => void }>
  const waiting: Entry[] = []
  let octets = 0
  let full = false

  function advance(): void {
    let done = 0
    let wait: Promise<void> | undefined
    while (done < waiting.length) {
      const entry = waiting[done]!
      wait = entry.awaited()
      if (wait !== undefined) break
      done++
      octets -= entry.octets
      entry.go()
    }
    waiting.splice(0, done)
    if (wait !== undefined) void wait.then(advance)
    if (full && octets <= bound / 2) {
      full = false
      onRoom()
    }
  }

  return {
    take(size, awaited, go) {
      const wait = awaited()
      if (waiting.length === 0 && wait === undefined) return go()
      waiting.push({ octets: size, awaited, go })
      octets += size
      if (octets >= bound) full = true
      if (waiting.length === 1) void wait!.then(advance)
    },
    isFull: () => full,
  }
}
