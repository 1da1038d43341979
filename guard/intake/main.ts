/**
 * intake: takes stanzas from one producer and hands the same frame to both verifiers.
 *
 * Reads    GCXP over TLS from the one configured producer
 *          fd 3: from release, the two bounds at start, then a confirmation for every number; without responses it is not there
 * Writes   GCXP answers, in order, one bit each: what fd 3 said; without responses nothing
 *          fd 4, fd 5: the same octets to inspect and to verify (number, whole second, payload); first of all the self-test
 *          fd 6: snapshots to metrics
 *          fd 7: where content is to be kept, every payload to journal, sealed for a key whose private half is elsewhere
 * Trusts   its certificate files, its arguments, the bundle's limits and pairs by digest; nothing that is in a payload, out of which
 *          it takes two addresses to choose by which rate it waits
 * Rights   reads its code, the bundle, its TLS files and the public content key; one listening port; no file writing
 * Stops    by SIGHUP: it takes nothing more, answers what is on its way, and ends without a fault, and with it the direction
 * Fails    the end of a pipe, a confirmation out of order, its own certificate expired: the process ends, and with it the
 *          direction. A producer that breaks the protocol loses its connection and may come again
 * Reports  on stderr, never content
 * Follows  doc/formats.md §4 and §5; reference GCXP
 */

import { selfTest } from '../../rules/self-test/self-test.ts'
import { parseHostPort } from '../common/address.ts'
import { stageArguments } from '../common/arguments.ts'
import { readBundle } from '../common/bundle.ts'
import { CONFIRMATION_OCTETS, decodeConfirmation } from '../common/confirmed.ts'
import { encodeContent } from '../common/content.ts'
import { createRecordReader } from '../common/fixed.ts'
import { readPublicKey } from '../common/keys.ts'
import { createLatency, sendSnapshots } from '../common/metrics.ts'
import { readPipe, writeGathered, writePipe } from '../common/pipe.ts'
import { createReport, type Report } from '../common/report.ts'
import { createSeal } from '../common/seal.ts'
import { selfTestFrame } from '../common/self-test.ts'
import { encodeStanzaFrame } from '../common/stanza-frame.ts'
import { type ConsumerConnection, type ConsumerState, listenConsumer } from '../gcxp/consumer.ts'
import { expiredProblem, readCredentials } from '../gcxp/credentials.ts'
import { compareNumbers, formatNumber, NO_NUMBER, type StanzaNumber } from '../gcxp/number.ts'
import { foreignIds } from '../gcxp/numbering.ts'
import { WINDOW } from '../gcxp/producer.ts'
import { createGate } from './gate.ts'
import { createPaces } from './pace.ts'
import { createGrowth, createOwnNumbers, createSequence, createUnchecked, type Sequence } from './sequence.ts'

