/**
 * journal: writes the audit record of one direction, and tells release when it is durable.
 *
 * Reads    fd 3: records from release; fd 6: from intake, sealed contents, where any are to be kept
 *          at start the last segment of the journal
 * Writes   fd 4: to release, the head at start, then how many records are durable
 *          fd 5: snapshots to metrics
 *          the journal directory: hash-chained JSON lines (line.ts) with signed checkpoints (checkpoint.ts), kept contents as they
 *          came (content-file.ts), `head.json` at start, about once a second, and at the end; old segments are removed as
 *          the configuration says, each when the record of it is durable
 * Trusts   the bundle, by the digest in its arguments (names and markings of rows); release, that it tells what it saw
 * Rights   reads its code, the bundle, the digest key and the signing key; writes the journal directory; no network. It never has
 *          content that is not sealed, and no key to open it
 * Fails    a write or flush that fails, a record out of format, the end of a pipe: the process ends, and with it the
 *          direction; nothing was released whose record is not durable. A journal that does not chain, or that was cut off, is not
 *          continued.
 * Reports  on stderr
 */
import type { KeyObject } from 'node:crypto'
import { cannotRead, cannotWrite } from '../../rules/unreadable.ts'
import { stageArguments } from '../common/arguments.ts'
import { readBundle } from '../common/bundle.ts'
import { createFrameReader } from '../common/frames.ts'
import { readDigestKey, readPrivateKey } from '../common/keys.ts'
import { sendSnapshots } from '../common/metrics.ts'
import { readPipe, writeGathered, writePipe } from '../common/pipe.ts'
import { decodeRecord, encodeHead, type JournalRecord, RECORD_OCTETS } from '../common/record.ts'
import { createReport, type Report } from '../common/report.ts'
import { compareNumbers, formatNumber } from '../gcxp/number.ts'
import { type ContentPlace, openContentFile } from './content-file.ts'
import { KEEPING, readContents } from './contents.ts'
import { keepHeadFile } from './head-file.ts'
import { type Keep, startRetention } from './retention.ts'
import { watchSpace } from './space.ts'
import { findStart, type JournalStart } from './start.ts'
import { createVerdictFields } from './verdict.ts'
import { createWriter } from './writer.ts'

const MEGABYTE = 1024 * 1024
/** How long a confirmation, which nobody waits for, may wait for the flush of a verdict. */
const LAZY_FLUSH_MS = 500

const options = stageArguments(
  process.argv.slice(2),
  [
    ...(['name', 'bundle', 'digest', 'directory', 'key', 'peer'] as const),
    ...(['segment-megabytes', 'warn-free-megabytes', 'content'] as const),
  ],
  ['signing-key', 'keep-days', 'keep-megabytes'],
)
const report: Report = createReport('journal', options.name)

const bundle = readBundle(options.bundle, options.digest)
if ('problem' in bundle) report.fail(bundle.problem)
const start = readStart()
if ('problem' in start) report.fail(start.problem)
const { state } = start
const [keepDays] = options['keep-days'].map(Number)
const [keepMegabytes] = options['keep-megabytes'].map(Number)
const keep: Keep = {
  ...(keepDays === undefined ? {} : { days: keepDays }),
  ...(keepMegabytes === undefined ? {} : { megabytes: keepMegabytes }),
}
const keeping = KEEPING.find((one) => one === options.content)
if (keeping === undefined) report.fail(`--content ${options.content}: is not one of ${KEEPING.join(', ')}`)
const verdictFields = createVerdictFields({
  name: options.name,
  peer: options.peer,
  bundle: options.digest,
  rows: bundle.labels.rows,
  key: digestKey(options.key),
})

const records = readPipe(3, 'records', report, onChunk, onEnd)
records.pause()
const durable = writePipe(4, 'durable', report)
const metrics = writePipe(5, 'metrics', report)
const contents = readContents(6, {
  keeping,
  stanzaBytes: bundle.limits.stanzaBytes,
  report,
  onContent: work,
  onEnd,
})

const frames = createFrameReader(RECORD_OCTETS)
/** The next record, when it waits for its content. */
let next: JournalRecord | undefined
/** Records are not written while those before them wait for their contents to be durable. */
let keepingContents = false
let received = 0
/** The exit code with which the stage ends once all is durable. */
let stopping: number | undefined
let timeAt = 0
let timeText = ''

const writer = opened(() =>
  createWriter({
    guard: options.name,
    directory: options.directory,
    start,
    segmentOctets: Number(options['segment-megabytes']) * MEGABYTE,
    byAge: keep.days !== undefined,
    signingKey: readSigningKey(options['signing-key'][0]),
    time,
    onFailure: report.fail,
  }),
)
const contentFile =
  keeping === 'none' ? undefined : opened(() => openContentFile(options.directory, start.first, report.fail))
const freeOctets = opened(() =>
  watchSpace({ directory: options.directory, warnMegabytes: Number(options['warn-free-megabytes']), report }),
)
const keepHead = keepHeadFile(options.directory, writer.durableHead, failWhenWritten)
let removeOld = (): void => {}

writer.write({ type: 'start', time: time(), guard: options.name, peer: options.peer, bundle: options.digest })
writer.checkpoint()
writer.mark(() => keepHead().then(begin))
writer.flush()

function readStart(): JournalStart | Readonly<{ problem: string }> {
  try {
    return findStart(options.directory)
  } catch (error) {
    return {
      problem: `journal ${options.directory}: ${cannotRead(error, 'make the directory, for the user of this stage')}`,
    }
  }
}

function opened<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    return report.fail(
      `journal ${options.directory}: ${cannotWrite(error, 'let the user of this stage write it')}`,
    )
  }
}

