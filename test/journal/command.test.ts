import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { segmentName } from '../../guard/journal/files.ts'
import { NO_HEAD, writeLine } from '../../guard/journal/line.ts'
import { makePair, type Written, writeJournal } from './make.ts'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')

function run(...args: string[]): { status: number | null; out: string[]; err: string } {
  const { NODE_OPTIONS: _, ...env } = process.env
  const found = spawnSync(process.execPath, [CLI, 'journal', ...args], { encoding: 'utf8', env })
  return { status: found.status, out: found.stdout.split('\n').slice(0, -1), err: found.stderr }
}

const accepted = { verdict: 'accepted', row: 0 }
const refused = (reason: string) => ({ verdict: 'refused', reason, at: 7 })
const passed = (number: string, from: string, to: string, more = {}) => ({
  ...{ type: 'verdict', number, ...more, outcome: 'released', from, to, form: 'chat' },
  ...{ inspect: accepted, verify: accepted, label: 'HIGH', releasedLabel: 'LOW' },
})
const stayed = (number: string, from: string, to: string, reason: string) => ({
  ...{ type: 'verdict', number, outcome: 'refused', from, to, form: 'chat' },
  ...{ inspect: refused(reason), verify: refused('not-canonical') },
})

const ALICE = 'alice@high.example'
const BOB = 'bob@low.example'

async function day(directory: string): Promise<Written> {
  const journal = writeJournal(directory)
  journal.put({ type: 'start', guard: 'high-to-low', peer: 'edge.high.example', bundle: '00' })
  journal.put(passed('0.1', `${ALICE}/desk`, BOB))
  journal.put(stayed('0.2', `${ALICE}x/desk`, BOB, 'label-missing'))
  journal.put({ type: 'confirmed', number: '0.2' })
  journal.put(stayed('0.3', ALICE, `${BOB}/desk`, 'label-unlisted'))
  journal.put({ ...passed('0.4', ALICE, BOB), outcome: 'disagreement', verify: refused('bad-text') })
  journal.put(passed('0.5', ALICE, BOB))
  journal.put({ type: 'declined', number: '0.5' })
  journal.segment()
  journal.put(passed('0.5', ALICE, BOB, { again: true }))
  journal.put({ type: 'confirmed', number: '0.6' })
  journal.put(stayed('0.7', ALICE, BOB, 'too-big'))
  await journal.save()
  return journal
}

t.test('show: all, the last ones, those of an outcome or a time', async (t) => {
  const { directory } = await day(t.testdir())
  const all = run('show', directory)
  t.equal(all.status, 0)
  t.same(all.out, [
    '1 2026-01-01T00:00:01.000Z segment: seen 0.0, confirmed 0.0',
    '2 2026-01-01T00:00:02.000Z start: guard high-to-low, peer edge.high.example, bundle 00',
    '3 2026-01-01T00:00:03.000Z 0.1 released: chat alice@high.example/desk → bob@low.example, label HIGH → LOW; inspect accepted, verify accepted',
    '4 2026-01-01T00:00:04.000Z 0.2 refused: chat alice@high.examplex/desk → bob@low.example; inspect refused (label-missing), verify refused (not-canonical)',
    '5 2026-01-01T00:00:05.000Z confirmed 0.2',
    '6 2026-01-01T00:00:06.000Z 0.3 refused: chat alice@high.example → bob@low.example/desk; inspect refused (label-unlisted), verify refused (not-canonical)',
    '7 2026-01-01T00:00:07.000Z 0.4 disagreement: chat alice@high.example → bob@low.example, label HIGH → LOW; inspect accepted, verify refused (bad-text)',
    '8 2026-01-01T00:00:08.000Z 0.5 released: chat alice@high.example → bob@low.example, label HIGH → LOW; inspect accepted, verify accepted',
    '9 2026-01-01T00:00:09.000Z declined 0.5',
    '10 2026-01-01T00:00:10.000Z segment: seen 0.0, confirmed 0.0',
    '11 2026-01-01T00:00:11.000Z 0.5 again released: chat alice@high.example → bob@low.example, label HIGH → LOW; inspect accepted, verify accepted',
    '12 2026-01-01T00:00:12.000Z confirmed 0.6',
    '13 2026-01-01T00:00:13.000Z 0.7 refused: chat alice@high.example → bob@low.example; inspect refused (too-big), verify refused (not-canonical)',
    '13 records: 3 passed, 1 with an invalid label, 1 without a label, 2 other',
  ])
  const numbers = (...args: string[]) =>
    run('show', directory, ...args).out.map((line) => Number.parseInt(line, 10))
  t.same(numbers('--last', '2'), [12, 13, 2])
  t.same(numbers('--outcome', 'refused'), [4, 6, 13, 3])
  t.same(numbers('--outcome', 'refused', '--last', '1'), [13, 1])
  t.same(numbers('--from', '2026-01-01T00:00:12Z'), [12, 13, 2])
  t.same(numbers('--to', '2026-01-01T00:00:02.000Z'), [1, 2, 2])
  t.same(numbers('--from', '2026-01-01', '--to', '2026-01-01').length, 14, 'a day is a whole day')
  t.same(numbers('--from', '2026-01-02'), [0])
  t.same(
    run('show', directory, '--json', '--outcome', 'disagreement').out.map((line) => JSON.parse(line).number),
    ['0.4'],
  )
  for (const [args, wrong] of [
    [['--outcome', 'passed'], /--outcome passed: write one of released, refused, disagreement/],
    [['--from', 'yesterday'], /--from yesterday: write such as 2026-01-31 or/],
    [['--to', '2026-13-01'], /--to 2026-13-01: write such as/],
    [['--to', '2026-01-01T00:00:00'], /write such as/],
    [['--last', '-1'], /--last/],
  ] as const) {
    t.match(run('show', directory, ...args), { status: 2, out: [], err: wrong }, args.join(' '))
  }
})

