/**
 * What goes from one far domain to one own domain: a bounded queue and the stream that empties it.
 *
 * The stream is opened when there is something to send, and again after a break, waiting longer each time. Stanzas of one
 * turn of the event loop leave in one write, and are kept until the server has acknowledged them (flight.ts). What it had not
 * when a stream broke is sent again on the next one, marked as delayed (delay.ts): it may have arrived.
 *
 * While the stream is with a server that is not of the best priority, a better one is tried from time to time. When its
 * stream stands, nothing more is written to the old one, what is settled there is awaited, and then the new one goes on: no stanza
 * is lost or overtakes another.
 */
import { createQueue } from '../queue.ts'
import type { Session } from '../session.ts'
import type { CarrierEvents, OutboundStream } from '../stream/ends.ts'
import { type AttemptEvents, openFirst } from './attempt.ts'
import type { Barrier } from './barriers.ts'
import { sentAgain } from './delay.ts'
import type { Delivery } from './delivery.ts'
import { createFlight, type Flight } from './flight.ts'
import type { Found, Names } from './route.ts'
import type { Target } from './srv.ts'
import type { BackEvents, OutboundSite } from './stream.ts'

/** `barred`: nothing is ever opened, for the domain is inbound only. */
export type LinkState = 'idle' | 'connecting' | 'open' | 'waiting' | 'barred'

export type LinkOptions = Readonly<{
  /** Asked for each stream anew, as are the others that a reload can change. */
  site(): OutboundSite
  /** Looks for the servers anew. */
  targets(): Promise<Found>
  /** Whom the names of hosts are asked of; nobody when undefined. */
  names(): Names | undefined
  /** Never connects: what is offered is given up at once. */
  isInboundOnly(): boolean
  /** How long a stream stands with a worse server before a better one is tried again. */
  failBackMs(): number
  /** So many stanzas are held; then `offer` says that it is full. */
  bound: number
  /** Stanzas that the server could not be reached for in this time are given up. */
  expireMs: number
  raise(answered: () => void): Barrier
  /** Whether the streams on which this server answers are not being read. */
  isHeld(): boolean
  /** Takes what a server says on a stream that goes both ways. */
  back: BackEvents
  /** `why` says what is wrong; with `open`, that a better server failed. */
  onState(state: LinkState, why: string, session: Session | undefined): void
  /** There is room again after the queue was full. */
  onRoom(): void
}>

export type Link = Readonly<{
  /** Takes a stanza, always. False: the queue is full now, do not bring more before `onRoom`. */
  offer(delivery: Delivery): boolean
  /** Uses a stream that the server has opened, and that takes stanzas too (XEP-0288). Undefined: there is one already. */
  adopt(stream: OutboundStream): CarrierEvents | undefined
  isFull(): boolean
  /** Whether there is none left of the room that is reserved for what the edge says itself: as much again. */
  isOverfull(): boolean
  /** Whether the server is asked for signs by pings, whose answers come on a stream of its own. */
  awaitsAnswer(): boolean
  size(): number
  /** What has not been written to a stream. */
  waiting(): Delivery[]
  /** Takes out what waits and matches: it is not delivered, nor settled. */
  giveUp(match: (delivery: Delivery) => boolean): Delivery[]
  /** Tries to connect now, where that is waited for; whether it is. */
  retry(): boolean
  state(): LinkState
  sight(): LinkSight
  /** Ends the stream that stands, if any; a new one is opened when there is something to send. */
  end(why: string): void
  /** Ends the stream when its server's certificate is no longer believed, or nothing is to be sent to it any more. */
  recheck(): void
  /** Nothing more is written: only what is on its way has still to be acknowledged, and is asked for. */
  drain(): void
  /** So many are on their way. */
  inFlight(): number
  close(): void
}>

/** A link for the eyes of the operator: why it has no stream and when the next try is due, or the stream. */
export type LinkSight = Readonly<{
  state: LinkState
  why: string
  /** Milliseconds since 1970. */
  nextTry: number | undefined
  waiting: number
  session: Session | undefined
}>

/** Characters that a link holds, beside the bound in stanzas, until it says that it is full. */
const CHARACTERS = 8 * 1024 * 1024
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 15_000
/** A stream that stood so long was a good one: the waiting begins anew. */
const GOOD_MS = 5_000
const WRITE_CHARACTERS = 64 * 1024
/** So long may a stream that is to be left take to settle what it has; else the better one is given up and tried again. */
const LEAVE_MS = 10_000
/** How often it is looked whether a stream is still of use (ms). */
const LOOK_MS = 500

