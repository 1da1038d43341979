/** A guard that goes by another bundle without losing a stanza, and one whose bundle is altered or expires while it runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { prepareGuard } from '../../guard/launcher/prepare.ts'
import { STAGES } from '../../guard/launcher/stages.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { armoured, ed25519, signerLine } from '../signature/make.ts'
import { pace } from '../support/pace.ts'
import { benign, released, testBundle } from './bundle.ts'
import { health, makeSite, metric, receive, runGuard, type Site, sendTo, until } from './harness.ts'
import { configOf } from './stage.ts'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')
const { NODE_OPTIONS: _, ...env } = process.env

t.setTimeout(200_000)

async function command(
  ...words: string[]
): Promise<Readonly<{ code: number | null; out: string; err: string }>> {
  const child = spawn(process.execPath, [CLI, 'guard', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, out, err }
}

const records = (site: Site, ...types: string[]): Record<string, unknown>[] =>
  readFileSync(join(site.journal, 'journal-0000000000000001.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .filter(({ type }) => types.includes(type))

/** Puts a bundle into the site, signed where `signers` are given, and has the configuration name it; gives its digest. */
function install(site: Site, name: string, bundle: Bundle, signed = false): string {
  const octets = bundleOctets(bundle)
  const digest = bundleDigest(octets)
  writeFileSync(join(site.directory, `${name}.json`), octets)
  let more = ''
  if (signed) {
    writeFileSync(
      join(site.directory, 'signers'),
      signerLine('author/anna', anna) + signerLine('accreditor/ben', ben),
    )
    writeFileSync(join(site.directory, `${name}.anna.sig`), armoured(anna, octets))
    writeFileSync(join(site.directory, `${name}.ben.sig`), armoured(ben, octets))
    more = `, signers: signers, signatures: [${name}.anna.sig, ${name}.ben.sig]`
  }
  const text = readFileSync(site.config, 'utf8')
  writeFileSync(
    site.config,
    text.replace(/bundle: \{.*\}/, `bundle: { file: ${name}.json, digest: ${digest}${more} }`),
  )
  return digest
}
const anna = ed25519()
const ben = ed25519()

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
    await command('check', '--config', site.config),
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
    const said = await command('reload', '--config', site.config)
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
  const verdicts = records(site, 'verdict')
  t.equal(verdicts.length, load.sent())
  t.same(
    verdicts.filter(({ again }) => again === true),
    [],
    'nothing was judged twice',
  )
  t.same(
    records(site, 'start').map(({ bundle }) => bundle),
    digests,
    'the journal has every bundle',
  )
  t.equal(records(site, 'stop').length, 3)
  t.same(records(site, 'self-test').length, 4)
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
        writeFileSync(
          join(site.directory, 'signed.ben.sig'),
          armoured(ben, bundleOctets({ ...testBundle(), version: 9 })),
        )
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
    if (!port) t.match(await command('reload', '--config', site.config), { code: 1, err: message }, what)
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
  t.match(await command('reload', '--config', nobody), {
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

t.test(
  'a bundle that is altered while it runs: the stages keep theirs, and none starts with the other',
  async (t) => {
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
    const file = join(site.directory, 'bundle.json')
    const octets = readFileSync(file)
    writeFileSync(file, bundleOctets({ ...testBundle(), forms: [] }))
    await near.send(benign('one'))
    await until(() => near.answers.get('0.1') === true, 20_000, guard.said)
    t.match(await command('reload', '--config', site.config), {
      code: 1,
      err: /use the bundle that was approved/,
    })
    process.kill(guard.pids()['verify']!, 'SIGKILL')
    await until(
      () => /"message":"[^"]*bundle\.json: the bundle has the digest/.test(guard.said()),
      20_000,
      guard.said,
    )
    await near.send(benign('two'))
    await delay(500)
    t.equal((await health(site)).status === 200, false, 'nothing moves')
    t.same([...far.payloads.keys()], ['0.1'])
    writeFileSync(file, octets)
    await until(() => near.answers.get('0.2') === true, 30_000, guard.said)
    t.pass('with the approved one it goes on by itself')
  },
)

t.test('a bundle that expires while it runs: nothing moves until its successor is there', async (t) => {
  const site = await makeSite()
  const soon = Math.floor(Date.now() / 1000) + 12
  const first = install(site, 'first', { ...testBundle(), validity: { notAfter: soon } }, true)
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
  await near.send(benign('one'))
  await until(() => near.answers.get('0.1') === true, 20_000, guard.said)
  await until(() => guard.said().includes('the bundle has expired'), 30_000, guard.said)
  await until(async () => (await health(site)).status === 503, 20_000, guard.said)
  await near.send(benign('two'))
  await delay(1500)
  t.same([...far.payloads.keys()], ['0.1'], 'nothing moves')
  t.match(await command('check', '--config', site.config), { code: 1, err: /has expired/ })
  const second = install(site, 'second', { ...testBundle(), version: 2, validity: { replaces: first } }, true)
  t.match(await command('reload', '--config', site.config), {
    code: 0,
    out: `high-to-low: runs with the bundle ${second}\n`,
  })
  await until(() => near.answers.get('0.2') === true, 20_000, guard.said)
  t.same([...far.payloads.keys()], ['0.1', '0.2'], 'what waited crosses')
  t.match(records(site, 'bundle'), [{ bundle: first }, { bundle: second }])
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
