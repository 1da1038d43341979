/**
 * The allow-list of labels (doc/formats.md §3) by octets alone: no ESS, STANAG 4774 or SPIF is known here.
 *
 * Dates have a fixed length, so an input template says where they stand and how long the label is. For each such layout
 * there is a map from the octets without their dates to the row. A label that is found equals its row's template, octet
 * for octet, and needs no other check. Two labels in one element are no more than a longer template, whose second dates
 * are the first ones again.
 */
import { DATE_LENGTH, formatDate, LAST_SECOND, parseDate } from './dates.ts'
import { type Reader, refuse } from './reader.ts'

export type InputPart = string | Readonly<{ hole: 'creation' | 'review' }>
export type OutputPart =
  | string
  | Readonly<{ hole: 'creation' }>
  | Readonly<{ hole: 'review' }>
  | Readonly<{ hole: 'now' }>
  | Readonly<{ hole: 'now-plus'; seconds: number }>

export type LabelRow = Readonly<{ input: readonly InputPart[]; output: readonly OutputPart[] }>

export type Windows = Readonly<{ creationPast: number; creationFuture: number; reviewAfterCreation: number }>

/** The two elements that are labels: how each begins and ends. */
export const LABEL_ELEMENTS = [
  { opening: '<securitylabel xmlns="urn:xmpp:sec-label:0"', endTag: '</securitylabel>' },
  { opening: '<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"', endTag: '</BindingData>' },
] as const

type Hole = Readonly<{ hole: 'creation' | 'review'; at: number }>

/** Where the dates stand, from first to last, and the rows whose templates have them there. */
type Layout = Readonly<{ holes: readonly Hole[]; rows: Map<string, number> }>

export type LabelTable = Readonly<{
  windows: Windows
  rows: readonly LabelRow[]
  /** By octets of the whole label. */
  layouts: ReadonlyMap<number, readonly Layout[]>
}>

/** A label that was found: its row, and the octets (as text) that are released in its place. */
export type LabelMatch = Readonly<{ type: 'label'; row: number; output: string }>

/** Arranges rows for looking up. Gives the index of a row instead whose input template an earlier row has. */
export function makeLabelTable(windows: Windows, rows: readonly LabelRow[]): LabelTable | number {
  const layouts = new Map<number, Layout[]>()
  for (const [index, row] of rows.entries()) {
    const holes: Hole[] = []
    let length = 0
    let key = ''
    for (const part of row.input) {
      if (typeof part === 'string') {
        const octets = Buffer.from(part).toString('latin1')
        length += octets.length
        key += octets
      } else {
        holes.push({ hole: part.hole, at: length })
        length += DATE_LENGTH
      }
    }
    const sameLength = layouts.get(length) ?? []
    layouts.set(length, sameLength)
    let layout = sameLength.find((one) => isSame(one.holes, holes))
    if (layout === undefined) sameLength.push((layout = { holes, rows: new Map() }))
    if (layout.rows.has(key)) return index
    layout.rows.set(key, index)
  }
  return { windows, rows, layouts }
}

function isSame(one: readonly Hole[], other: readonly Hole[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ hole, at }, i) => other[i]!.hole === hole && other[i]!.at === at)
  )
}

/** Whether a start tag, as far as readOpening reads it, is that of a label. */
export function isLabel(opening: string): boolean {
  return LABEL_ELEMENTS.some((element) => element.opening === opening)
}

/** Reads the label that begins at `start`, behind whose `opening` the reader stands; `second` is the frame's. */
export function readLabel(
  reader: Reader,
  start: number,
  opening: string,
  table: LabelTable,
  second: number,
): LabelMatch | undefined {
  const endTag = LABEL_ELEMENTS.find((element) => element.opening === opening)!.endTag
  // In canonical form `<` is always markup, so this is the end tag of the first label element that ends.
  const close = reader.latin1.indexOf(endTag, reader.at)
  if (close < 0) return refuse(reader, 'not-well-formed', start)
  const end = close + endTag.length
  for (const layout of table.layouts.get(end - start) ?? []) {
    const index = layout.rows.get(withoutDates(reader.latin1, start, end, layout))
    if (index === undefined) continue
    const creation = dateIn(reader.latin1, start, layout, 'creation')
    const review = dateIn(reader.latin1, start, layout, 'review')
    if (creation === -1 || review === -1) continue
    const output = fill(table.rows[index]!.output, creation, review, second)
    if (output === undefined || !inWindows(table.windows, creation, review, second)) {
      return refuse(reader, 'label-date', start)
    }
    reader.at = end
    return { type: 'label', row: index, output }
  }
  return refuse(reader, 'label-unlisted', start)
}

/** The octets of the label, those of its dates left out. */
function withoutDates(latin1: string, start: number, end: number, { holes }: Layout): string {
  let out = ''
  let from = start
  for (const { at } of holes) {
    out += latin1.slice(from, start + at)
    from = start + at + DATE_LENGTH
  }
  return out + latin1.slice(from, end)
}

/** The date of that name; undefined when there is none, -1 when it is no date or not the same wherever it stands. */
function dateIn(latin1: string, start: number, { holes }: Layout, name: Hole['hole']): number | undefined {
  let date: number | undefined
  for (const { hole, at } of holes) {
    if (hole !== name) continue
    const here = parseDate(latin1, start + at)
    if (date !== undefined && date !== here) return -1
    date = here
  }
  return date
}

function inWindows(
  windows: Windows,
  creation: number | undefined,
  review: number | undefined,
  second: number,
): boolean {
  const from = creation ?? second
  if (from < second - windows.creationPast || from > second + windows.creationFuture) return false
  return review === undefined || (review >= from && review <= from + windows.reviewAfterCreation)
}

/** The output template with its dates; undefined when one is beyond the last second that can be written. */
function fill(
  output: readonly OutputPart[],
  creation: number | undefined,
  review: number | undefined,
  second: number,
): string | undefined {
  let out = ''
  for (const part of output) {
    if (typeof part === 'string') {
      out += part
      continue
    }
    let date = second
    // The bundle has no output that repeats a date which its input has not.
    if (part.hole === 'creation') date = creation!
    else if (part.hole === 'review') date = review!
    else if (part.hole === 'now-plus') date += part.seconds
    if (date > LAST_SECOND) return undefined
    out += formatDate(date)
  }
  return out
}
