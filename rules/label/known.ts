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

type Hole = Readonly<{ at: number; hole: 'creation' | 'review' }>

/** Templates with the same dates in the same places, by what they are without the dates. */
type Shape<T> = Readonly<{ holes: readonly Hole[]; rows: Map<string, T> }>

/** Characters of a canonical date. */
const DATE = 20

export function createKnownLabels<T>(): KnownLabels<T> {
  /** By length: a label of another length is another label. */
  const shapes = new Map<number, Shape<T>[]>()

  return {
    find(octets) {
      for (const { holes, rows } of shapes.get(octets.length) ?? []) {
        const row = rows.get(withoutDates(octets, holes))
        const dates = row === undefined ? undefined : datesOf(octets, holes)
        if (dates !== undefined) return { row: row!, ...dates }
      }
      return undefined
    },
    learn(template, row) {
      let length = 0
      let text = ''
      const holes: Hole[] = []
      for (const part of template) {
        if (typeof part === 'string') text += part
        else holes.push({ at: length, hole: part.hole })
        length += typeof part === 'string' ? part.length : DATE
      }
      const ofLength = shapes.get(length) ?? []
      shapes.set(length, ofLength)
      const isHere = ({ at, hole }: Hole, i: number) => holes[i]?.at === at && holes[i].hole === hole
      let shape = ofLength.find((one) => one.holes.length === holes.length && one.holes.every(isHere))
      if (shape === undefined) ofLength.push((shape = { holes, rows: new Map() }))
      shape.rows.set(text, row)
    },
  }
}

function withoutDates(octets: string, holes: readonly Hole[]): string {
  let text = ''
  let from = 0
  for (const { at } of holes) {
    text += octets.slice(from, at)
    from = at + DATE
  }
  return text + octets.slice(from)
}

/** The dates in those places; undefined when one is none, or is not what the same hole has elsewhere. */
function datesOf(octets: string, holes: readonly Hole[]): Omit<KnownLabel<unknown>, 'row'> | undefined {
  const dates: { creation: string | undefined; review: string | undefined } = {
    creation: undefined,
    review: undefined,
  }
  for (const { at, hole } of holes) {
    const date = octets.slice(at, at + DATE)
    if (parseDate(date) === undefined || (dates[hole] ?? date) !== date) return undefined
    dates[hole] = date
  }
  return dates
}
