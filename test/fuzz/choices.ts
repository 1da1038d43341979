/**
 * Choices that are read from octets: what makes stanzas from random numbers makes them from a fuzzer's octets then, and a change of an
 * octet is a change of one choice. Behind the last octet each choice is the last one.
 */
import type { random } from '../verify/random.ts'

export function choicesFrom(octets: Uint8Array): ReturnType<typeof random> & { spent(): boolean } {
  let at = 0
  const below = (limit: number) => {
    if (limit <= 1) return 0
    let value = 0
    for (let range = 1; range < limit; range *= 256) {
      if (at >= octets.length) return limit - 1
      value = value * 256 + octets[at++]!
    }
    return value % limit
  }
  return { below, pick: (list) => list[below(list.length)]!, spent: () => at >= octets.length }
}
