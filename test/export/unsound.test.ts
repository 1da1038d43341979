/** The export of a journal that is not sound, or to a collector that does not read. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { segmentName } from '../../guard/journal/files.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import { until } from '../guard/harness.ts'
import { collect } from './collector.ts'
import { has, run, type Scene, scene, sound } from './scene.ts'
import { verdicts, writeJournal } from './site.ts'

t.setTimeout(110_000)

t.test('a collector that takes nothing holds the reading back, not the memory', async (t) => {
  const here = await scene(t)
  const filler = 'x'.repeat(4000)
  for (let i = 0; i < 60; i++)
    await here.journal.put(...verdicts(100, 100 * i).map((one) => ({ ...one, filler })))
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  collector.hold()
  const running = run(t, here)
  await until(() => collector.connections() === 1, 20_000, running.said)
  const size = () =>
    Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${running.process.pid}/status`, 'latin1'))![1]) / 1024
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const before = size()
  // 60 MB more.
  for (let i = 0; i < 150; i++)
    await here.journal.put(...verdicts(100, 100 * i).map((one) => ({ ...one, filler })))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  t.ok(size() - before < 40, `from ${before} MB to ${size()} MB`)
  collector.letGo()
  await until(() => has(collector.messages, here.journal.head().seq), 60_000, running.said)
  sound(t, collector, here.journal)
  t.equal(await running.stop(), 0)
})

t.test('what a collector was sent and never read is sent to the next one', async (t) => {
  const here = await scene(t, { again: 5 })
  await here.journal.put(...verdicts(100))
  const deaf = await collect(here.folder, here.port)
  deaf.hold()
  const running = run(t, here)
  await until(() => deaf.connections() === 1, 20_000, running.said)
  await new Promise((resolve) => setTimeout(resolve, 2500))
  await deaf.close()
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  await until(() => has(collector.messages, here.journal.head().seq), 40_000, running.said)
  sound(t, collector, here.journal)
  t.equal(await running.stop(), 0)
})

t.test('a journal that is not sound stops it, with an alarm', async (t) => {
  const cases: [string, (here: Scene) => Promise<void>, RegExp][] = [
    [
      'a record changed',
      async ({ journal }) => {
        const file = join(journal.directory, segmentName(101))
        writeFileSync(file, readFileSync(file, 'utf8').replace('"0.150"', '"0.151"'))
      },
      /ALARM: journal .*record 15[0-9] does not chain/,
    ],
    [
      'the end cut off, head.json with it',
      async ({ journal }) => {
        rmSync(join(journal.directory, segmentName(201)))
        const lines = readFileSync(join(journal.directory, segmentName(101)), 'utf8')
          .trimEnd()
          .split('\n')
        await writeHeadFile(journal.directory, { seq: 200, chain: JSON.parse(lines.at(-1)!).chain })
      },
      /ALARM: journal .*ends with record 200, yet record 25[0-9] was exported: records were cut off/,
    ],
    [
      'the end cut off',
      async ({ journal }) => rmSync(join(journal.directory, segmentName(201))),
      /ALARM: journal .*ends with record 200, yet record 25[0-9] was written: records were cut off/,
    ],
    [
      'a file removed',
      async ({ journal }) => rmSync(join(journal.directory, segmentName(101))),
      /ALARM: journal .*the next file begins with record 201: those between were removed/,
    ],
    [
      'two files made one',
      async ({ journal }) => {
        const [first, second] = [101, 201].map((seq) => join(journal.directory, segmentName(seq))) as [
          string,
          string,
        ]
        writeFileSync(first, readFileSync(first, 'utf8') + readFileSync(second, 'utf8'))
        rmSync(second)
      },
      /ALARM: journal .*record 201 is not where a file begins, or should begin one/,
    ],
    [
      'written anew',
      async ({ journal, folder }) => {
        renameSync(journal.directory, join(folder.path, 'old'))
        const forged = await writeJournal(journal.directory)
        await forged.put(...verdicts(300, 5000))
      },
      /ALARM: journal .*record 25[0-9] is not the one that was exported: the journal was forged/,
    ],
  ]
  const each = async ([what, change, line]: (typeof cases)[number]) => {
    const here = await scene(t, { again: 200 })
    await here.journal.put(...verdicts(250))
    const collector = await collect(here.folder, here.port)
    const first = run(t, here)
    const position = join(here.folder.path, 'state', 'collector.json')
    await until(
      () => {
        try {
          return readFileSync(position, 'utf8').includes('"seq":25')
        } catch {
          return false
        }
      },
      30_000,
      first.said,
    )
    await first.stop()
    await change(here)
    const second = run(t, here)
    t.equal(await second.exit, 1, what)
    t.match(second.said(), line, what)
    await collector.close()
  }
  await Promise.all(cases.map(each))
})

t.test('records that were removed before they were sent are missed', async (t) => {
  const here = await scene(t, { again: 1 })
  await here.journal.put(...verdicts(350))
  rmSync(join(here.journal.directory, segmentName(1)))
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  const first = run(t, here)
  await until(
    () => collector.messages.some(({ parameters }) => parameters.get('seq') === '354'),
    20_000,
    first.said,
  )
  t.equal(collector.messages[0]!.parameters.get('seq'), '101')
  t.match(first.said(), /the journal begins with record 101: earlier ones cannot be sent/)
  await first.stop()
  mkdirSync(join(here.folder.path, 'state'), { recursive: true })
  const chain = JSON.parse(
    readFileSync(join(here.journal.directory, segmentName(101)), 'utf8').split('\n')[0]!,
  ).previous
  writeFileSync(join(here.folder.path, 'state', 'collector.json'), JSON.stringify({ seq: 90, chain }))
  const second = run(t, here)
  t.equal(await second.exit, 1)
  t.match(second.said(), /records 91 to 100 were removed before they were exported/)
})
