/** XEP-0184: message delivery receipts (§5). */
import type { ElementRule, Labelling, ValueRule } from '../bundle/bundle.ts'
import { elementRule, empty, required } from './element.ts'

const RECEIPTS_NS = 'urn:xmpp:receipts'

export const features = [RECEIPTS_NS]

/**
 * A request, or the receipt for the message with that `id`. A request goes with a message, and crosses with its label or
 * not at all.
 */
export function receipts(id: ValueRule, labelling: Labelling): ElementRule[] {
  return [
    elementRule(RECEIPTS_NS, 'request', [], empty, 'always'),
    elementRule(RECEIPTS_NS, 'received', [required('id', id)], empty, labelling),
  ]
}
