/** XEP-0199: ping (§4); of one's own place in a room it is XEP-0410. The answer is an empty result, or an error. */
import type { ElementRule } from '../bundle/bundle.ts'
import { elementRule, empty } from './element.ts'

const PING_NS = 'urn:xmpp:ping'

export const features = ['http://jabber.org/protocol/muc#self-ping-optimization', PING_NS]

export const ping: ElementRule = elementRule(PING_NS, 'ping', [], empty)
