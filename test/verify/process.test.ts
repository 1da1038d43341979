/** The process: real FIFOs, Node's permission model, with JIT and without, and how it ends. */
import { spawn, spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { closeSync, constants, globSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { bundle, chat, encodeBundle, labelOf, NOW, presence } from './fixture.ts'

/** What verify says when it ends. */
function line(guard: string, message: string): string {
  return `${JSON.stringify({ guard, stage: 'verify', level: 'fatal', message })}\n`
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const HARDENED = [
  '--permission',
  '--disallow-code-generation-from-strings',
  '--disable-proto=throw',
  '--no-addons',
  '--no-experimental-sqlite',
]

type Answer = {
  number: bigint
  digest: string
  verdict: number
  row: number
  position: number
  reason: string
  form: string
  from: string
  to: string
  output: string
}

type Running = {
  frames: Socket
  answers: Socket
  /** All that has come, once that is so many octets or the process has ended. */
  wait: (octets: number) => Promise<Buffer>
  /** The first `count` answers. */
  take: (count: number) => Promise<Answer[]>
  ended: Promise<{ code: number | null; stderr: string }>
}

/** Starts `verify` on two fresh FIFOs. */
function start(test: Test, options: { compiled?: boolean; flags?: string[]; args?: string[] } = {}): Running {
  const folder = test.testdir({})
  const { octets, digest } = encodeBundle(bundle)
  const file = join(folder, 'bundle.json')
  writeFileSync(file, octets)
  const program = options.compiled ? compileTo(folder) : join(root, 'guard/verify')
  const main = join(program, options.compiled ? 'main.js' : 'main.ts')
  const [frameReader, frameWriter] = fifo(join(folder, 'frames'))
  const [answerReader, answerWriter] = fifo(join(folder, 'answers'))

  const child = spawn(
    process.execPath,
    [
      ...(options.flags ?? []),
      ...HARDENED,
      `--allow-fs-read=${program}`,
      `--allow-fs-read=${file}`,
      main,
      ...(options.args ?? ['--name', 'high-low', '--bundle', file, '--digest', digest]),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe', frameReader, answerWriter],
      env: { PATH: process.env['PATH'] },
    },
  )
  closeSync(frameReader)
  closeSync(answerWriter)
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stderr }))
  })

  const frames = new Socket({ fd: frameWriter, readable: false, writable: true })
  const answers = new Socket({ fd: answerReader, readable: true, writable: false })
  frames.on('error', () => {}) // the process has ended; `ended` tells
  let received = Buffer.alloc(0)
  let wake = () => {}
  answers.on('data', (octets: Buffer) => {
    received = Buffer.concat([received, octets])
    wake()
  })
  answers.on('close', () => wake())
  const wait = async (wanted: number) => {
    while (received.length < wanted && !answers.destroyed) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return received
  }
  const take = async (count: number) => {
    let end = 36
    for (let n = 0; n < count; n += 1) {
      await wait(end + 4)
      end += 4 + received.readUInt32BE(end)
      await wait(end)
    }
    return decodeAnswers(received.subarray(36, end))
  }
  test.teardown(() => {
    child.kill('SIGKILL')
    frames.destroy()
    answers.destroy()
  })
  return { frames, answers, wait, take, ended }
}

/** Both ends of a fresh FIFO: [reader, writer]. */
function fifo(path: string): [number, number] {
  const made = spawnSync('mkfifo', [path])
  if (made.status !== 0) throw new Error(`mkfifo: ${made.stderr}`)
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return [reader, openSync(path, constants.O_WRONLY)]
}

