import { generateKeyPairSync, verify } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock } from 'node:test'
import t from 'tap'
import {
  CHECKPOINT_RECORDS,
  checkpointText,
  readCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from '../../guard/journal/checkpoint.ts'
import { listSegments, segmentName } from '../../guard/journal/files.ts'
import { NO_HEAD, readLine, writeLine } from '../../guard/journal/line.ts'
import { findStart } from '../../guard/journal/start.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { createWriter } from '../../guard/journal/writer.ts'
import { until } from '../guard/harness.ts'
import { startStage } from '../guard/stage.ts'
import { at, keyedSite, runJournal, type Written, writeJournal } from './make.ts'

const ours = generateKeyPairSync('ed25519')
const theirs = generateKeyPairSync('ed25519')
const START = { type: 'start', guard: 'high-to-low', peer: 'edge.high.example', bundle: '00' }
const verdict = (count: number) => ({ type: 'verdict', number: `0.${count}`, outcome: 'released' })

/** 40 records with a checkpoint behind each ten. */
function signedJournal(directory: string): Written {
  const journal = writeJournal(directory)
  journal.put(START)
  for (let i = 1; i < 37; i++) {
    journal.put(verdict(i))
    if (i % 9 === 0) journal.checkpoint(ours.privateKey)
  }
  return journal
}

t.test('the text under a signature, octet by octet', (t) => {
  const head = { seq: 12, chain: 'ab'.repeat(32) }
  const time = '2026-01-31T23:59:59.000Z'
  const text = `sallyport-checkpoint-1\nhigh-to-low\n12\n${'ab'.repeat(32)}\n2026-01-31T23:59:59.000Z\n`
  t.equal(checkpointText('high-to-low', head.seq, head.chain, time), text)
  const checkpoint = signCheckpoint(ours.privateKey, 'high-to-low', head, time)
  t.ok(verify(null, Buffer.from(text), ours.publicKey, Buffer.from(checkpoint.signature, 'base64')))
  t.same(readCheckpoint({ ...checkpoint }), checkpoint)
  t.ok(verifyCheckpoint(checkpoint, [theirs.publicKey, ours.publicKey]))
  t.notOk(verifyCheckpoint(checkpoint, [theirs.publicKey]))
  for (const [name, value] of [
    ['guard', 'high-to-low\n12'],
    ['guard', 'High'],
    ['guard', undefined],
    ['time', '2026-01-31T23:59:59Z'],
    ['time', `${time}\n`],
    ['upTo', '12'],
    ['upTo', 12.5],
    ['upTo', 0],
    ['head', 'ab'.repeat(31)],
    ['head', ['ab'.repeat(32)]],
    ['signature', checkpoint.signature.slice(1)],
    ['signature', `${checkpoint.signature}=`],
  ] as const) {
    t.equal(readCheckpoint({ ...checkpoint, [name]: value }), undefined, `${name} ${value}`)
  }
  t.end()
})

t.test('a journal that is signed', async (t) => {
  const journal = signedJournal(t.testdir())
  journal.put(verdict(37))
  journal.put(verdict(38))
  await journal.save()
  const { head } = verifyJournal(journal.directory, [], [ours.publicKey])
  t.match(verifyJournal(journal.directory, [], [ours.publicKey]), {
    problems: [],
    guard: 'high-to-low',
    signed: head.seq - 3,
    verdicts: { passed: 38 },
  })
  t.match(verifyJournal(journal.directory, []), { problems: [], signed: head.seq - 3 }, 'without a key')
  t.match(
    verifyJournal(journal.directory, [], [theirs.publicKey]).problems,
    [/record 12 is a checkpoint that no given key has signed: it was forged, or signed with another key/],
    'with the key of somebody else',
  )
  journal.checkpoint(theirs.privateKey)
  await journal.save()
  t.match(verifyJournal(journal.directory, [], [ours.publicKey]).problems, [/record 45 is a checkpoint that/])
  t.same(
    verifyJournal(journal.directory, [], [ours.publicKey, theirs.publicKey]).problems,
    [],
    'the key was changed, and both are given',
  )
})

t.test('a removal that nobody has signed excuses no missing segment', async (t) => {
  const journal = writeJournal(t.testdir())
  journal.put(START)
  for (let i = 1; i < 5; i++) journal.put(verdict(i))
  const end = journal.checkpoint(ours.privateKey)
  journal.segment()
  const first = journal.head().seq
  journal.put(verdict(5))
  journal.checkpoint(ours.privateKey)
  const save = async () => {
    await journal.save()
    rmSync(join(journal.directory, segmentName(1)))
  }
  journal.put({ type: 'removed', file: segmentName(1), first: 1, last: end.seq, head: end.chain })
  await save()
  t.match(verifyJournal(journal.directory, [], [ours.publicKey]).problems, [
    `begins with record ${first}, and the record that says that those before were removed is behind the last checkpoint: nobody has signed it`,
  ])
  t.same(
    verifyJournal(journal.directory, []).problems,
    [],
    'without a key nothing can be asked of signatures',
  )
  const kept = { seq: end.seq, chain: end.chain.slice(0, 12), from: '--head' }
  t.same(
    verifyJournal(journal.directory, [kept], [ours.publicKey]).problems,
    [],
    'a head that was kept will do',
  )
  journal.checkpoint(ours.privateKey)
  await save()
  t.same(verifyJournal(journal.directory, [], [ours.publicKey]).problems, [])
})

t.test('none where there should be one', async (t) => {
  const journal = writeJournal(t.testdir())
  journal.put(START)
  for (let i = 1; i < 9; i++) journal.put(verdict(i))
  await journal.save()
  t.match(verifyJournal(journal.directory, []), { problems: [], signed: undefined })
  t.match(verifyJournal(journal.directory, [], [ours.publicKey]).problems, [/holds no checkpoint/])
})

t.test('whoever has no key cannot write a journal anew, chained as it may be', async (t) => {
  const directory = t.testdir()
  const journal = signedJournal(directory)
  await journal.save()
  const original = journal.lines()
  type Fields = Record<string, unknown>
  /** All lines from `from` on with their members changed, chained anew. */
  const forged = async (change: (fields: Fields, seq: number) => Fields | undefined) => {
    let head = NO_HEAD
    let old = NO_HEAD
    const lines: string[] = []
    for (const line of original) {
      const read = readLine(old, line.slice(0, -1))
      if ('problem' in read) throw new Error(read.problem)
      old = read.head
      const { seq, chain: _, ...fields } = { ...read.fields }
      const changed = change(fields, Number(seq))
      if (changed === undefined) continue
      const written = writeLine(head, changed)
      lines.push(written.line)
      head = written.head
    }
    writeFileSync(join(directory, segmentName(1)), lines.join(''))
    writeFileSync(join(directory, 'head.json'), JSON.stringify(head))
    return verifyJournal(directory, [], [ours.publicKey])
  }
  t.match(await forged((fields) => fields), { problems: [], signed: 41 }, 'left as it was')
  const other = signCheckpoint(ours.privateKey, 'low-to-high', { seq: 11, chain: '0'.repeat(64) }, 'x')
  const of = (fields: Fields, change: Fields) =>
    fields['type'] === 'checkpoint' ? { ...fields, ...change } : fields
  const ways: [string, (fields: Fields, seq: number) => Fields | undefined, RegExp][] = [
    [
      'a verdict changed',
      (fields, seq) => (seq === 5 ? { ...fields, outcome: 'refused' } : fields),
      /record 12 is a checkpoint of another record/,
    ],
    [
      'a verdict removed',
      (fields, seq) => (seq === 5 ? undefined : fields),
      /record 11 is a checkpoint of another/,
    ],
    [
      'a checkpoint removed',
      (fields, seq) => (seq === 12 ? undefined : fields),
      /record 21 is a checkpoint of another/,
    ],
    [
      'the time of a checkpoint',
      (fields) => of(fields, { time: '2027-01-01T00:00:00.000Z' }),
      /no given key has signed/,
    ],
    [
      'the guard of a checkpoint',
      (fields) => of(fields, { guard: 'other' }),
      /is a checkpoint of other, in the journal of high-to-low/,
    ],
    [
      'the guard of start and checkpoint',
      (fields) => ('guard' in fields ? { ...fields, guard: 'other' } : fields),
      /is a checkpoint of another record/,
    ],
    [
      'a signature of another',
      (fields) => of(fields, { signature: other.signature }),
      /no given key has signed/,
    ],
    ['no signature', (fields) => of(fields, { signature: '' }), /is a checkpoint out of format/],
    [
      'a checkpoint taken to be something else',
      (fields) => of(fields, { type: 'note' }),
      /holds no checkpoint/,
    ],
  ]
  for (const [what, change, problem] of ways) t.match((await forged(change)).problems, [problem], what)

  // Changed behind the last checkpoint only: it chains, and what is said to be signed ends before it.
  t.match(
    await forged((fields, seq) =>
      seq > 32
        ? fields['type'] === 'checkpoint'
          ? undefined
          : { ...fields, from: 'mallory@high.example' }
        : fields,
    ),
    { problems: [], signed: 31, head: { seq: 41 } },
  )
})

t.test('a checkpoint of another place does not stand for this one', async (t) => {
  const journal = signedJournal(t.testdir())
  const old = readLine(
    { seq: 11, chain: JSON.parse(journal.lines()[10]!).chain },
    journal.lines()[11]!.slice(0, -1),
  )
  if ('problem' in old) throw new Error(old.problem)
  const { seq: _, chain: __, ...fields } = { ...old.fields }
  journal.put(fields)
  await journal.save()
  t.match(verifyJournal(journal.directory, [], [ours.publicKey]).problems, [
    /record 43 is a checkpoint of another record than the one before it/,
  ])
})

t.test(
  'the stage signs at start, after so many records, at the ends of segments and at a stop',
  async (t) => {
    const { site, config, signing } = await keyedSite(t)
    const settings = { 'signing-key': signing.file, 'segment-megabytes': 1 }
    const journal = await runJournal(t, config, settings)
    const from = `${'a'.repeat(100)}@high.example`
    for (let i = 1; i <= 4000; i++) journal.verdict(at(i), 'released', { from })
    await journal.waitDurable(4000)
    t.equal(await journal.stop(), 0, journal.stage.said())
    const records = listSegments(site.journal).map(({ name }) =>
      readFileSync(join(site.journal, name), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    )
    t.ok(records.length >= 3, `${records.length} segments of 1 MB`)
    const types = records.map((segment) => segment.map(({ type }) => type))
    t.same(types[0]!.slice(0, 3), ['segment', 'start', 'checkpoint'])
    for (const segment of types.slice(1)) t.same(segment.slice(0, 2), ['segment', 'checkpoint'])
    for (const segment of types) t.equal(segment.at(-1), 'checkpoint')
    t.same(types.at(-1)!.slice(-2), ['stop', 'checkpoint'])
    const signed = records.flat().filter(({ type }) => type === 'checkpoint')
    for (const [i, { seq }] of signed.entries()) {
      const before = i === 0 ? 0 : Number(signed[i - 1]!['seq'])
      t.ok(Number(seq) - before <= CHECKPOINT_RECORDS + 1, `${before} to ${seq}`)
    }
    const { problems, signed: upTo, head } = verifyJournal(site.journal, [], [signing.publicKey])
    t.same(problems, [])
    t.equal(upTo, head.seq - 1, 'nothing stands behind the last checkpoint')

    const killed = await runJournal(t, config, settings)
    killed.verdict(at(4001))
    await killed.waitDurable(1)
    killed.stage.process.kill('SIGKILL')
    await killed.stage.exit
    t.match(
      verifyJournal(site.journal, [], [signing.publicKey]),
      { problems: [], signed: head.seq + 1, head: { seq: head.seq + 3 } },
      'after a crash the last verdict stands unsigned',
    )
    const next = await runJournal(t, config, settings)
    await next.stop()
    t.match(verifyJournal(site.journal, [], [signing.publicKey]), { problems: [], signed: head.seq + 6 })
  },
)

t.test('a minute after something was written a checkpoint stands behind it, and no second one', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const directory = t.testdir()
  const start = findStart(directory)
  if ('problem' in start) throw new Error(start.problem)
  const writer = createWriter({
    ...{ guard: 'high-to-low', directory, start, segmentOctets: 1e6, byAge: false },
    ...{ signingKey: ours.privateKey, time: () => '2026-01-01T00:00:00.000Z' },
    onFailure: (problem) => t.fail(problem),
  })
  const seq = () => writer.head().seq
  writer.write(START)
  t.equal(seq(), 2)
  mock.timers.tick(59_000)
  t.equal(seq(), 2)
  mock.timers.tick(2_000)
  t.equal(seq(), 3)
  mock.timers.tick(600_000)
  t.equal(seq(), 3, 'nothing was written')
  writer.write(verdict(1))
  mock.timers.tick(60_000)
  t.equal(seq(), 5)
  writer.flush()
  await until(() => writer.durableHead().seq === 5)
  const lines = readFileSync(join(directory, segmentName(1)), 'utf8').split('\n')
  t.equal(lines.filter((line) => line.includes('"type":"checkpoint"')).length, 2)
})

t.test('a signing key that is none ends the stage before it writes', async (t) => {
  const { site, config, signing, content } = await keyedSite(t)
  for (const file of [
    content.file,
    signing.publicFile,
    join(site.directory, 'ca.pem'),
    join(site.directory, 'none'),
  ]) {
    const stage = startStage('journal', {
      ...config,
      journal: { ...config.journal, 'signing-key': file },
    })
    t.equal(await stage.exit, 1)
    t.match(
      stage.said(),
      /signing key .* (is not an Ed25519 private key in PEM: make one with|cannot be read \(ENOENT\))/,
      file,
    )
    t.same(listSegments(site.journal), [], 'nothing was written')
  }
})
