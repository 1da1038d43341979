/** How much room the file system of the journal has, and a warning long before there is none. */
import { statfs, statfsSync } from 'node:fs'
import type { Report } from '../common/report.ts'

const LOOK_MS = 10_000
/** While room is short, how often it is said. */
const SAY_AGAIN_MS = 600_000
const MEGABYTE = 1024 * 1024

/**
 * Looks now and from time to time. The result gives the octets that this user may still write, as last seen.
 * Throws what the file system says.
 */
export function watchSpace(options: {
  directory: string
  warnMegabytes: number
  report: Pick<Report, 'problem'>
}): () => number {
  const { directory, warnMegabytes, report } = options
  let free = 0
  let saidAt = Number.NEGATIVE_INFINITY

  function take({ bavail, bsize }: { bavail: number; bsize: number }): void {
    free = bavail * bsize
    const now = performance.now()
    if (free >= warnMegabytes * MEGABYTE || now - saidAt < SAY_AGAIN_MS) return
    saidAt = now
    report.problem(
      `the disk of ${directory} has ${Math.floor(free / MEGABYTE)} MB left, less than ${warnMegabytes}: make room, or nothing moves when it is full`,
    )
  }

  take(statfsSync(directory))
  setInterval(() => {
    statfs(directory, (error, found) => {
      if (error === null) take(found)
    })
  }, LOOK_MS).unref()
  return () => free
}
