import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createSeal } from '../../guard/common/seal.ts'
import { contentName, listSegments, segmentName } from '../../guard/journal/files.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { at, keyedSite, runJournal } from './make.ts'

t.test('killed at any moment, with all that it can do: what was told to be durable is sound', async (t) => {
  const { site, config, signing, content } = await keyedSite(t)
  const settings = {
    ...{ 'signing-key': signing.file, content: 'all' as const, 'content-key': content.publicFile },
    ...{ 'segment-megabytes': 1, keep: { megabytes: 2 } },
  }
  const seal = createSeal(content.publicKey)
  const from = `${'a'.repeat(2000)}@high.example`
  let count = 0
  for (let round = 0; round < 12; round++) {
    const journal = await runJournal(t, config, settings)
    const { records } = journal.head
    for (let i = 0; i < 600; i++) {
      count++
      journal.content(at(count), seal(at(count), Buffer.from(`words ${count}`)))
      journal.verdict(at(count), i % 2 === 0 ? 'released' : 'refused', { from })
    }
    // Some are killed in the first batch, some in the last, one not at all.
    await (round === 11 ? journal.waitDurable(600) : delay(round * 12))
    journal.stage.process.kill('SIGKILL')
    await journal.stage.exit
    const { problems, head } = verifyJournal(site.journal, [], [signing.publicKey])
    t.same(problems, [], `round ${round}: ${journal.durable()} of 600`)
    t.ok(head.seq >= records + journal.durable())
  }
  t.notOk(existsSync(join(site.journal, segmentName(1))), 'old segments went')
  t.notOk(existsSync(join(site.journal, contentName(1))), 'with their contents')
  t.ok(listSegments(site.journal)[0]!.first > 1)
})
