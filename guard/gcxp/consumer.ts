/**
 * The consumer: the TLS server that takes requests from one producer and answers them.
 *
 * Exactly one peer, known by name, may send. Its newest connection counts: when it connects again, the older connection is
 * closed. Anyone else is turned away before a single octet of GCXP is read. The consumer holds no queue of its own: what
 * its user does not take stays with the producer. Nor do answers queue here: a producer that does not read them is left.
 *
 * Without responses (the one-way mode) it writes its preamble, four octets that are always the same, and nothing ever after it.
 */
import { constants } from 'node:crypto'
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls'
import { createGcxpDecoder, encodeResponse, PREAMBLE } from './codec.ts'
import type { Credentials } from './credentials.ts'
import { chainProblem, expiryProblem, peerProblem, TLS_VERSION } from './identity.ts'
import type { StanzaNumber } from './number.ts'
import { type Numbering, sallyportIds } from './numbering.ts'
import { createOutbox } from './outbox.ts'
import { WINDOW } from './producer.ts'
import { createWaitingRoom } from './waiting.ts'

/** Connections that may be in their handshake at once: anybody can open one. */
const HANDSHAKES = 64
const HANDSHAKE_MS = 5_000
const KEEP_ALIVE_MS = 15_000
/** How long a frame may take from its first octet to its last. The longest, of 1 MiB, needs 280 kbit/s. */
const FRAME_MS = 30_000
/** How often a connection is looked at: does a frame take too long, has a certificate expired? */
const LOOK_MS = 1_000
/** Octets of answers that a producer may leave unread: a whole window's with the longest ids. */
const UNREAD_OCTETS = WINDOW * 270

const CLOSED = 'the peer closed the connection'

/** `problem` is one line for the operator: what, where, how to mend. */
export type ConsumerState =
  | Readonly<{ state: 'listening'; port: number }>
  | Readonly<{ state: 'connected'; socket: TLSSocket }>
  /** `violation`: it was ended here, because of what the producer did. */
  | Readonly<{ state: 'disconnected'; problem: string; violation: boolean }>
  /** Somebody was turned away; a connection that stands goes on. */
  | Readonly<{ state: 'rejected'; problem: string }>

/** One authenticated connection of the producer. */
export type ConsumerConnection = Readonly<{
  /** Answers the oldest unanswered request, which must be `number`. Without effect once the connection has ended. */
  answer(number: StanzaNumber, accepted: boolean): void
  /** After this no request is delivered until `resume`, not even one that has arrived. */
  pause(): void
  resume(): void
  /** Ends it because of what the producer did; `why` is for the log. */
  close(why: string): void
}>

export type ConsumerOptions = Readonly<{
  host: string
  /** 0: any free port, told by the state `listening`. */
  port: number
  /** The DNS name that the producer's certificate must hold. */
  peer: string
  credentials: Credentials
  /** Octets of the longest payload; a longer one ends the connection. */
  payloadOctets: number
  /** What ids mean, made anew for each connection; left out, they are numbers. */
  numbering?: () => Numbering
  /** False: the one-way mode, in which `answer` must not be called. */
  responses?: boolean
  /** How long a frame may take, in milliseconds; left out, 30 s. */
  frameTimeout?: number
  /** How long the greeting may take, in milliseconds; left out, 5 s. */
  greetingTimeout?: number
  /** The producer connected: nothing is delivered of this connection before this returns. Here it may be paused. */
  onConnect?(connection: ConsumerConnection): void
  /** A request; the octets of the payload may be kept. Called in the order of sending. */
  onRequest(number: StanzaNumber, payload: Uint8Array | undefined, connection: ConsumerConnection): void
  onState?(state: ConsumerState): void
  /** The port cannot be opened, or was lost: nothing comes any more. One line. */
  onFailure(problem: string): void
}>

export type Consumer = Readonly<{
  /** Shows itself with these on connections to come. One that stands goes on, unless the CAs are others. */
  renew(credentials: Credentials): void
  /** Ends the connection and frees the port. */
  close(): void
}>

