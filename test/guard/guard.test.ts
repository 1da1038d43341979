import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { loadGuardConfig } from '../../cli/guard-config.ts'
import { encodeRequest, PREAMBLE } from '../../guard/gcxp/index.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { PIPES, STAGES } from '../../guard/launcher/stages.ts'
import { describeProcess, processFacts } from '../support/processes.ts'
import { benign, released, unlabelled } from './bundle.ts'
import { freePorts, get, health, makeSite, metric, receive, runGuard, sendTo, until } from './harness.ts'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')
const LABELS = '{guard="high-to-low"}'

const site = await makeSite({
  more: {
    stranger: { dns: ['edge.other.example'] },
    expired: { dns: ['edge.high.example'], period: 'expired' },
  },
})
let answering = true
let held: (() => void)[] = []
const far = receive(site, (number, connection) => {
  const answer = () => connection.answer(number, true)
  if (answering) answer()
  else held.push(answer)
})
const guard = runGuard(site)
t.teardown(async () => {
  far.close()
  if (guard.process.exitCode === null) await guard.stop()
  site.remove()
})
await guard.ready()

/** Records of the journal so far. */
const journal = (): Record<string, unknown>[] =>
  readFileSync(join(site.journal, 'journal-0000000000000001.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

t.test('each stage is a process of its own, with its own flags and one-way pipes', (t) => {
  const pids = guard.pids()
  t.same(Object.keys(pids).sort(), [...STAGES].sort())
  t.equal(new Set(Object.values(pids)).size, STAGES.length, 'no two stages share a process')
  const pipes = new Map<string, string[]>()
  for (const stage of STAGES) {
    const facts = processFacts(pids[stage]!)
    t.comment(describeProcess(stage, facts))
    t.equal(facts.parent, guard.process.pid)
    t.match(facts.program, new RegExp(`guard/${stage}/main\\.ts$`))
    t.same(facts.environment, [], `${stage}: no environment, so no NODE_OPTIONS`)
    for (const flag of [
      '--permission',
      '--no-experimental-sqlite',
      '--disable-sigusr1',
      '--disallow-code-generation-from-strings',
    ]) {
      t.ok(facts.flags.includes(flag), `${stage}: ${flag}`)
    }
    t.equal(
      facts.flags.includes('--allow-net'),
      ['intake', 'release', 'metrics'].includes(stage),
      `${stage}: network`,
    )
    t.equal(
      facts.flags.some((flag) => flag.startsWith('--allow-fs-write')),
      stage === 'journal',
      `${stage}: writing`,
    )
    t.notOk(
      facts.flags.some((flag) => /--allow-(child|worker|addons|wasi|ffi|inspector)/.test(flag)),
      `${stage}: no more`,
    )
    const own = PIPES.flatMap(({ writer, reader }) => [
      ...(writer.stage === stage ? [`${writer.fd} write`] : []),
      ...(reader.stage === stage ? [`${reader.fd} read`] : []),
    ])
    const fifos = facts.descriptors.filter(({ fd, kind }) => kind === 'fifo' && fd >= 3)
    // The event loop has pipes of its own to wake itself; only those with a name in a directory are ours.
    const named = fifos.filter(({ target }) => target.endsWith(' (deleted)'))
    t.same(named.map(({ fd, way }) => `${fd} ${way}`).sort(), own.sort(), `${stage}: descriptors`)
    for (const { target, way } of named) pipes.set(target, [...(pipes.get(target) ?? []), `${stage} ${way}`])
    const sockets = facts.descriptors.filter(({ fd, kind }) => fd > 2 && kind === 'socket').length
    t.equal(sockets > 0, ['intake', 'release', 'metrics'].includes(stage), `${stage}: ${sockets} sockets`)
    const files = facts.descriptors.filter(({ kind, way }) => kind === 'file' && way !== 'read')
    t.equal(files.length, stage === 'journal' ? 1 : 0, `${stage}: files open for writing`)
  }
  t.equal(pipes.size, PIPES.length)
  for (const [target, ends] of pipes) t.equal(ends.length, 2, `${target}: one writer, one reader`)
  t.end()
})

t.test('the stages end with their launcher, however it ends', async (t) => {
  const site = await makeSite()
  const guard = runGuard(site)
  t.teardown(site.remove)
  await until(() => guard.said().includes('listens on'), 20_000, guard.said)
  const pids = Object.values(guard.pids())
  t.equal(pids.length, 6)
  guard.process.kill('SIGKILL')
  await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)))
  const next = runGuard(site)
  await until(() => next.said().includes('listens on'), 20_000, next.said)
  t.pass('another one finds ports and journal free')
  t.equal(await next.stop(), 0)
})

