/**
 * The only way back up: from release to intake, 16 octets each (doc/formats.md §4). It carries no application data.
 *
 *   u8 kind | 7 zero octets | u64 number
 */
import { readNumber, type StanzaNumber, writeNumber } from '../gcxp/number.ts'

/** Two bounds at start, then one confirmation for every number, in the order of the frames. */
export type Confirmation = Readonly<{
  kind: 'refused' | 'released' | 'seen' | 'confirmed'
  number: StanzaNumber
}>

export const CONFIRMATION_OCTETS = 16

const KINDS = ['refused', 'released', 'seen', 'confirmed'] as const

export function encodeConfirmation(confirmation: Confirmation): Uint8Array {
  const octets = Buffer.alloc(CONFIRMATION_OCTETS)
  octets[0] = KINDS.indexOf(confirmation.kind)
  writeNumber(octets, 8, confirmation.number)
  return octets
}

/** Reads the 16 octets at `at`; undefined when they are not a confirmation. */
export function decodeConfirmation(octets: Uint8Array, at: number): Confirmation | undefined {
  const kind = KINDS[octets[at]!]
  for (let i = 1; i < 8; i++) if (octets[at + i] !== 0) return undefined
  return kind === undefined ? undefined : { kind, number: readNumber(octets, at + 8) }
}
