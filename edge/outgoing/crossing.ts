/** A stanza that may cross, from the time that the edge took it until the guard has answered. */
import type { StanzaNumber } from '../../guard/gcxp/index.ts'
import { parseJid } from '../../rules/address/jid.ts'
import { compareNumbers, formatNumber, formatReference, parseNumber } from '../../rules/text/numbered.ts'
import type { Envelope } from '../refusal.ts'
import type { Members } from '../spool/record.ts'

export type Crossing = Readonly<{
  /** The own domain whose stream brought it: with the others' it takes turns. */
  peer: string
  envelope: Envelope
  /** Whether its sender hears of a refusal. */
  tell: boolean
  /** The canonical octets; and the number that they were written for, where they are of a number: the one that it would have got at once. */
  octets: Uint8Array
  number: StanzaNumber | undefined
  /** Names of what was taken out of it, for the record. */
  stripped: readonly string[]
  /** What its server sent, where all of it is to be written anew for another number. */
  source: Source | undefined
}>

export type Source = Readonly<{ stanza: string; lang: string | undefined }>

/** What is sent under a number, and under what id an answer to it will come in, where one is awaited. */
export type Numbered = Readonly<{ octets: Uint8Array; answer: string | undefined }>

/** What a record of the spool holds of it beside its octets. */
export function crossingMembers({ peer, envelope, tell, number, stripped, source }: Crossing): object {
  const { kind, type, id, from, to } = envelope
  const written = number === undefined ? undefined : formatNumber(number)
  return { peer, kind, type, id, from: from.text, to: to.text, tell, for: written, stripped, source }
}

/** The other way round; undefined when it is not what was written. */
export function readCrossing(members: Members, octets: Uint8Array): Crossing | undefined {
  const { kind, type, id, from, to, tell, for: written, stripped, source, peer } = members
  const ends = { from: parseJid(String(from)), to: parseJid(String(to)) }
  if (ends.from === undefined || ends.to === undefined) return undefined
  if (kind !== 'message' && kind !== 'presence' && kind !== 'iq') return undefined
  if (typeof type !== 'string' || typeof tell !== 'boolean' || typeof peer !== 'string') return undefined
  return {
    peer,
    envelope: { kind, type, id: typeof id === 'string' ? id : undefined, from: ends.from, to: ends.to },
    tell,
    octets,
    number: typeof written === 'string' ? parseNumber(written) : undefined,
    stripped: Array.isArray(stripped) ? stripped.map(String) : [],
    source: source as Source | undefined,
  }
}

/**
 * The octets for another number: it stands in the root's `id`, the first attribute of that name in the canonical spelling (`from` goes
 * before it, and no value holds a quotation mark).
 */
export function octetsFor({ octets, number }: Crossing, other: StanzaNumber): Uint8Array {
  if (number === undefined || compareNumbers(number, other) === 0) return octets
  const attribute = (of: StanzaNumber) => Buffer.from(` id="${formatReference({ own: true, number: of })}"`)
  const written = attribute(number)
  const at = Buffer.from(octets.buffer, octets.byteOffset, octets.length).indexOf(ID)
  const end = at + written.length
  // What a room gives back has the number of what it had been given.
  if (at === -1 || !written.equals(octets.subarray(at, end))) return octets
  return Buffer.concat([octets.subarray(0, at), attribute(other), octets.subarray(end)])
}

const ID = ' id="'
