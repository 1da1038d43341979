/**
 * The producer: the TLS client that sends requests and takes their answers.
 *
 * It keeps what is not answered, at most a window of 1,024 requests. After a break it connects again, waiting longer each
 * time, and sends all of it once more from the first on; so the consumer sees a number more than once, but never misses
 * one. Answers must come in the order of the requests: any other answer breaks the connection.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { connectionProblem, UNREACHABLE } from './broken.ts'
import { createGcxpDecoder, encodeRequest, PREAMBLE } from './codec.ts'
import type { Credentials } from './credentials.ts'
import { peerProblem, TLS_VERSION } from './identity.ts'
import { formatNumber, NUMBER_OCTETS, type StanzaNumber, writeNumber } from './number.ts'
import { createOutbox, type Outbox } from './outbox.ts'

/** The most requests that may be without answer. */
export const WINDOW = 1024

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 500
const GREETING_MS = 10_000
const KEEP_ALIVE_MS = 15_000

/** `problem` is one line for the operator: what, where, how to mend. */
export type ProducerState =
  | Readonly<{ state: 'connected' }>
  | Readonly<{ state: 'disconnected'; problem: string; again: boolean }>

export type ProducerOptions = Readonly<{
  host: string
  port: number
  /** The DNS name that the consumer's certificate must hold. */
  peer: string
  credentials: Credentials
  /** The consumer answered the request with `number`. Called in the order of sending. */
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
  /** Ends the connection and does not come back. Answers that are not there yet never come. */
  close(): void
}>

export function connectProducer(options: ProducerOptions): Producer {
  const limit = options.octets ?? 16 * 1024 * 1024
  const where = `${options.host}:${options.port}`
  // The unanswered requests: a ring of frames with their numbers; `first` is the oldest.
  const frames = new Array<Uint8Array | undefined>(WINDOW)
  const numbers = new Array<StanzaNumber>(WINDOW)
  let first = 0
  let count = 0
  let octets = 0
  let waitedFor = false
  let outbox: Outbox | undefined
  let socket: TLSSocket | undefined
  let wire: Socket | undefined
  let timer: NodeJS.Timeout | undefined
  let wait = FIRST_WAIT_MS
  let lastProblem = ''
  let closed = false
  let held = options.held === true

  const room = () => count < WINDOW && octets < limit

  function send(number: StanzaNumber, payload: Uint8Array | undefined): boolean {
    if (count === WINDOW) throw new Error('the window of unanswered requests is full')
    const id = Buffer.allocUnsafe(NUMBER_OCTETS)
    writeNumber(id, 0, number)
    const frame = encodeRequest(id, payload)
    const slot = (first + count) % WINDOW
    frames[slot] = frame
    numbers[slot] = number
    count++
    octets += frame.length
    outbox?.push(frame)
    if (!room()) waitedFor = true
    return !waitedFor
  }

  /** Takes the answer to the oldest request; false when it is not the answer to that. */
  function answer(id: Uint8Array, accepted: boolean): boolean {
    const frame = frames[first]
    if (count === 0 || frame === undefined || id.length !== NUMBER_OCTETS) return false
    const number = numbers[first]!
    const expected = Buffer.allocUnsafe(NUMBER_OCTETS)
    writeNumber(expected, 0, number)
    if (Buffer.compare(expected, id) !== 0) return false
    frames[first] = undefined
    first = (first + 1) % WINDOW
    count--
    octets -= frame.length
    options.onAnswer(number, accepted)
    if (waitedFor && count <= WINDOW / 2 && octets <= limit / 2) {
      waitedFor = false
      options.onRoom?.()
    }
    return true
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
      cert: options.credentials.certificate,
      key: options.credentials.key,
      ca: options.credentials.ca,
      // The whole question is asked below, by the code that the other end uses too.
      checkServerIdentity: () => undefined,
    })
    socket = tls
    let problem: string | undefined
    let greeted = false
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
      tls.write(PREAMBLE)
    })
    tls.on('data', (chunk: Buffer) => {
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
      if (socket === tls) {
        socket = undefined
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
    outbox = createOutbox(tls)
    for (let i = 0; i < count; i++) outbox.push(frames[(first + i) % WINDOW]!)
    options.onState?.({ state: 'connected' })
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
      outbox = undefined
      // A reset takes back what the system has not sent yet; an end would send it.
      wire?.resetAndDestroy()
      socket?.destroy()
    } else if (socket === undefined) {
      open()
    }
  }

  if (!held) open()
  return { send, unanswered: () => count, connected: () => outbox !== undefined, hold, close }
}
