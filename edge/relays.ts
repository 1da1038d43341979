/**
 * Both relays with their spools: what own servers sent, to the outgoing guard; what the incoming guard released, to own servers.
 */
import type { Producer, StanzaNumber } from '../guard/gcxp/index.ts'
import { type Jid, parseJid } from '../rules/address/jid.ts'
import type { Bundle } from '../rules/bundle/bundle.ts'
import type { RunningCmbac } from './cmbac/start.ts'
import type { EdgeConfig } from './config/load.ts'
import type { Controls } from './controls.ts'
import type { RunningFormats } from './formats/start.ts'
import { createIdentifiers } from './identifiers.ts'
import { createIncomingRelay } from './incoming/relay.ts'
import { createIncomingSpool, type IncomingEntry, type IncomingSpool } from './incoming/spool.ts'
import type { Log } from './log.ts'
import type { EdgeMetrics } from './metrics.ts'
import type { Occupancy } from './occupancy.ts'
import type { Delivery } from './outbound/delivery.ts'
import type { Links } from './outbound/links.ts'
import { createOutgoingRelay, type OutgoingRelay } from './outgoing/relay.ts'
import { createOutgoingSpool, type OutgoingSpool } from './outgoing/spool.ts'
import { type Asked, type AskedOfUs, createPendingTable } from './pending.ts'
import type { Records } from './record/records.ts'
import { createExpiry } from './spool/expiry.ts'
import { spoolFolders, takeState } from './state.ts'
import type { InboundStream } from './stream/ends.ts'
import type { Tap } from './tap/tap.ts'

export type Relays = Readonly<{
  take: OutgoingRelay['take']
  takeSpoilt: OutgoingRelay['takeSpoilt']
  /** A frame of the incoming guard; `answer` is called in the order of the frames. */
  takeFrame(number: StanzaNumber, payload: Uint8Array | undefined, answer: (accepted: boolean) => void): void
  /** For the producer's events. */
  outgoing: Pick<OutgoingSpool, 'onAnswer' | 'onConnected' | 'onProducerRoom'>
  /** Why nothing more is to be read of a stream; undefined: it is. */
  whyHeld(stream: Pick<InboundStream, 'from'>): string | undefined
  /** Whether nothing more is to be taken from the incoming guard. */
  isFull(): boolean
  /** What keeps stanzas from being taken, a line each. */
  troubles(): string[]
  isOutgoingFull(): boolean
  queues(): Readonly<Record<'outgoing' | 'unanswered' | 'incoming' | 'iq_asked' | 'iq_asked_of_us', number>>
  /** The stanzas of both spools, and what is on its way to own servers. */
  generation: number
  spools: Readonly<{ outgoing: OutgoingSpool; incoming: IncomingSpool }>
  /** Gives up what waits for an own server and matches; gives what it gave up. */
  dropIncoming(match: (entry: IncomingEntry) => boolean): IncomingEntry[]
  /** What has not been written to its server. */
  waitingIncoming(): Set<IncomingEntry>
  /** To be called once, when producer and links are there: goes on with what the last run left. */
  begin(): void
  /** To be called every second or so. */
  tick(): void
  /** Settles when all is written. */
  /** Nothing more is read: what waits for its time goes into the spool. */
  flush(): void
  close(): Promise<void>
}>

export type RelaysOptions = Readonly<{
  config: EdgeConfig
  log: Log
  metrics: EdgeMetrics
  links: Links
  controls: Controls
  cmbac: Pick<RunningCmbac, 'outgoing' | 'incoming' | 'permits' | 'defaultLabelOf'>
  formats: Omit<RunningFormats, 'reload'>
  occupancy: Occupancy
  records: Pick<Records, 'record'>
  tap: Pick<Tap, 'see'>
  producer: () => Producer
  /** A stanza was given to the guard. */
  onSent(): void
  /** What is held, or full, may have changed. */
  onFlow(): void
}>

/** Requests that may wait for an answer, in each direction. */
const PENDING_REQUESTS = 10_000
/** Frames of each way whose ids are kept. */
const KNOWN_FRAMES = 100_000
/** How long a message may wait for a server that is away when all behind it is held up. */
const HELD_UP_MS = 300_000

