import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Log, type LogOptions, openLog } from '../../guard/log/log.ts'
import { until } from '../guard/harness.ts'

type Opened = { log: Log; durable: number[]; problems: string[] }

function open(directory: string, options: Partial<LogOptions> = {}): Opened {
  const durable: number[] = []
  const problems: string[] = []
  const log = openLog({
    directory,
    segment: 'one',
    octets: 0,
    onDurable: (octets) => durable.push(octets),
    onFailure: (problem) => problems.push(problem),
    ...options,
  })
  return { log, durable, problems }
}

const text = (directory: string, name: string) => readFileSync(join(directory, name), 'latin1')

t.test('what is durable is in the file, and in order', async (t) => {
  const directory = t.testdir()
  const { log, durable } = open(directory, {
    onDurable(octets) {
      durable.push(octets)
      if (text(directory, 'one').length < octets) t.fail(`${octets} octets are not in the file`)
    },
  })
  let whole = ''
  for (let i = 0; i < 2000; i++) {
    log.append(Buffer.from(`line ${i}\n`))
    whole += `line ${i}\n`
    log.flush()
    if (i % 100 === 0) await new Promise(setImmediate)
  }
  await until(() => durable.at(-1) === whole.length)
  t.equal(text(directory, 'one'), whole)
  t.same(
    durable,
    durable.toSorted((a, b) => a - b),
  )
  t.ok(log.flushes() < 200, `2,000 records in ${log.flushes()} writes`)
})

t.test('nothing is written before a flush, and all of it with one', async (t) => {
  const directory = t.testdir()
  const { log, durable } = open(directory)
  for (let i = 0; i < 100; i++) log.append(Buffer.from('x'))
  t.equal(text(directory, 'one'), '')
  log.flush()
  await until(() => durable.length > 0)
  t.same(durable, [100])
  t.equal(log.flushes(), 1)
})

t.test('an opened log goes on behind its sound octets', async (t) => {
  const directory = t.testdir({ one: 'sound\nhalf a li' })
  const { log, durable } = open(directory, { octets: 6 })
  log.append(Buffer.from('next\n'))
  log.flush()
  await until(() => durable.length > 0)
  t.equal(text(directory, 'one'), 'sound\nnext\n')
  t.equal(log.segmentOctets(), 11)
})

t.test('a new segment takes what comes behind it', async (t) => {
  const directory = t.testdir()
  const { log, durable } = open(directory)
  log.append(Buffer.from('a'))
  log.flush()
  log.append(Buffer.from('b'))
  log.startSegment('two')
  t.equal(log.segmentOctets(), 0)
  log.append(Buffer.from('c'))
  log.startSegment('three')
  log.append(Buffer.from('d'))
  log.flush()
  await until(() => durable.at(-1) === 4)
  t.same(
    ['one', 'two', 'three'].map((name) => text(directory, name)),
    ['ab', 'c', 'd'],
  )
})

t.test('after a failure nothing is durable any more', async (t) => {
  const directory = t.testdir({ log: {} })
  const { log, durable, problems } = open(join(directory, 'log'))
  log.append(Buffer.from('a'))
  log.flush()
  await until(() => durable.length === 1)
  rmSync(join(directory, 'log'), { recursive: true })
  log.startSegment('two')
  log.append(Buffer.from('b'))
  log.flush()
  await until(() => problems.length > 0)
  mkdirSync(join(directory, 'log'))
  log.append(Buffer.from('c'))
  log.flush()
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.same(durable, [1])
  t.equal(problems.length, 1)
  t.match(problems[0], /cannot be written \(ENOENT\): make room or mend the disk/)
})

t.test('a write that the system refuses is a failure', (t) => {
  const directory = t.testdir()
  const file = join(import.meta.dirname, '..', '..', 'guard', 'log', 'log.ts')
  writeFileSync(
    join(directory, 'run.ts'),
    `import { openLog } from ${JSON.stringify(file)}
process.on('SIGXFSZ', () => {})
const log = openLog({
  directory: ${JSON.stringify(directory)}, segment: 'one', octets: 0,
  onDurable: (octets) => console.log('durable', octets),
  onFailure: (problem) => console.log('failure', problem),
})
log.append(Buffer.alloc(6000)); log.flush()
setTimeout(() => { log.append(Buffer.alloc(6000)); log.flush() }, 50)
`,
  )
  // A limit on the size of files, in blocks of 512 octets, is the nearest thing to a full disk.
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 16; exec "$0" "$1"', process.execPath, join(directory, 'run.ts')],
    {
      encoding: 'utf8',
    },
  )
  t.match(stdout, /^durable 6000\nfailure the log in .* cannot be written \(EFBIG\)/)
  t.end()
})
