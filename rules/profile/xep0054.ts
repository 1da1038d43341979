/** XEP-0054: a user's vCard, as far as it names them. Its words oblige the answer to carry a label. */
import type { ElementRule } from '../bundle/bundle.ts'
import { type AddressLimits, atMostOne, bareAddress, children, elementRule, empty, value } from './element.ts'

const VCARD_NS = 'vcard-temp'

export const features = [VCARD_NS]

/** Longest of each name, in code points. */
const MAX_NAME = 128

function words(name: string): ElementRule {
  return elementRule(VCARD_NS, name, [], value({ type: 'text', max: MAX_NAME, lines: false }), 'always')
}

/** §3.1 */
export const vCardRequest: ElementRule = elementRule(VCARD_NS, 'vCard', [], empty)

/** §3.3: names, organisation and the XMPP address; nothing with a picture, a number, a place or a date. */
export function vCardAnswer(limits: AddressLimits): ElementRule {
  return elementRule(
    VCARD_NS,
    'vCard',
    [],
    children(
      atMostOne(words('FN')),
      atMostOne(words('NICKNAME')),
      atMostOne(elementRule(VCARD_NS, 'JABBERID', [], value(bareAddress('from', limits)))),
      atMostOne(words('TITLE')),
      atMostOne(words('ROLE')),
      atMostOne(
        elementRule(VCARD_NS, 'ORG', [], children(atMostOne(words('ORGNAME')), atMostOne(words('ORGUNIT')))),
      ),
    ),
  )
}
