/**
 * BER and DER: tag, length, value (X.690), as much as security labels and clearances need.
 *
 * One reader, two strictnesses. `der`: definite minimal lengths and primitive strings only. `ber`: also indefinite and
 * padded lengths and strings in segments (X.690 §8.1.3, §8.6.4, §8.7.3, §8.23), which are given as one. Tags above 30 are
 * refused in both: no label has them.
 * Whether the *order* of a SET is DER is not seen here; a codec re-encodes and compares (`rules/label/ess.ts`).
 */
import { decodeOid, encodeOid } from './oid.ts'

/** A value: its identifier octet, and either its content octets or, when constructed, its members. */
export type Tlv = Readonly<{ tag: number; content: Uint8Array; members: readonly Tlv[] }>

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  oid: 0x06,
  octetString: 0x04,
  utf8String: 0x0c,
  printableString: 0x13,
  sequence: 0x30,
  set: 0x31,
} as const

const CONSTRUCTED = 0x20
const MAX_DEPTH = 12
const MAX_OCTETS = 1 << 22
const NONE: readonly Tlv[] = []

/** Why octets were not read: an octet offset and a sentence. */
export type DerProblem = Readonly<{ problem: string; at: number }>

/**
 * Reads exactly one value that fills `octets`. Nothing is guessed: trailing octets, a truncated value or a
 * length in a form that `rules` does not admit give a problem with its offset.
 */
export function readDer(octets: Uint8Array, rules: 'der' | 'ber'): Tlv | DerProblem {
  if (octets.length > MAX_OCTETS) return { problem: 'too long', at: 0 }
  const reader = { octets, at: 0, ber: rules === 'ber' }
  const tlv = readTlv(reader, octets.length, 0)
  if ('problem' in tlv) return tlv
  if (reader.at !== octets.length) return { problem: 'octets behind the value', at: reader.at }
  return tlv
}

type Reader = { readonly octets: Uint8Array; at: number; readonly ber: boolean }

function readTlv(reader: Reader, end: number, depth: number): Tlv | DerProblem {
  const { octets } = reader
  const start = reader.at
  if (depth > MAX_DEPTH) return { problem: 'nested too deeply', at: start }
  if (end - start < 2) return { problem: 'truncated', at: start }
  const tag = octets[start] as number
  if ((tag & 0x1f) === 0x1f) return { problem: 'a tag number above 30', at: start }
  const isConstructed = (tag & CONSTRUCTED) !== 0
  reader.at = start + 1
  const length = readLength(reader, end, isConstructed)
  if (typeof length === 'object') return length
  if (length !== undefined && length > end - reader.at) return { problem: 'truncated', at: start }
  const from = reader.at
  const stop = length === undefined ? end : from + length
  if (!isConstructed) {
    reader.at = stop
    return { tag, content: octets.subarray(from, stop), members: NONE }
  }
  const members: Tlv[] = []
  for (;;) {
    if (length !== undefined && reader.at === stop) break
    if (length === undefined && end - reader.at < 2) return { problem: 'no end of contents', at: reader.at }
    if (length === undefined && octets[reader.at] === 0 && octets[reader.at + 1] === 0) break
    const member = readTlv(reader, stop, depth + 1)
    if ('problem' in member) return member
    members.push(member)
  }
  const content = octets.subarray(from, reader.at)
  if (length === undefined) reader.at += 2
  const string = STRINGS.get(tag)
  if (string === undefined) return { tag, content, members }
  const joined = reader.ber ? joinSegments(string, members) : undefined
  return joined ?? { problem: 'a string in segments', at: start }
}

