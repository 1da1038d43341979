/** What the benchmark measures: each verifier alone, one guard direction, the whole chain, and a relay that guards nothing. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { connectProducer, listenConsumer, nextNumber, readCredentials } from '../../guard/gcxp/index.ts'
import { nodeFlags, stageFile } from '../../guard/launcher/flags.ts'
import type { GuardConfig } from '../../guard/launcher/stages.ts'
import type { Direction } from '../../packaging/demo/conversation.ts'
import { descendants, look, startProgram } from '../../packaging/demo/process.ts'
import { startWorld, untilReady } from '../../packaging/demo/world.ts'
import { createSlicer } from '../peer/slice.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import type { Subject } from './drive.ts'
import { fileSystemOf, type Sample } from './samples.ts'
import { startStage } from './stage.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export type Setting = Readonly<{
  /** A folder of the subject's own. */
  folder: string
  rulesets: Readonly<Record<Direction, string>>
  bundle: Readonly<{ file: string; digest: string }>
  sample: Sample
  /** False: the compiled tree, without code generation. */
  jit: boolean
}>

/** A subject, with the facts to print beside its figures. */
export type Measured = Subject & Readonly<{ facts: () => Promise<string[]> }>

/** (a) and (b): one verifier between two FIFOs, with the flags that it has in operation. */
export async function verifierAlone(stage: 'inspect' | 'verify', setting: Setting): Promise<Measured> {
  const { bundle, jit } = setting
  const code = {
    root: jit ? ROOT : join(ROOT, 'dist'),
    extension: jit ? ('.ts' as const) : ('.js' as const),
    modules: join(ROOT, 'node_modules'),
    packageFile: join(ROOT, 'package.json'),
  }
  // The two verifiers' flags depend on nothing else of a guard's configuration.
  const flags = nodeFlags(stage, { bundle, jit } as GuardConfig, code)
  const own = ['--name', 'bench', '--bundle', bundle.file, '--digest', bundle.digest]
  const subject = await startStage({
    name: stage,
    args: [...flags, stageFile(stage, code), ...own],
    payload: setting.sample.octets,
    folder: setting.folder,
  })
  return { ...subject, facts: async () => processFacts(subject) }
}

/** (c): one direction from GCXP socket to GCXP socket, durable journal included. */
export async function guardDirection({ folder, bundle, sample, jit }: Setting): Promise<Measured> {
  const ca = await makeCa('Bench')
  const trusted = join(folder, 'ca.crt')
  writeFileSync(trusted, ca.certificate)
  const files = async (name: string) => ({
    ...writeCredentials(folder, name, await issue(ca, { dns: [`${name}.example`] })),
    ca: trusted,
  })
  const [edge, guard] = await Promise.all([files('edge'), files('guard')])
  const credentials = readCredentials(edge, Date.now())
  if ('problem' in credentials) throw new Error(credentials.problem)

  let handler = (_: number) => {}
  let port = 0
  const consumer = listenConsumer({
    host: '127.0.0.1',
    port: 0,
    peer: 'guard.example',
    credentials,
    payloadOctets: 1 << 20,
    onRequest(number, _payload, connection) {
      connection.answer(number, true)
      handler(1)
    },
    onState(state) {
      if (state.state === 'listening') port = state.port
    },
    onFailure(problem) {
      throw new Error(problem)
    },
  })
  while (port === 0) await new Promise(setImmediate)
  const [intakePort, metricsPort] = (await freePorts(2)) as [number, number]
  const journal = join(folder, 'journal')
  mkdirSync(journal)
  writeFileSync(join(folder, 'digest-key'), `${randomBytes(32).toString('hex')}\n`)
  const configuration = join(folder, 'guard.yaml')
  const config = {
    name: 'bench',
    bundle,
    intake: { listen: `127.0.0.1:${intakePort}`, peer: 'edge.example', ...guard },
    release: { connect: `127.0.0.1:${port}`, peer: 'edge.example', ...guard },
    journal: { directory: journal, key: join(folder, 'digest-key') },
    metrics: { listen: `127.0.0.1:${metricsPort}` },
    jit,
  }
  writeFileSync(configuration, JSON.stringify(config))
  const program = startProgram(
    'guard',
    [join(ROOT, 'cli/sallyport.ts'), 'guard', 'run', '--config', configuration],
    join(folder, 'log'),
  )
  const metrics = `http://127.0.0.1:${metricsPort}`

  const waiting: number[] = []
  let number = { generation: 1, count: 0 }
  const producer = connectProducer({
    host: '127.0.0.1',
    port: intakePort,
    peer: 'guard.example',
    credentials,
    onAnswer(_number, accepted) {
      if (!accepted) throw new Error('the guard refused the stanza of the benchmark')
    },
    onRoom: () => pump(),
  })
  let room = true
  const pump = () => {
    room = true
    while (room && waiting.length > 0) {
      waiting.pop()
      number = nextNumber(number)
      room = producer.send(number, sample.octets)
    }
  }
  await untilReady({ program, metrics })
  while (!producer.connected()) await new Promise((resolve) => setTimeout(resolve, 20))
  const subject: Subject = {
    name: 'guard',
    send(sequence) {
      waiting.push(sequence)
      if (room) pump()
    },
    onResults(next) {
      handler = next
    },
    processes: stagesOf(program.pid),
    async close() {
      producer.close()
      consumer.close()
      await program.stop()
    },
  }
  return { ...subject, facts: async () => [...processFacts(subject), await journalFacts(journal, metrics)] }
}

