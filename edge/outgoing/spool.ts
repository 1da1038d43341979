/**
 * What is on its way to the outgoing guard, from the moment that its server may forget it: durable in the state folder before
 * that, and before the guard gets it.
 *
 *   taken ──▶ waiting ──▶ numbered ──▶ sent ──▶ answered      (and an IQ request, until its reply has come)
 *             in turns    ≤ a window    over the GCXP producer
 *             may expire  never expires
 *
 * A stanza gets its number, for ever, when it can be sent: at once where nothing waits. Numbers go on where they were from one
 * start to the next: what was not answered is sent again under the same number, by which the receiving edge knows it.
 */
import { nextNumber, type Producer, type StanzaNumber, WINDOW } from '../../guard/gcxp/index.ts'
import { createQueue } from '../queue.ts'
import type { Expiry } from '../spool/expiry.ts'
import { createFairQueue } from '../spool/fair.ts'
import type { Members } from '../spool/record.ts'
import { damaged, openStore, readStore } from '../spool/store.ts'
import { type Crossing, crossingMembers, type Numbered, octetsFor, readCrossing } from './crossing.ts'

/** How far a stanza has come. What is at the guard may have crossed. */
export type OutgoingState = 'waiting' | 'at the guard' | 'awaits its reply'

/** A stanza in the spool, which knows it by `ticket`. */
export type OutgoingEntry = {
  readonly ticket: number
  /** When it was taken: milliseconds since 1970, and of `performance.now()`. */
  readonly at: number
  readonly arrived: number
  readonly crossing: Crossing
  /** Its octets, until they are sent. */
  octets: Uint8Array
  size: number
  file: number
  state: OutgoingState
  count: number
  answer: string | undefined
  /** What the guard's answer leads to has been done. */
  settled: boolean
  replied: boolean
}

export type OutgoingSpool = Readonly<{
  /** The number that the next stanza gets. */
  next(): StanzaNumber
  /** Takes a stanza, always. `taken` is called when it is durable: not before that may its server forget it. */
  push(crossing: Crossing, arrived: number, taken: () => void): void
  /** `taken` is called when all that was pushed is durable. */
  mark(taken: () => void): void
  /** Whether nothing more is to be read of the streams of this domain. */
  isFull(peer: string): boolean
  isAnyFull(): boolean
  /** The request with this ticket has got its reply, or gets none. */
  replied(ticket: number): void
  /** Gives `known` what was sent before the start. To be called once, before all else. */
  begin(known: (entry: OutgoingEntry, number: StanzaNumber) => void): void
  waiting(): number
  unanswered(): number
  entries(): OutgoingEntry[]
  /** Gives up what waits and matches; gives what it gave up. */
  drop(match: (entry: OutgoingEntry) => boolean): OutgoingEntry[]
  /** Gives up what has waited too long; to be called from time to time. */
  tick(): void
  /** To be called with the producer's events. */
  onConnected(connected: boolean): void
  onAnswer(number: StanzaNumber, accepted: boolean): void
  onProducerRoom(): void
  close(): Promise<void>
}>

export type OutgoingSpoolOptions = Readonly<{
  folder: string
  generation: number
  room: Readonly<{ stanzas: number; octets: number }>
  expiry: Expiry
  /** The producer, which is made after the spool. */
  producer: () => Pick<Producer, 'send'>
  /**
   * Gives a stanza its number; undefined when it may not cross after all: then `done` is called when its sender's answer is
   * on its way for sure.
   */
  assign(entry: OutgoingEntry, number: StanzaNumber, done: () => void): Numbered | undefined
  /** The guard has answered; `done` is to be called when what that leads to is durable. */
  onAnswered(accepted: boolean, entry: OutgoingEntry, number: StanzaNumber, done: () => void): void
  /** It was given up. */
  onGivenUp(entry: OutgoingEntry, why: 'expired' | 'dropped', done: () => void): void
  onSent(arrived: number): void
  /** What is full has changed. */
  onChange(): void
  onTrouble(problem: string | undefined): void
  now(): number
}>

const FLYING_OCTETS = 16 * 1024 * 1024

/** What the files of a spool say when they are read. */
type Kept = {
  live: Map<number, OutgoingEntry>
  generation: number
  count: number
  answered: number
  ticket: number
}

