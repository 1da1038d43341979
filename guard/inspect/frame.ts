/** A frame of intake, taken apart: u64 number | u64 second | payload (doc/formats.md §4). */

import { LAST_SECOND } from '../../rules/text/date.ts'
import type { StanzaNumber } from '../../rules/text/numbered.ts'

/** Octets before the payload. */
export const FRAME_HEAD = 16

export type Frame = Readonly<{ number: StanzaNumber; second: number; payload: Uint8Array }>

/** Reads the rest of a frame; undefined when it does not fit the format. */
export function parseFrame(rest: Uint8Array): Frame | undefined {
  if (rest.length < FRAME_HEAD) return undefined
  const view = new DataView(rest.buffer, rest.byteOffset, FRAME_HEAD)
  const second = view.getUint32(8) * 0x1_0000_0000 + view.getUint32(12)
  if (second > LAST_SECOND) return undefined
  const count = view.getUint16(2) * 0x1_0000_0000 + view.getUint32(4)
  return { number: { generation: view.getUint16(0), count }, second, payload: rest.subarray(FRAME_HEAD) }
}
