/**
 * A whole crossing for tests: two edges and two guards as the product's own processes, a throwaway PKI, two compiled bundles.
 *
 * Guards and edges talk on 127.0.0.1 of the host that `run` starts them on; where the edges meet their servers is the caller's.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { type Ca, issue, makeCa, writeCredentials } from '../pki/pki.ts'

const SALLYPORT = fileURLToPath(new URL('../../cli/sallyport.ts', import.meta.url))

/** One side: its name as the rulesets have it, its domains, and where its edge and its servers meet. */
export type CrossingSide = Readonly<{
  name: string
  domains: readonly string[]
  /** `HOST:PORT` on which the edge waits for the side's servers. */
  listen: string
  /** Where the side's servers are. */
  servers: Readonly<{ host: string; port: number }>
  /** What else stands under `s2s` of its edge. */
  s2s?: object
  /** What else stands in its edge's configuration. */
  edge?: object
}>

export type CrossingOptions = Readonly<{
  folder: string
  near: CrossingSide
  far: CrossingSide
  /** Ruleset directories: near to far, and far to near. */
  rulesets: Readonly<{ out: string; back: string }>
  /** First of eight ports of 127.0.0.1 that the crossing may use. */
  ports: number
  /** More of both edges' configurations, where a test needs other values than the defaults. */
  edges?: Readonly<Record<string, object>>
  /** The command of guards and edges, where it is not the source. */
  cli?: string
  /** What comes before `node` on the command line, to run on another host. */
  prefix?: readonly string[]
}>

export type CrossingProcess = Readonly<{
  part: 'edge' | 'guard'
  name: string
  process: ChildProcess
  log: string
  metrics: string
}>

/** What a side's servers show and trust. */
export type SidePki = Readonly<{ certificate: string; key: string; ca: string; authority: Ca }>

export type Crossing = Readonly<{
  processes: readonly CrossingProcess[]
  journals: Readonly<{ out: string; back: string }>
  bundles: Readonly<{ out: Bundle; back: Bundle }>
  pki: Readonly<{ near: SidePki; far: SidePki }>
  /** Ends one of the processes by SIGKILL and starts it again; resolves when it is ready. */
  killAndStart(name: string): Promise<void>
  close(): Promise<void>
}>

