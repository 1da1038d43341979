/** XEP-0203: when a delayed stanza was sent (§2), without the reason in words. */
import type { ElementRule } from '../bundle/bundle.ts'
import { type AddressLimits, bareAddress, elementRule, empty, optional, required } from './element.ts'

const DELAY_NS = 'urn:xmpp:delay'

export const features = [DELAY_NS]

/** `from` is who delayed it: a server or a room of the sending side. What only accompanies a message crosses with a label or not at all. */
export function delay(limits: AddressLimits): ElementRule {
  return elementRule(
    DELAY_NS,
    'delay',
    [optional('from', bareAddress('from', limits)), required('stamp', { type: 'date' })],
    empty,
    'always',
  )
}
