import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { codeTree, nodeFlags, stageFile } from '../../guard/launcher/flags.ts'
import type { GuardConfig } from '../../guard/launcher/stages.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { createDecider, type Verdict } from '../../rules/decide/decide.ts'
import { BUNDLE, chat, ESS_LABEL, PASSING, SECOND } from '../decide/bundle.ts'
import { NUMBER } from '../support/number.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sallyport-inspect-'))
t.teardown(() => rmSync(folder, { recursive: true }))

type Stage = {
  child: ChildProcess
  frames: Socket
  answers: Socket
  answered: () => Buffer
  said: () => string
}

let made = 0

/** inspect on two FIFOs. `bundle` are the octets of the file, `digest` what the command line says of them. */
function start(bundle: Uint8Array, digest = bundleDigest(bundle)): Stage {
  const place = join(folder, String(++made))
  mkdirSync(place)
  const [frames, answers, file] = ['frames', 'answers', 'bundle'].map((name) => join(place, name)) as [
    string,
    string,
    string,
  ]
  execFileSync('mkfifo', [frames, answers])
  writeFileSync(file, bundle)
  const ends = [frames, answers].map((path) => {
    const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return { read, write: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) }
  })
  const { NODE_OPTIONS: _, ...env } = process.env
  const code = codeTree(true)
  const flags = nodeFlags('inspect', { bundle: { file }, jit: true } as GuardConfig, code)
  const options = ['--name', 'high-to-low', '--bundle', file, '--digest', digest]
  const child = spawn(process.execPath, [...flags, stageFile('inspect', code), ...options], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', ends[0]!.read, ends[1]!.write],
  })
  closeSync(ends[0]!.read)
  closeSync(ends[1]!.write)
  const source = new Socket({ fd: ends[0]!.write, readable: false, writable: true })
  source.on('error', () => {}) // a stage that refuses to start has no reader
  const sink = new Socket({ fd: ends[1]!.read, readable: true, writable: false })
  const received: Buffer[] = []
  sink.on('data', (chunk: Buffer) => received.push(chunk))
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return { child, frames: source, answers: sink, answered: () => Buffer.concat(received), said: () => said }
}

const exit = ({ child }: Stage): Promise<number | null> =>
  child.exitCode !== null ? Promise.resolve(child.exitCode) : new Promise((done) => child.once('exit', done))

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 1000) throw new Error('waited in vain')
    await new Promise((done) => setTimeout(done, 10))
  }
}

function frame(number: bigint, payload: Uint8Array, second = BigInt(SECOND)): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt32BE(16 + payload.length, 0)
  head.writeBigUInt64BE(number, 4)
  head.writeBigUInt64BE(second, 12)
  return Buffer.concat([head, payload])
}

/** The answer as doc/formats.md §4 has it, written apart from the one that is tested. */
function answer(sent: Buffer, verdict: Verdict): Buffer {
  const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
  const str = (text: string): Buffer => {
    const octets = Buffer.from(text)
    return Buffer.concat([Buffer.from([octets.length >>> 8, octets.length]), octets])
  }
  const output = Buffer.from(verdict.accepted ? verdict.output : '')
  const rest = Buffer.concat([
    sent.subarray(4, 12),
    createHash('sha256').update(sent.subarray(4)).digest(),
    Buffer.from([verdict.accepted ? 1 : 0]),
    verdict.accepted && verdict.row !== -1 ? u32(verdict.row) : Buffer.from('ffffffff', 'hex'),
    u32(verdict.accepted ? 0 : verdict.at),
    str(verdict.accepted ? '' : verdict.reason),
    str(verdict.form),
    str(verdict.from),
    str(verdict.to),
    u32(output.length),
    output,
  ])
  return Buffer.concat([u32(rest.length), rest])
}

const octets = bundleOctets(BUNDLE)
const header = Buffer.concat([Buffer.from('SLY1'), createHash('sha256').update(octets).digest()])

