/**
 * edge: the relay of one side. It ends the s2s streams of its own side's servers, plays the far side's domains to them,
 * and stands between them and the two guards.
 *
 * Reads    edge.yaml and the files it names: certificates, keys, CAs, CRLs, the bundles of both directions (by digest)
 * Listens  s2s (own servers; STARTTLS, and direct TLS where configured), GCXP (the incoming guard), metrics; the control
 *          socket in the state folder
 * Connects GCXP to the outgoing guard; s2s to own servers, at configured routes or by DNS; LDAP to a directory of clearances
 * Writes   one number in its state folder; diagnostics on stderr, never content
 * Trusts   own servers as far as their certificates go: each for its own domain's stanzas, labels included; the guards
 *          by name; nothing that is in a stanza
 * Rights   its ports, its files; no child processes, no root
 * Fails    a broken stream ends alone; a guard that is away fills a bounded queue, then reading stops; any exception ends
 *          the process
 * Reports  JSON lines on stderr; counters by closed sets; reasons of rules/reasons.ts and outgoing/relay.ts
 * Follows  RFC 6120 (streams, STARTTLS, SASL EXTERNAL, errors), RFC 7622 (addresses), XEP-0030, XEP-0092, XEP-0178,
 *          XEP-0198 (without resumption), XEP-0199, XEP-0288, XEP-0368 (direct TLS); no dialback (XEP-0220)
 *
 *   own servers ── s2s ──▶ inbound ─▶ outgoing (normalise, decide, spool) ── GCXP ──▶ outgoing guard
 *   own servers ◀── s2s ── outbound ◀─ incoming (parse, check)           ◀── GCXP ── incoming guard
 */
import { join } from 'node:path'
import {
  type Consumer,
  type ConsumerConnection,
  connectProducer,
  daysLeft,
  listenConsumer,
  type Producer,
  type StanzaNumber,
} from '../guard/gcxp/index.ts'
import type { Bundle } from '../rules/bundle/bundle.ts'
import { REASONS } from '../rules/reasons.ts'
import { frameReader, startCmbac } from './cmbac/start.ts'
import type { EdgeConfig } from './config/load.ts'
import { type Command, type ControlServer, listenControl } from './control/server.ts'
import { sessionCommands } from './control/sessions.ts'
import { createControls, createRates } from './controls.ts'
import { createExpiryWatch, type Expiring } from './expiry.ts'
import { createFormats, type Formats } from './formats/index.ts'
import { createHealth } from './health.ts'
import { createIdentifiers } from './identifiers.ts'
import { type Listener, listenForStreams } from './inbound/listener.ts'
import { createStanding } from './inbound/standing.ts'
import type { InboundSite } from './inbound/stream.ts'
import { createIncomingRelay, OUTCOMES } from './incoming/relay.ts'
import type { Log } from './log.ts'
import { createMetrics, type MetricsPage, type Readings, serveMetrics } from './metrics.ts'
import { stripNames } from './normalise/strip.ts'
import { createOccupancy } from './occupancy.ts'
import { createBarriers } from './outbound/barriers.ts'
import type { Delivery } from './outbound/delivery.ts'
import { createLinks } from './outbound/links.ts'
import { type Asked, createOutgoingRelay, EDGE_REASONS, type Note } from './outgoing/relay.ts'
import { createSpool } from './outgoing/spool.ts'
import { createPendingTable } from './pending.ts'
import { openRecords } from './record/records.ts'
import { createSessionRecorder } from './record/sessions.ts'
import {
  createReload,
  linkSettings,
  type Reload,
  type ReloadOptions,
  streamSettings,
  wireLimits,
} from './reload.ts'
import { raiseGeneration } from './state.ts'
import type { InboundStream, StanzaEvents } from './stream/ends.ts'
import { createTap } from './tap/tap.ts'
import { streamTls } from './tls-ext/index.ts'

export type Edge = Readonly<{
  s2sPort: number
  /** Of direct TLS, where it is listened for. */
  s2sDirectPort: number | undefined
  gcxpPort: number
  metricsPort: number
  /** Settles when the edge can no longer do its work, with one line. */
  failed: Promise<string>
  /** Goes by the configuration as it is now, as far as it can; streams that stay allowed stay. */
  reload: Reload['reload']
  /** Ends streams and connections. */
  stop(): void
}>

