/**
 * intake: takes stanzas from one producer and hands the same frame to both verifiers.
 *
 * Reads    GCXP over TLS from the one configured producer
 *          fd 3: from release, the two bounds at start, then a confirmation for every number
 * Writes   GCXP answers, in order, one bit each: what fd 3 said
 *          fd 4, fd 5: the same octets to inspect and to verify (number, whole second, payload)
 *          fd 6: snapshots to metrics
 *          fd 7: where content is to be kept, every payload to journal, sealed for a key whose private half is elsewhere
 * Trusts   its certificate files, its arguments, the bundle's limits by digest; nothing that is in a payload
 * Rights   reads its code, the bundle, its TLS files and the public content key; one listening port; no file writing
 * Fails    the end of a pipe, a confirmation out of order: the process ends, and with it the direction. A producer that
 *          breaks the protocol loses its connection and may come again
 * Reports  on stderr, never content
 * Follows  doc/formats.md §4 and §5; reference GCXP
 */

import { parseHostPort } from '../common/address.ts'
import { stageArguments } from '../common/arguments.ts'
import { readBundle } from '../common/bundle.ts'
import { CONFIRMATION_OCTETS, decodeConfirmation } from '../common/confirmed.ts'
import { encodeContent } from '../common/content.ts'
import { createRecordReader } from '../common/fixed.ts'
import { allocateFrame } from '../common/frames.ts'
import { readPublicKey } from '../common/keys.ts'
import { createLatency, sendSnapshots } from '../common/metrics.ts'
import { readPipe, writeGathered, writePipe } from '../common/pipe.ts'
import { createReport, type Report } from '../common/report.ts'
import { createSeal } from '../common/seal.ts'
import { type ConsumerConnection, type ConsumerState, listenConsumer } from '../gcxp/consumer.ts'
import { readCredentials } from '../gcxp/credentials.ts'
import { compareNumbers, formatNumber, type StanzaNumber, writeNumber } from '../gcxp/number.ts'
import { WINDOW } from '../gcxp/producer.ts'
import { createGate } from './gate.ts'
import { createSequence, type Sequence } from './sequence.ts'

const FRAME_HEAD = 16

const options = stageArguments(
  process.argv.slice(2),
  ['name', 'bundle', 'digest', 'listen', 'certificate', 'key', 'ca', 'peer'],
  ['content-key'],
)
const report: Report = createReport('intake', options.name)

const bundle = readBundle(options.bundle, options.digest)
if ('problem' in bundle) report.fail(bundle.problem)
const credentials = readCredentials(options, Date.now())
if ('problem' in credentials) report.fail(credentials.problem)
const listen = parseHostPort(options.listen)
if (listen === undefined) report.fail(`--listen ${options.listen}: is not HOST:PORT`)
const { limits } = bundle
const own = credentials
const port = listen

readPipe(
  3,
  'confirmed',
  report,
  createRecordReader(CONFIRMATION_OCTETS, (octets, at) => {
    const confirmation = decodeConfirmation(octets, at)
    if (confirmation === undefined) report.fail('confirmed: not a confirmation')
    if (sequence === undefined) bound(confirmation.kind, confirmation.number)
    else settle(confirmation.kind, confirmation.number, sequence)
  }),
)
const toInspect = writePipe(4, 'frames to inspect', report)
const toVerify = writePipe(5, 'frames to verify', report)
const metrics = writePipe(6, 'metrics', report)
const contents = writePipe(7, 'contents', report)
const seal = sealFor(options['content-key'][0])

/** Frames on their way through the guard, oldest first: `first` is the oldest of a ring. */
const flying = new Array<
  { number: StanzaNumber; connection: ConsumerConnection; readAt: number } | undefined
>(WINDOW)
let first = 0
let outstanding = 0

let seen: StanzaNumber | undefined
let sequence: Sequence | undefined
let current: ConsumerConnection | undefined
let listening = false
let connected = false
let trouble = 'it has not connected yet'
const counts = { connections: 0, turnedAway: 0, violations: 0, received: 0 }
const latency = createLatency()

const gate = createGate({
  rate: limits.rate,
  burst: limits.burst,
  window: () => outstanding < WINDOW,
  pipes: () => ![toInspect, toVerify, contents].some((pipe) => pipe.writableNeedDrain),
  hold: () => current?.pause(),
  open: () => current?.resume(),
})
toInspect.on('drain', gate.look)
toVerify.on('drain', gate.look)
contents.on('drain', gate.look)
sendSnapshots(metrics, snapshot)