t.test('trace: the story of a number, of an address, of a time', async (t) => {
  const folder = t.testdir()
  const { directory } = await day(join(folder, 'out'))
  const seqs = (...args: string[]) =>
    run('trace', directory, ...args).out.map((line) => Number.parseInt(line, 10))
  t.same(seqs('--number', '0.1'), [3, 5], 'released, confirmed')
  t.same(seqs('--number', '0.5'), [8, 9, 11, 12], 'released, declined, again, confirmed')
  t.same(seqs('--number', '0.7'), [13], 'not confirmed yet')
  t.same(seqs('--address', `${ALICE}/desk`), [3, 5])
  t.same(seqs('--address', `${ALICE}x`), [4, 5], 'no address stands for one that begins like it')
  t.same(seqs('--address', 'Alice@HIGH.example'), [3, 5, 6, 7, 8, 9, 11, 12, 13], 'as people write it')
  t.same(seqs('--address', `${BOB}/desk`), [6, 12])
  t.same(seqs('--address', ALICE, '--number', '0.2'), [])
  t.same(seqs('--address', BOB, '--from', '2026-01-01T00:00:11Z'), [11, 12, 13])
  t.same(seqs('--from', '2026-01-01T00:00:09Z', '--to', '2026-01-01T00:00:10Z'), [9, 10])
  for (const part of ['alice', 'high.example', 'lice@high.example', 'alice@high.exampl', 'low.example']) {
    t.match(
      run('trace', directory, '--address', part),
      { status: 1, out: [], err: /^no record matches/ },
      part,
    )
  }

  // The other direction, and what an edge writes: the same lines, other members.
  const back = writeJournal(join(folder, 'back'), Date.UTC(2026, 0, 1) + 500)
  back.put(passed('0.5', BOB, ALICE))
  await back.save()
  const edge = writeJournal(join(folder, 'edge'), Date.UTC(2026, 0, 1) + 6900)
  edge.put({ type: 'taken', number: '0.5', sender: `${ALICE}/desk`, id: 'x1', why: { deep: 1 } })
  edge.put({ type: 'delivered', number: '0.9', sender: 'carol@high.example' })
  await edge.save()
  const several = run('trace', directory, back.directory, '--edge', edge.directory, '--number', '0.5')
  t.same(
    several.out.map((line) => line.replace(folder, '').slice(0, 58)),
    [
      '/back: 2 2026-01-01T00:00:02.500Z 0.5 released: chat bob@l',
      '/out: 8 2026-01-01T00:00:08.000Z 0.5 released: chat alice@',
      '/edge: 2 2026-01-01T00:00:08.900Z taken 0.5: sender alice@',
      '/out: 9 2026-01-01T00:00:09.000Z declined 0.5',
      '/out: 11 2026-01-01T00:00:11.000Z 0.5 again released: chat',
      '/out: 12 2026-01-01T00:00:12.000Z confirmed 0.6',
    ],
    'in order of time',
  )
  t.match(several.out[2], /taken 0\.5: sender alice@high\.example\/desk, id x1, why \{"deep":1\}$/)
  t.match(run('trace', edge.directory, '--address', ALICE).out, [/^2 .* taken 0\.5/])
  t.same(
    run('trace', edge.directory, '--number', '0.9', '--json').out.map((line) => JSON.parse(line).sender),
    ['carol@high.example'],
  )

  for (const [args, wrong] of [
    [[directory], /say what to trace: --number, --address, or --from and --to/],
    [['--number', '0.1'], /trace needs a DIR/],
    [[directory, '--number', '1'], /--number 1: write generation\.count/],
    [[directory, '--address', '@'], /--address @: is no address/],
    [[directory, '--address', 'a@b\x1b[2J'], /is no address/],
  ] as const) {
    const found = run('trace', ...args)
    t.match(found, { status: 2, out: [], err: wrong }, args.join(' '))
    t.notMatch(found.err, '\x1b')
  }
  t.match(run('trace', join(folder, 'nowhere'), '--number', '0.1'), {
    status: 2,
    err: /cannot be read \(ENOENT\)/,
  })
})

