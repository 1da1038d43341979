/**
 * The way in: what the incoming guard released, to the servers of the own side.
 *
 *   frame → number → parsed again → addresses → clearances → the peer's label format → identifiers
 *         → answers only to what was asked → queued for its server
 *
 * A frame is confirmed when its stanza is durable in the spool. What the guard should never have released is not
 * delivered, counted, and answered with `false`, which is an alarm on both sides.
 */
import { hash } from 'node:crypto'
import { formatNumber, type StanzaNumber } from '../../guard/gcxp/index.ts'
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
import type { Asked, AskedOfUs, PendingTable } from '../pending.ts'
import { aboutUnread } from '../record/entry.ts'
import type { Records } from '../record/records.ts'
import { type EdgeError, type Envelope, errorOf, isAnswered, POLICY, TIMEOUT } from '../refusal.ts'
import { STANZA_ERRORS_NS } from '../stream/names.ts'
import type { Tap } from '../tap/tap.ts'
import { answering, createRestorer, fitsNumber, withId } from './restore.ts'
import type { Incoming, IncomingEntry, IncomingSpool } from './spool.ts'

/** What became of a frame, as a closed set for the counters. */
export const OUTCOMES = [
  'delivered',
  'repeated',
  'reused',
  'gap',
  'iq-unasked',
  'iq-too-many',
  'unknown-reference',
  'control-kind',
  'invalid',
  'expired',
  'dropped',
  ...CMBAC_REASONS,
  'label-unheld',
] as const
export type Outcome = (typeof OUTCOMES)[number]

export type IncomingOptions = Readonly<{
  bundle: Bundle
  asked: PendingTable<Asked>
  askedOfUs: PendingTable<AskedOfUs>
  identifiers: Identifiers
  /** Why clearances keep a stanza, the frame of that number, from being delivered; whoever is asked tells the operator. */
  uncleared?(stanza: XmlElement, ends: Ends, number: StanzaNumber): Denial | undefined
  /** What is released in the label format of its server; undefined when that cannot hold the label. */
  formatted?(stanza: XmlElement, to: Jid, number: StanzaNumber): XmlElement | undefined
  controls: Pick<Controls, 'ruleFor'>
  occupancy: Pick<Occupancy, 'delivered'>
  spool: Pick<IncomingSpool, 'novelty' | 'take' | 'mark' | 'replied' | 'settled'>
  /** The request of the own side with this ticket has got its reply. */
  replied(ticket: number): void
  /**
   * Sends a canonical stanza of the edge's own making to the guard; `done` is called when it is durable. False: the rules do not
   * let it.
   */
  bounce(envelope: Envelope, octets: string, done: () => void): boolean
  now(): number
  record: Records['record']
  see: Tap['see']
  counted(outcome: Outcome): void
  /** The guard released what it must not; one line for the operator. */
  alarm(problem: string): void
}>

export type IncomingRelay = Readonly<{
  /** Takes a frame; `answer` is called in the order of the frames, with false when it was not fit to be delivered. */
  take(number: StanzaNumber, payload: Uint8Array | undefined, answer: (accepted: boolean) => void): void
  /** It is not delivered: its server could not be reached in time, or the operator dropped it. */
  givenUp(entry: IncomingEntry, why: 'expired' | 'dropped'): void
  /** What was taken before the start. */
  known(entry: IncomingEntry): void
  expire(): void
}>

/** The released label may be longer than the one in the limits of the sending side. */
const GROWTH = 8

