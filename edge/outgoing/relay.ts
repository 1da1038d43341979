/**
 * The way out: what a server of the own side sent, up to the guard.
 *
 *   stanza → addresses → answered here, or normalised → decided as the guard will → spooled to the guard
 *
 * A stanza that is refused leads to the answer of refusal.ts and to a counter; none of it goes further.
 */
import { type Jid, normaliseJid } from '../../rules/address/jid.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { isNumbered } from '../../rules/bundle/identifiers.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { createWrittenDecider } from '../../rules/decide/written.ts'
import type { Reason } from '../../rules/reasons.ts'
import { formatReference, type StanzaNumber } from '../../rules/text/numbered.ts'
import { attribute, element, elements, SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import { serialise } from '../../rules/xml/write.ts'
import {
  type Answer,
  answerForServer,
  answerForUser,
  asksServer,
  asksUsers,
  type FarSide,
  type Query,
} from '../answer.ts'
import { createCatalogs, type Permits, type RoomDefaults } from '../catalog.ts'
import { CMBAC_REASONS, type Denial, type Ends } from '../cmbac/checks.ts'
import type { PresenceChoice, Unasked } from '../config/schema.ts'
import type { Control, Controls, Kind } from '../controls.ts'
import type { Formats } from '../formats/index.ts'
import type { Identifiers } from '../identifiers.ts'
import { createNormaliser } from '../normalise/index.ts'
import type { Occupancy } from '../occupancy.ts'
import type { PendingTable } from '../pending.ts'
import { coarsen, createPresencePace } from '../presence.ts'
import { type About, aboutUnread } from '../record/entry.ts'
import type { Records } from '../record/records.ts'
import {
  CONSTRAINT,
  type EdgeError,
  type Envelope,
  errorFor,
  errorOf,
  isAnswered,
  NOT_FOUND,
  POLICY,
  TIMEOUT,
} from '../refusal.ts'
import type { InboundStream } from '../stream/ends.ts'
import type { Tap } from '../tap/tap.ts'

/** Why a stanza of the own side did not go to the guard, beside the guard's own reasons. */
export const EDGE_REASONS = [
  'iq-unasked',
  'iq-too-many',
  'iq-repeated',
  'left-empty',
  'room-unasked',
  'receipt-unasked',
  'control-kind',
  'control-size',
  'first-line-differs',
  ...CMBAC_REASONS,
] as const
export type EdgeReason = (typeof EDGE_REASONS)[number]

/**
 * A stanza at the guard: whose it is and whether its sender hears of a refusal, and under what id an answer to it will come
 * in, where one is awaited; undefined for one of the edge's own.
 */
export type Note = Readonly<{ envelope: Envelope; tell: boolean; answer: string | undefined }> | undefined

/** An IQ request that waits for its answer. */
export type Asked = Readonly<{ envelope: Envelope }>

export type OutgoingOptions = Readonly<{
  bundle: Bundle
  /** Requests of the own side that wait for the far side, and the other way round. */
  asked: PendingTable<Asked>
  askedOfUs: PendingTable<StanzaNumber>
  identifiers: Identifiers
  /** Why clearances keep a stanza, with its label in canonical octets, from going on; whoever is asked tells the operator. */
  uncleared?(stanza: XmlElement, label: string | undefined, ends: Ends): Denial | undefined
  /** What servers send in the label formats that they speak, and which rows each is offered in its own. */
  formats?: Pick<Formats, 'fromPeer' | 'spoken'>
  controls: Pick<Controls, 'ruleFor'>
  /** A rule of the controls refused a stanza; one line for the operator. */
  denied(problem: string): void
  /** Who is in which room of the own side, and whether what nobody asked for is refused. */
  occupancy: Pick<Occupancy, 'answers'>
  unasked: Unasked
  presence: PresenceChoice
  /** Which labels a catalog offers. */
  permits: Permits
  roomDefaults: RoomDefaults
  /** The number of the stanza that is pushed next. */
  next(): StanzaNumber
  push(octets: Uint8Array, at: number, note: Note): void
  /** Sends a stanza of the edge's own making to a server of the own side. */
  reply(from: string, to: string, stanza: string): void
  now(): number
  record: Records['record']
  see: Tap['see']
  counted: Readonly<{
    stripped(name: string): void
    refused(reason: Reason | EdgeReason): void
    answered(query: Query): void
  }>
}>

export type OutgoingRelay = Readonly<{
  /** A stanza of an authenticated stream, of so many octets on the wire; `at` is when its last octet had come, by `performance.now()`. */
  take(stream: InboundStream, stanza: XmlElement, octets: number, at: number): void
  /** One of which nothing is known but whose it is: it is refused. */
  takeSpoilt(stream: InboundStream, stanza: XmlElement, reason: Reason): void
  /** A canonical stanza of the edge's own making, on behalf of a server that cannot be reached. False: the rules do not let it. */
  sendOwn(stanza: string, at: number): boolean
  /** The guard refused what this edge had found acceptable. */
  refusedByGuard(note: Note, number: StanzaNumber): void
  /** Tells the askers whose request has waited too long. */
  expire(): void
}>

export function createOutgoingRelay(options: OutgoingOptions): OutgoingRelay {
  const { bundle, asked, askedOfUs, identifiers, counted, record, see } = options
  const normalise = createNormaliser(bundle)
  const decide = createDecider(bundle)
  const foretell = createWrittenDecider(bundle)
  const isForUser = asksUsers(bundle)
  const numbered = isNumbered(bundle)
  const pace = createPresencePace(options.presence.seconds * 1000, () =>
    counted.stripped('presence-repeated'),
  )
  const far = new Map(bundle.to.domains.map(({ name, kind }) => [name, kind]))
  const farSide: FarSide = {
    rooms: bundle.to.domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name),
    catalogs: createCatalogs(bundle, options.permits, options.roomDefaults, options.formats?.spoken),
    isFar: (domain) => far.has(domain),
  }
  const ownRooms = new Set(bundle.from.domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name))

  function take(stream: InboundStream, stanza: XmlElement, octets: number, at: number): void {
    see({ direction: 'out', point: 'in', stanza })
    const envelope = readEnvelope(stream, stanza)
    if (envelope === undefined) return
    const { kind, from } = envelope
    const control = options.controls.ruleFor(from.domain)
    const limit = control === undefined ? 'control-kind' : breaks(control, kind, octets)
    if (limit !== undefined) {
      options.denied(
        `${control?.name ?? 'controls'}: ${limit === 'control-kind' ? `no ${kind} of ${from.domain}` : `a ${kind} of ${octets} octets of ${from.domain}`} may cross`,
      )
      const told = isAnswered(envelope, ownRooms.has(from.domain), stanza)
      refused(limit, about(envelope), stream, stanza, told)
      if (told) tell(envelope, POLICY)
      return
    }
    const iq = kind === 'iq' ? takeIq(stream, envelope, stanza) : { crosses: true }
    if (!iq.crosses) return
    const unasked = isUnasked(envelope, stanza)
    if (unasked !== undefined) refused(unasked, about(envelope), stream, stanza)
    else if (isOfUsers(envelope)) takePresence(stream, envelope, stanza, at)
    else cross(stream, envelope, stanza, at, iq.answers)
  }

  /** Whom a stanza is from and to, where both are in order; what is not is dealt with here. */
  function readEnvelope(stream: InboundStream, stanza: XmlElement): Envelope | undefined {
    const from = attribute(stanza, 'from')
    const to = attribute(stanza, 'to')
    if (from === undefined || to === undefined) {
      stream.fail('improper-addressing', 'a stanza without from or to')
      return undefined
    }
    const sender = normaliseJid(from)
    if (sender === undefined) {
      refused('bad-from', aboutUnread(stanza), stream, stanza)
      return undefined
    }
    if (!stream.proven.has(sender.domain)) {
      stream.fail('invalid-from', 'a stanza from a domain that the certificate does not prove')
      return undefined
    }
    const recipient = normaliseJid(to)
    const kind = stanza.name as Envelope['kind']
    // An address that is none of ours cannot answer on a stream of ours; the stream's own domain does.
    const by = recipient !== undefined && far.has(recipient.domain) ? recipient : domainJid(stream.to)
    const envelope: Envelope = {
      kind,
      type: attribute(stanza, 'type') ?? '',
      id: attribute(stanza, 'id'),
      from: sender,
      to: by,
    }
    if (by !== recipient) {
      const told = isAnswered(envelope, ownRooms.has(sender.domain), stanza)
      refused('bad-to', aboutUnread(stanza), stream, stanza, told)
      if (told) tell(envelope, NOT_FOUND)
      return undefined
    }
    return envelope
  }

  /** Why what only answers the far side answers nothing that crossed. */
  function isUnasked(envelope: Envelope, stanza: XmlElement): EdgeReason | undefined {
    const answers =
      !ownRooms.has(envelope.from.domain) || options.occupancy.answers(envelope, stanza, options.now())
    if (options.unasked === 'pass') return undefined
    if (!answers) return 'room-unasked'
    // Numbered ones are looked up as they are written.
    const { answer } = identifiers.naming(options.next(), envelope)
    const receipts = numbered ? [] : elements(stanza).filter(isReceipt)
    return receipts.every((one) => answer(attribute(one, 'id') ?? '') !== undefined)
      ? undefined
      : 'receipt-unasked'
  }

  /** Whether it is presence of one user for another. */
  function isOfUsers({ kind, type, from, to }: Envelope): boolean {
    const paced = type === '' || type === 'unavailable' || type === 'probe'
    return kind === 'presence' && paced && !ownRooms.has(from.domain) && far.get(to.domain) === 'im'
  }

  function takePresence(stream: InboundStream, envelope: Envelope, stanza: XmlElement, at: number): void {
    const said = options.presence.coarse ? coarsen(stanza) : stanza
    const taken = said === stanza ? [] : ['presence-detail']
    for (const name of taken) counted.stripped(name)
    const go = (since: number) => cross(stream, envelope, said, since, undefined, taken)
    if (pace.take(envelope, said, options.now(), () => go(performance.now())) === 'now') go(at)
  }

  /** Whether an IQ goes on to the guard, and the number of the request that it answers. */
  function takeIq(
    stream: InboundStream,
    envelope: Envelope,
    stanza: XmlElement,
  ): Readonly<{ crosses: boolean; answers?: StanzaNumber }> {
    const { type, from, to, id } = envelope
    if (type === 'get' || type === 'set') {
      const ofServer = to.text === to.domain && asksServer(envelope, stanza)
      if (far.get(to.domain) === 'rooms' && !ofServer) return { crosses: true }
      if (to.local !== '' && isForUser(envelope, stanza)) return { crosses: true }
      answer(
        envelope,
        to.text === to.domain
          ? answerForServer(envelope, stanza, farSide, Math.floor(options.now() / 1000))
          : answerForUser(envelope, stanza),
      )
      return { crosses: false }
    }
    if (type !== 'result' && type !== 'error') return { crosses: true }
    // Requests are noted by their canonical addresses.
    const answers = askedOfUs.take(to.text, from.text, id ?? '')
    if (answers !== undefined) return { crosses: true, answers }
    refused('iq-unasked', about(envelope), stream, stanza)
    return { crosses: false }
  }

  function cross(
    stream: InboundStream,
    envelope: Envelope,
    received: XmlElement,
    at: number,
    answers: StanzaNumber | undefined,
    taken: readonly string[] = [],
  ): void {
    const second = Math.floor(options.now() / 1000)
    const spoken = options.formats?.fromPeer(received, envelope.from, second)
    if (spoken === 'first-line-differs') {
      const told = isAnswered(envelope, ownRooms.has(envelope.from.domain), received)
      refused(spoken, about(envelope), stream, received, told, taken)
      if (told) tell(envelope, POLICY)
      return
    }
    const { stanza, changed } = spoken ?? { stanza: received, changed: [] }
    const number = options.next()
    const normal = normalise(stanza, stream.lang, second, identifiers.naming(number, envelope, answers))
    const stripped = [...taken, ...changed, ...normal.stripped]
    for (const name of [...changed, ...normal.stripped]) counted.stripped(name)
    if (normal.outcome === 'ready')
      see({ direction: 'out', point: 'normalised', stanza: normal.octets, taken: stripped })
    const refuse = (reason: Reason | EdgeReason, error?: EdgeError) => {
      refused(reason, about(envelope), stream, stanza, error !== undefined, stripped)
      if (error !== undefined) tell(envelope, error)
    }
    if (normal.outcome === 'nothing') {
      refuse('left-empty')
      return
    }
    const tellable = isAnswered(envelope, ownRooms.has(envelope.from.domain), stanza)
    const reason =
      normal.outcome === 'refused'
        ? normal.reason
        : foretell(normal, Math.floor(options.now() / 1000), number)
    if (normal.outcome === 'refused' || reason !== undefined) {
      refuse(reason!, tellable ? POLICY : undefined)
      return
    }
    const { from, to } = envelope
    const denial = options.uncleared?.(normal.root, normal.label, { from, to, by: stream.from })
    if (denial !== undefined) {
      refuse(denial.reason, tellable ? errorOf(denial) : undefined)
      return
    }
    const answer = answerTo(envelope, number)
    const problem = answer === undefined ? undefined : note(envelope, answer)
    if (problem !== undefined) {
      refuse(problem, CONSTRAINT)
      return
    }
    if (numbered && envelope.kind !== 'iq') identifiers.sent(number, envelope)
    const octets = Buffer.from(normal.octets, 'utf8')
    see({ direction: 'out', point: 'decided', stanza: normal.octets, verdict: 'accepted' })
    if (stripped.length > 0)
      record({ type: 'stripped', number, ...about(envelope), names: stripped }, () => octets)
    options.push(octets, at, { envelope, tell: tellable, answer })
    see({ direction: 'out', point: 'sent', stanza: normal.octets, number })
  }

  /** The id under which a request's answer will come in; undefined of a stanza that asks for none. */
  function answerTo({ kind, type, id }: Envelope, number: StanzaNumber): string | undefined {
    if (kind !== 'iq' || (type !== 'get' && type !== 'set')) return undefined
    return numbered ? formatReference({ own: false, number }) : (id ?? '')
  }

  /** Notes a request that crosses, so that its answer may cross too. */
  function note(envelope: Envelope, answer: string): EdgeReason | undefined {
    const { from, to } = envelope
    switch (asked.add(from.text, to.text, answer, { envelope }, options.now())) {
      case 'full':
        return 'iq-too-many'
      case 'known':
        return 'iq-repeated'
      case 'added':
        return undefined
    }
  }

  /** Counts and records a stanza that does not go to the guard. */
  function refused(
    reason: Reason | EdgeReason,
    whose: About,
    stream: InboundStream,
    stanza: XmlElement,
    told = false,
    stripped: readonly string[] = [],
  ): void {
    counted.refused(reason)
    see({ direction: 'out', point: 'decided', stanza, verdict: reason })
    record({ type: 'refused', ...whose, peer: stream.from, reason, told, stripped }, () => serialise(stanza))
  }

  function answer({ from, to }: Envelope, { query, stanza }: Answer): void {
    counted.answered(query)
    see({ direction: 'out', point: 'decided', stanza, verdict: `answered here: ${query}` })
    options.reply(to.domain, from.domain, stanza)
  }

  function tell(envelope: Envelope, error: EdgeError): void {
    options.reply(envelope.to.domain, envelope.from.domain, errorFor(envelope, error))
  }

  return {
    take,
    takeSpoilt(stream, stanza, reason) {
      see({ direction: 'out', point: 'in', stanza })
      // It had both, or one that is no address for its length: the stream is not to suffer for it.
      const named = attribute(stanza, 'from') !== undefined && attribute(stanza, 'to') !== undefined
      if (!named) return refused(reason, aboutUnread(stanza), stream, stanza)
      const envelope = readEnvelope(stream, stanza)
      if (envelope === undefined) return
      // Nobody knows what it held: a text, perhaps.
      const told = isAnswered(envelope, ownRooms.has(envelope.from.domain), SOMETHING)
      refused(reason, about(envelope), stream, stanza, told)
      if (told) tell(envelope, POLICY)
    },
    sendOwn(text, at) {
      const octets = Buffer.from(text, 'utf8')
      const verdict = decide(octets, Math.floor(options.now() / 1000), options.next())
      if (verdict.accepted) options.push(octets, at, undefined)
      else counted.refused(verdict.reason)
      return verdict.accepted
    },
    refusedByGuard(note, number) {
      record({ type: 'guard-refused', number, about: note && about(note.envelope) })
      if (note === undefined) return
      const { from, to } = note.envelope
      if (note.answer !== undefined) asked.take(from.text, to.text, note.answer)
      if (note.tell) tell(note.envelope, POLICY)
    },
    expire() {
      pace.release(options.now())
      for (const { envelope } of asked.expire(options.now())) {
        record({ type: 'unanswered', ...about(envelope) })
        tell(envelope, TIMEOUT)
      }
    },
  }
}

const SOMETHING = element(SERVER_NS, 'message', [], [element(SERVER_NS, 'body')])
function about({ from, to, kind, type }: Envelope): About {
  return { from: from.text, to: to.text, kind, subtype: type }
}

/** What of a rule a stanza goes beyond. */
function breaks({ kinds, stanzaOctets }: Control, kind: Kind, octets: number): EdgeReason | undefined {
  if (!kinds.has(kind)) return 'control-kind'
  return octets > stanzaOctets ? 'control-size' : undefined
}

/** A receipt (XEP-0184) or marker (XEP-0333), which names what it is for; a request for one names nothing. */
function isReceipt({ ns, name }: XmlElement): boolean {
  return (
    (ns === 'urn:xmpp:receipts' && name !== 'request') ||
    (ns === 'urn:xmpp:chat-markers:0' && name !== 'markable')
  )
}

function domainJid(domain: string): Jid {
  return { text: domain, local: '', domain, resource: '' }
}
