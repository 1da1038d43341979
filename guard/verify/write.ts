/**
 * Writes a stanza anew from what was recognised: tags from the bundle, values from their code points, the label from the
 * row's output template. No octet of the input is copied.
 */
import { escapeAttribute, escapeText } from './escape.ts'
import type { Recognised } from './profile.ts'

/** The canonical stanza to release. */
export function writeElement(element: Recognised): string {
  const { rule, values, children } = element
  let out = rule.opening
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]
    if (value !== undefined) out += rule.attributes[i]!.lead + escapeAttribute(value) + '"'
  }
  out += '>' + escapeText(element.text)
  for (const child of children) out += child.type === 'label' ? child.output : writeElement(child)
  return out + rule.endTag
}
