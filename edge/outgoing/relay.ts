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
import type { Occupancy } from '../occupancy.ts'
import type { Asked, AskedOfUs, PendingTable } from '../pending.ts'
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
  isJoin,
  NOT_FOUND,
  POLICY,
  TIMEOUT,
} from '../refusal.ts'
import type { InboundStream } from '../stream/ends.ts'
import type { Tap } from '../tap/tap.ts'
import { createPreparation } from './prepare.ts'
import type { OutgoingEntry, OutgoingSpool, OutgoingSpoolOptions } from './spool.ts'

/** Why a stanza of the own side did not go to the guard, beside the guard's own reasons. */
export const EDGE_REASONS = [
  'iq-unasked',
  'iq-too-many',
  'iq-repeated',
  'left-empty',
  'room-unasked',
  'receipt-unasked',
  'expired',
  'dropped',
  'control-kind',
  'control-size',
  'first-line-differs',
  ...CMBAC_REASONS,
] as const
export type EdgeReason = (typeof EDGE_REASONS)[number]

export type OutgoingOptions = Readonly<{
  bundle: Bundle
  /** Requests of the own side that wait for the far side, and the other way round. */
  asked: PendingTable<Asked>
  askedOfUs: PendingTable<AskedOfUs>
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
  spool: Pick<OutgoingSpool, 'next' | 'push' | 'replied'>
  /**
   * Sends a stanza of the edge's own making to a server of the own side. `kept` is called when it is durable; without that it is
   * not, and may be dropped.
   */
  reply(ends: Readonly<{ from: Jid; to: Jid }>, stanza: string, kept?: () => void): void
  /** The request of the far side with this ticket has got its reply. */
  repliedToThem(ticket: number): void
  now(): number
  record: Records['record']
  see: Tap['see']
  counted: Readonly<{
    stripped(name: string): void
    refused(reason: Reason | EdgeReason): void
    answered(query: Query): void
    /** The guard's answer to a stanza that had come at `arrived`. */
    guard(accepted: boolean, arrived: number): void
  }>
}>

export type OutgoingRelay = Readonly<{
  /**
   * A stanza of an authenticated stream, of so many octets on the wire; `at` is when its last octet had come, by `performance.now()`. `taken` is called once what
   * becomes of it is durable, not always in the order of the stanzas: not before that may its server be told so (XEP-0198 §4).
   */
  take(stream: InboundStream, stanza: XmlElement, octets: number, at: number, taken: () => void): void
  /** One of which nothing is known but whose it is: it is refused. */
  takeSpoilt(stream: InboundStream, stanza: XmlElement, reason: Reason, taken: () => void): void
  /** A canonical stanza of the edge's own making, on behalf of a server that cannot be reached. False: the rules do not let it. */
  sendOwn(envelope: Envelope, stanza: string, at: number, taken: () => void): boolean
  /** For the spool (spool.ts). */
  assign: OutgoingSpoolOptions['assign']
  onAnswered: OutgoingSpoolOptions['onAnswered']
  onGivenUp: OutgoingSpoolOptions['onGivenUp']
  /** What was sent before the start, under that number. */
  known(entry: OutgoingEntry, number: StanzaNumber): void
  /** Tells the askers whose request has waited too long. */
  expire(): void
  /** Sends what waits for its time: nothing more is read. */
  flush(): void
}>

