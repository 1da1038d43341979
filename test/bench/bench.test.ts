import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createDriver, type Subject } from './drive.ts'
import { fileSystemOf } from './facts.ts'
import { makeSamples } from './samples.ts'

t.test('a short run measures each subject and leaves nothing behind', async (t) => {
  // A socket's path has room for a short folder only.
  const folder = mkdtempSync(join(tmpdir(), 'b-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { NODE_OPTIONS: _, ...env } = process.env
  const bench = spawn(
    process.execPath,
    [
      join(import.meta.dirname, 'bench.ts'),
      '--short',
      '--only',
      'relay,inspect,verify,guard,volatile,edge-out,edge-in,memory',
    ],
    { env: { ...env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  bench.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(bench, 'close')
  t.equal(code, 0)
  const figures = output.match(
    /^ +window 256 +[0-9,]+\/s +p50 [0-9.]+ ms, p99 [0-9.]+ ms +[0-9]+ µs \(.*driver/gm,
  )
  t.equal(figures?.length, 7)
  t.equal(output.match(/^ +at 80 % +[0-9,]+\/s +p50 [0-9.]+ ms, p99 [0-9.]+ ms/gm)?.length, 4)
  t.equal(
    output.match(/^ +(metrics|journal|release|inspect|verify|intake) +[0-9]+ MB +[0-9]+ MB$/gm)?.length,
    6,
  )
  t.match(output, /beside the relay: [0-9.]+ times slower/)
  t.match(output, /journal on [a-z0-9]+: [0-9]+ records in [0-9]+ synchronous writes/)
  t.match(output, /inspect pid [0-9]+.*\n.*--permission/)
  t.same(readdirSync(folder), [])
})

t.test('what labels and policies cost is measured too', async (t) => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const bench = spawn(
    process.execPath,
    [join(import.meta.dirname, 'bench.ts'), '--short', '--jit', '--only', 'labels'],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  bench.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(bench, 'close')
  t.equal(code, 0)
  t.match(output, /^ +[0-9,]+\/s .*4774/m)
  t.match(output, /^ +[0-9.]+ ms {2}a SPIF of [0-9]+ kB/m)
})

t.test('a stanza that does not come out ends the run', async (t) => {
  let results = (_: number) => {}
  const lossy: Subject = {
    name: 'lossy',
    send(sequence) {
      if (sequence % 10 !== 9) setImmediate(() => results(1))
    },
    onResults(handler) {
      results = handler
    },
    processes: [],
    close: async () => {},
  }
  const run = createDriver(lossy, 500).run({ kind: 'rate', perSecond: 1000 }, 0.1, 0)
  await t.rejects(run, /lossy: [0-9]+ of [0-9]+ stanzas did not come out/)
})

t.test('latency counts from when a stanza was due, and the rate is kept', async (t) => {
  let results = (_: number) => {}
  const slow: Subject = {
    name: 'slow',
    send: () => void setTimeout(() => results(1), 20),
    onResults(handler) {
      results = handler
    },
    processes: [{ name: 'self', pid: process.pid }],
    close: async () => {},
  }
  const figures = await createDriver(slow).run({ kind: 'rate', perSecond: 200 }, 0.5, 0.1)
  t.ok(figures.p50 >= 19, `p50 ${figures.p50} ms`)
  t.ok(figures.perSecond > 150 && figures.perSecond < 250, `${figures.perSecond} a second`)
  t.ok(figures.cpu[0]! > 0)
})

t.test('the messages have the sizes that are said', (t) => {
  t.same(
    makeSamples().map(({ octets }) => octets.length),
    [400, 1100],
  )
  t.not(fileSystemOf('/tmp'), 'unknown')
  t.end()
})
