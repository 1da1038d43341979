/** Stages that stop without ending, disks that fill up, journals that go away: the flow stops, and comes back by itself. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { listSegments } from '../../guard/journal/files.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { benign } from '../guard/bundle.ts'
import { health, makeSite, metric, receive, runGuard, sendTo, until } from '../guard/harness.ts'

t.setTimeout(200_000)

t.test('a stage that hangs', async (t) => {
  const site = await makeSite()
  const far = receive(site)
  const guard = runGuard(site)
  t.teardown(async () => {
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  const near = sendTo(site)
  t.teardown(near.producer.close)
  for (const stage of ['inspect', 'verify', 'journal', 'metrics'] as const) {
    const pids = guard.pids()
    process.kill(pids[stage]!, 'SIGSTOP')
    const number = await near.send(benign(`while ${stage} hangs`))
    if (stage === 'metrics') {
      await until(() => near.answers.has(number))
      t.pass('metrics: nothing waits for it')
      process.kill(pids[stage]!, 'SIGCONT')
      continue
    }
    await delay(1000)
    t.notOk(far.payloads.has(number), `${stage}: nothing leaves`)
    if (stage === 'journal') {
      await until(() => health(site).then(({ text }) => text.startsWith('journal is stuck')), 10_000)
      t.match(await health(site), { status: 503, text: 'journal is stuck: look at its log\n' })
      process.kill(pids[stage]!, 'SIGCONT')
    } else {
      await until(() => guard.pids()[stage] !== pids[stage], 20_000, guard.said)
      t.match(
        guard.said(),
        new RegExp(`${stage} has not answered for 5 s`),
        `${stage}: the direction starts again`,
      )
    }
    await until(() => near.answers.get(number) === true, 20_000, guard.said)
    t.ok(far.payloads.has(number), `${stage}: it goes on by itself`)
  }
  t.same(verifyJournal(site.journal, []).problems, [])
})

t.test('both verifiers hang, so that neither is ahead of the other', async (t) => {
  const site = await makeSite()
  const far = receive(site)
  const guard = runGuard(site)
  t.teardown(async () => {
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  const near = sendTo(site)
  t.teardown(near.producer.close)
  const { inspect, verify } = guard.pids()
  for (const pid of [inspect, verify]) process.kill(pid!, 'SIGSTOP')
  const number = await near.send(benign('while both hang'))
  await until(async () => (await health(site)).status === 503, 15_000, guard.said)
  t.match(await health(site), {
    status: 503,
    text: /^inspect and verify do not answer: a stanza has waited for [0-9]+ s; look at the log\n$/,
  })
  t.ok((await metric(site, 'sallyport_guard_oldest_wait_seconds{guard="high-to-low"}'))! > 5)
  for (const pid of [inspect, verify]) process.kill(pid!, 'SIGCONT')
  await until(() => near.answers.get(number) === true)
  await until(async () => (await health(site)).status === 200)
  t.pass('it goes on by itself')
})

t.test('a journal that cannot be written', async (t) => {
  const site = await makeSite()
  const far = receive(site)
  // The limit on the size of files stands for a full disk: 128 blocks of 512 octets, about 80 records.
  const { NODE_OPTIONS: _, ...env } = process.env
  const cli = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')
  const guard = spawn(
    'sh',
    [
      '-c',
      'ulimit -S -f 128; exec "$@"',
      'sh',
      process.execPath,
      cli,
      'guard',
      'run',
      '--config',
      site.config,
    ],
    {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let said = ''
  guard.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  t.teardown(async () => {
    far.close()
    guard.kill()
    await once(guard, 'exit')
    site.remove()
  })
  await until(
    () => health(site).then(({ status }) => status === 200),
    20_000,
    () => said,
  )
  const near = sendTo(site)
  t.teardown(near.producer.close)
  for (let i = 1; i <= 300; i++) near.producer.send({ generation: 0, count: i }, Buffer.from(benign(`n${i}`)))
  await until(
    () => said.includes('cannot be written (EFBIG)'),
    20_000,
    () => said,
  )
  await delay(1500)
  const recorded = () => {
    const numbers = new Set<unknown>()
    for (const { name } of listSegments(site.journal)) {
      for (const line of readFileSync(join(site.journal, name), 'utf8').split('\n').slice(0, -1)) {
        numbers.add(JSON.parse(line).number)
      }
    }
    return numbers
  }
  const known = recorded()
  t.same(
    [...far.payloads.keys()].filter((number) => !known.has(number)),
    [],
    'what left is on record',
  )
  t.ok(far.payloads.size < 300, `${far.payloads.size} of 300 left before the journal was full`)
  await until(
    async () => (await health(site)).text.startsWith('journal ended'),
    12_000,
    () => said.slice(-2000),
  )
  t.match(await health(site), {
    status: 503,
    text: /^journal ended with exit code 1: its last line in the log says why; all stages are started again\n$/,
  })
  // Room is made; the stages that are started next inherit the launcher's limit.
  execFileSync('prlimit', ['--pid', String(guard.pid), '--fsize=unlimited'])
  await until(
    () => near.answers.size === 300,
    30_000,
    () => said,
  )
  t.same([...near.answers.values()].includes(false), false, 'all 300 are confirmed')
  t.equal(far.payloads.size, 300, 'with room it goes on by itself')
  t.same(verifyJournal(site.journal, []).problems, [])
})
