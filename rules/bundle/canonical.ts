/**
 * Canonical JSON, the form of a bundle on disk: keys in code-unit order, no white space, one LF at the end.
 *
 * Only what a bundle needs exists here: null, booleans, safe integers, strings of whole characters, arrays and plain
 * objects. Anything else is a mistake of the program that made it, so it throws.
 */

/** Writes the canonical text of a value. */
export function canonicalJson(value: unknown): string {
  const parts: string[] = []
  write(value, parts)
  parts.push('\n')
  return parts.join('')
}

function write(value: unknown, parts: string[]): void {
  if (value === null || typeof value === 'boolean') {
    parts.push(String(value))
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0))
      throw new TypeError(`not a safe integer: ${value}`)
    parts.push(String(value))
  } else if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('a string with half a surrogate pair')
    parts.push(JSON.stringify(value))
  } else if (Array.isArray(value)) {
    let before = '['
    for (const item of value) {
      parts.push(before)
      write(item, parts)
      before = ','
    }
    parts.push(value.length === 0 ? '[]' : ']')
  } else if (typeof value === 'object') {
    const keys = Object.keys(value).sort()
    let before = '{'
    for (const key of keys) {
      parts.push(before, JSON.stringify(key), ':')
      write((value as Record<string, unknown>)[key], parts)
      before = ','
    }
    parts.push(keys.length === 0 ? '{}' : '}')
  } else {
    throw new TypeError(`no JSON for ${typeof value}`)
  }
}
