/**
 * Which stream error a broken stream is closed with: what the reader found, in the words of RFC 6120 §4.9.3.
 */
import type { Reason } from '../../rules/reasons.ts'
import type { StreamCondition } from './text.ts'

export function conditionOf(reason: Reason): StreamCondition {
  switch (reason) {
    case 'too-big':
    case 'too-deep':
      return 'policy-violation'
    case 'not-utf8':
      return 'unsupported-encoding'
    default:
      return 'not-well-formed'
  }
}