export function createOutgoingRelay(options: OutgoingOptions): OutgoingRelay {
  const { bundle, asked, askedOfUs, identifiers, spool, counted, record, see } = options
  const { prepare, octetsOf, decide } = createPreparation(bundle, identifiers, options.now)
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

  function take(
    stream: InboundStream,
    stanza: XmlElement,
    octets: number,
    at: number,
    taken: () => void,
  ): void {
    see({ direction: 'out', point: 'in', stanza })
    const envelope = readEnvelope(stream, stanza, taken)
    if (envelope === undefined) return
    const { kind, from } = envelope
    const control = options.controls.ruleFor(from.domain)
    const limit = control === undefined ? 'control-kind' : breaks(control, kind, octets)
    if (limit !== undefined) {
      options.denied(
        `${control?.name ?? 'controls'}: ${limit === 'control-kind' ? `no ${kind} of ${from.domain}` : `a ${kind} of ${octets} octets of ${from.domain}`} may cross`,
      )
      const told = isAnswered(envelope, ownRooms.has(from.domain), stanza)
      refused(limit, about(envelope), stream.from, stanza, told)
      if (told) tell(envelope, POLICY, taken)
      else taken()
      return
    }
    const iq: ReturnType<typeof takeIq> = kind === 'iq' ? takeIq(stream, envelope, stanza) : { crosses: true }
    if (!iq.crosses) {
      taken()
      return
    }
    const unasked = isUnasked(envelope, stanza)
    const { answers } = iq
    if (unasked !== undefined) {
      refused(unasked, about(envelope), stream.from, stanza)
      taken()
    } else if (isPaced(envelope, stanza)) takePresence(stream, envelope, stanza, at, taken)
    else {
      // Who joins or leaves says nothing else any more.
      if (kind === 'presence') pace.forget(envelope)
      cross(stream, envelope, stanza, at, answers?.number, () => {
        taken()
        if (answers !== undefined) options.repliedToThem(answers.ticket)
      })
    }
  }

  /** Whom a stanza is from and to, where both are in order; what is not is dealt with here. */
  function readEnvelope(stream: InboundStream, stanza: XmlElement, taken: () => void): Envelope | undefined {
    const from = attribute(stanza, 'from')
    const to = attribute(stanza, 'to')
    if (from === undefined || to === undefined) {
      stream.fail('improper-addressing', 'a stanza without from or to')
      return undefined
    }
    const sender = normaliseJid(from)
    if (sender === undefined) {
      refused('bad-from', aboutUnread(stanza), stream.from, stanza)
      taken()
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
      refused('bad-to', aboutUnread(stanza), stream.from, stanza, told)
      if (told) tell(envelope, NOT_FOUND, taken)
      else taken()
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
    const receipts = numbered ? [] : elements(stanza).filter(isReceipt)
    if (receipts.length === 0) return undefined
    const { answer } = identifiers.naming(spool.next(), envelope)
    return receipts.every((one) => answer(attribute(one, 'id') ?? '') !== undefined)
      ? undefined
      : 'receipt-unasked'
  }

  /** Whether it is presence of one user for another, or of an occupant for the room. */
  function isPaced({ kind, type, from, to }: Envelope, stanza: XmlElement): boolean {
    if (kind !== 'presence' || ownRooms.has(from.domain)) return false
    if (far.get(to.domain) === 'im') return type === '' || type === 'unavailable' || type === 'probe'
    return type === '' && !isJoin(stanza)
  }

  function takePresence(
    stream: InboundStream,
    envelope: Envelope,
    stanza: XmlElement,
    at: number,
    taken: () => void,
  ): void {
    const said = options.presence.coarse ? coarsen(stanza) : stanza
    const coarsened = said === stanza ? [] : ['presence-detail']
    for (const name of coarsened) counted.stripped(name)
    const later = () => cross(stream, envelope, said, performance.now(), undefined, () => {}, coarsened)
    if (pace.take(envelope, said, options.now(), later) === 'now')
      cross(stream, envelope, said, at, undefined, taken, coarsened)
    // The next one of the same user says all that one which is lost would have said.
    else taken()
  }

  /** Whether an IQ goes on to the guard, and the request that it answers. */
  function takeIq(
    stream: InboundStream,
    envelope: Envelope,
    stanza: XmlElement,
  ): Readonly<{ crosses: boolean; answers?: AskedOfUs }> {
    const { type, from, to, id } = envelope
    if (type === 'get' || type === 'set') {
      const ofServer = to.text === to.domain && asksServer(envelope, stanza)
      if (far.get(to.domain) === 'rooms' && !ofServer) return { crosses: true }
      if (to.local !== '' && isForUser(envelope, stanza)) return { crosses: true }
      answer(
        envelope,
        to.text === to.domain
          ? answerForServer(envelope, stanza, farSide, stream.from, Math.floor(options.now() / 1000))
          : answerForUser(envelope, stanza),
      )
      return { crosses: false }
    }
    if (type !== 'result' && type !== 'error') return { crosses: true }
    // Requests are noted by their canonical addresses.
    const answers = askedOfUs.take(to.text, from.text, id ?? '')
    if (answers !== undefined) return { crosses: true, answers }
    refused('iq-unasked', about(envelope), stream.from, stanza)
    return { crosses: false }
  }

  function cross(
    stream: InboundStream,
    envelope: Envelope,
    received: XmlElement,
    at: number,
    answers: StanzaNumber | undefined,
    taken: () => void,
    coarsened: readonly string[] = [],
  ): void {
    const spoken = options.formats?.fromPeer(received, envelope.from, Math.floor(options.now() / 1000))
    if (typeof spoken === 'string') {
      const told = isAnswered(envelope, ownRooms.has(envelope.from.domain), received)
      refused(spoken, about(envelope), stream.from, received, told, coarsened)
      if (told) tell(envelope, POLICY, taken)
      else taken()
      return
    }
    const { stanza, changed } = spoken ?? { stanza: received, changed: [] }
    const { lang } = stream
    const number = spool.next()
    const naming = identifiers.naming(number, envelope, answers)
    let corrects = false
    const normal = prepare(stanza, lang, number, {
      ...naming,
      earlier(id) {
        corrects = true
        return naming.earlier(id)
      },
    })
    for (const name of [...changed, ...normal.stripped]) counted.stripped(name)
    const stripped = [...coarsened, ...changed, ...normal.stripped]
    if (normal.outcome === 'nothing') {
      refused('left-empty', about(envelope), stream.from, stanza, false, stripped)
      taken()
      return
    }
    const told = isAnswered(envelope, ownRooms.has(envelope.from.domain), stanza)
    if (normal.outcome === 'refused') {
      refused(normal.reason, about(envelope), stream.from, stanza, told, stripped)
      if (told) tell(envelope, POLICY, taken)
      else taken()
      return
    }
    const { from, to } = envelope
    const denial = options.uncleared?.(normal.root, normal.label, { from, to, by: stream.from })
    if (denial !== undefined) {
      refused(denial.reason, about(envelope), stream.from, stanza, told, stripped)
      if (told) tell(envelope, errorOf(denial), taken)
      else taken()
      return
    }
    see({ direction: 'out', point: 'normalised', stanza: normal.octets, taken: stripped })
    see({ direction: 'out', point: 'decided', stanza: normal.octets, verdict: 'accepted' })
    const crossing = {
      peer: stream.from,
      envelope,
      tell: told,
      octets: Buffer.from(normal.octets, 'utf8'),
      number: numbered ? number : undefined,
      stripped,
      // What it corrects may wait without a number.
      source: corrects ? { stanza: serialise(stanza), lang } : undefined,
    }
    spool.push(crossing, at, taken)
  }

  /** The id under which a request's answer will come in; undefined of a stanza that asks for none. */
  function answerTo({ kind, type, id }: Envelope, number: StanzaNumber): string | undefined {
    if (kind !== 'iq' || (type !== 'get' && type !== 'set')) return undefined
    return numbered ? formatReference({ own: false, number }) : (id ?? '')
  }

  /** Notes a request that crosses, so that its answer may cross too. */
  function note({ crossing, ticket, at }: OutgoingEntry, answer: string): EdgeReason | undefined {
    const { envelope } = crossing
    switch (asked.add(envelope.from.text, envelope.to.text, answer, { envelope, ticket }, at)) {
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
    peer: string,
    stanza: XmlElement | Uint8Array,
    told = false,
    stripped: readonly string[] = [],
  ): void {
    counted.refused(reason)
    see({ direction: 'out', point: 'decided', stanza, verdict: reason })
    record({ type: 'refused', ...whose, peer, reason, told, stripped }, () =>
      stanza instanceof Uint8Array ? stanza : serialise(stanza),
    )
  }

  /** One that waited does not cross after all. */
  function refusedLate(
    { crossing }: OutgoingEntry,
    reason: Reason | EdgeReason,
    error: EdgeError | undefined,
    done: () => void,
  ): void {
    const { peer, envelope, octets, stripped } = crossing
    refused(reason, about(envelope), peer, octets, error !== undefined, stripped)
    if (error === undefined) done()
    else tell(envelope, error, done)
  }

  function answer(envelope: Envelope, { query, stanza }: Answer): void {
    counted.answered(query)
    see({ direction: 'out', point: 'decided', stanza, verdict: `answered here: ${query}` })
    options.reply(back(envelope), stanza)
  }

  function tell(envelope: Envelope, error: EdgeError, done: () => void): void {
    options.reply(back(envelope), errorFor(envelope, error), done)
  }

  return {
    take,
    takeSpoilt(stream, stanza, reason, taken) {
      see({ direction: 'out', point: 'in', stanza })
      // It had both, or one that is no address for its length: the stream is not to suffer for it.
      const named = attribute(stanza, 'from') !== undefined && attribute(stanza, 'to') !== undefined
      if (!named) {
        refused(reason, aboutUnread(stanza), stream.from, stanza)
        taken()
        return
      }
      const envelope = readEnvelope(stream, stanza, taken)
      if (envelope === undefined) return
      // Nobody knows what it held: a text, perhaps.
      const told = isAnswered(envelope, ownRooms.has(envelope.from.domain), SOMETHING)
      refused(reason, about(envelope), stream.from, stanza, told)
      if (told) tell(envelope, POLICY, taken)
      else taken()
    },
    sendOwn(envelope, text, at, taken) {
      const octets = Buffer.from(text, 'utf8')
      const number = spool.next()
      const reason = decide(octets, number)
      if (reason !== undefined) {
        counted.refused(reason)
        return false
      }
      const crossing = {
        peer: envelope.from.domain,
        envelope,
        tell: false,
        octets,
        stripped: [],
        source: undefined,
      }
      spool.push({ ...crossing, number: numbered ? number : undefined }, at, taken)
      return true
    },
    assign(entry, number, done) {
      const { envelope, tell: tells, stripped } = entry.crossing
      const octets = octetsOf(entry, number)
      if (typeof octets === 'string') {
        refusedLate(entry, octets, tells ? POLICY : undefined, done)
        return undefined
      }
      const answer = answerTo(envelope, number)
      const problem = answer === undefined ? undefined : note(entry, answer)
      if (problem !== undefined) {
        refusedLate(entry, problem, CONSTRAINT, done)
        return undefined
      }
      if (numbered && envelope.kind !== 'iq') identifiers.sent(number, envelope)
      if (stripped.length > 0)
        record({ type: 'stripped', number, ...about(envelope), names: stripped }, () => octets)
      see({ direction: 'out', point: 'sent', stanza: octets, number })
      return { octets, answer }
    },
    known(entry, number) {
      const { envelope } = entry.crossing
      if (entry.answer !== undefined) note(entry, entry.answer)
      else if (numbered && envelope.kind !== 'iq') identifiers.sent(number, envelope)
    },
    onAnswered(accepted, { crossing, answer, arrived, ticket }, number, done) {
      counted.guard(accepted, arrived)
      if (accepted) {
        done()
        return
      }
      const { envelope } = crossing
      record({ type: 'guard-refused', number, about: about(envelope) })
      if (answer !== undefined && asked.take(envelope.from.text, envelope.to.text, answer) !== undefined)
        spool.replied(ticket)
      if (crossing.tell) tell(envelope, POLICY, done)
      else done()
    },
    onGivenUp(entry, why, done) {
      refusedLate(entry, why, entry.crossing.tell ? TIMEOUT : undefined, done)
    },
    flush: () => pace.release(Number.POSITIVE_INFINITY),
    expire() {
      pace.release(options.now())
      for (const { envelope, ticket } of asked.expire(options.now())) {
        record({ type: 'unanswered', ...about(envelope) })
        tell(envelope, TIMEOUT, () => spool.replied(ticket))
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

/** The ends of an answer. */
function back({ from, to }: Envelope): Readonly<{ from: Jid; to: Jid }> {
  return { from: to, to: from }
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
