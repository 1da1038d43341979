/**
 * Which stream error a broken stream is closed with: what the reader found, in the words of RFC 6120 §4.9.3.
 */
import type { StreamFault } from '../../rules/xml/stream.ts'
import type { StreamCondition } from './text.ts'

export function conditionOf(fault: StreamFault): StreamCondition {
  switch (fault) {
    case 'restricted-xml':
      return fault
    case 'too-big':
    case 'too-deep':
      return 'policy-violation'
    case 'not-utf8':
      return 'unsupported-encoding'
    default:
      return 'not-well-formed'
  }
}
