/** Frames with their length in front, as they pass between stages: u32 length of the rest, rest (doc/formats.md §4). */

export type FrameReader = Readonly<{
  /** Takes over `chunk`. */
  feed(chunk: Uint8Array): void
  /** The rest of the next frame, as a view of what was fed; undefined when more is needed. Throws a `FrameError`. */
  read(): Uint8Array | undefined
}>

/** The other end does not keep to the format: the stage must end. */
export class FrameError extends Error {}

const LENGTH_OCTETS = 4

/** @param limit the longest rest, in octets; checked before room is made for it. */
export function createFrameReader(limit: number): FrameReader {
  let chunk: Uint8Array = new Uint8Array(0)
  let at = 0
  // A frame that spans chunks: its length in `head`, then its rest in `rest`.
  const head = new Uint8Array(LENGTH_OCTETS)
  let headFilled = 0
  let rest: Uint8Array | undefined
  let filled = 0

  function lengthAt(octets: Uint8Array, from: number): number {
    const o = octets
    const length = ((o[from]! << 24) | (o[from + 1]! << 16) | (o[from + 2]! << 8) | o[from + 3]!) >>> 0
    if (length > limit) throw new FrameError(`a frame of ${length} octets, ${limit} are the most`)
    return length
  }

  function read(): Uint8Array | undefined {
    if (rest === undefined) {
      if (headFilled === 0 && chunk.length - at >= LENGTH_OCTETS) {
        const length = lengthAt(chunk, at)
        const end = at + LENGTH_OCTETS + length
        if (end <= chunk.length) {
          const whole = chunk.subarray(at + LENGTH_OCTETS, end)
          at = end
          return whole
        }
      }
      while (headFilled < LENGTH_OCTETS && at < chunk.length) head[headFilled++] = chunk[at++]!
      if (headFilled < LENGTH_OCTETS) return undefined
      rest = Buffer.allocUnsafe(lengthAt(head, 0))
      filled = 0
    }
    const part = Math.min(rest.length - filled, chunk.length - at)
    rest.set(chunk.subarray(at, at + part), filled)
    filled += part
    at += part
    if (filled < rest.length) return undefined
    const whole = rest
    rest = undefined
    headFilled = 0
    return whole
  }

  return {
    feed(next) {
      // Only a reader that stopped early leaves whole frames behind.
      chunk = at < chunk.length ? Buffer.concat([chunk.subarray(at), next]) : next
      at = 0
    },
    read,
  }
}

/** Room for a frame with `length` octets behind its length, which is written. */
export function allocateFrame(length: number): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_OCTETS + length)
  frame.writeUInt32BE(length, 0)
  return frame
}
