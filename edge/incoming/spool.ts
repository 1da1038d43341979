/**
 * What the incoming guard released and the edge has taken over: durable in the state folder before the guard hears that, until the
 * server of the own side has it (and an IQ request, until its reply has gone out). Answers of the edge's own that nobody would miss
 * but their reader are kept here too.
 *
 * Also the highest number taken: what comes again is known by it, over restarts. That the same number comes with other octets means
 * that the far edge gives numbers out twice, which only an old state folder explains.
 */
import {
  compareNumbers,
  formatNumber,
  NO_NUMBER,
  parseNumber,
  type StanzaNumber,
} from '../../guard/gcxp/index.ts'
import type { Envelope } from '../refusal.ts'
import { damaged, openStore, readStore } from '../spool/store.ts'

export type IncomingState = 'waiting' | 'awaits its reply'

/** What is to be delivered, in canonical spelling, and between whom. */
export type Incoming = Readonly<{
  kind: Envelope['kind']
  from: string
  to: string
  stanza: string
  /** An IQ request, by whose number its answer is known. */
  asks: boolean
}>

/** A stanza in the spool, which knows it by `ticket`; of a frame, or of the edge's own. */
export type IncomingEntry = Incoming & {
  readonly ticket: number
  /** When it was taken: milliseconds since 1970, and of `performance.now()`. */
  readonly at: number
  readonly arrived: number
  readonly number: StanzaNumber | undefined
  readonly size: number
  file: number
  state: IncomingState
  replied: boolean
}

/** Whether a frame is new; or was taken already, with the same octets or with others. */
export type Novelty = 'new' | 'repeated' | 'reused'

export type IncomingSpool = Readonly<{
  novelty(number: StanzaNumber, digest: string): Novelty
  /**
   * Takes a frame that is new; without `incoming` one that leads to no delivery. `taken` is called when it is durable: before that
   * the guard may not hear of it.
   */
  take(
    number: StanzaNumber,
    digest: string,
    incoming: Incoming | undefined,
    taken: () => void,
  ): IncomingEntry | undefined
  /** `taken` is called when all that was taken is durable. */
  mark(taken: () => void): void
  /** Keeps a stanza of the edge's own. */
  keep(incoming: Incoming, kept: () => void): void
  /** The server has it, or it was given up. */
  settled(entry: IncomingEntry): void
  /** The request with this ticket has got its reply, or gets none. */
  replied(ticket: number): void
  /** Gives `known` what was taken before the start, and delivers what is left of it. To be called once, before all else. */
  begin(known: (entry: IncomingEntry) => void): void
  /** Whether no more is to be taken from the guard. */
  isFull(): boolean
  size(): number
  entries(): IncomingEntry[]
  /** To be called from time to time. */
  tick(): void
  close(): Promise<void>
}>

export type IncomingSpoolOptions = Readonly<{
  folder: string
  room: Readonly<{ stanzas: number; octets: number }>
  /** It is durable; `again`: it was taken before the start. */
  deliver(entry: IncomingEntry, again: boolean): void
  /** What is full has changed. */
  onChange(): void
  onTrouble(problem: string | undefined): void
  now(): number
}>

/** Numbers whose digests are kept: more than can be on their way. */
const KNOWN = 4096

