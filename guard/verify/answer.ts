/**
 * Answers to release (doc/formats.md §4).
 *
 *   first   "SLY1" | 32 octets bundle digest
 *   then    u32 length of the rest | u64 number | 32 octets SHA-256 of the frame's rest | u8 verdict | u32 row
 *           | u32 position | str reason | str form | str from | str to | u32 length | output
 *           str: u16 length, UTF-8
 */
import { hash } from 'node:crypto'
import { NO_ROW, type Verdict } from './decide.ts'
import type { Frame } from './frame.ts'
import { Fault } from './reasons.ts'

/** Octets of an answer without its strings and output. */
const FIXED = 4 + 8 + 32 + 1 + 4 + 4 + 4 * 2 + 4

/** What is written first on the pipe. */
export function encodeStart(digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from('SLY1', 'latin1'), digest])
}

/** Most octets of the rest of an answer. */
export function mostAnswer(stanzaBytes: number): number {
  return 8 * stanzaBytes + 65_536
}

/** The answer to a frame. Throws a Fault when it would be longer than `most`. */
export function encodeAnswer(frame: Frame, verdict: Verdict, most: number): Buffer {
  const { form, from, to } = verdict
  const reason = verdict.accepted ? '' : verdict.reason
  const output = verdict.accepted ? verdict.output : ''
  const room = FIXED + byteLength(reason) + byteLength(form) + byteLength(from) + byteLength(to)
  const length = room + Buffer.byteLength(output, 'utf8')
  if (length - 4 > most) throw new Fault('an answer is longer than answers may be')

  const answer = Buffer.allocUnsafe(length)
  let at = answer.writeUInt32BE(length - 4, 0)
  at += frame.octets.copy(answer, at)
  at += hash('sha256', frame.rest, 'buffer').copy(answer, at)
  at = answer.writeUInt8(verdict.accepted ? 1 : 0, at)
  at = answer.writeUInt32BE(verdict.accepted ? verdict.row : NO_ROW, at)
  at = answer.writeUInt32BE(verdict.accepted ? 0 : verdict.at, at)
  for (const text of [reason, form, from, to]) {
    at = answer.writeUInt16BE(answer.write(text, at + 2, 'utf8'), at) + byteLength(text)
  }
  at = answer.writeUInt32BE(length - room, at)
  answer.write(output, at, 'utf8')
  return answer
}

/** Octets of a text that has room in a str. */
function byteLength(text: string): number {
  const length = Buffer.byteLength(text, 'utf8')
  if (length > 0xffff) throw new Fault('a text is longer than an answer can hold')
  return length
}
