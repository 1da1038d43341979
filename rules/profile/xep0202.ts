/** XEP-0202: the time at an entity (§3): an instant in the one spelling of dates (XEP-0082), and an offset that some place has. */
import type { ElementRule } from '../bundle/bundle.ts'
import { children, elementRule, empty, exactlyOne, oneOf, value } from './element.ts'

const TIME_NS = 'urn:xmpp:time'

export const features = [TIME_NS]

const WEST = ['-12', '-11', '-10', '-09', '-08', '-07', '-06', '-05', '-04', '-03', '-02', '-01']
const EAST = [
  '+00',
  '+01',
  '+02',
  '+03',
  '+04',
  '+05',
  '+06',
  '+07',
  '+08',
  '+09',
  '+10',
  '+11',
  '+12',
  '+13',
  '+14',
]
const BROKEN = [
  '-09:30',
  '-03:30',
  '-02:30',
  '+03:30',
  '+04:30',
  '+05:30',
  '+05:45',
  '+06:30',
  '+08:45',
  '+09:30',
  '+10:30',
  '+12:45',
  '+13:45',
]
const OFFSETS = [...[...WEST, ...EAST].map((hours) => `${hours}:00`), ...BROKEN].sort()

export const timeRequest: ElementRule = elementRule(TIME_NS, 'time', [], empty)

export const timeAnswer: ElementRule = elementRule(
  TIME_NS,
  'time',
  [],
  children(
    exactlyOne(elementRule(TIME_NS, 'tzo', [], value(oneOf(...OFFSETS)))),
    exactlyOne(elementRule(TIME_NS, 'utc', [], value({ type: 'date' }))),
  ),
)