/** The length behind a tag: undefined when it is indefinite (X.690 §8.1.3). */
function readLength(reader: Reader, end: number, isConstructed: boolean): number | undefined | DerProblem {
  const { octets, ber } = reader
  const start = reader.at
  const lead = octets[start] as number
  reader.at += 1
  if (lead < 0x80) return lead
  if (lead === 0x80) return ber && isConstructed ? undefined : { problem: 'indefinite length', at: start }
  const stop = reader.at + (lead & 0x7f)
  if (lead === 0xff || stop > end) return { problem: 'a length that does not fit', at: start }
  if (ber) while (reader.at < stop && octets[reader.at] === 0) reader.at += 1
  if (stop - reader.at > 4) return { problem: 'a length that does not fit', at: start }
  let length = 0
  for (let i = reader.at; i < stop; i++) length = length * 256 + (octets[i] as number)
  if (!ber && (length < 0x80 || octets[reader.at] === 0)) {
    return { problem: 'a length that is not minimal', at: start }
  }
  reader.at = stop
  return length
}

/** Identifier octets of strings in segments, and those of the same strings in one piece. */
const STRINGS: ReadonlyMap<number, number> = new Map(
  [TAG.bitString, TAG.octetString, TAG.utf8String, TAG.printableString].map((tag) => [
    tag | CONSTRUCTED,
    tag,
  ]),
)

/**
 * A string whose segments have been read: a BIT STRING's are BIT STRINGs (§8.6.4), any other's are OCTET STRINGs (§8.7.3,
 * §8.23.6). Segments in segments have been joined before.
 */
function joinSegments(tag: number, segments: readonly Tlv[]): Tlv | undefined {
  const content = tag === TAG.bitString ? joinBits(segments) : joinOctets(segments)
  return content === undefined ? undefined : { tag, content, members: NONE }
}

function joinOctets(segments: readonly Tlv[]): Uint8Array | undefined {
  if (segments.some((segment) => segment.tag !== TAG.octetString)) return undefined
  return Buffer.concat(segments.map((segment) => segment.content))
}

/** The content of a BIT STRING in segments, or undefined: all but the last have whole octets. */
function joinBits(segments: readonly Tlv[]): Uint8Array | undefined {
  const parts: Uint8Array[] = []
  let unused = 0
  for (const { tag, content } of segments) {
    if (tag !== TAG.bitString || content.length === 0 || unused !== 0) return undefined
    unused = content[0] as number
    parts.push(content.subarray(1))
  }
  return Buffer.concat([Uint8Array.of(unused), ...parts])
}

/** The octets of a value in DER: `tag`, minimal length, the parts one behind the other. */
export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const head = length < 0x80 ? SHORT_HEAD : longLength(length)
  const out = new Uint8Array(head.length + 1 + length)
  out[0] = tag
  if (head === SHORT_HEAD) out[1] = length
  else out.set(head, 1)
  let at = head.length + 1
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const SHORT_HEAD: readonly number[] = [0]

function longLength(length: number): number[] {
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return [0x80 | octets.length, ...octets]
}

/** A SET OF in DER (X.690 §11.6): the members in ascending order of their octets. */
export function writeSetOf(members: readonly Uint8Array[]): Uint8Array {
  return writeDer(TAG.set, ...[...members].sort(compareOctets))
}

/** Order of octet strings as unsigned octets, a proper prefix first. */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** A non-negative INTEGER's value as canonical decimal, or undefined: negative, empty, or padded. */
export function readInteger(content: Uint8Array): string | undefined {
  const first = content[0]
  if (first === undefined || first >= 0x80) return undefined
  if (first === 0 && content.length > 1 && (content[1] as number) < 0x80) return undefined
  if (content.length <= 6) {
    let value = 0
    for (const octet of content) value = value * 256 + octet
    return String(value)
  }
  if (content.length > MAX_INTEGER_OCTETS) return undefined
  return BigInt(`0x${Buffer.from(content).toString('hex')}`).toString()
}

/** Integers above this are no label's: 2^512 has 155 digits. */
const MAX_INTEGER_OCTETS = 65

/** An INTEGER in DER; `decimal` is a non-negative decimal number. */
export function writeInteger(decimal: string): Uint8Array {
  let hex = BigInt(decimal).toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  if (hex[0]! >= '8') hex = `00${hex}`
  return writeDer(TAG.integer, Buffer.from(hex, 'hex'))
}

