/** XEP-0066: a link beside a message (§3), as clients send it for a file that they uploaded on their side (XEP-0363). */
import type { ElementRule } from '../bundle/bundle.ts'
import { atMostOne, children, elementRule, exactlyOne, value } from './element.ts'

const OOB_NS = 'jabber:x:oob'

export const features = [OOB_NS]

/** Longest address of a link, in code points. */
const MAX_URL = 2048

/** The address, and what it is in words; both oblige the message to carry a label. */
export function link(wordsMax: number): ElementRule {
  return elementRule(
    OOB_NS,
    'x',
    [],
    children(
      exactlyOne(
        elementRule(OOB_NS, 'url', [], value({ type: 'text', max: MAX_URL, lines: false }), 'always'),
      ),
      atMostOne(
        elementRule(OOB_NS, 'desc', [], value({ type: 'text', max: wordsMax, lines: false }), 'always'),
      ),
    ),
    'always',
  )
}