t.test('a hostile or damaged journal makes one clear line, and steers no terminal', async (t) => {
  const directory = t.testdir()
  const journal = writeJournal(directory)
  const evil = 'a\u001b[2J\u0007\u009b31m\u202e\u2028\r\n3 2026-01-01T00:00:03.000Z 0.1 released@high.example'
  journal.put(passed('0.1', evil, BOB))
  journal.put({ type: `x\n${evil}`, number: '0.2', [evil]: evil })
  journal.put({
    type: 'verdict',
    number: { a: [evil] },
    outcome: 7,
    from: null,
    inspect: 'x',
    verify: [evil],
  })
  journal.put({ type: 'verdict' })
  journal.put({ type: 'declined', number: '__proto__', constructor: 'x', long: 'y'.repeat(900_000) })
  await journal.save()
  for (const args of [
    ['show', directory],
    ['trace', directory, '--from', '2026-01-01'],
    ['trace', directory, '--number', '0.2'],
  ]) {
    const { status, out, err } = run(...args)
    t.equal(status, 0, args.join(' '))
    t.equal(err, '')
    t.notMatch(out.join('\n'), /[^\n\P{C}]|\u2028/u)
    t.ok(out.every((line) => line.length < 2000))
    t.notOk(
      out.some((line) => line.startsWith('3 2026-01-01T00:00:03.000Z 0.1')),
      'no line is put in',
    )
    t.match(
      run(...args, '--json').out.map((line) => JSON.parse(line)),
      [{}],
    )
  }
  t.equal(run('show', directory).out.length, 7)

  const segment = join(directory, segmentName(1))
  const good = readFileSync(segment)
  const damages: [string, Uint8Array | string, RegExp][] = [
    [
      'no JSON',
      '\x1b[2J\n',
      /^one line is no record: .*journal-0000000000000001\.jsonl, line 7: run "sallyport journal verify"\n$/,
    ],
    ['several', 'x\n[]\n7\nnull\n', /^4 lines are no records, the first: .*line 7: run/],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d, 10]), /^one line is no record/],
    ['no end', 'y'.repeat(3_000_000), /^one line is no record/],
    ['too long', `{"a":"${'y'.repeat(1_500_000)}"}\n`, /^one line is no record/],
    ['deep', `${'['.repeat(100_000)}\n`, /^one line is no record/],
    ['a last line that is cut off', '{"seq":7', /^$/],
  ]
  for (const [what, damage, line] of damages) {
    writeFileSync(segment, good)
    appendFileSync(segment, damage)
    for (const args of [
      ['show', directory],
      ['trace', directory, '--from', '2026-01-01'],
    ]) {
      const { status, out, err } = run(...args)
      t.match(err, line, what)
      t.equal(status, err === '' ? 0 : 1, what)
      t.equal(out.length, args[0] === 'show' ? 7 : 6, `${what}: what is a record is shown`)
    }
  }
})

