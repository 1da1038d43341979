/**
 * Escaping of the canonical form (doc/formats.md §1). What is escaped has no CR, and in an attribute no TAB and no LF.
 */

/** Canonical XML 1.1 §2.3, text nodes. */
export function escapeText(text: string): string {
  return escapeWith(text, '>', '&gt;')
}

/** Canonical XML 1.1 §2.3, attribute nodes. */
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
