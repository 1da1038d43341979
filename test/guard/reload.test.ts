/** A guard that goes by another bundle or configuration without losing a stanza, and refuses what is wrong. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { prepareGuard } from '../../guard/launcher/prepare.ts'
import { STAGES } from '../../guard/launcher/stages.ts'
import { pace } from '../support/pace.ts'
import { benign, released, testBundle } from './bundle.ts'
import { guardCommand } from './command.ts'
import { health, makeSite, metric, receive, runGuard, sendTo, until } from './harness.ts'
import { install, journalRecords, sign } from './install.ts'
import { configOf } from './stage.ts'

t.setTimeout(200_000)

t.test('under load another bundle, again and again: nothing is lost, doubled or judged twice', async (t) => {
  const site = await makeSite()
  const far = receive(site)
  const guard = runGuard(site)
  t.teardown(async () => {
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  t.match(
    await guardCommand('check', '--config', site.config),
    { code: 0 },
    'a guard that runs is no hindrance to a check',
  )
  const near = sendTo(site)
  const load = pace(300, (i) => near.send(benign(`n${i}`)))
  const digests = [site.digest]
  for (let version = 2; version <= 4; version++) {
    await until(() => far.payloads.size > 300 * (version - 1), 20_000, guard.said)
    digests.push(install(site, `version-${version}`, { ...testBundle(), version }))
    const before = guard.pids()
    const said = await guardCommand('reload', '--config', site.config)
    t.match(said, { code: 0, out: `high-to-low: runs with the bundle ${digests.at(-1)}\n` })
    for (const stage of STAGES) t.not(guard.pids()[stage], before[stage], `${stage} is another process`)
  }
  const crossed = far.payloads.size
  await until(() => far.payloads.size > crossed + 300, 20_000, guard.said)
  await load.stop()
  await until(() => near.answers.size === load.sent(), 60_000, guard.said)
  t.equal(far.payloads.size, load.sent(), 'nothing is lost')
  t.equal(far.order.length, load.sent(), 'nothing came twice')
  for (let i = 1; i <= load.sent(); i++)
    if (far.payloads.get(`0.${i}`) !== released(`n${i}`)) t.fail(`0.${i} is another stanza`)
  const verdicts = journalRecords(site, 'verdict')
  t.equal(verdicts.length, load.sent())
  t.same(
    verdicts.filter(({ again }) => again === true),
    [],
    'nothing was judged twice',
  )
  t.same(
    journalRecords(site, 'start').map(({ bundle }) => bundle),
    digests,
    'the journal has every bundle',
  )
  t.equal(journalRecords(site, 'stop').length, 3)
  t.same(journalRecords(site, 'self-test').length, 4)
  t.equal(
    await metric(site, 'sallyport_guard_starts_again_total{guard="high-to-low"}'),
    0,
    'a reload is no fault',
  )
  t.same(verifyJournal(site.journal, []).problems, [])
  near.producer.close()
})

t.test('while anything is wrong the guard goes on as it is', async (t) => {
  const site = await makeSite()
  const far = receive(site)
  const guard = runGuard(site)
  const near = sendTo(site)
  t.teardown(async () => {
    near.producer.close()
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  const good = readFileSync(site.config, 'utf8')
  const pids = guard.pids()
  const wrong: [string, () => void, RegExp][] = [
    ['an unknown key', () => writeFileSync(site.config, `${good}speed: fast\n`), /unknown key "speed"/],
    ['no YAML', () => writeFileSync(site.config, `${good}  : :\n`), /YAML: /],
    [
      'no file',
      () => writeFileSync(site.config, good.replace('bundle.json', 'none.json')),
      /none\.json cannot be read/,
    ],
    [
      'another digest',
      () => writeFileSync(site.config, good.replace(site.digest, 'f'.repeat(64))),
      /use the bundle that was approved/,
    ],
    [
      'a signature of another bundle',
      () => {
        install(site, 'signed', testBundle(), true)
        sign(site, 'signed.ben.sig', { ...testBundle(), version: 9 })
      },
      /accreditor\/ben signed something else/,
    ],
    [
      'half of the signatures',
      () => writeFileSync(site.config, readFileSync(site.config, 'utf8').replace(', signed.ben.sig', '')),
      /half-signed/,
    ],
    [
      'an expired bundle',
      () => {
        writeFileSync(site.config, good)
        install(site, 'old', { ...testBundle(), validity: { notAfter: 1_000_000_000 } }, true)
      },
      /has expired/,
    ],
    [
      'a port of another host',
      () => writeFileSync(site.config, good.replace(/listen: 127.0.0.1/, 'listen: 192.0.2.1')),
      /EADDRNOTAVAIL/,
    ],
  ]
  for (const [i, [what, change, message]] of wrong.entries()) {
    change()
    const port = what.includes('port')
    if (!port) t.match(await guardCommand('reload', '--config', site.config), { code: 1, err: message }, what)
    const said = guard.said().length
    guard.process.kill('SIGHUP')
    await until(
      () => guard.said().slice(said).includes('reload refused, the guard goes on as it is'),
      20_000,
      guard.said,
    )
    t.match(guard.said().slice(said).replaceAll('\\"', '"'), message, what)
    t.same(guard.pids(), pids, `${what}: no stage was touched`)
    await near.send(benign(what))
    await until(() => near.answers.get(`0.${i + 1}`) === true, 20_000, guard.said)
  }
  writeFileSync(site.config, good)
  const nobody = join(site.directory, 'nobody.yaml')
  writeFileSync(nobody, good)
  t.match(await guardCommand('reload', '--config', nobody), {
    code: 1,
    err: /no "sallyport guard run" has .*nobody\.yaml: start it/,
  })
})

t.test('what is not settled in time is sent again', async (t) => {
  const site = await makeSite()
  const held: (() => void)[] = []
  let answering = false
  const far = receive(site, (number, connection) => {
    if (answering) connection.answer(number, true)
    else held.push(() => connection.answer(number, true))
  })
  const guard = runGuard(site)
  const near = sendTo(site)
  t.teardown(async () => {
    near.producer.close()
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  for (let i = 1; i <= 20; i++) await near.send(benign(`n${i}`))
  await until(() => held.length === 20, 20_000, guard.said)
  guard.process.kill('SIGHUP')
  await until(() => guard.said().includes('20 stanzas are on their way'), 20_000, guard.said)
  for (let i = 21; i <= 30; i++) await near.send(benign(`n${i}`))
  await delay(500)
  t.equal(far.payloads.size, 20, 'nothing more is taken')
  answering = true
  await until(() => guard.said().includes('was not settled in 5 s'), 20_000, guard.said)
  await until(() => near.answers.size === 30, 30_000, guard.said)
  t.equal(far.payloads.size, 30)
  t.same(far.changed, [])
})

t.test('units: SIGHUP to intake settles what is on its way, and ends the direction', async (t) => {
  const site = await makeSite()
  const held: (() => void)[] = []
  const far = receive(site, (number, connection) => held.push(() => connection.answer(number, true)))
  const near = sendTo(site)
  const directory = join(site.directory, 'run')
  prepareGuard({ config: await configOf(site), directory })
  const stages = new Map<string, ChildProcess>(
    STAGES.map((stage) => [stage, spawn('sh', [join(directory, `${stage}.sh`)], { stdio: 'ignore' })]),
  )
  const ended = Promise.all([...stages.values()].map((stage) => once(stage, 'exit')))
  await until(async () => (await health(site)).status === 200, 20_000)
  for (let i = 1; i <= 5; i++) await near.send(benign(`n${i}`))
  await until(() => held.length === 5)
  const intake = stages.get('intake')!
  intake.kill('SIGHUP')
  await delay(300)
  await near.send(benign('n6'))
  await delay(300)
  t.equal(intake.exitCode, null, 'it waits')
  for (const answer of held) answer()
  await ended
  t.equal(intake.exitCode, 0, 'it ended without a fault, and all with it')
  t.equal(near.answers.size, 5, 'what was on its way is settled')
  t.equal(far.payloads.size, 5, 'and nothing more was taken')
  near.producer.close()
  far.close()
  site.remove()
})
