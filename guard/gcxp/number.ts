/**
 * The number of a stanza: what the id of a GCXP frame is between Sallyport's parts (doc/formats.md §5).
 *
 * Eight octets, big-endian: 2 of generation (of the spool that numbers) and 6 of count. A count has 48 bits and so
 * fits a JavaScript number; the two are kept apart so that no arithmetic on 64 bits is needed.
 */
import { COUNTS, type StanzaNumber } from '../../rules/text/numbered.ts'

export {
  compareNumbers,
  formatNumber,
  parseNumber,
  type StanzaNumber,
} from '../../rules/text/numbered.ts'

/** Octets of a number on every wire. */
export const NUMBER_OCTETS = 8

const WORD = 2 ** 32

/** What stands for "none yet" at the head of an empty journal; no stanza has it. */
export const NO_NUMBER: StanzaNumber = { generation: 0, count: 0 }

/** Reads the eight octets at `at`. */
export function readNumber(octets: Uint8Array, at = 0): StanzaNumber {
  const o = octets
  const high = (o[at + 2]! << 8) | o[at + 3]!
  const low = ((o[at + 4]! << 24) | (o[at + 5]! << 16) | (o[at + 6]! << 8) | o[at + 7]!) >>> 0
  return { generation: (o[at]! << 8) | o[at + 1]!, count: high * WORD + low }
}

/** Writes the eight octets at `at`. */
export function writeNumber(octets: Uint8Array, at: number, number: StanzaNumber): void {
  const high = Math.floor(number.count / WORD)
  const low = number.count >>> 0
  octets[at] = number.generation >>> 8
  octets[at + 1] = number.generation & 255
  octets[at + 2] = high >>> 8
  octets[at + 3] = high & 255
  octets[at + 4] = low >>> 24
  octets[at + 5] = (low >>> 16) & 255
  octets[at + 6] = (low >>> 8) & 255
  octets[at + 7] = low & 255
}

/** The number behind `number` in its generation. The last count of a generation has none: a fault, not a wrap. */
export function nextNumber(number: StanzaNumber): StanzaNumber {
  if (number.count + 1 >= COUNTS) throw new RangeError('the numbers of this generation are used up')
  return { generation: number.generation, count: number.count + 1 }
}
