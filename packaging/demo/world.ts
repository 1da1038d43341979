/**
 * A whole crossing in a temporary folder: a throwaway PKI, two bundles, two guards, two edges, and an XMPP domain on each side.
 *
 *   acme.example ─s2s─ edge-acme ─GCXP─▶ guard acme-to-coalition ─GCXP─▶ edge-coalition ─s2s─ coalition.example
 *                               ◀─GCXP─ guard coalition-to-acme ◀─GCXP─
 *
 * Guards and edges are the product's own, started by its command line as in operation. All listen on 127.0.0.1 only.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type DomainOptions, type PeerDomain, startDomain } from '../../test/peer/domain.ts'
import { issue, makeCa, writeCredentials } from '../../test/pki/pki.ts'
import type { Direction } from './conversation.ts'
import { type Program, startProgram } from './process.ts'

const SALLYPORT = fileURLToPath(new URL('../../cli/sallyport.ts', import.meta.url))

export type Side = 'acme' | 'coalition'

/** The file names of a TLS identity with the authority that its peers' certificates come from. */
type TlsFiles = Readonly<{ certificate: string; key: string; ca: string }>

/** A guard's direction: where its records are and how its producer reaches it. */
export type Guard = Readonly<{
  program: Program
  configuration: string
  journal: string
  metrics: string
  intake: Readonly<{ port: number; peer: string }>
}>

export type Edge = Readonly<{
  program: Program
  configuration: string
  metrics: string
  s2sPort: number
  /** What it shows the guards. */
  gcxp: TlsFiles
}>

export type World = Readonly<{
  folder: string
  bundles: Readonly<Record<Direction, Readonly<{ file: string; digest: string }>>>
  guards: Readonly<Record<Direction, Guard>>
  edges: Record<Side, Edge>
  domains: Readonly<Record<Side, PeerDomain>>
  /** Stops the edge of a side; starts it again, as one whose place another had taken. */
  stopEdge(side: Side): Promise<void>
  startEdge(side: Side): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}>

export type WorldOptions = Readonly<{
  folder: string
  /** Directories of the two rulesets. */
  rulesets: Readonly<Record<Direction, string>>
  /** Takes the stanzas that arrive at a side instead of keeping them. */
  onOctets?: DomainOptions['onOctets']
  /** False: guards without code generation. */
  jit?: boolean
  /** Ends all that has been started, and what is to be, when it is aborted. */
  signal?: AbortSignal
  /** The command line to run; the compiled one for guards and edges without JIT. */
  command?: readonly string[]
}>

const SIDES: readonly Side[] = ['acme', 'coalition']
const DIRECTIONS: readonly Direction[] = ['acme-to-coalition', 'coalition-to-acme']
const READY_MS = 15_000

const other = (side: Side): Side => (side === 'acme' ? 'coalition' : 'acme')
const out = (side: Side): Direction => (side === 'acme' ? 'acme-to-coalition' : 'coalition-to-acme')
const domainsOf = (side: Side) => [`${side}.example`, `rooms.${side}.example`]

