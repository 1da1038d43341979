/**
 * Answers of a verifier, read strictly (doc/formats.md §4): a header once, then one answer for each frame, in order.
 *
 *   header   "SLY1" | 32 octets bundle digest
 *   answer   u64 number | 32 octets SHA-256 of the frame | u8 verdict | u32 row | u32 position
 *            | str reason | str form | str from | str to | u32 length | output
 */
import { REASONS } from '../../rules/reasons.ts'
import { NO_ROW, type Opinion } from '../common/record.ts'
import { readNumber, type StanzaNumber } from '../gcxp/number.ts'

/** An answer; `rest` are its octets, so that two can be compared whole; `output` is a part of them. */
export type Answer = Readonly<{
  number: StanzaNumber
  digest: Uint8Array
  opinion: Opinion
  output: Uint8Array
  rest: Uint8Array
}>

export const HEADER_OCTETS = 36

/** The bundle digest of a header, in hexadecimal; undefined when it is none. */
export function parseHeader(octets: Uint8Array): string | undefined {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, HEADER_OCTETS)
  return buffer.toString('latin1', 0, 4) === 'SLY1' ? buffer.toString('hex', 4) : undefined
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const reasons: ReadonlySet<string> = new Set(REASONS)

/** Reads an answer; undefined when it does not fit the format exactly, or contradicts itself. */
export function parseAnswer(rest: Uint8Array, rows: number): Answer | undefined {
  const octets = Buffer.from(rest.buffer, rest.byteOffset, rest.length)
  if (octets.length < 49 || octets[40]! > 1) return undefined
  const accepted = octets[40] === 1
  const row = octets.readUInt32BE(41)
  const position = octets.readUInt32BE(45)
  const texts: string[] = []
  let at = 49
  for (let i = 0; i < 4; i++) {
    if (octets.length - at < 2) return undefined
    const end = at + 2 + octets.readUInt16BE(at)
    if (end > octets.length) return undefined
    try {
      texts.push(end === at + 2 ? '' : decoder.decode(octets.subarray(at + 2, end)))
    } catch {
      return undefined
    }
    at = end
  }
  if (octets.length - at < 4 || at + 4 + octets.readUInt32BE(at) !== octets.length) return undefined
  const output = octets.subarray(at + 4)
  const [reason, form, from, to] = texts as [string, string, string, string]
  if (row !== NO_ROW && row >= rows) return undefined
  const consistent = accepted
    ? reason === '' && position === 0 && output.length > 0
    : reasons.has(reason) && output.length === 0
  if (!consistent) return undefined
  const opinion: Opinion = { accepted, row, position, reason, form, from, to }
  return { number: readNumber(octets, 0), digest: octets.subarray(8, 40), opinion, output, rest }
}