t.test('what both verifiers accept crosses; what they refuse does not, and both are on record', async (t) => {
  const near = sendTo(site)
  await near.send(benign('one'))
  await near.send(unlabelled('two'))
  await near.send(benign('three &amp; four'))
  await near.send(Buffer.from([0xff, 0xfe, 0x00]))
  await near.send('not XML')
  await near.send(benign('six'))
  await until(() => near.answers.size === 6)
  t.same([...near.answers.values()], [true, false, true, false, false, true])
  t.same(far.order, ['0.1', '0.3', '0.6'])
  t.equal(far.payloads.get('0.3'), released('three &amp; four'))
  const verdicts = journal().filter(({ type }) => type === 'verdict')
  t.match(
    verdicts.map(({ number, outcome, row }) => ({ number, outcome, row })),
    [
      { number: '0.1', outcome: 'released', row: 'secret' },
      { number: '0.2', outcome: 'refused', row: undefined },
      { number: '0.3', outcome: 'released' },
      { number: '0.4', outcome: 'refused' },
      { number: '0.5', outcome: 'refused' },
      { number: '0.6', outcome: 'released' },
    ],
  )
  t.match(verdicts[0], {
    direction: 'high-to-low',
    peer: 'edge.high.example',
    from: 'alice@high.example/desk',
    to: 'bob@low.example',
    form: 'chat',
    size: Buffer.byteLength(released('one')),
    input: /^[0-9a-f]{64}$/,
    output: /^[0-9a-f]{64}$/,
    inspect: { verdict: 'accepted', row: 0 },
    verify: { verdict: 'accepted', row: 0 },
    label: 'HIGH SECRET',
    releasedLabel: 'LOW SECRET',
    bundle: site.digest,
  })
  t.match(verdicts[1], {
    inspect: { verdict: 'refused', reason: 'label-missing' },
    verify: { reason: 'label-missing' },
  })
  t.match(verdicts[3], { inspect: { reason: 'not-utf8' }, verify: { verdict: 'refused' } })
  const all = readFileSync(join(site.journal, 'journal-0000000000000001.jsonl'), 'utf8')
  for (const body of ['one', 'three', 'six']) t.notMatch(all, body, 'no body in the journal')
  await until(async () => (await metric(site, `sallyport_guard_confirmed_total${LABELS}`)) === 3)
  await until(async () => (await metric(site, `sallyport_guard_received_total${LABELS}`)) === 6)
  t.equal(await metric(site, 'sallyport_guard_refused_total{guard="high-to-low",reason="label-missing"}'), 1)
  t.equal(await metric(site, 'sallyport_guard_refused_total{guard="high-to-low",reason="not-utf8"}'), 1)
  t.equal(await metric(site, `sallyport_guard_disagreements_total${LABELS}`), 0)
  await until(async () => (await metric(site, `sallyport_guard_latency_seconds_count${LABELS}`)) === 6)
  const { text } = await get(site, '/metrics')
  t.notMatch(text, /example/, 'no address in the metrics')
  near.producer.close()
})

t.test('the journal remembers which numbers may come', async (t) => {
  const wrong: [string, number, number, RegExp][] = [
    ['a gap', 0, 8, /0\.8 begins a connection, outside \(0\.6 - 1024, 0\.6 \+ 1\]/],
    ['the middle of another generation', 1, 2, /begins a generation in its middle/],
    ['no number', 0, 0, /a number that no stanza has/],
  ]
  for (const [what, generation, count, why] of wrong) {
    const said = guard.said().length
    const near = sendTo(site)
    near.producer.send({ generation, count }, Buffer.from(benign('x')))
    await until(
      () => why.test(guard.said().slice(said)),
      5000,
      () => guard.said().slice(said),
    )
    near.producer.close()
    t.pass(what)
  }
  // Its answer was lost with the connection: it must be had again, or the sending edge never gets any further.
  const again = sendTo(site)
  again.producer.send({ generation: 0, count: 6 }, Buffer.from(benign('six')))
  await until(() => again.answers.get('0.6') === true)
  again.producer.close()
  const said = guard.said().length
  const near = sendTo(site)
  near.producer.send({ generation: 0, count: 7 }, Buffer.from(benign('seven')))
  await until(() => near.answers.get('0.7') === true)
  near.producer.send({ generation: 0, count: 9 }, Buffer.from(benign('nine')))
  await until(() => guard.said().slice(said).includes('number 0.9 behind 0.7'))
  near.producer.close()
  const next = sendTo(site)
  next.producer.send({ generation: 1, count: 1 }, Buffer.from(benign('a new spool')))
  await until(() => next.answers.get('1.1') === true)
  next.producer.close()
  t.notOk(far.order.includes('0.9') || far.order.includes('0.8'))
  t.same(far.order.slice(3), ['0.6', '0.7', '1.1'], 'what came again goes on, under its number')
})

