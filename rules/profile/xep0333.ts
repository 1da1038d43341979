/** XEP-0333: chat markers (§5), that a message has come or has been read. */
import type { ElementRule, Labelling, ValueRule } from '../bundle/bundle.ts'
import { elementRule, empty, required } from './element.ts'

const MARKERS_NS = 'urn:xmpp:chat-markers:0'

export const features = [MARKERS_NS]

/**
 * The mark of a message that may be marked, or a marker for the message with that `id`. The mark goes with a message, and
 * crosses with its label or not at all.
 */
export function markers(id: ValueRule, labelling: Labelling): ElementRule[] {
  return [
    elementRule(MARKERS_NS, 'markable', [], empty, 'always'),
    ...['received', 'displayed', 'acknowledged'].map((name) =>
      elementRule(MARKERS_NS, name, [required('id', id)], empty, labelling),
    ),
  ]
}
