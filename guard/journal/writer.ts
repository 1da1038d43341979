/**
 * Writes the chain: records, numbered and chained, into segments, with checkpoints where they are due; and tells when what was
 * written is durable.
 */
import type { KeyObject } from 'node:crypto'
import { formatNumber } from '../gcxp/number.ts'
import { type Log, openLog } from '../log/log.ts'
import { CHECKPOINT_RECORDS, CHECKPOINT_SECONDS, signCheckpoint } from './checkpoint.ts'
import { segmentName } from './files.ts'
import { type Head, writeLine } from './line.ts'
import type { JournalStart } from './start.ts'

export type Writer = Readonly<{
  /** Chains a record behind the last one. `fields` begin with type and time. */
  write(fields: object): void
  /** Signs up to here, where there is a key and something unsigned. */
  checkpoint(): void
  /** `then` is called when all that was written so far is durable. */
  mark(then: () => void): void
  flush(): void
  /** Writes nothing more; `then` is called when the write that runs has ended. */
  end(then: () => void): void
  /** Whether the segment is so full, or so old, that the next record should begin another. */
  full(): boolean
  /** Begins a segment; its first record has the number that this returns. */
  startSegment(): number
  head(): Head
  durableHead(): Head
  /** Octets appended, and synchronous writes, since opening. */
  octets(): number
  flushes(): number
}>

/** How old a segment grows where old ones are removed by age: whole segments go, so a small one must end too. */
const OLDEST_SEGMENT_MS = 86_400_000

/** Goes on where `start` says; a new segment is begun at once. Throws when the segment cannot be opened. */
export function createWriter(options: {
  guard: string
  directory: string
  start: JournalStart
  /** Octets from which on a segment is full. */
  segmentOctets: number
  /** Whether segments end by age, too. */
  byAge: boolean
  signingKey: KeyObject | undefined
  time(): string
  onFailure(problem: string): void
}): Writer {
  const { start, time, signingKey } = options
  const { state } = start
  let { head } = state
  let durableHead = head
  let appended = 0
  let unsigned = 0
  let began = state.began === undefined ? Date.now() : Date.parse(state.began)
  const marks: { appended: number; head: Head; then: () => void }[] = []

  const log: Log = openLog({
    directory: options.directory,
    segment: start.segment,
    octets: start.octets,
    onDurable(octets) {
      while (marks[0] !== undefined && marks[0].appended <= octets) {
        const mark = marks.shift()!
        durableHead = mark.head
        mark.then()
      }
    },
    onFailure(problem) {
      clearInterval(timer)
      options.onFailure(problem)
    },
  })

  function append(fields: object): void {
    const written = writeLine(head, fields)
    const octets = Buffer.from(written.line)
    head = written.head
    appended += octets.length
    log.append(octets)
  }

  function write(fields: object): void {
    append(fields)
    if (++unsigned >= CHECKPOINT_RECORDS) checkpoint()
  }

  function checkpoint(): void {
    if (signingKey === undefined || unsigned === 0) return
    append({ type: 'checkpoint', ...signCheckpoint(signingKey, options.guard, head, time()) })
    unsigned = 0
  }
  function mark(then: () => void): void {
    marks.push({ appended, head, then })
  }

  const timer = setInterval(() => {
    checkpoint()
    mark(() => {})
  }, CHECKPOINT_SECONDS * 1000)
  timer.unref()

  function beginSegment(): void {
    const { seen, confirmed, approved, gateClosed } = state
    began = Date.now()
    write({
      type: 'segment',
      time: time(),
      previous: head.chain,
      seen: formatNumber(seen),
      confirmed: formatNumber(confirmed),
      ...(approved && { version: approved.version, bundle: approved.digest }),
      ...(gateClosed === true && { gate: 'closed' }),
    })
  }
  if (start.octets === 0) beginSegment()

  return {
    write,
    checkpoint,
    mark,
    flush: log.flush,
    end: log.end,
    full: () =>
      log.segmentOctets() >= options.segmentOctets ||
      (options.byAge && Date.now() - began >= OLDEST_SEGMENT_MS),
    startSegment() {
      checkpoint()
      const first = head.seq + 1
      log.startSegment(segmentName(first))
      beginSegment()
      checkpoint()
      return first
    },
    head: () => head,
    durableHead: () => durableHead,
    octets: () => appended,
    flushes: log.flushes,
  }
}
