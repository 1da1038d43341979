/**
 * What comes on a stream that stands, whoever opened it: stanzas, stream management, and little else.
 *
 * What a user can bring about ends no stream, for many share it: a stanza beyond a limit is handed over as spoilt, dialback for
 * a further domain is answered. What only a broken or hostile server does ends it with the error of RFC 6120 §4.9.3.
 */
import type { Reason } from '../../rules/reasons.ts'
import { elements, SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import type { Connection } from './connection.ts'
import { dialbackError } from './dialback.ts'
import type { InboundStream, StanzaEvents, StreamClocks } from './ends.ts'
import { isManagement, type Management } from './management.ts'
import { DIALBACK_NS, STREAMS_NS } from './names.ts'
import { STREAM_CLOSE } from './text.ts'

export type Receiver = Readonly<{
  stream: InboundStream
  take(element: XmlElement, size: number): void
  takeSpoilt(element: XmlElement, reason: Reason, size: number): void
  /** Looks at the clocks; `now` by `performance.now()`. `mayClose`: nobody else has a use for the stream. */
  tick(now: number, mayClose: boolean): void
  /** When the last stanza came. */
  usedAt(): number
}>

export type ReceiverOptions = Pick<InboundStream, 'from' | 'to' | 'proven' | 'lang' | 'session' | 'recheck'> &
  Readonly<{ connection: Connection; management: Management; events: StanzaEvents; clocks: StreamClocks }>

export function createReceiver(options: ReceiverOptions): Receiver {
  const { from, to, proven, lang, session, recheck, connection, management, events, clocks } = options
  let paused = false
  /** When the last stanza came, and when anything did. */
  let busy = performance.now()
  let heard = busy
  /** When the peer was asked whether it is there. */
  let asked: number | undefined

  const stream: InboundStream = {
    from,
    to,
    proven,
    lang,
    session,
    pause() {
      paused = true
      connection.pause()
    },
    resume() {
      paused = false
      connection.resume()
    },
    recheck,
    fail: connection.fail,
  }

  function take(element: XmlElement, size: number): void {
    hear()
    if (element.ns === SERVER_NS && isStanza(element.name)) {
      busy = heard
      events.onStanza(stream, element, size, management.came())
    } else if (isManagement(element)) {
      const failure = management.take(element)
      if (failure !== undefined) connection.fail(failure.condition, failure.why, failure.detail)
    } else if (element.ns === STREAMS_NS && element.name === 'error') {
      connection.finish(STREAM_CLOSE, `the peer reports ${shown(elements(element)[0]?.name ?? '')}`)
    } else if (element.ns === DIALBACK_NS) {
      connection.answer(dialbackError(element, stream))
    } else if (isStanza(element.name)) {
      connection.fail('invalid-namespace', 'a stanza of another namespace')
    } else connection.fail('unsupported-stanza-type', 'neither message nor presence nor iq')
  }

  function takeSpoilt(element: XmlElement, reason: Reason, size: number): void {
    if (element.ns !== SERVER_NS || !isStanza(element.name)) {
      connection.fail('policy-violation', `an element of ${size} octets that is no stanza`)
      return
    }
    hear()
    busy = heard
    events.onSpoilt(stream, element, reason, management.came())
  }

  function hear(): void {
    heard = performance.now()
    asked = undefined
  }

  function tick(now: number, mayClose: boolean): void {
    // While nobody reads, silence is not the peer's.
    if (paused) {
      busy = now
      hear()
    } else if (asked !== undefined && now > asked + clocks.acknowledgeMs) {
      connection.fail('connection-timeout', 'the peer does not answer any more')
    } else if (mayClose && now > busy + clocks.idleMs) {
      connection.close('nothing came for long')
    } else if (management.isOn() && asked === undefined && now > heard + clocks.acknowledgeMs) {
      asked = now
      management.ask()
    }
  }

  return { stream, take, takeSpoilt, tick, usedAt: () => busy }
}

function isStanza(name: string): boolean {
  return name === 'message' || name === 'presence' || name === 'iq'
}

/** Something that a peer wrote, for a log line. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?'))
}
