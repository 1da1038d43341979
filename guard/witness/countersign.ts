/**
 * A head under the signature of a witness: who shows it later proves that the witness had the journal up to there, and when.
 *
 * The text under the signature (Ed25519, RFC 8032), each line ended by LF:
 *
 *   sallyport-witness-1
 *   <name of the guard>
 *   <seq, decimal>
 *   <chain value of that record, 64 hexadecimal digits>
 *   <whole seconds since 1970, decimal>
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import type { Head } from '../journal/line.ts'

export type SignedHead = Readonly<{ head: Head; second: number; signature: Uint8Array }>

/** As a signed head stands in files; `signature` is base64. */
export type SignedHeadFields = Readonly<{
  guard: string
  seq: number
  chain: string
  second: number
  signature: string
}>

function signedText(guard: string, { seq, chain }: Head, second: number): Buffer {
  return Buffer.from(`sallyport-witness-1\n${guard}\n${seq}\n${chain}\n${second}\n`)
}

/** `key` is an Ed25519 private key, `second` the time of signing. */
export function countersign(key: KeyObject, guard: string, head: Head, second: number): SignedHead {
  return { head, second, signature: sign(null, signedText(guard, head, second), key) }
}

/** Whether the witness with this public key signed it. */
export function verifyCountersigned(key: KeyObject, fields: SignedHeadFields): boolean {
  const { guard, seq, chain, second, signature } = fields
  return verify(null, signedText(guard, { seq, chain }, second), key, Buffer.from(signature, 'base64'))
}

export function signedHeadFields(guard: string, { head, second, signature }: SignedHead): SignedHeadFields {
  return { guard, ...head, second, signature: Buffer.from(signature).toString('base64') }
}

/** Reads such members from parsed JSON; undefined when one is missing or has another shape. */
export function readSignedHead(value: unknown): SignedHeadFields | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { guard, seq, chain, second, signature } = value as Record<string, unknown>
  const text = (value: unknown, shape: RegExp): value is string =>
    typeof value === 'string' && shape.test(value)
  const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
  return text(guard, /^[a-z0-9][a-z0-9-]{0,63}$/) &&
    count(seq) &&
    text(chain, /^[0-9a-f]{64}$/) &&
    count(second) &&
    text(signature, /^[A-Za-z0-9+/]{86}==$/)
    ? { guard, seq, chain, second, signature }
    : undefined
}
