/**
 * journal: writes the audit record of one direction, and tells release when it is durable.
 *
 * Reads    fd 3: records from release; at start the last segment of the journal
 * Writes   fd 4: to release, the head at start, then how many records are durable
 *          fd 5: snapshots to metrics
 *          the journal directory: hash-chained JSON lines (line.ts), `head.json` at start, about once a second, and at the end
 * Trusts   the bundle, by the digest in its arguments (names and markings of rows); release, that it tells what it saw
 * Rights   reads its code, the bundle and the digest key; writes the journal directory; no network
 * Fails    a write or flush that fails, a record out of format, the end of a pipe: the process ends, and with it the
 *          direction; nothing was released whose record is not durable. A journal that does not chain, or that was cut off, is not
 *          continued.
 * Reports  on stderr
 */
import { createHmac, createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cannotRead, cannotWrite } from '../../rules/unreadable.ts'
import { stageArguments } from '../common/arguments.ts'
import { readBundle } from '../common/bundle.ts'
import { createFrameReader } from '../common/frames.ts'
import { sendSnapshots } from '../common/metrics.ts'
import { readPipe, writePipe } from '../common/pipe.ts'
import {
  type ApprovedBundle,
  decodeRecord,
  encodeHead,
  NO_ROW,
  type Opinion,
  RECORD_OCTETS,
  type VerdictRecord,
} from '../common/record.ts'
import { createReport, type Report } from '../common/report.ts'
import { compareNumbers, formatNumber } from '../gcxp/number.ts'
import { type Log, openLog } from '../log/log.ts'
import { segmentName, writeHeadFile } from './files.ts'
import { type Head, writeLine } from './line.ts'
import { findStart, type JournalStart } from './start.ts'

/** Octets from which on a new segment is begun. */
const SEGMENT_OCTETS = 64 * 1024 * 1024
/** How long a confirmation, which nobody waits for, may wait for the flush of a verdict. */
const LAZY_FLUSH_MS = 500
const HEAD_FILE_MS = 1000

const options = stageArguments(process.argv.slice(2), [
  'name',
  'bundle',
  'digest',
  'directory',
  'key',
  'peer',
])
const report: Report = createReport('journal', options.name)

const bundle = readBundle(options.bundle, options.digest)
if ('problem' in bundle) report.fail(bundle.problem)
const { rows } = bundle.labels
const key = readKey(options.key)
const start = readStart()
if ('problem' in start) report.fail(start.problem)

const records = readPipe(3, 'records', report, onChunk, onEnd)
records.pause()
const durable = writePipe(4, 'durable', report)
const metrics = writePipe(5, 'metrics', report)

const { state } = start
/** Heads behind records that are not durable yet, each with the octets appended and the records received by then. */
const pending: { appended: number; received: number; head: typeof state.head }[] = []
let appended = 0
let received = 0
let durableHead = state.head
let beginning = false
let begun = false
/** The exit code with which the stage ends once all is durable. */
let stopping: number | undefined
let timeAt = 0
let timeText = ''

const log = open(start)

if (start.octets === 0) beginSegment()
write({ type: 'start', time: time(), guard: options.name, peer: options.peer, bundle: options.digest })
mark()
log.flush()

function readStart(): JournalStart | Readonly<{ problem: string }> {
  try {
    return findStart(options.directory)
  } catch (error) {
    return {
      problem: `journal ${options.directory}: ${cannotRead(error, 'make the directory, for the user of this stage')}`,
    }
  }
}

function open(start: JournalStart): Log {
  const { segment, octets } = start
  try {
    return openLog({ directory: options.directory, segment, octets, onDurable, onFailure: report.fail })
  } catch (error) {
    return report.fail(
      `journal ${options.directory}: ${segment} ${cannotWrite(error, 'let the user of this stage write it')}`,
    )
  }
}

function write(fields: object): void {
  const { line, head } = writeLine(state.head, fields)
  const octets = Buffer.from(line)
  state.head = head
  appended += octets.length
  log.append(octets)
}

function beginSegment(): void {
  write({
    type: 'segment',
    time: new Date().toISOString(),
    previous: state.head.chain,
    seen: formatNumber(state.seen),
    confirmed: formatNumber(state.confirmed),
    ...(state.approved === undefined ? {} : approvedFields(state.approved)),
    ...(state.gateClosed === true ? { gate: 'closed' } : {}),
  })
}

function approvedFields({ version, digest }: ApprovedBundle): object {
  return { version, bundle: digest }
}

function mark(): void {
  pending.push({ appended, received, head: state.head })
}

function onDurable(octets: number): void {
  let reached = pending[0]
  while (pending[0] !== undefined && pending[0].appended <= octets) reached = pending.shift()
  if (reached === undefined || reached.appended > octets) return
  durableHead = reached.head
  if (begun) {
    const count = Buffer.alloc(8)
    count.writeBigUInt64BE(BigInt(reached.received))
    durable.write(count)
  } else if (!beginning) {
    beginning = true
    keepHead().then(begin)
  }
  if (stopping !== undefined && pending.length === 0) keepHead().then(() => process.exit(stopping))
}

