/**
 * metrics: shows the figures of one direction on a management address.
 *
 * Reads    fd 3, 4, 5: snapshots of intake, release and journal, one JSON object a line
 * Writes   HTTP answers: GET /metrics (Prometheus text), GET /healthz (200, or 503 with one line that says why)
 * Trusts   its stages; nothing in a request but its first line
 * Rights   reads its code; one listening port, loopback unless configured otherwise; no file writing
 * Fails    the end of a pipe, a line out of format: the process ends, and with it the direction
 * Reports  on stderr
 */
import { stageArguments } from '../common/arguments.ts'
import type { IntakeSnapshot, ReleaseSnapshot, Snapshot } from '../common/metrics.ts'
import { servePage } from '../common/page.ts'
import { readPipe } from '../common/pipe.ts'
import { createReport, type Report } from '../common/report.ts'
import { createCatalogue, type Latest } from './catalogue.ts'

/** The longest line of a snapshot, and how old the last one may be before its stage counts as stuck. */
const LINE_OCTETS = 65_536
const STALE_MS = 5_000
/** How long a stanza may wait for its confirmation until the direction counts as standing still. */
const STANDSTILL_MS = 5_000

const options = stageArguments(process.argv.slice(2), ['name', 'listen', 'starts-again', 'because'])
const report: Report = createReport('metrics', options.name)

const latest: Latest = { intake: undefined, release: undefined, journal: undefined }
const heardAt = { intake: 0, release: 0, journal: 0 }
readSnapshots(3, 'intake')
readSnapshots(4, 'release')
readSnapshots(5, 'journal')
const startsAgain = Number(options['starts-again'])
const catalogue = createCatalogue({
  guard: options.name,
  latest,
  startsAgain,
  ready: notReady,
  now: Date.now,
})

function readSnapshots(fd: number, stage: Snapshot['stage']): void {
  let kept = ''
  readPipe(fd, `snapshots of ${stage}`, report, (chunk) => {
    const lines = (kept + chunk.toString('latin1')).split('\n')
    kept = lines.pop()!
    if (kept.length > LINE_OCTETS) report.fail(`snapshots of ${stage}: a line is too long`)
    for (const line of lines) take(stage, line)
  })
}

function take(stage: Snapshot['stage'], line: string): void {
  let snapshot: Snapshot
  try {
    snapshot = JSON.parse(line)
  } catch {
    report.fail(`snapshots of ${stage}: a line is not JSON`)
  }
  if (snapshot.stage !== stage) report.fail(`snapshots of ${stage}: a line is of another stage`)
  Object.assign(latest, { [stage]: snapshot })
  heardAt[stage] = performance.now()
}

/** Why stanzas cannot cross, in one line; undefined when they can. */
function notReady(): string | undefined {
  if (latest.release !== undefined && latest.release.gate !== '') return latest.release.gate
  for (const stage of ['journal', 'release', 'intake'] as const) {
    if (latest[stage] === undefined) return `${stage} has not started`
    if (performance.now() - heardAt[stage] > STALE_MS) return `${stage} is stuck: look at its log`
  }
  if (!latest.intake?.listening) return 'intake does not listen yet: a verifier or the journal is not up'
  if (!latest.release?.connected)
    return `release is not connected to its consumer: ${latest.release?.trouble}`
  const expired = [latest.intake, latest.release].find((end) => end.certificateNotAfter < Date.now())
  if (expired !== undefined) return `the certificate of ${expired.stage} has expired: have it renewed`
  if (latest.intake.oldestWaits > STANDSTILL_MS) return standstill(latest.intake, latest.release)
  return undefined
}

/** What an operator should know although stanzas can cross. */
function notes(): string {
  const again =
    startsAgain === 0 ? '' : `; started again ${startsAgain} times, last because ${options.because}`
  return latest.intake?.connected ? again : `; no producer is connected: ${latest.intake?.trouble}${again}`
}

/** Where the oldest stanza waits, told by what waits behind which stage. */
function standstill(intake: IntakeSnapshot, release: ReleaseSnapshot): string {
  const silent =
    release.unanswered > 0
      ? 'the consumer does'
      : release.waitingForJournal > 0
        ? 'journal does'
        : release.waitingForVerify > 0
          ? 'verify does'
          : release.waitingForInspect > 0
            ? 'inspect does'
            : 'inspect and verify do'
  return `${silent} not answer: a stanza has waited for ${Math.round(intake.oldestWaits / 1000)} s; look at the log`
}

servePage(
  options.listen,
  catalogue,
  () => {
    const why = notReady()
    return why === undefined ? { status: 200, text: `ready${notes()}` } : { status: 503, text: why }
  },
  report,
)
