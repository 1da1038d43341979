/**
 * Dates as doc/formats.md §1 spells them: `YYYY-MM-DDTHH:MM:SSZ`, 1970 to 9999, no leap second.
 */

/** Octets of a date. */
export const DATE_LENGTH = 20
/** The last second of the year 9999. */
export const LAST_SECOND = 253_402_300_799

/** Seconds since 1970 of the date in the 20 octets from `at`, or -1 when they are not a date. */
export function parseDate(latin1: string, at: number): number {
  const text = latin1.slice(at, at + DATE_LENGTH)
  const seconds = Date.parse(text) / 1000
  // Each second has one spelling, whatever else the runtime takes for a date.
  return seconds >= 0 && formatDate(seconds) === text ? seconds : -1
}

/** The date of a second from 0 to LAST_SECOND. */
export function formatDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
