/**
 * Language tags in the case of BCP 47 (RFC 5646 §2.1.1), reduced to language, script and region, and to those that are
 * listed.
 */

/**
 * The tag in canonical case. What follows language, script and region (variants, extensions, private use) is left out: it
 * is a place for free text. Undefined when not even a language of two or three letters is there.
 */
export function normaliseLanguage(tag: string): string | undefined {
  const [language, ...rest] = tag.split('-', 4)
  if (language === undefined || !/^[A-Za-z]{2,3}$/.test(language)) return undefined
  let out = language.toLowerCase()
  let next = 0
  const script = rest[next]
  if (script !== undefined && /^[A-Za-z]{4}$/.test(script)) {
    out += `-${script[0]!.toUpperCase()}${script.slice(1).toLowerCase()}`
    next++
  }
  const region = rest[next]
  if (region !== undefined && /^(?:[A-Za-z]{2}|[0-9]{3})$/.test(region)) out += `-${region.toUpperCase()}`
  return out
}

/** The longest listed tag that the tag begins with, subtag by subtag (RFC 4647 §3.4); undefined when none is. */
export function listedLanguage(tag: string, listed: readonly string[]): string | undefined {
  const subtags = normaliseLanguage(tag)?.split('-') ?? []
  for (; subtags.length > 0; subtags.pop()) {
    const found = subtags.join('-')
    if (listed.includes(found)) return found
  }
  return undefined
}
