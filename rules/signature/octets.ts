/** Reading of the SSH wire encoding (RFC 4251 §5): every octet accounted for. */

/** What is not in the encoding that its format asks for; the message says what. */
export class EncodingError extends Error {}

/** A reader over octets; each call takes the next field. */
export type OctetReader = Readonly<{
  /** So many octets as they stand. */
  take(length: number, what: string): Uint8Array
  uint32(what: string): number
  /** `string` of RFC 4251: a length and so many octets. */
  string(what: string): Uint8Array
  /** A `string` that is printable ASCII. */
  text(what: string): string
  /** Throws when anything is left. */
  end(what: string): void
}>

export function readOctets(octets: Uint8Array): OctetReader {
  let at = 0
  const take = (length: number, what: string): Uint8Array => {
    if (length > octets.length - at) throw new EncodingError(`${what} is cut short`)
    at += length
    return octets.subarray(at - length, at)
  }
  const uint32 = (what: string): number => {
    const [a, b, c, d] = take(4, what) as unknown as [number, number, number, number]
    return a * 0x1000000 + (b << 16) + (c << 8) + d
  }
  const string = (what: string): Uint8Array => take(uint32(what), what)
  const text = (what: string): string => {
    const found = string(what)
    if (found.some((octet) => octet < 0x21 || octet > 0x7e)) throw new EncodingError(`${what} is not ASCII`)
    return String.fromCharCode(...found)
  }
  const end = (what: string): void => {
    if (at < octets.length) throw new EncodingError(`${what} has octets left over`)
  }
  return { take, uint32, string, text, end }
}

/** A `string` of RFC 4251. */
export function writeString(value: Uint8Array | string): Uint8Array {
  const octets = Buffer.from(value as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(octets.length)
  return Buffer.concat([length, octets])
}

/** A positive `mpint` of RFC 4251 in exactly `size` octets, big-endian; its encoding must be the shortest. */
export function readMpint(octets: Uint8Array, size: number, what: string): Uint8Array {
  const [first, second] = octets
  if (first === undefined || first > 0x7f || (first === 0 && (second ?? 0) < 0x80)) {
    throw new EncodingError(`${what} is not a positive number in its shortest form`)
  }
  const digits = first === 0 ? octets.subarray(1) : octets
  if (digits.length > size) throw new EncodingError(`${what} is too large`)
  const padded = Buffer.alloc(size)
  padded.set(digits, size - digits.length)
  return padded
}
