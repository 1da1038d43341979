/**
 * Dates as doc/formats.md §1 spells them: `YYYY-MM-DDTHH:MM:SSZ`, 1970 to 9999, no leap second.
 */

/** Octets of a date. */
export const DATE_LENGTH = 20
/** The last second of the year 9999. */
export const LAST_SECOND = 253_402_300_799

const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
const DAYS_IN = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Seconds since 1970 of the date in the 20 octets from `at`, or -1 when they are not a date. */
export function parseDate(octets: Uint8Array, at: number): number {
  if (at + DATE_LENGTH > octets.length) return -1
  if (octets[at + 4] !== 0x2d || octets[at + 7] !== 0x2d || octets[at + 10] !== 0x54) return -1
  if (octets[at + 13] !== 0x3a || octets[at + 16] !== 0x3a || octets[at + 19] !== 0x5a) return -1
  const century = twoDigits(octets, at)
  const year = twoDigits(octets, at + 2)
  const month = twoDigits(octets, at + 5)
  const day = twoDigits(octets, at + 8)
  const hour = twoDigits(octets, at + 11)
  const minute = twoDigits(octets, at + 14)
  const second = twoDigits(octets, at + 17)
  if (century < 0 || year < 0 || hour < 0 || minute < 0 || second < 0) return -1
  const fullYear = century * 100 + year
  if (fullYear < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return -1
  if (day < 1 || day > daysIn(fullYear, month)) return -1
  const days = daysBeforeYear(fullYear) + daysBeforeMonth(fullYear, month) + day - 1
  return ((days * 24 + hour) * 60 + minute) * 60 + second
}

/** The date of a second from 0 to LAST_SECOND. */
export function formatDate(seconds: number): string {
  let days = Math.floor(seconds / 86_400)
  const rest = seconds % 86_400
  let year = 1970 + Math.floor(days / 366)
  while (daysBeforeYear(year + 1) <= days) year += 1
  days -= daysBeforeYear(year)
  let month = 12
  while (daysBeforeMonth(year, month) > days) month -= 1
  const day = days - daysBeforeMonth(year, month) + 1
  const time = `${pad(Math.floor(rest / 3600))}:${pad(Math.floor(rest / 60) % 60)}:${pad(rest % 60)}`
  return `${year}-${pad(month)}-${pad(day)}T${time}Z`
}

/** Days from the first of January 1970 to that of `year`. */
function daysBeforeYear(year: number): number {
  const y = year - 1
  return (year - 1970) * 365 + (Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)) - 477
}

function daysBeforeMonth(year: number, month: number): number {
  return DAYS_BEFORE[month - 1]! + (month > 2 && isLeap(year) ? 1 : 0)
}

function daysIn(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : DAYS_IN[month - 1]!
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function twoDigits(octets: Uint8Array, at: number): number {
  const tens = octets[at]! - 0x30
  const ones = octets[at + 1]! - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function pad(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}
