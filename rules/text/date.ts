/**
 * Dates: the one canonical spelling (doc/formats.md §1), and the spellings of XEP-0082 and xs:dateTime that the edge
 * makes canonical. Seconds are whole and count from 1970-01-01T00:00:00Z, without leap seconds.
 */

const CANONICAL = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/
const ZONED =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,20})?(?:Z|([-+])([0-9]{2}):([0-9]{2}))$/

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/** The last second of the year 9999. */
export const LAST_SECOND = 253_402_300_799

/** The seconds of a canonical date, or undefined when it is not canonical or no instant of 1970 to 9999. */
export function parseDate(text: string): number | undefined {
  return CANONICAL.test(text) ? inRange(instant(text)) : undefined
}

/** The canonical spelling; throws on what is no whole second of 1970 to 9999. */
export function formatDate(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > LAST_SECOND)
    throw new RangeError('not a second of 1970 to 9999')
  const known = formatted.get(seconds)
  if (known !== undefined) return known
  const text = new Date(seconds * 1000).toISOString().slice(0, 19) + 'Z'
  if (formatted.size === MAX_FORMATTED) formatted.clear()
  formatted.set(seconds, text)
  return text
}

/** The last ones: within a second the same few are asked for again and again. */
const formatted = new Map<number, string>()
const MAX_FORMATTED = 64

/**
 * The canonical spelling of a date with zone and perhaps a fraction, which is cut off; undefined for anything else.
 * A date without zone names no instant and is refused, though xs:dateTime has it.
 */
export function normaliseDate(text: string): string | undefined {
  if (parseDate(text) !== undefined) return text
  const zone = ZONED.exec(text)
  const local = zone === null ? undefined : instant(text)
  if (zone === null || local === undefined) return undefined
  const [sign, hours, minutes] = [zone[1], Number(zone[2] ?? 0), Number(zone[3] ?? 0)]
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) return undefined
  const offset = (hours * 60 + minutes) * 60
  const seconds = inRange(sign === '-' ? local + offset : local - offset)
  return seconds === undefined ? undefined : formatDate(seconds)
}

/** The seconds of the first 19 characters, which are digits where they should be; undefined without such an instant. */
function instant(text: string): number | undefined {
  const year = digits(text, 0) * 100 + digits(text, 2)
  const month = digits(text, 5)
  const day = digits(text, 8)
  const hour = digits(text, 11)
  const minute = digits(text, 14)
  const second = digits(text, 17)
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 2 && leap ? 29 : DAYS[month - 1]
  if (days === undefined || day < 1 || day > days || hour > 23 || minute > 59 || second > 59) return undefined
  if (year < 1900) return undefined // Date.UTC takes years below 100 for years of the last century
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000
}

/** The number that two digits spell. */
function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30
}

function inRange(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds >= 0 && seconds <= LAST_SECOND ? seconds : undefined
}
