/**
 * One attribute value or text as it was read: where it stands in the stanza and which code points it means.
 *
 * Most values are plain: printable ASCII without `&`, `<`, `>` and `"`, perhaps with LF and TAB. Their octets are their
 * code points, so `points` is only filled when somebody asks for it (`spread`).
 */
import { widthOf } from './utf8.ts'

/** A value, reused for each: valid until the next is read. */
export type Value = {
  /** First octet, and the one behind the last. */
  start: number
  end: number
  /** Printable ASCII without references, but for LF and TAB when `lines`. */
  plain: boolean
  lines: boolean
  /** Unless `plain`: `length` code points, and the octet at which each begins. */
  points: Uint32Array
  octets: Uint32Array
  length: number
}

/** A value that has room for `most` code points. */
export function makeValue(most: number): Value {
  const points = new Uint32Array(most)
  const octets = new Uint32Array(most)
  return { start: 0, end: 0, plain: true, lines: false, points, octets, length: 0 }
}

/** Fills `points` of a plain value. */
export function spread(value: Value, stanza: Uint8Array): void {
  if (!value.plain) return
  value.length = value.end - value.start
  for (let i = 0; i < value.length; i += 1) {
    value.points[i] = stanza[value.start + i]!
    value.octets[i] = value.start + i
  }
}

/** The text that a value means. `latin1` is the stanza with one character for each octet. */
export function textOf(value: Value, latin1: string): string {
  if (value.plain) return latin1.slice(value.start, value.end)
  return textOfPoints(value.points, 0, value.length)
}

/** The text of the code points from `from` to before `to`. */
export function textOfPoints(points: Uint32Array, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i += 1) text += String.fromCodePoint(points[i]!)
  return text
}

/** Octets of UTF-8 that the code points from `from` to before `to` take. */
export function widthOfPoints(points: Uint32Array, from: number, to: number): number {
  let width = 0
  for (let i = from; i < to; i += 1) width += widthOf(points[i]!)
  return width
}
