/** Which numbers a producer may send (doc/formats.md §5). */
import { compareNumbers, formatNumber, type StanzaNumber } from '../gcxp/number.ts'
import { WINDOW } from '../gcxp/producer.ts'

export type Sequence = Readonly<{
  /** A connection begins. */
  connected(): void
  /** Takes the next number of the connection; why not, when it may not come now. */
  next(number: StanzaNumber): string | undefined
  /** Every number up to this one is settled. */
  confirm(number: StanzaNumber): void
}>

/** @param seen the highest number ever seen, 0.0 when none; @param confirmed the highest ever settled. */
export function createSequence(seen: StanzaNumber, confirmed: StanzaNumber): Sequence {
  let last: StanzaNumber | undefined

  function problemOf(number: StanzaNumber): string | undefined {
    const told = `number ${formatNumber(number)}`
    if (number.count === 0) return `${told}, a number that no stanza has`
    if (last !== undefined) {
      const follows = number.generation === last.generation && number.count === last.count + 1
      return follows ? undefined : `${told} behind ${formatNumber(last)}`
    }
    if (seen.count === 0) return undefined
    if (number.generation > seen.generation) {
      return number.count === 1 ? undefined : `${told} begins a generation in its middle`
    }
    // What is settled may come again, as far back as a window goes: its answer may have been lost with the connection.
    const settled = confirmed.generation === seen.generation ? confirmed.count : 0
    const before = number.count <= settled - WINDOW
    const beyond = number.generation !== seen.generation || number.count > seen.count + 1
    if (!before && !beyond) return undefined
    return `${told} begins a connection, outside (${formatNumber(confirmed)} - ${WINDOW}, ${formatNumber(seen)} + 1]`
  }

  return {
    connected() {
      last = undefined
    },
    next(number) {
      const problem = problemOf(number)
      if (problem !== undefined) return problem
      last = number
      if (compareNumbers(number, seen) > 0) seen = number
      return undefined
    },
    confirm(number) {
      if (compareNumbers(number, confirmed) > 0) confirmed = number
    },
  }
}
