/**
 * Cuts an XML stream into the octets of its top-level elements, without parsing them.
 *
 * For tests, demo and benchmark, where the other end is a Sallyport edge: it knows tags, quotes and depth, which is all
 * that framing needs, and runs at several hundred megabytes a second. It refuses what such an end never
 * sends (comments, CDATA, processing instructions behind the header). It checks nothing else.
 */
export type SlicerEvents = Readonly<{
  /** The start tag of the stream, XML declaration left out. */
  onHeader: (tag: Buffer) => void
  /** One whole child of the stream; a view that is valid during the call only. */
  onElement: (octets: Buffer) => void
  /** The stream's end tag. */
  onClose: () => void
}>

const LESS = 0x3c
const GREATER = 0x3e
const SLASH = 0x2f
const QUESTION = 0x3f
const EXCLAMATION = 0x21
const QUOTE = 0x22
const APOSTROPHE = 0x27

/** Returns a function that takes the stream's octets as they come. It throws on what it does not know. */
export function createSlicer(events: SlicerEvents): (chunk: Buffer) => void {
  let buffer: Buffer = Buffer.alloc(0)
  let at = 0
  let start = 0
  let depth = 0

  return (chunk) => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
    for (;;) {
      const open = buffer.indexOf(LESS, at)
      const close = open < 0 ? -1 : tagEnd(buffer, open + 1)
      if (close < 0) {
        at = open < 0 ? buffer.length : open
        break
      }
      at = close + 1
      const second = buffer[open + 1]
      if (second === EXCLAMATION || (second === QUESTION && depth > 0))
        throw new Error('peer: not an element')
      if (second === QUESTION) continue
      if (second === SLASH) {
        depth -= 1
        if (depth === 1) events.onElement(buffer.subarray(start, at))
        else if (depth === 0) events.onClose()
      } else {
        if (depth === 1) start = open
        if (buffer[close - 1] === SLASH) {
          if (depth === 1) events.onElement(buffer.subarray(open, at))
        } else {
          if (depth === 0) events.onHeader(buffer.subarray(open, at))
          depth += 1
        }
      }
    }
    const keep = depth > 1 ? start : at
    buffer = Buffer.from(buffer.subarray(keep))
    at -= keep
    start = 0
  }
}

/** The position of the `>` that ends the tag, or -1 when it has not come yet. */
function tagEnd(buffer: Buffer, from: number): number {
  for (let i = from; i < buffer.length; i += 1) {
    const octet = buffer[i]
    if (octet === GREATER) return i
    if (octet === QUOTE || octet === APOSTROPHE) {
      i = buffer.indexOf(octet, i + 1)
      if (i < 0) return -1
    }
  }
  return -1
}
