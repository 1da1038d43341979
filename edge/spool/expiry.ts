/** How long a stanza may wait, by its kind: what nobody has any use for any more is given up. */
import type { Envelope } from '../refusal.ts'

/** Milliseconds that a stanza of this kind may wait. */
export type Expiry = (kind: Envelope['kind']) => number

/** @param lasts seconds that messages and presence last. @param iqSeconds until who asked has been told that nobody answers. */
export function createExpiry(
  lasts: Readonly<{ messageSeconds: number; presenceSeconds: number }>,
  iqSeconds: number,
): Expiry {
  const limits = {
    message: lasts.messageSeconds * 1000,
    presence: lasts.presenceSeconds * 1000,
    iq: iqSeconds * 1000,
  }
  return (kind) => limits[kind]
}
