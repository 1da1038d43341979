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
 * Makes the function that is given the octets as they come, and calls `take` for each frame when it is whole. Nothing is kept
 * of a frame whose length is none. Throws a Fault on what is no frame.
 */
export function makeFrameReader(stanzaBytes: number, take: (frame: Frame) => void): (octets: Buffer) => void {
  /** The beginning of a frame whose end has not come yet. */
  let held = Buffer.alloc(0)
  return (octets) => {
    let left = Buffer.concat([held, octets])
    while (left.length >= LENGTH) {
      const rest = left.readUInt32BE(0)
      if (rest < NUMBER + SECOND || rest > NUMBER + SECOND + stanzaBytes) {
        throw new Fault('a frame has a length that none can have')
      }
      if (left.length < LENGTH + rest) break
      take(readFrame(left.subarray(LENGTH, LENGTH + rest)))
      left = left.subarray(LENGTH + rest)
    }
    held = Buffer.from(left)
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
