/**
 * A spool's files: records go to the end of the newest one, and whoever wrote them learns when they are durable.
 *
 * A file lives as long as something in it does, or in one before it; so what was settled leaves the disk soon, and a reader
 * finds either all of a stanza's records or none. Each file begins with a record that holds what the removed ones had said.
 * What cannot be written is kept, and tried again every second: nothing is reported durable until then.
 */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Log, openLog } from '../../guard/log/log.ts'
import { decodeRecords, encodeRecord, type Members } from './record.ts'

/** Where a spool goes on: the newest file, and the octets of it that are sound. None: the spool is new. */
export type StoreStart = Readonly<{ files: readonly number[]; octets: number; torn: number }>

export type Store = Readonly<{
  /**
   * Appends a record. `then` is called when it is durable, after those before it. It is written at once, or, `lazy`, with the
   * next one that is, or soon. Gives the file that it is in.
   */
  append(members: object, payload?: Uint8Array, then?: () => void, lazy?: boolean): number
  /** `then` is called when all that was appended is durable: at once when it is. */
  mark(then: () => void): void
  /** Something in this file is needed from now on, or not any more. */
  hold(file: number): void
  release(file: number): void
  /** Takes what nobody needs off the disk; to be called from time to time. */
  tidy(): void
  /** Writes what was appended, and tells nothing more. When nothing is needed, only the first record of a new file stays on the disk. */
  close(): Promise<void>
}>

export type StoreOptions = Readonly<{
  folder: string
  start: StoreStart
  /** What a file begins with. */
  heading(): object
  /** Why nothing can be written, in one line; undefined when it can be again. */
  onTrouble(problem: string | undefined): void
}>

type Pending = Readonly<{ octets: Uint8Array; file: number; durable: (() => void) | undefined }>

/** Octets from which on a file is full. */
const FILE_OCTETS = 4 * 1024 * 1024
const AGAIN_MS = 1_000
const LAZY_MS = 50
const MODE = 0o600
const SUFFIX = '.spool'

/**
 * Reads the spool in `folder`, which is made when it is not there; `take` gets each record and the file that it is in.
 * Throws one line when the folder cannot be had or a file is damaged.
 */
export function readStore(
  folder: string,
  take: (members: Members, payload: Buffer, file: number) => void,
): StoreStart {
  let files: number[]
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    files = listFiles(folder)
  } catch (error) {
    throw new Error(
      `${folder}: cannot be used (${(error as NodeJS.ErrnoException).code}): give the edge a state folder that it may write`,
    )
  }
  let sound = 0
  let torn = 0
  for (const [i, file] of files.entries()) {
    const path = join(folder, nameOf(file))
    const octets = readFileSync(path)
    const read = decodeRecords(octets, (members, payload) => take(members, payload, file))
    if (typeof read !== 'number') throw damaged(path, read.problem)
    if (i + 1 < files.length && (read < octets.length || files[i + 1] !== file + 1))
      throw damaged(
        path,
        read < octets.length ? 'its end was cut off' : `${nameOf(file + 1)}, which follows, is missing`,
      )
    sound = read
    torn = octets.length - read
  }
  return { files, octets: sound, torn }
}

/** What an operator reads of a spool that cannot be trusted. */
export function damaged(path: string, what: string): Error {
  return new Error(
    `${path}: ${what}: look at the disk; then "sallyport edge restored" begins anew, without what waited in it`,
  )
}

/** Whether there is a spool in `folder`. */
export function storeExists(folder: string): boolean {
  return existsSync(folder) && listFiles(folder).length > 0
}

/** Puts a file with nothing but the heading in the place of all others. Throws what the file system says. */
export function renewStore(folder: string, heading: object): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files = listFiles(folder)
  const { O_WRONLY, O_CREAT, O_TRUNC, O_DSYNC } = constants
  const next = join(folder, nameOf((files.at(-1) ?? 0) + 1))
  const fd = openSync(next, O_WRONLY | O_CREAT | O_TRUNC | O_DSYNC, MODE)
  try {
    writeSync(fd, encodeRecord(heading))
  } finally {
    closeSync(fd)
  }
  for (const file of files) rmSync(join(folder, nameOf(file)), { force: true })
}

