/**
 * What goes from one far domain to one own domain: a bounded queue and the stream that empties it.
 *
 * The stream is opened when there is something to send, and again after a break, waiting longer each time. Stanzas of one
 * turn of the event loop leave in one write, and are kept until the server has acknowledged them (flight.ts). What it had not
 * when a stream broke is sent again on the next one, marked as delayed (delay.ts): it may have arrived.
 */
import { connect } from 'node:net'
import { createQueue } from '../queue.ts'
import type { Barrier } from './barriers.ts'
import { sentAgain } from './delay.ts'
import { createFlight, type Flight } from './flight.ts'
import type { Address } from './route.ts'
import {
  type BackEvents,
  type CarrierEvents,
  initiateStream,
  type OutboundSite,
  type OutboundStream,
} from './stream.ts'

/** A stanza on its way to a server; `at` is when its last octet had come, on the clock of `performance.now()`. */
export type Delivery = Readonly<{
  stanza: string
  at: number
  /** It may have reached the server already: it is sent as one that is sent again. */
  repeated?: boolean
  /**
   * Called once: the server has acknowledged the stanza (or the system has it, where the server is not asked), or it could not be
   * reached in time, or it is not known whether it has a stanza that may not be sent twice.
   */
  settled(outcome: 'sent' | 'expired'): void
}>

export type LinkState = 'idle' | 'connecting' | 'open' | 'waiting'

export type LinkOptions = Readonly<{
  site: OutboundSite
  addresses(): Promise<Address[]>
  /** So many stanzas are held; then `offer` says that it is full. */
  bound: number
  /** Stanzas that the server could not be reached for in this time are given up. */
  expireMs: number
  raise(answered: () => void): Barrier
  /** Whether the streams on which this server answers are not being read. */
  isHeld(): boolean
  /** Takes what a server says on a stream that goes both ways. */
  back: BackEvents
  onState(state: LinkState, why: string): void
  /** There is room again after the queue was full. */
  onRoom(): void
}>

export type Link = Readonly<{
  /** Takes a stanza, always. False: the queue is full now, do not bring more before `onRoom`. */
  offer(delivery: Delivery): boolean
  /** Uses a stream that the server has opened, and that takes stanzas too (XEP-0288). Undefined: there is one already. */
  adopt(stream: OutboundStream): CarrierEvents | undefined
  isFull(): boolean
  /** Whether the server is asked for signs by pings, whose answers come on a stream of its own. */
  awaitsAnswer(): boolean
  size(): number
  state(): LinkState
  close(): void
}>

/** Characters that a link holds, beside the bound in stanzas, until it says that it is full. */
const CHARACTERS = 8 * 1024 * 1024
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 15_000
const CONNECT_MS = 10_000
/** A stream that stood so long was a good one: the waiting begins anew. */
const GOOD_MS = 5_000
const WRITE_CHARACTERS = 64 * 1024
/** How often it is looked whether a stream is still of use (ms). */
const LEAVE_MS = 500

