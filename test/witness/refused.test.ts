/** Journals that do not go on from the head that a witness holds: real processes, restarts, and the true journal in the end. */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { segmentName } from '../../guard/journal/files.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import { verdicts, type Writer, writeJournal } from '../export/site.ts'
import { until } from '../guard/harness.ts'
import { command, found, held, holds, known, scene, show, witness } from './scene.ts'

t.setTimeout(110_000)

t.test('a journal that does not go on from the held head is refused, and it is remembered', async (t) => {
  const cases: [string, (journal: Writer) => Promise<void>, string, RegExp][] = [
    [
      'shorter',
      async ({ directory }) => {
        rmSync(join(directory, segmentName(201)))
        const lines = readFileSync(join(directory, segmentName(101)), 'utf8')
          .trimEnd()
          .split('\n')
        await writeHeadFile(directory, { seq: 200, chain: JSON.parse(lines.at(-1)!).chain })
      },
      'shorter 200 253',
      /ALARM: the journal ends with record 200, yet record 253 is held: records were cut off/,
    ],
    [
      'written anew, and longer',
      async ({ directory }) => {
        rmSync(directory, { recursive: true })
        await (await writeJournal(directory)).put(...verdicts(400, 7000))
      },
      'forked 253 253',
      /ALARM: the journal is another one at record 253/,
    ],
    [
      'records missing between',
      async (journal) => {
        await journal.put(...verdicts(200, 5000))
        for (const first of [1, 101, 201]) rmSync(join(journal.directory, segmentName(first)))
      },
      'missing 300 253',
      /ALARM: the journal begins behind record 300, while record 253 is held/,
    ],
    [
      'not sound in itself',
      async ({ directory }) => {
        const file = join(directory, segmentName(201))
        writeFileSync(file, readFileSync(file, 'utf8').replace('ben@', 'eve@'))
      },
      'broken 202 253',
      /ALARM: the exporter finds its own journal not sound at record 202/,
    ],
  ]
  const each = async ([what, change, remembered, line]: (typeof cases)[number]) => {
    const here = await scene(t)
    const journal = await writeJournal(join(here.folder.path, 'journal'))
    await journal.put(...verdicts(250))
    t.equal(journal.head().seq, 253)
    let seeing = witness(t, here)
    const first = show(t, here, 'high-to-low', 'journal')
    await holds(here, 'high-to-low', journal, () => seeing.said() + first.said())
    await first.stop()
    const kept = known(here, 'high-to-low')!.signed
    const before = journal.head()
    cpSync(journal.directory, join(here.folder.path, 'true'), { recursive: true })
    await change(journal)
    const second = show(t, here, 'high-to-low', 'journal')
    t.equal(await second.exit, 1, what)
    t.match(second.said(), /ALARM: journal .*Nothing more goes to the witness/, what)
    await until(() => found(here, 'high-to-low').length === 1, 10_000, seeing.said)
    t.match(seeing.said(), line, what)
    t.same(found(here, 'high-to-low'), [remembered], what)
    t.match(
      known(here, 'high-to-low')!.signed,
      { seq: kept!.seq, chain: kept!.chain },
      `${what}: the head stays`,
    )
    // The same once more is the same finding, and a restart forgets nothing.
    await seeing.kill()
    seeing = witness(t, here)
    t.equal(await show(t, here, 'high-to-low', 'journal').exit, 1)
    await until(() => seeing.said().includes('was refused'), 10_000, seeing.said)
    t.same(found(here, 'high-to-low'), [remembered], `${what}: after a restart`)
    t.notMatch(seeing.said(), /ALARM/, `${what}: told once`)
    const health = await fetch(`http://127.0.0.1:${here.page}/healthz`)
    t.equal(health.status, 503)
    t.match(await health.text(), /^high-to-low: 1 incidents, the last: /)
    t.match(await command('witness', 'show', here.state), {
      status: 1,
      said: /high-to-low FOUND \S+: .* while 253 was held/,
    })
    // The true journal goes on.
    rmSync(journal.directory, { recursive: true })
    renameSync(join(here.folder.path, 'true'), journal.directory)
    const true_ = show(t, here, 'high-to-low', 'journal')
    await until(() => true_.said().includes('is connected'), 20_000, true_.said)
    await new Promise((resolve) => setTimeout(resolve, 500))
    t.equal(true_.process.exitCode, null, `${what}: the true one is not refused`)
    t.equal(held(here, 'high-to-low'), before.seq)
    await true_.stop()
    await seeing.stop()
  }
  await Promise.all(cases.map(each))
})