/** Only now, so that a journal with verdicts and without `head.json` is one from which it was taken. */
function begin(): void {
  const { head: _head, began: _began, ...rest } = state
  durable.write(encodeHead({ records: writer.durableHead().seq, ...rest }))
  records.resume()
  sendSnapshots(metrics, snapshot)
  removeOld = startRetention({
    directory: options.directory,
    keep,
    report,
    record(removal, whenDurable) {
      if (stopping !== undefined) return
      writer.write({ type: 'removed', time: time(), ...removal })
      // Signed before the files go: a record that anybody could have put in excuses nothing.
      writer.checkpoint()
      writer.mark(whenDurable)
      writer.flush()
    },
  })
}

function onChunk(chunk: Buffer): void {
  frames.feed(chunk)
  work()
}

/** Writes the records that have come, as far as their contents have; a content is durable before the record that names it. */
function work(): void {
  if (keepingContents || stopping !== undefined) return
  if (writer.full()) {
    const first = writer.startSegment()
    contentFile?.startSegment(first)
    writer.mark(removeOld)
  }
  const batch: { record: JournalRecord; content: ContentPlace | undefined }[] = []
  for (let record = nextRecord(); record !== undefined; record = nextRecord()) {
    let content: ContentPlace | undefined
    if (record.kind === 'verdict') {
      if (!contents.ready()) break
      const sealed = contents.take(record.number, record.outcome)
      if (sealed !== undefined) content = contentFile?.append(sealed)
    }
    batch.push({ record, content })
    next = undefined
  }
  const commit = () => {
    for (const { record, content } of batch) write(record, content)
    received += batch.length
    const count = received
    writer.mark(() => tell(count))
    // For a confirmation nobody waits: it goes with the next verdict, or with the timer below.
    if (batch.some(({ record }) => record.kind === 'verdict' || record.kind === 'gate')) writer.flush()
  }
  if (batch.some(({ content }) => content !== undefined)) {
    keepingContents = true
    contentFile?.flush(() => {
      keepingContents = false
      if (stopping !== undefined) return
      commit()
      work()
    })
  } else if (batch.length > 0) {
    commit()
  }
  if (keepingContents || next !== undefined) records.pause()
  else if (records.isPaused()) records.resume()
}

function nextRecord(): JournalRecord | undefined {
  if (next !== undefined) return next
  try {
    const rest = frames.read()
    if (rest === undefined) return undefined
    next = decodeRecord(rest)
  } catch (error) {
    report.fail(`records: ${(error as Error).message}`)
  }
  return next ?? report.fail('records: a record does not fit its format')
}

function write(record: JournalRecord, content: ContentPlace | undefined): void {
  if (record.kind === 'verdict') {
    const again = compareNumbers(record.number, state.seen) <= 0
    if (!again) state.seen = record.number
    writer.write(verdictFields(record, { time: time(), again, content }))
  } else if (record.kind === 'bundle') {
    state.approved = record.bundle
    const { version, digest } = record.bundle
    writer.write({ type: 'bundle', time: time(), version, bundle: digest })
  } else if (record.kind === 'self-test') {
    writer.write({ type: 'self-test', time: time(), cases: record.cases })
  } else if (record.kind === 'gate') {
    state.gateClosed = record.closed
    const { closed, time: since, by, reason } = record
    writer.write({ type: 'gate', time: time(), state: closed ? 'closed' : 'open', since, by, reason })
  } else {
    if (record.kind === 'confirmed') state.confirmed = record.number
    writer.write({ type: record.kind, time: time(), number: formatNumber(record.number) })
  }
}

function tell(records: number): void {
  const count = Buffer.alloc(8)
  count.writeBigUInt64BE(BigInt(records))
  writeGathered(durable, count)
}

function time(): string {
  const now = Date.now()
  if (now !== timeAt) {
    timeAt = now
    timeText = new Date(now).toISOString()
  }
  return timeText
}

function digestKey(file: string): KeyObject {
  const key = readDigestKey(file)
  return 'problem' in key ? report.fail(`key ${file} ${key.problem}`) : key
}

function readSigningKey(file: string | undefined): KeyObject | undefined {
  if (file === undefined) return undefined
  const key = readPrivateKey(file, 'ed25519')
  return 'problem' in key ? report.fail(`signing key ${file} ${key.problem}`) : key
}

function snapshot() {
  const head = writer.durableHead()
  return {
    stage: 'journal' as const,
    records: head.seq,
    waiting: writer.head().seq - head.seq,
    flushes: writer.flushes(),
    octets: writer.octets(),
    headPrefix: Number.parseInt(head.chain.slice(0, 12), 16),
    freeOctets: freeOctets(),
  }
}

setInterval(writer.flush, LAZY_FLUSH_MS)

function onEnd(why: string): void {
  if (stopping !== undefined) return
  report.problem(why)
  stop(1)
}

/** The other stages end too, so their pipes are of no more use. */
function stop(status: number): void {
  stopping = status
  for (const pipe of [records, durable, metrics]) pipe.destroy()
  writer.write({ type: 'stop', time: time() })
  writer.checkpoint()
  writer.mark(() => keepHead().then(() => process.exit(status)))
  writer.flush()
}

/**
 * Ends the stage when the write that runs has ended: it may fail on the same disk, and then what it left must be cut off, or the
 * next journal would read from memory what the medium does not have.
 */
function failWhenWritten(problem: string): void {
  stopping = 1
  records.pause()
  writer.end(() => report.fail(problem))
}

process.on('SIGTERM', () => {
  if (stopping === undefined) stop(0)
})
