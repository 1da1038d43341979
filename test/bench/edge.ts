/** One edge as a subject, each way by itself: servers of its side and both guards are in this process. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectProducer, nextNumber, type Producer, readCredentials } from '../../guard/gcxp/index.ts'
import type { Direction } from '../../packaging/demo/conversation.ts'
import { descendants, startProgram } from '../../packaging/demo/process.ts'
import { freePorts, untilReady } from '../../packaging/demo/world.ts'
import { startDomain } from '../peer/domain.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import { takeFrames } from './consumer.ts'
import type { Subject } from './drive.ts'
import { processFacts } from './facts.ts'
import { type Measured, ROOT, type Setting } from './setting.ts'

const REVERSE: Direction = 'coalition-to-acme'

/** s2s in, GCXP out: the edge of the sending side. */
export async function edgeOut(setting: Setting): Promise<Measured> {
  const edge = await startEdge('acme', setting)
  const link = await edge.domain.stream('acme.example', 'coalition.example')
  return measured('edge out', edge, () => void link.write(setting.sample.octets), edge.onFrames)
}

/** GCXP in, s2s out: the edge of the receiving side. */
export async function edgeIn(setting: Setting): Promise<Measured> {
  const edge = await startEdge('coalition', setting)
  let number = { generation: 1, count: 0 }
  let waiting = 0
  let room = true
  const pump = () => {
    while (room && waiting > 0) {
      waiting--
      number = nextNumber(number)
      room = edge.producer.send(number, setting.sample.framed(number))
    }
  }
  edge.onRoom(() => {
    room = true
    pump()
  })
  return measured(
    'edge in',
    edge,
    () => {
      waiting++
      pump()
    },
    edge.onStanzas,
  )
}

type Handler = (count: number) => void

type Running = Readonly<{
  pid: number
  domain: Awaited<ReturnType<typeof startDomain>>
  producer: Producer
  onFrames(handler: Handler): void
  onStanzas(handler: Handler): void
  onRoom(handler: () => void): void
  close(): Promise<void>
}>

function measured(
  name: string,
  { pid, close }: Running,
  send: Subject['send'],
  onResults: Subject['onResults'],
): Measured {
  const subject: Subject = { name, send, onResults, processes: [{ name: 'edge', pid }], close }
  return { ...subject, facts: async () => processFacts(subject) }
}

/** An edge of that side, with the guards of both directions and one server around it. */
async function startEdge(
  side: 'acme' | 'coalition',
  { folder, bundle, rulesets, jit }: Setting,
): Promise<Running> {
  const far = side === 'acme' ? 'coalition' : 'acme'
  const domains = (name: string) => [`${name}.example`, `rooms.${name}.example`]
  const ca = await makeCa('Bench')
  const trusted = join(folder, 'ca.crt')
  writeFileSync(trusted, ca.certificate)
  const files = async (name: string, dns: readonly string[]) => ({
    ...writeCredentials(folder, name, await issue(ca, { dns })),
    ca: trusted,
  })
  const [shown, gcxp, guard] = await Promise.all([
    files('far', domains(far)),
    files('edge', ['edge.example']),
    files('guard', ['guard.example']),
  ])
  const own = await issue(ca, { dns: domains(side) })
  const credentials = readCredentials(guard, Date.now())
  if ('problem' in credentials) throw new Error(credentials.problem)
  const reverse = compile(rulesets[REVERSE], join(folder, 'reverse.json'))
  const [s2sPort, serverPort, inPort, metricsPort] = (await freePorts(4)) as [number, number, number, number]

  let onFrames: Handler = () => {}
  let onStanzas: Handler = () => {}
  let onRoom = () => {}
  const { port: guardPort, consumer } = await takeFrames('edge.example', credentials, () => onFrames(1))
  mkdirSync(join(folder, 'state'))
  const configuration = join(folder, 'edge.yaml')
  const config = {
    name: 'bench',
    side,
    state: join(folder, 'state'),
    s2s: {
      listen: `127.0.0.1:${s2sPort}`,
      ca: [trusted],
      certificates: [{ domains: domains(far), certificate: shown.certificate, key: shown.key }],
      routes: domains(side).map((domain) => ({ domain, host: '127.0.0.1', port: serverPort })),
    },
    gcxp: {
      out: { host: '127.0.0.1', port: guardPort, peer: 'guard.example', ...gcxp },
      in: { listen: `127.0.0.1:${inPort}`, peer: 'guard.example', ...gcxp },
    },
    bundles: side === 'acme' ? { out: bundle, in: reverse } : { out: reverse, in: bundle },
    metrics: { listen: `127.0.0.1:${metricsPort}` },
  }
  writeFileSync(configuration, JSON.stringify(config))
  const command = jit ? [join(ROOT, 'cli/sallyport.ts')] : ['--jitless', join(ROOT, 'dist/cli/sallyport.js')]
  const program = startProgram(
    'edge',
    [...command, 'edge', 'run', '--config', configuration],
    join(folder, 'log'),
  )
  const domain = await startDomain({
    domains: domains(side),
    credentials: own,
    ca: ca.certificate,
    route: () => ({ host: '127.0.0.1', port: s2sPort }),
    port: serverPort,
    onOctets: () => onStanzas(1),
  })
  const producer = connectProducer({
    host: '127.0.0.1',
    port: inPort,
    peer: 'edge.example',
    credentials,
    onAnswer(_number, accepted) {
      if (!accepted) throw new Error('the edge did not take the stanza of the benchmark')
    },
    onRoom: () => onRoom(),
  })
  await untilReady({ program, metrics: `http://127.0.0.1:${metricsPort}` })
  return {
    pid: descendants(program.pid).at(-1)!.pid,
    domain,
    producer,
    onFrames(handler) {
      onFrames = handler
    },
    onStanzas(handler) {
      onStanzas = handler
    },
    onRoom(handler) {
      onRoom = handler
    },
    async close() {
      producer.close()
      consumer.close()
      await Promise.all([program.stop(), domain.close()])
    },
  }
}

function compile(ruleset: string, file: string): Setting['bundle'] {
  const command = [join(ROOT, 'cli/sallyport.ts'), 'rules', 'compile', ruleset, '-o', file]
  const digest = execFileSync(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  return { file, digest: digest.toString().trim() }
}
