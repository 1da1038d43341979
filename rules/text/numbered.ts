/**
 * Numbers of stanzas, and the identifiers that are made of them (doc/formats.md §2 and §5).
 *
 * An identifier is `o` and the number of a frame of its own direction, or `r` and that of one of the other direction:
 * `o0.17`, `r3.1`. It says nothing but which frame is meant.
 */

/** `generation` 0 to 65,535; `count` 0 to 2⁴⁸ − 1, and 0 for none. Compared by generation first. */
export type StanzaNumber = Readonly<{ generation: number; count: number }>

/** A frame that an identifier names: of its own direction (`own`), or of the other. */
export type Reference = Readonly<{ own: boolean; number: StanzaNumber }>

/** Generations and counts that there are. */
export const GENERATIONS = 2 ** 16
export const COUNTS = 2 ** 48

/** Letter, generation, full stop, count. */
const LONGEST = 1 + 5 + 1 + 15

/** Negative, zero or positive, as `a` is before, equal to or behind `b`. */
export function compareNumbers(a: StanzaNumber, b: StanzaNumber): number {
  return a.generation - b.generation || a.count - b.count
}

/** Generation, a full stop, count; such as `0.42`. */
export function formatNumber(number: StanzaNumber): string {
  return `${number.generation}.${number.count}`
}

/** Reads what `formatNumber` writes, nothing else. */
export function parseNumber(text: string): StanzaNumber | undefined {
  const dot = text.indexOf('.')
  const number = { generation: Number(text.slice(0, dot)), count: Number(text.slice(dot + 1)) }
  if (!Number.isInteger(number.generation) || number.generation < 0 || number.generation >= GENERATIONS)
    return undefined
  if (!Number.isInteger(number.count) || number.count < 0 || number.count >= COUNTS) return undefined
  return formatNumber(number) === text ? number : undefined
}

/** The identifier of a stanza by its number. */
export function formatReference({ own, number }: Reference): string {
  return (own ? 'o' : 'r') + formatNumber(number)
}

/** Reads what `formatReference` writes of a number that a stanza can have, nothing else. */
export function parseReference(text: string): Reference | undefined {
  const letter = text[0]
  if ((letter !== 'o' && letter !== 'r') || text.length > LONGEST) return undefined
  const number = parseNumber(text.slice(1))
  return number === undefined || number.count === 0 ? undefined : { own: letter === 'o', number }
}
