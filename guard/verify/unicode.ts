/**
 * What the content rules ask of a code point: one number of flags for each, filled from tables/unicode.ts at start.
 */
import {
  CYRILLIC_GREEK,
  EMOJI,
  GRAPHIC,
  INHERITED,
  JOINING,
  LATIN,
  LOCAL,
  MARK,
  MODIFIER,
  PICTOGRAPHIC,
  RIGHT_TO_LEFT,
  WORD,
} from './tables/unicode.ts'

/** The names of the flags are those of the tables, where each is defined. */
export const Flag = {
  GRAPHIC: 1,
  MARK: 2,
  WORD: 4,
  JOINING: 8,
  INHERITED: 16,
  LATIN: 32,
  CYRILLIC_GREEK: 64,
  EMOJI: 128,
  MODIFIER: 256,
  PICTOGRAPHIC: 512,
  LOCAL: 1024,
  RIGHT_TO_LEFT: 2048,
} as const

/** The flags of every code point. */
export const flagsOf: Uint16Array = fill()

/** Calls `each` with the first and the last code point of every range in a table of hexadecimal ranges. */
export function eachRange(table: string, each: (first: number, last: number) => void): void {
  for (const word of table.trim().split(/[ \n]/)) {
    const dash = word.indexOf('-')
    const first = Number.parseInt(dash < 0 ? word : word.slice(0, dash), 16)
    each(first, dash < 0 ? first : Number.parseInt(word.slice(dash + 1), 16))
  }
}

function fill(): Uint16Array {
  const flags = new Uint16Array(0x110000)
  const tables: [string, number][] = [
    [GRAPHIC, Flag.GRAPHIC],
    [MARK, Flag.MARK],
    [WORD, Flag.WORD],
    [JOINING, Flag.JOINING],
    [INHERITED, Flag.INHERITED],
    [LATIN, Flag.LATIN],
    [CYRILLIC_GREEK, Flag.CYRILLIC_GREEK],
    [EMOJI, Flag.EMOJI],
    [MODIFIER, Flag.MODIFIER],
    [PICTOGRAPHIC, Flag.PICTOGRAPHIC],
    [LOCAL, Flag.LOCAL],
    [RIGHT_TO_LEFT, Flag.RIGHT_TO_LEFT],
  ]
  for (const [table, flag] of tables) {
    eachRange(table, (first, last) => {
      for (let point = first; point <= last; point += 1) flags[point]! |= flag
    })
  }
  return flags
}
