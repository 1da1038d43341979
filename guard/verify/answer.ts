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

/** Octets from the number to the position. */
const FIXED = 8 + 32 + 1 + 4 + 4

/** What is written first on the pipe. */
export function encodeStart(digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from('SLY1'), digest])
}

/** The answer to a frame. What is longer than answers may be is for release to refuse. */
export function encodeAnswer(frame: Frame, verdict: Verdict): Buffer {
  const { accepted, form, from, to } = verdict
  const output = Buffer.from(accepted ? verdict.output : '')
  const texts = [accepted ? '' : verdict.reason, form, from, to].map((text) => Buffer.from(text))
  const head = Buffer.alloc(FIXED)
  let at = frame.octets.copy(head, 0)
  at += hash('sha256', frame.rest, 'buffer').copy(head, at)
  at = head.writeUInt8(accepted ? 1 : 0, at)
  at = head.writeUInt32BE(accepted ? verdict.row : NO_ROW, at)
  head.writeUInt32BE(accepted ? 0 : verdict.at, at)
  const rest = [head, ...texts.flatMap((text) => [u16(text.length), text]), u32(output.length), output]
  return Buffer.concat([u32(rest.reduce((sum, part) => sum + part.length, 0)), ...rest])
}

function u16(number: number): Buffer {
  const octets = Buffer.alloc(2)
  octets.writeUInt16BE(number)
  return octets
}

function u32(number: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(number)
  return octets
}
