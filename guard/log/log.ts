/**
 * The append-only log: octets go to the end of segment files, and the caller learns when they are durable.
 *
 * Group commit: everything appended while a flush runs goes with the next one, which starts when that one ends; there is no
 * timer. One flush is one write and one fdatasync. Whatever fails ends in `onFailure`, and nothing is reported durable
 * from then on: a log that may have a hole is not written any further (fsync errors do not come twice).
 */
import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export type LogOptions = Readonly<{
  directory: string
  /** The segment to go on with and the octets of it that are sound; what stands behind them is cut off. */
  segment: string
  octets: number
  /** So many octets are durable that were appended since opening. Grows with every call. */
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
  /** Octets in the newest segment, waiting ones included. */
  segmentOctets(): number
  flushes(): number
}>

type Part = Uint8Array | Readonly<{ segment: string }>

export function openLog(options: LogOptions): Log {
  let fd = openSegment(options.directory, options.segment, options.octets)
  let waiting: Part[] = []
  let segmentOctets = options.octets
  let appended = 0
  let flushes = 0
  let flushing = false
  let failed = false

  function fail(error: unknown): void {
    if (failed) return
    failed = true
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    options.onFailure(
      `the log in ${options.directory} cannot be written (${code}): make room or mend the disk; nothing moves until then`,
    )
  }

  function flush(): void {
    if (flushing || failed || waiting.length === 0) return
    flushing = true
    const parts = waiting
    const upTo = appended
    waiting = []
    try {
      let from = 0
      parts.forEach((part, i) => {
        if (part instanceof Uint8Array) return
        writeAll(fd, parts.slice(from, i) as Uint8Array[])
        from = i + 1
        // The old segment is whole and durable before the new one begins.
        fsyncSync(fd)
        closeSync(fd)
        fd = openSegment(options.directory, part.segment, 0)
      })
      writeAll(fd, parts.slice(from) as Uint8Array[])
    } catch (error) {
      fail(error)
      return
    }
    fdatasync(fd, (error) => {
      flushing = false
      if (error !== null) fail(error)
      if (failed) return
      flushes++
      options.onDurable(upTo)
      flush()
    })
  }

  return {
    append(octets) {
      waiting.push(octets)
      appended += octets.length
      segmentOctets += octets.length
    },
    flush,
    startSegment(name) {
      waiting.push({ segment: name })
      segmentOctets = 0
    },
    segmentOctets: () => segmentOctets,
    flushes: () => flushes,
  }
}

/** Opens a segment for appending behind `octets`, and makes its name durable. */
function openSegment(directory: string, name: string, octets: number): number {
  const fd = openSync(join(directory, name), 'a', 0o640)
  ftruncateSync(fd, octets)
  fsyncSync(fd)
  const folder = openSync(directory, 'r')
  fsyncSync(folder)
  closeSync(folder)
  return fd
}

function writeAll(fd: number, parts: Uint8Array[]): void {
  if (parts.length === 0) return
  const octets = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  for (let at = 0; at < octets.length; ) at += writeSync(fd, octets, at)
}
