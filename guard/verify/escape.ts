/**
 * Escaping of the canonical form (doc/formats.md §1). What is escaped has no CR, and in an attribute no TAB and no LF.
 */

/** Canonical XML 1.1 §2.3, text nodes. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Canonical XML 1.1 §2.3, attribute nodes. */
export function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