/** Throws one line when the spool cannot be read, or is damaged. */
export function createOutgoingSpool(options: OutgoingSpoolOptions): OutgoingSpool {
  const { generation, now } = options
  const { start, kept } = readOutgoing(options.folder, now)
  if (start.files.length > 0 && kept.generation !== generation) {
    throw damaged(options.folder, `it is of generation ${kept.generation}, the state folder of ${generation}`)
  }
  const { live } = kept
  let { count, answered, ticket } = kept
  /** Up to where answers are durable: from there the guard lets a connection begin. */
  let durableAnswered = answered
  const waiting = createFairQueue<OutgoingEntry>(options.room, options.onChange)
  /** Numbered, in the order of their numbers: durable and to be sent; sent and to be answered; not done with; done with, but not on record. */
  const ready = createQueue<OutgoingEntry>()
  const sent = createQueue<OutgoingEntry>()
  const flying = createQueue<OutgoingEntry>()
  const done = createQueue<OutgoingEntry>()
  let flyingOctets = 0
  let room = true
  let connected = false
  let telling = false
  let troubled = false

  const store = openStore({
    folder: options.folder,
    start,
    heading: () => outgoingHeading(generation, count, answered, ticket, live.keys().next().value ?? ticket),
    onTrouble(problem) {
      troubled = problem !== undefined
      options.onTrouble(problem)
      if (!troubled) assign()
    },
  })

  for (const entry of live.values()) store.hold(entry.file)

  const next = () => nextNumber({ generation, count })
  const mayAssign = () =>
    connected && !troubled && count - durableAnswered < WINDOW && flyingOctets < FLYING_OCTETS

  function forget(entry: OutgoingEntry): void {
    live.delete(entry.ticket)
    store.release(entry.file)
  }

  /** It has that number from now on. */
  function number(entry: OutgoingEntry, { octets, answer }: Numbered): void {
    count++
    entry.count = count
    entry.octets = octets
    entry.answer = answer
    entry.state = 'at the guard'
    flyingOctets += octets.length
    flying.push(entry)
  }

  function assign(): void {
    while (mayAssign()) {
      const entry = waiting.shift()
      if (entry === undefined) break
      const numbered = options.assign(entry, next(), () => giveUp(entry))
      if (numbered === undefined) continue
      number(entry, numbered)
      store.append(
        { numbered: entry.ticket, count, answer: numbered.answer },
        entry.crossing.source === undefined ? undefined : numbered.octets,
        () => send(entry),
      )
    }
  }

  function send(entry: OutgoingEntry): void {
    ready.push(entry)
    pump()
  }

  function pump(): void {
    while (room) {
      const entry = ready.shift()
      if (entry === undefined) break
      room = options.producer().send({ generation, count: entry.count }, entry.octets)
      entry.octets = NOTHING
      sent.push(entry)
      options.onSent(entry.arrived)
    }
  }

  /** Records, once a turn of the event loop, up to where everything has been done that the guard's answers lead to. */
  function advance(): void {
    for (let first = flying.peek(); first?.settled === true; first = flying.peek()) {
      flying.shift()
      flyingOctets -= first.size
      answered = first.count
      done.push(first)
      if (!telling) {
        telling = true
        setImmediate(tell)
      }
    }
  }

  function tell(): void {
    telling = false
    const upTo = answered
    store.append({ answered: upTo }, undefined, () => {
      durableAnswered = upTo
      while (done.size() > 0 && done.peek()!.count <= upTo) {
        const entry = done.shift()!
        if (entry.answer === undefined || entry.replied) forget(entry)
        else entry.state = 'awaits its reply'
      }
      assign()
    })
  }

  /** Takes it off the record: it will not be sent. */
  function giveUp(entry: OutgoingEntry): void {
    store.append({ dropped: entry.ticket }, undefined, () => forget(entry))
  }

  function remove(match: (entry: OutgoingEntry) => boolean, why: 'expired' | 'dropped'): OutgoingEntry[] {
    const removed = waiting.remove(match)
    for (const entry of removed) options.onGivenUp(entry, why, () => giveUp(entry))
    return removed
  }

  return {
    next,
    push(crossing, arrived, taken) {
      const entry = waitingEntry(ticket++, now(), arrived, crossing)
      const atOnce = waiting.size() === 0 && mayAssign()
      const numbered = atOnce ? options.assign(entry, next(), taken) : undefined
      if (atOnce && numbered === undefined) return
      if (numbered !== undefined) number(entry, numbered)
      live.set(entry.ticket, entry)
      entry.file = store.append(
        {
          stanza: entry.ticket,
          at: entry.at,
          ...crossingMembers(crossing),
          ...(numbered === undefined ? {} : { count, answer: numbered.answer }),
        },
        numbered?.octets ?? crossing.octets,
        () => {
          taken()
          if (numbered !== undefined) send(entry)
        },
      )
      store.hold(entry.file)
      if (numbered === undefined) waiting.push(crossing.peer, entry)
    },
    mark: store.mark,
    isFull: (peer) => troubled || waiting.isFull(peer),
    isAnyFull: waiting.isAnyFull,
    replied(ticket) {
      const entry = live.get(ticket)
      if (entry === undefined || entry.replied) return
      entry.replied = true
      store.append(
        { replied: ticket },
        undefined,
        () => {
          if (entry.state === 'awaits its reply') forget(entry)
        },
        true,
      )
    },
    begin(known) {
      const numbered = [...live.values()].filter((entry) => entry.count > 0).sort((a, b) => a.count - b.count)
      for (const entry of numbered) {
        known(entry, { generation, count: entry.count })
        if (entry.state !== 'at the guard') continue
        flyingOctets += entry.size
        flying.push(entry)
        ready.push(entry)
      }
      for (const entry of live.values()) {
        if (entry.state === 'waiting') waiting.push(entry.crossing.peer, entry)
      }
    },
    waiting: waiting.size,
    unanswered: flying.size,
    entries: () => [...live.values()],
    drop: (match) => remove(match, 'dropped'),
    tick() {
      if (waiting.size() > 0) {
        const time = now()
        remove(({ crossing, at }) => time - at >= options.expiry(crossing.envelope.kind), 'expired')
      }
      store.tidy()
    },
    onConnected(is) {
      connected = is
      pump()
      assign()
    },
    onAnswer(number, accepted) {
      const entry = sent.shift()
      // The producer lets only the answer of its oldest frame through.
      if (entry === undefined || entry.count !== number.count) throw new Error('an answer to no stanza')
      options.onAnswered(accepted, entry, number, () => {
        entry.settled = true
        advance()
      })
    },
    onProducerRoom() {
      room = true
      pump()
      assign()
    },
    close: store.close,
  }
}

