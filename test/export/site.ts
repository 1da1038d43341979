/** A journal that the test writes, collectors and witnesses, and the commands as processes, in one temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { segmentName } from '../../guard/journal/files.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import { type Head, NO_HEAD, writeLine } from '../../guard/journal/line.ts'
import { type Log, openLog } from '../../guard/log/log.ts'
import { type CertificateOptions, issue, makeCa } from '../pki/pki.ts'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')

/** A folder with a CA, `ca.pem`, and for each end `NAME.pem` and `NAME.key`. */
export type Folder = Readonly<{
  path: string
  /** Writes a file of JSON, which is YAML, and returns its path. */
  write(name: string, value: object): string
  /** The members of a configuration by which an end shows itself. */
  tls(name: string): Readonly<{ certificate: string; key: string; ca: string }>
  remove(): void
}>

export async function makeFolder(ends: Readonly<Record<string, CertificateOptions>>): Promise<Folder> {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-away-'))
  const ca = await makeCa('Test CA')
  writeFileSync(join(path, 'ca.pem'), ca.certificate)
  for (const [name, options] of Object.entries(ends)) {
    const { certificate, key } = await issue(ca, options)
    writeFileSync(join(path, `${name}.pem`), certificate)
    writeFileSync(join(path, `${name}.key`), key, { mode: 0o600 })
  }
  return {
    path,
    write(name, value) {
      const file = join(path, name)
      writeFileSync(file, JSON.stringify(value, undefined, 2))
      return file
    },
    tls: (name) => ({ certificate: `${name}.pem`, key: `${name}.key`, ca: 'ca.pem' }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Ed25519 key files as the commands make them: FILE and FILE.pub. */
export function makeSigningKey(file: string): KeyObject {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeFileSync(`${file}.pub`, publicKey.export({ type: 'spki', format: 'pem' }))
  return privateKey
}

/** A journal as the stage writes it: whole flushes, then `head.json`. */
export type Writer = Readonly<{
  directory: string
  head(): Head
  /** Appends records and makes them durable. */
  put(...records: object[]): Promise<void>
  /** The same, with `head.json` left as it is. */
  putUnseen(...records: object[]): Promise<void>
  /** Begins a new file with the next record. */
  rotate(): Promise<void>
}>

export async function writeJournal(directory: string, segmentRecords = 100): Promise<Writer> {
  mkdirSync(directory)
  let head = NO_HEAD
  let inSegment = 0
  let told: (() => void) | undefined
  const log: Log = openLog({
    directory,
    segment: segmentName(1),
    octets: 0,
    onDurable: () => told?.(),
    onFailure(problem) {
      throw new Error(problem)
    },
  })

  function append(fields: object): void {
    const written = writeLine(head, fields)
    head = written.head
    inSegment++
    log.append(Buffer.from(written.line))
  }

  function begin(): void {
    append({ type: 'segment', time: now(), previous: head.chain, seen: '0.0', confirmed: '0.0' })
  }

  async function putUnseen(...records: object[]): Promise<void> {
    if (head.seq === 0) begin()
    for (const record of records) {
      if (inSegment >= segmentRecords) next()
      append(record)
    }
    const durable = new Promise<void>((resolve) => {
      told = resolve
    })
    log.flush()
    await durable
  }

  function next(): void {
    log.startSegment(segmentName(head.seq + 1))
    inSegment = 0
    begin()
  }

  return {
    directory,
    head: () => head,
    putUnseen,
    async put(...records) {
      await putUnseen(...records)
      await writeHeadFile(directory, head)
    },
    async rotate() {
      next()
      await putUnseen()
      await writeHeadFile(directory, head)
    },
  }
}

const now = () => new Date().toISOString()

/** A verdict as the journal has it. */
export function verdict(i: number, more: object = {}): object {
  return {
    type: 'verdict',
    time: now(),
    number: `0.${i}`,
    outcome: 'released',
    direction: 'high-to-low',
    from: 'anna@high.example',
    to: 'ben@low.example',
    form: 'message-chat',
    ...more,
  }
}

export const verdicts = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => verdict(from + i))

/** A command of its own. */
export type Running = Readonly<{
  process: ChildProcess
  said(): string
  exit: Promise<number | null>
  stop(): Promise<number | null>
  kill(): Promise<void>
}>

/** Starts `sallyport journal …`. */
export function start(...args: string[]): Running {
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, [CLI, 'journal', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const exit = once(child, 'close').then(([code]) => code as number | null)
  return {
    process: child,
    said: () => said,
    exit,
    async stop() {
      child.kill('SIGTERM')
      return exit
    },
    async kill() {
      child.kill('SIGKILL')
      await exit
    },
  }
}