const options = stageArguments(
  process.argv.slice(2),
  ['name', 'bundle', 'digest', 'listen', 'certificate', 'key', 'ca', 'peer', 'numbering', 'responses'],
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
const responses = options.responses === 'yes'

if (responses) {
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
}
const toInspect = writePipe(4, 'frames to inspect', report)
const toVerify = writePipe(5, 'frames to verify', report)
const metrics = writePipe(6, 'metrics', report)
const contents = writePipe(7, 'contents', report)
const seal = sealFor(options['content-key'][0])

/** Frames on their way through the guard, oldest first: `first` is the oldest of a ring. Empty without responses. */
const flying = new Array<
  { number: StanzaNumber; connection: ConsumerConnection; readAt: number } | undefined
>(WINDOW)
let first = 0
let outstanding = 0
/** The one that came before the gate lets it in. It goes on, whatever becomes of its connection. */
let waiting: { number: StanzaNumber; payload: Uint8Array; connection: ConsumerConnection } | undefined

let seen: StanzaNumber | undefined
let sequence: Sequence | undefined
let current: ConsumerConnection | undefined
/** Takes nothing more: the stage ends when all that it took is settled. */
let draining = false
let listening = false
let connected = false
let trouble = 'it has not connected yet'
const counts = { connections: 0, turnedAway: 0, violations: 0, received: 0 }
const latency = createLatency()

const turnOf = createPaces(bundle, performance.now())
const gate = createGate({
  rate: limits.rate,
  burst: limits.burst,
  window: () => outstanding < WINDOW,
  pipes: () => ![toInspect, toVerify, contents].some((pipe) => pipe.writableNeedDrain),
  hold: () => current?.pause(),
  open() {
    const next = waiting!
    waiting = undefined
    pass(next)
    if (!draining) current?.resume()
    endDrained()
  },
})
toInspect.on('drain', gate.look)
toVerify.on('drain', gate.look)
contents.on('drain', gate.look)
sendSnapshots(metrics, snapshot)
setInterval(() => {
  const expired = expiredProblem(options, own, Date.now())
  if (expired !== undefined) report.fail(expired)
}, 1000)
for (const one of selfTest(bundle)) give(selfTestFrame(one))
// Nobody tells the bounds: what comes before the others are up, or have passed the self-test, waits behind it in the pipes.
if (!responses) open(NO_NUMBER, NO_NUMBER)

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

/** The two bounds come first, in this order. With the second, everybody else is up and has passed the self-test: the port opens. */
function bound(kind: string, number: StanzaNumber): void {
  if (seen === undefined && kind === 'seen') {
    seen = number
  } else if (seen !== undefined && kind === 'confirmed' && compareNumbers(number, seen) <= 0) {
    open(seen, number)
  } else {
    report.fail('confirmed: does not begin with the two bounds')
  }
}

function open(seen: StanzaNumber, confirmed: StanzaNumber): void {
  const foreign = options.numbering === 'foreign'
  const next = createOwnNumbers(seen, Math.floor(Date.now() / 1000))
  const kept = foreign ? createUnchecked() : responses ? createSequence(seen, confirmed) : createGrowth()
  sequence = kept
  listenConsumer({
    host: port.host,
    port: port.port,
    peer: options.peer,
    credentials: own,
    payloadOctets: limits.stanzaBytes,
    responses,
    ...(foreign ? { numbering: () => foreignIds(next, responses) } : {}),
    onConnect(connection) {
      counts.connections++
      kept.connected()
      current = connection
      gate.connected()
      if (draining) connection.pause()
    },
    onRequest: (number, payload, connection) => take(kept, number, payload, connection),
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
    connection.close(`${problem}: the producer does not keep to the protocol`)
    return
  }
  counts.received++
  if (gate.arrived(turnOf(payload))) pass({ number, payload, connection })
  else waiting = { number, payload, connection }
}

/** It goes on, from this second on. */
function pass({ number, payload, connection }: NonNullable<typeof waiting>): void {
  if (responses) {
    flying[(first + outstanding) % WINDOW] = { number, connection, readAt: performance.now() }
    outstanding++
  }
  give(encodeStanzaFrame(number, Math.floor(Date.now() / 1000), payload))
  if (seal !== undefined) writeGathered(contents, encodeContent({ number, sealed: seal(number, payload) }))
}

/** The same octets to both verifiers. */
function give(frame: Uint8Array): void {
  writeGathered(toInspect, frame)
  writeGathered(toVerify, frame)
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
  endDrained()
}

/** How long the last answers have to leave; without answers, the last frames to be judged and to leave, of which nobody tells. */
const LAST_ANSWERS_MS = 50
const LAST_FRAMES_MS = 1000

process.on('SIGHUP', () => {
  draining = true
  current?.pause()
  report.info(`takes nothing more, to start anew: ${outstanding} stanzas are on their way`)
  endDrained()
})

function endDrained(): void {
  if (!draining || outstanding > 0 || waiting !== undefined) return
  setTimeout(() => process.exit(0), responses ? LAST_ANSWERS_MS : LAST_FRAMES_MS)
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
    if (state.violation) counts.violations++
    trouble = state.problem
    report.problem(state.problem)
  }
}

function oldestWaits(): number {
  const now = performance.now()
  return now - (flying[first]?.readAt ?? now)
}

function snapshot() {
  return {
    stage: 'intake' as const,
    listening,
    connected,
    trouble,
    ...counts,
    missing: sequence?.missing() ?? 0,
    outstanding,
    oldestWaits: Math.round(responses ? oldestWaits() : gate.stuck()),
    held: gate.held(),
    latency: { counts: latency.counts, sum: latency.sum },
    certificateNotAfter: own.notAfter,
  }
}
