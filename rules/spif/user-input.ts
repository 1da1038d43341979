/**
 * Values whose text is the user's (`userInput` of a tagCategory, Open XML SPIF 2.1): "an arbitrary string", "an unsigned
 * integer", or "a date in the format defined by the dateFormat attribute", which is "as defined in ISO 8601".
 *
 * The policy gives such a value a name, which is no text of it. A label has the text where others have a name, so that only
 * STANAG 4774 can hold it; ESS has numbers, and no number is anybody's text.
 */
import { trimBlanks } from '../label/blanks.ts'
import { isCanonicalNumber } from '../label/oid.ts'
import type { CategoryValue } from './spif.ts'

/** Most characters of a text, and digits of a number. */
const MAX_TEXT = 256
const MAX_DIGITS = 155

/** Whether a text is one that a user may write for this value. */
export function fitsInput({ userInput, dateFormat }: CategoryValue, text: string): boolean {
  if (userInput === undefined) return false
  switch (userInput) {
    case 'string':
      return text !== '' && text === trimBlanks(text) && [...text].length <= MAX_TEXT
    case 'integer':
      return isCanonicalNumber(text) && text.length <= MAX_DIGITS
    case 'date':
      return isDate(text, dateFormat ?? 'YYYY-MM-DD')
  }
}

/** The fields of a format, with their digits and bounds; a letter that is none of them makes a format that nothing fits. */
const FIELDS: readonly (readonly [field: string, least: number, most: number])[] = [
  ['YYYY', 1, 9999],
  ['MM', 1, 12],
  ['DD', 1, 31],
  ['hh', 0, 23],
  ['mm', 0, 59],
  ['ss', 0, 59],
]
const DIVIDERS = '-:TZ'

/** Whether a text is a date in a format, and that day is in the calendar. */
function isDate(text: string, format: string): boolean {
  const found = new Map<string, number>()
  let at = 0
  while (at < format.length) {
    const field = FIELDS.find(([letters]) => format.startsWith(letters, at))
    if (field === undefined) {
      if (!DIVIDERS.includes(format[at]!) || text[at] !== format[at]) return false
      at += 1
      continue
    }
    const [letters, least, most] = field
    const digits = text.slice(at, at + letters.length)
    const number = /^[0-9]+$/.test(digits) && digits.length === letters.length ? Number(digits) : -1
    if (number < least || number > most || found.has(letters)) return false
    found.set(letters, number)
    at += letters.length
  }
  if (format === '' || text.length !== format.length) return false
  // A day without its year may be one of a leap year.
  const [year, month, day] = [found.get('YYYY') ?? 2000, found.get('MM') ?? 1, found.get('DD') ?? 1]
  return new Date(Date.UTC(year < 100 ? year + 400 : year, month - 1, day)).getUTCDate() === day
}
