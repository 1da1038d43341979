/**
 * Templates of label elements for the bundle: canonical octets with holes where dates stand (doc/formats.md §3).
 *
 * The compiler makes them from a bound label; at run time they are compared and filled, and nothing else.
 */
import type { InputTemplate, LabelForm, OutputTemplate, PairForm, RowForm } from '../bundle/bundle.ts'
import { refused } from '../reasons.ts'
import type { Spif } from '../spif/spif.ts'
import { encodeBase64 } from '../text/base64.ts'
import { formatDate } from '../text/date.ts'
import type { XmlElement } from '../xml/node.ts'
import { serialiseInside } from '../xml/write.ts'
import { essOf, informationOf } from './bind.ts'
import { encodeEss } from './ess.ts'
import { type BindingProblem, isProblem, type Label } from './label.ts'
import { isPair, secondRole, singleForm } from './pair.ts'
import { type LabelRole, write4774 } from './stanag4774.ts'
import { writeBindingData } from './stanag4778.ts'
import { readWireLabel, writeEssPayload, writeSecurityLabel } from './wire.ts'

/** What stands for a date while an element is written: no label text may hold these (they are private use). */
const CREATION = '\u{f0001}'
const REVIEW = '\u{f0002}'
/** Any date, to read a template back. */
const SOME_DATE = '2000-01-01T00:00:00Z'

const SERVER_NS = 'jabber:server'

/** An input template with the value that `readWireLabel` gives of it. */
export type WireTemplate = Readonly<{ template: InputTemplate; value: string }>

/** A label and its policy, to be written. */
export type BoundLabel = Readonly<{ label: Label; spif: Spif }>

/**
 * The element as which `label` is accepted in `form`: what a row's `input` needs. A problem when the form cannot hold
 * the label in its one spelling.
 */
export function wireTemplate(label: Label, spif: Spif, form: LabelForm): WireTemplate | BindingProblem {
  return inputTemplate([{ label, spif }], form)
}

/** The same of a pair, in this order. */
export function pairTemplate(
  first: BoundLabel,
  second: BoundLabel,
  form: PairForm,
): WireTemplate | BindingProblem {
  return inputTemplate([first, second], form)
}

function inputTemplate(labels: readonly BoundLabel[], form: RowForm): WireTemplate | BindingProblem {
  const node = labelElement(labels, form, CREATION, REVIEW)
  if (isProblem(node)) return node
  const read = readWireLabel(labelElement(labels, form, SOME_DATE, SOME_DATE) as XmlElement)
  if (refused(read)) {
    return { problem: 'unknown-syntax', detail: `the label has no canonical spelling as ${form}` }
  }
  const template = cut(node, form, { hole: 'creation' } as const, { hole: 'review' } as const)
  return isProblem(template) ? template : { template, value: read.value }
}

/** A hole of an output template. */
export type OutputHole = Exclude<OutputTemplate[number], string>

/** What goes with a label that is released: a display marking (XEP-0258 forms only), and whence its dates (4774 only). */
export type ReleaseOptions = Readonly<{
  marking?: Readonly<{ text: string; fgcolor: string; bgcolor: string }>
  creation: OutputHole
  review: OutputHole
}>

/** The element as which `label` is released in `form`. */
export function releaseTemplate(
  label: Label,
  spif: Spif,
  form: LabelForm,
  options: ReleaseOptions,
): OutputTemplate | BindingProblem {
  return outputTemplate([{ label, spif }], form, options)
}

/** The same of a pair, in this order; both labels get the same dates. */
export function releasePair(
  first: BoundLabel,
  second: BoundLabel,
  form: PairForm,
  options: ReleaseOptions,
): OutputTemplate | BindingProblem {
  return outputTemplate([first, second], form, options)
}

function outputTemplate(
  labels: readonly BoundLabel[],
  form: RowForm,
  { marking, creation, review }: ReleaseOptions,
): OutputTemplate | BindingProblem {
  const node = labelElement(labels, form, CREATION, REVIEW, marking)
  return isProblem(node) ? node : cut(node, form, creation, review)
}

/** Dates to put into holes, canonical; `now` in seconds since 1970. */
export type TemplateDates = Readonly<{ creation?: string; review?: string; now?: number }>

/** The element with its dates, or undefined when a hole has no date. */
export function fill(template: InputTemplate | OutputTemplate, dates: TemplateDates): string | undefined {
  let out = ''
  for (const part of template) {
    const text = typeof part === 'string' ? part : dateOf(part, dates)
    if (text === undefined) return undefined
    out += text
  }
  return out
}

function dateOf(hole: OutputHole, dates: TemplateDates): string | undefined {
  if (hole.hole === 'creation' || hole.hole === 'review') return dates[hole.hole]
  if (dates.now === undefined) return undefined
  return formatDate(hole.hole === 'now-plus' ? dates.now + hole.seconds : dates.now)
}

/** The label element around one label, or around two. */
function labelElement(
  labels: readonly BoundLabel[],
  form: RowForm,
  creation: string,
  review: string,
  marking?: ReleaseOptions['marking'],
): XmlElement | BindingProblem {
  const payloads: XmlElement[] = []
  for (const [index, bound] of labels.entries()) {
    const role = index > 0 && isPair(form) ? secondRole(form) : 'originator'
    const payload = payloadElement(bound, singleForm(form), role, creation, review)
    if (isProblem(payload)) return payload
    payloads.push(payload)
  }
  if (singleForm(form) === '4774-4778') return writeBindingData(payloads)
  return writeSecurityLabel(payloads[0]!, marking, payloads[1])
}

function payloadElement(
  { label, spif }: BoundLabel,
  form: LabelForm,
  role: LabelRole,
  creation: string,
  review: string,
): XmlElement | BindingProblem {
  if (form === 'ess-0258') {
    const ess = essOf(spif, label)
    return isProblem(ess) ? ess : writeEssPayload(encodeBase64(encodeEss(ess)))
  }
  const information = informationOf(spif, label)
  if (isProblem(information)) return information
  return write4774({ role, information, creation, review })
}

/** The canonical octets with `creation` and `review` in the places of their stand-ins: each once a label or (ESS) never. */
function cut<H>(node: XmlElement, form: RowForm, creation: H, review: H): (string | H)[] | BindingProblem {
  const parts: (string | H)[] = []
  const octets = serialiseInside(node, SERVER_NS)
  let start = 0
  for (let at = 0; at < octets.length; at++) {
    const standIn = octets.slice(at, at + 2)
    if (standIn !== CREATION && standIn !== REVIEW) continue
    parts.push(octets.slice(start, at), standIn === CREATION ? creation : review)
    start = at + 2
  }
  const dates = singleForm(form) === 'ess-0258' ? 0 : isPair(form) ? 4 : 2
  if (parts.length !== 2 * dates) {
    return { problem: 'unknown-syntax', detail: 'a name or marking holds private-use characters' }
  }
  return [...parts, octets.slice(start)]
}