t.test('a refusal does not overtake what is before it', async (t) => {
  answering = false
  const near = sendTo(site)
  const send = (count: number, stanza: string) =>
    near.producer.send({ generation: 1, count }, Buffer.from(stanza))
  send(2, benign('held'))
  send(3, unlabelled('refused'))
  send(4, benign('held too'))
  await until(() => held.length === 2)
  await delay(100)
  t.equal(near.answers.size, 0)
  held[0]!()
  await until(() => near.answers.size === 2)
  await delay(50)
  t.same(
    [...near.answers],
    [
      ['1.2', true],
      ['1.3', false],
    ],
  )
  answering = true
  held[1]!()
  held = []
  await until(() => near.answers.size === 3)
  near.producer.close()
})

t.test('strangers, garbage and a frame that is too big leave the guard as it was', async (t) => {
  const turnedAway = (await metric(site, `sallyport_guard_turned_away_total${LABELS}`))!
  const pids = guard.pids()
  for (const name of ['stranger', 'expired', 'low']) {
    const near = sendTo(site, name)
    near.producer.send({ generation: 1, count: 5 }, Buffer.from(benign('evil')))
    await until(() => near.states.length > 0)
    near.producer.close()
  }
  const { certificate, key, ca } = site.credentials('high')
  const raw = async (octets: Uint8Array) => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: site.port.intake,
      servername: 'guard.example',
      cert: certificate,
      key,
      ca,
    })
    socket.on('error', () => {})
    const gone = new Promise((resolve) => socket.resume().on('close', resolve))
    socket.write(octets)
    await gone
  }
  await raw(Buffer.from('<stream:stream>'))
  await raw(Buffer.concat([PREAMBLE, Buffer.alloc(1000, 0xa5)]))
  await raw(Buffer.concat([PREAMBLE, encodeRequest(Buffer.alloc(8), Buffer.alloc(17_000, 'x'))]))
  await raw(Buffer.concat([PREAMBLE, Buffer.from('d8185affffffff', 'hex')]))
  await until(
    async () => (await metric(site, `sallyport_guard_turned_away_total${LABELS}`))! >= turnedAway + 3,
  )
  const near = sendTo(site)
  near.producer.send({ generation: 1, count: 5 }, Buffer.from(benign('good')))
  await until(() => near.answers.get('1.5') === true)
  near.producer.close()
  t.equal(far.payloads.get('1.5'), released('good'))
  t.same(guard.pids(), pids, 'no stage was started again')
  t.match(guard.said(), /certificate is for edge\.other\.example, not for edge\.high\.example/)
  t.match(guard.said(), /the peer's certificate, or its CA, expired: have it renewed/)
})

t.test('a consumer that stalls holds the producer back, in bounded memory', async (t) => {
  answering = false
  const near = sendTo(site, 'high', 1)
  const memory = () =>
    Object.values(guard.pids()).reduce((sum, pid) => {
      const kilobytes = Number(/^VmRSS:\s+([0-9]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1])
      return sum + kilobytes / 1024
    }, 0)
  const before = memory()
  const big = benign('x'.repeat(4000))
  let sent = 0
  // A raw producer that ignores the window: everything that the guard would take.
  const { certificate, key, ca } = site.credentials('high')
  const socket = connectTls({
    host: '127.0.0.1',
    port: site.port.intake,
    servername: 'guard.example',
    cert: certificate,
    key,
    ca,
  })
  near.producer.close()
  let answers = 0
  socket.on('data', (chunk) => {
    answers += chunk.length
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  socket.write(PREAMBLE)
  const end = performance.now() + 1500
  while (performance.now() < end && sent < 20_000) {
    const id = Buffer.alloc(8)
    id.writeUInt16BE(1, 0)
    id.writeUInt32BE(6 + sent, 4)
    sent++
    if (!socket.write(encodeRequest(id, Buffer.from(big)))) {
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), delay(200)])
      if (socket.writableLength > 8e6) break
    }
  }
  await until(
    () => held.length >= 1000,
    10_000,
    () => `${held.length} of ${sent}, ${guard.said()}`,
  )
  await delay(300)
  t.ok(sent > 1100, `${sent} stanzas were offered`)
  t.equal(held.length, 1024, 'the window is all that was taken')
  const grown = memory() - before
  t.comment(
    `six stages: ${Math.round(before)} MB before, ${Math.round(grown)} MB more with a full window of 4 kB stanzas`,
  )
  t.ok(grown < 200, `${Math.round(grown)} MB more`)
  answering = true
  for (const answer of held.splice(0)) answer()
  await until(() => answers >= 15 * Math.min(sent - 10, 1500), 15_000)
  t.pass('and it goes on when the consumer does')
  socket.destroy()
})

