/**
 * release: lets a stanza go when both verifiers said the same and the journal is durable. It decides nothing else.
 *
 * Reads    fd 3: answers of inspect; fd 4: answers of verify (a pipe is an identity: each has one writer)
 *          fd 6: from the journal, its head at start, then how many records are durable
 *          GCXP answers of the one configured consumer
 * Writes   fd 5: a record for every pair of answers, before anything moves
 *          GCXP requests: the octets on which both agree, under their number; where the consumer does not answer, one
 *          without payload for each number that stays
 *          fd 7: to intake, the two bounds at start, then a confirmation for every number, in order; where the producer is not
 *          answered, it is not there
 *          fd 8: snapshots to metrics
 *          files: the gate (gate.ts), the bundle, and where the configuration demands signatures those and the allowed signers (signature.ts)
 * Trusts   neither verifier alone; the consumer only to say when it has taken a stanza
 * Rights   reads its code, the bundle and its TLS files; one connection outwards; no file writing
 * Stops    while the gate is closed: no connection to the consumer, and what was accepted is kept
 * Fails    answers to different frames, an answer out of format, a verifier that stays silent, the end of a pipe, more stanzas
 *          than intake lets in, its own certificate expired, a gate file that cannot be read for want of descriptors or memory:
 *          the process ends, and with it the direction. Verdicts or outputs that differ: the stanza stays, and it is recorded and counted
 * Reports  on stderr, never content
 * Follows  doc/formats.md §4 and §5
 */
import { hash } from 'node:crypto'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { SELF_TEST_NUMBER, selfTest } from '../../rules/self-test/self-test.ts'
import { parseHostPort } from '../common/address.ts'
import { stageArguments } from '../common/arguments.ts'
import { createBucket } from '../common/bucket.ts'
import { readBundle } from '../common/bundle.ts'
import { encodeConfirmation } from '../common/confirmed.ts'
import { createRecordReader } from '../common/fixed.ts'
import { sendSnapshots } from '../common/metrics.ts'
import { readPipe, writeGathered, writePipe } from '../common/pipe.ts'
import { decodeHead, encodeRecord, HEAD_OCTETS, type JournalRecord } from '../common/record.ts'
import { createReport, type Report } from '../common/report.ts'
import { expiredProblem, readCredentials } from '../gcxp/credentials.ts'
import { compareNumbers, formatNumber, NO_NUMBER, type StanzaNumber } from '../gcxp/number.ts'
import { connectProducer, WINDOW } from '../gcxp/producer.ts'
import type { Answer } from './answer.ts'
import { type Approval, approve, notSuccessor } from './approve.ts'
import { compareAnswers } from './compare.ts'
import { closedBecause, type GateWatch, watchGate } from './gate.ts'
import { createOrder } from './order.ts'
import { examine, spoken } from './self-test.ts'
import { readVerifier, type Verifier } from './verifier.ts'

/** How long one verifier may leave a frame unanswered that the other has answered. */
const SILENCE_MS = 5_000
/** Octets that wait for a counterpart, or for confirmation, from which on no more answers are read. */
const HELD_OCTETS = 16 * 1024 * 1024
/**
 * Stanzas that may be between intake and their verdict where intake does not count them: it stops when a verifier's pipe is full, and
 * what fits into three times 64 KiB before a verifier (two buffers, a pipe) and as much behind it is fewer than 4,000 of the
 * shortest stanza that there is.
 */
const UNCOUNTED = 8192
/** How often the journal learns up to where numbers are settled. */
const CONFIRM_MS = 200
const NO_OUTPUT = Buffer.alloc(32)

const options = stageArguments(
  process.argv.slice(2),
  ['name', 'bundle', 'digest', 'gate', 'connect', 'certificate', 'key', 'ca', 'peer', 'responses', 'confirm'],
  ['signers', 'signature'],
)
const report: Report = createReport('release', options.name)

const bundle = readBundle(options.bundle, options.digest)
if ('problem' in bundle) report.fail(bundle.problem)
/** Undefined where the configuration names no allowed signers: the digest alone decides then. */
const approval = options.signers.length === 0 ? undefined : approved(bundle)
const credentials = readCredentials(options, Date.now())
if ('problem' in credentials) report.fail(credentials.problem)
const connect = parseHostPort(options.connect)
if (connect === undefined) report.fail(`--connect ${options.connect}: is not HOST:PORT`)
const own = credentials
/** Whether the consumer answers, and whether intake is told what was settled. */
const responses = options.responses === 'yes'
const confirms = options.confirm === 'yes'

const counts = { released: 0, confirmed: 0, disagreements: 0, declined: 0, breaks: 0 }
const refused: Record<string, number> = {}
let trouble = 'not connected yet'
/** Records given to the journal. */
let given = 0
let head: Uint8Array | undefined
let started = false
/** Undefined until the journal has said what became of the gate: closed until then. */
let gate: GateWatch | undefined
let settled = NO_NUMBER
let toldSettled = NO_NUMBER

