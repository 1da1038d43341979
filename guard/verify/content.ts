/**
 * The content rules for free text (doc/formats.md §2, "Content rules"), by code point.
 */
import { isNfc } from './nfc.ts'
import { Flag } from './tables/unicode.ts'
import { flagsOf } from './unicode.ts'

const TAB = 0x09
const LF = 0x0a
const SPACE = 0x20
const ZWNJ = 0x200c
const ZWJ = 0x200d
const IDEOGRAPHIC_SPACE = 0x3000
const VARIATION_SELECTOR_16 = 0xfe0f
const MOST_MARKS = 4

/** Which blanks beside U+0020 a text may hold. */
export type Blanks = Readonly<{ lines: boolean; ideographic: boolean }>

/** Index of the first code point, from `from` to before `to`, that the content rules do not admit; -1 when there is none. */
export function findBadContent(points: Uint32Array, from: number, to: number, blanks: Blanks): number {
  // Flags of the nearest code point so far that is not Script=Inherited: it gives marks their script (rule 3).
  let base = 0
  for (let i = from; i < to; i += 1) {
    const point = points[i]!
    const flags = flagsOf[point]!
    if ((flags & Flag.INHERITED) === 0) base = flags
    if ((flags & Flag.GRAPHIC) !== 0 || point === SPACE) continue
    const admitted =
      point === ZWNJ || point === ZWJ
        ? i > from && i + 1 < to && mayJoin(point, points[i - 1]!, points[i + 1]!, base)
        : point === VARIATION_SELECTOR_16
          ? i > from && (flagsOf[points[i - 1]!]! & Flag.EMOJI) !== 0
          : point === IDEOGRAPHIC_SPACE
            ? blanks.ideographic
            : (point === LF || point === TAB) && blanks.lines
    if (!admitted) return i
  }
  const bad = findBadMarks(points, from, to)
  if (bad >= 0) return bad
  return isNfc(points, from, to) ? -1 : from
}

/** Rule 3: whether U+200C or U+200D may stand between `before` and `after`; `base` as in findBadContent. */
function mayJoin(joiner: number, before: number, after: number, base: number): boolean {
  if (hasJoiningScript(flagsOf[before]!, base) && hasJoiningScript(flagsOf[after]!, base)) return true
  if (joiner !== ZWJ || (flagsOf[after]! & Flag.PICTOGRAPHIC) === 0) return false
  return before === VARIATION_SELECTOR_16 || (flagsOf[before]! & (Flag.PICTOGRAPHIC | Flag.MODIFIER)) !== 0
}

function hasJoiningScript(flags: number, base: number): boolean {
  if ((flags & Flag.WORD) === 0) return false
  return ((flags & Flag.INHERITED) === 0 ? flags & Flag.JOINING : base & Flag.JOINING) !== 0
}

/**
 * Rules 5 and 6: index of a mark at the start, of a fifth mark in a row, or of a letter that mixes Latin with Cyrillic
 * or Greek in one word; -1 when there is none.
 */
export function findBadMarks(points: Uint32Array, from: number, to: number): number {
  let marks = 0
  let scripts = 0
  for (let i = from; i < to; i += 1) {
    const flags = flagsOf[points[i]!]!
    marks = (flags & Flag.MARK) !== 0 ? marks + 1 : 0
    if (marks > MOST_MARKS || (marks > 0 && i === from)) return i
    scripts = (flags & Flag.WORD) !== 0 ? scripts | (flags & (Flag.LATIN | Flag.CYRILLIC_GREEK)) : 0
    if (scripts === (Flag.LATIN | Flag.CYRILLIC_GREEK)) return i
  }
  return -1
}