export function createLink(options: LinkOptions): Link {
  const { site } = options
  const queue = createQueue<Delivery>()
  /** Characters in the queue. */
  let characters = 0
  let state: LinkState = 'idle'
  let stream: OutboundStream | undefined
  /** What is on its way on the stream. */
  let flight: Flight | undefined
  let busy = 0
  let blocked = false
  let scheduled = false
  let full = false
  let closed = false
  let wait = FIRST_WAIT_MS
  let openedAt = 0
  let awaits = false
  let timer: NodeJS.Timeout | undefined
  const clock = setInterval(leave, LEAVE_MS).unref()

  function change(next: LinkState, why: string): void {
    state = next
    options.onState(next, why)
  }

  const size = () => queue.size() + (flight?.size() ?? 0)
  const volume = () => characters + (flight?.characters() ?? 0)

  function offer(delivery: Delivery): boolean {
    const item = delivery.repeated === true ? again(delivery) : delivery
    if (item !== undefined) enqueue(item)
    if (state === 'idle') void open()
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

  /** The stanza as it is sent again, or undefined when it was settled for it must not be. */
  function again(delivery: Delivery): Delivery | undefined {
    const since = Date.now() - (performance.now() - delivery.at)
    const stanza = sentAgain(delivery.stanza, site.from, since)
    if (stanza === undefined) delivery.settled('expired')
    return stanza === undefined ? undefined : { ...delivery, stanza }
  }

  function schedule(): void {
    if (scheduled || blocked) return
    scheduled = true
    setImmediate(pump)
  }

  function pump(): void {
    scheduled = false
    while (flight !== undefined && !blocked && queue.size() > 0 && flight.hasRoom()) {
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

  function room(): void {
    if (full && size() <= options.bound / 2 && volume() <= CHARACTERS / 2) {
      full = false
      options.onRoom()
    }
  }

  async function open(): Promise<void> {
    change('connecting', '')
    let why = `no address is known for ${site.to}: configure a route, or its DNS`
    for (const address of await options.addresses()) {
      if (closed || stream !== undefined) return
      const outcome = await attempt(address)
      if (outcome === undefined) return
      why = `${address.host}:${address.port}: ${outcome}`
    }
    if (!closed && stream === undefined) retry(why)
  }

  /** Tries one address; resolves with the reason when it failed, with undefined when a stream has stood. */
  function attempt(address: Address): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ host: address.host, port: address.port })
      let mine: OutboundStream | undefined
      const failed = (why: string) => {
        socket.destroy()
        resolve(why)
      }
      const onError = (error: NodeJS.ErrnoException) => failed(connectProblem(error))
      socket.once('error', onError)
      socket.setTimeout(CONNECT_MS, () => failed('nobody answers: check address, route and firewall'))
      socket.once('connect', () => {
        socket.off('error', onError)
        socket.setTimeout(0)
        socket.setNoDelay(true)
        socket.setKeepAlive(true, 15_000)
        initiateStream(socket, site, {
          onOpen(opened) {
            mine = opened
            if (closed || stream !== undefined) return opened.close()
            use(opened)
            resolve(undefined)
          },
          onDrain() {
            if (stream === mine) drained()
          },
          onEnd(why, opened) {
            if (!opened) resolve(why)
            else if (stream === mine) ended(why)
            else resolve(undefined)
          },
          back: options.back,
        })
      })
    })
  }

  function use(opened: OutboundStream): void {
    clearTimeout(timer)
    stream = opened
    blocked = false
    openedAt = busy = performance.now()
    const by =
      site.manner.acknowledge === 'none' ? 'handed' : opened.management === undefined ? 'pings' : 'management'
    flight = createFlight({
      stream: opened,
      by,
      acknowledgeMs: site.clocks.acknowledgeMs,
      raise: options.raise,
      isHeld: options.isHeld,
      onSettled() {
        room()
        if (stream === opened) schedule()
      },
    })
    awaits = by === 'pings'
    change('open', '')
    schedule()
  }

  function drained(): void {
    blocked = false
    schedule()
  }

  function ended(why: string): void {
    const left = flight?.end() ?? []
    stream = undefined
    flight = undefined
    blocked = false
    const repeated = closed ? [] : left.flatMap((item) => again(item) ?? [])
    // In front of the others, so that the order stays.
    queue.unshift(repeated)
    for (const { stanza } of repeated) characters += stanza.length
    if (closed) return
    if (performance.now() - openedAt > GOOD_MS) wait = FIRST_WAIT_MS
    if (queue.size() === 0) change('idle', why)
    else retry(why)
  }

  /** Closes a stream that nobody has used for long. */
  function leave(): void {
    const old = stream
    if (old === undefined || size() > 0) return
    if (performance.now() < Math.max(busy, old.usedAt()) + site.clocks.idleMs) return
    ended('nothing was sent for long')
    old.close()
  }

  function retry(why: string): void {
    change('waiting', why)
    expire()
    if (queue.size() === 0) {
      change('idle', why)
      return
    }
    timer = setTimeout(() => void open(), wait)
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

  return {
    offer,
    adopt(opened) {
      if (closed || stream !== undefined) return undefined
      use(opened)
      return {
        onDrain() {
          if (stream === opened) drained()
        },
        onEnd(why) {
          if (stream === opened) ended(why)
        },
      }
    },
    isFull: () => full,
    awaitsAnswer: () => awaits && flight !== undefined,
    size,
    state: () => state,
    close() {
      closed = true
      clearTimeout(timer)
      clearInterval(clock)
      stream?.close()
    },
  }
}

function connectProblem(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there: start the server, or correct the route'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known: configure a route, or its DNS'
    default:
      return `cannot be reached (${error.code ?? 'unknown'})`
  }
}
