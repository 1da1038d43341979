/**
 * XEP-0030: discovery of what an entity supports (§3) and of the entities behind it (§4), without names; nodes from a closed
 * list, or those of entity capabilities.
 */
import type { AttributeRule, ElementRule, ValueRule } from '../bundle/bundle.ts'
import {
  type AddressLimits,
  atMostOne,
  bareAddress,
  children,
  elementRule,
  empty,
  oneOf,
  optional,
  required,
  setOf,
} from './element.ts'

const INFO_NS = 'http://jabber.org/protocol/disco#info'
const ITEMS_NS = 'http://jabber.org/protocol/disco#items'

export const features = [INFO_NS, ITEMS_NS]

/** Of the registry of service discovery identities: accounts, clients, rooms and servers. */
const CATEGORIES = ['account', 'client', 'conference', 'server']
const TYPES = ['bot', 'console', 'handheld', 'im', 'pc', 'phone', 'registered', 'text', 'web']

const MAX_IDENTITIES = 8

/** What of an entity may be asked for, when more than the entity itself (XEP-0045 §6.6, §6.7 and §17.1). */
export const ROOM_NODES: ValueRule = oneOf(
  'http://jabber.org/protocol/muc#rooms',
  'http://jabber.org/protocol/muc#traffic',
  'x-roomuser-item',
)

function nodeAttribute(node: ValueRule | undefined): AttributeRule[] {
  return node === undefined ? [] : [optional('node', node)]
}

/** `node`: which nodes may be asked for. */
export function infoRequest(node: ValueRule | undefined): ElementRule {
  return elementRule(INFO_NS, 'query', nodeAttribute(node), empty)
}

/** `page`: how a page may be asked for. */
export function itemsRequest(node: ValueRule | undefined, page: ElementRule | undefined): ElementRule {
  return elementRule(
    ITEMS_NS,
    'query',
    nodeAttribute(node),
    page === undefined ? empty : children(atMostOne(page)),
  )
}

/** Identities, then features from `known`, then a form; the first two are sets. */
export function infoAnswer(
  known: readonly string[],
  node: ValueRule | undefined,
  form: ElementRule | undefined,
): ElementRule {
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
    nodeAttribute(node),
    children(
      setOf(MAX_IDENTITIES, identity),
      setOf(known.length, feature),
      ...(form === undefined ? [] : [atMostOne(form)]),
    ),
  )
}

/** Bare addresses of the answering side (rooms, services, never occupants), and which page of them it is. */
export function itemsAnswer(
  limits: AddressLimits & Readonly<{ items: number }>,
  node: ValueRule | undefined,
  page: ElementRule | undefined,
): ElementRule {
  const item = elementRule(ITEMS_NS, 'item', [required('jid', bareAddress('from', limits))], empty)
  return elementRule(
    ITEMS_NS,
    'query',
    nodeAttribute(node),
    children(setOf(limits.items, item), ...(page === undefined ? [] : [atMostOne(page)])),
  )
}
