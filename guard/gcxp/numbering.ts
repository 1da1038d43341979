/**
 * What the ids of one connection's requests mean, and what their answers carry.
 *
 * Between Sallyport's parts an id is the number of the stanza. A foreign producer chooses its ids as it likes (1 to 256 octets): each
 * gets a number of ours, and its id goes back to it with the answer and nowhere else.
 */
import { compareNumbers, NUMBER_OCTETS, readNumber, type StanzaNumber, writeNumber } from './number.ts'

export type Numbering = Readonly<{
  /** The number of the next request; or why it may not come, in a few words. */
  take(id: Uint8Array, payload: Uint8Array | undefined): StanzaNumber | string
  /** The id for the answer to the oldest unanswered request, which must be `number`. */
  answer(number: StanzaNumber): Uint8Array
}>

/** Ids are numbers. */
export function sallyportIds(): Numbering {
  return {
    take: (id) =>
      id.length === NUMBER_OCTETS
        ? readNumber(id)
        : 'an id is not a number of eight octets: the producer is not in sequenced mode',
    answer: idOf,
  }
}

/**
 * Ids are what a foreign producer chose. Two requests without answer must not have the same: it could not tell their answers
 * apart. One without payload is refused before it has a number, or that would be missing ever after.
 * @param next numbers a request; @param responses false: nothing is ever answered, so nothing is remembered.
 */
export function foreignIds(next: () => StanzaNumber, responses: boolean): Numbering {
  const unanswered: { number: StanzaNumber; id: Uint8Array }[] = []
  const ids = new Set<string>()
  return {
    take(id, payload) {
      if (payload === undefined) return 'a request without payload'
      if (!responses) return next()
      const key = keyOf(id)
      if (ids.has(key)) return 'a second request has the id of one that is not answered yet'
      const number = next()
      ids.add(key)
      // A copy: the id is a view of a whole chunk.
      unanswered.push({ number, id: Uint8Array.from(id) })
      return number
    },
    answer(number) {
      const oldest = unanswered.shift()
      if (oldest === undefined || compareNumbers(oldest.number, number) !== 0)
        throw new Error('an answer that is not due')
      ids.delete(keyOf(oldest.id))
      return oldest.id
    },
  }
}

/** The id that is this number. */
export function idOf(number: StanzaNumber): Uint8Array {
  const id = Buffer.allocUnsafe(NUMBER_OCTETS)
  writeNumber(id, 0, number)
  return id
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
}
