/**
 * Labels that have been decoded before, found again by their octets.
 *
 * Equal octets are equal labels, and a date in a hole of a template says nothing of whose label it is. So the row that was
 * found once for a label is the row of all that differ from it in dates only. What is kept are rows' templates, never
 * anything of a stanza: there can be no more than there are rows.
 */
import type { InputTemplate } from '../bundle/bundle.ts'
import { parseDate } from '../text/date.ts'

/** What is known of a label; dates are there when the template has holes for them. */
export type KnownLabel<T> = Readonly<{ row: T; creation: string | undefined; review: string | undefined }>

export type KnownLabels<T> = Readonly<{
  /** The row of a label element in canonical octets; undefined when it is to be decoded, not because it is a bad one. */
  find(octets: string): KnownLabel<T> | undefined
  /** Keeps that the label which is written like this is this row's. */
  learn(template: InputTemplate, row: T): void
}>

/** Templates with two dates at the same distances from their ends, by what they are without the dates. */
type Dated<T> = Readonly<{ before: number; behind: number; reviewFirst: boolean; rows: Map<string, T> }>

/** Characters of a canonical date. */
const DATE = 20

export function createKnownLabels<T>(): KnownLabels<T> {
  const undated = new Map<string, T>()
  const dated: Dated<T>[] = []

  function findDated(
    octets: string,
    { before, behind, reviewFirst, rows }: Dated<T>,
  ): KnownLabel<T> | undefined {
    const end = octets.length - behind
    if (before + DATE > end - DATE) return undefined
    const middle = octets.slice(before + DATE, end - DATE)
    const row = rows.get(octets.slice(0, before) + middle + octets.slice(end))
    if (row === undefined) return undefined
    const first = octets.slice(before, before + DATE)
    const second = octets.slice(end - DATE, end)
    if (parseDate(first) === undefined || parseDate(second) === undefined) return undefined
    const [review, creation] = reviewFirst ? [first, second] : [second, first]
    return { row, creation, review }
  }

  return {
    find(octets) {
      const row = undated.get(octets)
      if (row !== undefined) return { row, creation: undefined, review: undefined }
      for (const group of dated) {
        const found = findDated(octets, group)
        if (found !== undefined) return found
      }
      return undefined
    },
    learn(template, row) {
      const [start, one, middle, other, end] = template
      if (template.length === 1 && typeof start === 'string') undated.set(start, row)
      if (template.length !== 5 || typeof one !== 'object' || typeof other !== 'object') return
      if (typeof start !== 'string' || typeof middle !== 'string' || typeof end !== 'string') return
      if (one.hole === other.hole) return
      const shape = { before: start.length, behind: end.length, reviewFirst: one.hole === 'review' }
      const known = dated.find(
        ({ before, behind, reviewFirst }) =>
          before === shape.before && behind === shape.behind && reviewFirst === shape.reviewFirst,
      )
      const group = known ?? { ...shape, rows: new Map<string, T>() }
      if (known === undefined) dated.push(group)
      group.rows.set(start + middle + end, row)
    },
  }
}
