/**
 * Sealed content on its way from intake to journal (doc/formats.md §4): one for every frame, in their order. Where none is
 * to be kept nothing is written.
 *
 *   u32 length of the rest | u64 number | sealed (seal.ts)
 */
import { NUMBER_OCTETS, readNumber, type StanzaNumber, writeNumber } from '../gcxp/number.ts'
import { allocateFrame } from './frames.ts'
import { SEAL_OCTETS } from './seal.ts'

export type SealedContent = Readonly<{ number: StanzaNumber; sealed: Uint8Array }>

/** The longest rest for stanzas of at most `stanzaBytes` octets. */
export function contentOctets(stanzaBytes: number): number {
  return NUMBER_OCTETS + SEAL_OCTETS + stanzaBytes
}

export function encodeContent({ number, sealed }: SealedContent): Uint8Array {
  const frame = allocateFrame(NUMBER_OCTETS + sealed.length)
  writeNumber(frame, 4, number)
  frame.set(sealed, 4 + NUMBER_OCTETS)
  return frame
}

/** Reads the rest; undefined when it is too short for a content. */
export function decodeContent(rest: Uint8Array): SealedContent | undefined {
  if (rest.length < NUMBER_OCTETS + SEAL_OCTETS) return undefined
  return { number: readNumber(rest), sealed: rest.subarray(NUMBER_OCTETS) }
}