/** Requests that may wait for an answer, in each direction. */
const PENDING_REQUESTS = 10_000
/** Frames of each way whose ids are kept. */
const KNOWN_FRAMES = 100_000
const EXPIRE_MS = 300_000
const TICK_MS = 500
const CALENDAR_MS = 60_000

/** Starts an edge; `read` gives its configuration anew. Rejects with one line when a port or the state folder cannot be had. */
export async function startEdge(config: EdgeConfig, log: Log, read?: ReloadOptions['read']): Promise<Edge> {
  const commands = new Map<string, Command>()
  const control = await listenControl(config.state, commands, log)
  try {
    return await startParts(config, log, read, commands, control)
  } catch (error) {
    control.close()
    throw error
  }
}

/** All of it but the control socket, which holds the state folder; each part adds its commands. */
async function startParts(
  config: EdgeConfig,
  log: Log,
  read: ReloadOptions['read'],
  commands: Map<string, Command>,
  control: ControlServer,
): Promise<Edge> {
  const { out, in: into, limits, s2s } = config
  const since = new Date().toISOString()
  commands.set('about', {
    takes: {},
    run: (_, asker) => void asker.item({ name: config.name, side: config.side, pid: process.pid, since }),
  })
  const digests = { out: out.digest, in: into.digest }
  const records = openRecords(config.records, { name: config.name, side: config.side, ...digests }, log, () =>
    flow(),
  )
  const recorder = createSessionRecorder(records.record, Date.now)
  const tap = createTap(records.record, Date.now)
  commands.set('tap', tap.command)
  const generation = raiseGeneration(config.state)
  const tls = streamTls(s2s)
  const wire = wireLimits(config)
  const asked = createPendingTable<Asked>(PENDING_REQUESTS, limits.iqSeconds * 1000)
  const askedOfUs = createPendingTable<StanzaNumber>(PENDING_REQUESTS, limits.iqSeconds * 1000)
  const identifiers = createIdentifiers(roomsOf(out.bundle), KNOWN_FRAMES)
  const controls = createControls(config.controls)
  const rates = createRates(() => flow())
  const occupancy = createOccupancy(join(config.state, 'occupants'))
  const site: InboundSite = {
    own: new Set(out.bundle.from.domains.map(({ name }) => name)),
    far: new Set(out.bundle.to.domains.map(({ name }) => name)),
    admit: controls.admit,
    tls,
    limits: wire,
    ...streamSettings(config),
  }

  let failedWith: (why: string) => void = () => {}
  const failed = new Promise<string>((resolve) => {
    failedWith = resolve
  })
  /** Connections of the incoming guard: a new one is up before the one that it replaces has ended. */
  let consumerUp = 0
  let listener: Listener | undefined
  let producer: Producer | undefined
  let consumer: Consumer | undefined
  let page: MetricsPage | undefined

  let expiring = whatExpires(config)
  const checkExpiry = createExpiryWatch(log)
  const health = createHealth({
    troubles: () => [records.problem() ?? []].flat(),
    awaited: `${into.listen.host}:${into.listen.port}`,
    isOpen: () => listener !== undefined,
    isFull: () => spool.isFull(),
    expiring: () => expiring,
  })
  const readings: Readings = {
    streams: () => [
      { direction: 'inbound', state: 'open', count: listener?.open() ?? 0 },
      { direction: 'inbound', state: 'negotiating', count: listener?.negotiating() ?? 0 },
      ...links.states().map(([state, count]) => ({ direction: 'outbound' as const, state, count })),
    ],
    queues: () => ({
      outgoing: spool.waiting(),
      unanswered: spool.unanswered(),
      delivery: links.size(),
      iq_asked: asked.size(),
      iq_asked_of_us: askedOfUs.size(),
      clearance: cmbac.waiting(),
    }),
    certificates: () =>
      expiring.map(({ kind, name, until }) => ({
        certificate: kind === 'certificate' ? name : `${kind} ${name}`,
        days: daysLeft(until, Date.now()),
      })),
    missing: () => health.missing(Date.now()),
    notes: () => health.notes(Date.now()),
  }
  const metrics = createMetrics(
    { name: config.name, side: config.side, bundle_out: out.digest, bundle_in: into.digest },
    readings,
  )
  for (const reason of [...REASONS, ...EDGE_REASONS]) metrics.refused.inc({ reason }, 0)
  for (const name of stripNames(out.bundle)) metrics.stripped.inc({ name }, 0)
  for (const outcome of OUTCOMES) metrics.incoming.inc({ outcome }, 0)
  const latency = (step: string, at: number) =>
    metrics.latency.observe({ step }, (performance.now() - at) / 1000)

  const toServer = (stanza: string): Delivery => {
    const at = performance.now()
    return {
      stanza,
      at,
      settled(outcome) {
        if (outcome === 'expired') return incoming.expired(stanza)
        latency('delivered', at)
        tap.see({ direction: 'in', point: 'sent', stanza })
      },
    }
  }

  // From own servers.
  const barriers = createBarriers()
  const came = ({ from, session }: InboundStream) => {
    session.passed(1)
    metrics.stanzas.inc({ direction: 'out' })
    const control = controls.ruleFor(from)
    if (control !== undefined) rates.took(from, control, performance.now())
  }
  const taking: StanzaEvents = {
    onStanza(stream, stanza, octets, taken) {
      if (barriers.take(stream.proven, stanza)) return taken()
      came(stream)
      const at = performance.now()
      const go = () => {
        outgoing.take(stream, stanza, octets, at)
        taken()
      }
      if (!cmbac.take(stream, octets, () => stanza, go)) flow()
    },
    onSpoilt(stream, stanza, reason, taken) {
      came(stream)
      const go = () => {
        outgoing.takeSpoilt(stream, stanza, reason)
        taken()
      }
      // In its turn; there is nothing in it to be looked at.
      if (!cmbac.take(stream, 0, () => undefined, go)) flow()
    },
  }
  const standing = createStanding(
    (stream) =>
      records.problem() !== undefined ||
      spool.isFull() ||
      rates.isHeld(stream.from) ||
      cmbac.isFull(stream) ||
      links.isStuckTowards(stream.proven),
  )

  // Towards own servers.
  const links = createLinks({
    own: out.bundle.from.domains.map(({ name }) => name),
    far: out.bundle.to.domains.map(({ name }) => name),
    ...linkSettings(config),
    tls,
    limits: wire,
    admit: controls.admit,
    barriers,
    isHeldFrom: (own) => standing.isHeldFrom(own),
    back: {
      ...taking,
      onOpen(stream) {
        standing.add(stream)
        log.info({ from: stream.from, to: stream.to }, 's2s stream goes both ways')
      },
      onEnd: (stream) => standing.remove(stream),
    },
    bound: limits.queueStanzas,
    expireMs: EXPIRE_MS,
    onRoom: () => flow(),
    onState(from, to, state, why, session) {
      // What is read of a server may depend on whether it is there.
      flow()
      recorder.outbound(from, to, state, why, session)
      if (state !== 'connecting') health.server(from, to, state !== 'idle' && why !== '' ? why : undefined)
      if (state === 'open' && why === '') log.info({ from, to }, 's2s stream opened')
      else if (state === 'open')
        log.warn({ from, to, why }, 's2s stream opened with a server of second choice')
      else if (state === 'waiting') log.warn({ from, to, why }, 's2s stream not there, trying again')
      else if (state === 'barred')
        log.warn({ from, to, why }, 's2s stream not opened, stanzas are answered by error')
      else if (state === 'idle' && why !== '') log.info({ from, to, why }, 's2s stream closed')
      if (why !== '' && (state === 'waiting' || state === 'idle'))
        metrics.streamErrors.inc({ direction: 'outbound', open: String(state === 'idle') })
    },
  })

  const onRoom = () => flow()
  const cmbac = startCmbac(config.cmbac, { out: out.bundle, into: into.bundle, log, health, onRoom })
  const readFrame = frameReader(into.bundle)

  const sessions = sessionCommands({
    listener: () => listener,
    links,
    guards() {
      const { out: upper, in: lower } = recorder.guards()
      return {
        out: { peer: out.peer, ...upper, waiting: spool.waiting() + spool.unanswered() },
        in: { peer: into.peer, ...lower, held: mustHold() },
      }
    },
    ended: (session, own, far) => records.record({ type: 'ended', session, own, far }),
  })
  for (const [name, command] of sessions) commands.set(name, command)

  let formats = formatsOf(config, log)

  // Out: own servers to the guard.
  const spool = createSpool<Note>({
    generation,
    bound: limits.queueStanzas,
    producer: () => producer!,
    onSent(at) {
      recorder.guards().out.session?.passed(1)
      latency('sent', at)
    },
    onAnswered(accepted, note, at, number) {
      latency('answered', at)
      if (accepted) return
      metrics.guardRefusals.inc()
      outgoing.refusedByGuard(note, number)
    },
    onRoom: () => flow(),
  })
  const outgoing = createOutgoingRelay({
    bundle: out.bundle,
    asked,
    askedOfUs,
    identifiers,
    uncleared: cmbac.outgoing,
    formats: {
      fromPeer: (stanza, from, second) => formats.fromPeer(stanza, from, second),
      spoken: (domain) => formats.spoken(domain),
    },
    controls,
    denied: (problem) => log.warn({}, problem),
    occupancy,
    unasked: config.unasked,
    presence: config.presence,
    permits: cmbac.permits,
    roomDefaults: cmbac.defaultLabelOf,
    next: spool.next,
    push(octets, at, note) {
      if (!spool.push(octets, at, note)) flow()
    },
    reply(from, to, stanza) {
      if (links.answer(from, controls.carrier(to), toServer(stanza))) return
      metrics.errors.inc()
      flow()
    },
    now: Date.now,
    record: records.record,
    see: tap.see,
    counted: {
      stripped: (name) => metrics.stripped.inc({ name }),
      refused: (reason) => metrics.refused.inc({ reason }),
      answered: (query) => metrics.answered.inc({ query }),
    },
  })

  // In: the guard to own servers.
  let connection: ConsumerConnection | undefined
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
    deliver(from, to, stanza) {
      metrics.stanzas.inc({ direction: 'in' })
      if (!links.deliver(from, controls.carrier(to), toServer(stanza))) flow()
    },
    bounce: (stanza) => outgoing.sendOwn(stanza, performance.now()),
    now: Date.now,
    record: records.record,
    see: tap.see,
    counted: (outcome) => metrics.incoming.inc({ outcome }),
    alarm: (problem) => log.error({}, problem),
  })

  /** Whether nothing more may be taken of the incoming guard. */
  const mustHold = () => links.isFull() || cmbac.isFull(incoming) || records.problem() !== undefined

  /** Back-pressure: what is full decides who is read. */
  function flow(): void {
    standing.flow()
    if (mustHold()) connection?.pause()
    else connection?.resume()
  }

  /** Opens the ports, and the connection to the outgoing guard. */
  async function open(): Promise<Pick<Edge, 's2sPort' | 's2sDirectPort' | 'gcxpPort' | 'metricsPort'>> {
    listener = await listenForStreams({
      listen: s2s.listen,
      listenDirect: s2s.listenDirect,
      site,
      standing,
      ...taking,
      onCarrier: (stream, carrier) => links.adopt(stream.to, stream.from, carrier),
      onOpen(stream) {
        recorder.inboundOpened(stream)
        log.info({ from: stream.from, to: stream.to }, 's2s stream accepted')
      },
      onEnd(stream, why, address) {
        recorder.inboundEnded(stream, why, address)
        metrics.streamErrors.inc({ direction: 'inbound', open: String(stream !== undefined) })
        if (stream === undefined) log.warn({ why, address }, 's2s connection did not become a stream')
        else log.info({ from: stream.from, to: stream.to, why }, 's2s stream ended')
      },
    })

    producer = connectProducer({
      host: out.guard.host,
      port: out.guard.port,
      peer: out.peer,
      credentials: out.credentials,
      onAnswer: spool.onAnswer,
      onRoom: spool.onProducerRoom,
      onState(state) {
        recorder.guardOut(state)
        health.guard('outgoing guard', state.state === 'connected' ? undefined : state.problem)
        if (state.state === 'connected') return log.info({ peer: out.peer }, 'outgoing guard connected')
        metrics.guardBreaks.inc({ direction: 'out' })
        if (!state.again) log.warn({}, state.problem)
      },
    })

    const gcxpPort = await new Promise<number>((resolve, reject) => {
      consumer = listenConsumer({
        host: into.listen.host,
        port: into.listen.port,
        peer: into.peer,
        credentials: into.credentials,
        payloadOctets: 8 * into.bundle.limits.stanzaBytes + 65_536,
        onConnect(next) {
          connection = next
          flow()
        },
        onRequest(number, payload, from) {
          recorder.guards().in.session?.passed(1)
          const go = () => from.answer(number, incoming.take(number, payload))
          if (!cmbac.take(incoming, payload?.length ?? 0, () => readFrame(payload), go)) flow()
        },
        onState(state) {
          recorder.guardIn(state)
          if (state.state === 'listening') resolve(state.port)
          else if (state.state === 'connected') {
            consumerUp++
            health.guard('incoming guard', undefined)
            log.info({ peer: into.peer }, 'incoming guard connected')
          } else {
            if (state.state === 'disconnected') consumerUp--
            if (consumerUp === 0) health.guard('incoming guard', state.problem)
            metrics.guardBreaks.inc({ direction: 'in' })
            log.warn({}, state.problem)
          }
        },
        onFailure(problem) {
          reject(new Error(problem))
          failedWith(problem)
        },
      })
    })
    page = await serveMetrics(config.metrics, metrics, readings)
    const { port: s2sPort, directPort: s2sDirectPort } = listener
    return { s2sPort, s2sDirectPort, gcxpPort, metricsPort: page.port }
  }

  const clock = setInterval(() => {
    outgoing.expire()
    incoming.expire()
    occupancy.expire(Date.now())
  }, TICK_MS)
  /** What ran out or was taken back since the last time: the operator hears of it, and no stream outlives it. */
  function checkTrust(): void {
    checkExpiry(expiring, Date.now())
    listener?.recheck()
    links.recheck()
  }
  checkTrust()
  const calendar = setInterval(checkTrust, CALENDAR_MS)

  const reloading = createReload({
    ...{ config, read, site, links, controls, log, record: records.record },
    listener: () => listener,
    producer: () => producer,
    consumer: () => consumer,
    onChange(next) {
      cmbac.reload(next.cmbac)
      formats = formatsOf(next, log)
      expiring = whatExpires(next)
      checkTrust()
    },
  })
  for (const [name, command] of reloading.commands) commands.set(name, command)

  function stop(): void {
    clearInterval(clock)
    rates.close()
    clearInterval(calendar)
    listener?.close()
    links.close()
    producer?.close()
    consumer?.close()
    page?.close()
    cmbac.close()
    control.close()
    records.close()
  }

  try {
    return { ...(await open()), failed, reload: reloading.reload, stop }
  } catch (error) {
    stop()
    throw error
  }
}

/** The certificates by their first domain, then what the peers are believed by. */
function whatExpires({ s2s, out, in: into }: EdgeConfig): Expiring[] {
  const own = [
    ...s2s.certificates.map(({ domains, notAfter }) => ({ name: domains[0]!, until: notAfter })),
    { name: 'gcxp-out', until: out.credentials.notAfter },
    { name: 'gcxp-in', until: into.credentials.notAfter },
  ]
  return [...own.map((one) => ({ kind: 'certificate' as const, ...one })), ...s2s.expiring]
}

/** By the configuration; the operator is told what some server cannot be sent. */
function formatsOf({ labels, cmbac, out, in: into }: EdgeConfig, log: Log): Formats {
  const options = { formats: labels, policies: cmbac?.policies ?? [], out: out.bundle, into: into.bundle }
  const formats = createFormats(options)
  for (const problem of formats.unheld) log.warn({}, problem)
  return formats
}

/** Domains of rooms on both sides. */
function roomsOf({ from, to }: Bundle): Set<string> {
  const rooms = [...from.domains, ...to.domains].filter(({ kind }) => kind === 'rooms')
  return new Set(rooms.map(({ name }) => name))
}
