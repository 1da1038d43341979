/**
 * xs:dateTime as labels and policies hold it (XML Schema 1.0 Part 2 §3.2.7), for the label tool and the SPIF loader.
 *
 * The type is wider than the wire's dates (`date.ts`): years before 1970, before year 1 and above 9999, and 24:00:00.
 * Canonical here is UTC in whole seconds with `Z`, as §3.2.7.2 has it; a fraction is cut off. Years have at most eight digits,
 * where the standard demands four. There is no year 0000, so that -0001 is the year before 0001.
 */

const DAY = 86_400
const ERA = 146_097 // days of 400 years

type Parts = Readonly<{ year: number; month: number; day: number; second: number }>

/** The canonical spelling in UTC, or undefined when the text is no xs:dateTime or has no zone (it names no instant). */
export function readDateTime(text: string): string | undefined {
  const seconds = secondsOf(text)
  return seconds === undefined ? undefined : writeDateTime(seconds)
}

/** Order of two canonical dates; both must be what `readDateTime` gives. */
export function compareDateTimes(a: string, b: string): number {
  return (secondsOf(a) ?? Number.NaN) - (secondsOf(b) ?? Number.NaN)
}

/** Seconds from 1970-01-01T00:00:00Z. */
function secondsOf(text: string): number | undefined {
  const cursor = { text, at: 0 }
  const isNegative = skip(cursor, '-')
  const year = number(cursor, 4, 8)
  if (year === undefined || year === 0) return undefined
  const month = skip(cursor, '-') ? number(cursor, 2, 2) : undefined
  const day = skip(cursor, '-') ? number(cursor, 2, 2) : undefined
  const hour = skip(cursor, 'T') ? number(cursor, 2, 2) : undefined
  const minute = skip(cursor, ':') ? number(cursor, 2, 2) : undefined
  const second = skip(cursor, ':') ? number(cursor, 2, 2) : undefined
  if (month === undefined || day === undefined) return undefined
  if (hour === undefined || minute === undefined || second === undefined) return undefined
  const hasFraction = fraction(cursor)
  const offset = hasFraction === undefined ? undefined : zone(cursor)
  if (offset === undefined || cursor.at !== text.length) return undefined
  const astronomical = isNegative ? 1 - year : year
  if (month < 1 || month > 12 || day < 1 || day > daysIn(astronomical, month)) return undefined
  const isMidnight = hour === 24 && minute === 0 && second === 0 && hasFraction !== 'not zero'
  if ((hour > 23 && !isMidnight) || minute > 59 || second > 59) return undefined
  return daysBefore(astronomical, month, day) * DAY + hour * 3600 + minute * 60 + second - offset
}

type Cursor = { readonly text: string; at: number }

function skip(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false
  cursor.at += 1
  return true
}

/** A number of so many digits; more than the fewest must not begin with 0. */
function number(cursor: Cursor, fewest: number, most: number): number | undefined {
  const start = cursor.at
  let value = 0
  for (; cursor.at < start + most; cursor.at++) {
    const digit = cursor.text.charCodeAt(cursor.at) - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    value = value * 10 + digit
  }
  const count = cursor.at - start
  return count < fewest || (count > fewest && cursor.text[start] === '0') ? undefined : value
}

/** Passes over a fraction of a second; undefined when its digits are missing. */
function fraction(cursor: Cursor): 'zero' | 'not zero' | undefined {
  if (!skip(cursor, '.')) return 'zero'
  const start = cursor.at
  let isZero = true
  for (; cursor.text[cursor.at]! >= '0' && cursor.text[cursor.at]! <= '9'; cursor.at++) {
    isZero &&= cursor.text[cursor.at] === '0'
  }
  return cursor.at === start ? undefined : isZero ? 'zero' : 'not zero'
}

/** Seconds that a zone is ahead of UTC: `Z`, or up to 14:00 either way. */
function zone(cursor: Cursor): number | undefined {
  if (skip(cursor, 'Z')) return 0
  const sign = skip(cursor, '+') ? 1 : skip(cursor, '-') ? -1 : undefined
  const hours = number(cursor, 2, 2)
  const minutes = skip(cursor, ':') ? number(cursor, 2, 2) : undefined
  if (sign === undefined || hours === undefined || minutes === undefined || minutes > 59) return undefined
  return hours * 60 + minutes > 14 * 60 ? undefined : sign * (hours * 3600 + minutes * 60)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Days from 1970-01-01 in the Gregorian calendar, years numbered with a year 0; years begin in March for the leap day. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * ERA + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
}

function partsOf(seconds: number): Parts {
  const days = Math.floor(seconds / DAY) + 719_468
  const era = Math.floor(days / ERA)
  const ofEra = days - era * ERA
  const year = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  return {
    year: era * 400 + year + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
    second: seconds - Math.floor(seconds / DAY) * DAY,
  }
}

function writeDateTime(seconds: number): string {
  const { year, month, day, second } = partsOf(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  const date = `${year < 1 ? '-' : ''}${String(year < 1 ? 1 - year : year).padStart(4, '0')}-${two(month)}-${two(day)}`
  return `${date}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}Z`
}
