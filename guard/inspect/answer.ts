/**
 * Answers to release (doc/formats.md §4).
 *
 *   header   "SLY1" | 32 octets bundle digest
 *   answer   u32 length of the rest | u64 number | 32 octets SHA-256 of the frame's rest | u8 verdict | u32 row
 *            | u32 position | str reason | str form | str from | str to | u32 length | output
 */

import { hash } from 'node:crypto'
import type { Verdict } from '../../rules/decide/decide.ts'

/** `row` of an answer without one. */
const NO_ROW = 0xffff_ffff

const REFUSED = 0
const ACCEPTED = 1

/** What goes before all answers. `digest` is the bundle's, in hexadecimal. */
export function encodeHeader(digest: string): Uint8Array {
  return Buffer.concat([Buffer.from('SLY1'), Buffer.from(digest, 'hex')])
}

/** The answer to the frame of which `rest` is all behind its length. */
export function encodeAnswer(rest: Uint8Array, verdict: Verdict): Uint8Array {
  const { accepted, form, from, to } = verdict
  const reason = accepted ? '' : verdict.reason
  const output = accepted ? verdict.output : ''
  const texts = [reason, form, from, to]

  const outputOctets = Buffer.byteLength(output)
  let length = 8 + 32 + 1 + 4 + 4 + 4 + outputOctets
  for (const text of texts) length += 2 + Buffer.byteLength(text)

  const answer = Buffer.allocUnsafe(4 + length)
  answer.writeUInt32BE(length, 0)
  answer.set(rest.subarray(0, 8), 4)
  answer.write(hash('sha256', rest, 'latin1'), 12, 'latin1') // a string is made faster than a buffer
  answer[44] = accepted ? ACCEPTED : REFUSED
  answer.writeUInt32BE(accepted && verdict.row >= 0 ? verdict.row : NO_ROW, 45)
  answer.writeUInt32BE(accepted ? 0 : verdict.at, 49)
  let at = 53
  for (const text of texts) {
    const octets = answer.write(text, at + 2)
    answer.writeUInt16BE(octets, at)
    at += 2 + octets
  }
  answer.writeUInt32BE(outputOctets, at)
  answer.write(output, at + 4)
  return answer
}
