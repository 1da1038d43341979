/**
 * Addresses (RFC 7622 as doc/formats.md §2 narrows it): `[local@]domain[/resource]`, in one spelling.
 */
import { findBadContent, findBadMarks } from './content.ts'
import { isNfc } from './nfc.ts'
import { Flag } from './tables/unicode.ts'
import { flagsOf } from './unicode.ts'
import { textOfPoints, type Value, widthOfPoints } from './value.ts'

/** Most octets of a local part and of a resource (RFC 7622 §3.3 and §3.4). */
const MOST_OCTETS = 1023
const AT = 0x40
const SLASH = 0x2f

/** U+0021–U+007E without capitals and without `"` `&` `'` `/` `:` `<` `>` `@`. */
const asciiLocal = new Uint8Array(0x80)
for (let octet = 0x21; octet <= 0x7e; octet += 1) {
  const character = String.fromCharCode(octet)
  asciiLocal[octet] = '"&\'/:<>@'.includes(character) || (character >= 'A' && character <= 'Z') ? 0 : 1
}

/** Domains by name, and the local parts that may stand before each; undefined: any. */
export type Domains = ReadonlyMap<string, ReadonlySet<string> | undefined>

/** Most code points of a local part and of a resource; 0: the part may not stand there. */
export type MostPoints = Readonly<{ local: number; resource: number }>

/**
 * Index of the code point of a spread value at which it ceases to be an address whose domain is one of `domains`, which
 * may be that behind the last; -1 when it is such an address. `most` bounds its parts.
 */
export function findBadAddress({ points, length }: Value, domains: Domains, most: MostPoints): number {
  let slash = 0
  while (slash < length && points[slash] !== SLASH) slash += 1
  let at = 0
  while (at < slash && points[at] !== AT) at += 1

  const hasLocal = at < slash
  const domainFrom = hasLocal ? at + 1 : 0
  const domain = textOfPoints(points, domainFrom, slash)
  if (!domains.has(domain)) return domainFrom
  if (hasLocal) {
    if (at > most.local) return 0
    const bad = findBadLocal(points, at)
    if (bad >= 0) return bad
    if (domains.get(domain)?.has(textOfPoints(points, 0, at)) === false) return 0
  }
  return slash < length ? findBadResource(points, slash + 1, length, most.resource) : -1
}

/** Index of the first code point for which the resource from `from` to before `to` is none, or has more than `most`; else -1. */
export function findBadResource(points: Uint32Array, from: number, to: number, most: number): number {
  if (to - from > most) return from
  const width = widthOfPoints(points, from, to)
  if (width < 1 || width > MOST_OCTETS) return from
  return findBadContent(points, from, to, { lines: false, ideographic: false })
}

function findBadLocal(points: Uint32Array, to: number): number {
  const width = widthOfPoints(points, 0, to)
  if (width < 1 || width > MOST_OCTETS) return 0
  let seen = 0
  let digits = 0
  for (let i = 0; i < to; i += 1) {
    const point = points[i]!
    const flags = flagsOf[point]!
    const admitted = point < 0x80 ? asciiLocal[point] === 1 : (flags & Flag.LOCAL) !== 0
    if (!admitted) return i
    seen |= flags
    if ((seen & Flag.RIGHT_TO_LEFT) !== 0 && (seen & (Flag.LATIN | Flag.CYRILLIC_GREEK)) !== 0) return i
    const zero = zeroOf(point)
    if (zero !== 0 && digits !== 0 && zero !== digits) return i
    if (zero !== 0) digits = zero
  }
  const bad = findBadMarks(points, 0, to)
  if (bad >= 0) return bad
  return isNfc(points, 0, to) ? -1 : 0
}

/** The zero of the Arabic-Indic digits, or of the extended ones, when `point` is one of them; else 0. */
function zeroOf(point: number): number {
  if (point >= 0x660 && point <= 0x669) return 0x660
  return point >= 0x6f0 && point <= 0x6f9 ? 0x6f0 : 0
}