t.test('a second journal on the same directory is refused', async (t) => {
  const second = join(site.directory, 'second.yaml')
  const text = readFileSync(site.config, 'utf8')
  const [intake, metrics] = await freePorts(2)
  writeFileSync(
    second,
    text.replace(`:${site.port.intake}`, `:${intake}`).replace(`:${site.port.metrics}`, `:${metrics}`),
  )
  const records = journal().length
  const other = runGuard({ ...site, config: second })
  await until(() => other.said().includes('in use by another guard'), 20_000, other.said)
  await other.stop()
  t.same(
    journal()
      .slice(records)
      .filter(({ type }) => type === 'start' || type === 'segment'),
    [],
    'it wrote nothing',
  )
})

t.test('health says why, in one line', async (t) => {
  await until(async () => (await health(site)).text !== 'ready\n')
  t.match(await health(site), {
    status: 200,
    text: /^ready; no producer is connected: GCXP on 127\.0\.0\.1:[0-9]+ \(edge\.high\.example\): the (peer closed the )?connection/,
  })
  t.equal((await get(site, '/')).status, 404)
  const { text } = await get(site, '/metrics')
  t.match(text, /^sallyport_guard_ready\{guard="high-to-low"\} 1$/m)
  t.match(
    text,
    new RegExp(`^sallyport_guard_bundle_info\\{guard="high-to-low",digest="${site.digest}"\\} 1$`, 'm'),
  )
  t.match(text, /^sallyport_guard_certificate_days_left\{guard="high-to-low",stage="intake"\} 29\.9/m)
  far.close()
  await until(async () => (await health(site)).status === 503)
  t.match(await health(site), {
    status: 503,
    text: /^release is not connected to its consumer: GCXP to 127\.0\.0\.1:[0-9]+ \(edge\.low\.example\): (nobody|the peer).*\n$/,
  })
  t.match(guard.said(), /GCXP to 127\.0\.0\.1:[0-9]+ \(edge\.low\.example\): (nobody listens there|the peer)/)
})

t.test('the head that metrics show is the head of the journal', async (t) => {
  await delay(1100)
  const seq = await metric(site, `sallyport_guard_journal_records${LABELS}`)
  const prefix = await metric(site, `sallyport_guard_journal_head_prefix${LABELS}`)
  const chain = prefix!.toString(16).padStart(12, '0')
  t.same(verifyJournal(site.journal, [{ seq: seq!, chain, from: 'metrics' }]).problems, [])
  t.ok(seq! > 20)
})

t.test('it stops cleanly', async (t) => {
  const pids = Object.values(guard.pids())
  t.equal(await guard.stop(), 0)
  for (const pid of pids) t.throws(() => process.kill(pid, 0), 'no stage is left')
  t.same(verifyJournal(site.journal, []).problems, [])
  t.equal(journal().at(-1)?.['type'], 'stop')
  t.same(verifyJournal(site.journal, []).notes, [])
})