/** Builds and starts it. Throws an Error that names the log to read when something does not start, or the signal's reason. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { folder, signal } = options
  const command = options.command ?? [SALLYPORT]
  for (const name of ['pki', 'bundles', 'logs']) mkdirSync(join(folder, name), { recursive: true })
  const [pki, bundles, ports] = await Promise.all([
    makePki(join(folder, 'pki')),
    compile(options.rulesets, join(folder, 'bundles')),
    freePorts(12),
  ])
  const port = ports.values()
  const take = () => port.next().value!
  const numbers = {
    domain: { acme: take(), coalition: take() },
    s2s: { acme: take(), coalition: take() },
    gcxpIn: { acme: take(), coalition: take() },
    edgeMetrics: { acme: take(), coalition: take() },
    intake: { 'acme-to-coalition': take(), 'coalition-to-acme': take() },
    guardMetrics: { 'acme-to-coalition': take(), 'coalition-to-acme': take() },
  }
  const at = (number: number) => `127.0.0.1:${number}`
  const log = (name: string) => join(folder, 'logs', `${name}.log`)
  const started: Program[] = []
  const domains: PeerDomain[] = []
  const start = (name: string, configuration: string, part: 'edge' | 'guard') => {
    signal?.throwIfAborted()
    const program = startProgram(name, [...command, part, 'run', '--config', configuration], log(name))
    started.push(program)
    return program
  }
  const close = async () => {
    await Promise.all([
      ...started.map((program) => program.stop()),
      ...domains.map((domain) => domain.close()),
    ])
  }

  signal?.addEventListener('abort', () => void close())

  const makeGuard = (direction: Direction): Guard => {
    const [from, to] = direction.split('-to-') as [Side, Side]
    const journal = join(folder, `journal-${direction}`)
    const name = `guard-${direction}`
    mkdirSync(journal)
    const key = join(folder, `${name}.digest-key`)
    writeFileSync(key, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
    const configuration = writeYaml(join(folder, `${name}.yaml`), {
      name,
      bundle: bundles[direction],
      intake: {
        listen: at(numbers.intake[direction]),
        peer: `edge.${from}.example`,
        ...pki.guards[direction],
      },
      release: { connect: at(numbers.gcxpIn[to]), peer: `edge.${to}.example`, ...pki.guards[direction] },
      journal: { directory: journal, key },
      metrics: { listen: at(numbers.guardMetrics[direction]) },
      jit: options.jit ?? true,
    })
    return {
      program: start(name, configuration, 'guard'),
      configuration,
      journal,
      metrics: `http://${at(numbers.guardMetrics[direction])}`,
      intake: { port: numbers.intake[direction], peer: `${name}.example` },
    }
  }

  const makeEdge = (side: Side): Edge => {
    const name = `edge-${side}`
    const [outward, inward] = [out(side), out(other(side))]
    const state = join(folder, `state-${name}`)
    mkdirSync(state)
    const configuration = writeYaml(join(folder, `${name}.yaml`), {
      name,
      side,
      state,
      s2s: {
        listen: at(numbers.s2s[side]),
        ca: [pki.edgesS2s[side].ca],
        certificates: [
          {
            domains: domainsOf(other(side)),
            certificate: pki.edgesS2s[side].certificate,
            key: pki.edgesS2s[side].key,
          },
        ],
        routes: domainsOf(side).map((domain) => ({ domain, host: '127.0.0.1', port: numbers.domain[side] })),
      },
      gcxp: {
        out: {
          host: '127.0.0.1',
          port: numbers.intake[outward],
          peer: `guard-${outward}.example`,
          ...pki.edges[side],
        },
        in: { listen: at(numbers.gcxpIn[side]), peer: `guard-${inward}.example`, ...pki.edges[side] },
      },
      bundles: { out: bundles[outward], in: bundles[inward] },
      metrics: { listen: at(numbers.edgeMetrics[side]) },
    })
    return {
      program: start(name, configuration, 'edge'),
      configuration,
      metrics: `http://${at(numbers.edgeMetrics[side])}`,
      s2sPort: numbers.s2s[side],
      gcxp: pki.edges[side],
    }
  }

  try {
    const guards = each(DIRECTIONS, makeGuard)
    const edges = each(SIDES, makeEdge)
    for (const side of SIDES) {
      signal?.throwIfAborted()
      domains.push(
        await startDomain({
          domains: domainsOf(side),
          credentials: pki.domains[side].credentials,
          ca: pki.domains[side].ca,
          route: () => ({ host: '127.0.0.1', port: numbers.s2s[side] }),
          port: numbers.domain[side],
          ...(options.onOctets === undefined ? {} : { onOctets: options.onOctets }),
        }),
      )
    }
    const world: World = {
      folder,
      bundles,
      guards,
      edges,
      domains: { acme: domains[0]!, coalition: domains[1]! },
      close,
      stopEdge: (side) => edges[side].program.stop(),
      async startEdge(side) {
        const { configuration } = edges[side]
        // Another gave out numbers meanwhile.
        const restored = [...command, 'edge', 'restored', '--config', configuration]
        await promisify(execFile)(process.execPath, restored)
        edges[side] = { ...edges[side], program: start(`edge-${side}`, configuration, 'edge') }
        await untilReady(edges[side])
      },
    }
    await Promise.all([...Object.values(guards), ...Object.values(edges)].map(untilReady))
    return world
  } catch (error) {
    await close()
    throw error
  }
}

/** Waits until a guard or an edge says that stanzas can cross. */
export async function untilReady({ program, metrics }: Readonly<{ program: Program; metrics: string }>) {
  const until = performance.now() + READY_MS
  let ended = false
  void program.ended.then(() => {
    ended = true
  })
  let last = 'it does not answer'
  while (performance.now() < until && !ended) {
    try {
      const answer = await fetch(`${metrics}/healthz`)
      if (answer.ok) return
      last = (await answer.text()).trim()
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const lines = readFileSync(program.log, 'utf8').trim().split('\n').slice(-5).join('\n  ')
  throw new Error(
    `${program.name} did not get ready (${ended ? 'it ended' : last}); ${program.log}:\n  ${lines}`,
  )
}

async function makePki(folder: string) {
  const [acme, coalition, guards] = await Promise.all([
    makeCa('ACME network'),
    makeCa('Coalition network'),
    makeCa('Guards'),
  ])
  const cas = { acme, coalition }
  const caFile = (name: string, certificate: string) => {
    const path = join(folder, `${name}.crt`)
    writeFileSync(path, certificate)
    return path
  }
  const ca = {
    acme: caFile('ca-acme', acme.certificate),
    coalition: caFile('ca-coalition', coalition.certificate),
    guards: caFile('ca-guards', guards.certificate),
  }
  const files = async (name: string, issuer: typeof acme, trusted: string, dns: readonly string[]) => {
    return { ...writeCredentials(folder, name, await issue(issuer, { dns })), ca: trusted }
  }
  return {
    // Each side's own authority names the far domains in its edge's certificate; no secret of one side is on the other.
    edgesS2s: await eachAsync(SIDES, (side) =>
      files(`edge-${side}-s2s`, cas[side], ca[side], domainsOf(other(side))),
    ),
    edges: await eachAsync(SIDES, (side) =>
      files(`edge-${side}-gcxp`, guards, ca.guards, [`edge.${side}.example`]),
    ),
    guards: await eachAsync(DIRECTIONS, (direction) =>
      files(`guard-${direction}`, guards, ca.guards, [`guard-${direction}.example`]),
    ),
    domains: await eachAsync(SIDES, async (side) => {
      const credentials = await issue(cas[side], { dns: domainsOf(side) })
      writeCredentials(folder, `domain-${side}`, credentials)
      return { credentials, ca: cas[side].certificate }
    }),
  }
}

/** Compiles both rulesets by the product's command, which prints the digests. */
async function compile(rulesets: WorldOptions['rulesets'], folder: string) {
  return eachAsync(DIRECTIONS, async (direction) => {
    const file = join(folder, `${direction}.json`)
    const args = [SALLYPORT, 'rules', 'compile', rulesets[direction], '-o', file]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    return { file, digest: stdout.trim() }
  })
}

/** Configuration files are YAML, and JSON is YAML. */
function writeYaml(path: string, value: object): string {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
  return path
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function each<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>
}

async function eachAsync<K extends string, V>(
  keys: readonly K[],
  make: (key: K) => Promise<V>,
): Promise<Record<K, V>> {
  const made = await Promise.all(keys.map(async (key) => [key, await make(key)] as const))
  return Object.fromEntries(made) as Record<K, V>
}
