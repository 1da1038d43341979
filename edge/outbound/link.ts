/**
 * What goes from one far domain to one own domain: a bounded queue and the stream that empties it.
 *
 * The stream is opened when there is something to send, and again after a break, waiting longer each time. Stanzas of one
 * turn of the event loop leave in one write. What a broken stream had not yet handed to the system is sent again on the
 * next one; what it had handed over may be lost with it, or arrive (there is no acknowledgement on s2s).
 *
 * While the stream is with a server that is not of the best priority, a better one is tried from time to time. When its
 * stream stands, nothing more is written to the old one, what is settled there is awaited, and then the new one goes on: no stanza
 * is lost or overtakes another.
 */
import { createQueue } from '../queue.ts'
import type { Session } from '../session.ts'
import { type AttemptEvents, openFirst } from './attempt.ts'
import type { Found, Names } from './route.ts'
import type { Target } from './srv.ts'
import type { OutboundSite, OutboundStream } from './stream.ts'

/** A stanza on its way to a server; `at` is when its last octet had come, on the clock of `performance.now()`. */
export type Delivery = Readonly<{
  stanza: string
  at: number
  /** Called once: the system has the stanza, or the server could not be reached in time. */
  settled(outcome: 'sent' | 'expired'): void
}>

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
  /** `why` says what is wrong; with `open`, that a better server failed. */
  onState(state: LinkState, why: string, session: Session | undefined): void
  /** There is room again after the queue was full. */
  onRoom(): void
}>

export type Link = Readonly<{
  /** Takes a stanza, always. False: the queue is full now, do not bring more before `onRoom`. */
  offer(delivery: Delivery): boolean
  isFull(): boolean
  size(): number
  state(): LinkState
  sight(): LinkSight
  /** Ends the stream that stands, if any; a new one is opened when there is something to send. */
  end(why: string): void
  /** Ends the stream when its server's certificate is no longer believed, or nothing is to be sent to it any more. */
  recheck(): void
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

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 15_000
/** A stream that stood so long was a good one: the waiting begins anew. */
const GOOD_MS = 5_000
const WRITE_CHARACTERS = 64 * 1024
/** So long may a stream that is to be left take to settle what it has; else the better one is given up and tried again. */
const LEAVE_MS = 10_000

export function createLink(options: LinkOptions): Link {
  const queue = createQueue<Delivery>()
  /** Batches written whose octets the system does not have yet, oldest first. */
  let writing: Delivery[][] = []
  let state: LinkState = 'idle'
  let stream: OutboundStream | undefined
  /** The servers as they were found last, and the priority of the one that the stream is with. */
  let known: readonly Target[] = []
  let priority = 0
  /** A stream with a better server, which takes over as soon as the present one has settled what it has. */
  let better: Readonly<{ stream: OutboundStream; target: Target }> | undefined
  let blocked = false
  let scheduled = false
  let full = false
  let closed = false
  let wait = FIRST_WAIT_MS
  let openedAt = 0
  let timer: NodeJS.Timeout | undefined
  let nextTry: number | undefined
  let lastWhy = ''
  let leaving: NodeJS.Timeout | undefined

  function change(next: LinkState, why: string): void {
    state = next
    if (next !== 'connecting') lastWhy = why
    nextTry = undefined
    options.onState(next, why, stream?.session)
  }

  function offer(delivery: Delivery): boolean {
    queue.push(delivery)
    if (queue.size() >= options.bound) full = true
    if (state === 'barred' && options.isInboundOnly()) setImmediate(giveUp)
    else if (state === 'idle' || state === 'barred') void open()
    else if (state === 'open') schedule()
    return !full
  }

  function schedule(): void {
    if (scheduled || blocked) return
    scheduled = true
    setImmediate(pump)
  }

  function pump(): void {
    scheduled = false
    while (stream !== undefined && better === undefined && !blocked && queue.size() > 0) {
      const batch: Delivery[] = []
      let text = ''
      while (text.length < WRITE_CHARACTERS) {
        const item = queue.shift()
        if (item === undefined) break
        batch.push(item)
        text += item.stanza
      }
      writing.push(batch)
      blocked = !stream.write(Buffer.from(text, 'utf8'), () => written(batch))
    }
    room()
  }

  function written(batch: Delivery[]): void {
    const at = writing.indexOf(batch)
    if (at === -1) return
    writing.splice(at, 1)
    stream?.session.passed(batch.length)
    for (const item of batch) item.settled('sent')
    if (better !== undefined && writing.length === 0) takeOver()
  }

  function room(): void {
    if (full && queue.size() <= options.bound / 2) {
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
      if (writing.length === 0) takeOver()
      else leaving = setTimeout(() => better?.stream.close('the other one takes too long to end'), LEAVE_MS)
    },
    onDrain(drained) {
      if (drained !== stream) return
      blocked = false
      schedule()
    },
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
    clearTimeout(timer)
    stream = opened
    priority = target.priority
    blocked = false
    openedAt = performance.now()
    const best = known.find((one) => one.priority < priority)
    if (best === undefined) change('open', '')
    else {
      const wanted = `${best.host}:${best.port} of priority ${best.priority}`
      change('open', `it is with a server of priority ${priority}: ${wanted} takes none`)
      tryLater()
    }
    schedule()
  }

  /** The present stream has nothing left: the better one goes on. */
  function takeOver(): void {
    const old = stream
    const next = better
    clearTimeout(leaving)
    better = undefined
    stream = undefined
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

  function ended(why: string): void {
    stream = undefined
    blocked = false
    // Newest in front last: the order stays.
    queue.unshift(writing.flat())
    writing = []
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
      queue.shift()
      item.settled('expired')
    }
    room()
  }

  const size = () => queue.size() + writing.reduce((sum, batch) => sum + batch.length, 0)
  /** Gives up all that waits. */
  function giveUp(): void {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) item.settled('expired')
    room()
  }

  return {
    offer,
    isFull: () => full,
    size,
    state: () => state,
    sight: () => ({ state, why: lastWhy, nextTry, waiting: size(), session: stream?.session }),
    end: (why) => stream?.close(why),
    recheck() {
      if (options.isInboundOnly()) stream?.close('its server is inbound only now')
      else stream?.recheck()
    },
    close() {
      closed = true
      clearTimeout(timer)
      clearTimeout(leaving)
      better?.stream.close('the edge stops')
      stream?.close('the edge stops')
    },
  }
}
