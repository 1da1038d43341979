import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { look } from '../../packaging/demo/process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEMO = join(ROOT, 'packaging/demo/demo.ts')

t.test('the demo ends with 0, in plain text, and leaves nothing behind', async (t) => {
  const folder = t.testdir()
  const demo = start(folder, '--quick')
  const code = await demo.ended
  t.equal(code, 0, 'every verdict as expected')
  t.match(demo.output(), /25 steps: 8 crossed, 17 stopped/)
  t.notMatch(demo.output(), /\u001b/, 'no colour without a terminal')
  t.equal(demo.output().match(/^ +journal .*released: inspect accepted, verify accepted$/gm)?.length, 8)
  t.equal(demo.output().match(/^ +journal .*refused: inspect refused .*, verify refused /gm)?.length, 9)
  for (const stage of ['intake', 'inspect', 'verify', 'release', 'journal', 'metrics', 'edge']) {
    const lines = demo.output().match(new RegExp(`^ +${stage} +pid [0-9]+ +user `, 'gm'))
    t.equal(lines?.length, 2, `two processes ${stage}`)
  }
  t.same(readdirSync(folder), [], 'no file is left')
  t.same(await left(demo.output()), [], 'no process is left')
})

t.test('a rule turned round makes the demo fail, and it says where', async (t) => {
  const folder = t.testdir()
  const rules = join(folder, 'rules')
  cpSync(join(ROOT, 'packaging/examples'), rules, { recursive: true })
  // One label less: the exercise may no longer cross. One label more: SECRET may.
  change(
    rules,
    'acme-to-coalition',
    '{ tag-set: Context, values: [EXERCISE] }',
    '{ tag-set: Handling, values: [ENGINEERING] }',
  )
  change(
    rules,
    'acme-to-coalition',
    '{ tag-set: Purpose, values: [EXERCISE] }',
    '{ tag-set: Special Handling, values: [TECHNICAL] }',
  )
  change(rules, 'coalition-to-acme', 'classification: LIMITED', 'classification: SECRET')
  change(rules, 'coalition-to-acme', 'classification: INTERNAL', 'classification: SECRET')
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  const demo = start(temporary, '--quick', '--rules', rules)
  t.equal(await demo.ended, 1)
  const steps = demo.output().split(/\n\n/)
  const wrong = steps
    .filter((step) => step.includes('not as expected'))
    .map((step) => step.trim().split('   ')[0])
  t.same(wrong, [
    '6  An exercise, labelled in STANAG 4774',
    '7  A marking that lies: the label is LIMITED',
    '10  SECRET the other way',
  ])
  t.same(readdirSync(temporary), [], 'no file is left')
})

t.test('Ctrl-C ends all of it', async (t) => {
  const folder = t.testdir()
  const demo = start(folder, '--quick')
  while (!demo.output().includes('The conversation')) {
    await Promise.race([once(demo.child.stdout!, 'data'), demo.ended])
    if (demo.child.exitCode !== null) break
  }
  demo.child.kill('SIGINT')
  t.equal(await demo.ended, 130)
  t.same(readdirSync(folder), [], 'no file is left')
  t.same(await left(demo.output()), [], 'no process is left')
})

t.test('Ctrl-C before it is ready ends all of it too', async (t) => {
  for (const wait of [300, 900, 1_600, 2_500]) {
    const folder = t.testdir()
    const demo = start(folder, '--quick')
    await delay(wait)
    demo.child.kill('SIGINT')
    const code = await demo.ended
    // Earlier than its handlers, the signal itself ends it.
    t.ok(code === 130 || code === null, `after ${wait} ms: ${code}`)
    if (code === null) continue
    t.same(readdirSync(folder), [], 'no file is left')
    t.same(running(folder), [], 'no process is left')
  }
})

t.test('a wrong command line and missing rules are told in one line', async (t) => {
  const folder = t.testdir()
  const demo = start(folder, '--rules', join(folder, 'nowhere'))
  t.equal(await demo.ended, 1)
  t.match(demo.output(), /nowhere/)
  const unknown = start(folder, '--fast')
  t.not(await unknown.ended, 0)
  t.match(unknown.output(), /--fast/)
})

function start(temporary: string, ...args: string[]) {
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...env } = process.env
  const child: ChildProcess = spawn(process.execPath, [DEMO, ...args], {
    env: { ...env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = once(child, 'close').then(([code]) => code as number)
  return { child, ended, output: () => output }
}

/** Command lines of processes that name something in a folder. */
function running(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((pid) => look(Number(pid))?.args ?? [])
    .filter((argument) => argument.includes(folder))
}

/** Processes of the output that still run. */
async function left(output: string): Promise<string[]> {
  const pids = [...output.matchAll(/pid ([0-9]+)/g)].map((match) => match[1]!)
  if (pids.length < 16) return ['the output names too few processes']
  return pids.filter((pid) => look(Number(pid)) !== undefined)
}

function change(rules: string, direction: string, from: string, to: string): void {
  const file = join(rules, direction, 'ruleset.yaml')
  const text = readFileSync(file, 'utf8')
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
  writeFileSync(file, text.replace(from, to))
}