/** Seals payloads for the key in `file`; undefined where content is not to be kept. */
function sealFor(file: string | undefined): ReturnType<typeof createSeal> | undefined {
  if (file === undefined) return undefined
  const key = readPublicKey(file, 'x25519')
  if ('problem' in key) return report.fail(`content key ${file} ${key.problem}`)
  try {
    return createSeal(key)
  } catch {
    return report.fail(`content key ${file} is of small order and seals nothing: make one anew`)
  }
}

/** The two bounds come first, in this order. With the second, everybody else is up, and the port opens. */
function bound(kind: string, number: StanzaNumber): void {
  if (seen === undefined && kind === 'seen') {
    seen = number
  } else if (seen !== undefined && kind === 'confirmed' && compareNumbers(number, seen) <= 0) {
    sequence = createSequence(seen, number)
    open(sequence)
  } else {
    report.fail('confirmed: does not begin with the two bounds')
  }
}

function open(sequence: Sequence): void {
  listenConsumer({
    host: port.host,
    port: port.port,
    peer: options.peer,
    credentials: own,
    payloadOctets: limits.stanzaBytes,
    onConnect(connection) {
      counts.connections++
      sequence.connected()
      current = connection
      gate.connected()
    },
    onRequest: (number, payload, connection) => take(sequence, number, payload, connection),
    onState,
    onFailure: report.fail,
  })
}

function take(
  sequence: Sequence,
  number: StanzaNumber,
  payload: Uint8Array | undefined,
  connection: ConsumerConnection,
): void {
  const problem = payload === undefined ? 'a request without payload' : sequence.next(number)
  if (problem !== undefined || payload === undefined) {
    counts.violations++
    connection.close(`${problem}: the producer does not keep to the protocol`)
    return
  }
  counts.received++
  flying[(first + outstanding) % WINDOW] = { number, connection, readAt: performance.now() }
  outstanding++
  const second = Math.floor(Date.now() / 1000)
  const frame = allocateFrame(FRAME_HEAD + payload.length)
  writeNumber(frame, 4, number)
  frame.writeUInt32BE(Math.floor(second / 2 ** 32), 12)
  frame.writeUInt32BE(second % 2 ** 32, 16)
  frame.set(payload, 4 + FRAME_HEAD)
  writeGathered(toInspect, frame)
  writeGathered(toVerify, frame)
  if (seal !== undefined) writeGathered(contents, encodeContent({ number, sealed: seal(number, payload) }))
  gate.passed()
}

/** The oldest frame is settled: its producer may know. */
function settle(kind: string, number: StanzaNumber, sequence: Sequence): void {
  const oldest = flying[first]
  if (kind !== 'released' && kind !== 'refused') report.fail('confirmed: a bound where none may be')
  if (oldest === undefined || compareNumbers(oldest.number, number) !== 0) {
    report.fail(`confirmed: ${formatNumber(number)} is not the oldest frame`)
  }
  flying[first] = undefined
  first = (first + 1) % WINDOW
  outstanding--
  sequence.confirm(number)
  latency.observe((performance.now() - oldest.readAt) / 1000)
  oldest.connection.answer(number, kind === 'released')
  gate.look()
}

function onState(state: ConsumerState): void {
  if (state.state === 'listening') {
    listening = true
    report.info(`listens on ${port.host}:${state.port} for ${options.peer}`)
  } else if (state.state === 'connected') {
    connected = true
    trouble = ''
    report.info(`${options.peer} is connected`)
  } else if (state.state === 'rejected') {
    counts.turnedAway++
    if (!connected) trouble = state.problem
    report.problem(state.problem)
  } else {
    connected = false
    trouble = state.problem
    report.problem(state.problem)
  }
}

function snapshot() {
  return {
    stage: 'intake' as const,
    listening,
    connected,
    trouble,
    ...counts,
    outstanding,
    oldestWaits: Math.round(performance.now() - (flying[first]?.readAt ?? performance.now())),
    ...gate.held(),
    latency: { counts: latency.counts, sum: latency.sum },
    certificateNotAfter: own.notAfter,
  }
}
