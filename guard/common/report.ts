/**
 * What a stage says of itself: one JSON object a line on stderr, never content, and never so much that it fills a disk.
 */
import { writeSync } from 'node:fs'

export type Report = Readonly<{
  /** Something that is as it should be. */
  info(message: string): void
  /** Something for the operator to mend; the stage goes on. */
  problem(message: string): void
  /** Something that must not be overlooked: never left out for the number of lines, so the caller tells each thing once. */
  alarm(message: string): void
  /** Says why and ends the process, and with it the direction. */
  fail(message: string): never
}>

/** Lines a second; what is beyond is counted and told later. `alarm` and `fail` are always told. */
const LINES_A_SECOND = 20

export function createReport(stage: string, guard: string): Report {
  let second = 0
  let lines = 0
  let left = 0

  function write(level: string, message: string): void {
    const text = JSON.stringify({ time: new Date().toISOString(), guard, stage, level, message })
    try {
      writeSync(2, `${text}\n`)
    } catch {
      // Nobody reads: there is no one left to tell.
    }
  }

  function limited(level: string, message: string): void {
    const now = Math.floor(Date.now() / 1000)
    if (now !== second) {
      if (left > 0) write('problem', `${left} lines were left out`)
      second = now
      lines = 0
      left = 0
    }
    if (lines++ < LINES_A_SECOND) write(level, message)
    else left++
  }

  return {
    info: (message) => limited('info', message),
    problem: (message) => limited('problem', message),
    alarm: (message) => write('alarm', message),
    fail(message) {
      write('fatal', message)
      process.exit(1)
    },
  }
}
