/** XEP-0308: that a message corrects an earlier one of the same sender (§3). */
import type { ElementRule, ValueRule } from '../bundle/bundle.ts'
import { elementRule, empty, required } from './element.ts'

const CORRECTION_NS = 'urn:xmpp:message-correct:0'

export const features = [CORRECTION_NS]

/** The `id` is that of the message which is corrected. What only accompanies a message crosses with a label or not at all. */
export function correction(id: ValueRule): ElementRule {
  return elementRule(CORRECTION_NS, 'replace', [required('id', id)], empty, 'always')
}
