/**
 * To a witness: every record from the head that it holds, so that it can recompute the chain (guard/witness/protocol.ts).
 *
 * What the journal has at that head is told first, also when it is less or something else: then the witness has it on record, on
 * another host, that this journal was cut off or written anew.
 */
import { createFrameReader, FrameError } from '../common/frames.ts'
import type { Head } from '../journal/line.ts'
import type { SignedHead } from '../witness/countersign.ts'
import {
  decodeMessage,
  encodeMessage,
  type Finding,
  FROM_WITNESS_OCTETS,
  type WitnessMessage,
} from '../witness/protocol.ts'
import { TryAgain } from './again.ts'
import { type Follower, followJournal, JournalProblem } from './follow.ts'
import type { Link } from './link.ts'

const POLL_MS = 500
const GREETING_MS = 10_000
const NO_WITNESS = 'what answers is no witness: correct the address'

export type WitnessOptions = Readonly<{
  directory: string
  /** The witness has the records up to `seq` already. */
  onHeld(seq: number): void
  onDurable(signed: SignedHead): void
  onLooked(durable: number): void
  signal: AbortSignal
}>

/** What the witness says on one connection. */
type Voice = Readonly<{
  held(): Promise<Head>
  /** Throws when the witness refused, or does not keep to the protocol. */
  check(): void
}>

function listen(link: Link, onDurable: (signed: SignedHead) => void): Voice {
  const frames = createFrameReader(FROM_WITNESS_OCTETS)
  let held: Head | undefined
  let problem: Error | undefined
  /** Called when one of the two is there. */
  let wake = () => {}

  function take(message: WitnessMessage | undefined): void {
    if (message?.kind === 'held' && held === undefined) held = message.head
    else if (message?.kind === 'durable' && held !== undefined) onDurable(message.signed)
    else if (message?.kind === 'refused') problem ??= refusal(message.finding, held)
    else problem ??= new TryAgain(NO_WITNESS)
  }

  link.onData((chunk) => {
    try {
      frames.feed(chunk)
      for (let rest = frames.read(); rest !== undefined; rest = frames.read()) take(decodeMessage(rest))
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      problem ??= new TryAgain(NO_WITNESS)
    }
    if (held !== undefined || problem !== undefined) wake()
  })

  function check(): void {
    if (problem !== undefined) throw problem
  }

  return {
    async held() {
      await link.wait<void>(GREETING_MS, 'no greeting of a witness came: is it one?', (resolve) => {
        wake = resolve
      })
      check()
      return held!
    },
    check,
  }
}

const REFUSALS: Readonly<Record<Finding, string>> = {
  shorter: 'this journal ends before the head that it holds: records were cut off',
  forked: 'this journal is not the one that it knows: it was written anew',
  missing: 'records that it has not seen are missing',
  checkpoint: 'a checkpoint is not signed by the key of this guard',
  broken: 'this journal is not sound',
}

function refusal(finding: Finding, held: Head | undefined): JournalProblem {
  const seq = held?.seq ?? 0
  return new JournalProblem(seq, `the witness, which holds record ${seq}, refuses: ${REFUSALS[finding]}`)
}

/** Shows the journal on one connection until it breaks. Throws `TryAgain`, or a `JournalProblem`. */
export async function showToWitness(link: Link, options: WitnessOptions): Promise<void> {
  const { directory, onHeld, onDurable, onLooked, signal } = options
  const voice = listen(link, onDurable)
  let follower: Follower | undefined
  try {
    const held = await voice.held()
    onHeld(held.seq)
    follower = await told(link, followJournal(directory, held.seq, held.seq))
    await link.send(encodeMessage({ kind: 'begin', head: follower.base }))
    while (!signal.aborted) {
      voice.check()
      const record = await told(link, follower.next())
      onLooked(follower.durable())
      if (record === undefined) await link.pause(POLL_MS)
      else await link.send(encodeMessage({ kind: 'record', line: Buffer.from(record.line) }))
    }
  } catch (error) {
    // A witness that refuses says so and closes: what it said counts, not that it closed.
    if (error instanceof TryAgain) voice.check()
    throw error
  } finally {
    await follower?.close()
  }
}

/** What is not sound here is told to the witness before it ends anything here. */
async function told<T>(link: Link, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof JournalProblem)
      await link.send(encodeMessage({ kind: 'broken', seq: error.seq })).catch(() => {})
    throw error
  }
}
