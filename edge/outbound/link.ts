/**
 * What goes from one far domain to one own domain: a bounded queue and the stream that empties it.
 *
 * The stream is opened when there is something to send, and again after a break, waiting longer each time. Stanzas of one
 * turn of the event loop leave in one write. What a broken stream had not yet handed to the system is sent again on the
 * next one; what it had handed over may be lost with it, or arrive (there is no acknowledgement on s2s).
 */
import { connect } from 'node:net'
import { createQueue } from '../queue.ts'
import type { Session } from '../session.ts'
import type { Address } from './route.ts'
import { initiateStream, type OutboundSite, type OutboundStream } from './stream.ts'

/** A stanza on its way to a server; `at` is when its last octet had come, on the clock of `performance.now()`. */
export type Delivery = Readonly<{
  stanza: string
  at: number
  /** Called once: the system has the stanza, or the server could not be reached in time. */
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
const CONNECT_MS = 10_000
/** A stream that stood so long was a good one: the waiting begins anew. */
const GOOD_MS = 5_000
const WRITE_CHARACTERS = 64 * 1024

export function createLink(options: LinkOptions): Link {
  const { site } = options
  const queue = createQueue<Delivery>()
  /** Batches written whose octets the system does not have yet, oldest first. */
  let writing: Delivery[][] = []
  let state: LinkState = 'idle'
  let stream: OutboundStream | undefined
  let blocked = false
  let scheduled = false
  let full = false
  let closed = false
  let wait = FIRST_WAIT_MS
  let openedAt = 0
  let timer: NodeJS.Timeout | undefined
  let nextTry: number | undefined
  let lastWhy = ''

  function change(next: LinkState, why: string): void {
    state = next
    if (next !== 'connecting') lastWhy = why
    nextTry = undefined
    options.onState(next, why, stream?.session)
  }

  function offer(delivery: Delivery): boolean {
    queue.push(delivery)
    if (queue.size() >= options.bound) full = true
    if (state === 'idle') void open()
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
    while (stream !== undefined && !blocked && queue.size() > 0) {
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
  }

  function room(): void {
    if (full && queue.size() <= options.bound / 2) {
      full = false
      options.onRoom()
    }
  }

  async function open(): Promise<void> {
    change('connecting', '')
    let why = `no address is known for ${site.to}: configure a route, or its DNS`
    for (const address of await options.addresses()) {
      if (closed) return
      const outcome = await attempt(address)
      if (outcome === undefined) return
      why = `${address.host}:${address.port}: ${outcome}`
    }
    if (!closed) retry(why)
  }

  /** Tries one address; resolves with the reason when it failed, with undefined when a stream has stood. */
  function attempt(address: Address): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ host: address.host, port: address.port })
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
            stream = opened
            blocked = false
            openedAt = performance.now()
            change('open', '')
            if (closed) return opened.close('the edge stops')
            resolve(undefined)
            schedule()
          },
          onDrain() {
            blocked = false
            schedule()
          },
          onEnd(why, opened) {
            if (opened) ended(why)
            else resolve(why)
          },
        })
      })
    })
  }

  function ended(why: string): void {
    stream = undefined
    blocked = false
    // Newest in front last: the order stays.
    queue.unshift(writing.flat())
    writing = []
    if (closed) return
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

  return {
    offer,
    isFull: () => full,
    size,
    state: () => state,
    sight: () => ({ state, why: lastWhy, nextTry, waiting: size(), session: stream?.session }),
    end: (why) => stream?.close(why),
    close() {
      closed = true
      clearTimeout(timer)
      stream?.close('the edge stops')
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