export function createLink(options: LinkOptions): Link {
  const queue = createQueue<Delivery>()
  /** Characters in the queue. */
  let characters = 0
  /** Those that are sent again, as they are sent. What is handed back is what was handed over. */
  const marked = new WeakMap<Delivery, string>()
  const stanzaOf = (delivery: Delivery) => marked.get(delivery) ?? delivery.stanza
  let state: LinkState = 'idle'
  let stream: OutboundStream | undefined
  /**
   * What is on its way on the stream, whether that is asked for by pings, whether the server owes a sign, and when something
   * last went.
   */
  let flight: Flight | undefined
  let awaits = false
  let doubted = false
  let busy = 0
  /** The servers as they were found last, and the priority of the one that the stream is with. */
  let known: readonly Target[] = []
  let priority = 0
  /** A stream with a better server, which takes over as soon as the present one has settled what it has. */
  let better: Readonly<{ stream: OutboundStream; target: Target }> | undefined
  let blocked = false
  let scheduled = false
  let full = false
  let draining = false
  let closed = false
  let wait = FIRST_WAIT_MS
  let openedAt = 0
  let timer: NodeJS.Timeout | undefined
  let nextTry: number | undefined
  let lastWhy = ''
  let leaving: NodeJS.Timeout | undefined
  const clock = setInterval(leave, LOOK_MS).unref()

  function change(next: LinkState, why: string): void {
    state = next
    if (next !== 'connecting') lastWhy = why
    nextTry = undefined
    options.onState(next, why, stream?.session)
  }

  const size = () => queue.size() + (flight?.size() ?? 0)
  const volume = () => characters + (flight?.characters() ?? 0)

  function offer(delivery: Delivery): boolean {
    const item = delivery.repeated === true ? again(delivery) : delivery
    if (item !== undefined) enqueue(item)
    if (state === 'barred' && options.isInboundOnly()) setImmediate(giveUp)
    else if (state === 'idle' || state === 'barred') void open()
    else if (state === 'open') schedule()
    return !full
  }

  function enqueue(item: Delivery): void {
    queue.push(item)
    characters += item.stanza.length
    if (size() >= options.bound || volume() >= CHARACTERS) full = true
  }

  function dequeue(): Delivery | undefined {
    const item = queue.shift()
    if (item !== undefined) characters -= item.stanza.length
    return item
  }

  /** Marks it as sent again; undefined when it was settled, for it must not be. */
  function again(delivery: Delivery): Delivery | undefined {
    const since = Date.now() - (performance.now() - delivery.at)
    const stanza = sentAgain(stanzaOf(delivery), options.site().from, since)
    if (stanza === undefined) {
      delivery.settled('expired')
      return undefined
    }
    marked.set(delivery, stanza)
    return delivery
  }

  function schedule(): void {
    if (scheduled || blocked) return
    scheduled = true
    setImmediate(pump)
  }

  function pump(): void {
    scheduled = false
    while (flight !== undefined && mayWrite() && queue.size() > 0 && flight.hasRoom()) {
      const batch: Delivery[] = []
      let length = 0
      while (length < WRITE_CHARACTERS) {
        const item = dequeue()
        if (item === undefined) break
        batch.push(item)
        length += item.stanza.length
      }
      busy = performance.now()
      blocked = !flight.write(batch)
    }
    room()
  }

  function mayWrite(): boolean {
    return better === undefined && !blocked && !draining
  }

  function room(): void {
    if (full && size() <= options.bound / 2 && volume() <= CHARACTERS / 2) {
      full = false
      options.onRoom()
    }
  }

  async function open(): Promise<void> {
    if (options.isInboundOnly()) {
      change(
        'barred',
        `${options.site().to} is inbound only: nothing is sent to it but on a stream of its own`,
      )
      setImmediate(giveUp)
      return
    }
    change('connecting', '')
    const found = await options.targets()
    if (closed || stream !== undefined) return
    known = 'targets' in found ? found.targets : []
    const why =
      'problem' in found ? found.problem : await openFirst(known, options.site(), options.names(), events)
    if (why !== undefined && !closed && stream === undefined) retry(why)
  }

  const events: AttemptEvents = {
    isWanted: () => !closed,
    onOpen(opened, target) {
      if (closed || (stream !== undefined && target.priority >= priority)) return opened.close('not needed')
      if (stream === undefined) return use(opened, target)
      better = { stream: opened, target }
      if (flight === undefined || flight.isEmpty()) takeOver()
      else leaving = setTimeout(() => better?.stream.close('the other one takes too long to end'), LEAVE_MS)
    },
    onDrain(drained) {
      if (drained === stream) unblock()
    },
    back: options.back,
    onEnd(over, why) {
      if (over === stream) ended(why)
      else if (over === better?.stream) {
        better = undefined
        clearTimeout(leaving)
        schedule()
        tryLater()
      }
    },
  }

  function use(opened: OutboundStream, target: Target): void {
    carry(opened)
    priority = target.priority
    const best = known.find((one) => one.priority < priority)
    if (best === undefined) change('open', '')
    else {
      const wanted = `${best.host}:${best.port} of priority ${best.priority}`
      change('open', `it is with a server of priority ${priority}: ${wanted} takes none`)
      tryLater()
    }
    schedule()
  }

  /** Sends on this stream from now on. */
  function carry(opened: OutboundStream): void {
    clearTimeout(timer)
    const { manner, clocks } = options.site()
    stream = opened
    blocked = false
    openedAt = busy = performance.now()
    const by =
      manner.acknowledge === 'none' ? 'handed' : opened.management === undefined ? 'pings' : 'management'
    awaits = by === 'pings'
    flight = createFlight({
      stream: opened,
      by,
      doubted,
      stanzaOf,
      acknowledgeMs: clocks.acknowledgeMs,
      raise: options.raise,
      isHeld: options.isHeld,
      onSettled() {
        room()
        if (stream !== opened) return
        if (better !== undefined && flight?.isEmpty() === true) takeOver()
        else schedule()
      },
    })
  }

  function unblock(): void {
    blocked = false
    schedule()
  }

  /** The present stream has nothing left: the better one goes on. */
  function takeOver(): void {
    const old = stream
    const next = better
    clearTimeout(leaving)
    better = undefined
    land()
    old?.close('a better server takes over')
    if (next !== undefined) use(next.stream, next.target)
  }

  function tryLater(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void tryBetter(), options.failBackMs())
  }

  async function tryBetter(): Promise<void> {
    const found = await options.targets()
    if (closed || stream === undefined || better !== undefined) return
    if ('targets' in found) known = found.targets
    const wanted = known.filter((target) => target.priority < priority)
    const why = await openFirst(wanted, options.site(), options.names(), events)
    if (why !== undefined && stream !== undefined && !closed) tryLater()
  }

  /** The stream is not used any more; what it may not have delivered goes in front of what waits, so that the order stays. */
  function land(): void {
    doubted = flight?.isDoubted() ?? doubted
    const left = flight?.end() ?? []
    stream = undefined
    flight = undefined
    blocked = false
    const repeated = closed ? [] : left.flatMap((item) => again(item) ?? [])
    queue.unshift(repeated)
    for (const { stanza } of repeated) characters += stanza.length
  }

  function ended(why: string): void {
    land()
    if (closed) return
    if (better !== undefined) {
      takeOver()
      return
    }
    clearTimeout(timer)
    if (performance.now() - openedAt > GOOD_MS) wait = FIRST_WAIT_MS
    if (queue.size() === 0) change('idle', why)
    else retry(why)
  }

  /** Closes a stream that nobody has used for long. */
  function leave(): void {
    const old = stream
    if (old === undefined || size() > 0) return
    if (performance.now() < Math.max(busy, old.usedAt()) + options.site().clocks.idleMs) return
    ended('nothing was sent for long')
    old.close('nothing was sent for long')
  }

  function retry(why: string): void {
    change('waiting', why)
    expire()
    if (queue.size() === 0) {
      change('idle', why)
      return
    }
    timer = setTimeout(() => void open(), wait)
    nextTry = Date.now() + wait
    wait = Math.min(wait * 2, LONGEST_WAIT_MS)
  }

  function expire(): void {
    const before = performance.now() - options.expireMs
    for (let item = queue.peek(); item !== undefined && item.at < before; item = queue.peek()) {
      dequeue()
      item.settled('expired')
    }
    room()
  }

  /** Gives up all that waits. */
  function giveUp(): void {
    for (let item = dequeue(); item !== undefined; item = dequeue()) item.settled('expired')
    room()
  }

  return {
    offer,
    adopt(opened) {
      if (closed || stream !== undefined) return undefined
      carry(opened)
      // No server that we look for is better than one that has come by itself.
      priority = -1
      change('open', '')
      schedule()
      return {
        onDrain() {
          if (stream === opened) unblock()
        },
        onEnd(why) {
          if (stream === opened) ended(why)
        },
      }
    },
    isFull: () => full,
    isOverfull: () => size() >= 2 * options.bound || volume() >= 2 * CHARACTERS,
    retry() {
      if (state !== 'waiting') return false
      clearTimeout(timer)
      void open()
      return true
    },
    waiting: queue.items,
    giveUp(match) {
      const gone = queue.remove(match)
      for (const { stanza } of gone) characters -= stanza.length
      room()
      return gone
    },
    awaitsAnswer: () => awaits && flight !== undefined,
    size,
    state: () => state,
    sight: () => ({ state, why: lastWhy, nextTry, waiting: size(), session: stream?.session }),
    end: (why) => stream?.close(why),
    recheck() {
      if (options.isInboundOnly()) stream?.close('its server is inbound only now')
      else stream?.recheck()
    },
    drain() {
      draining = true
      flight?.ask()
    },
    inFlight: () => flight?.size() ?? 0,
    close() {
      closed = true
      clearTimeout(timer)
      clearTimeout(leaving)
      clearInterval(clock)
      better?.stream.close('the edge stops')
      stream?.close('the edge stops')
    },
  }
}
