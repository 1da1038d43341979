/**
 * Reload: a running edge goes by its configuration as it is now, as far as that goes without a start.
 *
 * Parts are compared by what they hold, files included, so a renewed certificate under the same name is a change. What is not
 * named here as live waits for the next start, and is said. A configuration that cannot be run changes nothing.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Consumer, Producer } from '../guard/gcxp/index.ts'
import type { EdgeConfig } from './config/load.ts'
import type { Command } from './control/server.ts'
import type { Controls } from './controls.ts'
import type { Listener } from './inbound/listener.ts'
import type { InboundSite } from './inbound/stream.ts'
import type { Log } from './log.ts'
import type { LinkSettings, Links } from './outbound/links.ts'
import { SYSTEM_NAMES } from './outbound/route.ts'
import type { Records } from './record/records.ts'
import type { WireLimits } from './stream/connection.ts'

export type Reloaded = Readonly<{
  /** Why nothing was changed, a line each; else empty. */
  problems: readonly string[]
  /** What is in force now, and what waits for the next start, in words of edge.yaml. */
  changed: readonly string[]
  waiting: readonly string[]
  /** Streams that are not allowed any longer, and were ended. */
  ended: number
}>

/** The parts that are live, by their place in EdgeConfig, with their words. */
const LIVE: ReadonlyMap<string, string> = new Map([
  ['s2s.certificates', 's2s.certificates'],
  ['s2s.trust', 's2s.ca, s2s.crls or s2s.peers'],
  ['s2s.inboundOnly', 's2s.peers inbound'],
  ['s2s.manners', 's2s.peers acknowledge or bidirectional'],
  ['s2s.routes', 's2s.routes'],
  ['s2s.dns', 's2s.dns'],
  ['s2s.expiring', 'files of CAs and CRLs'],
  ['out.credentials', 'gcxp.out certificate, key or ca'],
  ['in.credentials', 'gcxp.in certificate, key or ca'],
  ['controls', 'controls'],
  ['cmbac', 'cmbac'],
  ['labels', 'labels'],
  ['limits.handshakeSeconds', 'limits.handshakeSeconds'],
  ['limits.stanzaSeconds', 'limits.stanzaSeconds'],
  ['limits.acknowledgeSeconds', 'limits.acknowledgeSeconds'],
  ['limits.idleSeconds', 'limits.idleSeconds'],
  ['limits.failBackSeconds', 'limits.failBackSeconds'],
])

/** Words for places that edge.yaml calls otherwise. A bundle is what its digest says. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['out.guard', 'gcxp.out host or port'],
  ['out.peer', 'gcxp.out peer'],
  ['out.digest', 'bundles.out'],
  ['in.listen', 'gcxp.in listen'],
  ['in.peer', 'gcxp.in peer'],
  ['metrics.host', 'metrics.listen'],
  ['metrics.port', 'metrics.listen'],
  ['in.digest', 'bundles.in'],
])
/** Parts that are compared, and taken, as a whole. */
const WHOLE: ReadonlySet<string> = new Set(['cmbac'])
const UNSEEN: ReadonlySet<string> = new Set(['out.bundle', 'in.bundle', 'shown'])

type Parts = Readonly<Record<string, unknown>>

/** What differs, in words, apart for what is live and what is not. */
function compareConfigs(running: EdgeConfig, next: EdgeConfig): Pick<Reloaded, 'changed' | 'waiting'> {
  const differing = places(running, next)
  return {
    changed: differing.flatMap((place) => LIVE.get(place) ?? []),
    waiting: [
      ...new Set(differing.filter((place) => !LIVE.has(place)).map((place) => WORDS.get(place) ?? place)),
    ],
  }
}

/** `running` with the live parts of `next`. */
function withLiveParts(running: EdgeConfig, next: EdgeConfig): EdgeConfig {
  const mixed: Record<string, unknown> = { ...running }
  for (const place of LIVE.keys()) {
    const [part, name] = place.split('.') as [string, string | undefined]
    const from = (next as Parts)[part]
    mixed[part] = name === undefined ? from : { ...(mixed[part] as Parts), [name]: (from as Parts)[name] }
  }
  return mixed as EdgeConfig
}

/** Places, such as `metrics` or `s2s.routes`, at which two configurations differ. */
function places(one: EdgeConfig, other: EdgeConfig): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((part) => {
    const [a, b] = [(one as Parts)[part], (other as Parts)[part]]
    if (!isPlain(a) || !isPlain(b) || WHOLE.has(part))
      return UNSEEN.has(part) || isDeepStrictEqual(a, b) ? [] : [part]
    return [...new Set([...Object.keys(a), ...Object.keys(b)])]
      .filter((name) => !UNSEEN.has(`${part}.${name}`) && !isDeepStrictEqual(a[name], b[name]))
      .map((name) => `${part}.${name}`)
  })
}

