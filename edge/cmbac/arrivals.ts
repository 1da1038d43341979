/**
 * Stanzas of one stream in the order in which they came, each of which may have to wait for a clearance.
 *
 * Whatever is behind one that waits goes on behind it, so nothing is overtaken; while it waits, what some of the others need is
 * asked for already. Bounded in octets: when it is full, no more is read of the stream. Bounded in what is asked for at once
 * too, so that a flood in one stream does not take the directory from the others.
 */

export type Arrivals = Readonly<{
  /**
   * Takes a stanza, always. `awaited` gives what it waits for, or undefined when it can go on; it is asked again each time that
   * something has come. `go` is called once, in order; at once when nothing is to be waited for.
   */
  take(octets: number, awaited: () => Promise<void> | undefined, go: () => void): void
  isFull(): boolean
}>

/** Stanzas that may have asked for something at once. */
const AHEAD = 32

/** @param bound octets that may wait; @param onRoom there is room again after it was full. */
export function createArrivals(bound: number, onRoom: () => void): Arrivals {
  type Entry = Readonly<{ octets: number; awaited: () => Promise<void> | undefined; go: () => void }>
  const waiting: Entry[] = []
  /** How many of them, from the first, have asked. */
  let asked = 0
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
    asked = Math.max(asked - done, 0)
    while (asked < Math.min(AHEAD, waiting.length)) waiting[asked++]!.awaited()
    if (wait !== undefined) void wait.then(advance)
    if (full && octets <= bound / 2) {
      full = false
      onRoom()
    }
  }

  return {
    take(size, awaited, go) {
      const isFirst = waiting.length === 0
      const wait = asked < AHEAD ? awaited() : undefined
      if (isFirst && wait === undefined) return go()
      if (asked < AHEAD) asked++
      waiting.push({ octets: size, awaited, go })
      octets += size
      if (octets >= bound) full = true
      if (isFirst) void wait!.then(advance)
    },
    isFull: () => full,
  }
}