const records = writePipe(5, 'records', report)
const confirmed = confirms ? writePipe(7, 'confirmed', report) : undefined
const metrics = writePipe(8, 'metrics', report)
const order = createOrder({
  gaps: !responses,
  room: () => producer.unanswered() < WINDOW,
  send: (number, output) => producer.send(number, output),
  settle,
})
/**
 * Above this, intake is not what it should be. It cannot be reached otherwise: in t seconds intake lets in at most
 * `burst + rate * t`, by the same clock; what is released in t seconds came in then, or was on its way at their beginning, and
 * that is at most a window of stanzas. Only what moves is counted: a refused stanza takes nothing.
 */
const { rate, burst } = bundle.limits
const ceiling = createBucket(rate, burst + (confirms ? WINDOW : UNCOUNTED) + 1, performance.now())
const producer = connectProducer({
  host: connect.host,
  port: connect.port,
  peer: options.peer,
  credentials,
  responses,
  held: true,
  onAnswer(number, accepted) {
    if (!accepted) {
      counts.declined++
      journal({ kind: 'declined', number })
      report.problem(`${options.peer} answered "refused" to ${formatNumber(number)}: its log says why`)
    }
    order.answered(number)
    hold()
  },
  onState(state) {
    trouble = state.state === 'connected' ? '' : state.problem
    if (state.state === 'connected') return report.info(`is connected to ${options.peer}`)
    counts.breaks++
    if (!state.again) report.problem(state.problem)
  },
})
const format = {
  digest: options.digest,
  rows: bundle.labels.rows.length,
  answerOctets: 8 * bundle.limits.stanzaBytes + 65_536,
  report,
  changed,
}
const cases = selfTest(bundle)
const examination = examine(cases)
const inspect: Verifier = readVerifier(3, 'inspect', format)
const verify: Verifier = readVerifier(4, 'verify', format)
readPipe(6, 'durable', report, onDurable())
records.on('drain', hold)
const tellMetrics = sendSnapshots(metrics, snapshot)
setInterval(watch, SILENCE_MS / 10)
setInterval(tellSettled, CONFIRM_MS)

function approved(bundle: Bundle): Approval {
  const found = approve(options, bundle)
  return 'problem' in found ? report.fail(found.problem) : found
}

/** The head once, then a count each time. */
function onDurable(): (chunk: Uint8Array) => void {
  const read = createRecordReader(8, (octets, at) => {
    const count = Buffer.from(octets.buffer, octets.byteOffset + at, 8).readBigUInt64BE()
    if (count > given) report.fail('durable: the journal counts more records than it was given')
    gate?.look()
    order.durable(Number(count))
    hold()
  })
  let start: Uint8Array = new Uint8Array(0)
  return (chunk) => {
    if (head !== undefined) return read(chunk)
    start = Buffer.concat([start, chunk])
    if (start.length < HEAD_OCTETS) return
    head = start.subarray(0, HEAD_OCTETS)
    changed()
    read(start.subarray(HEAD_OCTETS))
  }
}

/** Tells intake both bounds, with which it opens its port, once everybody has spoken and the self-test has been passed. */
function begin(): void {
  if (started || head === undefined || !inspect.agreed() || !verify.agreed() || examination.open()) return
  started = true
  const { seen, confirmed: upTo, approved: before, gateClosed = false } = decodeHead(head)
  if (approval !== undefined) {
    const problem = notSuccessor(approval, before)
    if (problem !== undefined) report.fail(problem)
    if (before?.digest !== options.digest) journal({ kind: 'bundle', bundle: approval.bundle })
  }
  journal({ kind: 'self-test', cases: cases.length })
  gate = watchGate(options.gate, gateClosed, turned, hindered)
  if (gate.position().closed || gateClosed) turned()
  else producer.hold(false)
  settled = toldSettled = upTo
  confirmed?.write(encodeConfirmation({ kind: 'seen', number: seen }))
  confirmed?.write(encodeConfirmation({ kind: 'confirmed', number: upTo }))
  report.info(
    `both verifiers have the bundle ${options.digest} and have passed the self-test of ${cases.length} cases`,
  )
}

/** The gate was opened or closed, or is closed at the start. */
function turned(): void {
  const { closed, time, by, reason, problem } = gate!.position()
  producer.hold(closed)
  trouble = 'not connected yet'
  journal({ kind: 'gate', closed, time, by, reason: closed && problem !== '' ? problem : reason })
  if (closed) report.problem(closedBecause(gate!.position()))
  else report.info(`the gate was opened by ${by}: ${reason}`)
  tellMetrics()
}

/** Whether the gate is closed cannot be told now: nothing more leaves this host, not even what the system had taken to send. */
function hindered(problem: string): never {
  producer.hold(true)
  return report.fail(`${problem}: nothing leaves until it can; the host lacks what it takes, mend that`)
}

