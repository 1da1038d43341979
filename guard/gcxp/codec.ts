/**
 * GCXP on the wire: the preamble and the three messages, each of one shape and one spelling.
 *
 *   preamble    D9 D9 F7 00                                     once from each end, right after the handshake
 *   frame       D8 18 | byte string head | message              CBOR tag 24; the message fills the byte string
 *   request     82 02 | id            or  83 02 | id | text     the payload is a text string, not empty
 *   response    83 03 | F5 or F4 | id                           F5 accepted, F4 refused
 *
 * id is a byte string of 1 to 256 octets. Every head is minimal (RFC 8949 §4.2.1), nothing is indefinite. GCXP also
 * knows a response with a payload; it is a free-text channel backwards and is not taken here.
 *
 * The payload is handed on as octets. Whether they are UTF-8 is for those to say who decode them.
 */

/** What each end sends first. */
export const PREAMBLE: Uint8Array = Uint8Array.of(0xd9, 0xd9, 0xf7, 0x00)

/** Octets of the longest id. */
const ID_OCTETS = 256

/** What comes from one end: its preamble first, then messages; a violation is the last. */
export type GcxpMessage =
  | Readonly<{ type: 'preamble' }>
  | Readonly<{ type: 'request'; id: Uint8Array; payload: Uint8Array | undefined }>
  | Readonly<{ type: 'response'; accepted: boolean; id: Uint8Array }>
  | Readonly<{ type: 'violation'; what: string }>

const BYTES = 0x40
const TEXT = 0x60

function headSize(length: number): number {
  return length < 24 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5
}

function writeHead(out: Uint8Array, at: number, major: number, length: number): number {
  if (length < 24) {
    out[at] = major | length
    return at + 1
  }
  const size = headSize(length) - 1
  out[at] = major | (size === 1 ? 24 : size === 2 ? 25 : 26)
  for (let i = 0; i < size; i++) out[at + 1 + i] = (length >>> (8 * (size - 1 - i))) & 255
  return at + 1 + size
}

function frame(bodySize: number): { out: Uint8Array; at: number } {
  const out = Buffer.allocUnsafe(2 + headSize(bodySize) + bodySize)
  out[0] = 0xd8
  out[1] = 0x18
  return { out, at: writeHead(out, 2, BYTES, bodySize) }
}

function checkId(id: Uint8Array): void {
  if (id.length < 1 || id.length > ID_OCTETS) throw new RangeError('a GCXP id has 1 to 256 octets')
}

/** The frame of a request; without `payload` it tells of a number that is left out. Throws on an id of a wrong size. */
export function encodeRequest(id: Uint8Array, payload?: Uint8Array): Uint8Array {
  checkId(id)
  if (payload?.length === 0) throw new RangeError('a GCXP payload is not empty')
  const idSize = headSize(id.length) + id.length
  const textSize = payload === undefined ? 0 : headSize(payload.length) + payload.length
  const { out, at: start } = frame(2 + idSize + textSize)
  out[start] = payload === undefined ? 0x82 : 0x83
  out[start + 1] = 2
  let at = writeHead(out, start + 2, BYTES, id.length)
  out.set(id, at)
  at += id.length
  if (payload !== undefined) out.set(payload, writeHead(out, at, TEXT, payload.length))
  return out
}

/** The frame of a response. Throws on an id of a wrong size. */
export function encodeResponse(accepted: boolean, id: Uint8Array): Uint8Array {
  checkId(id)
  const { out, at: start } = frame(3 + headSize(id.length) + id.length)
  out[start] = 0x83
  out[start + 1] = 3
  out[start + 2] = accepted ? 0xf5 : 0xf4
  out.set(id, writeHead(out, start + 3, BYTES, id.length))
  return out
}

/** Reads one end's octets as they come, in pieces of any size. */
export type GcxpDecoder = Readonly<{
  /** Takes over `chunk`; call `read` until it has no more, or later when there is room for what it returns. */
  feed(chunk: Uint8Array): void
  /**
   * The next message, or undefined when more octets are needed. A violation is the last thing that comes: the
   * connection is to be closed. Ids and payloads are views of the chunks.
   */
  read(): GcxpMessage | undefined
  /** Whether the beginning of a message is here and its rest is not, once `read` has no more. */
  inMessage(): boolean
}>

/**
 * A decoder for one connection, from the preamble on.
 * @param payloadOctets no payload is longer; what a frame may hold follows from it and is checked on the frame's head,
 *   before room is made for the rest. 0: responses only.
 */