export function createIncomingRelay(options: IncomingOptions): IncomingRelay {
  const { bundle, asked, askedOfUs, identifiers, spool } = options
  const numbered = isNumbered(bundle)
  const restore = createRestorer(bundle, identifiers)
  const far = new Set(bundle.from.domains.map(({ name }) => name))
  const farRooms = new Set(bundle.from.domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name))
  const own = new Set(bundle.to.domains.map(({ name }) => name))
  const rooms = new Set(bundle.to.domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name))
  const limits = { stanzaBytes: bundle.limits.stanzaBytes * GROWTH, depth: bundle.limits.depth + 8 }
  const parse = createTextParser(limits)

  function take(
    number: StanzaNumber,
    payload: Uint8Array | undefined,
    answer: (accepted: boolean) => void,
  ): void {
    const digest = payload === undefined ? '' : hash('sha256', payload, 'hex').slice(0, DIGEST_DIGITS)
    const novelty = spool.novelty(number, digest)
    if (novelty === 'repeated') {
      drop(number, 'repeated')
      spool.mark(() => answer(true))
      return
    }
    if (novelty === 'reused') {
      drop(number, 'reused')
      options.alarm(
        `stanza ${formatNumber(number)} came again with other content, and was not delivered: the far edge gives out numbers twice, as one does whose state folder is of a backup: run "sallyport edge restored" there; or the guard's bundle was changed meanwhile`,
      )
      spool.mark(() => answer(false))
      return
    }
    const read =
      payload === undefined ? { outcome: 'gap' as const, stanza: undefined } : released(number, payload)
    if ('problem' in read) {
      drop(number, 'invalid')
      options.alarm(
        `the guard released stanza ${formatNumber(number)}, which is not fit to be delivered: ${read.problem}`,
      )
      spool.take(number, digest, undefined, () => answer(false))
      return
    }
    if ('outcome' in read) {
      drop(number, read.outcome, read.stanza)
      spool.take(number, digest, undefined, () => answer(true))
      return
    }
    options.counted('delivered')
    const { incoming, from, to, root } = read
    options.see({ direction: 'in', point: 'decided', stanza: root, verdict: 'accepted', number })
    const id = attribute(root, 'id')
    const entry = spool.take(number, digest, incoming, () => answer(true))!
    if (incoming.asks) note(entry, id)
    else if (incoming.kind !== 'iq') identifiers.received(number, { from, to, id })
    if (incoming.kind === 'presence' && rooms.has(to.domain))
      options.occupancy.delivered(attribute(root, 'type') ?? '', { from, to }, root, options.now())
  }

  function drop(number: StanzaNumber, outcome: Outcome, stanza?: XmlElement): void {
    options.counted(outcome)
    options.record({ type: 'dropped', number, outcome, about: stanza && aboutUnread(stanza) })
    if (stanza !== undefined)
      options.see({ direction: 'in', point: 'decided', stanza, verdict: outcome, number })
  }

  /** Notes a request, so that its answer may cross. */
  function note({ from, to, number, ticket, at }: IncomingEntry, id = ''): void {
    if (askedOfUs.add(from, to, id, { number: number!, ticket }, at) !== 'added') spool.replied(ticket)
  }

  /** What is to be delivered of a frame; why nothing is; or why it should not have been released. */
  function released(
    number: StanzaNumber,
    payload: Uint8Array,
  ):
    | Readonly<{ incoming: Incoming; from: Jid; to: Jid; root: XmlElement }>
    | Readonly<{ outcome: Outcome; stanza: XmlElement | undefined }>
    | Readonly<{ problem: string }> {
    const text = decodeStanza(payload, limits)
    if (refused(text)) return { problem: text.refused }
    const released = parse(text)
    if (refused(released)) return { problem: released.refused }
    options.see({ direction: 'in', point: 'in', stanza: released, number })
    const { name: kind } = released
    if (released.ns !== SERVER_NS || !(kind === 'message' || kind === 'presence' || kind === 'iq')) {
      return { problem: 'unknown-stanza' }
    }
    const from = parseJid(attribute(released, 'from') ?? '')
    const to = parseJid(attribute(released, 'to') ?? '')
    if (from === undefined || !far.has(from.domain)) return { problem: 'bad-from' }
    if (to === undefined || !own.has(to.domain)) return { problem: 'bad-to' }
    if (options.controls.ruleFor(to.domain)?.kinds.has(kind) !== true)
      return { outcome: 'control-kind', stanza: released }
    if (numbered && !fitsNumber(attribute(released, 'id') ?? '', number)) return { problem: 'bad-attribute' }
    const denial = options.uncleared?.(released, { from, to }, number)
    const formatted =
      denial !== undefined || options.formatted === undefined
        ? released
        : options.formatted(released, to, number)
    if (denial !== undefined || formatted === undefined) {
      const envelope: Envelope = { kind, type: attribute(released, 'type') ?? '', id: undefined, from, to }
      if (isAnswered(envelope, farRooms.has(from.domain), released))
        bounce(released, denial === undefined ? POLICY : errorOf(denial), () => {})
      return { outcome: denial?.reason ?? 'label-unheld', stanza: released }
    }
    const asks = kind === 'iq' && isRequest(released)
    const stanza =
      kind === 'iq'
        ? takeIq(formatted, from.text, to.text)
        : numbered
          ? restore(formatted, { from, to })
          : formatted
    if (typeof stanza === 'string') return { outcome: stanza, stanza: released }
    const written = serialise(stanza)
    // What the guard wrote is that already; of two equal strings the decoded one is in one piece, and waits more cheaply.
    const incoming: Incoming = {
      kind,
      from: from.text,
      to: to.text,
      asks,
      stanza: written === text ? text : written,
    }
    return { incoming, from, to, root: stanza }
  }

  /** The IQ that is delivered, a request or the answer to one; or why none is. */
  function takeIq(stanza: XmlElement, from: string, to: string): XmlElement | Outcome {
    const id = attribute(stanza, 'id') ?? ''
    if (isRequest(stanza)) return askedOfUs.admits(from, to, id) ? stanza : 'iq-too-many'
    const request = asked.take(to, from, id)
    if (request === undefined) return 'iq-unasked'
    options.replied(request.ticket)
    return numbered ? withId(stanza, request.envelope.id) : stanza
  }

  function givenUp(entry: IncomingEntry, why: 'expired' | 'dropped'): void {
    options.counted(why)
    const settle = () => spool.settled(entry)
    const stanza = parseText(entry.stanza, limits)
    if (refused(stanza)) {
      settle()
      return
    }
    const about = aboutUnread(stanza)
    // Nobody hears of what the edge itself had said.
    const bounced = entry.number !== undefined && waits(stanza) && bounce(stanza, TIMEOUT, settle)
    if (why === 'dropped') options.record({ type: 'dropped', number: entry.number, outcome: why, about })
    else options.record({ type: 'expired', about, bounced })
    if (!bounced) settle()
  }

  /** Sends an error to the far sender by way of the outgoing guard: a condition, as the profile has it. False: it may not go. */
  function bounce(stanza: XmlElement, { condition, type }: EdgeError, done: () => void): boolean {
    const from = parseJid(attribute(stanza, 'to') ?? '')
    const to = parseJid(attribute(stanza, 'from') ?? '')
    const given = attribute(stanza, 'id')
    const id = numbered && given !== undefined ? answering(given) : given
    if (from === undefined || to === undefined) return false
    const kind = stanza.name as Envelope['kind']
    const attributes = { type: 'error', from: from.text, to: to.text, ...(id === undefined ? {} : { id }) }
    const error = element(SERVER_NS, 'error', { type }, [element(STANZA_ERRORS_NS, condition)])
    const text = serialise(element(SERVER_NS, kind, attributes, [error]))
    return options.bounce({ kind, type: 'error', id, from, to }, text, done)
  }

  return {
    take,
    givenUp,
    known(entry) {
      const { number } = entry
      const stanza = number === undefined ? undefined : parseText(entry.stanza, limits)
      const [from, to] = [parseJid(entry.from), parseJid(entry.to)]
      if (number === undefined || stanza === undefined || refused(stanza)) return
      const id = attribute(stanza, 'id')
      if (entry.asks) {
        if (!entry.replied) note(entry, id)
      } else if (entry.kind !== 'iq' && from !== undefined && to !== undefined)
        identifiers.received(number, { from, to, id })
    },
    expire() {
      for (const { ticket } of askedOfUs.expire(options.now())) spool.replied(ticket)
    },
  }
}

/** 64 bits: enough to tell what comes again from what does not. */
const DIGEST_DIGITS = 16

/** Whether somebody waits for a stanza to arrive. */
function waits(stanza: XmlElement): boolean {
  const type = attribute(stanza, 'type') ?? ''
  return stanza.name === 'iq'
    ? isRequest(stanza)
    : stanza.name === 'message' && (type === '' || type === 'chat')
}

function isRequest(iq: XmlElement): boolean {
  const type = attribute(iq, 'type')
  return type === 'get' || type === 'set'
}
