/** XEP-0030: discovery of what an entity supports (§3) and of the entities behind it (§4), without nodes and names. */
import type { ElementRule } from '../bundle/bundle.ts'
import { children, elementRule, empty, oneOf, required, setOf } from './element.ts'

const INFO_NS = 'http://jabber.org/protocol/disco#info'
const ITEMS_NS = 'http://jabber.org/protocol/disco#items'

export const features = [INFO_NS, ITEMS_NS]

/** Of the registry of service discovery identities: accounts, clients, rooms and servers. */
const CATEGORIES = ['account', 'client', 'conference', 'server']
const TYPES = ['bot', 'console', 'handheld', 'im', 'pc', 'phone', 'registered', 'text', 'web']

const MAX_IDENTITIES = 8
const MAX_ITEMS = 256

export const infoRequest: ElementRule = elementRule(INFO_NS, 'query', [], empty)

export const itemsRequest: ElementRule = elementRule(ITEMS_NS, 'query', [], empty)

/** Identities, then features from `known`; each a set. */
export function infoAnswer(known: readonly string[]): ElementRule {
  const identity = elementRule(
    INFO_NS,
    'identity',
    [required('category', oneOf(...CATEGORIES)), required('type', oneOf(...TYPES))],
    empty,
  )
  const feature = elementRule(INFO_NS, 'feature', [required('var', oneOf(...known))], empty)
  return elementRule(
    INFO_NS,
    'query',
    [],
    children(setOf(MAX_IDENTITIES, identity), setOf(known.length, feature)),
  )
}

/** Addresses of the answering side. */
export const itemsAnswer: ElementRule = elementRule(
  ITEMS_NS,
  'query',
  [],
  children(
    setOf(
      MAX_ITEMS,
      elementRule(ITEMS_NS, 'item', [required('jid', { type: 'address', side: 'from' })], empty),
    ),
  ),
)
