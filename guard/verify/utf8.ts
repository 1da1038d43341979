/**
 * UTF-8, strictly: RFC 3629, table 3-7 of the Unicode Standard. No overlong form, no surrogate, nothing above U+10FFFF.
 */

/** The code point that begins at `at`, or -1 when the octets from there are not well-formed. */
export function decodePoint(octets: Uint8Array, at: number): number {
  const a = octets[at]!
  if (a < 0x80) return a
  if (a < 0xc2 || a > 0xf4) return -1
  // The -1 of a missing continuation makes the whole negative.
  const b = continuation(octets, at + 1)
  if (a < 0xe0) return ((a & 0x1f) << 6) | b
  const c = continuation(octets, at + 2)
  if (a < 0xf0) {
    const point = ((a & 0x0f) << 12) | (b << 6) | c
    return point < 0x800 || (point >= 0xd800 && point <= 0xdfff) ? -1 : point
  }
  const d = continuation(octets, at + 3)
  const point = ((a & 0x07) << 18) | (b << 12) | (c << 6) | d
  return point < 0x10000 || point > 0x10ffff ? -1 : point
}

/** The six bits of a continuation octet, or -1 when there is none. */
function continuation(octets: Uint8Array, at: number): number {
  const octet = octets[at]!
  return (octet & 0xc0) === 0x80 ? octet & 0x3f : -1
}

/** How many octets a code point takes. */
export function widthOf(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
}
