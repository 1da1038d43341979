/**
 * The five kinds of security category, and their names in each format.
 *
 * | kind | ACP-145(A) type 2.16.840.1.101.2.1.8.3.x | STANAG 4774 Type | SPIF tagType |
 * |---|---|---|---|
 * | restrictive | 0 | RESTRICTIVE | restrictive |
 * | enumerated-permissive | 1 | PERMISSIVE | enumerated, enumType permissive |
 * | permissive | 2 | PERMISSIVE | permissive |
 * | informative | 3 | INFORMATIVE | tagType7 |
 * | enumerated-restrictive | 4 | RESTRICTIVE | enumerated, enumType restrictive |
 */

export type CategoryKind =
  | 'restrictive'
  | 'enumerated-permissive'
  | 'permissive'
  | 'informative'
  | 'enumerated-restrictive'

/** In the order of the ACP-145(A) arcs .0 to .4. */
export const KINDS: readonly CategoryKind[] = [
  'restrictive',
  'enumerated-permissive',
  'permissive',
  'informative',
  'enumerated-restrictive',
]

/** The Type attribute of a STANAG 4774 Category. */
export type CategoryType = 'RESTRICTIVE' | 'PERMISSIVE' | 'INFORMATIVE'

export function categoryType(kind: CategoryKind): CategoryType {
  if (kind === 'informative') return 'INFORMATIVE'
  return kind === 'restrictive' || kind === 'enumerated-restrictive' ? 'RESTRICTIVE' : 'PERMISSIVE'
}

/** Whether the values are a SET OF INTEGER rather than bits. An informative tag's encoding is its own. */
export function isEnumerated(kind: CategoryKind): boolean {
  return kind === 'enumerated-permissive' || kind === 'enumerated-restrictive'
}

/** Order of canonical decimal numbers of any size by value. */
export function compareNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}