/** The program as a package ships it: JavaScript, since without JIT Node strips no types. */
function compileTo(folder: string): string {
  const out = join(folder, 'verify')
  for (const file of globSync('**/*.ts', { cwd: join(root, 'guard/verify') })) {
    const target = join(out, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    const script = stripTypeScriptTypes(readFileSync(join(root, 'guard/verify', file), 'utf8'))
    writeFileSync(target, script.replace(/(from '[^']*)\.ts'/g, "$1.js'"))
  }
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  return out
}

function frame(number: bigint, stanza: string, second = NOW): Buffer {
  const payload = Buffer.from(stanza, 'utf8')
  const head = Buffer.alloc(20)
  head.writeUInt32BE(16 + payload.length, 0)
  head.writeBigUInt64BE(number, 4)
  head.writeBigUInt64BE(BigInt(second), 12)
  return Buffer.concat([head, payload])
}

function decodeAnswers(octets: Buffer): Answer[] {
  const out: Answer[] = []
  let at = 0
  const string = () => {
    const length = octets.readUInt16BE(at)
    at += 2 + length
    return octets.toString('utf8', at - length, at)
  }
  while (at < octets.length) {
    const end = at + 4 + octets.readUInt32BE(at)
    const number = octets.readBigUInt64BE(at + 4)
    const digest = octets.toString('hex', at + 12, at + 44)
    const verdict = octets.readUInt8(at + 44)
    const row = octets.readUInt32BE(at + 45)
    const position = octets.readUInt32BE(at + 49)
    at += 53
    const [reason, form, from, to] = [string(), string(), string(), string()] as const
    const length = octets.readUInt32BE(at)
    const output = octets.toString('utf8', at + 4, at + 4 + length)
    at += 4 + length
    if (at !== end) throw new Error('an answer does not fit its length')
    out.push({ number, digest, verdict, row, position, reason, form, from, to, output })
  }
  return out
}

const labelled = chat(`<body>Grüße</body>${labelOf(0)}`)

for (const compiled of [false, true]) {
  t.test(compiled ? 'answers without JIT, from compiled code' : 'answers from source', async (t) => {
    const running = start(t, compiled ? { compiled, flags: ['--jitless'] } : {})
    const one = frame(1n, labelled)
    const two = frame(0xffff_ffff_ffff_ffffn, presence('<show>away</show>'))
    const three = frame(3n, chat('<body>secret words</body>'))
    // Cut where it hurts: in a length, in a number, in a stanza.
    const all = Buffer.concat([one, two, three])
    for (const [from, to] of [
      [0, 2],
      [2, 9],
      [9, one.length + 3],
      [one.length + 3, all.length],
    ] as const) {
      running.frames.write(all.subarray(from, to))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const beginning = await running.wait(36)
    t.equal(beginning.toString('latin1', 0, 4), 'SLY1')
    t.equal(beginning.toString('hex', 4, 36), encodeBundle(bundle).digest)
    const answers = await running.take(3)
    t.equal(answers.length, 3)
    const [first, second, third] = answers as [Answer, Answer, Answer]
    t.equal(first.digest, hash('sha256', one.subarray(4), 'hex'))
    t.match(first, {
      number: 1n,
      verdict: 1,
      row: 0,
      position: 0,
      reason: '',
      form: 'message-chat',
      from: 'ann@high.example/pc',
      to: 'bob@low.example',
    })
    t.match(first.output, /<body>Grüße<\/body><BindingData /)
    t.match(second, {
      number: 0xffff_ffff_ffff_ffffn,
      verdict: 1,
      row: 0xffffffff,
      reason: '',
      form: 'presence',
    })
    t.equal(second.output, presence('<show>away</show>'))
    t.match(third, { number: 3n, verdict: 0, row: 0xffffffff, reason: 'label-missing', output: '' })
    t.equal(third.position, chat('').indexOf('</message>'))

    running.frames.end()
    const { code, stderr } = await running.ended
    t.equal(code, 1)
    t.equal(stderr, line('high-low', 'intake has closed the pipe of frames'))
  })
}

t.test('waits when nobody reads, and loses nothing', async (t) => {
  const running = start(t)
  await running.wait(36)
  running.answers.pause()
  const count = 6000
  const frames: Buffer[] = []
  for (let n = 1; n <= count; n += 1) frames.push(frame(BigInt(n), labelled))
  running.frames.write(Buffer.concat(frames))
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.ok(running.frames.writableLength > 0, 'the pipe of frames is full')
  running.answers.resume()
  const answers = await running.take(count)
  t.equal(answers.length, count)
  t.ok(answers.every((answer, index) => answer.number === BigInt(index + 1) && answer.verdict === 1))
})

t.test('ends on what is no frame', async (t) => {
  const long = Buffer.alloc(4)
  long.writeUInt32BE(bundle.limits.stanzaBytes + 17)
  const short = Buffer.from([0, 0, 0, 15])
  const late = frame(1n, labelled, 253_402_300_800)
  for (const [octets, message] of [
    [long, 'a frame has a length that none can have'],
    [short, 'a frame has a length that none can have'],
    [late, 'a frame has a second beyond the year 9999'],
  ] as const) {
    const running = start(t)
    running.frames.write(octets)
    const { code, stderr } = await running.ended
    t.equal(code, 1)
    t.equal(stderr, line('high-low', message))
    t.equal((await running.wait(37)).length, 36, 'nothing but the start was written')
  }
})

t.test('ends when release has gone', async (t) => {
  const running = start(t)
  await running.wait(36)
  running.answers.destroy()
  running.frames.write(frame(1n, labelled))
  const { code, stderr } = await running.ended
  t.equal(code, 1)
  t.match(
    stderr,
    /^\{"guard":"high-low","stage":"verify","level":"fatal","message":"[^\n]*(EPIPE|closed)[^\n]*"\}\n$/,
  )
})

t.test('does not start without the bundle of its digest', async (t) => {
  const { digest } = encodeBundle(bundle)
  const file = join(t.testdir({ 'other.json': '{}\n' }), 'other.json')
  for (const [args, message] of [
    [[], /^\{"guard":"\?","stage":"verify","level":"fatal","message":"usage: /],
    [['--unknown'], /"guard":"\?".*"message":"\w+ ERR_PARSE_ARGS_UNKNOWN_OPTION/],
    [
      ['--name', 'x', '--bundle', file, '--digest', digest],
      /"guard":"x".*"message":"Error ERR_ACCESS_DENIED/,
    ],
    [
      ['--name', 'x', '--bundle', join(root, 'guard/verify/main.ts'), '--digest', digest],
      /"guard":"x".*"message":"the bundle does not have the digest/,
    ],
    [
      ['--name', 'x', '--bundle', join(root, 'guard/verify/main.ts'), '--digest', 'AA'],
      /"guard":"x".*"message":"--digest is not 64/,
    ],
  ] as const) {
    const { code, stderr } = await start(t, { args: [...args] }).ended
    t.equal(code, 1)
    t.match(stderr, message)
    t.equal(stderr.split('\n').length, 2, 'one line')
  }
})
