/**
 * What the content rules ask of a code point: one number of flags for each, filled from tables/unicode.ts at start.
 */
import { SETS } from './tables/unicode.ts'

/** The flags of every code point: bits of `Flag`. */
export const flagsOf: Uint16Array = fill()

/** Calls `each` with the first and the last code point of every range in a table of hexadecimal ranges. */
export function eachRange(table: string, each: (first: number, last: number) => void): void {
  for (const word of table.trim().split(/[ \n]/)) {
    const [first, last] = word.split('-')
    each(Number.parseInt(first!, 16), Number.parseInt(last ?? first!, 16))
  }
}

function fill(): Uint16Array {
  const flags = new Uint16Array(0x110000)
  for (const [flag, set] of SETS) {
    eachRange(set, (first, last) => {
      for (let point = first; point <= last; point += 1) flags[point]! |= flag
    })
  }
  return flags
}