/** Answers came: judges every pair that is whole. */
function changed(): void {
  if (!started) {
    test()
    begin()
  }
  while (inspect.oldest() !== undefined && verify.oldest() !== undefined) {
    // Without confirmations intake asks nobody whether it may begin: what it took waits for the head of the journal.
    if (!started && !confirms) break
    if (!started) report.fail('a verifier answered before there was a frame')
    judge(inspect.take()!, verify.take()!)
  }
  hold()
}

/** The first answers are those to the self-test. */
function test(): void {
  while (examination.open() && inspect.oldest() !== undefined && verify.oldest() !== undefined) {
    const problem = examination.take(inspect.take()!, verify.take()!)
    if (problem !== undefined) report.fail(problem)
  }
}

function judge(a: Answer, b: Answer): void {
  if (compareNumbers(a.number, SELF_TEST_NUMBER) === 0)
    report.fail('a verifier answered more of the self-test than there is of it')
  const outcome = compareAnswers(a, b)
  if (outcome === 'other-frame') {
    report.fail(
      `inspect answers to ${formatNumber(a.number)}, verify to ${formatNumber(b.number)}, or to other octets`,
    )
  }
  const released = outcome === 'released'
  if (released) {
    const now = performance.now()
    if (ceiling.wait(now) > 0) {
      report.fail(
        `more stanzas come than ${rate} a second and ${burst} at once: intake does not keep the rate`,
      )
    }
    ceiling.take(now)
    counts.released++
  } else if (outcome === 'refused') {
    refused[a.opinion.reason] = (refused[a.opinion.reason] ?? 0) + 1
  } else {
    counts.disagreements++
    report.problem(
      `DISAGREEMENT on ${formatNumber(a.number)}: inspect ${spoken(a)}, verify ${spoken(b)}: nothing was released; report it`,
    )
  }
  journal({
    kind: 'verdict',
    outcome,
    number: a.number,
    input: a.digest,
    output: released ? digestOf(a.output) : NO_OUTPUT,
    size: released ? a.output.length : 0,
    inspect: a.opinion,
    verify: b.opinion,
  })
  order.judged(a.number, released ? a.output : undefined, given)
}

/** SHA-256; by way of a string, which is made faster than a buffer. */
function digestOf(octets: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', octets, 'latin1'), 'latin1')
}

function journal(record: JournalRecord): void {
  given++
  writeGathered(records, encodeRecord(record))
}

function settle(number: StanzaNumber, kind: 'released' | 'refused'): void {
  if (kind === 'released') counts.confirmed++
  if (compareNumbers(number, settled) > 0) settled = number
  if (confirmed !== undefined) writeGathered(confirmed, encodeConfirmation({ kind, number }))
}

function tellSettled(): void {
  if (settled === toldSettled) return
  toldSettled = settled
  journal({ kind: 'confirmed', number: settled })
}

/** Reads no more than there is room for; a verifier that is ahead of the other waits for it. */
function hold(): void {
  const full = order.heldOctets() > HELD_OCTETS || records.writableNeedDrain
  for (const verifier of [inspect, verify]) {
    const stop = full || verifier.waitingOctets() > HELD_OCTETS
    if (stop !== verifier.pipe.isPaused()) {
      if (stop) verifier.pipe.pause()
      else verifier.pipe.resume()
    }
  }
}

/** Ends the stage when one verifier has answered what the other leaves open for too long. */
function watch(): void {
  if (approval !== undefined && Date.now() / 1000 >= approval.until) {
    report.fail('the bundle has expired, or a key that signed it: install its successor')
  }
  const expired = expiredProblem(options, own, Date.now())
  if (expired !== undefined) report.fail(expired)
  const now = performance.now()
  for (const [ahead, silent] of [
    [inspect, verify],
    [verify, inspect],
  ] as const) {
    // One that has not said its first word is still starting.
    const stalled =
      silent.agreed() && ahead.waiting() > 0 && silent.waiting() === 0 && !silent.pipe.isPaused()
    if (stalled && now - Math.max(ahead.aheadSince(), silent.heardAt()) > SILENCE_MS) {
      report.fail(
        `${silent.name} has not answered for ${SILENCE_MS / 1000} s what ${ahead.name} has answered`,
      )
    }
  }
}

function snapshot() {
  return {
    stage: 'release' as const,
    bundle: options.digest,
    connected: producer.connected(),
    trouble,
    ...counts,
    refused,
    waitingForVerify: inspect.waiting(),
    waitingForInspect: verify.waiting(),
    waitingForJournal: order.notDurable(),
    unanswered: producer.unanswered(),
    gate: gate === undefined ? '' : closedBecause(gate.position()),
    certificateNotAfter: own.notAfter,
  }
}
