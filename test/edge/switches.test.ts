/** No key of edge.yaml without a proof that it has its effect (switches.ts), and the proofs of those that no other file has. */
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import schema from '../../edge/config/edge.schema.json' with { type: 'json' }
import { loadEdgeConfig } from '../../edge/config/load.ts'
import { type Edge, startEdge } from '../../edge/main.ts'
import { type Credentials, connectProducer, listenConsumer, readCredentials } from '../../guard/gcxp/index.ts'
import { listSegments } from '../../guard/journal/files.ts'
import { writeJournal } from '../journal/make.ts'
import { issue } from '../pki/pki.ts'
import { connectOpen } from './raw.ts'
import { SWITCHES } from './switches.ts'
import { freePort, OWN, until, writeWorld } from './world.ts'

type Node = Readonly<{ $ref?: string; properties?: Record<string, Node>; items?: Node }>

/** The keys that hold a value, as `s2s.routes[].port`. */
function keysOf(given: Node, path = ''): string[] {
  // A value as rulesets have it is one value.
  if (given.$ref?.startsWith('#') === false) return [path]
  const referred = given.$ref?.replace('#/$defs/', '')
  const node = referred === undefined ? given : (schema.$defs as Record<string, Node>)[referred]!
  if (node.properties !== undefined)
    return Object.entries(node.properties).flatMap(([key, inner]) =>
      keysOf(inner, path === '' ? key : `${path}.${key}`),
    )
  const { items } = node
  return items?.properties === undefined && items?.$ref === undefined ? [path] : keysOf(items, `${path}[]`)
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-switches-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const guardPort = await freePort()
const { ca, file, yaml } = await writeWorld(folder, { server: 1, guard: guardPort }, {})
const credentials = readCredentials(
  { certificate: join(folder, 'guard.crt'), key: join(folder, 'guard.key'), ca: join(folder, 'gcxp-ca.crt') },
  Date.now(),
) as Credentials

/** What the outgoing guard says of who connects. */
const guardLog: string[] = []
const guard = listenConsumer({
  host: '127.0.0.1',
  port: guardPort,
  peer: 'edge.high.example',
  credentials,
  payloadOctets: 1 << 20,
  onRequest: (number, _, connection) => connection.answer(number, true),
  onState: (state) => void guardLog.push('problem' in state ? state.problem : state.state),
  onFailure: (problem) => void guardLog.push(problem),
})
t.teardown(() => guard.close())

type Yaml = typeof yaml & { records?: object }
type Started = Readonly<{ edge: Edge; log: string[]; said(wanted: RegExp): Promise<boolean> }>

let runs = 0
/** Starts an edge with a change of the configuration. */
async function start(t: Test, change: (yaml: Yaml) => void): Promise<Started> {
  const changed = structuredClone(yaml) as Yaml
  changed.state = `state-${runs++}`
  change(changed)
  writeFileSync(file, JSON.stringify(changed))
  const config = loadEdgeConfig(file, Date.now())
  if ('problems' in config) throw new Error(config.problems.join('\n'))
  const log: string[] = []
  const say = (_: object, message: string) => void log.push(message)
  const edge = await startEdge(config, { info: say, warn: say, error: say })
  t.teardown(() => edge.stop())
  return { edge, log, said: (wanted) => until(() => log.some((line) => wanted.test(line)), 5000) }
}

/** Connects as the incoming guard, and gives what came of it. */
async function connectIn(port: number): Promise<string> {
  let state = ''
  const producer = connectProducer({
    host: '127.0.0.1',
    port,
    peer: 'edge.high.example',
    credentials,
    onAnswer() {},
    onState(next) {
      state ||= 'problem' in next ? next.problem : next.state
    },
  })
  await until(() => state !== '', 5000)
  producer.close()
  return state
}

t.test('every key has its proof, and every proof its test', async (t) => {
  t.same(Object.keys(SWITCHES).sort(), keysOf(schema as Node).sort())
  for (const [key, proofs] of Object.entries(SWITCHES)) {
    t.ok(proofs.length > 0, key)
    for (const [file, title] of proofs) {
      const path = join(import.meta.dirname, file)
      const titles = existsSync(path)
        ? readFileSync(path, 'utf8').matchAll(/\.test\(\s*['"`](.*)['"`],/g)
        : []
      t.ok(
        [...titles].some(([, found]) => found!.startsWith(title)),
        `${key}: ${file} has a test that begins with "${title}"`,
      )
    }
  }
})

t.test('each of these changes what an edge does', async (t) => {
  await t.test('without a change', async (t) => {
    const { edge, said, log } = await start(t, () => {})
    t.ok(await said(/^outgoing guard connected$/))
    t.equal(await connectIn(edge.gcxpPort), 'connected')
    t.notMatch(log.join('\n'), /the disk of/)
  })

  const outgoing: [string, (out: Yaml['gcxp']['out']) => void, RegExp][] = [
    ['host', (out) => void (out.host = '127.0.0.2'), /^GCXP to 127\.0\.0\.2:\d+ .*: nobody listens there/],
    ['port', (out) => void (out.port = 1), /^GCXP to 127\.0\.0\.1:1 /],
    ['peer', (out) => void (out.peer = 'else.example'), /is for guard\.high\.example, not for else\.example/],
    ['ca', (out) => void (out.ca = 'high-ca.crt'), /not of the configured CA/],
  ]
  for (const [key, change, line] of outgoing)
    await t.test(`gcxp.out.${key}`, async (t) => {
      const { said, log } = await start(t, ({ gcxp }) => change(gcxp.out))
      t.ok(await said(line), log.join('\n'))
    })

  await t.test('gcxp.out.certificate and key', async (t) => {
    guardLog.length = 0
    await start(t, ({ gcxp }) => void Object.assign(gcxp.out, { certificate: 'guard.crt', key: 'guard.key' }))
    t.ok(
      await until(
        () => guardLog.some((line) => /is for guard\.high\.example, not for edge/.test(line)),
        5000,
      ),
    )
  })

  await t.test('gcxp.in.certificate and key', async (t) => {
    const { edge } = await start(
      t,
      ({ gcxp }) => void Object.assign(gcxp.in, { certificate: 'guard.crt', key: 'guard.key' }),
    )
    t.match(await connectIn(edge.gcxpPort), /is for guard\.high\.example, not for edge\.high\.example/)
  })
  await t.test('gcxp.in.peer', async (t) => {
    const { edge, said } = await start(t, ({ gcxp }) => void (gcxp.in.peer = 'else.example'))
    await connectIn(edge.gcxpPort)
    t.ok(await said(/turned a connection away: .*is for guard\.high\.example, not for else\.example/))
  })
  await t.test('gcxp.in.ca', async (t) => {
    const { edge, said } = await start(t, ({ gcxp }) => void (gcxp.in.ca = 'high-ca.crt'))
    await connectIn(edge.gcxpPort)
    t.ok(await said(/turned a connection away: .*not of the configured CA/))
  })

  await t.test(
    'gcxp.in.listen, s2s.listen, metrics.listen, records.folder, records.warnFreeMegabytes',
    async (t) => {
      const [gcxp, s2s, metrics] = [await freePort(), await freePort(), await freePort()]
      const { said, log } = await start(t, (changed) => {
        changed.gcxp.in.listen = `127.0.0.1:${gcxp}`
        changed.s2s.listen = `127.0.0.1:${s2s}`
        changed.metrics.listen = `127.0.0.1:${metrics}`
        changed.records = { folder: 'elsewhere', warnFreeMegabytes: 1_000_000_000 }
      })
      t.equal(await connectIn(gcxp), 'connected')
      const raw = await connectOpen(s2s, ca.certificate, await issue(ca, { dns: OWN }))
      raw.socket.destroy()
      t.equal((await fetch(`http://127.0.0.1:${metrics}/metrics`)).status, 200)
      t.ok(listSegments(join(folder, 'elsewhere')).length > 0)
      t.ok(
        await said(/^records: the disk of .*elsewhere has \d+ MB left, less than 1000000000: make room/),
        log.join('\n'),
      )
    },
  )
})

t.test('old records go when they are as old, and when there are as many, as edge.yaml says', async (t) => {
  /** Two segments of a year ago, each larger than 1 MB, so that the edge begins a third. */
  const old = async (name: string): Promise<string> => {
    const directory = join(folder, name)
    const journal = writeJournal(directory, Date.now() - 365 * 86_400_000)
    for (let i = 0; i < 2; i++) {
      if (i > 0) journal.segment()
      for (let j = 0; j < 5; j++) journal.put({ type: 'refused', padding: 'x'.repeat(262_144) })
    }
    await journal.save()
    for (const { name } of listSegments(directory)) utimesSync(join(directory, name), 0, 0)
    return directory
  }
  const left = async (keep: object, name: string) => {
    const directory = await old(name)
    await start(t, (changed) => {
      changed.records = { folder: name, keep }
    })
    const oldest = () => listSegments(directory).some(({ first }) => first === 1)
    await until(() => !oldest(), 1000)
    return oldest()
  }
  t.notOk(await left({ days: 360 }, 'days'))
  t.ok(await left({ days: 370 }, 'more-days'))
  t.notOk(await left({ megabytes: 1 }, 'megabytes'))
  t.ok(await left({ megabytes: 10 }, 'more-megabytes'))
})
