/** The frame in which intake gives a stanza to both verifiers (doc/formats.md §4): u32 length | u64 number | u64 second | payload. */
import { type StanzaNumber, writeNumber } from '../gcxp/number.ts'
import { allocateFrame } from './frames.ts'

const FRAME_HEAD = 16

export function encodeStanzaFrame(number: StanzaNumber, second: number, payload: Uint8Array): Buffer {
  const frame = allocateFrame(FRAME_HEAD + payload.length)
  writeNumber(frame, 4, number)
  frame.writeUInt32BE(Math.floor(second / 2 ** 32), 12)
  frame.writeUInt32BE(second % 2 ** 32, 16)
  frame.set(payload, 4 + FRAME_HEAD)
  return frame
}
