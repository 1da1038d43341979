/**
 * The frames that intake writes to both verifiers: each has a reader of its own, and both must see the same ones however the octets
 * are cut, and stop at the same ones.
 */
import assert from 'node:assert/strict'
import { createFrameReader, FrameError } from '../../../guard/common/frames.ts'
import { encodeStanzaFrame } from '../../../guard/common/stanza-frame.ts'
import { FRAME_HEAD, parseFrame } from '../../../guard/inspect/frame.ts'
import { makeFrameReader } from '../../../guard/verify/frame.ts'
import { Fault } from '../../../guard/verify/reasons.ts'
import { pieces } from '../pieces.ts'
import type { Target } from '../target.ts'

const STANZA_OCTETS = 300

export const target: Target = {
  kept: 5,
  grown: 300_000,
  dictionary: [
    '\0\0\0',
    '\0\0\0\x10',
    '\0\0\x01<',
    '\0\0\x01=',
    '\0\0\0\x3a\xff\xf4\x41\x7f',
    '\xff\xff\xff\xff',
  ],
  seeds() {
    const frames = [0, 1, 20, STANZA_OCTETS, STANZA_OCTETS + 1].map((size, count) =>
      encodeStanzaFrame({ generation: 1, count }, 1_763_805_600, Buffer.alloc(size, 'x')),
    )
    const late = encodeStanzaFrame(
      { generation: 65_535, count: 2 ** 48 - 1 },
      253_402_300_800,
      Buffer.from('x'),
    )
    return [...frames, late, Buffer.concat(frames)].map((octets) => Buffer.concat([Uint8Array.of(1), octets]))
  },
  check(input) {
    const [seed = 0] = input
    const octets = input.subarray(1)
    const inspected = inspect([octets])
    const verified = verify([octets])
    assert.deepEqual(verified.frames, inspected.frames, 'verify sees other frames than inspect')
    // verify sees by the length alone that a frame is too short for its head, inspect only when it is there.
    if (inspected.fault) assert.ok(verified.fault, 'verify goes on where inspect stops')
    else if (verified.fault)
      assert.ok(tooShort(octets, inspected.frames), 'inspect goes on where verify stops')
    for (const cut of [pieces(octets, seed), pieces(octets, 1000 + seed)]) {
      assert.deepEqual(inspect(cut), inspected, 'inspect: cut in pieces it is something else')
      assert.deepEqual(verify(cut), verified, 'verify: cut in pieces it is something else')
    }
  },
}

type Frame = Readonly<{ generation: number; count: number; second: number; stanza: Buffer }>
type Seen = { frames: Frame[]; fault: boolean }

function tooShort(octets: Buffer, frames: readonly Frame[]): boolean {
  const behind = frames.reduce((sum, { stanza }) => sum + 4 + FRAME_HEAD + stanza.length, 0)
  return octets.readUInt32BE(behind) < FRAME_HEAD
}

function inspect(cut: readonly Buffer[]): Seen {
  const seen: Seen = { frames: [], fault: false }
  const reader = createFrameReader(STANZA_OCTETS + FRAME_HEAD)
  try {
    for (const piece of cut) {
      reader.feed(piece)
      for (let rest = reader.read(); rest !== undefined; rest = reader.read()) {
        const frame = parseFrame(rest)
        if (frame === undefined) return { ...seen, fault: true }
        seen.frames.push({ ...frame.number, second: frame.second, stanza: Buffer.from(frame.payload) })
      }
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    seen.fault = true
  }
  return seen
}

function verify(cut: readonly Buffer[]): Seen {
  const seen: Seen = { frames: [], fault: false }
  const read = makeFrameReader(STANZA_OCTETS, ({ number, octets, second, stanza, rest }) => {
    assert.ok(rest.subarray(0, 8).equals(octets) && rest.subarray(FRAME_HEAD).equals(stanza))
    seen.frames.push({ ...number, second, stanza: Buffer.from(stanza) })
  })
  try {
    for (const piece of cut) read(piece)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    seen.fault = true
  }
  return seen
}
