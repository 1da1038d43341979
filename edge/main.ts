/**
 * edge: the relay of one side. It ends the s2s streams of its own side's servers, plays the far side's domains to them,
 * and stands between them and the two guards.
 *
 * Reads    edge.yaml and the files it names: certificates, keys, CAs, CRLs, the bundles of both directions (by digest)
 * Listens  s2s (own servers; STARTTLS, and direct TLS where configured), GCXP (the incoming guard), metrics; the control
 *          socket in the state folder
 * Connects GCXP to the outgoing guard; s2s to own servers, at configured routes or by DNS; LDAP to a directory of clearances
 * Writes   both spools and the generation of its numbers in its state folder; diagnostics on stderr, never content
 * Trusts   own servers as far as their certificates go: each for its own domain's stanzas, labels included; the guards
 *          by name; nothing that is in a stanza
 * Rights   its ports, its files; no child processes, no root
 * Fails    a broken stream ends alone; a guard that is away fills a bounded queue, then reading stops; any exception ends
 *          the process
 * Reports  JSON lines on stderr; counters by closed sets; reasons of rules/reasons.ts and outgoing/relay.ts; its records
 *          (record/), without which it does not work; to the operator at the control socket
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
} from '../guard/gcxp/index.ts'
import { REASONS } from '../rules/reasons.ts'
import { frameReader, startCmbac } from './cmbac/start.ts'
import type { EdgeConfig } from './config/load.ts'
import { type Command, type ControlServer, listenControl } from './control/server.ts'
import { sessionCommands } from './control/sessions.ts'
import { createControls, createRates } from './controls.ts'
import { createExpiryWatch, type Expiring } from './expiry.ts'
import { startFormats } from './formats/start.ts'
import { createHealth } from './health.ts'
import { type Listener, listenForStreams } from './inbound/listener.ts'
import { createStanding } from './inbound/standing.ts'
import type { InboundSite } from './inbound/stream.ts'
import { createTaking } from './inbound/taking.ts'
import { OUTCOMES } from './incoming/relay.ts'
import type { Log } from './log.ts'
import { createMetrics, type MetricsPage, type Readings, serveMetrics } from './metrics.ts'
import { stripNames } from './normalise/strip.ts'
import { createOccupancy } from './occupancy.ts'
import { createBarriers } from './outbound/barriers.ts'
import { createLinks } from './outbound/links.ts'
import { EDGE_REASONS } from './outgoing/relay.ts'
import { openRecords } from './record/records.ts'
import { createSessionRecorder } from './record/sessions.ts'
import { createRelays } from './relays.ts'
import {
  createReload,
  linkSettings,
  type Reload,
  type ReloadOptions,
  streamSettings,
  wireLimits,
} from './reload.ts'
import { queueCommands } from './spool/commands.ts'
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
  /** Ends streams and connections; settles when all is written and the state folder is free. */
  stop(): Promise<void>
}>

const TICK_MS = 500
/** So long an edge that stops waits for servers to say what they have, lest they are sent it again. */
const DRAIN_MS = 2_000
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
  const tls = streamTls(s2s)
  const wire = wireLimits(config)
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
    troubles: () => [records.problem() ?? [], relays.troubles()].flat(),
    awaited: `${into.listen.host}:${into.listen.port}`,
    isOpen: () => listener !== undefined,
    isFull: () => relays.isOutgoingFull(),
    expiring: () => expiring,
  })
  const readings: Readings = {
    streams: () => [
      { direction: 'inbound', state: 'open', count: listener?.open() ?? 0 },
      { direction: 'inbound', state: 'negotiating', count: listener?.negotiating() ?? 0 },
      ...links.states().map(([state, count]) => ({ direction: 'outbound' as const, state, count })),
    ],
    queues: () => ({
      ...relays.queues(),
      delivery: links.size(),
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
  // From own servers.
  const barriers = createBarriers()
  const taking = createTaking({
    barriers,
    controls,
    rates,
    clearances: () => cmbac,
    relay: () => relays,
    counted: () => metrics.stanzas.inc({ direction: 'out' }),
    onFull: () => flow(),
  })
  const standing = createStanding((stream) => {
    const { from, proven } = stream
    if (rates.isHeld(from)) return `${controls.ruleFor(from)?.name}: it sends faster than its rate`
    if (cmbac.isFull(stream)) return 'what it sent waits for clearances of the directory'
    if (links.isStuckTowards(proven))
      return 'it, or a server that it speaks for, does not take what is sent to it'
    return records.problem() ?? relays.whyHeld(stream)
  })

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
    expireMs: config.spool.messageSeconds * 1000,
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
        out: { peer: out.peer, ...upper, waiting: relays.queues().outgoing + relays.queues().unanswered },
        in: { peer: into.peer, ...lower, held: mustHold() },
      }
    },
    ended: (session, own, far) => records.record({ type: 'ended', session, own, far }),
  })
  for (const [name, command] of sessions) commands.set(name, command)

  const formats = startFormats(config, log)
  const relays = createRelays({
    ...{ config, log, metrics, links, controls, cmbac, formats, occupancy, records, tap },
    producer: () => producer!,
    onSent: () => recorder.guards().out.session?.passed(1),
    onFlow: () => flow(),
  })
  for (const [name, command] of queueCommands({ relays, retry: links.retry, log }))
    commands.set(name, command)

  let connection: ConsumerConnection | undefined

  /** Whether nothing more may be taken of the incoming guard. */
  const mustHold = () => relays.isFull() || cmbac.isFull(relays) || records.problem() !== undefined

  /** Back-pressure: what is full decides who is read. */
  function flow(): void {
    standing.flow()
    if (mustHold()) connection?.pause()
    else connection?.resume()
  }

  /** Opens the ports, and the connection to the outgoing guard. */
  async function open(): Promise<Pick<Edge, 's2sPort' | 's2sDirectPort' | 'gcxpPort' | 'metricsPort'>> {
    relays.begin()
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
      onAnswer: relays.outgoing.onAnswer,
      onRoom: relays.outgoing.onProducerRoom,
      onState(state) {
        recorder.guardOut(state)
        relays.outgoing.onConnected(state.state === 'connected')
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
          const go = () => relays.takeFrame(number, payload, (accepted) => from.answer(number, accepted))
          if (!cmbac.take(relays, payload?.length ?? 0, () => readFrame(payload), go)) flow()
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
    relays.tick()
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
      formats.reload(next)
      expiring = whatExpires(next)
      checkTrust()
    },
  })
  for (const [name, command] of reloading.commands) commands.set(name, command)

  async function stop(): Promise<void> {
    connection?.pause()
    await links.drain(DRAIN_MS)
    clearInterval(clock)
    rates.close()
    clearInterval(calendar)
    listener?.close()
    relays.flush()
    links.close()
    producer?.close()
    consumer?.close()
    page?.close()
    cmbac.close()
    records.close()
    await relays.close()
    control.close()
  }

  try {
    return { ...(await open()), failed, reload: reloading.reload, stop }
  } catch (error) {
    await stop()
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
