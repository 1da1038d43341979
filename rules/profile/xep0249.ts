/** XEP-0249: an invitation to a room from one user to another (§3), without password. */
import type { ElementRule } from '../bundle/bundle.ts'
import type { TextLimits } from './catalogue.ts'
import { bareAddress, elementRule, empty, oneOf, optional, required } from './element.ts'

const CONFERENCE_NS = 'jabber:x:conference'

export const features = [CONFERENCE_NS]

/** Which room, and why in words: it obliges the message to carry a label. */
export function directInvitation(limits: TextLimits): ElementRule {
  return elementRule(
    CONFERENCE_NS,
    'x',
    [
      optional('continue', oneOf('true')),
      required('jid', bareAddress('either', limits)),
      optional('reason', { type: 'text', max: limits.subject, lines: false }),
      optional('thread', { type: 'identifier', max: limits.thread }),
    ],
    empty,
    'always',
  )
}
