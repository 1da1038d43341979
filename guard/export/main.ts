/**
 * export: takes the journal of one guard off its host, to a collector, to a witness, or to both.
 *
 * Reads    its configuration, through `sallyport journal export`; the journal directory, while it grows and from file to file
 * Writes   syslog messages over TLS to the collector; lines of the journal to the witness; in its state directory
 *          `collector.json`, the position, and `witness.json`, the last head that the witness signed
 * Trusts   nothing in a record: each is checked against the chain and written with escapes. Collector and witness by their
 *          certificates; of what they send, the head that the witness holds, and that it refuses
 * Rights   reads the journal directory, which it never writes; two connections out; writes its state directory
 * Fails    a connection that breaks is made again, waiting longer each time, and records wait in the journal. A journal that does not
 *          chain, was cut off, or lost records before they were sent: that destination stops, with an alarm. A state
 *          directory that cannot be written: the process ends
 * Reports  on stderr; figures and health on a management address, when one is configured
 * Follows  RFC 5424 (syslog), RFC 5425 (over TLS); doc/formats.md §6 and §8
 *
 *   journal-….jsonl ─▶ follow (chain, durable) ─┬─▶ syslog ─▶ link ── RFC 5425 ──▶ collector
 *                                               └─▶ frames ─▶ link ── §8 ──▶ witness
 *
 * Each destination reads for itself, at its own speed, and only when there is room: nothing is queued.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { cannotRead, cannotWrite } from '../../rules/unreadable.ts'
import { type Health, servePage } from '../common/page.ts'
import { createReport, type Report } from '../common/report.ts'
import { createKeeper, type Keeper } from '../common/whole.ts'
import type { Head } from '../journal/line.ts'
import { type SignedHead, signedHeadFields } from '../witness/countersign.ts'
import { sendToCollector } from './collector.ts'
import { createFigures, type DestinationName, type DestinationState, exportTrouble } from './figures.ts'
import { JournalProblem } from './follow.ts'
import { keepLink, type Link, type Peer } from './link.ts'
import { showToWitness } from './witness.ts'

/** Paths are absolute. At least one of `collector` and `witness` is there. */
export type ExportConfig = Readonly<{
  guard: string
  journal: string
  state: string
  collector?: Peer & Readonly<{ enterprise: number; again: number }>
  witness?: Peer
  metrics?: string
}>

/** Runs until `signal`, or until every destination has stopped. The exit code. */
export async function runExport(config: ExportConfig, signal: AbortSignal): Promise<number> {
  const { guard, journal: directory, collector, witness } = config
  const report = createReport('export', guard)
  const destinations = new Map<DestinationName, DestinationState>()
  const running: Promise<void>[] = []
  let journal = 0
  const onLooked = (durable: number) => {
    journal = Math.max(journal, durable)
  }

  makeState(config.state, report)
  if (collector !== undefined) {
    const { enterprise, again } = collector
    const file = keepIn(config.state, 'collector', report)
    let position = readPosition(join(config.state, 'collector.json'), report)
    const state = addDestination('collector', collector, position?.seq ?? 0)
    const options = {
      directory,
      origin: { hostname: hostname(), guard, enterprise },
      again,
      position: () => position,
      onSettled(head: Head) {
        position = head
        state.seq = head.seq
        file.keep(`${JSON.stringify(head)}\n`)
      },
      onBegin: ({ seq }: Head) =>
        report.problem(`the journal begins with record ${seq + 1}: earlier ones cannot be sent`),
      onLooked,
      signal,
    }
    running.push(keepSending('collector', state, collector, file, (link) => sendToCollector(link, options)))
  }
  if (witness !== undefined) {
    const file = keepIn(config.state, 'witness', report)
    const state = addDestination('witness', witness, 0)
    const onHeld = (seq: number) => {
      state.seq = seq
    }
    const onDurable = (signed: SignedHead) => {
      state.seq = signed.head.seq
      file.keep(`${JSON.stringify(signedHeadFields(guard, signed))}\n`)
    }
    const options = { directory, onHeld, onDurable, onLooked, signal }
    running.push(keepSending('witness', state, witness, file, (link) => showToWitness(link, options)))
  }
  let closePage = () => {}
  if (config.metrics !== undefined) {
    const shown = { destinations, journal: () => journal }
    const health = (): Health => {
      const trouble = exportTrouble(shown)
      return trouble === undefined ? { status: 200, text: 'ready' } : { status: 503, text: trouble }
    }
    closePage = servePage(config.metrics, createFigures(shown), health, report)
  }
  await Promise.all(running)
  closePage()
  if (!signal.aborted) return 1
  report.info('stopped')
  return 0

  function addDestination(name: DestinationName, peer: Peer, seq: number): DestinationState {
    const { notAfter } = peer.credentials
    const state = { connected: false, seq, breaks: 0, trouble: 'not connected yet', stopped: false, notAfter }
    destinations.set(name, state)
    return state
  }

  async function keepSending(
    name: DestinationName,
    state: DestinationState,
    peer: Peer,
    file: Keeper,
    serve: (link: Link) => Promise<void>,
  ): Promise<void> {
    const where = `${name} ${peer.host}:${peer.port} (${peer.peer})`
    try {
      await keepLink({
        peer,
        serve,
        onConnected() {
          state.connected = true
          state.trouble = ''
          report.info(`is connected to the ${where}`)
        },
        onBroken(problem, again) {
          state.connected = false
          state.trouble = problem
          state.breaks++
          if (!again) report.problem(`${where}: ${problem}`)
        },
        signal,
      })
    } catch (error) {
      if (!(error instanceof JournalProblem)) throw error
      Object.assign(state, { connected: false, stopped: true, trouble: error.message })
      report.alarm(
        `ALARM: journal ${directory}: ${error.message}. Nothing more goes to the ${name}: run "sallyport journal verify", keep the directory as evidence`,
      )
    }
    await file.flush()
  }
}

function makeState(directory: string, report: Report): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    report.fail(`state ${directory} ${cannotWrite(error, 'make the directory, for the user that runs this')}`)
  }
}

function keepIn(directory: string, name: DestinationName, report: Report): Keeper {
  const path = join(directory, `${name}.json`)
  return createKeeper(path, (error) =>
    report.fail(`${path} ${cannotWrite(error, 'make the directory, for the user that runs this')}`),
  )
}

/** Up to which record the collector has been sent all; undefined when nothing has. */
function readPosition(path: string, report: Report): Head | undefined {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return report.fail(`${path} ${cannotRead(error, 'let the user that runs this read it')}`)
  }
  try {
    const { seq, chain } = JSON.parse(text)
    if (Number.isSafeInteger(seq) && seq > 0 && /^[0-9a-f]{64}$/.test(chain)) return { seq, chain }
  } catch {}
  return report.fail(`${path} is not a position: move it away, and everything is sent once more`)
}
