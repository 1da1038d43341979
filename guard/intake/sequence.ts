/** Which numbers a producer may send, and which ones a foreign producer's requests get (doc/formats.md §5). */
import { SELF_TEST_NUMBER } from '../../rules/self-test/self-test.ts'
import { compareNumbers, formatNumber, NO_NUMBER, nextNumber, type StanzaNumber } from '../gcxp/number.ts'
import { WINDOW } from '../gcxp/producer.ts'

export type Sequence = Readonly<{
  /** A connection begins. */
  connected(): void
  /** Takes the next number of the connection; why not, when it may not come now. */
  next(number: StanzaNumber): string | undefined
  /** Every number up to this one is settled. */
  confirm(number: StanzaNumber): void
  /** How many numbers were left out, where that may be. */
  missing(): number
}>

/** Of the self-test's number release takes no more than the self-test: a producer that sends it would end the direction at will. */
function isNoStanza(number: StanzaNumber): boolean {
  return number.count === 0 || compareNumbers(number, SELF_TEST_NUMBER) === 0
}

/** Numbers that go on from connection to connection. @param seen the highest number ever seen, 0.0 when none; @param confirmed the highest ever settled. */
export function createSequence(seen: StanzaNumber, confirmed: StanzaNumber): Sequence {
  let last: StanzaNumber | undefined

  function problemOf(number: StanzaNumber): string | undefined {
    const told = `number ${formatNumber(number)}`
    if (isNoStanza(number)) return `${told}, a number that no stanza has`
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
    const older =
      before || number.generation < seen.generation
        ? 'the spool of the producer is older than this journal, as one of a backup is: run "sallyport edge restored" there'
        : 'this journal is older than the spool of the producer: is it the one that was written last?'
    return `${told} begins a connection, outside (${formatNumber(confirmed)} - ${WINDOW}, ${formatNumber(seen)} + 1]: ${older}`
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
    missing: () => 0,
  }
}

/** Numbers without responses: nothing is sent again, so they only grow, and those of a generation that are left out are lost. */
export function createGrowth(): Sequence {
  let last: StanzaNumber | undefined
  let missing = 0
  return {
    connected() {},
    confirm() {},
    next(number) {
      if (isNoStanza(number)) return `number ${formatNumber(number)}, a number that no stanza has`
      if (last !== undefined && compareNumbers(number, last) <= 0) {
        return `number ${formatNumber(number)} behind ${formatNumber(last)}, not above it`
      }
      if (last?.generation === number.generation) missing += number.count - last.count - 1
      last = number
      return undefined
    },
    missing: () => missing,
  }
}

/** Numbers of our own making. */
export function createUnchecked(): Sequence {
  return { connected() {}, next: () => undefined, confirm() {}, missing: () => 0 }
}

const DAY = 86_400
/** Numbers that a second has: as many as the greatest rate lets in. */
const A_SECOND = 1_000_000

/**
 * Numbers for the requests of a foreign producer: those behind `seen`. Where none was seen, the first is one that no earlier journal
 * has come to: its generation is the day, its count begins at the second of the day, so that a receiving edge, which drops
 * what it has, takes it for new.
 * @param second since 1970.
 */
export function createOwnNumbers(seen: StanzaNumber, second: number): () => StanzaNumber {
  let last =
    compareNumbers(seen, NO_NUMBER) > 0
      ? seen
      : { generation: Math.floor(second / DAY), count: (second % DAY) * A_SECOND }
  return () => {
    last = nextNumber(last)
    return last
  }
}
