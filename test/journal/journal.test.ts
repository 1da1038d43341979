import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { segmentName } from '../../guard/journal/files.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import { type Head, NO_HEAD, readLine, writeLine } from '../../guard/journal/line.ts'
import { findStart } from '../../guard/journal/start.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')

type Made = { directory: string; lines: string[][]; heads: Head[] }

/** A journal of 30 records in three files. */
async function make(directory: string): Promise<Made> {
  mkdirSync(directory, { recursive: true })
  const lines: string[][] = []
  const heads: Head[] = []
  let head = NO_HEAD
  const put = (fields: object) => {
    const written = writeLine(head, fields)
    head = written.head
    heads.push(head)
    lines.at(-1)!.push(written.line)
  }
  for (let file = 0; file < 3; file++) {
    lines.push([])
    put({ type: 'segment', previous: head.chain, seen: `0.${file * 9}`, confirmed: '0.0' })
    for (let i = 1; i < 10; i++)
      put({ type: 'verdict', number: `0.${file * 9 + i}`, from: 'jürg@high.example' })
    writeFileSync(join(directory, segmentName(file * 10 + 1)), lines.at(-1)!.join(''))
  }
  await writeHeadFile(directory, heads[27]!)
  return { directory, lines, heads }
}

const file = (made: Made, index: number) => join(made.directory, segmentName(index * 10 + 1))
const rewrite = (made: Made, index: number, lines: string[]) =>
  writeFileSync(file(made, index), lines.join(''))

t.test('a sound journal', async (t) => {
  const made = await make(join(t.testdir(), 'journal'))
  const kept = [1, 10, 11, 30].map((seq) => ({ ...made.heads[seq - 1]!, from: 'test' }))
  t.same(verifyJournal(made.directory, kept), {
    problems: [],
    notes: [],
    guard: undefined,
    first: 1,
    head: made.heads[29],
    signed: undefined,
    verdicts: { passed: 0, 'label-invalid': 0, 'label-missing': 0, other: 27 },
  })
})

t.test('every line changed in any way is found at its place', async (t) => {
  const made = await make(join(t.testdir(), 'journal'))
  const ways: [string, (line: string) => string][] = [
    ['an address', (line) => line.replace('jürg', 'jurg').replace('"seen":"0', '"seen":"1')],
    ['white space', (line) => line.replace(',', ', ')],
    ['the chain', (line) => `${line.slice(0, -4)}${line.at(-4) === '0' ? '1' : '0'}"}\n`],
    ['the order of members', (line) => line.replace(/("seq":[0-9]+),("type":"[a-z]+")/, '$2,$1')],
    ['not JSON', () => 'x\n'],
    ['not UTF-8', (line) => `${line.slice(0, 20)}\xff${line.slice(21)}`],
    ['an empty line', () => '\n'],
  ]
  for (const [what, change] of ways) {
    for (let at = 0; at < 30; at++) {
      const index = Math.floor(at / 10)
      const lines = [...made.lines[index]!]
      const changed = change(lines[at % 10]!)
      lines[at % 10] = changed
      writeFileSync(
        file(made, index),
        Buffer.concat(
          lines.map((line) =>
            Buffer.from(line, what === 'not UTF-8' && line === changed ? 'latin1' : 'utf8'),
          ),
        ),
      )
      const { problems } = verifyJournal(made.directory, [])
      rewrite(made, index, made.lines[index]!)
      if (problems.length !== 1 || !problems[0]!.includes(`line ${(at % 10) + 1}: record ${at + 1} `)) {
        t.fail(`${what} of record ${at + 1}: ${problems.join('; ')}`)
      }
    }
    t.pass(what)
  }
  t.same(verifyJournal(made.directory, []).problems, [])
})

