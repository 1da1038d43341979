/** Diagnostics of an edge: never content, and never so much that strangers at its ports can fill a disk. */

/** One line for the operator; pino's shape. */
export type Log = Readonly<{
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}>

const LINES_A_SECOND = 50

/** Lets so many lines a second through, and says how many were left out. `now` in milliseconds. */
export function limitLog(log: Log, now: () => number): Log {
  let second = 0
  let lines = 0
  let left = 0
  const limited = (level: keyof Log) => (fields: object, message: string) => {
    const current = Math.floor(now() / 1000)
    if (current !== second) {
      if (left > 0) log.warn({ lines: left }, 'lines were left out')
      second = current
      lines = 0
      left = 0
    }
    if (lines++ < LINES_A_SECOND) log[level](fields, message)
    else left++
  }
  return { info: limited('info'), warn: limited('warn'), error: limited('error') }
}