export function openStore(options: StoreOptions): Store {
  const { folder, start } = options
  /** The files that there are, oldest first, with how much in each is needed. */
  const files = start.files.map((file) => ({ file, needed: 0 }))
  /** What is not durable yet, oldest first. */
  let pending: Pending[] = []
  /** Up to where all is durable. */
  let position = { file: start.files.at(-1) ?? 0, octets: start.octets }
  /** Octets that this opening of the log has told durable. */
  let told = 0
  let log: Log | undefined
  /** Octets of the newest file that are not its heading. */
  let content = start.octets
  let timer: NodeJS.Timeout | undefined
  let lazily: NodeJS.Timeout | undefined
  let scheduled = false
  let troubled = false
  let closed = false

  const newest = () => files.at(-1)!.file

  /** Opens the log behind what is durable, and gives it what is not. */
  function open(): void {
    let file = pending[0]?.file ?? newest()
    told = 0
    log = openLog({
      directory: folder,
      segment: nameOf(file),
      octets: position.file === file ? position.octets : 0,
      mode: MODE,
      onDurable,
      onFailure,
    })
    for (const next of pending) {
      if (next.file !== file) log.startSegment(nameOf(next.file))
      file = next.file
      log.append(next.octets)
    }
  }

  function onFailure(problem: string): void {
    log = undefined
    if (closed) return
    if (!troubled) options.onTrouble(problem)
    troubled = true
    timer = setTimeout(again, AGAIN_MS)
  }

  function again(): void {
    try {
      open()
      log?.flush()
    } catch {
      timer = setTimeout(again, AGAIN_MS)
    }
  }

  function onDurable(octets: number): void {
    if (closed) return
    let count = 0
    for (; count < pending.length; count++) {
      const { octets: record, file } = pending[count]!
      if (told + record.length > octets) break
      told += record.length
      position = { file, octets: record.length + (file === position.file ? position.octets : 0) }
    }
    const done = pending.slice(0, count)
    pending = pending.slice(count)
    if (troubled) {
      troubled = false
      options.onTrouble(undefined)
    }
    for (const { durable } of done) durable?.()
  }

  function write(octets: Uint8Array, durable?: () => void): number {
    const file = newest()
    pending.push({ octets, file, durable })
    log?.append(octets)
    return file
  }

  function begin(): void {
    const file = (files.at(-1)?.file ?? 0) + 1
    const first = files.length === 0
    files.push({ file, needed: 0 })
    content = 0
    if (first) open()
    else log?.startSegment(nameOf(file))
    write(encodeRecord(options.heading()), remove)
    flushSoon()
  }

  /** Removes the oldest files of which nothing is needed, where the heading of one behind them is durable. */
  function remove(): void {
    while (files[0]!.needed === 0 && position.file > files[0]!.file) {
      const { file } = files.shift()!
      rmSync(join(folder, nameOf(file)), { force: true })
    }
  }

  function flushSoon(): void {
    if (scheduled) return
    scheduled = true
    queueMicrotask(() => {
      scheduled = false
      log?.flush()
    })
  }

  try {
    if (files.length === 0) begin()
    else open()
  } catch (error) {
    throw new Error(
      `${folder}: cannot be written (${(error as NodeJS.ErrnoException).code}): give the edge a state folder that it may write`,
    )
  }
  if (start.files.length > 0 && start.octets === 0) {
    // A crash came between a new file and its first record.
    write(encodeRecord(options.heading()), remove)
    flushSoon()
  }

  return {
    append(members, payload, then, lazy) {
      if (closed) return newest()
      if (content >= FILE_OCTETS) begin()
      const octets = encodeRecord(members, payload)
      content += octets.length
      const file = write(octets, then)
      if (lazy !== true) flushSoon()
      else {
        lazily ??= setTimeout(() => {
          lazily = undefined
          log?.flush()
        }, LAZY_MS)
      }
      return file
    },
    mark(then) {
      const last = pending.at(-1)
      if (last === undefined) return then()
      pending[pending.length - 1] = {
        ...last,
        durable() {
          last.durable?.()
          then()
        },
      }
    },
    hold(file) {
      files.find((one) => one.file === file)!.needed++
    },
    release(file) {
      files.find((one) => one.file === file)!.needed--
      remove()
    },
    tidy() {
      if (content > 0 && pending.length === 0 && files.every(({ needed }) => needed === 0)) begin()
    },
    async close() {
      clearTimeout(timer)
      clearTimeout(lazily)
      if (closed) return
      closed = true
      await new Promise<void>((resolve) => (log === undefined ? resolve() : log.close(resolve)))
      if (content === 0 || files.some(({ needed }) => needed > 0) || !existsSync(folder)) return
      try {
        renewStore(folder, options.heading())
      } catch {
        // What is there is read at the next start.
      }
    },
  }
}

function nameOf(file: number): string {
  return `${String(file).padStart(16, '0')}${SUFFIX}`
}

function listFiles(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => ({ name, file: Number(name.slice(0, -SUFFIX.length)) }))
    .filter(({ name, file }) => Number.isSafeInteger(file) && file > 0 && name === nameOf(file))
    .map(({ file }) => file)
    .sort((a, b) => a - b)
}
