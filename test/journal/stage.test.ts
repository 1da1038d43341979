import { mkdirSync, readFileSync, rmdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { refusalClass, VERDICT_CLASSES, verdictClass } from '../../guard/common/verdict-class.ts'
import { segmentName } from '../../guard/journal/files.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { createCatalogue } from '../../guard/metrics/catalogue.ts'
import { REASONS } from '../../rules/reasons.ts'
import { makeSite, until } from '../guard/harness.ts'
import { configOf } from '../guard/stage.ts'
import { at, runJournal } from './make.ts'

const site = await makeSite()
t.teardown(site.remove)
const config = await configOf(site)
const records = (): Record<string, unknown>[] =>
  readFileSync(join(site.journal, segmentName(1)), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
const story = () =>
  records()
    .filter(({ type }) => type === 'verdict' || type === 'confirmed' || type === 'declined')
    .map(({ type, number, again }) => `${type} ${number}${again === true ? ' again' : ''}`)

t.test(
  'what was seen before is marked, and confirmations and refusals of the consumer are on record',
  async (t) => {
    const journal = await runJournal(t, config)
    t.same(journal.head, { records: 2, seen: at(0), confirmed: at(0) })
    for (const count of [1, 2, 3]) journal.verdict(at(count), count === 2 ? 'refused' : 'released')
    await journal.waitDurable(3)
    journal.confirmed(at(2))
    await journal.waitDurable(4)
    t.pass('a confirmation becomes durable though no verdict comes')
    journal.verdict(at(3))
    journal.declined(at(3))
    journal.verdict(at(1, 1))
    journal.verdict(at(2))
    await journal.waitDurable(8)
    t.equal(await journal.stop(), 0)
    t.same(story(), [
      'verdict 0.1',
      'verdict 0.2',
      'verdict 0.3',
      'confirmed 0.2',
      'verdict 0.3 again',
      'declined 0.3',
      'verdict 1.1',
      'verdict 0.2 again',
    ])

    const next = await runJournal(t, config)
    t.same(
      { ...next.head, records: 0 },
      { records: 0, seen: at(1, 1), confirmed: at(2) },
      'it remembers both',
    )
    next.verdict(at(1, 1))
    next.verdict(at(2, 1))
    await next.waitDurable(2)
    next.stage.process.kill('SIGKILL')
    await next.stage.exit
    t.same(story().slice(8), ['verdict 1.1 again', 'verdict 1.2'])

    const last = await runJournal(t, config)
    t.same(last.head.seen, at(2, 1), 'after a crash too')
    t.equal(await last.stop(), 0)
    t.same(verifyJournal(site.journal, []).problems, [])
  },
)

t.test('what was told is on record when it is told to be durable', async (t) => {
  const journal = await runJournal(t, config)
  const before = records().length
  for (let i = 1; i <= 300; i++) {
    journal.verdict(at(i, 2))
    if (i % 50 !== 0) continue
    await journal.waitDurable(i - 20)
    t.ok(records().length - before >= journal.durable(), `${journal.durable()} of ${i}`)
  }
  await journal.waitDurable(300)
  t.equal(records().length - before, 300)
  await journal.stop()
})

t.test(
  'head.json cannot be written: the write that runs ends first, and a whole record is the last',
  async (t) => {
    const slow = join(import.meta.dirname, 'fixtures', 'slow-write.ts')
    const journal = await runJournal(t, config, {}, slow)
    const before = records().length
    const inTheWay = join(site.journal, 'head.json.new')
    mkdirSync(inTheWay)
    let sent = 0
    const sending = setInterval(() => journal.verdict(at(++sent, 4)), 20)
    t.equal(await journal.stage.exit, 1)
    clearInterval(sending)
    t.match(journal.stage.said(), /"level":"fatal","message":"[^"]*head\.json: cannot be written \(EISDIR\)/)
    const text = readFileSync(join(site.journal, segmentName(1)), 'latin1')
    t.ok(text.endsWith('}\n'), text.slice(-100))
    t.ok(records().length - before >= journal.durable(), `${journal.durable()} of ${sent} were durable`)
    rmdirSync(inTheWay)
    const next = await runJournal(t, config)
    t.equal(await next.stop(), 0, 'the next one goes on behind it')
    t.same(verifyJournal(site.journal, []).problems, [])
  },
)

t.test('room on the disk: shown, and a warning long before there is none', async (t) => {
  const quiet = await runJournal(t, config, { 'warn-free-megabytes': 0 })
  await until(() => quiet.stage.from(5).length > 0)
  const { bavail, bsize } = statfsSync(site.journal)
  const shown = Number(quiet.snapshot()['freeOctets'])
  t.ok(Math.abs(shown - bavail * bsize) < 0.2 * shown + 1e9, `${shown} octets`)
  await quiet.stop()
  t.notMatch(quiet.stage.said(), /left/)

  const megabytes = 900_000_000
  const warned = await runJournal(t, config, { 'warn-free-megabytes': megabytes })
  warned.verdict(at(1, 3))
  await warned.waitDurable(1)
  await delay(200)
  const lines = warned.stage
    .said()
    .split('\n')
    .filter((line) => line.includes(' left'))
  t.equal(lines.length, 1, 'once')
  t.match(JSON.parse(lines[0]!), {
    level: 'problem',
    message: new RegExp(`^the disk of .*/journal has [0-9]+ MB left, less than ${megabytes}: make room, or`),
  })
  t.equal(await warned.stop(), 0, 'and it goes on')
})

t.test('every reason has a class, and the four add up to all verdicts', async (t) => {
  const classes = Object.fromEntries(REASONS.map((reason) => [reason, refusalClass(reason)]))
  t.same(
    Object.keys(classes).filter((reason) => classes[reason] !== 'other'),
    [
      'label-missing',
      'label-unexpected',
      'label-repeated',
      'label-malformed',
      'label-unlisted',
      'label-date',
    ],
  )
  t.equal(classes['label-missing'], 'label-missing')
  t.equal(classes['label-date'], 'label-invalid')
  t.equal(verdictClass('released', 'label-missing'), 'passed')
  t.equal(verdictClass('disagreement', 'label-missing'), 'other')
  t.equal(verdictClass('refused', 'label-unlisted'), 'label-invalid')

  const refused = Object.fromEntries(REASONS.map((reason, i) => [reason, 1 << i]))
  const release = { released: 1 << 28, disagreements: 1 << 29, refused }
  const catalogue = createCatalogue({
    guard: 'x',
    latest: { intake: undefined, release: release as never, journal: undefined },
    startsAgain: 0,
    ready: () => undefined,
    now: () => 0,
  })
  const text = await catalogue.getSingleMetricAsString('sallyport_guard_verdicts_total')
  const found = [...text.matchAll(/class="([a-z-]+)"\} ([0-9]+)/g)].map(([, name, value]) => [
    name,
    Number(value),
  ])
  t.same(
    found.map(([name]) => name),
    VERDICT_CLASSES,
  )
  const sums = Object.fromEntries(found)
  t.equal(sums['passed'], 1 << 28)
  t.equal(sums['label-missing'], refused['label-missing'])
  t.equal(
    found.reduce((sum, [, value]) => sum + Number(value), 0),
    (1 << 28) + (1 << 29) + Object.values(refused).reduce((sum, count) => sum + count, 0),
  )
})
