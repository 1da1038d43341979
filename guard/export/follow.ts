/**
 * Follows a journal while it grows: record by record, across its files, each checked against the chain.
 *
 * Only what is durable is handed out: records up to the one in `head.json`, which the journal writes about once a second, and those
 * that were handed out before. What stands behind may be cut off by the journal's next start, and must then never have been seen elsewhere. Nothing is
 * written, and nothing is kept but the part of a file that was read and not yet handed out.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotRead } from '../../rules/unreadable.ts'
import { listSegments, segmentName } from '../journal/files.ts'
import { readHeadFile } from '../journal/head-file.ts'
import { type Head, NO_HEAD, readLine } from '../journal/line.ts'
import { LONGEST_LINE, namedPrevious } from '../journal/read.ts'
import { TryAgain } from './again.ts'

/** One record: its line without LF, its members without `chain`, and the head behind it. */
export type Followed = Readonly<{ line: string; fields: Readonly<Record<string, unknown>>; head: Head }>

/** The journal is not what it should be: evidence, not something to try again. */
export class JournalProblem extends Error {
  /** The record at which it shows. */
  readonly seq: number

  constructor(seq: number, message: string) {
    super(message)
    this.seq = seq
  }
}

export type Follower = Readonly<{
  /** Behind which record `next` goes on: the one asked for; an earlier one where the journal ends, a later one where it begins. */
  base: Head
  /** The last record that is known to be durable. */
  durable(): number
  /** The next record; undefined while there is none, or none that is durable. Throws a `JournalProblem`, or `TryAgain` on a file that cannot be read. */
  next(): Promise<Followed | undefined>
  close(): Promise<void>
}>

const LF = 10
const CHUNK = 1 << 18
/** Octets that the first record of a file surely fits into. */
const FIRST_RECORD = 1 << 16
const NOTHING: Buffer = Buffer.alloc(0)

/**
 * Opens the journal behind record `seq`, reading the file that holds it from its beginning. Throws as `next` does.
 * @param known a record that was handed out before and so is durable, although `head.json` may not say so: after a loss of power it
 *   can be an older one, until the journal starts.
 */
export async function followJournal(directory: string, seq: number, known: number): Promise<Follower> {
  const readable = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading
    } catch (error) {
      if (error instanceof JournalProblem || (error as NodeJS.ErrnoException).code === undefined) throw error
      throw new TryAgain(`the journal ${directory} ${cannotRead(error, 'give the directory of a journal')}`)
    }
  }
  const follower = await readable(openJournal(directory, seq, known))
  return { ...follower, next: () => readable(follower.next()) }
}

async function openJournal(directory: string, seq: number, known: number): Promise<Follower> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let headFile = readHeadFile(directory) ?? NO_HEAD
  const segments = listSegments(directory)
  if (segments.length === 0 && headFile.seq > 0)
    throw new JournalProblem(1, 'has a head.json, but no records: they were taken away')
  const start = segments.findLast(({ first }) => first <= Math.max(seq, 1)) ?? segments[0]
  let head =
    start === undefined || start.first === 1
      ? NO_HEAD
      : { seq: start.first - 1, chain: await namedBefore(join(directory, start.name)) }
  let name = start?.name
  let file: FileHandle | undefined
  let lines = 0
  /** What was read behind the last line handed out, and where in the file it begins. */
  let octets = NOTHING
  let at = 0

  async function next(): Promise<Followed | undefined> {
    if (head.seq >= durable()) {
      // What is kept behind the head was not durable when it was read.
      octets = NOTHING
      const now = readHeadFile(directory) ?? headFile
      if (now.seq < headFile.seq)
        throw new JournalProblem(now.seq, `ends with record ${now.seq}, yet record ${headFile.seq} was there`)
      headFile = now
      if (head.seq >= durable()) return undefined
    }
    const text = await nextLine()
    if (text === undefined) return undefined
    lines++
    const read = readLine(head, text)
    const due = head.seq + 1
    if ('problem' in read)
      throw new JournalProblem(due, `${name}: record ${due} ${read.problem.slice(0, 200)}`)
    const { type, previous } = read.fields
    if ((lines === 1) !== (type === 'segment' && previous === head.chain))
      throw new JournalProblem(due, `${name}: record ${due} is not where a file begins, or should begin one`)
    if (due === headFile.seq && read.head.chain !== headFile.chain)
      throw new JournalProblem(
        due,
        `${name}: record ${due} is not the one of head.json: the journal was forged`,
      )
    head = read.head
    return { line: text, fields: read.fields, head }
  }

  function durable(): number {
    return Math.max(headFile.seq, known)
  }

  /** The line of the record behind the head; undefined at the end of the journal. */
  async function nextLine(): Promise<string | undefined> {
    for (;;) {
      const end = octets.indexOf(LF)
      if (end > LONGEST_LINE || (end === -1 && octets.length > LONGEST_LINE))
        throw new JournalProblem(
          head.seq + 1,
          `${name}: record ${head.seq + 1} is longer than a record can be`,
        )
      if (end !== -1) {
        const line = octets.subarray(0, end)
        octets = octets.subarray(end + 1)
        at += end + 1
        try {
          return decoder.decode(line)
        } catch {
          throw new JournalProblem(head.seq + 1, `${name}: record ${head.seq + 1} is not UTF-8`)
        }
      }
      if ((await fill()) || (await nextFile())) continue
      // A line that is not whole may be another one when it is.
      octets = NOTHING
      return undefined
    }
  }

  /** Reads on in the file; false at its end. */
  async function fill(): Promise<boolean> {
    if (name === undefined) return false
    file ??= await open(join(directory, name), 'r')
    const chunk = Buffer.allocUnsafe(CHUNK)
    const { bytesRead } = await file.read(chunk, 0, CHUNK, at + octets.length)
    const more = chunk.subarray(0, bytesRead)
    octets = octets.length === 0 ? more : Buffer.concat([octets, more])
    return bytesRead > 0
  }

  /** Goes on in the next file; false when this is the last, and `head.json` does not say that more was written. */
  async function nextFile(): Promise<boolean> {
    const due = head.seq + 1
    const [behind] = listSegments(directory).filter(
      ({ first }) => first > head.seq && segmentName(first) !== name,
    )
    if (behind === undefined && head.seq >= headFile.seq) return false
    if (behind?.first !== due || octets.length > 0) {
      const why =
        behind === undefined || octets.length > 0
          ? `yet record ${headFile.seq} was written: records were cut off`
          : `the next file begins with record ${behind.first}: those between were removed`
      throw new JournalProblem(due, `${name ?? 'the journal'}: ends with record ${head.seq}, ${why}`)
    }
    await close()
    name = behind.name
    lines = 0
    at = 0
    return true
  }

  async function close(): Promise<void> {
    await file?.close()
    file = undefined
  }

  try {
    while (head.seq < seq && (await next()) !== undefined);
  } catch (error) {
    await close()
    throw error
  }
  return { base: head, durable, next, close }
}

/** The chain value that the first record of a file says it follows. */
async function namedBefore(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_RECORD), 0, FIRST_RECORD, 0)
    const end = buffer.subarray(0, bytesRead).indexOf(LF)
    return namedPrevious(buffer.toString('latin1', 0, Math.max(end, 0)))
  } finally {
    await file.close()
  }
}