export function createGcxpDecoder(payloadOctets: number): GcxpDecoder {
  const largest = 3 + 3 + ID_OCTETS + (payloadOctets === 0 ? 0 : 5 + payloadOctets)
  let greeted = false
  let wrong: GcxpMessage | undefined
  // What has been fed and not read: the part of a frame that spans chunks in `held`, else the chunk itself.
  let chunk: Uint8Array = PREAMBLE.subarray(4)
  let at = 0
  let held: Uint8Array | undefined
  let filled = 0

  function violation(what: string): GcxpMessage {
    chunk = PREAMBLE.subarray(4)
    at = 0
    held = undefined
    wrong = { type: 'violation', what }
    return wrong
  }

  /** The number of octets of the frame at the start of `o`: 0 when its head is not all there, negative when wrong. */
  function frameSize(o: Uint8Array, from: number, end: number): number {
    if (end - from < 3) return 0
    if (o[from] !== 0xd8 || o[from + 1] !== 0x18) return -1
    const head = readHead(o, from + 2, end, BYTES)
    if (head === undefined) return 0
    if (head.size === 0 || head.length > largest) return -1
    return 2 + head.size + head.length
  }

  function feed(next: Uint8Array): void {
    if (wrong !== undefined || next.length === 0) return
    if (at < chunk.length) {
      // Only a reader that stopped early leaves whole frames behind.
      next = Buffer.concat([chunk.subarray(at), next])
    }
    chunk = next
    at = 0
  }

  /** Exactly `size` octets in one piece, or undefined after keeping what there is. */
  function take(size: number): Uint8Array | undefined {
    if (held === undefined && at === chunk.length) return undefined // nothing has begun
    if (held === undefined && chunk.length - at >= size) {
      const piece = chunk.subarray(at, at + size)
      at += size
      return piece
    }
    if (held === undefined || held.length < size) {
      const grown = Buffer.allocUnsafe(size)
      if (held !== undefined) grown.set(held.subarray(0, filled))
      held = grown
    }
    const part = Math.min(size - filled, chunk.length - at)
    held.set(chunk.subarray(at, at + part), filled)
    filled += part
    at += part
    if (filled < size) return undefined
    const whole = held.subarray(0, size)
    held = undefined
    filled = 0
    return whole
  }

  function read(): GcxpMessage | undefined {
    if (wrong !== undefined) return undefined
    if (!greeted) {
      const start = take(PREAMBLE.length)
      if (start === undefined) return undefined
      if (Buffer.compare(start, PREAMBLE) !== 0)
        return violation('the preamble is not that of GCXP version 0')
      greeted = true
      return { type: 'preamble' }
    }
    const size = nextSize()
    if (size === 0) return undefined
    if (size < 0) return violation('a frame is too big, or its head is not that of a GCXP frame')
    const octets = take(size)
    if (octets === undefined) return undefined
    return parseMessage(octets, payloadOctets) ?? violation('a frame does not hold one GCXP message')
  }

  /** As `frameSize`, for the frame that comes next; a head in pieces is gathered octet by octet. */
  function nextSize(): number {
    if (held === undefined) {
      const size = frameSize(chunk, at, chunk.length)
      if (size !== 0 || at === chunk.length) return size
      held = Buffer.allocUnsafe(7)
    }
    for (;;) {
      const size = frameSize(held, 0, filled)
      if (size !== 0 || at === chunk.length) return size
      held[filled++] = chunk[at++]!
    }
  }

  return { feed, read, inMessage: () => held !== undefined }
}

/** A head of `major` at `at`: its own size and the length it gives; size 0 when wrong, undefined when it is cut. */
function readHead(
  o: Uint8Array,
  at: number,
  end: number,
  major: number,
): { size: number; length: number } | undefined {
  if (at >= end) return undefined
  const first = o[at]!
  const short = first - major
  if (short >= 0 && short < 24) return { size: 1, length: short }
  const size = short === 24 ? 2 : short === 25 ? 3 : short === 26 ? 5 : 0
  if (size === 0) return { size: 0, length: 0 }
  if (end - at < size) return undefined
  let length = 0
  for (let i = 1; i < size; i++) length = length * 256 + o[at + i]!
  return headSize(length) === size ? { size, length } : { size: 0, length: 0 }
}

/** The message that fills `o`, a whole frame, or undefined when it is none of the three shapes. */
function parseMessage(o: Uint8Array, payloadOctets: number): GcxpMessage | undefined {
  const outer = readHead(o, 2, o.length, BYTES)
  if (outer === undefined) return undefined
  const start = 2 + outer.size
  const items = o[start]
  const type = o[start + 1]
  if (type === 3) {
    const flag = o[start + 2]
    if (items !== 0x83 || (flag !== 0xf5 && flag !== 0xf4)) return undefined
    const id = parseId(o, start + 3)
    if (id === undefined || id.end !== o.length) return undefined
    return { type: 'response', accepted: flag === 0xf5, id: o.subarray(id.from, id.end) }
  }
  if (type !== 2 || (items !== 0x82 && items !== 0x83) || payloadOctets === 0) return undefined
  const id = parseId(o, start + 2)
  if (id === undefined) return undefined
  const octets = o.subarray(id.from, id.end)
  if (items === 0x82) {
    return id.end === o.length ? { type: 'request', id: octets, payload: undefined } : undefined
  }
  const text = readHead(o, id.end, o.length, TEXT)
  if (text === undefined || text.size === 0 || text.length === 0 || text.length > payloadOctets)
    return undefined
  const from = id.end + text.size
  if (from + text.length !== o.length) return undefined
  return { type: 'request', id: octets, payload: o.subarray(from) }
}

function parseId(o: Uint8Array, at: number): { from: number; end: number } | undefined {
  const head = readHead(o, at, o.length, BYTES)
  if (head === undefined || head.size === 0 || head.length < 1 || head.length > ID_OCTETS) return undefined
  const from = at + head.size
  return from + head.length <= o.length ? { from, end: from + head.length } : undefined
}