export function listenConsumer(options: ConsumerOptions): Consumer {
  const responses = options.responses ?? true
  const where = `${options.host}:${options.port}`
  const context = ({ certificate, key, ca }: Credentials): SecureContextOptions => ({
    ...TLS_VERSION,
    cert: certificate,
    key,
    ca,
    // No tickets: every connection shows its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
  const server = createServer({
    ...context(options.credentials),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MS,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  })
  const waiting = createWaitingRoom(HANDSHAKES)
  server.on('connection', waiting.enter)
  let current: { connection: ConsumerConnection; replace(why: string): void } | undefined
  let closed = false
  let { ca } = options.credentials

  const rejected = (why: string) => {
    options.onState?.({ state: 'rejected', problem: `GCXP on ${where}: turned a connection away: ${why}` })
  }

  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    if (closed) return
    rejected(
      socket.authorizationError
        ? chainProblem(socket.authorizationError)
        : error.code === 'ECONNRESET'
          ? 'the TLS handshake failed: it ended, or was the oldest of too many'
          : `the TLS handshake failed (${error.code ?? 'unknown'}): it needs TLS 1.3 and a certificate of the configured CA`,
    )
  })
  server.on('secureConnection', (socket) => {
    waiting.leave(socket)
    if (closed) {
      // Its handshake was under way when the port was given up.
      socket.destroy()
      return
    }
    const problem = peerProblem(socket, options.peer, Date.now())
    if (problem !== undefined) {
      socket.on('error', () => {})
      socket.destroy()
      return rejected(problem)
    }
    accept(socket)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'EADDRINUSE'
        ? 'the port is in use: stop the other program, or choose another port'
        : error.code === 'EADDRNOTAVAIL'
          ? 'this host does not have that address: correct it'
          : error.code === 'EACCES'
            ? 'the port may not be opened: choose one above 1023'
            : `failed (${error.code ?? 'unknown'})`
    options.onFailure(`GCXP on ${where}: ${why}`)
  })
  server.listen(options.port, options.host, () => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : options.port
    options.onState?.({ state: 'listening', port })
  })

  function accept(socket: TLSSocket): void {
    const decoder = createGcxpDecoder(options.payloadOctets)
    const outbox = createOutbox(socket)
    const numbering = (options.numbering ?? sallyportIds)()
    const frameTimeout = options.frameTimeout ?? FRAME_MS
    let paused = false
    let reading = false
    let greeted = false
    let ended = false
    let gone = false
    /** Since when the rest of a frame is waited for. */
    let waitsSince: number | undefined
    const breakOff = (why: string, violation = false) => {
      if (ended) return
      ended = true
      clearTimeout(tooSlow)
      clearInterval(looking)
      socket.destroy()
      if (current === self) current = undefined
      if (closed) return
      const problem = `GCXP on ${where} (${options.peer}): ${why}`
      options.onState?.({ state: 'disconnected', problem, violation })
    }
    const violated = (why: string) => breakOff(why, true)
    let tooSlow: NodeJS.Timeout | undefined
    const awaitGreeting = () => {
      tooSlow = setTimeout(violated, options.greetingTimeout ?? HANDSHAKE_MS, 'no GCXP greeting came')
    }
    awaitGreeting()
    const looking = setInterval(() => {
      if (waitsSince !== undefined && performance.now() - waitsSince > frameTimeout)
        return violated(`a frame was not complete within ${frameTimeout / 1000} s`)
      const expired = expiryProblem(socket, Date.now())
      if (expired !== undefined) breakOff(expired)
    }, LOOK_MS)
    const connection: ConsumerConnection = {
      answer(number, accepted) {
        if (!responses) throw new Error('nothing is answered in the one-way mode')
        if (ended) return
        if (socket.writableLength > UNREAD_OCTETS) return violated('the producer does not read its answers')
        outbox.push(encodeResponse(accepted, numbering.answer(number)))
      },
      pause() {
        paused = true
        waitsSince = undefined
        // What is not read here cannot be missed.
        clearTimeout(tooSlow)
        socket.pause()
      },
      resume() {
        if (!paused || ended) return
        paused = false
        if (!greeted) awaitGreeting()
        read()
        if (!paused) socket.resume()
      },
      close: violated,
    }
    const self = { connection, replace: (why: string) => breakOff(why) }

    function read(): void {
      if (reading) return
      reading = true
      while (!paused && !ended) {
        const message = decoder.read()
        if (message === undefined) {
          if (gone) breakOff(CLOSED)
          if (!decoder.inMessage()) waitsSince = undefined
          else waitsSince ??= performance.now()
          break
        }
        waitsSince = undefined
        if (message.type === 'preamble') {
          greeted = true
          clearTimeout(tooSlow)
        } else if (message.type === 'violation') {
          violated(`not GCXP as agreed: ${message.what}`)
        } else if (message.type === 'response') {
          violated('a response came from a producer')
        } else {
          const number = numbering.take(message.id, message.payload)
          if (typeof number === 'string') violated(number)
          else options.onRequest(number, message.payload, connection)
        }
      }
      reading = false
    }

    socket.on('data', (chunk: Buffer) => {
      decoder.feed(chunk)
      read()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      breakOff(`the connection broke (${error.code ?? 'unknown'})`)
    })
    socket.on('close', () => {
      // Without responses nothing comes again: what is here of a connection that has ended is still taken.
      gone = true
      if (!paused || responses) breakOff(CLOSED)
    })
    current?.replace('the peer connected anew')
    current = self
    socket.write(PREAMBLE)
    options.onState?.({ state: 'connected', socket })
    options.onConnect?.(connection)
  }

  return {
    renew(next) {
      server.setSecureContext(context(next))
      if (next.ca !== ca) current?.replace('the configured CA is another one now')
      ca = next.ca
    },
    close() {
      closed = true
      server.close()
      current?.replace('')
    },
  }
}
