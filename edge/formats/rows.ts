/**
 * The labels of a bundle's rows in the forms that peers speak: tables made at the start, so that while stanzas pass nothing
 * is bound to a policy any more, and nothing is written that no row has.
 *
 *   row's template → labels under their policies (and back to the same value) → the template in the other form
 */
import type {
  InputTemplate,
  LabelForm,
  LabelRow,
  OutputTemplate,
  PairForm,
  RowForm,
} from '../../rules/bundle/bundle.ts'
import { type BindingProblem, isProblem } from '../../rules/label/label.ts'
import { createLabelFinder, isFindable } from '../../rules/label/loose.ts'
import { formIn, singleForm } from '../../rules/label/pair.ts'
import {
  type BoundLabel,
  pairTemplate,
  releasePair,
  releaseTemplate,
  type WireTemplate,
  wireTemplate,
} from '../../rules/label/template.ts'
import { readWireLabel, type WireLabel } from '../../rules/label/wire.ts'
import { SEC_LABEL_NS } from '../../rules/label/xep0258.ts'
import { type Refusal, refused } from '../../rules/reasons.ts'
import { marking } from '../../rules/spif/marking.ts'
import { element, type XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { spelled } from '../cmbac/default-label.ts'
import type { LabelReader } from '../cmbac/labels.ts'

/** One label, or the two of a pair, in their order. */
export type RowLabels = readonly [BoundLabel, BoundLabel?]

const LIMITS = { stanzaBytes: 1 << 20, depth: 32 }

/** The element of canonical octets; undefined where it is none. */
export function parseLabel(octets: string): XmlElement | undefined {
  const node = parseText(octets, LIMITS)
  return refused(node) ? undefined : node
}

/** A released label as the wire has one that comes: without its marking, which says nothing. */
export function readReleased(label: XmlElement): WireLabel | Refusal {
  const children = label.children.filter(
    (node) => typeof node === 'string' || node.name !== 'displaymarking' || node.ns !== SEC_LABEL_NS,
  )
  return readWireLabel(element(label.ns, label.name, label.attributes, children))
}

/**
 * The labels of a template under the policies at hand, and the value that they have on the wire; undefined unless each of them is
 * a label of one, and they come to the same value when they are written again.
 */
export function labelsOf(
  template: InputTemplate | OutputTemplate,
  form: RowForm,
  read: LabelReader,
): Readonly<{ labels: RowLabels; value: string }> | undefined {
  const octets = spelled(template)
  const node = parseLabel(octets)
  const wire = node && readReleased(node)
  const labels = read(octets)
  if (wire === undefined || refused(wire) || wire.form !== form || 'problem' in labels) return undefined
  const [first, second] = labels
  if (first === undefined) return undefined
  const whole: RowLabels = second === undefined ? [first] : [first, second]
  // One of a pair by itself has another value too.
  const again = templateIn(whole, form)
  return isProblem(again) || again.value !== wire.value ? undefined : { labels: whole, value: wire.value }
}

/** What the labels are in that form, from a peer that speaks it. */
function templateIn([first, second]: RowLabels, form: RowForm): WireTemplate | BindingProblem {
  return second === undefined
    ? wireTemplate(first.label, first.spif, form as LabelForm)
    : pairTemplate(first, second, form as PairForm)
}

/** The same as it is delivered, with the marking of the first label. */
export function releaseIn([first, second]: RowLabels, form: RowForm): OutputTemplate | BindingProblem {
  const options = {
    marking: marking(first.label, first.spif),
    creation: { hole: 'creation' },
    review: { hole: 'review' },
  } as const
  return second === undefined
    ? releaseTemplate(first.label, first.spif, form as LabelForm, options)
    : releasePair(first, second, form as PairForm, options)
}

/** A row as a peer spells it. */
export type SpokenRow = Readonly<{ row: LabelRow; form: RowForm; value: string; template: InputTemplate }>

/**
 * The rows in `format`: those that are listed in it as they are, others written in it. Left out is a label that is listed in other
 * forms only, and released in one way from the one and in another way from the other.
 */
export function spokenRows(rows: readonly LabelRow[], format: LabelForm, read: LabelReader): SpokenRow[] {
  const spoken = rows.flatMap((row): SpokenRow[] => {
    const { form, value, template } = row.input
    const wanted = formIn(format, form)
    if (wanted === form) return [{ row, form, value, template }]
    const own = labelsOf(template, form, read)
    const other = own && templateIn(own.labels, wanted)
    if (other === undefined || isProblem(other) || !isFindable(other.template)) return []
    return [{ row, form: wanted, ...other }]
  })
  return [...alike(spoken).values()]
    .filter((group) => group.some(isListed) || group.every(({ row }) => isReleasedAlike(row, group[0]!.row)))
    .flat()
}

/** Those of one label, by form and value. */
function alike(spoken: readonly SpokenRow[]): Map<string, SpokenRow[]> {
  return Map.groupBy(spoken, ({ form, value }) => `${form} ${value}`)
}

function isListed({ row, form }: SpokenRow): boolean {
  return row.input.form === form
}

/** Whether two rows are released as one label, wherever its dates come from. */
function isReleasedAlike({ output: a }: LabelRow, { output: b }: LabelRow): boolean {
  const undated = (template: OutputTemplate) =>
    JSON.stringify(template.filter((part) => typeof part === 'string'))
  return a.form === b.form && undated(a.template) === undated(b.template)
}

/** The row that is meant by a label in the form of `spoken`, where no row is listed like that; dates where the label has them. */
export type SpokenFinder = (
  node: XmlElement,
  sender: string,
) => Readonly<{ row: LabelRow; creation?: string; review?: string }> | undefined

/** By the rules of the finder that looks for rows (rules/label/loose.ts), among all of them. */
export function createSpokenFinder(rows: readonly LabelRow[], spoken: readonly SpokenRow[]): SpokenFinder {
  const meant = new Map<LabelRow, LabelRow>()
  for (const group of alike(spoken).values()) {
    // Where there is a choice the dates stay.
    const dated = group.find(({ row: { input } }) => singleForm(input.form) !== 'ess-0258')
    const { row, form, value, template } = dated ?? group[0]!
    if (!group.some(isListed)) meant.set({ ...row, input: { ...row.input, form, value, template } }, row)
  }
  const find = createLabelFinder([...rows, ...meant.keys()])
  return (node, sender) => {
    const found = find(node, sender)
    const row = refused(found) || found.equivalents > 0 ? undefined : meant.get(found.row)
    return row === undefined ? undefined : { ...found, row }
  }
}
