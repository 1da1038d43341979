/** XEP-0249: an invitation to a room from one user to another (§3), without password. */
import type { ElementRule } from '../bundle/bundle.ts'
import { elementRule, empty, oneOf, optional, required } from './element.ts'

const CONFERENCE_NS = 'jabber:x:conference'

export const features = [CONFERENCE_NS]

/** Which room, and why in words: it obliges the message to carry a label. */
export function directInvitation(reasonMax: number, threadMax: number): ElementRule {
  return elementRule(
    CONFERENCE_NS,
    'x',
    [
      optional('continue', oneOf('true')),
      required('jid', { type: 'address', side: 'either' }),
      optional('reason', { type: 'text', max: reasonMax, lines: false }),
      optional('thread', { type: 'identifier', max: threadMax }),
    ],
    empty,
    'always',
  )
}