t.test('records removed, put in, moved or doubled', async (t) => {
  const directory = t.testdir()
  const made = await make(join(directory, 'journal'))
  const other = await make(join(directory, 'other'))
  const found = (index: number, lines: string[], pattern: RegExp, what: string) => {
    rewrite(made, index, lines)
    t.match(verifyJournal(made.directory, []).problems.join('\n'), pattern, what)
    rewrite(made, index, made.lines[index]!)
  }
  const middle = made.lines[1]!
  found(1, middle.toSpliced(4, 1), /line 5: record 15 has number 16 where 15 was due/, 'removed')
  found(1, middle.toSpliced(4, 0, middle[3]!), /line 5: record 15 has number 14/, 'doubled')
  found(1, middle.toSpliced(4, 2, middle[5]!, middle[4]!), /line 5: record 15 has number 16/, 'swapped')
  found(
    1,
    middle.slice(0, 9),
    /begins with record 21 where 20 was due: records are missing/,
    'removed at the end of a file',
  )
  found(1, middle.slice(1), /line 1: record 11 /, 'removed at the start of a file')
  found(1, [], /begins with record 21 where 11 was due/, 'a file emptied')
  found(0, made.lines[0]!.slice(1), /line 1: record 1 has number 2/, 'the first record removed')
  found(
    0,
    [...made.lines[0]!, ...middle],
    /line 11: record 11 is not where a file begins/,
    'two files made one',
  )
  t.same(other.lines, made.lines, 'the same records give the same octets')
  rmSync(file(made, 1))
  t.match(
    verifyJournal(made.directory, []).problems,
    [/begins with record 21 where 11 was due/],
    'a file removed',
  )
})

t.test('an end that was cut off', async (t) => {
  const made = await make(join(t.testdir(), 'journal'))
  const kept = [{ seq: 30, chain: made.heads[29]!.chain.slice(0, 12), from: '--head' }]
  t.match(verifyJournal(made.directory, []), {
    problems: [],
    notes: [/no head is known behind record 28: whether there were records behind 30 only/],
  })
  rewrite(made, 2, made.lines[2]!.slice(0, 9))
  t.same(
    verifyJournal(made.directory, []).problems,
    [],
    'what came after head.json shows only by a kept head',
  )
  t.match(verifyJournal(made.directory, kept).problems, [/ends with record 29, yet --head knows record 30/])
  rewrite(made, 2, made.lines[2]!.slice(0, 7))
  t.match(verifyJournal(made.directory, []).problems, [/ends with record 27, yet head\.json knows record 28/])
  t.match(findStart(made.directory), { problem: /record 28 was written: records were cut off/ })
  await writeHeadFile(made.directory, made.heads[20]!)
  t.same(verifyJournal(made.directory, []).problems, [], 'a forged head.json hides it')
  t.match(verifyJournal(made.directory, kept).problems, [/yet --head knows/], 'a kept head does not')
  rmSync(join(made.directory, 'head.json'))
  t.match(verifyJournal(made.directory, []).problems, [/has no head\.json, so records cut off at the end/])
  t.match(findStart(made.directory), { problem: /has verdicts, but no head\.json/ }, 'it is not continued')
  const behind = [{ ...made.heads[20]!, from: '--head' }]
  t.match(verifyJournal(made.directory, behind), {
    problems: [],
    notes: [/no head\.json: it was taken away/, /behind record 21: whether there were records behind 27/],
  })
})

t.test('a journal written anew from some record on', async (t) => {
  const made = await make(join(t.testdir(), 'journal'))
  let head = made.heads[24]!
  const forged = made.lines[2]!.slice(0, 5)
  for (let i = 5; i < 10; i++) {
    const written = writeLine(head, { type: 'verdict', number: `0.${18 + i}`, from: 'mallory@high.example' })
    head = written.head
    forged.push(written.line)
  }
  rewrite(made, 2, forged)
  t.match(verifyJournal(made.directory, []).problems, [
    /record 28 is not the one of head\.json: the journal was forged/,
  ])
  await writeHeadFile(made.directory, head)
  t.same(verifyJournal(made.directory, []).problems, [])
  const kept = [{ seq: 26, chain: made.heads[25]!.chain, from: '--head' }]
  t.match(verifyJournal(made.directory, kept).problems, [/record 26 is not the one of --head/])
})