/** Only now, so that a journal with verdicts and without `head.json` is one from which it was taken. */
function begin(): void {
  begun = true
  const { head: _, ...rest } = state
  durable.write(encodeHead({ records: durableHead.seq, ...rest }))
  records.resume()
  sendSnapshots(metrics, snapshot)
}

const frames = createFrameReader(RECORD_OCTETS)

function onChunk(chunk: Buffer): void {
  let urgent = false
  try {
    frames.feed(chunk)
    for (let rest = frames.read(); rest !== undefined; rest = frames.read()) {
      if (stopping !== undefined) return
      const record = decodeRecord(rest)
      if (record === undefined) report.fail('records: a record does not fit its format')
      received++
      if (log.segmentOctets() >= SEGMENT_OCTETS) {
        log.startSegment(segmentName(state.head.seq + 1))
        beginSegment()
      }
      if (record.kind === 'verdict') {
        urgent = true
        write(verdictFields(record))
      } else if (record.kind === 'bundle') {
        state.approved = record.bundle
        write({ type: 'bundle', time: time(), ...approvedFields(record.bundle) })
      } else if (record.kind === 'self-test') {
        write({ type: 'self-test', time: time(), cases: record.cases })
      } else if (record.kind === 'gate') {
        urgent = true
        state.gateClosed = record.closed
        const { closed, time: since, by, reason } = record
        write({ type: 'gate', time: time(), state: closed ? 'closed' : 'open', since, by, reason })
      } else {
        if (record.kind === 'confirmed') state.confirmed = record.number
        write({ type: record.kind, time: time(), number: formatNumber(record.number) })
      }
    }
  } catch (error) {
    report.fail(`records: ${(error as Error).message}`)
  }
  mark()
  // For a confirmation nobody waits: it goes with the next verdict, or with the timer below.
  if (urgent) log.flush()
}

/** The members of a verdict's line; their meaning is doc/formats.md §6. */
function verdictFields(record: VerdictRecord): object {
  const again = compareNumbers(record.number, state.seen) <= 0
  if (!again) state.seen = record.number
  const { inspect, verify, outcome } = record
  const told = inspect.accepted || !verify.accepted ? inspect : verify
  const row = outcome === 'released' && inspect.row !== NO_ROW ? rows[inspect.row] : undefined
  return {
    type: 'verdict',
    time: time(),
    number: formatNumber(record.number),
    ...(again ? { again } : {}),
    outcome,
    direction: options.name,
    peer: options.peer,
    from: told.from,
    to: told.to,
    form: told.form,
    size: record.size,
    input: keyed(record.input),
    ...(outcome === 'released' ? { output: keyed(record.output) } : {}),
    inspect: opinionFields(inspect),
    verify: opinionFields(verify),
    ...(row === undefined
      ? {}
      : { row: row.name, label: row.input.marking, releasedLabel: row.output.marking }),
    bundle: options.digest,
  }
}

function opinionFields(opinion: Opinion): object {
  if (opinion.accepted) return { verdict: 'accepted', row: opinion.row === NO_ROW ? null : opinion.row }
  return { verdict: 'refused', reason: opinion.reason, at: opinion.position }
}

/** HMAC-SHA-256 of a digest: whoever reads the journal cannot try out what a short message was. */
function keyed(digest: Uint8Array): string {
  return createHmac('sha256', key).update(digest).digest('hex')
}

function time(): string {
  const now = Date.now()
  if (now !== timeAt) {
    timeAt = now
    timeText = new Date(now).toISOString()
  }
  return timeText
}

function readKey(file: string) {
  let text = ''
  try {
    text = readFileSync(file, 'latin1').trimEnd()
  } catch (error) {
    report.fail(`key ${file}: ${cannotRead(error, 'give the path of the digest key')}`)
  }
  if (!/^[0-9a-f]{64}$/.test(text))
    report.fail(`key ${file}: is not 64 small hexadecimal digits: make one anew`)
  return createSecretKey(text, 'hex')
}

function snapshot() {
  return {
    stage: 'journal' as const,
    records: durableHead.seq,
    waiting: pending.length === 0 ? 0 : state.head.seq - durableHead.seq,
    flushes: log.flushes(),
    octets: appended,
    headPrefix: Number.parseInt(durableHead.chain.slice(0, 12), 16),
  }
}

setInterval(log.flush, LAZY_FLUSH_MS)

let headWritten: Head | undefined
let writingHead = Promise.resolve()

/** Writes `head.json` when it is behind; one write at a time. */
function keepHead(): Promise<void> {
  const write = async () => {
    const head = durableHead
    if (head === headWritten) return
    await writeHeadFile(options.directory, head)
    headWritten = head
  }
  writingHead = writingHead.then(write).catch((error) => {
    report.fail(
      `${options.directory}/head.json: ${cannotWrite(error, 'let the user of this stage write it')}`,
    )
  })
  return writingHead
}

setInterval(keepHead, HEAD_FILE_MS)

function onEnd(why: string): void {
  if (stopping !== undefined) return
  report.problem(why)
  stop(1)
}

/** The other stages end too, so their pipes are of no more use. */
function stop(status: number): void {
  stopping = status
  for (const pipe of [records, durable, metrics]) pipe.destroy()
  write({ type: 'stop', time: time() })
  mark()
  log.flush()
}

process.on('SIGTERM', () => {
  if (stopping === undefined) stop(0)
})
