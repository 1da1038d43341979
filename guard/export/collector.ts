/**
 * To a collector: every record once at least, as syslog over TLS (RFC 5425).
 *
 * That transport has no acknowledgement: what was written may still be lost in the buffers of both hosts. So the position moves up
 * to a record only when it was written some seconds ago to a connection that still stands, and after a break the last
 * `again` records before it are sent once more, under their old `seq`, by which the collector can drop what it has.
 */
import type { Head } from '../journal/line.ts'
import { type Follower, followJournal, JournalProblem } from './follow.ts'
import type { Link } from './link.ts'
import { type SyslogOrigin, syslogFrame } from './syslog.ts'

const POLL_MS = 500
/** How old a write on a connection that stands must be to count. */
const SETTLE_MS = 5_000
/** Octets that are written at once. */
const BATCH_OCTETS = 1 << 16

export type CollectorOptions = Readonly<{
  directory: string
  origin: SyslogOrigin
  /** Records that are sent once more after a break. */
  again: number
  position(): Head | undefined
  /** The records up to `head` were written and count as arrived. */
  onSettled(head: Head): void
  /** The journal does not begin with record 1: the first one sent is behind `base`. */
  onBegin(base: Head): void
  onLooked(durable: number): void
  signal: AbortSignal
}>

/** Sends records on one connection until it breaks. Throws `TryAgain`, or a `JournalProblem`. */
export async function sendToCollector(link: Link, options: CollectorOptions): Promise<void> {
  const position = options.position()
  link.onData(() => {})
  const known = position?.seq ?? 0
  const follower = await followJournal(options.directory, Math.max(0, known - options.again), known)
  try {
    const { seq } = follower.base
    if (position === undefined && seq > 0) options.onBegin(follower.base)
    if (position !== undefined && seq > known) {
      const lost = `records ${known + 1} to ${seq}`
      throw new JournalProblem(known + 1, `${lost} were removed before they were exported`)
    }
    await sendFrom(link, follower, position, options)
  } finally {
    await follower.close()
  }
}

async function sendFrom(
  link: Link,
  follower: Follower,
  position: Head | undefined,
  { origin, onSettled, onLooked, signal }: CollectorOptions,
): Promise<void> {
  /** Heads behind what was written, oldest first, one for about a second. */
  const written: { at: number; head: Head }[] = []
  let batch: Buffer[] = []
  let octets = 0

  function note(head: Head): void {
    const now = performance.now()
    const last = written.at(-1)
    if (last === undefined || now - last.at > 1000) written.push({ at: now, head })
    else last.head = head
  }

  function settle(): void {
    let settled: Head | undefined
    while (written[0] !== undefined && performance.now() - written[0].at > SETTLE_MS + 1000)
      settled = written.shift()!.head
    if (settled !== undefined && settled.seq > (position?.seq ?? 0)) onSettled(settled)
  }

  async function flush(head: Head): Promise<void> {
    const whole = Buffer.concat(batch)
    batch = []
    octets = 0
    await link.send(whole, () => note(head))
    settle()
  }

  let head = follower.base
  while (!signal.aborted) {
    const record = await follower.next()
    onLooked(follower.durable())
    if (record === undefined) {
      if (position !== undefined && head.seq < position.seq) throw cutOff(head.seq, position.seq)
      if (batch.length > 0) await flush(head)
      settle()
      await link.pause(POLL_MS)
      continue
    }
    head = record.head
    if (head.seq === position?.seq && head.chain !== position.chain)
      throw new JournalProblem(
        head.seq,
        `record ${head.seq} is not the one that was exported: the journal was forged`,
      )
    const frame = syslogFrame(origin, record)
    batch.push(frame)
    octets += frame.length
    if (octets >= BATCH_OCTETS) await flush(head)
  }
  if (batch.length > 0) await flush(head)
}

function cutOff(last: number, known: number): JournalProblem {
  return new JournalProblem(
    last,
    `ends with record ${last}, yet record ${known} was exported: records were cut off`,
  )
}
