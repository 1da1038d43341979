/**
 * The records of a spool's files (doc/formats.md §9).
 *
 *   record   u32 octets of the body | u32 CRC-32 of the body | u32 CRC-32 of the eight octets before | body
 *   body     u32 octets of the members | members, a JSON object | payload
 *
 * Framed so that what a crash leaves at the end of a file differs from damage: a write that a crash cut off leaves the
 * beginning of a record, or zeros where the file had grown already. Whatever else does not fit is damage, and is told.
 */
import { crc32 } from 'node:zlib'

/** Members of a record, as they are in the file: unchecked. */
export type Members = Readonly<Record<string, unknown>>

const HEAD = 12
const EMPTY = new Uint8Array(0)

/** One record. */
export function encodeRecord(members: object, payload: Uint8Array = EMPTY): Uint8Array {
  const text = Buffer.from(JSON.stringify(members), 'utf8')
  const octets = Buffer.allocUnsafeSlow(HEAD + 4 + text.length + payload.length)
  octets.writeUInt32BE(text.length, HEAD)
  octets.set(text, HEAD + 4)
  octets.set(payload, HEAD + 4 + text.length)
  octets.writeUInt32BE(octets.length - HEAD, 0)
  octets.writeUInt32BE(crc32(octets.subarray(HEAD)), 4)
  octets.writeUInt32BE(crc32(octets.subarray(0, 8)), 8)
  return octets
}

/**
 * Gives `take` each whole record of a file. What it throws goes through.
 * @returns the octets that are sound, behind which a crash cut the writing off; or what is damaged.
 */
export function decodeRecords(
  octets: Buffer,
  take: (members: Members, payload: Buffer) => void,
): number | Readonly<{ problem: string }> {
  let at = 0
  while (at < octets.length) {
    if (octets.length - at < HEAD || isZero(octets, at)) return at
    if (octets.readUInt32BE(at + 8) !== crc32(octets.subarray(at, at + 8)))
      return { problem: `the head of the record at octet ${at} is damaged` }
    const end = at + HEAD + octets.readUInt32BE(at)
    if (end > octets.length) return at
    const body = octets.subarray(at + HEAD, end)
    if (octets.readUInt32BE(at + 4) !== crc32(body)) {
      if (end === octets.length) return at
      return { problem: `the record at octet ${at} is damaged` }
    }
    const split = 4 + body.readUInt32BE(0)
    take(JSON.parse(body.toString('utf8', 4, split)) as Members, body.subarray(split))
    at = end
  }
  return at
}

function isZero(octets: Uint8Array, from: number): boolean {
  for (let i = from; i < octets.length; i++) if (octets[i] !== 0) return false
  return true
}
