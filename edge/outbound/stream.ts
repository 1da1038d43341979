/**
 * A stream that the edge opens from a far domain to a server of the own side (RFC 6120 §4 to §6, as the initiating
 * entity): the mirror of inbound/stream.ts.
 *
 *   header → starttls → TLS → header → EXTERNAL → header → features → stream management, where offered → stanzas
 *       direct TLS → TLS ↗
 *
 * Nothing but stream elements may come back on it: what it has to say, a server says on a stream of its own. Where the
 * configuration has it so and the server offers it, stanzas come back on the same stream (XEP-0288), and are held to what those of
 * an accepted stream are.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { child, elements, text, type XmlElement } from '../../rules/xml/node.ts'
import type { Controls } from '../controls.ts'
import { proveDomains, recheckProof } from '../inbound/proof.ts'
import { beginSession } from '../session.ts'
import { createConnection, type WireLimits } from '../stream/connection.ts'
import type { InboundStream, Manner, OutboundStream, StanzaEvents, StreamClocks } from '../stream/ends.ts'
import { openStream, type StreamHeader } from '../stream/header.ts'
import { createManagement, isManagement, offeredManagement } from '../stream/management.ts'
import { BIDI_FEATURE_NS, SASL_NS, STREAMS_NS, TLS_NS } from '../stream/names.ts'
import { createReceiver, type Receiver } from '../stream/receive.ts'
import { authExternal, BIDI, STARTTLS, STREAM_CLOSE } from '../stream/text.ts'
import type { StreamTls, TlsMode } from '../tls-ext/index.ts'

/** What a stream is for and held to. */
export type OutboundSite = Readonly<{
  /** The far domain that we are. */
  from: string
  /** The own domain that the peer must be. */
  to: string
  /** The own domains: those that the server proves may speak on a stream that goes both ways. */
  own: ReadonlySet<string>
  /** Whether a server of an own domain may be at an address, where it speaks on such a stream; and whose stanzas else it may bring. */
  admit: Controls['admit']
  manner: Manner
  tls: StreamTls
  limits: WireLimits
  handshakeMs: number
  stanzaMs: number
  clocks: StreamClocks
}>

export type OutboundEvents = Readonly<{
  /** The peer is who it should be and offers EXTERNAL; false: go no further. */
  onOffered?(): boolean
  onOpen(stream: OutboundStream): void
  onDrain(): void
  /** Over, once; `opened` tells whether it had been open. */
  onEnd(why: string, opened: boolean): void
  /** For a stream that brings stanzas too; undefined: none does. */
  back: BackEvents | undefined
}>

export type BackEvents = StanzaEvents &
  Readonly<{ onOpen(stream: InboundStream): void; onEnd(stream: InboundStream, why: string): void }>

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
  | 'management'
  | 'open'

/** Negotiates over a connected socket. */
export function initiateStream(
  socket: Socket,
  mode: TlsMode,
  site: OutboundSite,
  events: OutboundEvents,
): void {
  const { from, to } = site
  const { back } = events
  const address = socket.remoteAddress ?? ''
  let phase: Phase = 'plain'
  let secure: TLSSocket | undefined
  let lang: string | undefined
  let bidirectional = false
  let receiver: Receiver | undefined
  const connection = createConnection(socket, site.limits, site.stanzaMs, {
    onHeader(header) {
      const problem = headerProblem(header, to)
      if (problem !== undefined) return connection.fail('invalid-from', problem)
      if (phase === 'plain') phase = 'starttls'
      else if (phase === 'secure') phase = 'auth'
      else phase = 'features'
      lang = header.lang
    },
    onElement(element, size) {
      if (receiver !== undefined) return receiver.take(element, size)
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
      if ((phase === 'management' || phase === 'open') && isManagement(element)) {
        const failure = management.take(element)
        if (failure !== undefined) connection.fail(failure.condition, failure.why, failure.detail)
        return
      }
      connection.fail(
        'policy-violation',
        `<${shown(element.name)}> where the negotiation awaits something else`,
      )
    },
    onSpoilt(element, reason, size) {
      if (receiver !== undefined) receiver.takeSpoilt(element, reason, size)
      else connection.fail('policy-violation', 'an element beyond the limits')
    },
    // What is being taken is still told.
    onPeerClosed: (done) => management.whenTaken(done),
    onParting: () => management.parting(),
    onTick(now) {
      // Whether it is still of use, the link knows.
      receiver?.tick(now, false)
    },
    onEnd(why) {
      if (receiver !== undefined) back?.onEnd(receiver.stream, why)
      events.onEnd(why, phase === 'open')
    },
  })
  const management = createManagement({ role: 'initiating', write: connection.answer, onSettled: open })

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
      bidirectional =
        back !== undefined &&
        site.manner.bidirectional &&
        child(features, BIDI_FEATURE_NS, 'bidi') !== undefined &&
        !('problem' in site.admit(to, address))
      connection.said()
      connection.write((bidirectional ? BIDI : '') + authExternal(from))
    } else if (phase === 'features') {
      // Whatever is offered now is optional (§4.3.2); of all that, stream management is used.
      const offered = site.manner.acknowledge === 'auto' ? offeredManagement(elements(features)) : undefined
      if (offered === undefined) open()
      else {
        phase = 'management'
        management.enable(offered)
      }
    } else {
      connection.fail('policy-violation', 'features at an unexpected time')
    }
  }

  function open(): void {
    phase = 'open'
    connection.deadline(undefined)
    const session = beginSession(secure!, mode)
    const proven = bidirectional ? proveDomains(site, secure!, to, address, Date.now()) : undefined
    if (proven !== undefined && 'problem' in proven) {
      connection.fail(proven.condition, proven.problem)
      return
    }
    const recheck = () => {
      if (proven !== undefined) return recheckProof(site, secure!, to, address, proven, connection.fail)
      const problem = site.tls.examine(secure!, Date.now())(to)
      if (problem !== undefined) connection.finish(STREAM_CLOSE, problem)
    }
    if (proven !== undefined && back !== undefined) {
      receiver = createReceiver({
        from: to,
        to: from,
        proven,
        lang,
        session,
        recheck,
        connection,
        management,
        events: back,
        clocks: site.clocks,
      })
      back.onOpen(receiver.stream)
    }
    events.onOpen({
      session,
      write(octets, stanzas, done) {
        management.wrote(stanzas)
        return connection.write(octets, (error) => error == null && done())
      },
      management: management.isOn() ? management : undefined,
      fail: connection.fail,
      usedAt: () => receiver?.usedAt() ?? 0,
      recheck,
      close: connection.close,
    })
  }

  function startTls(): void {
    phase = 'tls'
    const plain = connection.detach()
    site.tls.connect(plain, from, to, mode).then(
      (socket) => {
        if (connection.ended()) return void socket.destroy()
        const problem = site.tls.examine(socket, Date.now())(to)
        if (problem !== undefined) {
          socket.destroy()
          return connection.finish('', problem)
        }
        secure = socket
        phase = 'secure'
        begin(socket)
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

  function begin(socket?: TLSSocket): void {
    socket?.on('drain', events.onDrain)
    connection.restart(socket)
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
