/**
 * The closed list of reasons for which a verifier refuses a stanza.
 *
 * They stand in the journal and as metric labels; a peer never sees them. `guard/verify` keeps its own copy of this
 * list (it imports nothing of ours); a test compares the two.
 */
export const REASONS = [
  'too-big', // more octets than limits.stanzaBytes
  'not-utf8', // not well-formed UTF-8, or a byte order mark
  'not-well-formed', // not namespace-well-formed XML, or something RFC 6120 §11.1 forbids
  'not-canonical', // well-formed, but not the one spelling of doc/formats.md §1
  'too-deep', // deeper than limits.depth
  'unknown-stanza', // the root or its type is not in the profile
  'unknown-attribute',
  'missing-attribute',
  'bad-attribute', // a value that its rule does not admit
  'unknown-element', // an element that the profile does not have here (wrong place and wrong order included)
  'missing-element',
  'too-many', // more of an element than the profile admits
  'out-of-order', // repeated elements that are not strictly ascending
  'unexpected-text', // text where only elements may be
  'bad-text', // a text that its rule or the content rules do not admit
  'bad-from', // the sender: not an address, or not of the sending side
  'bad-to', // the recipient: not an address, or not of the receiving side
  'bad-pair', // these two domains do not exchange stanzas of this form
  'no-content', // a message with nothing in it
  'label-missing',
  'label-unexpected', // a label where none may be
  'label-repeated',
  'label-malformed', // cannot be decoded, or is not canonical
  'label-unlisted', // well-formed, but no row of the bundle
  'label-date', // outside the windows of the bundle
] as const

export type Reason = (typeof REASONS)[number]

/** A refusal: why, and the octet (or the nearest known one) at which it was seen. */
export type Refusal = Readonly<{ refused: Reason; at: number }>

export function refuse(reason: Reason, at = 0): Refusal {
  return { refused: reason, at }
}

/** Whether a checked value is a refusal instead. */
export function refused<T>(value: T | Refusal): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value
}
