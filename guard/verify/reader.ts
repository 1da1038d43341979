/**
 * Reads the canonical form of doc/formats.md §1, octet by octet, and only that: what could be written in another way is
 * refused, so nothing needs normalising and nothing is ever repaired.
 *
 * A reader stands at one octet of one stanza. Each function reads one thing from there and moves behind it, or notes why
 * it cannot (`refuse`) and gives `undefined` or false; nobody reads on after that. What a name or a namespace may be is
 * not decided here: names are compared, as octets, with what the bundle has (profile.ts).
 */
import type { Reason, Refusal } from './reasons.ts'
import { decodePoint, widthOf } from './utf8.ts'
import type { Value } from './value.ts'

export type Reader = {
  readonly stanza: Buffer
  /** The same, one character for each octet, since strings are compared and cut faster than octets. */
  readonly latin1: string
  at: number
  /** The value read last. */
  readonly value: Value
  refusal: Refusal | undefined
}

export const LESS = 0x3c
const GREATER = 0x3e
export const QUOTE = 0x22
export const SLASH = 0x2f
export const BLANK = 0x20
const AMPERSAND = 0x26
const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a

const XMLNS = ' xmlns="'

// What an octet is for readValue's fast way: 1 printable ASCII without & < > ", 2 LF and TAB, 0 all else.
const PLAIN = new Uint8Array(0x100).fill(1, 0x20, 0x7f)
for (const octet of [AMPERSAND, LESS, GREATER, QUOTE]) PLAIN[octet] = 0
for (const octet of [TAB, LF]) PLAIN[octet] = 2

// ASCII octets that stand in names: letters, digits, hyphen, full stop, low line.
const NAME = new Uint8Array(0x100)
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._') {
  NAME[character.charCodeAt(0)] = 1
}

export function makeReader(stanza: Buffer, value: Value): Reader {
  return { stanza, latin1: stanza.toString('latin1'), at: 0, value, refusal: undefined }
}

/** Notes why the stanza is refused; the first time counts. Gives undefined, so that callers can return it. */
export function refuse(reader: Reader, reason: Reason, at = reader.at): undefined {
  reader.refusal ??= { reason, at }
  return undefined
}

/** The octet at which the reader stands, or one further on; undefined behind the end. */
export function peek(reader: Reader, ahead = 0): number | undefined {
  return reader.stanza[reader.at + ahead]
}

/** Moves behind `octets` (as latin1) when exactly these stand here. */
export function readLiteral(reader: Reader, octets: string): boolean {
  if (!reader.latin1.startsWith(octets, reader.at)) return false
  reader.at += octets.length
  return true
}

/**
 * Reads a start tag as far as its name and its namespace declaration: `<name` or `<name xmlns="…"`. Gives these octets,
 * for comparison; that they are a name and a namespace is only known once they equal the bundle's.
 */
export function readOpening(reader: Reader): string | undefined {
  const start = reader.at
  if (peek(reader) !== LESS) return refuse(reader, 'not-well-formed')
  let at = start + 1
  // Behind the end is nothing that stands in a name.
  while (NAME[reader.stanza[at]!] === 1 || reader.stanza[at]! >= 0x80) at += 1
  reader.at = at
  if (at === start + 1) {
    // Comment, CDATA section, document type or processing instruction; or no markup at all.
    return refuse(reader, isCanonicalElsewhere(reader) ? 'not-canonical' : 'not-well-formed')
  }
  if (peek(reader) === COLON) return refuse(reader, 'not-canonical')
  if (readLiteral(reader, XMLNS)) {
    const end = reader.latin1.indexOf('"', reader.at)
    if (end < 0) return refuse(reader, 'not-well-formed')
    reader.at = end + 1
  }
  return reader.latin1.slice(start, reader.at)
}

/** Well-formed and allowed by RFC 6120, but with another spelling in the canonical form. */
function isCanonicalElsewhere(reader: Reader): boolean {
  return reader.latin1.startsWith('![CDATA[', reader.at) || reader.latin1.startsWith('?xml ', reader.at)
}

/** Reads the `>` of a start tag, which has no attribute left. `known` are those that it may have. */
export function readStartTagEnd(reader: Reader, known: readonly { lead: string }[]): boolean {
  if (peek(reader) === GREATER) {
    reader.at += 1
    return true
  }
  refuseInStartTag(reader, known)
  return false
}

