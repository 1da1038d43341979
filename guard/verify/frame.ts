/**
 * Takes frames off the pipe from intake (doc/formats.md §4).
 *
 *   u32 length of the rest | u64 number | u64 second | stanza
 */
import { LAST_SECOND } from './dates.ts'
import type { FrameNumber } from './numbered.ts'
import { Fault } from './reasons.ts'

const LENGTH = 4
const NUMBER = 8
const SECOND = 8

/** One frame. The buffers are only valid until the next octets are taken. */
export type Frame = Readonly<{
  /** All behind the length: what the answer's digest is of. */
  rest: Buffer
  /** Its eight octets, and what they say. */
  octets: Buffer
  number: FrameNumber
  second: number
  stanza: Buffer
}>

/**
 * Makes the function that is given the octets as they come, and calls `take` for each frame when it is whole. A length
 * is checked before anything is kept for it. Throws a Fault on what is no frame.
 */
export function makeFrameReader(stanzaBytes: number, take: (frame: Frame) => void): (octets: Buffer) => void {
  const most = NUMBER + SECOND + stanzaBytes
  // The beginning of a frame whose end has not come yet.
  const held = Buffer.alloc(LENGTH + most)
  let size = 0

  /** Length of the frame that begins at `at`, which has its length field whole. */
  const lengthOf = (octets: Buffer, at: number): number => {
    const rest = octets.readUInt32BE(at)
    if (rest < NUMBER + SECOND || rest > most) throw new Fault('a frame has a length that none can have')
    return LENGTH + rest
  }

  /** Copies as much as is there, until `held` has `wanted` octets. Gives the place behind what was copied. */
  const hold = (octets: Buffer, at: number, wanted: number): number => {
    const end = Math.min(octets.length, at + wanted - size)
    octets.copy(held, size, at, end)
    size += end - at
    return end
  }

  return (octets) => {
    let at = 0
    if (size > 0) {
      if (size < LENGTH) at = hold(octets, at, LENGTH)
      if (size < LENGTH) return
      const length = lengthOf(held, 0)
      at = hold(octets, at, length)
      if (size < length) return
      size = 0
      take(readFrame(held.subarray(LENGTH, length)))
    }
    while (octets.length - at >= LENGTH) {
      const end = at + lengthOf(octets, at)
      if (end > octets.length) break
      take(readFrame(octets.subarray(at + LENGTH, end)))
      at = end
    }
    hold(octets, at, held.length)
  }
}

function readFrame(rest: Buffer): Frame {
  const second = rest.readUInt32BE(NUMBER) * 0x100000000 + rest.readUInt32BE(NUMBER + 4)
  if (second > LAST_SECOND) throw new Fault('a frame has a second beyond the year 9999')
  return {
    rest,
    octets: rest.subarray(0, NUMBER),
    number: { generation: rest.readUInt16BE(0), count: rest.readUIntBE(2, 6) },
    second,
    stanza: rest.subarray(NUMBER + SECOND),
  }
}
