/**
 * A stream that a server of the own side opens to one of the far domains (RFC 6120 §4 to §6, as the receiving entity).
 *
 *   header → starttls required → TLS → header → EXTERNAL → header → stanzas
 *                  direct TLS → TLS ↗
 *
 * Nothing is taken before TLS, and no stanza before the certificate and the stream's `from` are one. The far domain of
 * `to` decides which certificate is shown; with direct TLS (XEP-0368) SNI did, and `to` must be a domain of it. Both domains
 * stay the same through all headers. Dialback is refused. Where the configuration has it so and the server asks for it, stanzas go
 * back on the same stream (XEP-0288).
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { normaliseJid } from '../../rules/address/jid.ts'
import { decodeBase64 } from '../../rules/text/base64.ts'
import { attribute, elements, text, type XmlElement } from '../../rules/xml/node.ts'
import { beginSession } from '../session.ts'
import { createConnection, type WireLimits } from '../stream/connection.ts'
import { dialbackError } from '../stream/dialback.ts'
import type {
  CarrierEvents,
  InboundStream,
  Manner,
  OutboundStream,
  StanzaEvents,
  StreamClocks,
} from '../stream/ends.ts'
import { openStream, type StreamHeader } from '../stream/header.ts'
import { createManagement } from '../stream/management.ts'
import { BIDI_NS, DIALBACK_NS, SASL_NS, TLS_NS } from '../stream/names.ts'
import { createReceiver, type Receiver } from '../stream/receive.ts'
import {
  FEATURES_FINAL,
  FEATURES_STARTTLS,
  featuresExternal,
  PROCEED,
  SASL_SUCCESS,
  type StreamCondition,
  saslFailure,
} from '../stream/text.ts'
import type { TlsMode } from '../tls-ext/index.ts'
import { type ProofSite, proveDomains, recheckProof } from './proof.ts'

/** Whom a stream may be from and to, and what it is held to. */
export type InboundSite = ProofSite &
  Readonly<{
    far: ReadonlySet<string>
    /** How streams are led, of each own domain. */
    manners: ReadonlyMap<string, Manner>
    limits: WireLimits
    handshakeMs: number
    stanzaMs: number
    clocks: StreamClocks
  }>

export type InboundEvents = StanzaEvents &
  Readonly<{
    onOpen(stream: InboundStream): void
    /** The stream takes stanzas for `stream.from` too. Undefined: nobody has use for that. */
    onCarrier(stream: InboundStream, carrier: OutboundStream): CarrierEvents | undefined
    /** Over; `stream` is undefined when it never became one. */
    onEnd(stream: InboundStream | undefined, why: string): void
  }>

/** Since it opened, a server has that long to ask for stream management before the way back is used without (ms). */
const AGREE_MS = 1000

type Phase = 'plain' | 'starttls' | 'tls' | 'secure' | 'auth' | 'final' | 'open'

/** Identifiers of streams must not be predictable (RFC 6120 §4.7.3). */
export type MakeId = () => string

