/**
 * Stanzas between their verdict and their confirmation, in the order of their frames.
 *
 * A stanza moves only when its record is durable, and a number is settled only when all before it are: an accepted one by
 * the consumer's answer, a refused one by its record.
 */
import { compareNumbers, formatNumber, type StanzaNumber } from '../gcxp/number.ts'

type Flying = Readonly<{
  number: StanzaNumber
  /** What goes on; undefined for a stanza that stays. */
  output: Uint8Array | undefined
  /** Its place among all records, from 1. */
  record: number
}>

export type Order = Readonly<{
  /** A verdict was given to the journal as record number `record`. */
  judged(number: StanzaNumber, output: Uint8Array | undefined, record: number): void
  /** The journal made so many records durable. */
  durable(records: number): void
  /** The consumer answered the request with this number. Throws when it is not the oldest one. */
  answered(number: StanzaNumber): void
  /** Stanzas whose record is not durable, and octets of output not confirmed. */
  notDurable(): number
  heldOctets(): number
}>

export function createOrder(options: {
  send(number: StanzaNumber, output: Uint8Array): void
  settle(number: StanzaNumber, kind: 'released' | 'refused'): void
}): Order {
  const flying: Flying[] = []
  /** How many of `flying`, from its start, have a durable record. */
  let ready = 0
  let held = 0

  /** Settles what stands first and needs no answer. */
  function settleRefused(): void {
    while (ready > 0 && flying[0]!.output === undefined) {
      const { number } = flying.shift()!
      ready--
      options.settle(number, 'refused')
    }
  }

  return {
    judged(number, output, record) {
      flying.push({ number, output, record })
      held += output?.length ?? 0
    },
    durable(records) {
      while (ready < flying.length && flying[ready]!.record <= records) {
        const { number, output } = flying[ready]!
        ready++
        if (output !== undefined) options.send(number, output)
      }
      settleRefused()
    },
    answered(number) {
      const oldest = flying[0]
      if (ready === 0 || oldest?.output === undefined || compareNumbers(oldest.number, number) !== 0) {
        throw new Error(`the answer to ${formatNumber(number)} is not the one that is due`)
      }
      flying.shift()
      ready--
      held -= oldest.output.length
      options.settle(number, 'released')
      settleRefused()
    },
    notDurable: () => flying.length - ready,
    heldOctets: () => held,
  }
}