t.test('what a crash leaves is cut off and the chain goes on', async (t) => {
  const made = await make(join(t.testdir(), 'journal'))
  const last = made.lines[2]!
  for (const tail of ['{"seq":31,"type":"verd', '\0'.repeat(100), last[3]!.slice(0, -1)]) {
    rewrite(made, 2, [...last, tail])
    const { problems, notes } = verifyJournal(made.directory, [])
    t.same(problems, [])
    t.match(notes, [/an incomplete last line, as a crash leaves it/])
    const start = findStart(made.directory)
    t.match(start, { segment: segmentName(21), octets: Buffer.byteLength(last.join('')) })
    t.same('state' in start && start.state, {
      head: made.heads[29],
      seen: { generation: 0, count: 27 },
      confirmed: { generation: 0, count: 0 },
    })
  }
  rewrite(made, 2, last)
  writeFileSync(join(made.directory, segmentName(31)), '{"seq":31')
  t.match(findStart(made.directory), { segment: segmentName(31), octets: 0, state: { head: made.heads[29] } })
  renameSync(join(made.directory, segmentName(31)), join(made.directory, segmentName(32)))
  t.match(findStart(made.directory), { problem: /does not follow/ })
})

t.test('a journal that does not chain is not continued', async (t) => {
  const made = await make(join(t.testdir(), 'journal'))
  rewrite(made, 2, made.lines[2]!.toSpliced(4, 1))
  t.match(findStart(made.directory), { problem: /journal-0000000000000021.*keep the directory as evidence/ })
  for (let i = 0; i < 3; i++) rmSync(file(made, i))
  t.match(findStart(made.directory), { problem: /has a head, but no segment/ })
})

t.test('the first record of a new journal', (t) => {
  const directory = t.testdir()
  t.match(findStart(directory), { segment: segmentName(1), octets: 0, state: { head: NO_HEAD } })
  writeFileSync(join(directory, segmentName(1)), '')
  t.match(findStart(directory), { segment: segmentName(1), octets: 0, state: { head: NO_HEAD } })
  const { line, head } = writeLine(NO_HEAD, { type: 'segment' })
  t.match(readLine(NO_HEAD, line.slice(0, -1)), { head })
  t.match(readLine({ ...NO_HEAD, seq: 1 }, line.slice(0, -1)), { problem: /has number 1 where 2 was due/ })
  t.end()
})

t.test('the command', async (t) => {
  const made = await make(join(t.testdir(), 'journal'))
  const run = (...args: string[]) => {
    const { NODE_OPTIONS: _, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'journal', ...args], {
      encoding: 'utf8',
      env,
    })
    return { status, said: stdout + stderr }
  }
  t.match(run('verify', made.directory), {
    status: 0,
    said: new RegExp(
      `^note: no head is known behind record 28.*\nsigned: nothing, there is no checkpoint\nverdicts: .*, 27 other\nsound: records 1 to 30, head 30:${made.heads[29]!.chain}\n$`,
    ),
  })
  t.match(run('verify', made.directory, '--head', `30:${made.heads[29]!.chain.slice(0, 12)}`), { status: 0 })
  t.match(run('verify', made.directory, '--head', `30:${'0'.repeat(12)}`), {
    status: 1,
    said: /NOT SOUND: .*record 30/,
  })
  t.match(run('verify', made.directory, '--head', '30:abc'), {
    status: 2,
    said: /--head 30:abc: write SEQ:HASH/,
  })
  t.match(run('verify', join(made.directory, 'nowhere')), {
    status: 2,
    said: /nowhere: cannot be read \(ENOENT\)/,
  })
  t.match(run('verify'), { status: 2, said: /verify needs one DIR/ })
  t.match(run('verify', made.directory, '--heads', 'x'), { status: 2, said: /--heads/ })
  t.match(run('show', made.directory, '--last', '0'), { status: 2, said: /--last 0: write a number/ })
  t.equal(run('show', made.directory, '--json').said, made.lines.flat().join(''))
  t.equal(run('show', made.directory, '--json', '--last', '2').said, made.lines.flat().slice(-2).join(''))
  rmSync(join(made.directory, 'head.json'))
  t.match(run('verify', made.directory), { status: 1, said: /NOT SOUND: .*has no head\.json/ })
  t.match(run('verify', made.directory, '--head', `30:${made.heads[29]!.chain}`), { status: 0 })
  truncateSync(file(made, 2), 100)
  t.match(run('verify', made.directory), { status: 1 })
  const key = join(made.directory, 'key')
  t.match(run('key', key), { status: 0 })
  t.match(readFileSync(key, 'latin1'), /^[0-9a-f]{64}\n$/)
  t.match(run('key', key), { status: 2, said: /EEXIST/ })
})