function isPlain(value: unknown): value is Parts {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** What the links go by. */
export function linkSettings({ s2s, limits }: EdgeConfig): LinkSettings {
  return {
    routes: s2s.routes,
    names: s2s.dns ? SYSTEM_NAMES : undefined,
    inboundOnly: s2s.inboundOnly,
    failBackMs: limits.failBackSeconds * 1000,
    ...streamSettings({ s2s, limits }),
  }
}

/** How large and deep what comes on a stream may be. An own server may send more than may cross: that is the canonical stanza. */
export function wireLimits({ out, limits }: Pick<EdgeConfig, 'out' | 'limits'>): WireLimits {
  return { stanzaBytes: out.bundle.limits.stanzaBytes, depth: 64, hardBytes: limits.hardOctets }
}

/** What each stream is given. */
export function streamSettings({ s2s, limits }: Pick<EdgeConfig, 's2s' | 'limits'>): StreamSettings {
  return {
    manners: s2s.manners,
    handshakeMs: limits.handshakeSeconds * 1000,
    stanzaMs: limits.stanzaSeconds * 1000,
    clocks: { idleMs: limits.idleSeconds * 1000, acknowledgeMs: limits.acknowledgeSeconds * 1000 },
  }
}

type StreamSettings = Pick<InboundSite, 'manners' | 'handshakeMs' | 'stanzaMs' | 'clocks'>

export type ReloadOptions = Readonly<{
  config: EdgeConfig
  /** Reads the configuration anew; undefined where nobody can say from where. */
  read: (() => EdgeConfig | Readonly<{ problems: readonly string[] }>) | undefined
  /** What accepted streams go by; the settings in it are changed in place. */
  site: InboundSite
  links: Links
  controls: Controls
  listener(): Listener | undefined
  producer(): Producer | undefined
  consumer(): Consumer | undefined
  record: Records['record']
  log: Log
  /** Another configuration is in force: whoever is not allowed by it is to be ended. */
  onChange(config: EdgeConfig): void
}>

export type Reload = Readonly<{
  /** Reloads, on behalf of `by`; records and logs what came of it. */
  reload(by: 'SIGHUP' | 'control'): Reloaded
  /** The commands `reload` and `config`. */
  commands: readonly [string, Command][]
}>

export function createReload(options: ReloadOptions): Reload {
  const { site, links, log } = options
  let running = options.config
  /** As it was read last, and could be run. */
  let last = running

  function attempt(): Reloaded {
    const refused = (problems: readonly string[]): Reloaded => ({
      problems,
      changed: [],
      waiting: [],
      ended: 0,
    })
    const next = options.read?.()
    if (next === undefined) return refused(['this edge does not know its file: start it anew'])
    if ('problems' in next) return refused(next.problems)
    const { changed, waiting } = compareConfigs(running, next)
    if (domainsOf(next) !== domainsOf(running))
      return refused([
        'the bundles name other domains than those in use, by which all else was checked: start the edge anew',
      ])
    try {
      site.tls.reload(next.s2s)
    } catch (error) {
      return refused([(error as Error).message])
    }
    running = withLiveParts(running, next)
    last = next
    links.set(linkSettings(running))
    Object.assign(site, streamSettings(running))
    options.controls.set(running.controls)
    options.producer()?.renew(running.out.credentials)
    options.consumer()?.renew(running.in.credentials)
    const before = standing()
    options.onChange(running)
    return { problems: [], changed, waiting, ended: before - standing() }
  }

  function standing(): number {
    const outbound = links.all().filter(({ link }) => link.sight().session !== undefined)
    return outbound.length + (options.listener()?.open() ?? 0)
  }

  /** What was read last, and before it what waits, with what is in force of that. */
  function shown(): string {
    const { waiting } = compareConfigs(running, last)
    if (waiting.length === 0) return last.shown
    return `# Read last; of it these wait for the next start: ${waiting.join('; ')}.\n${last.shown}---\n# Of the start, where those come from.\n${options.config.shown}`
  }

  function reload(by: 'SIGHUP' | 'control'): Reloaded {
    const result = attempt()
    const { problems, changed, waiting, ended } = result
    for (const problem of problems) log.error({}, `reload refused, the edge goes on as it is: ${problem}`)
    if (problems.length === 0) log.info({ changed, waiting, ended }, 'configuration was loaded anew')
    if (waiting.length > 0) log.warn({ waiting }, 'some of the new configuration waits for the next start')
    options.record({ type: 'reload', by, refused: problems.length > 0, changed, waiting, ended })
    return result
  }

  return {
    reload,
    commands: [
      ['reload', { takes: {}, run: (_, asker) => void asker.item(reload('control')) }],
      ['config', { takes: {}, run: (_, asker) => void asker.item({ text: shown() }) }],
    ],
  }
}

function domainsOf({ out }: EdgeConfig): string {
  const { from, to } = out.bundle
  return JSON.stringify(
    [from, to].map(({ domains }) => domains.map(({ name, kind }) => `${name} ${kind}`).sort()),
  )
}