const NOTHING = new Uint8Array(0)

function waitingEntry(ticket: number, at: number, arrived: number, crossing: Crossing): OutgoingEntry {
  return {
    ticket,
    at,
    arrived,
    crossing,
    octets: crossing.octets,
    size: crossing.octets.length,
    file: 0,
    state: 'waiting',
    count: 0,
    answer: undefined,
    settled: false,
    replied: false,
  }
}

function numberOf(members: Members, octets: Uint8Array) {
  const { answer } = members
  return {
    count: Number(members['count'] ?? 0),
    answer: typeof answer === 'string' ? answer : undefined,
    octets,
  }
}

/** What a file begins with: the last number, up to where all is answered, the next ticket, and that before which all is settled. */
export function outgoingHeading(
  generation: number,
  count: number,
  answered: number,
  ticket: number,
  base: number,
): object {
  return { spool: 'outgoing', version: 1, generation, count, answered, ticket, base }
}

/** What the last run left, in the state in which it is to go on. Throws one line when it is damaged. */
export function readOutgoing(folder: string, now: () => number) {
  const kept: Kept = { live: new Map(), generation: 0, count: 0, answered: 0, ticket: 1 }
  let base = 0
  const late = new Map<number, Readonly<{ count: number; answer: string | undefined; octets: Uint8Array }>>()
  const gone = new Set<number>()
  const replied = new Set<number>()
  const start = readStore(folder, (members, payload, file) => {
    if (members['spool'] === 'outgoing') {
      kept.generation = Number(members['generation'])
      kept.count = Math.max(kept.count, Number(members['count']))
      kept.answered = Math.max(kept.answered, Number(members['answered']))
      kept.ticket = Math.max(kept.ticket, Number(members['ticket']))
      base = Math.max(base, Number(members['base']))
    } else if (typeof members['stanza'] === 'number') {
      const crossing = readCrossing(members, payload)
      if (crossing === undefined) throw damaged(folder, 'a stanza is not as it was written')
      const at = Number(members['at'])
      const entry = waitingEntry(members['stanza'], at, performance.now() - (now() - at), crossing)
      entry.file = file
      kept.live.set(entry.ticket, entry)
      kept.ticket = Math.max(kept.ticket, entry.ticket + 1)
      if (typeof members['count'] === 'number') late.set(entry.ticket, numberOf(members, payload))
    } else if (typeof members['numbered'] === 'number')
      late.set(members['numbered'], numberOf(members, payload))
    else if (typeof members['answered'] === 'number')
      kept.answered = Math.max(kept.answered, members['answered'])
    else if (typeof members['dropped'] === 'number') gone.add(members['dropped'])
    else if (typeof members['replied'] === 'number') replied.add(members['replied'])
    else throw damaged(folder, 'a record is of no known kind')
  })
  for (const [ticket, entry] of kept.live) {
    const numbered = late.get(ticket)
    if (numbered !== undefined) {
      entry.count = numbered.count
      entry.answer = numbered.answer
      entry.octets =
        numbered.octets.length > 0
          ? numbered.octets
          : octetsFor(entry.crossing, { generation: kept.generation, count: numbered.count })
      entry.size = entry.octets.length
      entry.state = numbered.count > kept.answered ? 'at the guard' : 'awaits its reply'
      kept.count = Math.max(kept.count, numbered.count)
    }
    const over = entry.state === 'awaits its reply' && (entry.answer === undefined || replied.has(ticket))
    if (over || ticket < base || gone.has(ticket)) kept.live.delete(ticket)
  }
  const flying = [...kept.live.values()].filter(({ state }) => state === 'at the guard').length
  if (flying !== kept.count - kept.answered) {
    throw damaged(
      folder,
      `of the stanzas ${kept.answered + 1} to ${kept.count}, which the guard may have, ${flying} are there`,
    )
  }
  return { start, kept }
}