/** Starts it and waits until both edges and both guards say that they are ready; throws with the end of a log otherwise. */
export async function startCrossing(options: CrossingOptions): Promise<Crossing> {
  const { folder, near, far, prefix = [] } = options
  const file = (name: string) => join(folder, name)
  mkdirSync(folder, { recursive: true })
  const at = (offset: number) => `127.0.0.1:${options.ports + offset}`

  const bundles = {
    out: compile(options.rulesets.out, file('out.json')),
    back: compile(options.rulesets.back, file('back.json')),
  }
  const guards = await makeCa('guards')
  writeFileSync(file('guards.crt'), guards.certificate)
  const gcxp = async (name: string) => ({
    ...writeCredentials(folder, name, await issue(guards, { dns: [`${name}.gcxp.example`] })),
    ca: file('guards.crt'),
    peerName: `${name}.gcxp.example`,
  })
  const tls = {
    near: await gcxp('edge-near'),
    far: await gcxp('edge-far'),
    out: await gcxp('guard-out'),
    back: await gcxp('guard-back'),
  }
  const without = ({ certificate, key, ca }: typeof tls.near) => ({ certificate, key, ca })
  const pki = { near: await sidePki(folder, 'near', near), far: await sidePki(folder, 'far', far) }

  const processes: CrossingProcess[] = []
  const start = (part: 'edge' | 'guard', name: string, metrics: string, configuration: object) => {
    writeFileSync(file(`${name}.yaml`), JSON.stringify(configuration, null, 2))
    processes.push(launch(part, name, metrics))
  }
  const launch = (part: 'edge' | 'guard', name: string, metrics: string): CrossingProcess => {
    const log = file(`${name}.log`)
    const out = openSync(log, 'a')
    const command = [
      ...prefix,
      process.execPath,
      options.cli ?? SALLYPORT,
      part,
      'run',
      '--config',
      file(`${name}.yaml`),
    ]
    const { NODE_OPTIONS: _, ...env } = process.env
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', out, out], env })
    closeSync(out)
    return { part, name, process: child, log, metrics }
  }

  const guard = (way: 'out' | 'back', from: 'near' | 'far', to: 'near' | 'far', base: number) => {
    mkdirSync(file(`journal-${way}`))
    writeFileSync(file(`digest-${way}.key`), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
    start('guard', `guard-${way}`, `http://${at(base + 1)}`, {
      name: `guard-${way}`,
      bundle: { file: file(`${way}.json`), digest: bundles[way].digest },
      intake: { listen: at(base), peer: tls[from].peerName, ...without(tls[way]) },
      release: { connect: at(to === 'far' ? 6 : 4), peer: tls[to].peerName, ...without(tls[way]) },
      journal: { directory: file(`journal-${way}`), key: file(`digest-${way}.key`) },
      metrics: { listen: at(base + 1) },
    })
  }
  const edge = async (which: 'near' | 'far', side: CrossingSide, other: CrossingSide) => {
    const [way, reverse] = which === 'near' ? (['out', 'back'] as const) : (['back', 'out'] as const)
    const shown = writeCredentials(
      folder,
      `edge-${which}-s2s`,
      await issue(pki[which].authority, { dns: [...other.domains] }),
    )
    mkdirSync(file(`state-${which}`), { mode: 0o700 })
    start('edge', `edge-${which}`, `http://${at(which === 'near' ? 5 : 7)}`, {
      name: `edge-${which}`,
      side: side.name,
      state: file(`state-${which}`),
      s2s: {
        listen: side.listen,
        ca: [pki[which].ca],
        certificates: [{ domains: other.domains, ...shown }],
        routes: side.domains.map((domain) => ({ domain, ...side.servers })),
        ...side.s2s,
      },
      gcxp: {
        out: {
          host: '127.0.0.1',
          port: options.ports + (way === 'out' ? 0 : 2),
          peer: tls[way].peerName,
          ...without(tls[which]),
        },
        in: { listen: at(which === 'near' ? 4 : 6), peer: tls[reverse].peerName, ...without(tls[which]) },
      },
      bundles: {
        out: { file: file(`${way}.json`), digest: bundles[way].digest },
        in: { file: file(`${reverse}.json`), digest: bundles[reverse].digest },
      },
      metrics: { listen: at(which === 'near' ? 5 : 7) },
      ...options.edges,
      ...side.edge,
    })
  }

  const close = async () => {
    await Promise.all(
      processes.map(async ({ process: child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGTERM')
        await Promise.race([once(child, 'exit'), new Promise((r) => setTimeout(r, 5_000).unref())])
        child.kill('SIGKILL')
      }),
    )
  }

  try {
    guard('out', 'near', 'far', 0)
    guard('back', 'far', 'near', 2)
    await edge('near', near, far)
    await edge('far', far, near)
    for (const one of processes) await untilReady(one, prefix)
  } catch (error) {
    await close()
    throw error
  }
  return {
    processes,
    journals: { out: file('journal-out'), back: file('journal-back') },
    bundles: { out: bundles.out.bundle, back: bundles.back.bundle },
    pki,
    async killAndStart(name) {
      const place = processes.findIndex((one) => one.name === name)
      const { part, process: child, metrics } = processes[place]!
      child.kill('SIGKILL')
      await once(child, 'exit')
      processes[place] = launch(part, name, metrics)
      await untilReady(processes[place], prefix)
    },
    close,
  }
}

/** Compiles by the product's command; the digest is what it prints. */
function compile(directory: string, to: string): Readonly<{ bundle: Bundle; digest: string }> {
  const args = [SALLYPORT, 'rules', 'compile', directory, '-o', to]
  const digest = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()
  return { bundle: JSON.parse(readFileSync(to, 'utf8')) as Bundle, digest }
}

/** A side's own authority, with the certificate of its servers. */
async function sidePki(folder: string, which: string, side: CrossingSide): Promise<SidePki> {
  const authority = await makeCa(`${side.name} network`)
  const ca = join(folder, `ca-${which}.crt`)
  writeFileSync(ca, authority.certificate)
  const files = writeCredentials(
    folder,
    `server-${which}`,
    await issue(authority, { dns: [...side.domains] }),
  )
  return { ...files, ca, authority }
}

/** The answer of a metrics address, asked on the host of the crossing. */
export function ask(url: string, prefix: readonly string[] = []): Readonly<{ ok: boolean; text: string }> {
  const script = `fetch(${JSON.stringify(url)}).then(async (a) => console.log(JSON.stringify({ ok: a.ok, text: await a.text() })), () => console.log('{"ok":false,"text":"no answer"}'))`
  const command = [...prefix, process.execPath, '-e', script]
  return JSON.parse(execFileSync(command[0]!, command.slice(1), { encoding: 'utf8' })) as ReturnType<
    typeof ask
  >
}

async function untilReady(one: CrossingProcess, prefix: readonly string[]): Promise<void> {
  let last = ''
  for (const end = Date.now() + 60_000; Date.now() < end && one.process.exitCode === null; ) {
    const { ok, text } = ask(`${one.metrics}/healthz`, prefix)
    if (ok) return
    last = text.trim()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const lines = readFileSync(one.log, 'utf8').trim().split('\n').slice(-6).join('\n  ')
  throw new Error(`${one.name} did not get ready (${last}):\n  ${lines}`)
}
