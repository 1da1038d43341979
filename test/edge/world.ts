/**
 * One edge of the side `high` between own servers and guards that the test plays: a PKI, bundles, configuration and ports
 * on the loopback.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EdgeConfig, loadEdgeConfig } from '../../edge/config/load.ts'
import { type Edge, startEdge } from '../../edge/main.ts'
import {
  type Consumer,
  type Credentials,
  connectProducer,
  listenConsumer,
  type Producer,
  readCredentials,
  type StanzaNumber,
} from '../../guard/gcxp/index.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import type { IdentifierKind } from '../../rules/profile/identifiers.ts'
import { type PeerDomain, startDomain } from '../peer/domain.ts'
import { type Ca, issue, makeCa, writeCredentials } from '../pki/pki.ts'
import { testBundle } from './bundles.ts'

export type Frame = Readonly<{ number: StanzaNumber; xml: string; at: number }>

export type World = Readonly<{
  folder: string
  /** The CA of the own side, and the file that an own server's certificate is in. */
  ca: Ca
  /** The one that runs. */
  readonly edge: Edge
  /** Ends it and starts another in the same state folder; `between` is called when none runs. */
  restart(between?: () => unknown): Promise<void>
  config: EdgeConfig
  /** The configuration's file. */
  file: string
  server: PeerDomain
  /** What the outgoing guard was sent; `verdict` decides its answers. */
  guard: {
    frames: Frame[]
    verdict: (frame: Frame) => boolean
    find(match: (xml: string) => boolean, ms?: number): Promise<Frame | undefined>
    stop(): void
    start(): Promise<void>
  }
  /** Releases stanzas to the edge as the incoming guard; the answers come into `answers`. */
  release(xml: string, number?: StanzaNumber): void
  answers: { number: StanzaNumber; accepted: boolean }[]
  log: { level: string; fields: Record<string, unknown>; message: string }[]
  metrics(): Promise<string>
  close(): Promise<void>
}>

export type WorldOptions = Readonly<{
  identifiers?: IdentifierKind
  limits?: Readonly<Record<string, number>>
  /** Writes files into the folder, and gives more keys of edge.yaml. */
  configure?: (folder: string) => object
  /** What else stands under `s2s`; files go into the folder. */
  s2s?: (folder: string, ca: Ca, ports: Readonly<{ server: number }>) => object | Promise<object>
  /** More of edge.yaml, at its top level. */
  more?: object
  /** The own domains that have a route; all. */
  routed?: readonly string[]
  /** Takes each stanza's octets at the own server instead of keeping them. */
  onOctets?: Parameters<typeof startDomain>[0]['onOctets']
  /** Calls the answer to a frame, which is given at once without it. */
  pace?: (answer: () => void) => void
  /** Takes each frame instead of keeping it. */
  onFrame?: (octets: Uint8Array) => void
}>

export const OWN = ['high.example', 'conference.high.example']
const FAR = ['low.example', 'conference.low.example']

