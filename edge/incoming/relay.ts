/**
 * The way in: what the incoming guard released, to the servers of the own side.
 *
 *   frame → number → parsed again → addresses → clearances → the peer's label format → identifiers
 *         → answers only to what was asked → queued for its server
 *
 * A frame is confirmed when its stanza is queued for delivery. What the guard should never have released is not
 * delivered, counted, and answered with `false`, which is an alarm on both sides.
 */
import { compareNumbers, formatNumber, NO_NUMBER, type StanzaNumber } from '../../guard/gcxp/index.ts'
import { type Jid, parseJid } from '../../rules/address/jid.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { isNumbered } from '../../rules/bundle/identifiers.ts'
import { refused } from '../../rules/reasons.ts'
import { attribute, element, SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import { createTextParser, decodeStanza, parseText } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'
import { CMBAC_REASONS, type Denial, type Ends } from '../cmbac/checks.ts'
import type { Controls } from '../controls.ts'
import type { Identifiers } from '../identifiers.ts'
import type { Occupancy } from '../occupancy.ts'
import type { Asked } from '../outgoing/relay.ts'
import type { PendingTable } from '../pending.ts'
import { aboutUnread } from '../record/entry.ts'
import type { Records } from '../record/records.ts'
import { type EdgeError, type Envelope, errorOf, isAnswered, POLICY, TIMEOUT } from '../refusal.ts'
import { STANZA_ERRORS_NS } from '../stream/names.ts'
import type { Tap } from '../tap/tap.ts'
import { answering, createRestorer, fitsNumber, withId } from './restore.ts'

/** What became of a frame, as a closed set for the counters. */
export const OUTCOMES = [
  'delivered',
  'repeated',
  'gap',
  'iq-unasked',
  'iq-too-many',
  'unknown-reference',
  'control-kind',
  'invalid',
  'expired',
  ...CMBAC_REASONS,
  'label-unheld',
] as const
export type Outcome = (typeof OUTCOMES)[number]

export type IncomingOptions = Readonly<{
  bundle: Bundle
  asked: PendingTable<Asked>
  askedOfUs: PendingTable<StanzaNumber>
  identifiers: Identifiers
  /** Why clearances keep a stanza, the frame of that number, from being delivered; whoever is asked tells the operator. */
  uncleared?(stanza: XmlElement, ends: Ends, number: StanzaNumber): Denial | undefined
  /** What is released in the label format of its server; undefined when that cannot hold the label. */
  formatted?(stanza: XmlElement, to: Jid, number: StanzaNumber): XmlElement | undefined
  controls: Pick<Controls, 'ruleFor'>
  occupancy: Pick<Occupancy, 'delivered'>
  /** Queues a stanza for the server of `to`. */
  deliver(from: string, to: string, stanza: string): void
  /** Sends a canonical stanza of the edge's own making to the guard, if the rules let it. */
  bounce(octets: string): boolean
  now(): number
  record: Records['record']
  see: Tap['see']
  counted(outcome: Outcome): void
  /** The guard released what it must not; one line for the operator. */
  alarm(problem: string): void
}>

export type IncomingRelay = Readonly<{
  /** Takes a frame; false when it was not fit to be delivered. */
  take(number: StanzaNumber, payload: Uint8Array | undefined): boolean
  /** The server of the own side could not be reached in time for this stanza. */
  expired(stanza: string): void
  expire(): void
}>

/** The released label may be longer than the one in the limits of the sending side. */
const GROWTH = 8

export function createIncomingRelay(options: IncomingOptions): IncomingRelay {
  const { bundle, asked, askedOfUs, identifiers } = options
  const numbered = isNumbered(bundle)
  const restore = createRestorer(bundle, identifiers)
  const far = new Set(bundle.from.domains.map(({ name }) => name))
  const farRooms = new Set(bundle.from.domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name))
  const own = new Set(bundle.to.domains.map(({ name }) => name))
  const rooms = new Set(bundle.to.domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name))
  const limits = { stanzaBytes: bundle.limits.stanzaBytes * GROWTH, depth: bundle.limits.depth + 8 }
  const parse = createTextParser(limits)
  let last = NO_NUMBER

  function take(number: StanzaNumber, payload: Uint8Array | undefined): boolean {
    if (compareNumbers(number, last) <= 0) {
      drop(number, 'repeated')
      return true
    }
    last = number
    if (payload === undefined) {
      drop(number, 'gap')
      return true
    }
    const problem = deliver(number, payload)
    if (problem === undefined) return true
    drop(number, 'invalid')
    options.alarm(
      `the guard released stanza ${formatNumber(number)}, which is not fit to be delivered: ${problem}`,
    )
    return false
  }

  function drop(number: StanzaNumber, outcome: Outcome, stanza?: XmlElement): void {
    options.counted(outcome)
    options.record({ type: 'dropped', number, outcome, about: stanza && aboutUnread(stanza) })
    if (stanza !== undefined)
      options.see({ direction: 'in', point: 'decided', stanza, verdict: outcome, number })
  }

  /** Why it cannot be delivered, or undefined. */
  function deliver(number: StanzaNumber, payload: Uint8Array): string | undefined {
    const text = decodeStanza(payload, limits)
    if (refused(text)) return text.refused
    const released = parse(text)
    if (refused(released)) return released.refused
    options.see({ direction: 'in', point: 'in', stanza: released, number })
    if (
      released.ns !== SERVER_NS ||
      !(released.name === 'message' || released.name === 'presence' || released.name === 'iq')
    ) {
      return 'unknown-stanza'
    }
    const from = parseJid(attribute(released, 'from') ?? '')
    const to = parseJid(attribute(released, 'to') ?? '')
    if (from === undefined || !far.has(from.domain)) return 'bad-from'
    if (to === undefined || !own.has(to.domain)) return 'bad-to'
    if (options.controls.ruleFor(to.domain)?.kinds.has(released.name) !== true) {
      options.counted('control-kind')
      return undefined
    }
    if (numbered && !fitsNumber(attribute(released, 'id') ?? '', number)) return 'bad-attribute'
    const denial = options.uncleared?.(released, { from, to }, number)
    const formatted =
      denial !== undefined || options.formatted === undefined
        ? released
        : options.formatted(released, to, number)
    if (denial !== undefined || formatted === undefined) {
      drop(number, denial?.reason ?? 'label-unheld', released)
      const kind = released.name as Envelope['kind']
      const envelope = { kind, type: attribute(released, 'type') ?? '', id: undefined, from, to }
      if (isAnswered(envelope, farRooms.has(from.domain), released))
        bounce(released, denial === undefined ? POLICY : errorOf(denial))
      return undefined
    }
    const stanza =
      formatted.name === 'iq'
        ? takeIq(formatted, from.text, to.text, number)
        : numbered
          ? restore(formatted, { from, to })
          : formatted
    if (typeof stanza === 'string') {
      drop(number, stanza, released)
      return undefined
    }
    if (stanza.name !== 'iq') identifiers.received(number, { from, to, id: attribute(stanza, 'id') })
    if (stanza.name === 'presence' && rooms.has(to.domain))
      options.occupancy.delivered(attribute(stanza, 'type') ?? '', { from, to }, stanza, options.now())
    options.counted('delivered')
    options.see({ direction: 'in', point: 'decided', stanza, verdict: 'accepted', number })
    const written = serialise(stanza)
    // What the guard wrote is that already; of two equal strings the decoded one is in one piece, and waits more cheaply.
    options.deliver(from.domain, to.domain, written === text ? text : written)
    return undefined
  }

  /** The IQ that is delivered, a request that can be noted or the answer to one; or why none is. */
  function takeIq(stanza: XmlElement, from: string, to: string, number: StanzaNumber): XmlElement | Outcome {
    const type = attribute(stanza, 'type')
    const id = attribute(stanza, 'id') ?? ''
    if (type === 'get' || type === 'set') {
      return askedOfUs.add(from, to, id, number, options.now()) === 'added' ? stanza : 'iq-too-many'
    }
    const request = asked.take(to, from, id)
    if (request === undefined) return 'iq-unasked'
    return numbered ? withId(stanza, request.envelope.id) : stanza
  }

  /** Tells the far sender, by way of the outgoing guard, where somebody waits for it. */
  function expired(text: string): void {
    options.counted('expired')
    const stanza = parseText(text, limits)
    if (refused(stanza)) return
    options.record({ type: 'expired', about: aboutUnread(stanza), bounced: answerFor(stanza) })
  }

  /** Whether the far sender is told that its stanza came too late. */
  function answerFor(stanza: XmlElement): boolean {
    const type = attribute(stanza, 'type') ?? ''
    const waits =
      stanza.name === 'iq'
        ? type === 'get' || type === 'set'
        : stanza.name === 'message' && (type === '' || type === 'chat')
    return waits && bounce(stanza, TIMEOUT)
  }

  /** Sends an error to the far sender by way of the outgoing guard: a condition, as the profile has it. False: it may not go. */
  function bounce(stanza: XmlElement, { condition, type }: EdgeError): boolean {
    const from = attribute(stanza, 'to')
    const to = attribute(stanza, 'from')
    const given = attribute(stanza, 'id')
    const id = numbered && given !== undefined ? answering(given) : given
    if (from === undefined || to === undefined) return false
    const attributes = { type: 'error', from, to, ...(id === undefined ? {} : { id }) }
    return options.bounce(
      serialise(
        element(SERVER_NS, stanza.name, attributes, [
          element(SERVER_NS, 'error', { type }, [element(STANZA_ERRORS_NS, condition)]),
        ]),
      ),
    )
  }

  return {
    take,
    expired,
    expire() {
      askedOfUs.expire(options.now())
    },
  }
}
