/**
 * Each stage of a guard is killed again and again, at random moments under load: nothing is lost, nothing is changed, nothing
 * that was refused leaves, nothing is released without a record, and the direction comes back by itself.
 *
 * FAULT_KILLS=n kills each stage n times (8 unless told), of one guard at most 20 times: all that it was sent is kept to be judged.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { listSegments } from '../../guard/journal/files.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { STAGES } from '../../guard/launcher/stages.ts'
import { benign, released, unlabelled } from '../guard/bundle.ts'
import { makeSite, receive, runGuard, sendTo, until } from '../guard/harness.ts'
import { compileProduct } from '../support/compile.ts'
import { pace } from '../support/pace.ts'

const KILLS = Number(process.env['FAULT_KILLS'] ?? 8)
const PER_SECOND = 400
/** A run that is shorter makes the launcher wait longer before the next. */
const SOUND_MS = 1_050

const KILLS_OF_ONE = 20

t.setTimeout(600_000 * Math.ceil(KILLS / KILLS_OF_ONE))

for (let left = KILLS; left > 0; left -= KILLS_OF_ONE) {
  const kills = Math.min(left, KILLS_OF_ONE)
  t.test(`each stage killed ${kills} times under ${PER_SECOND} stanzas/s`, (t) => killStages(t, kills))
}

async function killStages(t: Test, kills: number): Promise<void> {
  const site = await makeSite()
  const far = receive(site)
  const guard = runGuard(site, compileProduct())
  t.teardown(async () => {
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  const near = sendTo(site)

  const refusable = (i: number) => i % 10 === 7
  const began = performance.now()
  const load = pace(PER_SECOND, (i) => near.send(refusable(i) ? unlabelled(`n${i}`) : benign(`n${i}`)))

  const victims = Array.from({ length: kills }, () => [...STAGES]).flat()
  const down: number[] = []
  for (const stage of victims) {
    const before = guard.pids()
    const at = performance.now()
    process.kill(before[stage]!, 'SIGKILL')
    await until(() => guard.pids()[stage] !== before[stage], 20_000, guard.said)
    const startedAt = performance.now()
    const known = load.sent()
    await until(() => near.answers.size >= known, 20_000, guard.said)
    down.push(performance.now() - at)
    await delay(Math.max(0, SOUND_MS - (performance.now() - startedAt)) + Math.random() * 200)
  }
  await load.stop()
  const sent = load.sent()
  await until(() => near.answers.size === sent, 30_000, guard.said)
  const seconds = (performance.now() - began) / 1000
  near.producer.close()
  await delay(300)
  await guard.stop()

  down.sort((a, b) => a - b)
  t.comment(
    `${victims.length} kills in ${Math.round(seconds)} s, ${sent} stanzas (${Math.round(sent / seconds)}/s); ` +
      `flowing again after ${Math.round(down[down.length >> 1]!)} ms (median), ${Math.round(down.at(-1)!)} ms (longest)`,
  )
  t.ok(sent / seconds >= 200, 'at least 200 stanzas/s on average')

  const names = (wanted: (i: number) => boolean) =>
    Array.from({ length: sent }, (_, i) => i + 1)
      .filter(wanted)
      .map((i) => `0.${i}`)
  const mayPass = names((i) => !refusable(i))
  const mustStay = names(refusable)
  t.same([...far.payloads.keys()].sort(), mayPass.sort(), 'received, as a set, is what was sent and may pass')
  t.same(far.changed, [], 'what came again was the same')
  const wrong = mayPass.filter((number) => far.payloads.get(number) !== released(`n${number.slice(2)}`))
  t.same(wrong, [], 'each under its own number')
  t.same(
    mustStay.filter((number) => near.answers.get(number) !== false),
    [],
    'what stays is answered "refused"',
  )
  t.same(
    mayPass.filter((number) => near.answers.get(number) !== true),
    [],
    'what passes is answered "accepted"',
  )

  t.same(verifyJournal(site.journal, []).problems, [], 'the journal is sound')
  const records = listSegments(site.journal)
    .flatMap(({ name }) => readFileSync(`${site.journal}/${name}`, 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const verdicts = records.filter(({ type }) => type === 'verdict')
  const outcomes = (outcome: string) =>
    [...new Set(verdicts.filter((one) => one['outcome'] === outcome).map((one) => one['number']))].sort()
  t.same(outcomes('released'), mayPass.sort(), 'journalled as released, as a set, is what was received')
  t.same(outcomes('refused'), mustStay.sort(), 'journalled as refused is the rest')
  t.same(outcomes('disagreement'), [], 'no disagreement')
  const first = new Set<unknown>()
  const unmarked = verdicts.filter(
    ({ number, again }) => (first.has(number) ? true : void first.add(number)) && again !== true,
  )
  t.same(
    unmarked.map(({ number }) => number),
    [],
    'what was judged again is marked so',
  )
  const twice = far.order.length - far.payloads.size
  t.comment(`${twice} of ${far.payloads.size} came twice to the consumer, which drops what it has taken`)
}
