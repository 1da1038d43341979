/**
 * A stream that a server of the own side opens to one of the far domains (RFC 6120 §4 to §6, as the receiving entity).
 *
 *   header → starttls required → TLS → header → EXTERNAL → header → stanzas
 *                  direct TLS → TLS ↗
 *
 * Nothing is taken before TLS, and no stanza before the certificate and the stream's `from` are one. The far domain of
 * `to` decides which certificate is shown; with direct TLS (XEP-0368) SNI did, and `to` must be a domain of it. Both domains
 * stay the same through all headers. Dialback is refused.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { normaliseJid } from '../../rules/address/jid.ts'
import { decodeBase64 } from '../../rules/text/base64.ts'
import { attribute, elements, SERVER_NS, text, type XmlElement } from '../../rules/xml/node.ts'
import { beginSession, type Session } from '../session.ts'
import { createConnection, type WireLimits } from '../stream/connection.ts'
import { openStream, type StreamHeader } from '../stream/header.ts'
import { DIALBACK_NS, SASL_NS, STREAMS_NS, TLS_NS } from '../stream/names.ts'
import {
  FEATURES_EXTERNAL,
  FEATURES_NONE,
  FEATURES_STARTTLS,
  PROCEED,
  SASL_SUCCESS,
  type StreamCondition,
  saslFailure,
} from '../stream/text.ts'
import type { TlsMode } from '../tls-ext/index.ts'
import { type ProofSite, proveDomains } from './proof.ts'

/** Whom a stream may be from and to, and what it is held to. */
export type InboundSite = ProofSite &
  Readonly<{
    far: ReadonlySet<string>
    limits: WireLimits
    handshakeMs: number
    stanzaMs: number
  }>

/** An authenticated stream. */
export type InboundStream = Readonly<{
  from: string
  to: string
  /**
   * The own domains whose stanzas it may bring: those that its certificate proves, `from` among them (RFC 6120 §8.1.2.2), and
   * those that the controls put behind it.
   */
  proven: ReadonlySet<string>
  lang: string | undefined
  session: Session
  pause(): void
  resume(): void
  /** Ends it when it no longer proves what it did: its certificate expired, revoked or no longer trusted, or by other controls. */
  recheck(): void
  fail(condition: StreamCondition, why: string): void
}>

export type InboundEvents = Readonly<{
  onOpen(stream: InboundStream): void
  /** A child of the stream in `jabber:server` with a stanza's name. */
  onStanza(stream: InboundStream, stanza: XmlElement, size: number): void
  /** Over; `stream` is undefined when it never became one. */
  onEnd(stream: InboundStream | undefined, why: string): void
}>

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
  let shown = site.far
  let isNamed = false
  let from = ''
  let to = ''
  let proven: ReadonlySet<string> = new Set()
  let stream: InboundStream | undefined
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
        connection.write(FEATURES_EXTERNAL)
      } else if (phase === 'final') {
        phase = 'open'
        connection.deadline(undefined)
        connection.write(FEATURES_NONE)
        stream = {
          from,
          to,
          proven,
          lang: header.lang,
          session: beginSession(secure!, mode),
          pause: connection.pause,
          resume: connection.resume,
          recheck() {
            const proof = proveDomains(site, secure!, from, address, Date.now())
            if ('problem' in proof) connection.fail(proof.condition, proof.problem)
            else if (![...proven].every((domain) => proof.has(domain)))
              connection.fail('reset', 'it may bring stanzas of fewer domains now')
          },
          fail: connection.fail,
        }
        events.onOpen(stream)
      }
      connection.said()
    },
    onElement(element, size) {
      if (phase === 'open') return takeElement(element, size)
      if (element.ns === DIALBACK_NS) return connection.fail('policy-violation', 'dialback is not accepted')
      if (!connection.isAlone(size))
        return connection.fail('policy-violation', 'octets beside the negotiation')
      if (phase === 'starttls' && element.ns === TLS_NS && element.name === 'starttls') return startTls()
      if (phase === 'auth' && element.ns === SASL_NS && element.name === 'auth') return authenticate(element)
      connection.fail('not-authorized', 'something else than the negotiation awaits')
    },
    onEnd(why) {
      events.onEnd(stream, why)
    },
  })

  /** The domains of a header: known ones, and the same as in the headers before. */
  function readDomains(header: StreamHeader): StreamCondition | undefined {
    const claimed = domainOf(header.from)
    const wanted = domainOf(header.to)
    if (!isNamed) {
      isNamed = true
      // Only domains of the bundle are ever written back.
      from = claimed !== undefined && site.own.has(claimed) ? claimed : ''
      to = wanted !== undefined && shown.has(wanted) ? wanted : ''
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

  function takeElement(element: XmlElement, size: number): void {
    if (element.ns === SERVER_NS && isStanza(element.name)) {
      stream!.session.passed(1)
      events.onStanza(stream!, element, size)
      return
    }
    if (element.ns === STREAMS_NS && element.name === 'error') {
      connection.finish('</stream:stream>', `the peer reports ${quoted(elements(element)[0]?.name ?? '')}`)
      return
    }
    if (element.ns === DIALBACK_NS) {
      connection.fail('policy-violation', 'dialback is not accepted')
      return
    }
    if (isStanza(element.name)) {
      connection.fail('invalid-namespace', 'a stanza of another namespace')
      return
    }
    connection.fail('unsupported-stanza-type', 'neither message nor presence nor iq')
  }

  connection.deadline(performance.now() + site.handshakeMs)
  if (mode === 'direct') {
    connection.detach()
    site.tls.acceptDirect(socket).then(({ secure, domains }) => {
      shown = new Set(domains)
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

function isStanza(name: string): boolean {
  return name === 'message' || name === 'presence' || name === 'iq'
}

/** Something that a peer wrote, for a log line. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?'))
}