/** Throws one line when the state folder cannot be had, or what is in it is not sound. */
export function createRelays(options: RelaysOptions): Relays {
  const { config, log, metrics, links, controls, cmbac, formats, occupancy, onFlow } = options
  const { record } = options.records
  const { see } = options.tap
  const { out, in: into, limits } = config
  const generation = takeState(config.state, (line) => log.warn({}, line))
  const folders = spoolFolders(config.state)
  const room = { stanzas: limits.queueStanzas, octets: config.spool.octets }
  const expiry = createExpiry(config.spool, limits.iqSeconds)
  const asked = createPendingTable<Asked>(PENDING_REQUESTS, limits.iqSeconds * 1000)
  const askedOfUs = createPendingTable<AskedOfUs>(PENDING_REQUESTS, limits.iqSeconds * 1000)
  const identifiers = createIdentifiers(roomsOf(out.bundle), KNOWN_FRAMES)
  const latency = (step: string, at: number) =>
    metrics.latency.observe({ step }, (performance.now() - at) / 1000)

  const troubles = new Map<string, string>()
  const onTrouble = (which: string) => (problem: string | undefined) => {
    if (problem === undefined) {
      troubles.delete(which)
      log.info({ spool: which }, 'the spool can be written again')
    } else {
      troubles.set(which, problem)
      log.error({ spool: which }, problem)
    }
    onFlow()
  }

  const said = () => [...troubles].map(([which, problem]) => `${which} spool: ${problem}`)

  /** What is with the links of the incoming spool: what is sent again is another object with the same end. */
  const delivering = new Map<Delivery['settled'], IncomingEntry>()
  const own = new Set(into.bundle.to.domains.map(({ name }) => name))
  const far = new Set(into.bundle.from.domains.map(({ name }) => name))

  function deliver(entry: IncomingEntry, again: boolean): void {
    const from = domainOf(entry.from)
    const to = domainOf(entry.to)
    // The bundle was another one when it was taken.
    if (!far.has(from) || !own.has(to)) {
      incoming.givenUp(entry, 'dropped')
      return
    }
    const delivery: Delivery = {
      stanza: entry.stanza,
      at: entry.arrived,
      repeated: again,
      settled(outcome) {
        delivering.delete(delivery.settled)
        if (outcome === 'expired') return incoming.givenUp(entry, 'expired')
        if (!again) latency('delivered', entry.arrived)
        see({ direction: 'in', point: 'sent', stanza: delivery.stanza })
        incomingSpool.settled(entry)
      },
    }
    delivering.set(delivery.settled, entry)
    if (!links.deliver(from, controls.carrier(to), delivery)) onFlow()
  }

  function reply({ from, to }: Readonly<{ from: Jid; to: Jid }>, stanza: string, kept?: () => void): void {
    if (kept !== undefined && links.isOverfull(from.domain, controls.carrier(to.domain))) {
      // Who does not read what he asks for does not fill memory and disk with it.
      metrics.errors.inc()
      kept()
      return
    }
    if (kept !== undefined) {
      const kind = stanza.startsWith('<iq') ? 'iq' : stanza.startsWith('<presence') ? 'presence' : 'message'
      incomingSpool.keep({ kind, from: from.text, to: to.text, stanza, asks: false }, kept)
      return
    }
    // To a server the answer to a ping says that all before it was taken (XEP-0199 §4.3).
    outgoingSpool.mark(() => incomingSpool.mark(() => answer(from.domain, to.domain, stanza)))
  }

  function answer(from: string, to: string, stanza: string): void {
    const settled = (outcome: 'sent' | 'expired') => {
      if (outcome === 'sent') see({ direction: 'in', point: 'sent', stanza })
    }
    if (links.answer(from, controls.carrier(to), { stanza, at: performance.now(), settled })) return
    metrics.errors.inc()
    onFlow()
  }

  const incomingSpool = createIncomingSpool({
    folder: folders.incoming,
    room,
    deliver,
    onChange: onFlow,
    onTrouble: onTrouble('incoming'),
    now: Date.now,
  })
  const outgoingSpool: OutgoingSpool = createOutgoingSpool({
    folder: folders.outgoing,
    generation,
    room,
    expiry,
    producer: options.producer,
    assign: (entry, number, done) => outgoing.assign(entry, number, done),
    onAnswered: (accepted, entry, number, done) => outgoing.onAnswered(accepted, entry, number, done),
    onGivenUp: (entry, why, done) => outgoing.onGivenUp(entry, why, done),
    onSent(arrived) {
      options.onSent()
      latency('sent', arrived)
    },
    onChange: onFlow,
    onTrouble: onTrouble('outgoing'),
    now: Date.now,
  })
  const outgoing = createOutgoingRelay({
    bundle: out.bundle,
    asked,
    askedOfUs,
    identifiers,
    uncleared: cmbac.outgoing,
    formats,
    controls,
    denied: (problem) => log.warn({}, problem),
    occupancy,
    unasked: config.unasked,
    presence: config.presence,
    permits: (row, ends) =>
      controls.ruleFor(ends.from.domain)?.kinds.has('message') === true && cmbac.permits(row, ends),
    roomDefaults: cmbac.defaultLabelOf,
    spool: outgoingSpool,
    reply,
    repliedToThem: incomingSpool.replied,
    now: Date.now,
    record,
    see,
    counted: {
      stripped: (name) => metrics.stripped.inc({ name }),
      refused: (reason) => metrics.refused.inc({ reason }),
      answered: (query) => metrics.answered.inc({ query }),
      guard(accepted, arrived) {
        latency('answered', arrived)
        if (!accepted) metrics.guardRefusals.inc()
      },
    },
  })
  const incoming = createIncomingRelay({
    bundle: into.bundle,
    asked,
    askedOfUs,
    identifiers,
    uncleared: (stanza, ends, number) =>
      cmbac.incoming(stanza, { ...ends, via: controls.carrier(ends.to.domain) }, number),
    formatted: (stanza, to, number) => formats.toPeer(stanza, to, number, Math.floor(Date.now() / 1000)),
    controls,
    occupancy,
    spool: incomingSpool,
    replied: outgoingSpool.replied,
    bounce: (envelope, octets, done) => outgoing.sendOwn(envelope, octets, performance.now(), done),
    now: Date.now,
    record,
    see,
    counted(outcome) {
      metrics.incoming.inc({ outcome })
      if (outcome === 'delivered') metrics.stanzas.inc({ direction: 'in' })
    },
    alarm: (problem) => log.error({}, problem),
  })

  function giveUp(match: (entry: IncomingEntry) => boolean, why: 'expired' | 'dropped'): IncomingEntry[] {
    const gone = links.giveUp(({ settled }) => {
      const entry = delivering.get(settled)
      return entry !== undefined && match(entry)
    })
    return gone.map(({ settled }) => {
      const entry = delivering.get(settled)!
      delivering.delete(settled)
      incoming.givenUp(entry, why)
      return entry
    })
  }

  return {
    take: outgoing.take,
    takeSpoilt: outgoing.takeSpoilt,
    takeFrame: incoming.take,
    outgoing: outgoingSpool,
    whyHeld: ({ from }) =>
      said()[0] ?? (outgoingSpool.isFull(from) ? 'its share of the outgoing spool is full' : undefined),
    isFull: () => links.isFull() || incomingSpool.isFull(),
    troubles: said,
    isOutgoingFull: outgoingSpool.isAnyFull,
    queues: () => ({
      outgoing: outgoingSpool.waiting(),
      unanswered: outgoingSpool.unanswered(),
      incoming: incomingSpool.size(),
      iq_asked: asked.size(),
      iq_asked_of_us: askedOfUs.size(),
    }),
    generation,
    spools: { outgoing: outgoingSpool, incoming: incomingSpool },
    dropIncoming: (match) => giveUp(match, 'dropped'),
    waitingIncoming() {
      const waiting = links.waiting().map(({ settled }) => delivering.get(settled))
      return new Set(waiting.filter((entry) => entry !== undefined))
    },
    begin() {
      outgoingSpool.begin(outgoing.known)
      incomingSpool.begin(incoming.known)
    },
    tick() {
      outgoing.expire()
      incoming.expire()
      outgoingSpool.tick()
      incomingSpool.tick()
      const now = Date.now()
      const longest = links.isFull() || incomingSpool.isFull() ? HELD_UP_MS : Number.POSITIVE_INFINITY
      giveUp(({ kind, at }) => now - at >= Math.min(expiry(kind), longest), 'expired')
    },
    flush: outgoing.flush,
    async close() {
      await Promise.all([outgoingSpool.close(), incomingSpool.close()])
    },
  }
}

/** The domain of an address that has been checked. */
function domainOf(address: string): string {
  return parseJid(address)?.domain ?? ''
}

/** Domains of rooms on both sides. */
function roomsOf({ from, to }: Bundle): Set<string> {
  const rooms = [...from.domains, ...to.domains].filter(({ kind }) => kind === 'rooms')
  return new Set(rooms.map(({ name }) => name))
}
