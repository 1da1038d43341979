/** Values from small alphabets (doc/formats.md §2): identifiers, integers. */

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
