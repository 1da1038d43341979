/** RFC 6121: what messages (§5.2) and presence (§4.7) hold. */
import type { ElementRule, Labelling } from '../bundle/bundle.ts'
import { SERVER_NS } from '../xml/node.ts'
import { elementRule, oneOf, value, valueOrNothing } from './element.ts'

/** §5.2.3: one, in the language of the stanza. */
export function body(max: number): ElementRule {
  return elementRule(SERVER_NS, 'body', [], value({ type: 'text', max, lines: true }), 'always')
}

/** §5.2.4: one line. */
export function subject(max: number): ElementRule {
  return elementRule(SERVER_NS, 'subject', [], value({ type: 'text', max, lines: false }), 'always')
}

/** The subject of a room, which is empty where none has been set (XEP-0045 §7.2.15). */
export function roomSubject(max: number, labelling: Labelling): ElementRule {
  return elementRule(SERVER_NS, 'subject', [], valueOrNothing({ type: 'text', max, lines: false }), labelling)
}

/** §5.2.5, without `parent`. What only accompanies a message crosses with a label or not at all. */
export function thread(max: number): ElementRule {
  return elementRule(SERVER_NS, 'thread', [], value({ type: 'identifier', max }), 'always')
}

/** §4.7.2.1 */
export const show: ElementRule = elementRule(SERVER_NS, 'show', [], value(oneOf('away', 'chat', 'dnd', 'xa')))

/** §4.7.2.2: one, in the language of the stanza; its words oblige the presence to carry a label. */
export function status(max: number): ElementRule {
  return elementRule(SERVER_NS, 'status', [], value({ type: 'text', max, lines: false }), 'always')
}

/** §4.7.2.3 */
export const priority: ElementRule = elementRule(
  SERVER_NS,
  'priority',
  [],
  value({ type: 'integer', min: -128, max: 127 }),
)
