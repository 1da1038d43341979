/** A verifier alone as a subject: frames down one FIFO, answers up the other (doc/formats.md §4). */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { nodeFlags, stageFile } from '../../guard/launcher/flags.ts'
import type { GuardConfig } from '../../guard/launcher/stages.ts'
import type { Subject } from './drive.ts'
import { processFacts } from './facts.ts'
import { type Measured, ROOT, type Setting } from './setting.ts'

const HEAD = 16
/** The first number; all that follow have as many digits, so that one frame will do. */
const GENERATION = 1
const FIRST = 10 ** 12

/** (a) and (b): one verifier between two FIFOs, with the flags that it has in operation. */
export async function verifierAlone(stage: 'inspect' | 'verify', setting: Setting): Promise<Measured> {
  const { bundle, jit } = setting
  const code = {
    root: jit ? ROOT : join(ROOT, 'dist'),
    extension: jit ? ('.ts' as const) : ('.js' as const),
    modules: join(ROOT, 'node_modules'),
    packageFile: join(ROOT, 'package.json'),
  }
  // The two verifiers' flags depend on nothing else of a guard's configuration.
  const flags = nodeFlags(stage, { bundle, jit } as GuardConfig, code)
  const own = ['--name', 'bench', '--bundle', bundle.file, '--digest', bundle.digest]
  const subject = await startStage({
    name: stage,
    args: [...flags, stageFile(stage, code), ...own],
    payload: setting.sample.framed({ generation: GENERATION, count: FIRST }),
    folder: setting.folder,
  })
  return { ...subject, facts: async () => processFacts(subject) }
}

type StageOptions = Readonly<{
  name: string
  /** Node's options and the stage's own arguments. */
  args: readonly string[]
  payload: Buffer
  /** Folder for the FIFOs; they are removed at once. */
  folder: string
}>

/** Starts a verifier and waits until it has named its bundle. Throws when it ends, or refuses the payload. */
async function startStage(options: StageOptions): Promise<Subject> {
  const frames = makePipe(join(options.folder, `${options.name}-frames`))
  const answers = makePipe(join(options.folder, `${options.name}-answers`))
  const log = openSync(join(options.folder, `${options.name}.log`), 'a')
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, [...options.args], {
    env,
    stdio: ['ignore', 'ignore', log, frames.read, answers.write],
  })
  closeSync(log)
  closeSync(frames.read)
  closeSync(answers.write)
  const input = new Socket({ fd: frames.write, readable: false, writable: true })
  const output = new Socket({ fd: answers.read, readable: true, writable: false })
  child.once('exit', (code) => output.destroy(new Error(`${options.name} ended with ${code}`)))

  let handler = (_: number) => {}
  const started = once(output, 'greeted')
  readAnswers(output, (count) => handler(count))
  await started

  // One frame, made once: only its number changes, and the id, which is that number.
  const frame = Buffer.alloc(4 + HEAD + options.payload.length)
  frame.writeUInt32BE(HEAD + options.payload.length, 0)
  frame.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)), 12)
  options.payload.copy(frame, 4 + HEAD)
  const digits = frame.indexOf(String(FIRST), 4 + HEAD)
  let turn: Buffer[] = []
  return {
    name: options.name,
    send(sequence) {
      frame.writeUInt16BE(GENERATION, 4)
      frame.writeUIntBE(FIRST + sequence, 6, 6)
      frame.write(String(FIRST + sequence), digits, 'latin1')
      if (turn.push(Buffer.from(frame)) > 1) return
      setImmediate(() => {
        input.write(Buffer.concat(turn))
        turn = []
      })
    },
    onResults(next) {
      handler = next
    },
    processes: [{ name: options.name, pid: child.pid! }],
    async close() {
      input.destroy()
      output.removeAllListeners('error').on('error', () => {})
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

/** A FIFO without a name: both ends open, the file gone. */
function makePipe(path: string): { read: number; write: number } {
  execFileSync('mkfifo', ['-m', '600', path])
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const write = openSync(path, constants.O_WRONLY)
  execFileSync('rm', [path])
  return { read, write }
}

/** Counts answers; an answer that is no acceptance ends the run. */
function readAnswers(output: Socket, results: (count: number) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  let greeted = false
  output.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    if (!greeted) {
      if (rest.length < 36) return
      greeted = true
      at = 36
      output.emit('greeted')
    }
    let count = 0
    while (rest.length >= at + 4 && rest.length >= at + 4 + rest.readUInt32BE(at)) {
      const verdict = rest[at + 4 + 40]
      if (verdict !== 1)
        return void output.destroy(new Error('the verifier refused the stanza of the benchmark'))
      at += 4 + rest.readUInt32BE(at)
      count += 1
    }
    rest = rest.subarray(at)
    if (count > 0) results(count)
  })
}