/**
 * The numbers of the bits that are set (X.690 §8.6: bit 0 is the most significant of the first octet), or
 * undefined when the count of unused bits is impossible. Unused bits that are set count as nothing, as X.690 lets
 * BER senders do; who wants DER compares with `writeBits`.
 */
export function readBits(content: Uint8Array): number[] | undefined {
  const unused = content[0]
  if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1)) return undefined
  const bits: number[] = []
  const end = (content.length - 1) * 8 - unused
  for (let octet = 1; octet < content.length; octet++) {
    const value = content[octet] as number
    if (value === 0) continue
    for (let bit = 0; bit < 8; bit++) {
      const number = (octet - 1) * 8 + bit
      if ((value & (0x80 >> bit)) !== 0 && number < end) bits.push(number)
    }
  }
  return bits
}

/** A BIT STRING with a named bit list in DER (X.690 §11.2.2): no zero bits behind the last one that is set. */
export function writeBits(bits: readonly number[]): Uint8Array {
  const highest = bits.reduce((a, b) => Math.max(a, b), -1)
  const content = new Uint8Array(1 + Math.ceil((highest + 1) / 8))
  content[0] = (8 - ((highest + 1) % 8)) % 8
  for (const bit of bits) {
    const at = 1 + Math.floor(bit / 8)
    content[at] = (content[at] as number) | (0x80 >> (bit % 8))
  }
  return writeDer(TAG.bitString, content)
}

/**
 * The content of a BIT STRING that is tagged implicitly: in one piece under `tag`, or in segments (X.690 §8.6.4), which
 * nothing but the type tells from other constructed values. Undefined when it is neither.
 */
export function taggedBits(tlv: Tlv, tag: number): Uint8Array | undefined {
  if (tlv.tag === tag) return tlv.content
  return tlv.tag === (tag | CONSTRUCTED) ? joinBits(tlv.members) : undefined
}

/** An OBJECT IDENTIFIER under `tag` (0x06 unless implicitly tagged). Throws when `oid` is not one. */
export function writeOid(oid: string, tag: number = TAG.oid): Uint8Array {
  const content = encodeOid(oid)
  if (content === undefined) throw new RangeError(`not an object identifier: ${oid}`)
  return writeDer(tag, content)
}

/** The dotted decimal of a value that is an OBJECT IDENTIFIER under `tag`, or undefined. */
export function readOid(tlv: Tlv | undefined, tag: number = TAG.oid): string | undefined {
  return tlv !== undefined && tlv.tag === tag ? decodeOid(tlv.content) : undefined
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a UTF8String or PrintableString, or undefined when its octets are not of its type. */
export function readString(tlv: Tlv): string | undefined {
  if (tlv.tag === TAG.printableString) {
    let value = ''
    for (const octet of tlv.content) {
      if (!isPrintable(octet)) return undefined
      value += String.fromCharCode(octet)
    }
    return value
  }
  if (tlv.tag !== TAG.utf8String) return undefined
  try {
    return UTF8.decode(tlv.content)
  } catch {
    return undefined
  }
}

/** Whether every character is of PrintableString (X.680 §41.4). */
export function isPrintableString(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (!isPrintable(value.charCodeAt(i))) return false
  return true
}

function isPrintable(octet: number): boolean {
  if (octet >= 0x30 && octet <= 0x39) return true
  if ((octet >= 0x41 && octet <= 0x5a) || (octet >= 0x61 && octet <= 0x7a)) return true
  return " '()+,-./:=?".includes(String.fromCharCode(octet)) && octet < 0x80
}

export function writeUtf8(value: string, tag: number = TAG.utf8String): Uint8Array {
  return writeDer(tag, new TextEncoder().encode(value))
}

/** Octets as they stand, for a value that is carried without being understood. */
export function rawTlv(tlv: Tlv): Uint8Array {
  return tlv.members.length > 0 || (tlv.tag & CONSTRUCTED) !== 0
    ? writeDer(tlv.tag, ...tlv.members.map(rawTlv))
    : writeDer(tlv.tag, tlv.content)
}
