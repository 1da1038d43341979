/** The blanks of XML (XML 1.0 §2.3): U+0020, 09, 0D, 0A, and nothing else. */

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d
}

/** `value` without the XML blanks at its ends. */
export function trimBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

/** `value` with each run of XML blanks as one U+0020, and none at its ends (XML Schema §4.3.6, `collapse`). */
export function collapseBlanks(value: string): string {
  let out = ''
  let apart = false
  for (let i = 0; i < value.length; i++) {
    if (isBlank(value.charCodeAt(i))) {
      apart = out !== ''
      continue
    }
    out += apart ? ` ${value[i]}` : value[i]
    apart = false
  }
  return out
}
