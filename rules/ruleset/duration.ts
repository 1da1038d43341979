/** Durations as a ruleset writes them: a number and one of s, m, h, d. */

const SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86400],
])

/** Seconds of a duration that the schema has admitted, such as `30d`. */
export function seconds(duration: string): number {
  return Number(duration.slice(0, -1)) * (SECONDS.get(duration.slice(-1)) ?? Number.NaN)
}
