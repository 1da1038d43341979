import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { contentName, fileOctets, listSegments, segmentName } from '../../guard/journal/files.ts'
import { removable, startRetention } from '../../guard/journal/retention.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { makeSite, until } from '../guard/harness.ts'
import { configOf } from '../guard/stage.ts'
import { at, keyedSite, runJournal, writeJournal } from './make.ts'

const DAY = 86_400_000
const BEGAN = Date.UTC(2026, 0, 1)

/** Four segments of five records, a day apart, each about 1 MB; files are as old as their last record. */
async function fourDays(directory: string) {
  const journal = writeJournal(directory, BEGAN)
  for (let day = 0; day < 4; day++) {
    if (day > 0) journal.segment()
    for (let i = 0; i < 4; i++) {
      const time = new Date(BEGAN + day * DAY + i * 1000).toISOString()
      journal.put({ time, type: 'verdict', number: `0.${day * 4 + i + 1}`, padding: 'x'.repeat(262_144) })
    }
  }
  await journal.save()
  for (const [day, { name }] of listSegments(directory).entries()) {
    const written = new Date(BEGAN + day * DAY + 3000)
    utimesSync(join(directory, name), written, written)
  }
  return journal
}

t.test('what may go: whole segments, the oldest first, nothing younger or fewer than stated', async (t) => {
  const directory = t.testdir()
  const { lines } = await fourDays(directory)
  // The next segment begins at once behind the last record of the first one.
  const ended = BEGAN + 3000
  const first = { file: segmentName(1), first: 1, last: 5, head: JSON.parse(lines()[4]!).chain }
  const going = (keep: object, now: number) => removable(directory, keep, now)
  t.equal(going({}, ended + 1e6 * DAY), undefined, 'without a word nothing ever goes')
  t.equal(going({ days: 2 }, ended + 2 * DAY - 1), undefined, 'a millisecond too young')
  t.same(going({ days: 2 }, ended + 2 * DAY), { ...first, why: 'older than 2 days' })
  t.same(going({ megabytes: 3 }, ended), { ...first, why: 'beyond 3 MB' })
  t.equal(going({ megabytes: 4 }, ended + 9 * DAY), undefined, 'no 4 MB would remain')
  t.equal(going({ days: 9, megabytes: 3 }, ended + DAY), undefined, 'too much, yet too young')
  t.equal(going({ days: 1, megabytes: 4 }, ended + 9 * DAY), undefined, 'old, yet not too much')
  t.same(going({ days: 1, megabytes: 3 }, ended + DAY), { ...first, why: 'older than 1 days, beyond 3 MB' })

  const now = new Date(ended + 5 * DAY)
  utimesSync(join(directory, segmentName(1)), now, now)
  t.equal(going({ days: 2 }, ended + 6 * DAY), undefined, 'a file written later is as young as that')
  writeFileSync(join(directory, contentName(1)), '')
  writeFileSync(join(directory, contentName(6)), 'x'.repeat(1024 * 1024))
  t.same(
    going({ megabytes: 4 }, ended),
    { ...first, content: contentName(1), why: 'beyond 4 MB' },
    'contents count, and go with their segment',
  )
  for (const segment of [6, 11]) rmSync(join(directory, segmentName(segment)))
  t.match(going({ megabytes: 1 }, ended), { file: segmentName(1), last: 15 })
  rmSync(join(directory, segmentName(16)))
  t.equal(going({ days: 1 }, ended + 99 * DAY), undefined, 'the newest never goes')
  t.end()
})

t.test('behind a segment that does not begin as one nothing is removed', async (t) => {
  const directory = t.testdir()
  await fourDays(directory)
  for (const start of ['', '{"seq":6}\n', 'x\n', `${'x'.repeat(3_000_000)}\n`, '[]\n']) {
    writeFileSync(join(directory, segmentName(6)), start)
    t.match(removable(directory, { days: 1 }, BEGAN + 99 * DAY), {
      problem: /journal-0000000000000006\.jsonl: does not begin as a segment does: nothing older is removed/,
    })
  }
})

t.test('a journal whose beginning is gone', async (t) => {
  const directory = t.testdir()
  const journal = await fourDays(directory)
  const lines = journal.lines().map((line) => JSON.parse(line) as { chain: string })
  const remove = (first: number) => rmSync(join(directory, segmentName(first)))
  const record = async (fields: object) => {
    journal.put({ type: 'removed', ...fields })
    await journal.save()
  }
  remove(1)
  t.match(verifyJournal(directory, []).problems, [
    /^begins with record 6, and no record says that those before were removed: they are missing/,
  ])
  const kept = { seq: 5, chain: lines[4]!.chain.slice(0, 12), from: '--head' }
  t.match(verifyJournal(directory, [kept]).problems, [], 'a head of its end that was kept stands for it')
  t.match(verifyJournal(directory, [{ ...kept, chain: '0'.repeat(12) }]).problems, [/^begins with record 6/])

  const wrong: [string, object][] = [
    ['of another end', { first: 1, last: 4, head: lines[4]!.chain }],
    ['of another chain', { first: 1, last: 5, head: lines[3]!.chain }],
    ['without a head', { first: 1, last: 5 }],
    ['of no numbers', { first: '1', last: '5', head: lines[4]!.chain }],
  ]
  for (const [what, fields] of wrong) {
    await record(fields)
    remove(1)
    t.match(verifyJournal(directory, []).problems, [/^begins with record 6/], what)
  }
  await record({ first: 1, last: 5, head: lines[4]!.chain })
  t.match(verifyJournal(directory, []).problems, [], 'recorded and not done yet')
  remove(1)
  t.match(verifyJournal(directory, []), {
    problems: [],
    notes: [/^begins with record 6: those before were removed$/],
    first: 6,
  })
  remove(6)
  t.match(verifyJournal(directory, []).problems, [/^begins with record 11, and no record/], 'one too many')
  await record({ first: 6, last: 10, head: lines[9]!.chain })
  for (const first of [1, 6]) remove(first)
  t.match(verifyJournal(directory, []).problems, [])
  remove(11)
  await record({ first: 11, last: 15, head: lines[14]!.chain })
  remove(11)
  t.match(
    verifyJournal(directory, []).problems,
    [/begins with record 16 where 11 was due: records are missing/],
    'the middle is never missing',
  )
})

