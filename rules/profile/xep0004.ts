/** XEP-0004: data forms (§3), only as a result inside discovery: closed lists of fields, each with at most one value of a closed list. */
import type { ElementRule } from '../bundle/bundle.ts'
import { atMostOne, children, elementRule, oneOf, optional, required, setOf, value } from './element.ts'

const DATA_NS = 'jabber:x:data'

/** §3.3, those whose value is one token. */
const FIELD_TYPES = ['boolean', 'hidden', 'jid-single', 'list-single', 'text-single']

/** A form of type `result` with fields of these names and values only; without title, instructions, labels and layout (XEP-0141). */
export function resultForm(names: readonly string[], values: readonly string[]): ElementRule {
  const field = elementRule(
    DATA_NS,
    'field',
    [optional('type', oneOf(...FIELD_TYPES)), required('var', oneOf(...names))],
    children(atMostOne(elementRule(DATA_NS, 'value', [], value(oneOf(...values))))),
  )
  return elementRule(DATA_NS, 'x', [required('type', oneOf('result'))], children(setOf(names.length, field)))
}
