/**
 * The decoder of GCXP frames: the same messages however the octets are cut, each within its limits and read so by cborg too, and
 * written again the very octets.
 */
import assert from 'node:assert/strict'
import { decode } from 'cborg'
import {
  createGcxpDecoder,
  encodeRequest,
  encodeResponse,
  type GcxpMessage,
  PREAMBLE,
} from '../../../guard/gcxp/codec.ts'
import { pieces } from '../pieces.ts'
import type { Target } from '../target.ts'

/** Of payloads; the first octet of an input chooses, the second seeds the cuts. */
const LIMITS = [0, 1, 24, 300, 1000, 70_000]

const octet = (...octets: number[]) => String.fromCharCode(...octets)

export const target: Target = {
  kept: 10,
  grown: 300_000,
  dictionary: [
    octet(0xd8, 0x18),
    octet(0xd9, 0xd9, 0xf7, 0),
    octet(0x82, 2),
    octet(0x83, 2),
    octet(0x83, 3, 0xf5),
    octet(0x83, 3, 0xf4),
    octet(0x48),
    octet(0x58, 0x18),
    octet(0x59, 1, 0),
    octet(0x5a, 0, 1, 0, 0),
    octet(0x5b),
    octet(0x5f),
    octet(0x78, 0x18),
    octet(0x79, 1, 0),
    octet(0x7a, 0, 1, 0, 0),
  ],
  seeds() {
    const id = Buffer.alloc(8, 7)
    const long = Buffer.alloc(256, 1)
    const text = (length: number) => Buffer.alloc(length, 'x')
    const whole = [
      encodeRequest(id),
      encodeRequest(id, text(1)),
      encodeRequest(long, text(24)),
      encodeRequest(id, text(300)),
      encodeRequest(id, text(1000)),
      encodeResponse(true, id),
      encodeResponse(false, long),
    ]
    return [
      // Heads that are longer than need be: outer, of the id, of the text.
      ...['d8185809830244404040406120', 'd8184a83025804404040406120', 'd8184a83024440404040780120'].map(
        (hex) => Buffer.concat([Uint8Array.of(4, 1), Buffer.from(hex, 'hex')]),
      ),
      ...whole.flatMap((frame) => LIMITS.map((_, limit) => Buffer.concat([Uint8Array.of(limit, 1), frame]))),
      Buffer.concat([Uint8Array.of(4, 2), ...whole]),
      Buffer.concat([Uint8Array.of(0x84, 2), PREAMBLE, ...whole]),
    ]
  },
  check(input) {
    const [choice = 0, seed = 0] = input
    const limit = LIMITS[(choice & 0x7f) % LIMITS.length]!
    const octets = choice < 0x80 ? Buffer.concat([PREAMBLE, input.subarray(2)]) : input.subarray(2)
    const { messages, inMessage } = read([octets], limit)
    for (const cut of [pieces(octets, seed), pieces(octets, 1000 + seed)]) {
      assert.deepEqual(read(cut, limit), { messages, inMessage }, 'cut in pieces it is something else')
    }
    const broken = messages.at(-1)?.type === 'violation'
    const written = Buffer.concat(messages.map((message) => write(message, limit)))
    assert.ok(octets.subarray(0, written.length).equals(written), 'written again it is something else')
    if (!broken) assert.equal(inMessage, written.length < octets.length, 'inMessage')
  },
}

function read(cut: readonly Buffer[], limit: number) {
  const decoder = createGcxpDecoder(limit)
  const messages: GcxpMessage[] = []
  for (const piece of cut) {
    decoder.feed(piece)
    for (let message = decoder.read(); message !== undefined; message = decoder.read()) {
      assert.notEqual(messages.at(-1)?.type, 'violation', 'something comes behind a violation')
      messages.push(message)
    }
  }
  return { messages: messages.map(copied), inMessage: decoder.inMessage() }
}

/** Views of chunks may be of any class. */
function copied(message: GcxpMessage): GcxpMessage {
  if (message.type === 'response') return { ...message, id: Buffer.from(message.id) }
  if (message.type !== 'request') return message
  const payload = message.payload === undefined ? undefined : Buffer.from(message.payload)
  return { ...message, id: Buffer.from(message.id), payload }
}

function write(message: GcxpMessage, limit: number): Uint8Array {
  switch (message.type) {
    case 'preamble':
      return PREAMBLE
    case 'violation':
      return new Uint8Array(0)
    case 'response': {
      const frame = encodeResponse(message.accepted, message.id)
      assert.deepEqual(referee(frame), [3, message.accepted, Buffer.from(message.id)])
      return frame
    }
    case 'request': {
      const { id, payload } = message
      assert.ok(limit > 0 && (payload?.length ?? 0) <= limit, 'a payload beyond its limit')
      const frame = encodeRequest(id, payload)
      if (payload === undefined) assert.deepEqual(referee(frame), [2, Buffer.from(id)])
      return frame
    }
  }
}

function referee(frame: Uint8Array): unknown {
  const body = decode(frame, { strict: true, tags: { 24: (inner: () => unknown) => inner() } as never })
  const items = decode(body as Uint8Array, { strict: true }) as unknown[]
  return items.map((item) => (item instanceof Uint8Array ? Buffer.from(item) : item))
}
