/**
 * Signed checkpoints: a record in the chain that says, under the guard's key, how far the chain had come and when.
 *
 * A chain proves order and change to whoever knows its head. A checkpoint carries a head that nobody without the key can make, so what
 * stands before the last one can only be cut off together with it. The text under the signature (Ed25519, RFC 8032), each line ended by LF:
 *
 *   sallyport-checkpoint-1
 *   <name of the guard>
 *   <seq of the record before the checkpoint, decimal>
 *   <chain value of that record, 64 hexadecimal digits>
 *   <time of the checkpoint, as in its record>
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import type { Head } from './line.ts'

/** Records after which a checkpoint is due, and seconds after which one is if anything was written. */
export const CHECKPOINT_RECORDS = 1000
export const CHECKPOINT_SECONDS = 60

/** The members of a checkpoint's record; `signature` is base64. */
export type Checkpoint = Readonly<{
  time: string
  guard: string
  upTo: number
  head: string
  signature: string
}>

/** What the signature covers. The four must have the shapes that `readCheckpoint` demands, or two texts could be one. */
export function checkpointText(guard: string, seq: number, chain: string, time: string): string {
  return `sallyport-checkpoint-1\n${guard}\n${seq}\n${chain}\n${time}\n`
}

/** The checkpoint behind `head`; `key` is an Ed25519 private key. */
export function signCheckpoint(key: KeyObject, guard: string, head: Head, time: string): Checkpoint {
  const text = Buffer.from(checkpointText(guard, head.seq, head.chain, time))
  return {
    time,
    guard,
    upTo: head.seq,
    head: head.chain,
    signature: sign(null, text, key).toString('base64'),
  }
}

const GUARD = /^[a-z0-9][a-z0-9-]{0,63}$/
const CHAIN = /^[0-9a-f]{64}$/
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/

/** Reads the members of a record of type `checkpoint`; undefined when one of them is missing or has another shape. */
export function readCheckpoint(fields: Readonly<Record<string, unknown>>): Checkpoint | undefined {
  const { time, guard, upTo, head, signature } = fields
  const text = (value: unknown, shape: RegExp): value is string =>
    typeof value === 'string' && shape.test(value)
  if (!text(time, TIME) || !text(guard, GUARD) || !text(head, CHAIN) || !text(signature, SIGNATURE))
    return undefined
  return typeof upTo === 'number' && Number.isSafeInteger(upTo) && upTo > 0
    ? { time, guard, upTo, head, signature }
    : undefined
}

/** Whether one of the Ed25519 public `keys` made the signature. */
export function verifyCheckpoint(checkpoint: Checkpoint, keys: readonly KeyObject[]): boolean {
  const { guard, upTo, head, time, signature } = checkpoint
  const text = Buffer.from(checkpointText(guard, upTo, head, time))
  const octets = Buffer.from(signature, 'base64')
  return keys.some((key) => verify(null, text, key, octets))
}
