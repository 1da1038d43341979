/** The edge's own records: what it does is in them, end to end with `sallyport journal`; a disk that fails holds the edge. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadEdgeConfig } from '../../edge/config/load.ts'
import type { Log } from '../../edge/log.ts'
import { startEdge } from '../../edge/main.ts'
import type { Entry } from '../../edge/record/entry.ts'
import { openRecords, type RecordSettings } from '../../edge/record/records.ts'
import { createSessionRecorder } from '../../edge/record/sessions.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { issue } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import { connectOpen } from './raw.ts'
import { OWN, startWorld, until, writeWorld } from './world.ts'

const SALLYPORT = join(import.meta.dirname, '../../cli/sallyport.ts')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-records-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const quiet: Log = { info() {}, warn() {}, error() {} }

type Line = Readonly<Record<string, unknown>>

function linesIn(records: string): Line[] {
  return readdirSync(records)
    .filter((name) => name.startsWith('journal-'))
    .sort()
    .flatMap((name) => readFileSync(join(records, name), 'utf8').split('\n'))
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)
}

function journal(...argv: string[]): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SALLYPORT, 'journal', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  return { status, out: stdout + stderr }
}

const ALICE = `from='alice@high.example/x'`
const chat = (to: string, body: string, more = '') =>
  `<message ${ALICE} to='${to}' id='SECRET-ID' type='chat'><body>${body}</body>${more}</message>`

t.test('what becomes of stanzas and sessions is on record, without what their users wrote', async (t) => {
  const keys = { digest: join(folder, 'digest.key'), signing: join(folder, 'signing.key') }
  t.equal(journal('key', keys.digest).status, 0)
  t.equal(journal('signing-key', keys.signing).status, 0)
  const world = await startWorld({
    limits: { iqSeconds: 1 },
    more: { records: { key: keys.digest, signingKey: keys.signing } },
  })
  t.teardown(() => world.close())
  const { server, guard } = world
  const records = join(world.folder, 'state/records')
  const found = async (wanted: Line, what: string) => {
    const matches = (line: Line) =>
      Object.entries(wanted).every(([name, value]) =>
        value instanceof RegExp
          ? value.test(String(line[name]))
          : JSON.stringify(line[name]) === JSON.stringify(value),
      )
    t.ok(await until(() => linesIn(records).some(matches), 6000), what)
    return linesIn(records).find(matches)!
  }
  const ends = { from: 'alice@high.example/x', to: 'bob@low.example', kind: 'message', subtype: 'chat' }

  await found({ type: 'start', edge: 'edge-high', side: 'high', out: /^[0-9a-f]{64}$/ }, 'the start')
  await server.send(chat('bob@low.example', 'SECRET-TEXT'))
  await found(
    {
      type: 'refused',
      ...ends,
      peer: 'high.example',
      reason: 'label-missing',
      told: true,
      digest: /^[0-9a-f]{64}$/,
    },
    'a refusal',
  )
  const raw = await connectOpen(world.edge.s2sPort, world.ca.certificate, await issue(world.ca, { dns: OWN }))
  raw.write(chat('bob@elsewhere.example', 'SECRET-TEXT'))
  await found({ type: 'refused', to: 'bob@elsewhere.example', reason: 'bad-to', told: true }, 'nowhere to go')
  raw.write(`<message from='@high.example' to='${'b'.repeat(500)}'/>`)
  const cut = await found({ type: 'refused', reason: 'bad-from', from: '@high.example' }, 'no address')
  t.equal((cut['to'] as string).length, 200, 'what is no address is cut')

  await server.send(
    chat('bob@low.example', 'passes', `${essLabel()}<origin-id xmlns='urn:xmpp:sid:0' id='SECRET'/>`),
  )
  const frame = await guard.find((xml) => xml.includes('passes'))
  const number = `${frame!.number.generation}.${frame!.number.count}`
  await found({ type: 'stripped', number, ...ends, names: /origin-id/ }, 'what was taken out')
  guard.verdict = () => false
  await server.send(chat('bob@low.example', 'turned down', essLabel()))
  await found({ type: 'guard-refused', number: /^1\.\d+$/, ...ends }, 'the guard against us')
  guard.verdict = () => true
  await server.send(
    `<iq ${ALICE} to='room@conference.low.example' id='q' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  )
  await found(
    { type: 'unanswered', to: 'room@conference.low.example', kind: 'iq', subtype: 'get' },
    'no answer',
  )

  const foreign = '<message xmlns="jabber:server" from="eve@else.example" to="alice@high.example"></message>'
  world.release(foreign)
  await found(
    { type: 'dropped', number: '1.1', outcome: 'invalid' },
    'what the guard should not have released',
  )
  world.release(foreign, { generation: 1, count: 1 })
  await found({ type: 'dropped', number: '1.1', outcome: 'repeated' }, 'what came before')

  const opened = await found({ type: 'session', state: 'opened', direction: 'inbound' }, 'a session')
  t.match(opened, { own: 'high.example', far: 'low.example', version: 'TLSv1.3', cipher: /^TLS_/ })
  t.match(opened, { address: /^127\.0\.0\.1:\d+$/, names: /DNS:high\.example/, expires: /^20/ })
  await found({ type: 'guard', direction: 'out', state: 'connected', names: /guard\.high/ }, 'the guard')
  const text = linesIn(records).map((line) => JSON.stringify(line))
  t.notMatch(text.join('\n'), /SECRET/)

  // The guard's journal and the edge's records, as one story.
  const guardJournal = join(folder, 'guard')
  mkdirSync(guardJournal)
  const told = journal('trace', guardJournal, '--edge', records, '--address', 'alice@high.example')
  t.equal(told.status, 0)
  t.match(
    told.out,
    /refused: from alice@high\.example\/x, to bob@low\.example, kind message, subtype chat, peer high\.example, reason label-missing, told true/,
  )
  t.match(told.out, new RegExp(`stripped ${number.replace('.', '\\.')}: from alice`))
  const numbered = journal('trace', '--edge', records, '--number', number)
  t.match(numbered.out.trim().split('\n'), [/stripped/])
  t.match(journal('trace', '--edge', records, '--from', '2026-01-01').out, /session/)

  await t.test('a stop leaves them whole, signed and up to date', async (t) => {
    world.edge.stop()
    await found({ type: 'stop' }, 'the stop')
    t.ok(await until(() => /"seq"/.test(readFileSync(join(records, 'head.json'), 'utf8'))))
    t.ok(
      await until(() => journal('verify', records, '--public-key', `${keys.signing}.pub`).status === 0, 5000),
    )
    t.match(journal('verify', records).out, /signed: up to record \d+.*; 0 records stand/)
    t.match(journal('verify', records).out, /sound: journal of edge-high, records 1 to \d+/)
  })
})

const settings = (name: string, more: Partial<RecordSettings> = {}): RecordSettings => ({
  folder: join(folder, name),
  key: undefined,
  signingKey: undefined,
  keep: {},
  warnFreeMegabytes: 0,
  ...more,
})
const EDGE = { name: 'edge-x', side: 'x', out: 'o', in: 'i' }
const entry = (n: number): Entry => ({
  type: 'refused',
  from: `a${n}@high.example`,
  to: 'b@low.example',
  kind: 'message',
  subtype: '',
  peer: 'high.example',
  reason: 'label-missing',
  told: false,
  stripped: [],
})

t.test('they go on where they ended, and damaged ones are not gone on with', async (t) => {
  const where = settings('on')
  for (let run = 0; run < 2; run++) {
    const records = openRecords(where, EDGE, quiet, () => {})
    records.record(entry(run))
    records.close()
    t.ok(await until(() => linesIn(where.folder).filter(({ type }) => type === 'stop').length === run + 1))
    t.ok(await until(() => verifyJournal(where.folder, []).problems.length === 0))
    t.equal(verifyJournal(where.folder, []).guard, 'edge-x', 'whose they are')
  }
  t.same(
    linesIn(where.folder).map(({ type }) => type),
    ['segment', 'start', 'refused', 'stop', 'start', 'refused', 'stop'],
  )
  const [file] = readdirSync(where.folder).filter((name) => name.endsWith('.jsonl'))
  const path = join(where.folder, file!)
  writeFileSync(path, readFileSync(path, 'utf8').replace('a0@', 'x0@'))
  t.throws(() => openRecords(where, EDGE, quiet, () => {}), {
    message: /^records: journal .* does not chain .* keep the directory as evidence, give a new one$/,
  })
})

t.test('an edge whose records cannot be had does not start', async (t) => {
  const place = mkdtempSync(join(folder, 'edge-'))
  writeFileSync(join(place, 'taken'), '')
  const { file } = await writeWorld(place, { server: 1, guard: 1 }, {}, 'foreign', {
    records: { folder: 'taken' },
  })
  const config = loadEdgeConfig(file, Date.now())
  if ('problems' in config) throw new Error(config.problems.join('\n'))
  await t.rejects(startEdge(config, quiet), /taken cannot be written \(EEXIST\)/)
})

t.test('old ones go when there are enough of newer ones', async (t) => {
  const where = settings('old', { keep: { megabytes: 1 } })
  const records = openRecords(where, EDGE, quiet, () => {})
  // Segments of 1 MB: two and a little.
  for (let n = 0; n < 6_000; n++)
    records.record({ ...entry(n), to: `${'b'.repeat(180)}@low.example` } as Entry)
  const segments = () => readdirSync(where.folder).filter((name) => name.endsWith('.jsonl'))
  t.ok(await until(() => linesIn(where.folder).some(({ type }) => type === 'removed'), 10_000))
  t.ok(await until(() => segments().length <= 2, 10_000))
  records.close()
  t.ok(await until(() => verifyJournal(where.folder, []).problems.length === 0, 10_000))
})

t.test(
  'a disk that is full holds the edge, and when there is room it goes on and nothing is missing',
  async (t) => {
    const where = settings('full')
    const program = join(folder, 'full.ts')
    const at = (path: string) => JSON.stringify(join(import.meta.dirname, '../..', path))
    writeFileSync(
      program,
      `import { openRecords } from ${at('edge/record/records.ts')}
const say = (what) => console.log(what)
const log = { info: (_, m) => say('info ' + m), warn: (_, m) => say('warn ' + m), error: (_, m) => say('error ' + m) }
const records = openRecords(${JSON.stringify(where)}, ${JSON.stringify(EDGE)}, log, () => say('problem ' + records.problem()))
let n = 0
const timer = setInterval(() => {
  records.record({ ...${JSON.stringify(entry(0))}, from: 'a' + n++ + '@high.example' })
  if (n >= 300 && records.problem() === undefined) {
    clearInterval(timer)
    records.close()
  }
}, 5)
`,
    )
    // A limit on the size of files is the nearest thing to a full disk; it is lifted from outside.
    const child: ChildProcess = spawn(
      'bash',
      ['-c', 'ulimit -S -f 24; exec "$0" "$1"', process.execPath, program],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
      },
    )
    let said = ''
    child.stdout!.on('data', (octets: Buffer) => {
      said += octets.toString()
    })
    t.teardown(() => child.kill('SIGKILL'))
    t.ok(
      await until(() => /problem records: the log in .* cannot be written \(EFBIG\)/.test(said), 10_000),
      said,
    )
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited'])
    t.ok(await until(() => said.includes('info records are written again\nproblem undefined'), 10_000), said)
    t.ok(await until(() => child.exitCode !== null, 10_000))
    t.same(verifyJournal(where.folder, []).problems, [])
    const from = new Set(linesIn(where.folder).map((line) => line['from']))
    t.same(
      [...Array(300).keys()].filter((n) => !from.has(`a${n}@high.example`)),
      [],
      'each is there',
    )
  },
)

const noMount = process.getuid?.() === 0 ? false : 'only root can mount a small disk'

t.test(
  'an edge whose records cannot be written reads nothing, says so, and goes on by itself',
  { skip: noMount },
  async (t) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', disk])
    t.teardown(() => execFileSync('umount', ['--lazy', disk]))
    const world = await startWorld({ more: { records: { folder: disk, warnFreeMegabytes: 0 } } })
    t.teardown(() => world.close())
    const health = async () =>
      (await (await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)).json()) as {
        missing: string[]
      }
    const raw = await connectOpen(
      world.edge.s2sPort,
      world.ca.certificate,
      await issue(world.ca, { dns: OWN }),
    )
    raw.write(chat('bob@low.example', 'before', essLabel()))
    t.ok(await world.guard.find((xml) => xml.includes('before')))
    world.release(
      '<message xmlns="jabber:server" from="bob@low.example" id="a" to="alice@high.example"></message>',
    )
    t.ok(await until(() => world.answers.length === 1))

    const filler = join(disk, 'filler')
    try {
      writeFileSync(filler, Buffer.alloc(1 << 20))
    } catch {
      // That is the end of the disk.
    }
    // Refused, which is to be recorded, until the page that the records had begun is full.
    for (let i = 0; i < 40; i++) raw.write(chat('bob@low.example', 'refused'))
    t.ok(
      await until(
        () => world.log.some(({ message }) => /^records: the log in .* cannot be written/.test(message)),
        5000,
      ),
    )
    t.match((await health()).missing.join(), /records: .*(ENOSPC|cannot be written)/)
    raw.write(chat('bob@low.example', 'meanwhile', essLabel()))
    world.release(
      '<message xmlns="jabber:server" from="bob@low.example" id="b" to="alice@high.example"></message>',
    )
    t.equal(await world.guard.find((xml) => xml.includes('meanwhile'), 500), undefined, 'nothing is read')
    t.equal(world.answers.length, 1, 'of the guard neither')

    rmSync(filler)
    t.ok(await world.guard.find((xml) => xml.includes('meanwhile'), 10_000), 'it goes on')
    t.ok(await until(() => world.answers.length === 2))
    t.notMatch((await health()).missing.join(), /records/)
    t.ok(await until(() => linesIn(disk).filter(({ reason }) => reason === 'label-missing').length >= 40))
  },
)

t.test('strangers push nothing out: of those turned away few are recorded, the rest counted', (t) => {
  const entries: Entry[] = []
  let now = 1_000_000
  const recorder = createSessionRecorder(
    (one) => entries.push(one),
    () => now,
  )
  for (let i = 0; i < 500; i++) recorder.inboundEnded(undefined, 'no TLS', `192.0.2.1:${i}`)
  t.equal(entries.length, 10)
  now += 1000
  recorder.inboundEnded(undefined, 'no TLS', '192.0.2.1:1')
  t.match(entries.slice(10), [{ type: 'turned-away', more: 490 }, { state: 'refused' }])
  t.end()
})

t.test('a server that stays away is recorded once for each reason', (t) => {
  const entries: Entry[] = []
  const recorder = createSessionRecorder((one) => entries.push(one), Date.now)
  for (const why of ['down', 'down', '', 'down', 'bad certificate'])
    recorder.outbound('low.example', 'high.example', why === '' ? 'connecting' : 'waiting', why, undefined)
  t.match(entries, [
    { type: 'session', state: 'absent', why: 'down' },
    { type: 'session', state: 'absent', why: 'bad certificate' },
  ])
  t.end()
})
