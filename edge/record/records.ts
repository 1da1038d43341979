/**
 * The edge's own records: the same chained lines, checkpoints and files as a guard's journal, so that `sallyport journal` shows,
 * traces and verifies them.
 *
 * They are evidence, so an edge that cannot keep them stops (`problem`): nothing is read of servers and guards until they can be
 * written again, which is tried by itself. What happens meanwhile is held in memory, up to a bound, and written then; what is beyond is
 * counted, and the count is written. An entry may stand twice around such a break, and what a killed edge had not written is lost.
 */
import { createHmac, hash, type KeyObject } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { formatNumber } from '../../guard/gcxp/index.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import type { Head } from '../../guard/journal/line.ts'
import { type Keep, removable } from '../../guard/journal/retention.ts'
import { watchSpace } from '../../guard/journal/space.ts'
import { findStart } from '../../guard/journal/start.ts'
import { createWriter, type Writer } from '../../guard/journal/writer.ts'
import { cannotRead, cannotWrite } from '../../rules/unreadable.ts'
import type { Log } from '../log.ts'
import { type Entry, entryFields } from './entry.ts'

/** What the configuration says of records. */
export type RecordSettings = Readonly<{
  folder: string
  /** Key of the digests; without one no digest is written. */
  key: KeyObject | undefined
  /** Ed25519; without one nothing is signed. */
  signingKey: KeyObject | undefined
  keep: Keep
  warnFreeMegabytes: number
}>

export type Records = Readonly<{
  /**
   * Puts an entry on record. Of the stanza (its octets or text, asked for only when there is a key) a keyed digest is kept; of what
   * went to the guard it is the guard's `input` when both have the same key.
   */
  record(entry: Entry, stanza?: () => Uint8Array | string): void
  /** Why nothing may move for now, in one line. */
  problem(): string | undefined
  /** Writes what is left, and a last record. */
  close(): void
}>

const MEGABYTE = 1024 * 1024
/** Old records go by whole segments: an eighth of what is kept, within these. */
const SMALLEST_SEGMENT = MEGABYTE
const LARGEST_SEGMENT = 16 * MEGABYTE
/** How long an entry, for which nobody waits, may wait for others to go with it. */
const GATHER_MS = 200
const RETRY_MS = 2_000
const REMOVE_MS = 60_000
const HEAD_MS = 1_000
/** Entries that wait for the disk: from here on nothing more is read, and from there on nothing more is kept. */
const HOLD_ENTRIES = 10_000
const MOST_ENTRIES = 100_000

/**
 * Goes on with the records in the folder, or begins them. `onChange` is called when `problem` may have another answer.
 * Throws one line when they are damaged or cannot be had.
 */
