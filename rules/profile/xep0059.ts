/** XEP-0059: results in pages (§2), for the items of discovery. */
import type { ElementRule } from '../bundle/bundle.ts'
import { atMostOne, children, elementRule, optional, value, valueOrNothing } from './element.ts'

const PAGING_NS = 'http://jabber.org/protocol/rsm'

export const features = [PAGING_NS]

/** Longest name of a place in a list, in characters. */
const MAX_PLACE = 128
const MAX_COUNT = 1_000_000

const count = { type: 'integer', min: 0, max: MAX_COUNT } as const
const place = { type: 'identifier', max: MAX_PLACE } as const

/** Which page is wanted: behind or before a place, or from a number on. */
export const pageRequest: ElementRule = elementRule(
  PAGING_NS,
  'set',
  [],
  children(
    atMostOne(
      elementRule(PAGING_NS, 'after', [], value(place)),
      elementRule(PAGING_NS, 'before', [], valueOrNothing(place)),
      elementRule(PAGING_NS, 'index', [], value(count)),
    ),
    atMostOne(elementRule(PAGING_NS, 'max', [], value(count))),
  ),
)

/** What a page is of the whole. */
export const pageAnswer: ElementRule = elementRule(
  PAGING_NS,
  'set',
  [],
  children(
    atMostOne(elementRule(PAGING_NS, 'first', [optional('index', count)], value(place))),
    atMostOne(elementRule(PAGING_NS, 'last', [], value(place))),
    atMostOne(elementRule(PAGING_NS, 'count', [], value(count))),
  ),
)