t.test('nothing goes before its record is durable', async (t) => {
  const directory = t.testdir()
  await fourDays(directory)
  const there = () => listSegments(directory).length
  const recorded: [string, () => void][] = []
  const failed = (problem: string): never => {
    throw new Error(problem)
  }
  startRetention({
    directory,
    keep: { megabytes: 2 },
    report: { info() {}, problem: failed, alarm: failed, fail: failed },
    record: ({ file }, whenDurable) => recorded.push([file, whenDurable]),
  })()
  await delay(100)
  t.equal(recorded.length, 1, 'one at a time, however often it looks')
  t.equal(there(), 4)
  recorded[0]![1]()
  await until(() => there() === 3)
  await until(() => recorded.length === 2)
  await delay(100)
  t.equal(there(), 3)
  recorded[1]![1]()
  await until(() => there() === 2)
  await delay(100)
  t.same(
    recorded.map(([file]) => file),
    [segmentName(1), segmentName(6)],
  )
})

t.test('the stage records each removal before it removes', async (t) => {
  const { site, config, signing } = await keyedSite(t)
  const settings = { 'segment-megabytes': 1, keep: { megabytes: 2 }, 'signing-key': signing.file }
  const from = `${'a'.repeat(2000)}@high.example`
  const journal = await runJournal(t, config, settings)
  for (let i = 1; i <= 2000; i++) journal.verdict(at(i), 'released', { from })
  await journal.waitDurable(2000)
  await until(
    () => journal.stage.said().includes('removed journal-0000000000000001.jsonl: beyond 2 MB'),
    10_000,
    journal.stage.said,
  )
  t.equal(await journal.stop(), 0)
  const segments = listSegments(site.journal)
  const octets = segments.reduce((sum, { name }) => sum + fileOctets(join(site.journal, name)), 0)
  t.ok(octets >= 2 * 1024 * 1024, `${octets} octets are left`)
  t.ok(segments.length <= 4, `${segments.length} segments`)
  const { problems, first } = verifyJournal(site.journal, [])
  t.same(problems, [])
  t.equal(first, segments[0]!.first)
  const records = segments
    .flatMap(({ name }) => readFileSync(join(site.journal, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line))
  const removed = records.filter(({ type }) => type === 'removed')
  t.equal(removed.at(-1).last, first - 1)
  const behind = (record: object) => records[records.indexOf(record) + 1]
  t.ok(
    removed.every((record) => behind(record).type === 'checkpoint'),
    'and signs it',
  )

  // Whoever takes one more away is found out, and so is one behind whom the record of a removal is gone.
  rmSync(join(site.journal, segments[0]!.name))
  t.match(verifyJournal(site.journal, []).problems, [/no record says that those before were removed/])

  const next = await runJournal(t, config, settings)
  t.same(next.head.seen, at(2000), 'and it goes on')
  await next.stop()
})

t.test('what cannot be removed is said once, and the stage goes on', async (t) => {
  const site = await makeSite()
  t.teardown(site.remove)
  const config = await configOf(site)
  const from = `${'a'.repeat(2000)}@high.example`
  const settings = { 'segment-megabytes': 1, keep: { megabytes: 1 } }
  const before = await runJournal(t, config, { 'segment-megabytes': 1 })
  for (let i = 1; i <= 1000; i++) before.verdict(at(i), 'released', { from })
  await before.waitDurable(1000)
  await before.stop()
  // A directory in the place of the contents: recorded, and not to be removed as a file.
  mkdirSync(join(site.journal, contentName(1)))
  const journal = await runJournal(t, config, settings)
  await until(() => journal.stage.said().includes('cannot be removed'), 10_000, journal.stage.said)
  journal.verdict(at(1001))
  await journal.waitDurable(1)
  t.match(journal.stage.said(), /journal-0000000000000001\.jsonl cannot be removed \((EISDIR|EPERM)\)/)
  t.ok(existsSync(join(site.journal, segmentName(1))))
  await journal.stop()
  const newest = readFileSync(join(site.journal, listSegments(site.journal).at(-1)!.name), 'utf8')
  t.equal(newest.split('"type":"removed"').length, 2, 'its record is there before it goes')
  t.equal(journal.stage.said().split('cannot be removed').length, 2)
  t.same(verifyJournal(site.journal, []).problems, [])
})

t.test('where days count, a segment ends when it is a day old', async (t) => {
  const site = await makeSite()
  t.teardown(site.remove)
  const config = await configOf(site)
  await writeJournal(site.journal, Date.now() - 2 * DAY).save()
  for (const [keep, segments] of [
    [{ megabytes: 1 }, 1],
    [{ days: 1 }, 2],
    [{ days: 1 }, 2],
  ] as const) {
    const journal = await runJournal(t, config, { keep })
    journal.verdict(at(1))
    await journal.waitDurable(1)
    t.equal(await journal.stop(), 0, journal.stage.said())
    t.equal(listSegments(site.journal).length, segments, JSON.stringify(keep))
  }
  t.same(verifyJournal(site.journal, []).problems, [])
})