/** Throws one line when the spool cannot be read, or is damaged. */
export function createIncomingSpool(options: IncomingSpoolOptions): IncomingSpool {
  const { folder, room, now } = options
  const { start, live, digests, ...kept } = readIncoming(folder, now)
  let { last, ticket } = kept
  let octets = 0
  let full = false
  let troubled = false

  const store = openStore({
    folder,
    start,
    heading: () => incomingHeading(last, ticket, live.keys().next().value ?? ticket),
    onTrouble(problem) {
      troubled = problem !== undefined
      options.onTrouble(problem)
    },
  })
  for (const { file, size } of live.values()) {
    store.hold(file)
    octets += size
  }
  const holdsMore = (part: number) => live.size >= part * room.stanzas || octets >= part * room.octets
  full = holdsMore(1)

  function add(incoming: Incoming, number: StanzaNumber | undefined): IncomingEntry {
    const entry: IncomingEntry = {
      ...incoming,
      ticket: ticket++,
      at: now(),
      arrived: performance.now(),
      number,
      size: incoming.stanza.length,
      file: 0,
      state: 'waiting',
      replied: !incoming.asks,
    }
    live.set(entry.ticket, entry)
    octets += entry.size
    if (!full && holdsMore(1)) {
      full = true
      options.onChange()
    }
    return entry
  }

  function append(entry: IncomingEntry, more: object, then: () => void): void {
    const { ticket, at, kind, from, to, asks, stanza } = entry
    entry.file = store.append(
      { stanza: ticket, at, kind, from, to, asks, ...more },
      Buffer.from(stanza, 'utf8'),
      () => {
        then()
        options.deliver(entry, false)
      },
    )
    store.hold(entry.file)
  }

  function forget(entry: IncomingEntry): void {
    live.delete(entry.ticket)
    octets -= entry.size
    store.release(entry.file)
    if (full && !holdsMore(1 / 2)) {
      full = false
      options.onChange()
    }
  }

  function remember(number: string, digest: string): void {
    digests.set(number, digest)
    if (digests.size <= KNOWN) return
    for (const oldest of digests.keys()) {
      digests.delete(oldest)
      if (digests.size <= KNOWN / 2) break
    }
  }

  return {
    novelty(number, digest) {
      if (compareNumbers(number, last) > 0) return 'new'
      const known = digests.get(formatNumber(number))
      return known === undefined || known === digest ? 'repeated' : 'reused'
    },
    take(number, digest, incoming, taken) {
      last = number
      const spelled = formatNumber(number)
      remember(spelled, digest)
      if (incoming === undefined) {
        store.append({ seen: spelled, digest }, undefined, taken)
        return undefined
      }
      const entry = add(incoming, number)
      append(entry, { number: spelled, digest }, taken)
      return entry
    },
    mark: store.mark,
    keep: (incoming, kept) => append(add(incoming, undefined), {}, kept),
    settled(entry) {
      store.append(
        { settled: entry.ticket },
        undefined,
        () => {
          if (entry.replied) forget(entry)
          else entry.state = 'awaits its reply'
        },
        true,
      )
    },
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
      for (const entry of live.values()) known(entry)
      for (const entry of live.values()) if (entry.state === 'waiting') options.deliver(entry, true)
    },
    isFull: () => full || troubled,
    size: () => live.size,
    entries: () => [...live.values()],
    tick: store.tidy,
    close: store.close,
  }
}

/** What a file begins with: the highest number taken, the next ticket, and that before which all is settled. */
export function incomingHeading(last: StanzaNumber, ticket: number, base: number): object {
  return { spool: 'incoming', version: 1, last: formatNumber(last), ticket, base }
}

/** What the last run left. Throws one line when it is damaged. */
export function readIncoming(folder: string, now: () => number) {
  const live = new Map<number, IncomingEntry>()
  const digests = new Map<string, string>()
  const settled = new Set<number>()
  const replied = new Set<number>()
  let last: StanzaNumber = NO_NUMBER
  let ticket = 1
  let base = 0
  const saw = (spelled: unknown, digest: unknown): StanzaNumber => {
    const number = typeof spelled === 'string' ? parseNumber(spelled) : undefined
    if (number === undefined || typeof digest !== 'string')
      throw damaged(folder, 'a number is not as it was written')
    digests.set(formatNumber(number), digest)
    if (compareNumbers(number, last) > 0) last = number
    return number
  }
  const start = readStore(folder, (members, payload, file) => {
    const { spool, stanza, seen, digest, kind, from, to, at } = members
    if (spool === 'incoming') {
      const number = parseNumber(String(members['last']))
      if (number === undefined) throw damaged(folder, 'a number is not as it was written')
      if (compareNumbers(number, last) > 0) last = number
      ticket = Math.max(ticket, Number(members['ticket']))
      base = Math.max(base, Number(members['base']))
    } else if (typeof stanza === 'number') {
      if (kind !== 'message' && kind !== 'presence' && kind !== 'iq')
        throw damaged(folder, 'a stanza is not as it was written')
      const asks = members['asks'] === true
      live.set(stanza, {
        kind,
        from: String(from),
        to: String(to),
        asks,
        stanza: payload.toString('utf8'),
        ticket: stanza,
        at: Number(at),
        arrived: performance.now() - (now() - Number(at)),
        number: members['number'] === undefined ? undefined : saw(members['number'], digest),
        size: payload.length,
        file,
        state: 'waiting',
        replied: !asks,
      })
      ticket = Math.max(ticket, stanza + 1)
    } else if (seen !== undefined) saw(seen, digest)
    else if (typeof members['settled'] === 'number') settled.add(members['settled'])
    else if (typeof members['replied'] === 'number') replied.add(members['replied'])
    else throw damaged(folder, 'a record is of no known kind')
  })
  for (const [number, entry] of live) {
    if (replied.has(number)) entry.replied = true
    if (settled.has(number)) entry.state = 'awaits its reply'
    if (number < base || (entry.state !== 'waiting' && entry.replied)) live.delete(number)
  }
  return { start, live, digests, last, ticket }
}
