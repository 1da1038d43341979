/**
 * The append-only log: octets go to the end of segment files, and the caller learns when they are durable.
 *
 * Group commit: everything appended while a flush runs goes with the next one, which starts when that one ends; there is no
 * timer. Whatever fails ends in `onFailure`, and nothing is reported durable from then on: a log that may have a hole is
 * not written any further. What a failed write left is cut off, as far as the system lets us: it could be read from memory and yet
 * not be on the medium, and whoever goes on behind it would have the hole.
 *
 * Segments are open with O_DSYNC: a write has the effect of write(2) and fdatasync(2) and returns when its octets are on the
 * medium (open(2)). Node's permission model takes fdatasync(2) itself away. A new file's name becomes durable with its first
 * octets (ext4, XFS and Btrfs log the creation with the file).
 */
import { closeSync, constants, ftruncateSync, openSync, write } from 'node:fs'
import { join } from 'node:path'

export type LogOptions = Readonly<{
  directory: string
  /** The segment to go on with and the octets of it that are sound; what stands behind them is cut off. */
  segment: string
  octets: number
  /** Who may read the files, where it is not the owner and its group. */
  mode?: number
  /** So many octets are durable of those appended since opening. Grows with every call. */
  onDurable(octets: number): void
  /** One line. Called at most once. */
  onFailure(problem: string): void
}>

export type Log = Readonly<{
  /** Takes over `octets`. They are written with the next flush. */
  append(octets: Uint8Array): void
  /** Makes what was appended durable, now or as soon as the running flush has ended. */
  flush(): void
  /** What is appended from now on goes to a new file. */
  startSegment(name: string): void
  /** Begins no further flush; `then` is called when the running one has ended, or the log has failed. */
  end(then: () => void): void
  /** Octets in the newest segment, waiting ones included. */
  segmentOctets(): number
  /** Synchronous writes so far. */
  flushes(): number
  /** Writes what was appended, and closes the file: `closed` is called then, and nothing else is told any more. */
  close(closed: () => void): void
}>

type Segment = Readonly<{ name: string; parts: Uint8Array[] }>

/** Opens the log for appending. Throws what the file system says when the segment cannot be opened. */
export function openLog(options: LogOptions): Log {
  const mode = options.mode ?? 0o640
  let fd = openSegment(options.directory, options.segment, options.octets, mode)
  // What waits to be written: parts for the open segment, then new segments with theirs.
  let waiting: Segment[] = [{ name: '', parts: [] }]
  let segmentOctets = options.octets
  /** Octets of the open segment whose writes have ended well. */
  let written = options.octets
  let appended = 0
  let flushes = 0
  let flushing = false
  /** Failed or closed: the file is not open any more. */
  let over = false
  let closing: (() => void) | undefined
  let ended: (() => void) | undefined

  function fail(error: unknown): void {
    if (over) return
    over = true
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    try {
      ftruncateSync(fd, written)
    } catch {}
    closeSync(fd)
    if (closing !== undefined) {
      closing()
      return
    }
    options.onFailure(
      `the log in ${options.directory} cannot be written (${code}): make room or mend the disk; nothing moves until then`,
    )
  }

  function flush(): void {
    if (flushing || over || ended !== undefined || (waiting.length === 1 && waiting[0]!.parts.length === 0))
      return
    flushing = true
    const segments = waiting
    const upTo = appended
    waiting = [{ name: '', parts: [] }]
    writeSegments(segments, 0, () => {
      flushing = false
      if (closing === undefined) options.onDurable(upTo)
      if (ended === undefined) flush()
      else ended()
      shut()
    })
  }

  /** Closes the file, when that is asked for and nothing is left to write. */
  function shut(): void {
    if (over || flushing || closing === undefined) return
    over = true
    closeSync(fd)
    closing()
  }

  function writeSegments(segments: Segment[], index: number, done: () => void): void {
    const segment = segments[index]
    if (segment === undefined) {
      done()
      return
    }
    if (segment.name !== '') {
      try {
        const next = openSegment(options.directory, segment.name, 0, mode)
        closeSync(fd)
        fd = next
        written = 0
      } catch (error) {
        fail(error)
        return
      }
    }
    const next = () => writeSegments(segments, index + 1, done)
    if (segment.parts.length === 0) next()
    else writeAll(segment.parts.length === 1 ? segment.parts[0]! : Buffer.concat(segment.parts), next)
  }

  function writeAll(octets: Uint8Array, done: () => void): void {
    write(fd, octets, (error, size) => {
      if (error !== null) {
        fail(error)
        return
      }
      flushes++
      written += size
      if (size < octets.length) writeAll(octets.subarray(size), done)
      else done()
    })
  }

  return {
    append(octets) {
      waiting.at(-1)!.parts.push(octets)
      appended += octets.length
      segmentOctets += octets.length
    },
    flush,
    startSegment(name) {
      waiting.push({ name, parts: [] })
      segmentOctets = 0
    },
    end(then) {
      ended = then
      if (!flushing || over) then()
    },
    segmentOctets: () => segmentOctets,
    flushes: () => flushes,
    close(closed) {
      closing = closed
      if (over) {
        closed()
        return
      }
      flush()
      shut()
    },
  }
}

const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC

/** Opens a segment for appending behind `octets`. */
function openSegment(directory: string, name: string, octets: number, mode: number): number {
  const fd = openSync(join(directory, name), APPEND, mode)
  ftruncateSync(fd, octets)
  return fd
}