/** Text of an edge.yaml in `folder`, which gets all files that it names. */
export async function writeWorld(
  folder: string,
  ports: Readonly<{ server: number; guard: number }>,
  limits: object,
  identifiers: IdentifierKind = 'foreign',
  more: object = {},
  routed: readonly string[] = OWN,
  s2s: WorldOptions['s2s'] = () => ({}),
) {
  const ca = await makeCa('High')
  const gcxp = await makeCa('GCXP')
  writeFileSync(join(folder, 'high-ca.crt'), ca.certificate)
  writeFileSync(join(folder, 'gcxp-ca.crt'), gcxp.certificate)
  writeCredentials(folder, 's2s', await issue(ca, { dns: FAR }))
  writeCredentials(folder, 'edge', await issue(gcxp, { dns: ['edge.high.example'] }))
  writeCredentials(folder, 'guard', await issue(gcxp, { dns: ['guard.high.example'] }))
  const out = bundleOctets(testBundle('high', 'low', identifiers))
  const into = bundleOctets(testBundle('low', 'high', identifiers))
  mkdirSync(join(folder, 'bundles'))
  writeFileSync(join(folder, 'bundles/out.json'), out)
  writeFileSync(join(folder, 'bundles/in.json'), into)
  const tls = { certificate: 'edge.crt', key: 'edge.key', ca: 'gcxp-ca.crt', peer: 'guard.high.example' }
  const yaml = {
    name: 'edge-high',
    side: 'high',
    state: 'state',
    s2s: {
      listen: '127.0.0.1:0',
      ca: ['high-ca.crt'],
      certificates: [{ domains: FAR, certificate: 's2s.crt', key: 's2s.key' }],
      routes: routed.map((domain) => ({ domain, host: '127.0.0.1', port: ports.server })),
      ...(await s2s(folder, ca, ports)),
    },
    gcxp: { out: { host: '127.0.0.1', port: ports.guard, ...tls }, in: { listen: '127.0.0.1:0', ...tls } },
    bundles: {
      out: { file: 'bundles/out.json', digest: bundleDigest(out) },
      in: { file: 'bundles/in.json', digest: bundleDigest(into) },
    },
    metrics: { listen: '127.0.0.1:0' },
    limits,
    ...more,
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'edge.yaml'), JSON.stringify(yaml, undefined, 2))
  return { ca, file: join(folder, 'edge.yaml'), yaml }
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-edge-'))
  // Ports are needed before what listens on them is known: the guard's is taken first and given to both.
  const guardPort = await freePort()
  const serverPort = await freePort()
  const { ca, file } = await writeWorld(
    folder,
    { server: serverPort, guard: guardPort },
    options.limits ?? {},
    options.identifiers,
    { ...options.more, ...options.configure?.(folder) },
    options.routed,
    options.s2s,
  )
  const config = loadEdgeConfig(file, Date.now())
  if ('problems' in config) throw new Error(config.problems.join('\n'))
  const guardFiles = {
    certificate: join(folder, 'guard.crt'),
    key: join(folder, 'guard.key'),
    ca: join(folder, 'gcxp-ca.crt'),
  }
  const credentials = readCredentials(guardFiles, Date.now()) as Credentials

  const frames: Frame[] = []
  const watchers = new Set<(frame: Frame) => void>()
  let consumer: Consumer | undefined
  const guard: World['guard'] = {
    frames,
    verdict: () => true,
    find: (match, ms = 3000) =>
      new Promise((resolve) => {
        const known = frames.find((frame) => match(frame.xml))
        if (known !== undefined) return resolve(known)
        const end = (frame?: Frame) => {
          clearTimeout(timer)
          watchers.delete(watch)
          resolve(frame)
        }
        const watch = (frame: Frame) => {
          if (match(frame.xml)) end(frame)
        }
        const timer = setTimeout(end, ms)
        watchers.add(watch)
      }),
    stop() {
      consumer?.close()
      consumer = undefined
    },
    start: () =>
      new Promise((resolve, reject) => {
        consumer = listenConsumer({
          host: '127.0.0.1',
          port: guardPort,
          peer: 'edge.high.example',
          credentials,
          payloadOctets: 1 << 20,
          onRequest(number, payload, connection) {
            if (options.onFrame !== undefined) {
              options.onFrame(payload!)
              return connection.answer(number, true)
            }
            const frame = { number, xml: Buffer.from(payload!).toString(), at: performance.now() }
            frames.push(frame)
            for (const watch of watchers) watch(frame)
            const answer = () => connection.answer(number, guard.verdict(frame))
            if (options.pace === undefined) answer()
            else options.pace(answer)
          },
          onState: (state) => state.state === 'listening' && resolve(),
          onFailure: (problem) => reject(new Error(problem)),
        })
      }),
  }
  await guard.start()
  const own = await issue(ca, { dns: OWN })
  const log: World['log'] = []
  const say = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void log.push({ level, fields, message })
  const start = () =>
    startEdge(config, { info: say('info'), warn: say('warn'), error: say('error') }, () =>
      loadEdgeConfig(file, Date.now()),
    )
  let edge = await start()
  const server = await startDomain({
    domains: OWN,
    credentials: own,
    ca: ca.certificate,
    route: () => ({ host: '127.0.0.1', port: edge.s2sPort }),
    port: serverPort,
    ...(options.onOctets === undefined ? {} : { onOctets: options.onOctets }),
  })

  const answers: World['answers'] = []
  let count = 0
  let incoming: Producer | undefined
  const release: World['release'] = (xml, number) => {
    incoming ??= connectProducer({
      host: '127.0.0.1',
      port: edge.gcxpPort,
      peer: 'edge.high.example',
      credentials,
      onAnswer: (number, accepted) => void answers.push({ number, accepted }),
    })
    incoming.send(number ?? { generation: 1, count: ++count }, Buffer.from(xml))
  }

  return {
    folder,
    ca,
    get edge() {
      return edge
    },
    async restart(between) {
      incoming?.close()
      incoming = undefined
      await edge.stop()
      await between?.()
      edge = await start()
    },
    config,
    file,
    server,
    guard,
    release,
    answers,
    log,
    metrics: async () => (await fetch(`http://127.0.0.1:${edge.metricsPort}/metrics`)).text(),
    async close() {
      incoming?.close()
      await edge.stop()
      guard.stop()
      await server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Waits until `condition` holds, for at most `ms`. */
export async function until(condition: () => boolean, ms = 3000): Promise<boolean> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return true
}
