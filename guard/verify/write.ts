/**
 * Writes a stanza anew from what was recognised: tags from the bundle, values from their code points, the label from the
 * row's output template. No octet of the input is copied.
 */
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

/** Canonical XML 1.1 §2.3, text nodes; a CR never gets here. */
export function escapeText(text: string): string {
  return escapeWith(text, '>', '&gt;')
}

/** Canonical XML 1.1 §2.3, attribute nodes; TAB, LF and CR never get here. */
export function escapeAttribute(text: string): string {
  return escapeWith(text, '"', '&quot;')
}

function escapeWith(text: string, other: string, reference: string): string {
  if (!text.includes('&') && !text.includes('<') && !text.includes(other)) return text
  let out = ''
  for (const character of text) {
    if (character === '&') out += '&amp;'
    else if (character === '<') out += '&lt;'
    else if (character === other) out += reference
    else out += character
  }
  return out
}
