/**
 * One direction for tests: a guard of real processes between a producer and a consumer that the test holds in its hands.
 *
 * Everything is in a temporary directory and on free loopback ports.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type ConsumerConnection,
  type Credentials,
  connectProducer,
  formatNumber,
  listenConsumer,
  type Producer,
  readCredentials,
  type StanzaNumber,
} from '../../guard/gcxp/index.ts'
import { makeGate } from '../../guard/launcher/gate.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { type CertificateOptions, issue, makeCa } from '../pki/pki.ts'
import { launchedStages } from '../support/launched.ts'
import { testBundle } from './bundle.ts'

const ROOT = join(import.meta.dirname, '..', '..')

export type Site = Readonly<{
  directory: string
  config: string
  digest: string
  port: Readonly<{ intake: number; release: number; metrics: number }>
  journal: string
  /** The directory of the gate file. */
  gate: string
  /** Credentials of the producer and of the consumer, and of others to try. */
  credentials(name: string): Credentials
  /** Puts another certificate of the same CA, and its key, into the files of that name. */
  renew(name: string, options: CertificateOptions): Promise<void>
  remove(): void
}>

/** Free loopback ports, each different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/** Certificates, bundle, keys and guard.yaml. `more` are certificates for other ends. */
export async function makeSite(
  options: {
    jit?: boolean
    limits?: Partial<Bundle['limits']>
    more?: Readonly<Record<string, CertificateOptions>>
    /** Lines of the configuration, such as `responses: false`. */
    intake?: string
    release?: string
  } = {},
): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  const [intake, release, metrics] = (await freePorts(3)) as [number, number, number]
  const ca = await makeCa('Test CA')
  const ends: Record<string, CertificateOptions> = {
    guard: { dns: ['guard.example'] },
    high: { dns: ['edge.high.example'] },
    low: { dns: ['edge.low.example'] },
    ...options.more,
  }
  writeFileSync(join(directory, 'ca.pem'), ca.certificate)
  const renew = async (name: string, certificate: CertificateOptions) => {
    const issued = await issue(ca, certificate)
    writeFileSync(join(directory, `${name}.pem`), issued.certificate)
    writeFileSync(join(directory, `${name}.key`), issued.key, { mode: 0o600 })
  }
  for (const [name, certificate] of Object.entries(ends)) await renew(name, certificate)
  const octets = bundleOctets(testBundle(options.limits))
  const digest = bundleDigest(octets)
  writeFileSync(join(directory, 'bundle.json'), octets)
  writeFileSync(join(directory, 'digest.key'), `${'0f'.repeat(32)}\n`, { mode: 0o600 })
  const journal = join(directory, 'journal')
  mkdirSync(journal)
  const gate = join(directory, 'gate-high-to-low')
  makeGate(gate)
  const config = join(directory, 'guard.yaml')
  writeFileSync(
    config,
    `name: high-to-low
bundle: { file: bundle.json, digest: ${digest} }
intake:
  listen: 127.0.0.1:${intake}
  peer: edge.high.example
  certificate: guard.pem
  key: guard.key
  ca: ca.pem${options.intake === undefined ? '' : `\n  ${options.intake}`}
release:
  connect: 127.0.0.1:${release}
  peer: edge.low.example
  certificate: guard.pem
  key: guard.key
  ca: ca.pem${options.release === undefined ? '' : `\n  ${options.release}`}
journal: { directory: journal, key: digest.key }
metrics: { listen: '127.0.0.1:${metrics}' }
jit: ${options.jit ?? true}
`,
  )
  return {
    directory,
    config,
    digest,
    port: { intake, release, metrics },
    journal,
    gate,
    credentials(name) {
      const path = (kind: string) => join(directory, `${name}.${kind}`)
      // A certificate that has expired is what some tests need: read as of a moment when none has.
      const files = { certificate: path('pem'), key: path('key'), ca: join(directory, 'ca.pem') }
      const moment = options.more?.[name]?.period === 'expired' ? Date.now() - 10 * 86_400_000 : Date.now()
      const read = readCredentials(files, moment)
      if ('problem' in read) throw new Error(read.problem)
      return read
    },
    renew,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** A started `sallyport guard run`. */
export type RunningGuard = Readonly<{
  process: ChildProcess
  /** All that it and its stages have said on stderr. */
  said(): string
  /** Process ids of the stages that the launcher last started. */
  pids(): Record<string, number>
  ready(): Promise<void>
  stop(): Promise<number | null>
}>

const THROUGH = join(ROOT, 'test', 'faults', 'fixtures', 'through.ts')

/**
 * @param cli the command, as source or compiled; @param through a command that stages are started through, with what Node is
 * given as its arguments.
 */
export function runGuard(
  site: Site,
  cli = join(ROOT, 'cli', 'sallyport.ts'),
  through?: string,
): RunningGuard {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const env = through === undefined ? inherited : { ...inherited, STAGES_THROUGH: through }
  const preloaded = through === undefined ? [] : ['--import', THROUGH]
  const stray = openSync(site.config, 'r+')
  const child = spawn(
    process.execPath,
    [...preloaded, cli, 'guard', 'run', '--config', site.config],
    // A descriptor that the stages must not inherit.
    { env, stdio: ['ignore', 'ignore', 'pipe', ...new Array(27).fill('ignore'), stray] },
  )
  closeSync(stray)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const exited = once(child, 'exit')
  return {
    process: child,
    said: () => said,
    pids: () => launchedStages(said),
    ready: () =>
      until(
        () => health(site).then((answer) => answer.status === 200),
        20_000,
        () => said,
      ),
    async stop() {
      child.kill('SIGTERM')
      const [code] = await exited
      return code as number | null
    },
  }
}

/** What `GET /healthz` answers; status 0 when nobody does. */
export async function health(site: Site): Promise<{ status: number; text: string }> {
  return get(site, '/healthz')
}

export async function get(site: Site, path: string): Promise<{ status: number; text: string }> {
  try {
    const answer = await fetch(`http://127.0.0.1:${site.port.metrics}${path}`)
    return { status: answer.status, text: await answer.text() }
  } catch {
    return { status: 0, text: '' }
  }
}

/** The value of one line of `GET /metrics`, such as `sallyport_guard_ready{guard="high-to-low"}`. */
export async function metric(site: Site, name: string): Promise<number | undefined> {
  const { text } = await get(site, '/metrics')
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

/** Waits until `condition` holds; throws after `ms` with what `explain` says. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  ms = 10_000,
  explain: () => string = () => '',
): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end)
      throw new Error(`waited ${ms} ms in vain: ${condition}\n${explain().slice(-6000)}`)
    await delay(10)
  }
}

/** The far side: takes what the guard releases and confirms it. */
export type Receiver = Readonly<{
  /** Numbers in the order in which they came; one that came again stands again. */
  order: string[]
  /** The first payload under each number. */
  payloads: Map<string, string>
  /** Numbers that came again with another payload. */
  changed: string[]
  close(): void
}>

export function receive(
  site: Site,
  onRequest?: (number: StanzaNumber, connection: ConsumerConnection) => void,
  responses = true,
): Receiver {
  const order: string[] = []
  const payloads = new Map<string, string>()
  const changed: string[] = []
  const consumer = listenConsumer({
    host: '127.0.0.1',
    port: site.port.release,
    peer: 'guard.example',
    credentials: site.credentials('low'),
    payloadOctets: 1_000_000,
    responses,
    onRequest(number, payload, connection) {
      const told = formatNumber(number)
      const text = Buffer.from(payload ?? '').toString('utf8')
      order.push(told)
      const first = payloads.get(told)
      if (first === undefined) payloads.set(told, text)
      else if (first !== text) changed.push(told)
      if (onRequest === undefined) connection.answer(number, true)
      else onRequest(number, connection)
    },
    onFailure(problem) {
      throw new Error(problem)
    },
  })
  return { order, payloads, changed, close: consumer.close }
}

/** The near side: a producer that numbers from 0.1 on and remembers what was answered. */
export type Sender = Readonly<{
  producer: Producer
  /** Sends the stanza under the next number, which is returned; waits for room. */
  send(stanza: string | Uint8Array): Promise<string>
  answers: Map<string, boolean>
  states: string[]
}>

export function sendTo(site: Site, name = 'high', from = 1): Sender {
  const answers = new Map<string, boolean>()
  const states: string[] = []
  let room: (() => void) | undefined
  let count = from
  let full = false
  const producer = connectProducer({
    host: '127.0.0.1',
    port: site.port.intake,
    peer: 'guard.example',
    credentials: site.credentials(name),
    onAnswer: (number, accepted) => answers.set(formatNumber(number), accepted),
    onRoom() {
      full = false
      room?.()
    },
    onState: (state) => states.push(state.state === 'connected' ? 'connected' : state.problem),
  })
  return {
    producer,
    answers,
    states,
    async send(stanza) {
      while (full) {
        await new Promise<void>((resolve) => {
          room = resolve
        })
      }
      const number = { generation: 0, count: count++ }
      full = !producer.send(number, Buffer.from(stanza as string))
      return formatNumber(number)
    },
  }
}
