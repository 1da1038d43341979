/**
 * The stages of one guard are killed under load while edges, servers and the other guard live on: only that direction
 * stops, it comes back by itself, and the far server gets every stanza once and in order.
 *
 * FAULT_KILLS=n kills each stage n times (3 unless told); after 70 s no new round begins.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { listSegments } from '../../guard/journal/files.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { STAGES } from '../../guard/launcher/stages.ts'
import { until } from '../guard/harness.ts'
import { launchedStages } from '../support/launched.ts'
import { pace } from '../support/pace.ts'
import { startChatting } from './chatting.ts'

const KILLS = Number(process.env['FAULT_KILLS'] ?? 3)
const OUT_PER_SECOND = 250
const BACK_PER_SECOND = 100
/** A run that is shorter makes the launcher wait longer before the next. */
const SOUND_MS = 1_050
const LAST_ROUND_MS = 70_000
const PORTS = 17_200

t.setTimeout(400_000)

t.test(
  `each stage of one guard killed ${KILLS} times, edges alive, both directions under load`,
  async (t) => {
    /** What each side's server received, in order. */
    const arrived = { near: [] as number[], far: [] as number[] }
    const { crossing, domains, log, ...message } = await startChatting(t, PORTS, (which, octets) => {
      const marker = /<body>n([0-9]+)<\/body>/.exec(octets.toString('latin1'))
      arrived[which].push(marker === null ? Number.NaN : Number(marker[1]))
    })
    const { processes, journals } = crossing
    const near = await domains.near.stream('acme.example', 'coalition.example')
    const far = await domains.far.stream('coalition.example', 'acme.example')
    const out = pace(OUT_PER_SECOND, (i) => near.write(message.out(i)))
    const back = pace(BACK_PER_SECOND, (i) => far.write(message.back(i)))
    await until(
      () => arrived.far.length > 50 && arrived.near.length > 20,
      20_000,
      () => log('edge-near'),
    )

    const other = launchedStages(log('guard-back'))
    const began = performance.now()
    const down: number[] = []
    const ways: string[] = []
    for (
      let round = 0;
      round < KILLS && (round === 0 || performance.now() - began < LAST_ROUND_MS);
      round++
    ) {
      for (const stage of STAGES.toSorted(() => Math.random() - 0.5)) {
        const before = launchedStages(log('guard-out'))
        const had = { near: arrived.near.length, back: back.sent() }
        const at = performance.now()
        process.kill(before[stage]!, 'SIGKILL')
        await until(
          () => launchedStages(log('guard-out'))[stage] !== before[stage],
          30_000,
          () => log('guard-out'),
        )
        const startedAt = performance.now()
        const after = launchedStages(log('guard-out'))
        const kept = STAGES.filter((one) => after[one] === before[one])
        if (kept.length > 0) ways.push(`${stage} was killed, and ${kept} went on`)
        // Some of these were sent after the kill: they come through the stages that run now.
        const sent = out.sent()
        await until(
          () => arrived.far.length >= sent,
          30_000,
          () => log('guard-out'),
        )
        down.push(performance.now() - at)
        const came = arrived.near.length - had.near
        const went = back.sent() - had.back
        if (came < went / 2) ways.push(`${stage} was killed, and of ${went} stanzas back ${came} came`)
        await delay(Math.max(0, SOUND_MS - (performance.now() - startedAt)) + Math.random() * 300)
      }
    }
    const rate = out.rate()
    await Promise.all([out.stop(), back.stop()])
    await until(
      () => arrived.far.length >= out.sent() && arrived.near.length >= back.sent(),
      60_000,
      () => `${arrived.far.length} of ${out.sent()}, back ${arrived.near.length} of ${back.sent()}`,
    )
    await delay(500)
    down.sort((a, b) => a - b)
    t.comment(
      `${down.length} kills in ${Math.round((performance.now() - began) / 1000)} s, ${out.sent()} stanzas out (${Math.round(rate)}/s), ${back.sent()} back; ` +
        `flowing again after ${Math.round(down[down.length >> 1]!)} ms (median), ${Math.round(down.at(-1)!)} ms (longest)`,
    )
    t.ok(rate >= 200, 'at least 200 stanzas/s out on average')
    t.same(
      ways,
      [],
      'every stage of that guard ended and started again, the other direction went on meanwhile',
    )
    const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
    const wrong = (got: number[]) => got.findIndex((n, i) => n !== i + 1)
    t.equal(arrived.far.length, out.sent(), 'the far server got as many as were sent')
    t.equal(wrong(arrived.far), -1, 'each once, in order')
    t.equal(arrived.near.length, back.sent(), 'the near server too')
    t.equal(wrong(arrived.near), -1, 'each once, in order')
    for (const { name, process: child } of processes)
      t.ok(child.exitCode === null && child.signalCode === null, `${name} is alive`)
    t.same(launchedStages(log('guard-back')), other, 'no stage of the other guard was started again')
    for (const domain of Object.values(domains)) t.same(domain.faults, [], 'no stream failed')

    await crossing.close()
    for (const [way, sent] of [
      ['out', out.sent()],
      ['back', back.sent()],
    ] as const) {
      t.same(verifyJournal(journals[way], []).problems, [], `the journal ${way} is sound`)
      const records = listSegments(journals[way])
        .flatMap(({ name }) => readFileSync(join(journals[way], name), 'utf8').split('\n').slice(0, -1))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      const verdicts = records.filter(({ type }) => type === 'verdict')
      t.same(
        [...new Set(verdicts.map(({ outcome }) => outcome))],
        ['released'],
        `${way}: all that was judged was released`,
      )
      const judged = new Set(verdicts.map(({ number }) => number))
      const generation = String(verdicts[0]?.['number']).split('.')[0]
      t.same(
        judged,
        new Set(numbers(sent).map((n) => `${generation}.${n}`)),
        `${way}: numbers on record are those sent`,
      )
      const starts = records.filter(({ type }) => type === 'start').length
      if (way === 'back') t.equal(starts, 1, 'the other journal was begun once')
      else t.ok(starts > down.length, `${starts} starts on record`)
    }
  },
)
