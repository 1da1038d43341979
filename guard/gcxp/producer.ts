/**
 * The producer: the TLS client that sends requests and takes their answers.
 *
 * It keeps what is not answered, at most a window of 1,024 requests. After a break it connects again, waiting longer each
 * time, and sends all of it once more from the first on; so the consumer sees a number more than once, but never misses
 * one. Answers must come in the order of the requests: any other answer breaks the connection.
 *
 * Without responses (the one-way mode) a request is done with once a connection that keeps up has taken it: what was on its
 * way when a connection broke is lost, and nothing is sent twice. An octet behind the consumer's preamble breaks the connection.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { connectionProblem, UNREACHABLE } from './broken.ts'
import { createGcxpDecoder, encodeRequest, PREAMBLE } from './codec.ts'
import type { Credentials } from './credentials.ts'
import { expiryProblem, peerProblem, TLS_VERSION } from './identity.ts'
import { formatNumber, type StanzaNumber } from './number.ts'
import { idOf } from './numbering.ts'
import { createOutbox, type Outbox } from './outbox.ts'

/** The most requests that may be without answer. */
export const WINDOW = 1024

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 500
const GREETING_MS = 10_000
const KEEP_ALIVE_MS = 15_000
/** How often a connection is looked at: has a certificate expired? */
const LOOK_MS = 1_000

/** `problem` is one line for the operator: what, where, how to mend. */
export type ProducerState =
  | Readonly<{ state: 'connected'; socket: TLSSocket }>
  | Readonly<{ state: 'disconnected'; problem: string; again: boolean }>

export type ProducerOptions = Readonly<{
  host: string
  port: number
  /** The DNS name that the consumer's certificate must hold. */
  peer: string
  credentials: Credentials
  /** False: the one-way mode, in which the connection's taking a request is its answer. */
  responses?: boolean
  /** The consumer answered the request with `number`. Called in the order of sending; without responses perhaps within `send`. */
  onAnswer(number: StanzaNumber, accepted: boolean): void
  /** There is room again, after `send` returned false. */
  onRoom?(): void
  /** The connection came up or broke; `again` when the problem is the one told last. */
  onState?(state: ProducerState): void
  /** Octets of unanswered payload from which on `send` asks its caller to wait. */
  octets?: number
  /** Begins without a connection, until `hold(false)`. */
  held?: boolean
}>

export type Producer = Readonly<{
  /**
   * Sends, or keeps for the next connection, one request; without payload a number that is left out. The caller does not
   * change `payload` afterwards. False: it has been taken, but wait for `onRoom`. Throws when the window was full already.
   */
  send(number: StanzaNumber, payload: Uint8Array | undefined): boolean
  /** Requests without answer. */
  unanswered(): number
  connected(): boolean
  /**
   * Held, it has no connection: what is sent is kept, and not an octet leaves this host any more, not even one that the system
   * had taken. Not held, it connects and sends what is unanswered.
   */
  hold(held: boolean): void
  /** Shows itself with these on connections to come. One that stands goes on, unless the CAs are others. */
  renew(credentials: Credentials): void
  /** Ends the connection and does not come back. Answers that are not there yet never come. */
  close(): void
}>