/** Says what stands where neither an attribute that may follow nor the end of the start tag does. */
export function refuseInStartTag(reader: Reader, known: readonly { lead: string }[]): undefined {
  const octet = peek(reader)
  if (octet === BLANK && NAME[peek(reader, 1) ?? 0] === 1) {
    // A known attribute is repeated or in another order.
    const spelling = known.some(({ lead }) => reader.latin1.startsWith(lead, reader.at))
    return refuse(reader, spelling ? 'not-canonical' : 'unknown-attribute')
  }
  const other = octet === BLANK || octet === SLASH || octet === TAB || octet === LF || octet === CR
  return refuse(reader, other ? 'not-canonical' : 'not-well-formed')
}

/** Reads an end tag, `</name>`. */
export function readEndTag(reader: Reader, tag: string): boolean {
  if (readLiteral(reader, tag)) return true
  refuse(reader, 'not-well-formed')
  return false
}

/**
 * Reads an attribute value as far as its closing `"`, or a text as far as the next `<`, into `reader.value`, and stands
 * there. Takes every character that XML 1.0 allows in its one canonical spelling.
 */
export function readValue(reader: Reader, closing: typeof QUOTE | typeof LESS): boolean {
  const { stanza, value } = reader
  const length = stanza.length
  const start = reader.at
  let at = start
  let seen = 0
  while (at < length) {
    const kind = PLAIN[stanza[at]!]!
    if (kind === 0) break
    seen |= kind
    at += 1
  }
  const lines = (seen & 2) !== 0
  if (stanza[at] === closing && !(lines && closing === QUOTE)) {
    value.start = start
    value.end = at
    value.plain = true
    value.lines = lines
    reader.at = at
    return true
  }
  return readPoints(reader, closing)
}

/** The long way of readValue: decodes UTF-8 and the references, checks each character. */
function readPoints(reader: Reader, closing: typeof QUOTE | typeof LESS): boolean {
  const { stanza, value } = reader
  const length = stanza.length
  let at = reader.at
  let count = 0
  value.start = at
  value.plain = false
  while (at < length && stanza[at] !== closing) {
    let point = decodePoint(stanza, at)
    let width = 1
    if (point >= 0x80) {
      width = widthOf(point)
      if (point === 0xfffe || point === 0xffff) return refuseValue(reader, 'not-well-formed', at)
    } else if (point === AMPERSAND) {
      point = readReference(reader.latin1, at, closing)
      if (point < 0) return refuseValue(reader, referenceFault(reader.latin1, at), at)
      width = point === AMPERSAND ? 5 : point === QUOTE ? 6 : 4
    } else if (point < 0x20) {
      if (point < 0) return refuseValue(reader, 'not-utf8', at)
      if (point !== TAB && point !== LF && point !== CR) return refuseValue(reader, 'not-well-formed', at)
      if (point === CR || closing === QUOTE) return refuseValue(reader, 'not-canonical', at)
    } else if (point === GREATER) {
      if (closing === LESS) return refuseValue(reader, 'not-canonical', at)
    } else if (point === LESS) {
      return refuseValue(reader, 'not-well-formed', at)
    }
    value.points[count] = point
    value.octets[count] = at
    count += 1
    at += width
  }
  if (at >= length) return refuseValue(reader, 'not-well-formed', length)
  value.end = at
  value.length = count
  reader.at = at
  return true
}

/** The code point of the reference at `at`, or -1. Each stands only where the canonical form needs it. */
function readReference(latin1: string, at: number, closing: typeof QUOTE | typeof LESS): number {
  if (latin1.startsWith('&amp;', at)) return AMPERSAND
  if (latin1.startsWith('&lt;', at)) return LESS
  if (closing === LESS && latin1.startsWith('&gt;', at)) return GREATER
  if (closing === QUOTE && latin1.startsWith('&quot;', at)) return QUOTE
  return -1
}

function referenceFault(latin1: string, at: number): Reason {
  for (const other of ['&#', '&gt;', '&quot;', '&apos;']) {
    if (latin1.startsWith(other, at)) return 'not-canonical'
  }
  return 'not-well-formed'
}

function refuseValue(reader: Reader, reason: Reason, at: number): false {
  refuse(reader, reason, at)
  return false
}
