/**
 * A stream that the edge opens from a far domain to a server of the own side (RFC 6120 §4 to §6, as the initiating
 * entity): the mirror of inbound/stream.ts.
 *
 *   header → starttls → TLS → header → EXTERNAL → header → features → stanzas
 *       direct TLS → TLS ↗
 *
 * Nothing but stream elements may come back on it; what it has to say, a server says on a stream of its own.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { child, elements, text, type XmlElement } from '../../rules/xml/node.ts'
import { beginSession, type Session } from '../session.ts'
import { createConnection, type WireLimits } from '../stream/connection.ts'
import { openStream, type StreamHeader } from '../stream/header.ts'
import { SASL_NS, STREAMS_NS, TLS_NS } from '../stream/names.ts'
import { authExternal, STARTTLS, STREAM_CLOSE } from '../stream/text.ts'
import type { StreamTls, TlsMode } from '../tls-ext/index.ts'

/** What a stream is for and held to. */
export type OutboundSite = Readonly<{
  /** The far domain that we are. */
  from: string
  /** The own domain that the peer must be. */
  to: string
  tls: StreamTls
  limits: WireLimits
  handshakeMs: number
  stanzaMs: number
}>

/** A stream that takes stanzas. */
export type OutboundStream = Readonly<{
  session: Session
  /** Writes octets; `done` when the system has them. False: wait for `onDrain`. */
  write(octets: Uint8Array, done: () => void): boolean
  /** Ends it when the server's certificate no longer proves what it did. */
  recheck(): void
  close(why: string): void
}>

export type OutboundEvents = Readonly<{
  /** The peer is who it should be and offers EXTERNAL; false: go no further. */
  onOffered?(): boolean
  onOpen(stream: OutboundStream): void
  onDrain(): void
  /** Over, once; `opened` tells whether it had been open. */
  onEnd(why: string, opened: boolean): void
}>

type Phase =
  | 'plain'
  | 'starttls'
  | 'proceed'
  | 'tls'
  | 'secure'
  | 'auth'
  | 'success'
  | 'final'
  | 'features'
  | 'open'

/** Negotiates over a connected socket. */
export function initiateStream(
  socket: Socket,
  mode: TlsMode,
  site: OutboundSite,
  events: OutboundEvents,
): void {
  const { from, to } = site
  let phase: Phase = 'plain'
  let peer: TLSSocket | undefined
  const connection = createConnection(socket, site.limits, site.stanzaMs, {
    onHeader(header) {
      const problem = headerProblem(header, to)
      if (problem !== undefined) return connection.fail('invalid-from', problem)
      if (phase === 'plain') phase = 'starttls'
      else if (phase === 'secure') phase = 'auth'
      else phase = 'features'
    },
    onElement(element, size) {
      if (element.ns === STREAMS_NS && element.name === 'error') {
        return connection.finish(
          STREAM_CLOSE,
          `the server reports ${shown(elements(element)[0]?.name ?? '')}`,
        )
      }
      if (element.ns === STREAMS_NS && element.name === 'features') return takeFeatures(element)
      if (phase === 'proceed' && element.ns === TLS_NS && element.name === 'proceed') {
        if (!connection.isAlone(size)) return connection.fail('policy-violation', 'octets behind <proceed/>')
        return startTls()
      }
      if (phase === 'success' && element.ns === SASL_NS) return takeOutcome(element, size)
      connection.fail(
        'policy-violation',
        `<${shown(element.name)}> where the negotiation awaits something else`,
      )
    },
    onEnd(why) {
      events.onEnd(why, phase === 'open')
    },
  })

  function takeFeatures(features: XmlElement): void {
    if (phase === 'starttls') {
      if (child(features, TLS_NS, 'starttls') === undefined) {
        connection.finish(STREAM_CLOSE, 'the server offers no STARTTLS: nothing is sent without')
        return
      }
      phase = 'proceed'
      connection.said()
      connection.write(STARTTLS)
    } else if (phase === 'auth') {
      const mechanisms = child(features, SASL_NS, 'mechanisms')
      if (mechanisms === undefined || !elements(mechanisms).some((m) => text(m) === 'EXTERNAL')) {
        connection.finish(
          STREAM_CLOSE,
          `the server offers no EXTERNAL to ${from}: does it trust the CA of our certificate for that name?`,
        )
        return
      }
      if (events.onOffered?.() === false) {
        connection.finish(STREAM_CLOSE, 'no more is wanted')
        return
      }
      phase = 'success'
      connection.said()
      connection.write(authExternal(from))
    } else if (phase === 'features') {
      // Whatever is offered now is optional (§4.3.2), and none of it is used.
      phase = 'open'
      connection.deadline(undefined)
      events.onOpen({
        session: beginSession(peer!, mode),
        write: (octets, done) => connection.write(octets, (error) => error == null && done()),
        recheck() {
          const problem = peer === undefined ? undefined : site.tls.examine(peer, Date.now())(to)
          if (problem !== undefined) connection.finish(STREAM_CLOSE, problem)
        },
        close: (why) => connection.finish(STREAM_CLOSE, why),
      })
    } else {
      connection.fail('policy-violation', 'features at an unexpected time')
    }
  }

  function startTls(): void {
    phase = 'tls'
    const plain = connection.detach()
    site.tls.connect(plain, from, to, mode).then(
      (secure) => {
        if (connection.ended()) return void secure.destroy()
        const problem = site.tls.examine(secure, Date.now())(to)
        if (problem !== undefined) {
          secure.destroy()
          return connection.finish('', problem)
        }
        phase = 'secure'
        peer = secure
        begin(secure)
      },
      (error: Error) => {
        plain.destroy()
        connection.finish('', error.message)
      },
    )
  }

  function takeOutcome(element: XmlElement, size: number): void {
    if (element.name !== 'success') {
      const condition = elements(element)[0]?.name ?? element.name
      connection.finish(STREAM_CLOSE, `the server does not accept EXTERNAL from ${from}: ${shown(condition)}`)
      return
    }
    if (!connection.isAlone(size)) {
      connection.fail('policy-violation', 'octets behind <success/>')
      return
    }
    phase = 'final'
    begin()
  }

  function begin(secure?: TLSSocket): void {
    secure?.on('drain', events.onDrain)
    connection.restart(secure)
    connection.write(openStream(from, to))
  }

  connection.deadline(performance.now() + site.handshakeMs)
  if (mode === 'direct') startTls()
  else {
    connection.restart(socket)
    connection.write(openStream(from, to))
  }
}

/** The answering header names the domain that was asked for; some servers leave the names out (§4.7.1). */
function headerProblem(header: StreamHeader, to: string): string | undefined {
  return header.from === '' || header.from === to
    ? undefined
    : `the server answers as ${shown(header.from)}, not as ${to}`
}

/** Something that a peer wrote, for a log line. */
function shown(text: string): string {
  return text.slice(0, 60).replace(/[^A-Za-z0-9._-]/g, '?')
}
