/** The runner counts right, and whatever goes wrong in a test file is a failure. */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')
const script = join(root, 'scripts/test.ts')
const fixture = (name: string) => `test/tools/fixtures/runner/${name}.ts`

for (const [name, closing, code, said] of [
  ['passing', '3 passed, 0 failed', 0, /# said on the way/],
  [
    'failing',
    '1 passed, 2 failed',
    1,
    /not ok: outer > inner > one is two[\s\S]*not ok: throws > thrown here/,
  ],
  ['empty', '0 passed, 1 failed', 1, /ran no test/],
  [
    'hollow',
    '1 passed, 2 failed',
    1,
    /asserts nothing: says nothing[\s\S]*asserts nothing: outer > says nothing/,
  ],
  ['skipping', '1 passed, 0 failed, 1 skipped', 0, /skipped: left out: for a reason/],
  ['exits', '1 passed, 1 failed', 1, /exit code 3, though no test failed[\s\S]*last words/],
  ['crashes', '1 passed, 1 failed', 1, /ended by SIGKILL, in "dies"/],
  ['syntax', '1 passed, 1 failed', 1, /before any test/],
  ['plan', '1 passed, 1 failed', 1, /test count\(1\) != plan\(2\)/],
  ['leaves', '1 passed, 1 failed', 1, /left processes behind/],
] as const) {
  t.test(`a file that is ${name}: ${closing}`, async (t) => {
    const { status, last, output } = run(fixture(name))
    t.equal(last, closing)
    t.equal(status, code)
    t.match(output, said)
  })
}

t.test('a file that hangs is ended with all that it started', async (t) => {
  const { status, last, output } = run('--timeout', '2', fixture('hangs'))
  t.equal(last, '1 passed, 1 failed')
  t.equal(status, 1)
  t.match(output, /did not end within 2 s and was killed, in "hangs"/)
})

t.test('files are counted together', async (t) => {
  t.equal(run(fixture('passing'), fixture('failing')).last, '4 passed, 2 failed')
})

t.test('a mistake in the command line is one line, and the closing line is still last', async (t) => {
  for (const [args, said] of [
    [['--frob'], /^Unknown option '--frob'; there are/],
    [['--jobs', '0'], /^--jobs takes a whole number above 0, not "0"$/m],
    [['no-such-test'], /^no check or test file has this in its name: no-such-test$/m],
  ] as const) {
    const { status, last, output } = run(...args)
    t.match(output, said)
    t.equal(last, '0 passed, 1 failed')
    t.equal(status, 1)
    t.equal(output.trim().split('\n').length, 3)
  }
})

t.test('a runner that is told to stop ends its files and still closes', async (t) => {
  const child = spawn(process.execPath, [script, fixture('hangs')], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  setTimeout(() => child.kill('SIGTERM'), 1000)
  const code = await new Promise((resolve) => child.once('close', resolve))
  t.equal(code, 143)
  t.equal(output.trim().split('\n').at(-1), '0 passed, 1 failed')
})

t.test('a test file runs under the pinned Node, bare', async (t) => {
  const { output } = run(fixture('environment'))
  t.match(output, `# node ${process.versions.node} execArgv [] NODE_OPTIONS [--no-warnings]`)
})

function run(...args: string[]) {
  const { CI: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env })
  return { status, last: stdout.trim().split('\n').at(-1), output: stdout + stderr }
}
