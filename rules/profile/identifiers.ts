/**
 * What stands where a stanza has its identifier, or names that of another (doc/formats.md §2).
 *
 * Numbered, an identifier is the number of a frame, which the guard knows: nobody chooses it. Foreign producers choose
 * their own, of a closed character set and length.
 */
import type { ValueRule } from '../bundle/bundle.ts'

/** Who says what identifiers are. */
export type IdentifierKind = 'numbered' | 'foreign'

export type IdentifierRules = Readonly<{
  /** Of a stanza that begins something; and of one that a room may give back. */
  own: ValueRule
  ownOrEcho: ValueRule
  /** Of what is answered: a request, a message that came, one that was refused. */
  answer: ValueRule
  /** Of an earlier message of the same sender, or of one that a room gives back. */
  earlier: ValueRule
  /** Every stanza has one: whether it does must not be a choice. */
  always: boolean
}>

/** `max` is the greatest length of what foreign producers choose. */
export function identifierRules(kind: IdentifierKind, max: number): IdentifierRules {
  if (kind === 'numbered') {
    return {
      own: { type: 'own-number', echo: false },
      ownOrEcho: { type: 'own-number', echo: true },
      answer: { type: 'answer-number' },
      earlier: { type: 'earlier-number', echo: true },
      always: true,
    }
  }
  const chosen: ValueRule = { type: 'identifier', max }
  return { own: chosen, ownOrEcho: chosen, answer: chosen, earlier: chosen, always: false }
}
