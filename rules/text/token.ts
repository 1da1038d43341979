/** Values from small alphabets (doc/formats.md §2): identifiers, integers, language tags. */

/** 1 to `max` characters of U+0021 to U+007E without those that XML escapes. */
export function checkIdentifier(value: string, max: number): boolean {
  return value.length <= max && /^[!#-%(-;=?-~]+$/.test(value)
}

/** A decimal integer without leading zero, plus sign or `-0`, between `min` and `max`. */
export function checkInteger(value: string, min: number, max: number): boolean {
  if (value.length > 17 || !/^(?:0|-?[1-9][0-9]*)$/.test(value)) return false
  const number = Number(value)
  return Number.isSafeInteger(number) && number >= min && number <= max
}

/** A language tag (BCP 47) of language, script and region, in the case of RFC 5646 §2.1.1. */
export function checkLanguage(value: string): boolean {
  return value.length <= 12 && /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$/.test(value)
}
