/**
 * The label decision: equality with a row of the bundle, and the windows of its dates (doc/formats.md §3).
 *
 * The label, or the pair of labels, is decoded and its value looked up; then the element is compared with the row's
 * template, octet for octet. What has equalled a template once need not be decoded again. There is no dominance, no range and no policy
 * knowledge here.
 */

import type {
  Bundle,
  DateWindows,
  InputTemplate,
  LabelRow,
  OutputTemplate,
  RowForm,
} from '../bundle/bundle.ts'
import { createKnownLabels, type KnownLabel } from '../label/known.ts'
import { readWireLabel } from '../label/wire.ts'
import { type Reason, type Refusal, refused } from '../reasons.ts'
import { formatDate, LAST_SECOND, parseDate } from '../text/date.ts'
import type { XmlElement } from '../xml/node.ts'

/** The row of a label that passes, and what stands in its place behind the guard; or why it does not pass. */
export type LabelDecision = Readonly<{ row: number; spelling: string }> | Readonly<{ reason: Reason }>

/** The number of the row that a label equals, and its dates. */
type Matched = KnownLabel<number>

/**
 * Decides on a label element that is written as `octets` in its stanza. `read` gives the element, or why those octets are
 * none, and is not called for octets whose row is known.
 */
export type LabelDecider = (octets: string, read: () => XmlElement | Refusal, second: number) => LabelDecision

/** Compiles the rows. Throws when an output template repeats a date that the input template of its row has not. */
export function compileLabels({ rows, windows }: Bundle['labels']): LabelDecider {
  const index = indexRows(rows)
  const known = createKnownLabels<number>()

  /** Decodes a label that has the octets `found`, and looks for the row that it equals. */
  function match(label: XmlElement | Refusal, found: string): Matched | Readonly<{ reason: Reason }> {
    if (refused(label)) return { reason: label.refused }
    const read = readWireLabel(label)
    if (refused(read)) return { reason: 'label-malformed' }
    const candidates = index.get(read.form)?.get(read.value) ?? []
    if (candidates.length === 0) return { reason: 'label-unlisted' }

    const dates = { creation: read.creation, review: read.review }
    const row = candidates.find((candidate) => fillInput(rows[candidate]!.input.template, dates) === found)
    if (row === undefined) return { reason: 'label-unlisted' }
    known.learn(rows[row]!.input.template, row)
    return { row, ...dates }
  }

  return (octets, read, second) => {
    const dates = known.find(octets) ?? match(read(), octets)
    if ('reason' in dates) return dates
    if (!withinWindows(dates, windows, second)) return { reason: 'label-date' }
    const { row } = dates
    const spelling = fillOutput(rows[row]!.output.template, dates, second)
    return spelling === undefined ? { reason: 'label-date' } : { row, spelling }
  }
}

/** Numbers of rows by form and value. More than one have a value in common when they ask for different markings. */
function indexRows(rows: readonly LabelRow[]): Map<RowForm, Map<string, number[]>> {
  const index = new Map<RowForm, Map<string, number[]>>()
  for (const [number, { name, input, output }] of rows.entries()) {
    const holes = holesOf(input.template)
    for (const hole of holesOf(output.template)) {
      const repeated = hole === 'creation' || hole === 'review'
      if (repeated && !holes.has(hole))
        throw new Error(`row ${name}: its output repeats a date that its input has not`)
    }
    const values = index.get(input.form) ?? new Map<string, number[]>()
    index.set(input.form, values)
    values.set(input.value, [...(values.get(input.value) ?? []), number])
  }
  return index
}

function holesOf(template: InputTemplate | OutputTemplate): Set<string> {
  return new Set(template.flatMap((part) => (typeof part === 'string' ? [] : [part.hole])))
}

type Dates = Readonly<{ creation?: string | undefined; review?: string | undefined }>

function fillInput(template: InputTemplate, dates: Dates): string {
  let spelling = ''
  for (const part of template) spelling += typeof part === 'string' ? part : (dates[part.hole] ?? '')
  return spelling
}

/** Undefined when a date would lie beyond the year 9999. */
function fillOutput(template: OutputTemplate, dates: Dates, second: number): string | undefined {
  let spelling = ''
  for (const part of template) {
    if (typeof part === 'string') spelling += part
    else if (part.hole === 'creation' || part.hole === 'review') spelling += dates[part.hole]!
    else {
      const date = second + ('seconds' in part ? part.seconds : 0)
      if (date > LAST_SECOND) return undefined
      spelling += formatDate(date)
    }
  }
  return spelling
}

/** Whether dates are in the windows. A review date is measured from the creation date, or from `second` when there is none. */
export function withinWindows(dates: Dates, windows: DateWindows, second: number): boolean {
  let start = second
  if (dates.creation !== undefined) {
    const creation = parseDate(dates.creation)
    if (creation === undefined) return false
    if (creation < second - windows.creationPast || creation > second + windows.creationFuture) return false
    start = creation
  }
  if (dates.review === undefined) return true
  const review = parseDate(dates.review)
  return review !== undefined && start <= review && review <= start + windows.reviewAfterCreation
}
