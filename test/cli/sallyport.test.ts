import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { bundleDigest, loadBundle } from '../../rules/bundle/load.ts'

const command = fileURLToPath(new URL('../../cli/sallyport.ts', import.meta.url))
const examples = fileURLToPath(new URL('../../packaging/examples', import.meta.url))
const example = join(examples, 'acme-to-coalition')

type Outcome = Readonly<{ status: number; stdout: string; stderr: string }>

function sallyport(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [command, ...args],
      { encoding: 'utf8' },
      (_error, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

t.test('help and version', async (t) => {
  const help = await sallyport('--help')
  t.equal(help.status, 0)
  for (const name of ['edge', 'guard', 'rules', 'label', 'journal', 'demo']) {
    t.match(help.stdout, new RegExp(`^  ${name} `, 'm'))
  }
  t.match(await sallyport('--version'), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' })
  t.match(await sallyport('rules', '--help'), {
    status: 0,
    stdout: /^usage: sallyport rules ACTION[\s\S]*check DIRECTORY/,
    stderr: '',
  })
})

t.test('a wrong command line is one line that says how to mend it, and exit code 2', async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /^sallyport: a command is missing; use one of edge, guard, rules, label, journal, demo, or --help$/],
    [['gaurd'], /^sallyport: unknown command "gaurd"; use one of edge/],
    [['--frobnicate'], /^sallyport: unknown option "--frobnicate"; use one of edge/],
    [['toString'], /^sallyport: unknown command "toString"/],
    [['rules'], /^sallyport rules: say one of check, compile/],
    [['rules', 'chekc', example], /^sallyport rules: unknown action "chekc"; say one of check, compile/],
    [['rules', 'check'], /^sallyport rules: the directory of the ruleset is missing/],
    [['rules', 'check', example, 'more'], /^sallyport rules: one directory at a time, not also "more"/],
    [['rules', 'compile', example], /^sallyport rules: compile needs -o FILE/],
    [['rules', 'check', example, '-o', 'x'], /^sallyport rules: check writes no file/],
    [
      ['rules', 'check', example, '--strict'],
      /^sallyport rules: Unknown option '--strict' \(see sallyport rules --help\)$/,
    ],
    [['edge', 'walk'], /^sallyport edge: say one of run, check, .*queue.* \(see/],
    [['edge', 'run'], /^sallyport edge: --config FILE is missing \(see/],
    [['guard'], /^sallyport guard: say one of run, check, reload, close, open, prepare \(see/],
    [['guard', 'check'], /^sallyport guard: --config FILE is missing \(see/],
    [
      ['guard', 'check', '--config', 'x', '--runtime', 'y'],
      /^sallyport guard: check takes no --runtime \(see/,
    ],
    [['guard', 'prepare', '--config', 'x'], /^sallyport guard: prepare needs --runtime DIR \(see/],
    [['journal'], /^sallyport journal: say one of verify, show, .* \(see/],
    [['journal', 'show'], /^sallyport journal: show needs one DIR \(see/],
    [
      ['journal', 'show', 'x', '--last', 'y'],
      /^sallyport journal: --last y: write a number of records \(see/,
    ],
    [['journal', 'verify', 'x', '--head', '7'], /^sallyport journal: --head 7: write SEQ:HASH/],
    [
      ['journal', 'verify', '/nowhere'],
      /^\/nowhere: cannot be read \(ENOENT\): give the directory of a journal$/,
    ],
    [['journal', 'key', '/nowhere/key'], /^\/nowhere\/key: cannot be written \(ENOENT\): name a new file/],
    [['label', 'undo'], /^sallyport label: unknown action "undo"; use one of/],
    [['demo', 'now'], /^sallyport demo: Unexpected argument 'now' \(see sallyport demo --help\)$/],
    [
      ['demo', '--rules', '/nowhere'],
      /^sallyport demo: --rules \/nowhere: there is no .*; give a copy of packaging\/examples/,
    ],
    [['rules', 'compile', example, '-o'], /^sallyport rules: Option '-o, --output <value>' argument missing/],
  ]
  const outcomes = await Promise.all(cases.map(([args]) => sallyport(...args)))
  for (const [index, [args, expected]] of cases.entries()) {
    const { status, stdout, stderr } = outcomes[index] as Outcome
    t.equal(status, 2, args.join(' '))
    t.equal(stdout, '')
    t.equal(lines(stderr).length, 1, stderr)
    t.match(stderr.trimEnd(), expected)
  }
})

t.test('compile writes the bundle whole and prints its digest', async (t) => {
  const directory = t.testdir({})
  const file = join(directory, 'bundle.json')
  const { status, stdout, stderr } = await sallyport('rules', 'compile', example, '-o', file)
  t.equal(status, 0, stderr)
  t.match(
    stderr,
    /^acme-to-coalition version 1: 15 forms of stanza, 19 label rows, 9 examples as expected\n$/,
  )
  const octets = readFileSync(file)
  t.equal(stdout, `${bundleDigest(octets)}\n`)
  t.equal(loadBundle(octets, stdout.trimEnd()).name, 'acme-to-coalition')
  t.same(readdirSync(directory), ['bundle.json'], 'nothing else is left')
  t.match(await sallyport('rules', 'check', example), { status: 0, stdout: '' })
})

t.test('every problem of a ruleset is a line with its file, and there is no bundle', async (t) => {
  const text = readFileSync(join(example, 'ruleset.yaml'), 'utf8')
  const directory = t.testdir({
    bad: {
      'ruleset.yaml': text.replace('version: 1', 'version: one').replace('depth: 12', 'deepness: 12'),
    },
  })
  const bad = join(directory, 'bad')
  const file = join(directory, 'bundle.json')
  const { status, stdout, stderr } = await sallyport('rules', 'compile', bad, '-o', file)
  t.equal(status, 1)
  t.equal(stdout, '')
  t.same(readdirSync(directory), ['bad'])
  t.match(lines(stderr), [
    new RegExp(`^${bad}/ruleset.yaml:4:10: "one" is not a whole number`),
    new RegExp(`^${bad}/ruleset.yaml:35:3: unknown key "deepness"`),
    /^2 problems; no bundle$/,
  ])
})

t.test('what cannot be read or written is one line', async (t) => {
  const directory = t.testdir({ empty: {}, file: '' })
  const none = join(directory, 'none')
  t.match(await sallyport('rules', 'check', none), {
    status: 1,
    stderr: `${none}:1:1: there is no such directory; give the directory that holds ruleset.yaml\n1 problem; no bundle\n`,
  })
  const plain = join(directory, 'file')
  t.match(await sallyport('rules', 'check', plain), { status: 1, stderr: `${plain}:1:1: not a directory;` })
  const empty = join(directory, 'empty')
  t.match(await sallyport('rules', 'check', empty), {
    status: 1,
    stderr: `${empty}/ruleset.yaml:1:1: there is no such file; a ruleset begins with ruleset.yaml\n`,
  })
  mkdirSync(join(empty, 'ruleset.yaml'))
  t.match(await sallyport('rules', 'check', empty), {
    status: 1,
    stderr: `${empty}/ruleset.yaml:1:1: cannot be read (EISDIR); make it a readable file\n`,
  })
  writeFileSync(join(directory, 'bundle'), 'kept')
  const { status, stderr } = await sallyport('rules', 'compile', example, '-o', join(plain, 'bundle'))
  t.equal(status, 1)
  t.match(stderr, /cannot write .*\/file\/bundle \(ENOTDIR\); give a file in a writable directory\n$/)
})