t.test('frames in, answers out, octet for octet, however the frames are cut', async (t) => {
  const decide = createDecider(BUNDLE)
  const payloads = [
    ...PASSING.map(({ input }) => Buffer.from(input)),
    Buffer.from(''),
    Buffer.from('<message/>'),
    Buffer.from(chat('<body>no label</body>')),
    Buffer.from(chat(`<body>\u202e</body>${ESS_LABEL}`)),
    Buffer.from([0xff, 0xfe]),
    Buffer.alloc(BUNDLE.limits.stanzaBytes, 0x20),
  ]
  const sent = payloads.map((payload, i) => frame((7n << 48n) + BigInt(i), payload))
  const expected = Buffer.concat([
    header,
    ...sent.map((f, i) => answer(f, decide(payloads[i]!, SECOND, NUMBER))),
  ])

  for (const size of [1, 7, 65_536]) {
    const stage = start(octets)
    const all = Buffer.concat(sent.slice(0, size === 1 ? 5 : sent.length))
    const wanted =
      size === 1
        ? Buffer.concat([
            header,
            ...sent.slice(0, 5).map((f, i) => answer(f, decide(payloads[i]!, SECOND, NUMBER))),
          ])
        : expected
    for (let at = 0; at < all.length; at += size) {
      if (!stage.frames.write(all.subarray(at, at + size)))
        await new Promise((done) => stage.frames.once('drain', done))
    }
    await until(() => stage.answered().length >= wanted.length || stage.child.exitCode !== null)
    t.equal(stage.said(), '', 'nothing on stderr')
    t.ok(stage.answered().equals(wanted), `in chunks of ${size}`)
    stage.frames.destroy()
    t.equal(await exit(stage), 1, 'the end of the frames ends the stage')
    t.match(stage.said(), 'descriptor 3', 'and it says so')
  }
})

t.test('release is slow: the stage waits and loses nothing', async (t) => {
  const stage = start(octets)
  stage.answers.pause()
  const input = Buffer.from(chat(`<body>${'x'.repeat(4000)}</body>${ESS_LABEL}`))
  const decide = createDecider(BUNDLE)
  const sent = Array.from({ length: 300 }, (_, i) => frame(BigInt(i), input))
  const expected = Buffer.concat([header, ...sent.map((f) => answer(f, decide(input, SECOND, NUMBER)))])
  for (const f of sent) stage.frames.write(f)
  await new Promise((done) => setTimeout(done, 500))
  t.ok(stage.frames.writableLength > 500_000, 'frames wait in front of the stage')
  t.ok(stage.answered().length < 262_144, 'no more than pipes and buffers hold is answered')
  stage.answers.resume()
  await until(() => stage.answered().length >= expected.length || stage.child.exitCode !== null)
  t.ok(stage.answered().equals(expected), 'all answers, in order')
  stage.frames.destroy()
  await exit(stage)
})

t.test('a frame out of format ends the stage without an answer', async (t) => {
  const cases = {
    'too short for its head': Buffer.from([0, 0, 0, 15, ...Buffer.alloc(15)]),
    'longer than a stanza may be': Buffer.from([0, 0, 0x40, 0x11]),
    'a second beyond the year 9999': frame(1n, Buffer.from('x'), 253_402_300_800n),
  }
  for (const [name, broken] of Object.entries(cases)) {
    const stage = start(octets)
    stage.frames.write(broken)
    t.equal(await exit(stage), 1, name)
    t.ok(stage.answered().equals(header) || stage.answered().length === 0, 'no answer')
    t.match(stage.said(), '"level":"fatal"', 'said why')
    stage.frames.destroy()
  }
})

t.test('a bundle that is not the approved one is not used', async (t) => {
  const other = bundleOctets({ ...BUNDLE, version: 2 })
  const cases: [string, Stage, string][] = [
    ['another digest', start(other, bundleDigest(octets)), 'digest'],
    ['not JSON, as the digest says', start(Buffer.from('{')), 'not JSON'],
    ['of another Unicode', start(bundleOctets({ ...BUNDLE, unicode: '15.1' })), 'Unicode'],
  ]
  for (const [name, stage, word] of cases) {
    t.equal(await exit(stage), 1, name)
    t.match(stage.said(), word, 'said why')
    t.equal(stage.answered().length, 0, 'not even a header')
    stage.frames.destroy()
  }
})

t.test('the header says what the stage reads and writes', async (t) => {
  const source = readFileSync(join(root, 'guard/inspect/main.ts'), 'utf8')
  for (const word of ['Reads', 'Writes', 'Trusts', 'Rights', 'Fails', 'Reports', 'Follows']) {
    t.match(source, new RegExp(`^ \\* ${word} `, 'm'), word)
  }
  t.match(source, 'const FRAMES = 3')
  t.match(source, 'const ANSWERS = 4')
})
