/** XEP-0085: chat states (§5.1). */
import type { ElementRule, Labelling } from '../bundle/bundle.ts'
import { elementRule, empty } from './element.ts'

const CHAT_STATES_NS = 'http://jabber.org/protocol/chatstates'

export const features = [CHAT_STATES_NS]

export function chatStates(labelling: Labelling): ElementRule[] {
  return ['active', 'composing', 'gone', 'inactive', 'paused'].map((name) =>
    elementRule(CHAT_STATES_NS, name, [], empty, labelling),
  )
}