export function openRecords(
  settings: RecordSettings,
  edge: Readonly<{ name: string; side: string; out: string; in: string }>,
  log: Log,
  onChange: () => void,
): Records {
  const { folder, keep } = settings
  /** Entries that are not known to be durable, oldest first. */
  let waiting: object[] = []
  let lost = 0
  let writer: Writer | undefined
  let broken: string | undefined
  let closed = false
  let held = false
  let removing = false
  let gathering: NodeJS.Timeout | undefined
  let retrying: NodeJS.Timeout | undefined
  let newest: Head | undefined
  let headTimer: NodeJS.Timeout | undefined
  let headWriting = Promise.resolve()

  function open(): Writer {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const start = findStart(folder)
    if ('problem' in start) throw new Error(`records: ${start.problem}`)
    const next = createWriter({
      guard: edge.name,
      directory: folder,
      start,
      segmentOctets: Math.min(
        Math.max(((keep.megabytes ?? 128) * MEGABYTE) / 8, SMALLEST_SEGMENT),
        LARGEST_SEGMENT,
      ),
      byAge: keep.days !== undefined,
      signingKey: settings.signingKey,
      time: () => new Date().toISOString(),
      onFailure(problem) {
        if (writer === next) failed(problem)
      },
    })
    return next
  }

  function failed(problem: string): void {
    writer = undefined
    removing = false
    broken = `records: ${problem}`
    log.error({}, broken)
    onChange()
    if (!closed) retrying = setTimeout(again, RETRY_MS).unref()
  }

  /** Tries to go on after a failure. */
  function again(): void {
    try {
      writer = open()
    } catch (error) {
      writer = undefined
      broken = said(error)
      retrying = setTimeout(again, RETRY_MS).unref()
      return
    }
    for (const fields of waiting) writer.write(fields)
    if (lost > 0) {
      write({ type: 'lost', time: new Date().toISOString(), entries: lost })
      lost = 0
    }
    flush()
  }

  function said(error: unknown): string {
    const { code, message } = error as NodeJS.ErrnoException
    return code === undefined
      ? message
      : `records: ${folder} ${cannotWrite(error, 'let the user of the edge have it')}`
  }

  function write(fields: object): void {
    if (writer?.full() === true) {
      writer.startSegment()
      writer.mark(() => void removeOld())
    }
    waiting.push(fields)
    writer?.write(fields)
  }

  function flush(): void {
    clearTimeout(gathering)
    gathering = undefined
    const current = writer
    if (current === undefined) return
    const count = waiting.length
    const head = current.head()
    current.mark(() => {
      if (writer !== current) return
      waiting = waiting.slice(count)
      keepHead(head)
      if (broken !== undefined) {
        log.info({}, 'records are written again')
        broken = undefined
        onChange()
      } else if (held && waiting.length < HOLD_ENTRIES / 2) {
        held = false
        onChange()
      }
    })
    current.flush()
  }

  /** Keeps `head.json` about a second behind, and up to the end when it is closed. */
  function keepHead(head: Head): void {
    newest = head
    if (closed) writeHead()
    else headTimer ??= setTimeout(writeHead, HEAD_MS).unref()
  }

  function writeHead(): void {
    headTimer = undefined
    const head = newest!
    headWriting = headWriting
      .then(() => writeHeadFile(folder, head))
      .catch((error: unknown) => {
        if (!closed) log.error({}, said(error))
      })
  }

  /** Removes old segments, each when the record of that is durable; one behind the other. */
  async function removeOld(): Promise<void> {
    if (removing || writer === undefined) return
    removing = true
    try {
      for (let next = removable(folder, keep, Date.now()); next !== undefined; ) {
        if ('problem' in next) return log.warn({}, `records: ${next.problem}`)
        const { file } = next
        await new Promise<void>((resolve) => {
          write({ type: 'removed', time: new Date().toISOString(), ...next })
          // Signed before the file goes: a record that anybody could have put in excuses nothing.
          writer?.checkpoint()
          writer?.mark(resolve)
          flush()
        })
        await unlink(join(folder, file))
        log.info({ file }, 'old records were removed')
        next = removable(folder, keep, Date.now())
      }
      removing = false
    } catch (error) {
      // Not tried again before the next start: each trial is a record.
      log.error({}, `records: ${cannotRead(error, 'somebody else removes files of the records')}`)
    }
  }

  const record: Records['record'] = (entry, stanza) => {
    if (waiting.length >= MOST_ENTRIES) {
      lost++
      return
    }
    const { type, ...fields } = entryFields(entry, formatNumber)
    const digest = stanza === undefined ? undefined : keyed(stanza)
    write({ type, time: new Date().toISOString(), ...fields, ...(digest === undefined ? {} : { digest }) })
    if (!held && waiting.length >= HOLD_ENTRIES) {
      held = true
      onChange()
    }
    gathering ??= setTimeout(flush, GATHER_MS).unref()
  }

  /** As the guard's journal: HMAC-SHA-256 of the SHA-256, so that nobody without the key can try out what a short text was. */
  function keyed(stanza: () => Uint8Array | string): string | undefined {
    if (settings.key === undefined) return undefined
    return createHmac('sha256', settings.key)
      .update(hash('sha256', stanza(), 'buffer'))
      .digest('hex')
  }

  try {
    writer = open()
    watchSpace({
      directory: folder,
      warnMegabytes: settings.warnFreeMegabytes,
      report: { problem: (message) => log.warn({}, `records: ${message}`) },
    })
  } catch (error) {
    throw new Error(said(error))
  }
  const { name, ...rest } = edge
  write({ type: 'start', time: new Date().toISOString(), edge: name, ...rest })
  flush()
  void removeOld()
  const removal = setInterval(removeOld, REMOVE_MS)
  removal.unref()

  return {
    record,
    problem: () =>
      broken ?? (held ? 'records: the disk does not keep up with what is to be recorded' : undefined),
    close() {
      closed = true
      clearInterval(removal)
      clearTimeout(retrying)
      clearTimeout(headTimer)
      write({ type: 'stop', time: new Date().toISOString() })
      writer?.checkpoint()
      flush()
    },
  }
}