/** (d): raw s2s, edge, guard, edge, raw s2s. */
export async function wholeChain({ folder, rulesets, sample, jit }: Setting): Promise<Measured> {
  let handler = (_: number) => {}
  const world = await startWorld({
    folder,
    rulesets,
    jit,
    ...(jit ? {} : { command: ['--jitless', join(ROOT, 'dist/cli/sallyport.js')] }),
    onOctets: () => handler(1),
  })
  const link = await world.domains.acme.stream('acme.example', 'coalition.example')
  const guard = world.guards['acme-to-coalition']
  const edges = Object.entries(world.edges).map(([side, edge]) => ({
    name: `edge-${side}`,
    pid: descendants(edge.program.pid).at(-1)!.pid,
  }))
  const subject: Subject = {
    name: 'chain',
    send: () => void link.write(sample.octets),
    onResults(next) {
      handler = next
    },
    processes: [...edges, ...stagesOf(guard.program.pid)],
    close: () => world.close(),
  }
  return {
    ...subject,
    facts: async () => [...processFacts(subject), await journalFacts(guard.journal, guard.metrics)],
  }
}

/** The yardstick: the same load through one process that takes TLS off and puts TLS on. */
export async function plainRelay({ folder, sample }: Setting): Promise<Measured> {
  const ca = await makeCa('Bench')
  const issued = await issue(ca, { dns: ['relay.example'] })
  const paths = writeCredentials(folder, 'relay', issued)
  writeFileSync(join(folder, 'ca.crt'), ca.certificate)
  const tls = {
    cert: issued.certificate,
    key: issued.key,
    ca: ca.certificate,
    minVersion: 'TLSv1.3' as const,
  }

  let handler = (_: number) => {}
  const sink = createServer({ ...tls, requestCert: true }, (socket) => {
    const slice = createSlicer({ onHeader() {}, onElement: () => handler(1), onClose() {} })
    socket.on('data', slice)
  })
  sink.listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const child: ChildProcess = spawn(
    process.execPath,
    [
      join(import.meta.dirname, 'relay.ts'),
      ...[paths.certificate, paths.key, join(folder, 'ca.crt'), String((sink.address() as AddressInfo).port)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  const socket = connect({ ...tls, host: '127.0.0.1', port: Number(line), servername: 'relay.example' })
  await once(socket, 'secureConnect')
  socket.setNoDelay(true)
  socket.write('<stream>')
  let corked = false
  const subject: Subject = {
    name: 'relay',
    send() {
      if (!corked) {
        corked = true
        socket.cork()
        setImmediate(() => {
          corked = false
          socket.uncork()
        })
      }
      socket.write(sample.octets)
    },
    onResults(next) {
      handler = next
    },
    processes: [{ name: 'relay', pid: child.pid! }],
    async close() {
      socket.destroy()
      sink.close()
      child.kill()
      await once(child, 'exit')
    },
  }
  return { ...subject, facts: async () => processFacts(subject) }
}

/** The stages below a launcher's keeper. */
function stagesOf(keeper: number): { name: string; pid: number }[] {
  return descendants(keeper).flatMap(({ pid, args }) => {
    const stage = args.map((argument) => /guard\/([a-z]+)\/main\.[jt]s$/.exec(argument)?.[1]).find(Boolean)
    return stage === undefined ? [] : [{ name: stage, pid }]
  })
}

/** Pid and Node's flags of each process; flags that all have stand in a line of their own. */
function processFacts({ processes }: Subject): string[] {
  const all = processes.map(({ name, pid }) => {
    const args = look(pid)?.args ?? []
    const script = args.findIndex((argument) => !argument.startsWith('-'))
    const flags = args.slice(0, script).filter((flag) => !flag.startsWith('--allow-fs'))
    return { name, pid, flags }
  })
  const flagged = all.filter(({ flags }) => flags.length > 0)
  const common = flagged[0]?.flags.filter((flag) => flagged.every(({ flags }) => flags.includes(flag))) ?? []
  const own = all.map(({ name, pid, flags }) => {
    return [`${name} pid ${pid}`, ...flags.filter((flag) => !common.includes(flag))].join(' ')
  })
  if (common.length === 0) return [own.join(', ')]
  return [own.join(', '), `${flagged.map(({ name }) => name).join(', ')} with ${common.join(' ')}`]
}

async function journalFacts(journal: string, metrics: string): Promise<string> {
  // A snapshot a second reaches the metrics.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const text = await (await fetch(`${metrics}/metrics`)).text()
  const value = (name: string) => new RegExp(`^${name}\\{[^}]*\\} ([0-9.e+]+)$`, 'm').exec(text)?.[1] ?? '?'
  const records = value('sallyport_guard_journal_records')
  const writes = value('sallyport_guard_journal_flushes_total')
  return `journal on ${fileSystemOf(journal)}: ${records} records in ${writes} synchronous writes`
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createTcpServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
