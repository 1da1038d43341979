/**
 * Object identifiers: dotted decimal and DER content octets (X.690 §8.19), one spelling each.
 *
 * Arcs have no size limit in the standard; here they are limited by the length of the whole. Big arcs are
 * handled exactly.
 */

const MAX_OCTETS = 128
const SMALL_ARC = 0x0f_ff_ff_ff

/** Whether `text` is an object identifier in dotted decimal: no leading zeros, first two arcs in range. */
export function isOid(text: string): boolean {
  return encodeOid(text) !== undefined
}

/**
 * The content octets of an object identifier, or undefined when `text` is not one (or is over 128 octets). The octets are not
 * to be changed: those of the first identifiers asked for are kept, since a policy has few.
 */
export function encodeOid(text: string): Uint8Array | undefined {
  const kept = encoded.get(text)
  if (kept !== undefined) return kept
  const octets = encode(text)
  if (octets !== undefined && encoded.size < MOST_KEPT) encoded.set(text, octets)
  return octets
}

const encoded = new Map<string, Uint8Array>()
const MOST_KEPT = 256

function encode(text: string): Uint8Array | undefined {
  if (text.length > 512) return undefined
  const arcs = text.split('.')
  if (arcs.length < 2) return undefined
  for (const arc of arcs) if (!isCanonicalNumber(arc)) return undefined
  const first = arcs[0] as string
  const second = arcs[1] as string
  if (first.length !== 1 || first > '2') return undefined
  if (first !== '2' && (second.length > 2 || Number(second) > 39)) return undefined
  const octets: number[] = []
  if (second.length <= SAFE_DIGITS) pushSmall(octets, Number(first) * 40 + Number(second))
  else pushBig(octets, BigInt(first) * 40n + BigInt(second))
  for (let i = 2; i < arcs.length; i++) {
    const arc = arcs[i] as string
    if (arc.length <= SAFE_DIGITS) pushSmall(octets, Number(arc))
    else pushBig(octets, BigInt(arc))
  }
  return octets.length <= MAX_OCTETS ? new Uint8Array(octets) : undefined
}

/** Decimal numbers of so many digits are exact as `number`, with 80 to spare. */
const SAFE_DIGITS = 15

/**
 * The dotted decimal of DER content octets, or undefined: empty, over 128 octets, an arc that begins with 80
 * (not minimal) or a last arc without end.
 */
export function decodeOid(octets: Uint8Array): string | undefined {
  const last = octets[octets.length - 1]
  if (last === undefined || last >= 0x80 || octets.length > MAX_OCTETS) return undefined
  let text = ''
  let small = 0
  let big = 0n
  let started = false
  for (const octet of octets) {
    if (!started && octet === 0x80) return undefined
    started = true
    if (small > SMALL_ARC >> 7 || big > 0n) {
      if (big === 0n) big = BigInt(small)
      big = (big << 7n) | BigInt(octet & 0x7f)
    } else {
      small = (small << 7) | (octet & 0x7f)
    }
    if (octet >= 0x80) continue
    if (text !== '') text += `.${big > 0n ? big : small}`
    else if (big > 0n) text = `2.${big - 80n}`
    else if (small < 80) text = `${small < 40 ? 0 : 1}.${small % 40}`
    else text = `2.${small - 80}`
    small = 0
    big = 0n
    started = false
  }
  return text
}

/** Whether `text` is a non-negative decimal number without leading zero. */
export function isCanonicalNumber(text: string): boolean {
  if (text === '' || (text.length > 1 && text[0] === '0')) return false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x30 || c > 0x39) return false
  }
  return true
}

function pushSmall(octets: number[], arc: number): void {
  let scale = 1
  while (scale * 128 <= arc) scale *= 128
  for (; scale > 1; scale /= 128) octets.push(0x80 | (Math.floor(arc / scale) % 128))
  octets.push(arc % 128)
}

function pushBig(octets: number[], arc: bigint): void {
  const groups = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80)
  octets.push(...groups.reverse())
}
