/** Integers in their one decimal spelling. */

/** `0`, or an optional `-` and digits without leading zero, from `min` to `max`, which are safe integers. */
export function isInteger(latin1: string, start: number, end: number, min: number, max: number): boolean {
  const negative = latin1[start] === '-'
  const first = negative ? start + 1 : start
  const digits = end - first
  if (digits < 1) return false
  if (latin1[first] === '0' && (digits > 1 || negative)) return false
  let number = 0
  for (let at = first; at < end; at += 1) {
    const digit = latin1.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return false
    number = number * 10 + digit
  }
  if (negative) number = -number
  return number >= min && number <= max
}