t.test('verify says what is signed, and how many verdicts of each class there are', async (t) => {
  const folder = t.testdir()
  const signing = makePair(folder, 'signing', 'ed25519')
  const other = makePair(folder, 'other', 'ed25519')
  const journal = await day(join(folder, 'journal'))
  journal.checkpoint(signing.privateKey)
  journal.put({ type: 'confirmed', number: '0.7' })
  await journal.save()
  const verify = (...args: string[]) => run('verify', journal.directory, ...args)
  t.same(verify('--public-key', signing.publicFile), {
    status: 0,
    out: [
      'signed: up to record 13; 1 record stands behind the last checkpoint',
      'verdicts: 3 passed, 1 with an invalid label, 1 without a label, 2 other',
      `sound: journal of high-to-low, records 1 to 15, head 15:${journal.head().chain}`,
    ],
    err: '',
  })
  t.match(verify().out, [/^signed: up to record 13 \(signatures not checked: give --public-key\); 1 record /])
  t.match(verify('--public-key', other.publicFile), {
    status: 1,
    out: [/^NOT SOUND: .*no given key has signed/],
  })
  t.match(verify('--public-key', other.publicFile, '--public-key', signing.publicFile), { status: 0 })
  t.match(verify('--public-key', signing.file), {
    status: 2,
    err: /signing is not an Ed25519 public key in PEM: .* give FILE\.pub/,
  })
  t.match(verify('--public-key', join(folder, 'none')), { status: 2, err: /cannot be read \(ENOENT\)/ })

  const bare = writeJournal(join(folder, 'bare'))
  await bare.save()
  t.match(run('verify', bare.directory, '--public-key', signing.publicFile), {
    status: 1,
    out: [/holds no checkpoint/],
  })
})

t.test('keys are made once, each half for whom it is', (t) => {
  const folder = t.testdir()
  for (const [action, length] of [
    ['signing-key', 119],
    ['content-key', 119],
  ] as const) {
    const file = join(folder, action)
    const { status, out } = run(action, file)
    t.equal(status, 0)
    t.match(out, [`${file}: made; `, /\.pub: its public half, fingerprint [0-9a-f]{64}$/])
    t.match(readFileSync(file, 'latin1'), /^-----BEGIN PRIVATE KEY-----\n/)
    t.match(readFileSync(`${file}.pub`, 'latin1'), /^-----BEGIN PUBLIC KEY-----\n/)
    t.equal(readFileSync(file).length, length)
    t.equal(statSync(file).mode & 0o777, 0o600)
    const kept = readFileSync(file, 'latin1')
    t.match(run(action, file), { status: 2, err: /EEXIST.*there is one already; keep it, or name another/ })
    t.equal(readFileSync(file, 'latin1'), kept)
    writeFileSync(join(folder, 'taken.pub'), '')
    t.match(run(action, join(folder, 'taken')), { status: 2, err: /taken\.pub: .*EEXIST/ })
    t.notOk(statSync(join(folder, 'taken'), { throwIfNoEntry: false }), 'no half is left alone')
  }
  t.match(run('key'), { status: 2, err: /key needs one FILE/ })
  t.match(run('sign'), { status: 2, err: /unknown action "sign"; say one of verify, show/ })
  t.match(run(), { status: 2, err: /say one of verify, show/ })
  t.match(run('trace', '--help'), { status: 0, out: [/^usage: sallyport journal trace DIR/] })
  t.end()
})

t.test('a journal whose files are many and long is read in pieces', (t) => {
  const directory = t.testdir()
  mkdirSync(directory, { recursive: true })
  let head = NO_HEAD
  const lines: string[] = []
  for (let i = 0; i < 20_000; i++) {
    const written = writeLine(
      head,
      i === 0
        ? { type: 'segment', time: '2026-01-01T00:00:01.000Z', previous: head.chain }
        : { time: '2026-01-01T00:00:01.000Z', ...passed(`0.${i}`, `${'ü'.repeat(500)}@high.example`, BOB) },
    )
    lines.push(written.line)
    head = written.head
  }
  writeFileSync(join(directory, segmentName(1)), lines.join(''))
  const { NODE_OPTIONS: _, ...env } = process.env
  // 26 MB under a heap that could not hold them.
  const found = spawnSync(
    process.execPath,
    ['--max-old-space-size=24', CLI, 'journal', 'trace', directory, '--number', '0.19999'],
    { encoding: 'utf8', env },
  )
  t.match(found, { status: 0, stdout: /^20000 .* 0\.19999 released: / })
  t.end()
})
