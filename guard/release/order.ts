/**
 * Stanzas between their verdict and their confirmation, in the order of their frames.
 *
 * A stanza moves only when its record is durable, and a number is settled only when all before it are: an accepted one by
 * the consumer's answer, a refused one by its record. Where refused numbers are told downstream, they move as the accepted ones
 * do, with nothing in them.
 */
import { compareNumbers, formatNumber, type StanzaNumber } from '../gcxp/number.ts'

type Flying = Readonly<{
  number: StanzaNumber
  /** What goes on; undefined for a stanza that stays. */
  output: Uint8Array | undefined
  /** Its place among all records, from 1. */
  record: number
}>

/** Octets that one takes here beside its output, so that many without output are bounded too. */
const FLYING_OCTETS = 256

export type Order = Readonly<{
  /** A verdict was given to the journal as record number `record`. */
  judged(number: StanzaNumber, output: Uint8Array | undefined, record: number): void
  /** The journal made so many records durable. */
  durable(records: number): void
  /** The consumer answered the request with this number. Throws when it is not the oldest one. */
  answered(number: StanzaNumber): void
  /** Stanzas whose record is not durable, and octets of memory for all. */
  notDurable(): number
  heldOctets(): number
}>

export function createOrder(options: {
  /** Whether refused numbers are told downstream. */
  gaps: boolean
  /** Whether one more may be sent. */
  room(): boolean
  /** Without output: the number of a stanza that stays. May call `answered` at once. */
  send(number: StanzaNumber, output: Uint8Array | undefined): void
  settle(number: StanzaNumber, kind: 'released' | 'refused'): void
}): Order {
  const flying: Flying[] = []
  /** How many of `flying`, from its start, have a durable record; how many of those need nothing but an answer. */
  let ready = 0
  let sent = 0
  let held = 0

  const moves = ({ output }: Flying): boolean => output !== undefined || options.gaps

  function advance(): void {
    while (sent < ready && options.room()) {
      const next = flying[sent]!
      sent++
      if (moves(next)) options.send(next.number, next.output)
    }
    while (sent > 0 && !moves(flying[0]!)) settleFirst()
  }

  function settleFirst(): void {
    const { number, output } = flying.shift()!
    ready--
    sent--
    held -= FLYING_OCTETS + (output?.length ?? 0)
    options.settle(number, output === undefined ? 'refused' : 'released')
  }

  return {
    judged(number, output, record) {
      flying.push({ number, output, record })
      held += FLYING_OCTETS + (output?.length ?? 0)
    },
    durable(records) {
      while (ready < flying.length && flying[ready]!.record <= records) ready++
      advance()
    },
    answered(number) {
      const oldest = flying[0]
      if (sent === 0 || !moves(oldest!) || compareNumbers(oldest!.number, number) !== 0) {
        throw new Error(`the answer to ${formatNumber(number)} is not the one that is due`)
      }
      settleFirst()
      advance()
    },
    notDurable: () => flying.length - ready,
    heldOctets: () => held,
  }
}
