/**
 * The two ends of streams that stand, as the rest of the edge sees them: one brings stanzas of own servers, one takes stanzas for
 * them. A stream that goes both ways is one of each.
 */
import type { Reason } from '../../rules/reasons.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import type { Session } from '../session.ts'
import type { Management } from './management.ts'
import type { StreamCondition } from './text.ts'

/** An authenticated stream that brings stanzas, whoever opened it. */
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

/** How long a stream may be silent, and a peer take to answer whether it is there; milliseconds. */
export type StreamClocks = Readonly<{ idleMs: number; acknowledgeMs: number }>

export type StanzaEvents = Readonly<{
  /** A child of the stream in `jabber:server` with a stanza's name. `taken` is to be called once it can no longer be lost. */
  onStanza(stream: InboundStream, stanza: XmlElement, size: number, taken: () => void): void
  /** One that broke a limit: its name, and of its attributes those that say whose it is. */
  onSpoilt(stream: InboundStream, stanza: XmlElement, reason: Reason, taken: () => void): void
}>

/** A stream that takes stanzas, whoever opened it. */
export type OutboundStream = Readonly<{
  session: Session
  /** Writes octets that hold so many stanzas; `done` when the system has them. False: wait for `onDrain`. */
  write(octets: Uint8Array, stanzas: number, done: () => void): boolean
  /** Where stream management is on. */
  management: Pick<Management, 'ask' | 'onAcknowledged'> | undefined
  fail(condition: StreamCondition, why: string): void
  /** When the last stanza came on it, by `performance.now()`; a stream that is not ours to close is always in use. */
  usedAt(): number
  /** Ends it when the server's certificate no longer proves what it did. */
  recheck(): void
  /** Closes it in order, where it is ours to close. */
  close(why: string): void
}>

/** What is told of a stream that takes stanzas. */
export type CarrierEvents = Readonly<{ onDrain(): void; onEnd(why: string): void }>

/** How streams with one own domain are led. */
export type Manner = Readonly<{
  /** `auto`: by stream management where the server offers it, else by pings. `none`: what the system took counts as delivered. */
  acknowledge: 'auto' | 'none'
  /** Whether stanzas may go both ways on one stream (XEP-0288). */
  bidirectional: boolean
}>