export function connectProducer(options: ProducerOptions): Producer {
  const limit = options.octets ?? 16 * 1024 * 1024
  const responses = options.responses ?? true
  const where = `${options.host}:${options.port}`
  // The unanswered requests: a ring of frames with their numbers; `first` is the oldest.
  const frames = new Array<Uint8Array | undefined>(WINDOW)
  const numbers = new Array<StanzaNumber>(WINDOW)
  let first = 0
  let count = 0
  let octets = 0
  let waitedFor = false
  /** The connection that is up, and where its requests go together. */
  let standing: TLSSocket | undefined
  let outbox: Outbox | undefined
  let handing = false
  let socket: TLSSocket | undefined
  let wire: Socket | undefined
  let timer: NodeJS.Timeout | undefined
  let wait = FIRST_WAIT_MS
  let lastProblem = ''
  let closed = false
  let held = options.held === true
  let { credentials } = options

  const room = () => count < WINDOW && octets < limit

  function send(number: StanzaNumber, payload: Uint8Array | undefined): boolean {
    if (count === WINDOW) throw new Error('the window of unanswered requests is full')
    const frame = encodeRequest(idOf(number), payload)
    const slot = (first + count) % WINDOW
    frames[slot] = frame
    numbers[slot] = number
    count++
    octets += frame.length
    if (responses) outbox?.push(frame)
    else handOver()
    if (!room()) waitedFor = true
    return !waitedFor
  }

  /** One-way: gives the connection as much as it takes. */
  function handOver(): void {
    const tls = standing
    if (tls === undefined || handing) return
    handing = true
    if (tls.writableCorked === 0) {
      tls.cork()
      process.nextTick(() => tls.uncork())
    }
    while (count > 0 && !tls.writableNeedDrain && !tls.destroyed) {
      tls.write(frames[first]!)
      done(true)
    }
    handing = false
  }

  /** Takes the answer to the oldest request; false when it is not the answer to that. */
  function answer(id: Uint8Array, accepted: boolean): boolean {
    if (count === 0 || Buffer.compare(idOf(numbers[first]!), id) !== 0) return false
    done(accepted)
    return true
  }

  /** The oldest request is answered. */
  function done(accepted: boolean): void {
    const number = numbers[first]!
    octets -= frames[first]!.length
    frames[first] = undefined
    first = (first + 1) % WINDOW
    count--
    options.onAnswer(number, accepted)
    if (waitedFor && count <= WINDOW / 2 && octets <= limit / 2) {
      waitedFor = false
      options.onRoom?.()
    }
  }

  function open(): void {
    timer = undefined
    // A socket of its own, for only that can be reset.
    const tcp = connect({ host: options.host, port: options.port })
    tcp.setNoDelay(true)
    tcp.setKeepAlive(true, KEEP_ALIVE_MS)
    wire = tcp
    const tls = connectTls({
      ...TLS_VERSION,
      socket: tcp,
      servername: options.peer,
      cert: credentials.certificate,
      key: credentials.key,
      ca: credentials.ca,
      // The whole question is asked below, by the code that the other end uses too.
      checkServerIdentity: () => undefined,
    })
    socket = tls
    let problem: string | undefined
    let greeted = false
    let received = 0
    let looking: NodeJS.Timeout | undefined
    const decoder = createGcxpDecoder(0)
    const breakOff = (why: string) => {
      problem ??= why
      tls.destroy()
    }
    const tooSlow = setTimeout(() => {
      breakOff(tcp.connecting ? UNREACHABLE : 'no GCXP greeting came: is it a GCXP consumer?')
    }, GREETING_MS)

    tls.on('secureConnect', () => {
      const why = peerProblem(tls, options.peer, Date.now())
      if (why !== undefined) return breakOff(why)
      looking = setInterval(() => {
        const expired = expiryProblem(tls, Date.now())
        if (expired !== undefined) breakOff(expired)
      }, LOOK_MS)
      tls.write(PREAMBLE)
    })
    tls.on('drain', () => {
      if (!responses) handOver()
    })
    tls.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (!responses && received > PREAMBLE.length) {
        return breakOff(
          'an octet came back, where responses are switched off on this end: switch them off there too',
        )
      }
      decoder.feed(chunk)
      for (;;) {
        const message = decoder.read()
        if (message === undefined) return
        if (message.type === 'preamble') {
          clearTimeout(tooSlow)
          greeted = true
          established(tls)
          continue
        }
        if (message.type === 'violation') return breakOff(`not GCXP as agreed: ${message.what}`)
        if (message.type === 'request') return breakOff('a request came from a consumer')
        if (!answer(message.id, message.accepted)) {
          return breakOff(
            count === 0
              ? 'an answer came to no request'
              : `an answer came out of order (waiting for ${formatNumber(numbers[first]!)})`,
          )
        }
        if (tls.destroyed) return
      }
    })
    tls.on('error', (error: NodeJS.ErrnoException) => {
      problem ??= connectionProblem(error, tls)
    })
    tls.on('close', () => {
      clearTimeout(tooSlow)
      clearInterval(looking)
      if (socket === tls) {
        socket = undefined
        standing = undefined
        outbox = undefined
      }
      if (closed || held) return
      const why =
        problem ??
        (greeted
          ? 'the peer closed the connection'
          : 'the peer closed the connection at once: does it trust and expect our certificate?')
      const text = `GCXP to ${where} (${options.peer}): ${why}`
      options.onState?.({ state: 'disconnected', problem: text, again: text === lastProblem })
      lastProblem = text
      timer = setTimeout(open, wait)
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    })
  }

  function established(tls: TLSSocket): void {
    wait = FIRST_WAIT_MS
    lastProblem = ''
    standing = tls
    outbox = createOutbox(tls)
    if (responses) for (let i = 0; i < count; i++) outbox.push(frames[(first + i) % WINDOW]!)
    options.onState?.({ state: 'connected', socket: tls })
    if (!responses) handOver()
  }

  function close(): void {
    closed = true
    clearTimeout(timer)
    socket?.destroy()
  }

  function hold(on: boolean): void {
    if (on === held) return
    held = on
    clearTimeout(timer)
    if (on) {
      standing = undefined
      outbox = undefined
      // A reset takes back what the system has not sent yet; an end would send it.
      wire?.resetAndDestroy()
      socket?.destroy()
    } else if (socket === undefined) {
      open()
    }
  }

  function renew(next: Credentials): void {
    const { ca } = credentials
    credentials = next
    if (next.ca !== ca) socket?.destroy()
  }

  if (!held) open()
  return { send, unanswered: () => count, connected: () => standing !== undefined, hold, renew, close }
}
