/**
 * Identifiers across the boundary, where the bundles have them numbered (doc/formats.md §2).
 *
 *   out   of a stanza            its own id → o<number of its frame>
 *         of what came in        o<number>  → r<number>
 *         of what went out       its own id → o<number of its frame>
 *   in    of a stanza            o<number>, as it is: users of this side know it by that
 *         of what went out       r<number>  → its own id
 *
 * So users find their own ids again, and none of them crosses. Kept are the last frames of each way, of which nothing
 * but bare addresses and the id by which the own side knows them: an id counts only between those whose frame it names.
 * What is forgotten, or was before the edge started, is not known.
 */
import { bareOf, type Jid } from '../rules/address/jid.ts'
import { formatNumber, formatReference, type StanzaNumber } from '../rules/text/numbered.ts'
import type { Naming } from './normalise/naming.ts'

/** From whom to whom, in checked addresses. */
type Ends = Readonly<{ from: Jid; to: Jid }>

export type Identifiers = Readonly<{
  /** For a stanza that is to go out under that number; `answers`: the number of the request that it is known to answer. */
  naming(number: StanzaNumber, ends: Ends, answers?: StanzaNumber): Naming
  /** A stanza went out. */
  sent(number: StanzaNumber, stanza: Ends & Readonly<{ id: string | undefined }>): void
  /** A stanza came in, and is delivered under that id. */
  received(number: StanzaNumber, stanza: Ends & Readonly<{ id: string | undefined }>): void
  /** The id that a frame's stanza went out with, for one that names it; '' when it had none, undefined when it is not known. */
  restored(number: StanzaNumber, ends: Ends): string | undefined
}>

/** @param rooms domains of rooms on both sides; @param bound how many frames of each way are kept. */
export function createIdentifiers(rooms: ReadonlySet<string>, bound: number): Identifiers {
  const sent = createMemory(bound)
  const received = createMemory(bound)

  /** A correction is of the same user, or of the same occupant. */
  const sender = (jid: Jid): string => (rooms.has(jid.domain) ? jid.text : bareOf(jid))

  function answer(id: string, ends: Ends): string | undefined {
    if (id === '') return undefined
    const known = received.last([bareOf(ends.to), bareOf(ends.from), id].join(BETWEEN))
    if (known !== undefined) return `r${known}`
    // A room names what one told it to all the others.
    const number = rooms.has(ends.from.domain) && id.startsWith('o') ? id.slice(1) : ''
    const [, to] = received.find(number)?.split(BETWEEN) ?? []
    return to === bareOf(ends.from) ? `r${number}` : undefined
  }

  return {
    naming: (number, ends, answers) => ({
      own: formatReference({ own: true, number }),
      answer: (id) =>
        answers === undefined ? answer(id, ends) : formatReference({ own: false, number: answers }),
      echo: (id) => (rooms.has(ends.from.domain) ? answer(id, ends) : undefined),
      earlier(id) {
        const last = sent.last([sender(ends.from), bareOf(ends.to), id].join(BETWEEN))
        return last === undefined ? undefined : `o${last}`
      },
    }),
    sent(number, { from, to, id = '' }) {
      const kept = id.length > LONGEST_ID ? '' : id
      sent.add(formatNumber(number), [sender(from), bareOf(to), kept].join(BETWEEN))
    },
    received(number, { from, to, id = '' }) {
      received.add(formatNumber(number), [bareOf(from), bareOf(to), id].join(BETWEEN))
    },
    restored(number, ends) {
      const [from = '', to = '', id] = sent.find(formatNumber(number))?.split(BETWEEN) ?? []
      // What a room says, it says to all.
      const may =
        to === bareOf(ends.from) && (rooms.has(ends.from.domain) || from.split('/', 1)[0] === bareOf(ends.to))
      return may ? id : undefined
    },
  }
}

/** Neither an address nor an id of XML holds U+0000. */
const BETWEEN = '\0'
/** An id that is longer than clients make them is not kept. */
const LONGEST_ID = 256

type Memory = Readonly<{
  add(number: string, frame: string): void
  find(number: string): string | undefined
  /** The last number of an equal frame. */
  last(frame: string): string | undefined
}>

/** The last `bound` frames, by their numbers. */
function createMemory(bound: number): Memory {
  const frames = new Map<string, string>()
  const numbers = new Map<string, string>()
  // A ring of what is kept: the first entry of a map costs more to find the more have been deleted before it.
  const kept = new Array<string | undefined>(bound)
  let next = 0

  function forget(number: string): void {
    const frame = frames.get(number) ?? ''
    frames.delete(number)
    if (numbers.get(frame) === number) numbers.delete(frame)
  }

  return {
    add(number, said) {
      const frame = inOnePiece(said)
      const oldest = kept[next]
      if (oldest !== undefined) forget(oldest)
      kept[next] = number
      next = (next + 1) % bound
      frames.set(number, frame)
      numbers.set(frame, number)
    },
    find: (number) => frames.get(number),
    last: (frame) => numbers.get(frame),
  }
}

/** A copy: what was cut out of a stanza would keep all that was read with it. */
function inOnePiece(text: string): string {
  return Buffer.from(text).toString()
}
