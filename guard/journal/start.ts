/** Where a journal goes on: found in its files before the first record is written. */
import { NO_NUMBER } from '../gcxp/number.ts'
import { listSegments, segmentName } from './files.ts'
import { readHeadFile } from './head-file.ts'
import { NO_HEAD } from './line.ts'
import { type JournalState, readSegment } from './read.ts'

/**
 * `segment`, which begins with record `first`, is to be opened at `octets`; with 0 octets it is to begin with a record of type
 * `segment`.
 */
export type JournalStart = Readonly<{ state: JournalState; segment: string; first: number; octets: number }>

/**
 * Reads the last segment, checks its chain and cuts what a crash left of a last line. Older segments are not read: `sallyport
 * journal verify` does. A problem is one line; the journal must not be written then, or evidence would be lost.
 */
export function findStart(directory: string): JournalStart | Readonly<{ problem: string }> {
  const damaged = (what: string) => ({
    problem: `journal ${directory}: ${what}: run "sallyport journal verify", keep the directory as evidence, give a new one`,
  })
  // Before the records, for they may be written to while this reads: they are never behind it then.
  const kept = readHeadFile(directory)
  const segments = listSegments(directory)
  const last = segments.at(-1)
  if (last === undefined) {
    if (kept !== undefined) return damaged('has a head, but no segment')
    const state = { head: NO_HEAD, seen: NO_NUMBER, confirmed: NO_NUMBER }
    return { state, segment: segmentName(1), first: 1, octets: 0 }
  }
  let read = readSegment(directory, last.name, last.first)
  let octets = 'problem' in read ? 0 : read.octets
  const before = segments.at(-2)
  if ('empty' in read && before !== undefined) {
    // The crash came between the new file and its first record.
    read = readSegment(directory, before.name, before.first)
    octets = 0
  } else if ('empty' in read && last.first === 1) {
    const state = { head: NO_HEAD, seen: NO_NUMBER, confirmed: NO_NUMBER }
    return { state, segment: last.name, first: 1, octets: 0 }
  }
  if ('problem' in read) return damaged(read.problem)
  const { state } = read
  if (octets === 0 && state.head.seq + 1 !== last.first)
    return damaged(`${last.name}: does not follow ${before?.name}`)
  if (kept === undefined && state.seen.count > 0)
    return damaged('has verdicts, but no head.json: it was taken away, and records may have been cut off')
  if (kept !== undefined && kept.seq > state.head.seq) {
    return damaged(
      `ends with record ${state.head.seq}, yet record ${kept.seq} was written: records were cut off`,
    )
  }
  return { state, segment: last.name, first: last.first, octets }
}
