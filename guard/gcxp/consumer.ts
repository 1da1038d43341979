/**
 * The consumer: the TLS server that takes requests from one producer and answers them.
 *
 * Exactly one peer, known by name, may send. Its newest connection counts: when it connects again, the older connection is
 * closed. Anyone else is turned away before a single octet of GCXP is read. The consumer holds no queue of its own: what
 * its user does not take stays with the producer.
 */
import { constants } from 'node:crypto'
import { createServer, type TLSSocket } from 'node:tls'
import { createGcxpDecoder, encodeResponse, PREAMBLE } from './codec.ts'
import type { Credentials } from './credentials.ts'
import { chainProblem, peerProblem, TLS_VERSION } from './identity.ts'
import { NUMBER_OCTETS, readNumber, type StanzaNumber, writeNumber } from './number.ts'
import { createOutbox } from './outbox.ts'
import { createWaitingRoom } from './waiting.ts'

/** Connections that may be in their handshake at once: anybody can open one. */
const HANDSHAKES = 64
const HANDSHAKE_MS = 5_000
const KEEP_ALIVE_MS = 15_000

/** `problem` is one line for the operator: what, where, how to mend. */
export type ConsumerState =
  | Readonly<{ state: 'listening'; port: number }>
  | Readonly<{ state: 'connected' }>
  | Readonly<{ state: 'disconnected'; problem: string }>
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
  /** The producer connected: nothing is delivered of this connection before this returns. Here it may be paused. */
  onConnect?(connection: ConsumerConnection): void
  /** A request; the octets of the payload may be kept. Called in the order of sending. */
  onRequest(number: StanzaNumber, payload: Uint8Array | undefined, connection: ConsumerConnection): void
  onState?(state: ConsumerState): void
  /** The port cannot be opened, or was lost: nothing comes any more. One line. */
  onFailure(problem: string): void
}>

export type Consumer = Readonly<{
  /** Ends the connection and frees the port. */
  close(): void
}>

export function listenConsumer(options: ConsumerOptions): Consumer {
  const where = `${options.host}:${options.port}`
  const server = createServer({
    ...TLS_VERSION,
    cert: options.credentials.certificate,
    key: options.credentials.key,
    ca: options.credentials.ca,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MS,
    // No tickets: every connection shows its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  })
  const waiting = createWaitingRoom(HANDSHAKES)
  server.on('connection', waiting.enter)
  let current: { connection: ConsumerConnection; replace(): void } | undefined
  let closed = false

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
    let paused = false
    let reading = false
    let ended = false
    const breakOff = (why: string) => {
      if (ended) return
      ended = true
      clearTimeout(tooSlow)
      socket.destroy()
      if (current === self) current = undefined
      if (closed) return
      options.onState?.({ state: 'disconnected', problem: `GCXP on ${where} (${options.peer}): ${why}` })
    }
    const tooSlow = setTimeout(breakOff, HANDSHAKE_MS, 'no GCXP greeting came')
    const connection: ConsumerConnection = {
      answer(number, accepted) {
        if (ended) return
        const id = Buffer.allocUnsafe(NUMBER_OCTETS)
        writeNumber(id, 0, number)
        outbox.push(encodeResponse(accepted, id))
      },
      pause() {
        paused = true
        socket.pause()
      },
      resume() {
        if (!paused || ended) return
        paused = false
        read()
        if (!paused) socket.resume()
      },
      close: breakOff,
    }
    const self = { connection, replace: () => breakOff('the peer connected anew') }

    function read(): void {
      if (reading) return
      reading = true
      while (!paused && !ended) {
        const message = decoder.read()
        if (message === undefined) break
        if (message.type === 'preamble') {
          clearTimeout(tooSlow)
        } else if (message.type === 'violation') {
          breakOff(`not GCXP as agreed: ${message.what}`)
        } else if (message.type === 'response') {
          breakOff('a response came from a producer')
        } else if (message.id.length !== NUMBER_OCTETS) {
          breakOff('an id is not a number of eight octets: the producer is not in sequenced mode')
        } else {
          options.onRequest(readNumber(message.id), message.payload, connection)
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
    socket.on('close', () => breakOff('the peer closed the connection'))
    current?.replace()
    current = self
    socket.write(PREAMBLE)
    options.onState?.({ state: 'connected' })
    options.onConnect?.(connection)
  }

  return {
    close() {
      closed = true
      server.close()
      current?.replace()
    },
  }
}