t.test('a configuration that cannot work is refused before anything starts', async (t) => {
  const good = readFileSync(site.config, 'utf8')
  const bad: [string, (text: string) => string, RegExp][] = [
    [
      'an unknown key',
      (text) => `${text}speed: fast\n`,
      /guard\.yaml:[0-9]+:1: unknown key "speed" in the guard of one direction; known are name, /,
    ],
    [
      'a missing key',
      (text) => text.replace('  peer: edge.low.example\n', ''),
      /:10:3: "peer" is missing in the consumer .*add it: the DNS name/,
    ],
    [
      'a bad value',
      (text) => text.replace('jit: true', 'jit: maybe'),
      /:17:6: "maybe" is not true, or false/,
    ],
    ['bad YAML', (text) => `${text}  : :\n`, /YAML: /],
    ['an alias', (text) => text.replace('name: high-to-low', 'name: *x'), /YAML: /],
    [
      'no bundle',
      (text) => text.replace('bundle.json', 'nothing.json'),
      /nothing\.json cannot be read \(ENOENT\)/,
    ],
    [
      'another bundle',
      (text) => text.replace(site.digest, 'f'.repeat(64)),
      /the configuration demands ffff.*use the bundle that was approved/,
    ],
    [
      'a missing certificate',
      (text) => text.replace('guard.pem', 'none.pem'),
      /none\.pem: cannot be read \(ENOENT\)/,
    ],
    [
      'an expired certificate',
      (text) => text.replace('guard.pem', 'expired.pem').replace('guard.key', 'expired.key'),
      /expired\.pem: expired on .*: have it renewed/,
    ],
    [
      'a key of another certificate',
      (text) => text.replace('guard.key', 'low.key'),
      /low\.key: is not the key of .*guard\.pem/,
    ],
    [
      'no certificate in the file',
      (text) => text.replace('guard.pem', 'guard.yaml'),
      /holds no PEM certificate/,
    ],
    [
      'no journal directory',
      (text) => text.replace('directory: journal', 'directory: nowhere'),
      /nowhere cannot be written \(ENOENT\): make the directory/,
    ],
    [
      'a changed journal',
      (text) => text.replace('directory: journal', 'directory: changed'),
      /changed: journal-[0-9]+\.jsonl: record 1 does not chain .*: run "sallyport journal verify", keep the directory as evidence/,
    ],
    [
      'no digest key',
      (text) => text.replace('digest.key', 'bundle.json'),
      /is not 64 small hexadecimal digits/,
    ],
    [
      'a bad address',
      (text) => text.replace(/listen: 127.0.0.1:[0-9]+/, 'listen: 127.0.0.1'),
      /"127.0.0.1" is not HOST:PORT/,
    ],
    [
      'an address of another host',
      (text) => text.replace(/listen: 127.0.0.1/, 'listen: 192.0.2.1'),
      /192\.0\.2\.1:[0-9]+: cannot be opened \(EADDRNOTAVAIL\)/,
    ],
  ]
  const config = join(site.directory, 'bad.yaml')
  cpSync(site.journal, join(site.directory, 'changed'), { recursive: true })
  const segment = join(site.directory, 'changed', 'journal-0000000000000001.jsonl')
  writeFileSync(segment, readFileSync(segment, 'utf8').replace('"time":"2', '"time":"1'))
  const run = (...args: string[]) => {
    const { NODE_OPTIONS: _, ...env } = process.env
    return spawnSync(process.execPath, [CLI, 'guard', ...args], { encoding: 'utf8', env, timeout: 20_000 })
  }
  for (const [what, change, message] of bad) {
    writeFileSync(config, change(good))
    const read = await loadGuardConfig(config, Date.now())
    const problems = 'problems' in read ? read.problems : []
    t.equal(problems.length, 1, what)
    t.match(problems[0]?.replaceAll('bad.yaml', 'guard.yaml'), message, what)
  }
  const refusedRun = run('run', '--config', config)
  t.match(refusedRun, { status: 1, stdout: '', stderr: /cannot be opened \(EADDRNOTAVAIL\)/ })
  t.notMatch(refusedRun.stderr, /\n {4}at /, 'no stack')
  const blocker = createServer().listen(site.port.intake, '127.0.0.1')
  await new Promise((resolve) => blocker.once('listening', resolve))
  const busy = run('check', '--config', site.config)
  t.match(busy, {
    status: 1,
    stderr: /guard\.yaml:4:11: 127\.0\.0\.1:[0-9]+: the port is in use: stop the other program/,
  })
  blocker.close()
  t.match(run('check', '--config', site.config), { status: 0, stdout: /the guard high-to-low can start/ })
  t.match(run('check', '--config', join(site.directory, 'no.yaml')), {
    status: 1,
    stderr: /no\.yaml: cannot be read \(ENOENT\)/,
  })
  t.match(run('check'), { status: 2, stderr: /^sallyport guard: --config FILE is missing/ })
  t.match(run('run', '--config', site.config, '--fast'), { status: 2, stderr: /--fast/ })
})
