/**
 * The two addresses of a stanza, read from its root start tag to choose a bucket by, and for nothing else: nobody trusts them.
 *
 * No parser: what both verifiers accept is canonical (doc/formats.md §1), and of that this reads what they read. Anything else they
 * refuse, so it does not matter which bucket it falls into, or none.
 */

/** Bare addresses, octets as Latin-1; empty when the attribute is absent. Keys, not to be shown. */
export type Addresses = Readonly<{ from: string; to: string }>

/** The longest bare address that a verifier accepts: local part, `@`, domain. */
const BARE_OCTETS = 1023 + 1 + 255

const BLANK = 0x20
const QUOTE = 0x22
const SLASH = 0x2f
const EQUALS = 0x3d

/** Undefined for what is no canonical start tag, or has an address that is too long. Looks at each octet of the tag a few times at most. */
export function addressesOf(payload: Uint8Array): Addresses | undefined {
  const octets = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  let from = ''
  let to = ''
  for (let at = octets.indexOf(BLANK); octets[at] === BLANK; ) {
    const equals = octets.indexOf(EQUALS, at)
    const start = equals + 2
    const end = octets.indexOf(QUOTE, start)
    if (equals === -1 || octets[equals + 1] !== QUOTE || end === -1) return undefined
    const isFrom = isName(octets, at + 1, equals, 'from')
    if (isFrom || isName(octets, at + 1, equals, 'to')) {
      const slash = octets.subarray(start, end).indexOf(SLASH)
      const bare = slash === -1 ? end : start + slash
      if (bare - start > BARE_OCTETS) return undefined
      const address = octets.toString('latin1', start, bare)
      if (isFrom) from = address
      else to = address
    }
    at = end + 1
  }
  return { from, to }
}

function isName(octets: Buffer, from: number, to: number, name: string): boolean {
  return to - from === name.length && octets.toString('latin1', from, to) === name
}

/** The domain of a bare address. */
export function domainOf(address: string): string {
  return address.slice(address.indexOf('@') + 1)
}
