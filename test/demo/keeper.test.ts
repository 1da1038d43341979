import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { descendants, look, startProgram } from '../../packaging/demo/process.ts'

/** A program with a child of its own; both would run for a minute, and the child ignores SIGTERM. */
const family = `
  const { spawn } = require('node:child_process')
  spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setTimeout(() => {}, 60000)"])
  setTimeout(() => {}, 60000)`

t.test('a program ends with all that it started when it is stopped', async (t) => {
  const program = startProgram('family', ['-e', family], join(t.testdir(), 'log'))
  const all = await untilStarted(program.pid)
  await program.stop()
  t.not(await program.ended, 0)
  t.same(await alive(all), [])
})

t.test('a program ends when the demo is killed outright', async (t) => {
  const script = `
    const { startProgram } = await import(process.argv[1])
    startProgram('family', ['-e', process.argv[2]], process.argv[3])
    setTimeout(() => {}, 60000)`
  const url = new URL('../../packaging/demo/process.ts', import.meta.url).href
  const log = join(t.testdir(), 'log')
  const demo = spawn(process.execPath, ['--input-type=module', '-e', script, url, family, log])
  t.teardown(() => demo.kill('SIGKILL'))
  while (!existsSync(log)) await new Promise((resolve) => setTimeout(resolve, 20))
  const all = await untilStarted(demo.pid!, 4)
  demo.kill('SIGKILL')
  await once(demo, 'exit')
  t.same(await alive(all), [])
})

t.test('an exit code passes through', async (t) => {
  const program = startProgram('code', ['-e', 'process.exit(7)'], join(t.testdir(), 'log'))
  t.equal(await program.ended, 7)
})

t.test('/proc tells user, arguments and descriptors', (t) => {
  const me = look(process.pid)
  t.equal(me?.parent, process.ppid)
  t.ok(me!.descriptors.length >= 3)
  t.match(me!.args.at(-1), /keeper.test.ts$/)
  t.equal(look(2 ** 22 + 1), undefined)
  t.end()
})

async function untilStarted(pid: number, count = 3): Promise<number[]> {
  for (;;) {
    const seen = descendants(pid)
    if (seen.length >= count) return seen.map((one) => one.pid)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Those of the processes that still run after at most five seconds. */
async function alive(pids: number[]): Promise<number[]> {
  let left = pids
  for (let i = 0; i < 100 && left.length > 0; i += 1) {
    left = left.filter((pid) => look(pid) !== undefined)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return left
}
