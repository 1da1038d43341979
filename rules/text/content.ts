/**
 * The content rules of doc/formats.md §2: what people may say across the boundary.
 *
 * An allow-list by code point that leaves no room for what cannot be seen (tags, fillers, bidirectional controls,
 * unassigned and private code points, stacked marks), keeps Persian, Hindi and emoji whole, and admits one
 * normalisation form. One pass over code points; ASCII takes a shorter way.
 */

import {
  EMOJI,
  IGNORABLE,
  INHERITED,
  JOINING,
  LATIN,
  LATIN_LIKE,
  LETTER,
  MARK,
  MODIFIER,
  PICTOGRAPH,
  properties,
  VISIBLE,
} from './points.ts'

const TAB = 0x09
const LF = 0x0a
const BLANK = 0x20
const NON_JOINER = 0x200c
const JOINER = 0x200d
const WIDE_BLANK = 0x3000
const EMOJI_STYLE = 0xfe0f

/** Marks in a row that some language may need; more are drawn over other lines. */
const MAX_MARKS = 4

/** A text of 1 to `max` code points; LF and TAB only where `lines`. */
export type TextRule = Readonly<{ max: number; lines: boolean }>

/** Whether a text satisfies its rule and the content rules. Linear in its length, which `max` bounds first. */
export function checkText(value: string, rule: TextRule): boolean {
  if (value === '' || value.length > 2 * rule.max) return false
  if ((rule.lines ? ASCII_LINES : ASCII).test(value)) return value.length <= rule.max
  return codePoints(value) <= rule.max && satisfiesContentRules(value, rule.lines, true)
}

/** Whether a value may be the resource of an address (RFC 7622 §3.4, narrowed): 1 to `max` code points, at most 1,023 octets. */
export function checkResource(value: string, max: number): boolean {
  if (value === '' || value.length > 1023) return false
  if (ASCII.test(value)) return value.length <= max
  return (
    codePoints(value) <= max && Buffer.byteLength(value) <= 1023 && satisfiesContentRules(value, false, false)
  )
}

const ASCII = /^[ -~]*$/
const ASCII_LINES = /^[\t\n -~]*$/

/** How many code points a text has. */
export function codePoints(value: string): number {
  let count = 0
  for (let i = 0; i < value.length; i++) if ((value.charCodeAt(i) & 0xfc00) !== 0xdc00) count++
  return count
}

/** Rules 1 to 7, in one pass but for the last. */
function satisfiesContentRules(value: string, lines: boolean, wideBlank: boolean): boolean {
  let marks = 0
  /** Scripts seen in the run of letters and marks so far. */
  let run = 0
  /** The code point before, its properties, and whether its script (an inherited one resolved) needs joiners. */
  let before = 0
  let is = 0
  let joining = false

  for (let i = 0; i < value.length; ) {
    const point = value.codePointAt(i)!
    i += point > 0xffff ? 2 : 1
    const was = is
    is = properties(point)

    if ((is & VISIBLE) === 0) {
      const admitted =
        point === BLANK ||
        (point === WIDE_BLANK && wideBlank) ||
        ((point === LF || point === TAB) && lines) ||
        ((point === NON_JOINER || point === JOINER) &&
          mayJoin(point, before, was, joining, value.codePointAt(i)))
      if (!admitted) return false
    } else if ((is & IGNORABLE) !== 0) {
      if (point !== EMOJI_STYLE || (was & EMOJI) === 0) return false
    }

    if ((is & MARK) !== 0) {
      if (before === 0 || ++marks > MAX_MARKS) return false
    } else marks = 0

    if ((is & (LETTER | MARK)) !== 0) {
      run |= is
      if ((run & LATIN) !== 0 && (run & LATIN_LIKE) !== 0) return false
    } else run = 0

    if ((is & INHERITED) === 0) joining = (is & JOINING) !== 0
    before = point
  }
  return value.normalize('NFC') === value
}

/** Rule 3: whether a joiner may stand between two code points. */
function mayJoin(
  joiner: number,
  before: number,
  was: number,
  joining: boolean,
  after: number | undefined,
): boolean {
  if (after === undefined) return false
  const next = properties(after)
  const inScript =
    joining &&
    (was & (LETTER | MARK)) !== 0 &&
    (next & (LETTER | MARK)) !== 0 &&
    (next & (INHERITED | JOINING)) !== 0
  if (inScript) return true
  const afterEmoji = (was & (PICTOGRAPH | MODIFIER)) !== 0 || before === EMOJI_STYLE
  return joiner === JOINER && afterEmoji && (next & PICTOGRAPH) !== 0
}