export function acceptStream(
  socket: Socket,
  mode: TlsMode,
  site: InboundSite,
  makeId: MakeId,
  events: InboundEvents,
): void {
  let phase: Phase = mode === 'direct' ? 'tls' : 'plain'
  let secure: TLSSocket | undefined
  /** The far domains that `to` may be of: all, or those of the certificate that SNI chose. */
  let served = site.far
  let isNamed = false
  let from = ''
  let to = ''
  let proven: ReadonlySet<string> = new Set()
  let stream: InboundStream | undefined
  let receiver: Receiver | undefined
  /** Octets of the request for the way back, once it has been made; it may come together with `auth`. */
  let bidirectional: number | undefined
  let carried: CarrierEvents | undefined
  let openedAt = 0
  const address = socket.remoteAddress ?? ''

  const connection = createConnection(socket, site.limits, site.stanzaMs, {
    onHeader(header) {
      const condition = readDomains(header)
      // An error stands in a stream, so the header comes first, whatever the peer's was like (§4.9.1.2).
      connection.opener(undefined)
      connection.write(openStream(to, from, makeId()))
      if (condition !== undefined)
        return connection.fail(condition, `header from=${quoted(header.from)} to=${quoted(header.to)}`)
      const admitted = site.admit(from, address)
      if ('problem' in admitted) return connection.fail('policy-violation', admitted.problem)
      if (phase === 'plain') {
        phase = 'starttls'
        connection.write(FEATURES_STARTTLS)
      } else if (phase === 'secure') {
        const proof = proveDomains(site, secure!, from, address, Date.now())
        if ('problem' in proof) return connection.fail(proof.condition, proof.problem)
        proven = proof
        phase = 'auth'
        connection.write(featuresExternal(isBidirectional()))
      } else if (phase === 'final') {
        phase = 'open'
        connection.deadline(undefined)
        connection.write(FEATURES_FINAL)
        const session = beginSession(secure!, mode)
        receiver = createReceiver({
          from,
          to,
          proven,
          lang: header.lang,
          session,
          recheck: () => recheckProof(site, secure!, from, address, proven, connection.fail),
          connection,
          management,
          events,
          clocks: site.clocks,
        })
        stream = receiver.stream
        openedAt = performance.now()
        events.onOpen(stream)
      }
      connection.said()
    },
    onElement(element, size) {
      if (receiver !== undefined) return receiver.take(element, size)
      if (element.ns === DIALBACK_NS) {
        connection.write(dialbackError(element, { from, to }))
        return connection.fail('policy-violation', 'dialback is not accepted')
      }
      if (phase === 'auth' && element.ns === BIDI_NS && isOffered()) {
        bidirectional = size
        return
      }
      if (!connection.isAlone(size + (bidirectional ?? 0)))
        return connection.fail('policy-violation', 'octets beside the negotiation')
      if (phase === 'starttls' && element.ns === TLS_NS && element.name === 'starttls') return startTls()
      if (phase === 'auth' && element.ns === SASL_NS && element.name === 'auth') return authenticate(element)
      connection.fail('not-authorized', 'something else than the negotiation awaits')
    },
    onSpoilt(element, reason, size) {
      if (receiver === undefined) connection.fail('policy-violation', 'an element beyond the limits')
      else receiver.takeSpoilt(element, reason, size)
    },
    // What is being taken is still told.
    onPeerClosed: (done) => management.whenTaken(done),
    onParting: () => management.parting(),
    onTick(now) {
      if (receiver === undefined) return
      if (now > openedAt + AGREE_MS) carry()
      receiver.tick(now, carried === undefined)
    },
    onEnd(why) {
      carried?.onEnd(why)
      events.onEnd(stream, why)
    },
  })
  const management = createManagement({
    role: 'receiving',
    write: connection.answer,
    onSettled: () => carry(),
  })

  /** The domains of a header: known ones, and the same as in the headers before. */
  function readDomains(header: StreamHeader): StreamCondition | undefined {
    const claimed = domainOf(header.from)
    const wanted = domainOf(header.to)
    if (!isNamed) {
      isNamed = true
      // Only domains of the bundle are ever written back.
      from = claimed !== undefined && site.own.has(claimed) ? claimed : ''
      to = wanted !== undefined && served.has(wanted) ? wanted : ''
      if (to === '') return header.to === '' ? 'improper-addressing' : 'host-unknown'
      if (from === '') return header.from === '' ? 'improper-addressing' : 'invalid-from'
      return undefined
    }
    return claimed === from && wanted === to ? undefined : 'invalid-from'
  }

  function startTls(): void {
    phase = 'tls'
    const plain = connection.detach()
    plain.write(PROCEED)
    site.tls.accept(plain, to, from).then(begin, failed)
  }

  function begin(over: TLSSocket): void {
    if (connection.ended()) return void over.destroy()
    secure = over
    phase = 'secure'
    connection.opener(openStream(to, from, makeId()))
    connection.restart(over)
  }

  function failed(error: Error): void {
    socket.destroy()
    connection.finish('', error.message)
  }

  /** SASL EXTERNAL (RFC 4422 appendix A, XEP-0178 §3): the authorisation identity is the stream's `from`, or empty. */
  function authenticate(element: XmlElement): void {
    const failure = readExternal(element, from)
    if (failure !== undefined) {
      connection.finish(saslFailure(failure), `EXTERNAL for ${from}: ${failure}`)
      return
    }
    phase = 'final'
    connection.write(SASL_SUCCESS)
    connection.opener(openStream(to, from, makeId()))
    connection.restart()
  }

  function isBidirectional(): boolean {
    return site.manners.get(from)?.bidirectional === true
  }

  function isOffered(): boolean {
    return bidirectional === undefined && isBidirectional()
  }

  /** Offers the way back, once. */
  function carry(): void {
    if (bidirectional === undefined || carried !== undefined || stream === undefined) return
    bidirectional = undefined
    const handlers = events.onCarrier(stream, {
      session: stream.session,
      write(octets, stanzas, done) {
        management.wrote(stanzas)
        return connection.write(octets, (error) => error == null && done())
      },
      management: management.isOn() ? management : undefined,
      fail: connection.fail,
      // Whoever opened it closes it.
      usedAt: () => Number.POSITIVE_INFINITY,
      recheck() {},
      close() {},
    })
    if (handlers === undefined) return
    carried = handlers
    secure?.on('drain', handlers.onDrain)
  }

  connection.deadline(performance.now() + site.handshakeMs)
  if (mode === 'direct') {
    connection.detach()
    site.tls.acceptDirect(socket).then(({ secure, domains }) => {
      served = new Set(domains)
      begin(secure)
    }, failed)
    return
  }
  connection.opener(openStream('', '', makeId()))
  connection.restart(socket)
}

/** Why an `auth` element is refused, or undefined. */
function readExternal(
  element: XmlElement,
  from: string,
): 'invalid-mechanism' | 'malformed-request' | 'not-authorized' | undefined {
  if (attribute(element, 'mechanism') !== 'EXTERNAL') return 'invalid-mechanism'
  if (elements(element).length > 0) return 'malformed-request'
  const response = text(element)
  if (response === '=') return undefined
  // No initial response at all would be answered with a challenge (§6.4.2); no server in use does that.
  const octets = response === '' ? undefined : decodeBase64(response)
  if (octets === undefined) return 'malformed-request'
  try {
    const identity = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
    return identity === from ? undefined : 'not-authorized'
  } catch {
    return 'malformed-request'
  }
}

function domainOf(text: string): string | undefined {
  const jid = normaliseJid(text)
  return jid === undefined || jid.text !== jid.domain ? undefined : jid.domain
}

/** Something that a peer wrote, for a log line. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?'))
}
