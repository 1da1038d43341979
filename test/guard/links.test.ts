/** Whole guards on other links: a producer of another make, no answers on either side, certificates that end on the way. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { encodeRequest, formatNumber, PREAMBLE } from '../../guard/gcxp/index.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { prepareGuard } from '../../guard/launcher/prepare.ts'
import { pipesOf } from '../../guard/launcher/stages.ts'
import { processFacts } from '../support/processes.ts'
import { benign, released, unlabelled } from './bundle.ts'
import {
  health,
  makeSite,
  metric,
  type RunningGuard,
  receive,
  runGuard,
  type Site,
  sendTo,
  until,
} from './harness.ts'
import { connectRaw, numbered } from './raw.ts'
import { configOf } from './stage.ts'

const LABELS = '{guard="high-to-low"}'

async function run(
  t: Test,
  options: Parameters<typeof makeSite>[0],
): Promise<{ site: Site; guard: RunningGuard }> {
  const site = await makeSite(options)
  const guard = runGuard(site)
  t.teardown(async () => {
    if (guard.process.exitCode === null) await guard.stop()
    site.remove()
  })
  return { site, guard }
}

const verdicts = (site: Site): Record<string, unknown>[] =>
  readFileSync(join(site.journal, 'journal-0000000000000001.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'verdict')

t.test(
  'a foreign producer: its ids come back, and go nowhere else; numbers go on over a restart',
  async (t) => {
    const { site, guard } = await run(t, { intake: 'numbering: foreign' })
    const far = receive(site)
    t.teardown(far.close)
    await guard.ready()
    const ask = (id: string, stanza: string) => encodeRequest(Buffer.from(id), Buffer.from(stanza))
    const hex = (id: string) => Buffer.from(id).toString('hex')
    let near = await connectRaw(site.port.intake, site.credentials('high'))
    near.write(ask('HUSHED-1', benign('one')))
    near.write(ask('HUSHED-2', unlabelled('two')))
    near.write(ask('S', benign('three')))
    await until(() => near.answers.length === 3)
    t.same(near.answers, [`${hex('HUSHED-1')} true`, `${hex('HUSHED-2')} false`, `${hex('S')} true`])
    await delay(700)
    process.kill(guard.pids()['verify']!, 'SIGKILL')
    await until(near.ended)
    await guard.ready()
    near = await connectRaw(site.port.intake, site.credentials('high'))
    near.write(ask('S', benign('three')))
    near.write(ask('HUSHED-1', benign('four')))
    await until(() => near.answers.length === 2, 10_000, guard.said)
    near.close()
    const numbers = verdicts(site).map(({ number }) => String(number))
    const first = numbers[0]!.split('.').map(Number) as [number, number]
    t.same(
      numbers,
      [0, 1, 2, 3, 4].map((i) => formatNumber({ generation: first[0], count: first[1] + i })),
      'one behind the other',
    )
    t.ok(verdicts(site).every((record) => !('again' in record)))
    t.same(
      far.order,
      [0, 2, 3, 4].map((i) => numbers[i]),
    )
    t.equal(
      far.payloads.get(numbers[3]!),
      released('three'),
      'what comes again goes again, under a new number',
    )
    const journal = readFileSync(join(site.journal, 'journal-0000000000000001.jsonl'), 'latin1')
    t.notMatch(journal + guard.said(), /HUSHED/)
    t.notMatch(journal, hex('HUSHED-1'))
  },
)

t.test('one-way: nothing comes back on either side, and all that is said is in the journal', async (t) => {
  const { site, guard } = await run(t, { intake: 'responses: false', release: 'responses: false' })
  const far = receive(site, () => {}, false)
  t.teardown(far.close)
  await guard.ready()
  const intake = processFacts(guard.pids()['intake']!)
  const release = processFacts(guard.pids()['release']!)
  const named = ({ descriptors }: typeof intake) =>
    descriptors.filter(({ kind, target }) => kind === 'fifo' && target.endsWith(' (deleted)'))
  t.same(
    named(intake)
      .map(({ fd, way }) => `${fd} ${way}`)
      .sort(),
    ['4 write', '5 write', '6 write', '7 write'],
    'no pipe leads to intake',
  )
  t.same(
    named(release)
      .filter(({ way }) => way === 'write')
      .map(({ fd }) => fd)
      .sort(),
    [5, 8],
  )
  let near = await connectRaw(site.port.intake, site.credentials('high'))
  for (let i = 1; i <= 3000; i++) {
    near.write(numbered({ generation: 0, count: i }, i % 10 === 0 ? unlabelled(`n${i}`) : benign(`n${i}`)))
  }
  await until(() => far.order.length === 3000, 30_000, guard.said)
  t.same(
    far.order,
    Array.from({ length: 3000 }, (_, i) => `0.${i + 1}`),
    'every number, in order',
  )
  t.ok(
    far.order.every((number) => {
      const i = Number(number.slice(2))
      return far.payloads.get(number) === (i % 10 === 0 ? '' : released(`n${i}`))
    }),
    'a refused one as a request without payload',
  )
  t.equal(near.received(), PREAMBLE.length)
  near.write(numbered({ generation: 0, count: 3005 }, benign('x')))
  await until(async () => (await metric(site, `sallyport_guard_missing_total${LABELS}`)) === 4)
  await until(async () => (await metric(site, `sallyport_guard_confirmed_total${LABELS}`)) === 2701)
  near.close()

  // A restart knows nothing of what was before: what comes again is judged again, and marked.
  await delay(700)
  process.kill(guard.pids()['inspect']!, 'SIGKILL')
  await until(() => guard.said().includes('inspect was ended by SIGKILL'))
  await guard.ready()
  near = await connectRaw(site.port.intake, site.credentials('high'))
  near.write(numbered({ generation: 0, count: 3005 }, benign('x')))
  await until(() => far.order.filter((number) => number === '0.3005').length === 2)
  t.same(far.changed, [])
  near.close()
  t.match(verdicts(site).at(-1), { number: '0.3005', again: true, outcome: 'released' })
  await guard.stop()
  t.same(verifyJournal(site.journal, []).problems, [])
})

t.test('the start files of a one-way guard open no pipe back', async (t) => {
  const site = await makeSite({ intake: 'responses: false', release: 'responses: false' })
  t.teardown(site.remove)
  const config = await configOf(site)
  t.equal(pipesOf(config).length, pipesOf({ intake: { ...config.intake, responses: true } }).length - 1)
  const directory = join(site.directory, 'run')
  prepareGuard({ config, directory })
  const intake = readFileSync(join(directory, 'intake.sh'), 'utf8')
  const release = readFileSync(join(directory, 'release.sh'), 'utf8')
  t.notMatch(intake, /exec [0-9]+</)
  t.notMatch(intake + release, /release-intake/)
  t.match(intake, /--responses \\\n {2}no/)
  t.match(release, /--responses \\\n {2}no \\\n {2}--confirm \\\n {2}no/)
})

t.test('a configuration that says something else is refused', async (t) => {
  for (const [lines, why] of [
    ['numbering: any', /"any" is not sallyport, or foreign/],
    ['responses: none', /"none" is not true, or false/],
  ] as const) {
    const site = await makeSite({ intake: lines })
    await t.rejects(configOf(site), why)
    site.remove()
  }
})

t.test(
  'certificates end on the way: the line says so, and with new files it goes on by itself',
  async (t) => {
    const { site, guard } = await run(t, {
      more: {
        guard: { dns: ['guard.example'], seconds: 25 },
      },
    })
    const far = receive(site)
    t.teardown(far.close)
    await guard.ready()
    await site.renew('high', { dns: ['edge.high.example'], seconds: 4 })
    const short = sendTo(site)
    await short.send(benign('one'))
    await until(() => short.answers.size === 1)
    await until(
      () => guard.said().includes("the peer's certificate, or its CA, expired on"),
      20_000,
      guard.said,
    )
    short.producer.close()
    await site.renew('high', { dns: ['edge.high.example'] })
    const near = sendTo(site, 'high', 2)
    await near.send(benign('two'))
    await until(() => near.answers.size === 1, 10_000, guard.said)

    await until(() => /guard\.pem: expired on /.test(guard.said()), 40_000, guard.said)
    await until(async () => (await health(site)).status === 503)
    await near.send(benign('three'))
    await delay(500)
    t.equal(near.answers.size, 1, 'nothing crosses with an expired certificate')
    await site.renew('guard', { dns: ['guard.example'] })
    await until(() => near.answers.size === 2, 20_000, guard.said)
    t.same(far.order.slice(-1), ['0.3'])
    near.producer.close()
  },
)
