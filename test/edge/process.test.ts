/** The edge as a process: it starts, says what it does, stops on a signal, and fails in one line when a port is taken. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { limitLog } from '../../edge/log.ts'
import { listSegments } from '../../guard/journal/files.ts'
import { readHeadFile } from '../../guard/journal/head-file.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { issue } from '../pki/pki.ts'
import { connectOpen } from './raw.ts'
import { OWN, until, writeWorld } from './world.ts'

const SALLYPORT = fileURLToPath(new URL('../../cli/sallyport.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sallyport-edge-process-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const taken: Server = createServer().listen(0, '127.0.0.1')
await once(taken, 'listening')
t.teardown(() => taken.close())
const { port } = taken.address() as { port: number }
// Neither a server nor a guard is there: the edge says so and goes on.
const { file, yaml, ca } = await writeWorld(folder, { server: 1, guard: 1 }, {})

type Running = { child: ChildProcess; said: string; ended: Promise<number | null> }

function run(configuration: string): Running {
  const child = spawn(process.execPath, [SALLYPORT, 'edge', 'run', '--config', configuration], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const running: Running = {
    child,
    said: '',
    ended: once(child, 'exit').then(([code]) => code as number | null),
  }
  child.stderr!.on('data', (octets: Buffer) => {
    running.said += octets.toString()
  })
  return running
}

t.test('runs until it is told to stop, and ends its streams', async (t) => {
  const edge = run(file)
  t.teardown(() => edge.child.kill('SIGKILL'))
  t.ok(await until(() => edge.said.includes('edge runs'), 10_000))
  const ports = /"s2s":(\d+)/.exec(edge.said)!
  const raw = await connectOpen(Number(ports[1]), ca.certificate, await issue(ca, { dns: OWN }))
  t.ok(await until(() => /nobody listens there: start the peer, or correct the address/.test(edge.said)))
  edge.child.kill('SIGTERM')
  t.match(await raw.end(), /<stream:error><system-shutdown /)
  t.equal(await edge.ended, 0)
  t.match(edge.said, /"msg":"edge stops"/)
  t.match(readFileSync(join(folder, 'state/generation'), 'latin1'), /^1\n/)
  const records = join(folder, 'state/records')
  t.same(verifyJournal(records, []).problems, [], 'its records are whole')
  const [segment] = listSegments(records)
  t.match(readFileSync(join(records, segment!.name), 'utf8').trim().split('\n').at(-1), /"type":"stop"/)
  t.match(readHeadFile(records), verifyJournal(records, []).head, 'up to the end')
  t.notOk(existsSync(join(folder, 'state/control')), 'its socket is gone')
  for (const line of edge.said.trim().split('\n')) t.ok(JSON.parse(line), 'each line is JSON')
})

t.test('SIGHUP has it go by its configuration as it is then', async (t) => {
  const path = join(folder, 'hup.yaml')
  writeFileSync(path, JSON.stringify({ ...yaml, state: 'hup' }))
  const edge = run(path)
  t.teardown(() => edge.child.kill('SIGKILL'))
  t.ok(await until(() => edge.said.includes('edge runs'), 10_000))
  writeFileSync(path, JSON.stringify({ ...yaml, state: 'hup', limits: { stanzaSeconds: 0 } }))
  edge.child.kill('SIGHUP')
  t.ok(
    await until(() =>
      /"level":50.*reload refused, the edge goes on as it is: .*hup\.yaml:1:\d+: 0 is not seconds/.test(
        edge.said,
      ),
    ),
  )
  writeFileSync(path, JSON.stringify({ ...yaml, state: 'hup', limits: { stanzaSeconds: 9 } }))
  edge.child.kill('SIGHUP')
  t.ok(
    await until(() => /"changed":\["limits\.stanzaSeconds"\].*configuration was loaded anew/.test(edge.said)),
  )
  const second = run(path)
  t.equal(await second.ended, 1)
  t.match(second.said, /^sallyport edge: .*hup\/control: another edge lives in this state folder: stop it/m)
  edge.child.kill('SIGTERM')
  t.equal(await edge.ended, 0)
})

t.test('a port that is taken is said in one line, and the edge ends', async (t) => {
  for (const [what, change] of [
    ['s2s', { s2s: { ...yaml.s2s, listen: `127.0.0.1:${port}` } }],
    ['GCXP', { gcxp: { ...yaml.gcxp, in: { ...yaml.gcxp.in, listen: `127.0.0.1:${port}` } } }],
    ['metrics', { metrics: { listen: `127.0.0.1:${port}` } }],
  ] as const) {
    const path = join(folder, `${what}.yaml`)
    writeFileSync(path, JSON.stringify({ ...yaml, ...change }))
    const edge = run(path)
    t.equal(await edge.ended, 1, what)
    const lines = edge.said.split('\n').filter((line) => line.startsWith('sallyport'))
    t.same(lines, [
      `sallyport edge: ${what} on 127.0.0.1:${port}: the port is in use: stop the other program, or choose another port`,
    ])
  }
})

t.test('a flood of lines is cut, and that is said', async (t) => {
  const lines: string[] = []
  let now = 1000
  const write = (_fields: object, message: string) => void lines.push(message)
  const log = limitLog({ info: write, warn: write, error: write }, () => now)
  for (let i = 0; i < 60; i++) log.warn({}, `line ${i}`)
  t.equal(lines.length, 50)
  now = 2000
  log.error({}, 'the next second')
  t.same(lines.slice(50), ['lines were left out', 'the next second'])
})
