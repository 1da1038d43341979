/**
 * Why `verify` refuses: its own copy of the closed list of rules/reasons (`verify` imports nothing of ours; a test
 * compares the two), and the form of a refusal.
 */
export const REASONS = [
  'too-big',
  'not-utf8',
  'not-well-formed',
  'not-canonical',
  'too-deep',
  'unknown-stanza',
  'unknown-attribute',
  'missing-attribute',
  'bad-attribute',
  'unknown-element',
  'missing-element',
  'too-many',
  'out-of-order',
  'unexpected-text',
  'bad-text',
  'bad-from',
  'bad-to',
  'bad-pair',
  'no-content',
  'label-missing',
  'label-unexpected',
  'label-repeated',
  'label-malformed',
  'label-unlisted',
  'label-date',
] as const

export type Reason = (typeof REASONS)[number]

/** `at` is the octet of the stanza at which the reason was seen. */
export type Refusal = Readonly<{ reason: Reason; at: number }>

/**
 * Something is wrong with the bundle, the pipes or this program, never with a stanza. It ends the process.
 * The message says what and where, and holds nothing of any stanza.
 */
export class Fault extends Error {}
