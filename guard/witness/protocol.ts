/**
 * How a journal is shown to a witness, over mutual TLS 1.3 (doc/formats.md §8). Integers are big-endian.
 *
 *   frame     u32 length of the rest | u8 kind | fields
 *   held      kind 1, from the witness, first   u64 seq | 32 octets chain    the head that it holds; all zero for none
 *   begin     kind 2, from the sender, first    u64 seq | 32 octets chain    what its journal has there: the same, or less is told
 *   record    kind 3, from the sender           octets of the next line, without LF
 *   broken    kind 4, from the sender, last     u64 seq                      its own journal is not sound at this record
 *   durable   kind 5, from the witness          u64 seq | 32 octets chain | u64 second | 64 octets signature
 *   refused   kind 6, from the witness, last    u8 why, a place in FINDINGS
 */
import { allocateFrame } from '../common/frames.ts'
import type { Head } from '../journal/line.ts'
import { LONGEST_LINE } from '../journal/read.ts'
import type { SignedHead } from './countersign.ts'

/** What a witness can find against a journal: a closed list, of which the place is what goes over the wire. */
export const FINDINGS = ['shorter', 'forked', 'missing', 'checkpoint', 'broken'] as const
export type Finding = (typeof FINDINGS)[number]

export type WitnessMessage =
  | Readonly<{ kind: 'held' | 'begin'; head: Head }>
  | Readonly<{ kind: 'record'; line: Uint8Array }>
  | Readonly<{ kind: 'broken'; seq: number }>
  | Readonly<{ kind: 'durable'; signed: SignedHead }>
  | Readonly<{ kind: 'refused'; finding: Finding }>

/** The longest rest of a frame: by what it is checked before room is made for it. */
export const FROM_SENDER_OCTETS = 1 + LONGEST_LINE
export const FROM_WITNESS_OCTETS = 1 + 8 + 32 + 8 + 64

const KINDS = ['held', 'begin', 'record', 'broken', 'durable', 'refused'] as const

export function encodeMessage(message: WitnessMessage): Buffer {
  const kind = 1 + KINDS.indexOf(message.kind)
  switch (message.kind) {
    case 'held':
    case 'begin':
      return frame(kind, headOctets(message.head))
    case 'record':
      return frame(kind, message.line)
    case 'broken':
      return frame(kind, u64(message.seq))
    case 'durable': {
      const { head, second, signature } = message.signed
      return frame(kind, headOctets(head), u64(second), signature)
    }
    case 'refused':
      return frame(kind, Uint8Array.of(FINDINGS.indexOf(message.finding)))
  }
}

/** Reads the rest of a frame; undefined when it is none of the six, or a number in it is not safe to count with. */
export function decodeMessage(rest: Uint8Array): WitnessMessage | undefined {
  const kind = KINDS[(rest[0] ?? 0) - 1]
  if (kind === undefined) return undefined
  const fields = Buffer.from(rest.buffer, rest.byteOffset + 1, rest.length - 1)
  switch (kind) {
    case 'held':
    case 'begin': {
      const head = fields.length === 40 ? readHead(fields) : undefined
      return head && { kind, head }
    }
    case 'record':
      return { kind, line: fields }
    case 'broken': {
      const seq = fields.length === 8 ? readSafe(fields, 0) : undefined
      return seq === undefined ? undefined : { kind, seq }
    }
    case 'durable': {
      if (fields.length !== 112) return undefined
      const head = readHead(fields)
      const second = readSafe(fields, 40)
      if (head === undefined || second === undefined) return undefined
      return { kind, signed: { head, second, signature: fields.subarray(48) } }
    }
    case 'refused': {
      const finding = fields.length === 1 ? FINDINGS[fields[0]!] : undefined
      return finding && { kind, finding }
    }
  }
}

function frame(kind: number, ...parts: Uint8Array[]): Buffer {
  const octets = allocateFrame(1 + parts.reduce((sum, { length }) => sum + length, 0))
  let at = octets.writeUInt8(kind, 4)
  for (const part of parts) {
    octets.set(part, at)
    at += part.length
  }
  return octets
}

function u64(value: number): Buffer {
  const octets = Buffer.allocUnsafe(8)
  octets.writeBigUInt64BE(BigInt(value))
  return octets
}

function headOctets({ seq, chain }: Head): Buffer {
  return Buffer.concat([u64(seq), Buffer.from(chain, 'hex')])
}

function readSafe(octets: Buffer, at: number): number | undefined {
  const value = octets.readBigUInt64BE(at)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined
}

function readHead(octets: Buffer): Head | undefined {
  const seq = readSafe(octets, 0)
  return seq === undefined ? undefined : { seq, chain: octets.toString('hex', 8, 40) }
}
