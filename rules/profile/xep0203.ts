/** XEP-0203: when a delayed stanza was sent (§2), without the reason in words. */
import type { ElementRule, Labelling } from '../bundle/bundle.ts'
import { elementRule, empty, optional, required } from './element.ts'

const DELAY_NS = 'urn:xmpp:delay'

export const features = [DELAY_NS]

/** `from` is who delayed it: a server or a room of the sending side. */
export function delay(labelling: Labelling): ElementRule {
  return elementRule(
    DELAY_NS,
    'delay',
    [optional('from', { type: 'address', side: 'from' }), required('stamp', { type: 'date' })],
    empty,
    labelling,
  )
}
