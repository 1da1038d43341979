/** A witness and exports as real processes: what it holds, whom it listens to, and what it is configured with. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { signCheckpoint } from '../../guard/journal/checkpoint.ts'
import { segmentName } from '../../guard/journal/files.ts'
import { type Head, NO_HEAD } from '../../guard/journal/line.ts'
import { makeSigningKey, verdicts, writeJournal } from '../export/site.ts'
import { until } from '../guard/harness.ts'
import { command, found, GUARDS, held, holds, known, lines, scene, sender, show, witness } from './scene.ts'

t.setTimeout(110_000)

t.test('two guards at once, through restarts of every part, and heads that verify', async (t) => {
  const here = await scene(t)
  const journals = await Promise.all(GUARDS.map((name) => writeJournal(join(here.folder.path, name))))
  let seeing = witness(t, here)
  const exporters = GUARDS.map((name) => show(t, here, name, name))
  for (let round = 1; round <= 4; round++) {
    for (const journal of journals) await journal.put(...verdicts(70 + round, 100 * round))
    if (round === 2) {
      await seeing.kill()
      seeing = witness(t, here)
    }
    if (round === 3) {
      await exporters[0]!.kill()
      exporters[0] = show(t, here, GUARDS[0], GUARDS[0])
    }
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
  const said = () => seeing.said() + exporters.map((one) => one.said()).join('')
  for (const [i, name] of GUARDS.entries()) {
    await holds(here, name, journals[i]!, said)
    t.match(known(here, name), { signed: journals[i]!.head(), begins: 1, incidents: [], more: 0 })
  }
  const page = async (path: string) => (await fetch(`http://127.0.0.1:${here.page}${path}`)).text()
  t.match(await page('/healthz'), /^ready\n$/)
  t.match(
    await page('/metrics'),
    new RegExp(`^sallyport_witness_record\\{guard="low-to-high"\\} ${journals[1]!.head().seq}$`, 'm'),
  )
  const pub = join(here.folder.path, 'sign.key.pub')
  const heads = await command('witness', 'show', here.state, '--key', pub)
  t.equal(heads.status, 0, heads.said)
  const line = heads.said.split('\n').find((one) => one.startsWith('high-to-low '))!
  t.match(line, /^high-to-low [0-9]+:[0-9a-f]{64} signed \S+, records from 1 on, signature good$/)
  const head = line.split(' ')[1]!
  t.match(await command('verify', join(here.folder.path, 'high-to-low'), '--head', head), { status: 0 })
  const other = heads.said
    .split('\n')
    .find((one) => one.startsWith('low-to-high '))!
    .split(' ')[1]!
  t.match(await command('verify', join(here.folder.path, 'high-to-low'), '--head', other), { status: 1 })
  // What the exporter keeps on the guard's host.
  const file = join(here.folder.path, 'state-high-to-low', 'witness.json')
  await until(() => readFileSync(file, 'utf8').includes(journals[0]!.head().chain), 10_000)
  t.match(await command('witness', 'show', file, '--key', pub), {
    status: 0,
    said: /^high-to-low [0-9]+:.*signature good$/m,
  })
  t.match(await command('witness', 'show', file, '--key', join(here.folder.path, 'checkpoints.key.pub')), {
    status: 1,
    said: /SIGNATURE NOT OF THIS KEY/,
  })
  writeFileSync(file, readFileSync(file, 'utf8').replace('high-to-low', 'low-to-high'))
  t.match(await command('witness', 'show', file, '--key', pub), { status: 1 }, 'a head of another guard')
  t.match(await command('witness', 'show', file, '--key', join(here.folder.path, 'sign.key')), {
    status: 2,
    said: /PUBLIC|public/,
  })
  for (const running of [...exporters, seeing]) t.equal(await running.stop(), 0, running.said())
})

t.test('checkpoints', async (t) => {
  const here = await scene(t)
  const other = makeSigningKey(join(here.folder.path, 'other.key'))
  const seeing = witness(t, here)
  await until(() => seeing.said().includes('listens on'), 20_000, seeing.said)
  const start = lines(NO_HEAD, verdicts(3))
  const time = new Date().toISOString()
  const wrong: [string, (head: Head) => object][] = [
    ['of another key', (head) => signCheckpoint(other, 'high-to-low', head, time)],
    ['of another guard', (head) => signCheckpoint(here.key, 'low-to-high', head, time)],
    [
      'of another place',
      (head) => signCheckpoint(here.key, 'high-to-low', { ...head, seq: head.seq - 1 }, time),
    ],
    [
      'of another chain',
      (head) => signCheckpoint(here.key, 'high-to-low', { ...head, chain: '1'.repeat(64) }, time),
    ],
    ['without signature', () => ({ time })],
    [
      'with a later time',
      (head) => ({
        ...signCheckpoint(here.key, 'high-to-low', head, time),
        time: '2030-01-01T00:00:00.000Z',
      }),
    ],
  ]
  for (const [what, make] of wrong) {
    const one = sender(here, 'high-to-low')
    await until(() => one.messages.length > 0, 20_000, seeing.said)
    const at = (one.messages[0] as { head: Head }).head
    one.send({ kind: 'begin', head: at })
    if (at.seq === 0) for (const line of start.lines) one.send({ kind: 'record', line })
    one.send({
      kind: 'record',
      line: lines(start.head, [{ type: 'checkpoint', ...make(start.head) }]).lines[0]!,
    })
    await one.ended
    t.match(one.messages.at(-1), { kind: 'refused', finding: 'checkpoint' }, what)
  }
  await until(() => found(here, 'high-to-low').length === 1, 10_000, seeing.said)
  t.same(found(here, 'high-to-low'), ['checkpoint 4 3'])
  t.match(seeing.said(), /ALARM: the checkpoint in record 4 is not signed by the key of this guard/)
  const one = sender(here, 'high-to-low')
  await until(() => one.messages.length > 0, 20_000)
  one.send({ kind: 'begin', head: start.head })
  const good = { type: 'checkpoint', ...signCheckpoint(here.key, 'high-to-low', start.head, time) }
  one.send({ kind: 'record', line: lines(start.head, [good]).lines[0]! })
  await until(() => held(here, 'high-to-low') === 4, 10_000, seeing.said)
  t.equal(known(here, 'high-to-low')!.checkpoint, 3)
  one.socket.destroy()
  await seeing.stop()
})

t.test('only a configured guard is listened to', async (t) => {
  const here = await scene(t)
  const seeing = witness(t, here)
  await until(() => seeing.said().includes('listens on'), 20_000, seeing.said)
  for (const [end, why] of [
    [
      'stranger',
      /for stranger\.example, not for high-to-low\.export\.example or low-to-high\.export\.example/,
    ],
    ['both', /its certificate is for 2 guards: each exporter needs its own/],
    ['expired', /the peer's certificate, or its CA, expired/],
  ] as const) {
    const one = sender(here, end)
    await one.ended
    t.same(one.messages, [], end)
    await until(() => why.test(seeing.said()), 10_000, seeing.said)
  }
  const page = await (await fetch(`http://127.0.0.1:${here.page}/metrics`)).text()
  t.match(page, /^sallyport_witness_turned_away_total 3$/m)
  await seeing.stop()
})

t.test('a journal that begins later is taken from there, and that is told', async (t) => {
  const here = await scene(t)
  const journal = await writeJournal(join(here.folder.path, 'journal'))
  await journal.put(...verdicts(150))
  rmSync(join(journal.directory, segmentName(1)))
  const seeing = witness(t, here)
  const running = show(t, here, 'high-to-low', 'journal')
  await holds(here, 'high-to-low', journal, () => seeing.said() + running.said())
  t.equal(known(here, 'high-to-low')!.begins, 101)
  t.match(
    seeing.said(),
    /its journal begins with record 101: whether there were earlier ones is not known here/,
  )
  t.match(await command('witness', 'show', here.state), { status: 0, said: /records from 101 on/ })
  await running.stop()
  await seeing.stop()
})

t.test('the configuration, and a state that is not what it was', async (t) => {
  const here = await scene(t)
  const good = JSON.parse(readFileSync(here.config, 'utf8'))
  const check = (config: object) =>
    command('witness', 'check', '--config', here.folder.write('changed.yaml', config))
  t.match(await check(good), { status: 0, said: /the witness of 2 guards can start/ })
  const [one, two] = good.guards
  const cases: [object, RegExp][] = [
    [{ ...good, gards: [] }, /unknown key "gards" in a witness of journals/],
    [{ ...good, guards: [] }, /the guards whose journals are witnessed is empty/],
    [{ ...good, guards: [one, { ...two, name: one.name }] }, /there are two guards high-to-low/],
    [
      { ...good, guards: [one, { ...two, peer: one.peer }] },
      /is the peer of two guards: give each its own certificate/,
    ],
    [{ ...good, guards: [{ ...one, name: '../x' }] }, /"\.\.\/x" is not the name of the guard/],
    [
      { ...good, guards: [{ ...one, checkpoints: 'checkpoints.key' }] },
      /is not an Ed25519 public key in PEM/,
    ],
    [{ ...good, sign: 'sign.key.pub' }, /is not an Ed25519 private key in PEM/],
    [{ ...good, sign: 'witness.key' }, /is not an Ed25519 private key in PEM/],
    [{ ...good, listen: '127.0.0.1:70000' }, /70000 is not HOST:PORT/],
  ]
  for (const [config, line] of cases) t.match(await check(config), { status: 1, said: line })
  const seeing = witness(t, here)
  await until(() => seeing.said().includes('listens on'), 20_000, seeing.said)
  t.match(await check(good), { status: 1, said: /the port is in use/ })
  await seeing.stop()
  for (const text of [
    '',
    '{}',
    'null',
    '{"signed":{"seq":1},"begins":1,"checkpoint":0,"incidents":[],"more":0}',
    '{"begins":1,"checkpoint":0,"incidents":[{}],"more":0}',
  ]) {
    writeFileSync(join(here.state, 'high-to-low.json'), text)
    t.match(
      await check(good),
      { status: 1, said: /high-to-low\.json does not hold what a witness writes: keep it as evidence/ },
      text,
    )
    const running = witness(t, here)
    t.equal(await running.exit, 1, 'it does not begin anew by itself')
  }
})
