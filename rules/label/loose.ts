/**
 * Labels as clients and servers of the field write them, for the sending edge.
 *
 * What is forgiven is spelling only: a display marking (never believed), white space in base64 and runs of it in names,
 * any prefixes, absent URIs, dates with zone or fraction, order, the legacy root. ESS must be strict DER even here. What
 * is not forgiven is meaning: only the originator's label decides (ADatP-4774 App. 1 §2.2), and the finder gives a row
 * only when policy, class, categories and mark are the row's, letter for letter, and every identifier that the label does
 * carry is the row's too. An OriginatorID must be the sender.
 *
 * Another label beside the first (an equivalentlabel of XEP-0258, an alternative label in a binding) is one of two things:
 * both together are the pair of a row, and stay; or each is the first itself or one that the policies derive of it
 * (`edge.equivalents` of the bundle), and goes. Pairs are looked for first.
 */
import type { Bundle, InputTemplate, LabelForm, LabelRow, PairForm, RowForm } from '../bundle/bundle.ts'
import { type Refusal, refuse, refused } from '../reasons.ts'
import { parseDate } from '../text/date.ts'
import { SERVER_NS, type XmlElement } from '../xml/node.ts'
import { hasForeignAttribute, parseText } from '../xml/parse.ts'
import { serialiseInside } from '../xml/write.ts'
import { collapseBlanks } from './blanks.ts'
import { decodeEss } from './ess.ts'
import { fold } from './fold.ts'
import { createKnownLabels } from './known.ts'
import { isPair, pairForm } from './pair.ts'
import type { LabelProblem } from './reading.ts'
import { type Information4774, LABEL_NS, type Label4774, type LabelRole, read4774 } from './stanag4774.ts'
import { readBindingData } from './stanag4778.ts'
import { fill } from './template.ts'
import { essValue, informationOfValue, isComplete } from './wire.ts'
import { ESS_NS, type Payload, type PayloadReader, readEssOctets, readSecurityLabel } from './xep0258.ts'

/**
 * The row that a label or a pair belongs to, its own dates in canonical form, and how many equivalents went with it that are
 * no part of the row.
 */
export type FoundLabel = Readonly<{
  row: LabelRow
  creation?: string
  review?: string
  equivalents: number
}>

/**
 * Makes a function that finds the row of a label element. `sender` is the bare address that an OriginatorID must name.
 * `label-malformed` when it cannot be read, `label-unlisted` when it is no row's (or could be two rows'), or says that it
 * is equivalent to a label that is not in its row's list of `derived` ones (without list, none is), or when a pair has two
 * creation or review dates.
 */
export function createLabelFinder(
  rows: readonly LabelRow[],
  derived: Bundle['edge']['equivalents'] = [],
): (node: XmlElement, sender: string) => FoundLabel | Refusal {
  const known = new Map<string, KnownRow[]>()
  for (const [index, row] of rows.entries()) {
    const { label, equivalents } = templateLabel(row.input.template)
    const labels = isPair(row.input.form) ? [label, ...equivalents] : [label]
    const own = [label, ...(derived[index] ?? []).map(valueLabel)]
    const key = keyOf(row.input.form, labels)
    known.set(key, [...(known.get(key) ?? []), { row, labels, equivalents: own }])
  }
  function rowsOf(form: RowForm, labels: readonly Named[]): readonly KnownRow[] {
    const candidates = known.get(keyOf(form, labels)) ?? []
    return candidates.filter((row) => labels.every((one, i) => agrees(one, row.labels[i]!)))
  }
  function read(node: XmlElement, sender: string): FoundLabel | Refusal {
    const loose = readLoose(node)
    if (loose === undefined || ![loose.label, ...loose.equivalents].every((one) => isSender(one, sender))) {
      return refuse('label-malformed')
    }
    const { form, pair, label, equivalents } = loose
    const { creation, review } = label
    const dates = {
      ...(creation === undefined ? {} : { creation }),
      ...(review === undefined ? {} : { review }),
    }
    const pairs = pair === undefined ? [] : rowsOf(pair, [label, ...equivalents])
    if (pairs.length > 0) {
      const sameDates = equivalents.every((one) => one.creation === creation && one.review === review)
      if (pairs.length > 1 || !sameDates) return refuse('label-unlisted')
      return { row: pairs[0]!.row, ...dates, equivalents: 0 }
    }
    const fitting = rowsOf(form, [label])
    const found = fitting.length === 1 ? fitting[0]! : undefined
    if (found === undefined) return refuse('label-unlisted')
    const isDerived = (one: Named) => found.equivalents.some((own) => own.key === one.key && agrees(one, own))
    if (!equivalents.every(isDerived)) return refuse('label-unlisted')
    return { row: found.row, ...dates, equivalents: equivalents.length }
  }

  const written = createKnownLabels<LabelRow>()
  /** Rows of labels that hold nothing of one stanza only: no dates, no originator, and no equivalent with such. */
  const spellings = new Map<string, LabelRow>()
  return (node, sender) => {
    if (hasForeignAttribute(node)) return read(node, sender)
    const octets = serialiseInside(node, SERVER_NS)
    const row = spellings.get(octets)
    if (row !== undefined) return { row, equivalents: 0 }
    const known = written.find(octets)
    if (known?.creation !== undefined && known.review !== undefined) {
      return { row: known.row, creation: known.creation, review: known.review, equivalents: 0 }
    }
    const found = read(node, sender)
    if (refused(found) || found.equivalents > 0) return found
    const { template } = found.row.input
    if (template.length === 1) {
      if (spellings.size === MAX_SPELLINGS) spellings.clear()
      if (octets.length <= MAX_SPELLING) spellings.set(octets, found.row)
    } else if (fill(template, found) === octets) written.learn(template, found.row)
    return found
  }
}

/** Spellings of labels that are kept, and characters of each. */
const MAX_SPELLINGS = 1024
const MAX_SPELLING = 2048

/** What names the label (`key`), and the identifiers that it may leave out: of the policy and of tag sets by name. */
type Named = Readonly<{
  key: string
  identifiers: ReadonlyMap<string, string>
  originator?: Label4774['originatorId']
  creation?: string
  review?: string
}>

/** `labels` are the row's own, one or a pair; `equivalents` those that may stand beside one. */
type KnownRow = Readonly<{ row: LabelRow; labels: readonly Named[]; equivalents: readonly Named[] }>

function keyOf(form: RowForm, labels: readonly Named[]): string {
  return JSON.stringify([form, ...labels.map(({ key }) => key)])
}

function isSender(label: Named, sender: string): boolean {
  const id = label.originator
  return id === undefined || (id.type === 'jID' && id.value === sender)
}

function agrees(loose: Named, row: Named): boolean {
  for (const [name, identifier] of loose.identifiers)
    if (row.identifiers.get(name) !== identifier) return false
  return true
}

/** `pair` is what two of one format together are: no row has it for one, for three, or for two formats. */
type Loose = Readonly<{
  form: LabelForm
  pair: PairForm | undefined
  label: Named
  equivalents: readonly Named[]
}>

function readLoose(node: XmlElement): Loose | undefined {
  if (node.name === 'BindingData') return readBinding(node)
  const read = readSecurityLabel(node, STRICT_PAYLOADS)
  if ('problem' in read || read.label === undefined) return undefined
  const label = named(read.label, FIRST)
  const equivalents = read.equivalents.map((equivalent) => named(equivalent, EQUIVALENT))
  if (label === undefined || !equivalents.every((e) => e !== undefined)) return undefined
  const form = read.label.format === 'ess' ? 'ess-0258' : '4774-0258'
  const second = read.equivalents[0]
  const alternative = second?.format === '4774' && second.label.role === 'alternative'
  const pair = pairForm(form, alternative ? 'alternative' : 'equivalentlabel')
  return { form, pair, label, equivalents }
}

/** In a binding the order of the labels says nothing: their roots tell which is which. */
function readBinding(node: XmlElement): Loose | undefined {
  const metadata = readBindingData(node)
  if ('problem' in metadata) return undefined
  const isAlternative = ({ name }: XmlElement) => Number(name === 'alternativeConfidentialityLabel')
  const [first, ...others] = metadata.toSorted((a, b) => isAlternative(a) - isAlternative(b))
  const label = namedStrictly(first!, FIRST)
  const equivalents = others.map((one) => namedStrictly(one, ['alternative']))
  if (label === undefined || !equivalents.every((e) => e !== undefined)) return undefined
  return { form: '4774-4778', pair: '4774-4778+alternative', label, equivalents }
}

function namedStrictly(node: XmlElement, roles: readonly LabelRole[]): Named | undefined {
  const payload = strict4774(node)
  return 'problem' in payload ? undefined : named(payload, roles)
}

const STRICT_PAYLOADS: ReadonlyMap<string, PayloadReader> = new Map([
  [ESS_NS, strictEss],
  [LABEL_NS, strict4774],
])

function strictEss(node: XmlElement): Payload | LabelProblem {
  const octets = readEssOctets(node)
  if ('problem' in octets) return octets
  const label = decodeEss(octets, 'der')
  if ('problem' in label || !isComplete(label)) return { problem: 'not a complete label in DER' }
  return { format: 'ess', label }
}

function strict4774(node: XmlElement): Payload | LabelProblem {
  const read = read4774(node, 'strict')
  return 'problem' in read ? read : { format: '4774', label: read.label, findings: [] }
}

/** The roots of the first label, and those of one that stands for it under another policy. */
const FIRST: readonly LabelRole[] = ['originator', 'legacy']
const EQUIVALENT: readonly LabelRole[] = [...FIRST, 'alternative']

function named(payload: Payload, roles: readonly LabelRole[]): Named | undefined {
  if (payload.format === 'other') return undefined
  if (payload.format === 'ess') return { key: essValue(payload.label), identifiers: NO_IDENTIFIERS }
  const { role, information, originatorId, creation, review, succession } = payload.label
  if (!roles.includes(role) || succession !== undefined) return undefined
  const name = nameOf(information)
  if (name === undefined || !isWireDate(creation) || !isWireDate(review)) return undefined
  return {
    ...name,
    ...(originatorId === undefined ? {} : { originator: originatorId }),
    ...(creation === undefined ? {} : { creation }),
    ...(review === undefined ? {} : { review }),
  }
}

/** Whether the wire has a spelling for a date that is there: one of 1970 to 9999 (doc/formats.md §1). */
function isWireDate(date: string | undefined): boolean {
  return date === undefined || parseDate(date) !== undefined
}

/**
 * What names a STANAG 4774 label: names as they are written, but for runs of blanks (ADatP-4774: xs:token). None when
 * names that stand side by side differ in case only: whoever reads it next may take two for one.
 */
function nameOf(information: Information4774): Named | undefined {
  const { policyName, policy, classification, privacyMark, categories } = information
  const identifiers = new Map<string, string>()
  if (policy !== undefined) identifiers.set('policy', policy)
  const names: string[] = []
  for (const { type, tagName, tagSet, values, numbers } of categories) {
    if (numbers.length > 0) return undefined
    const set = collapseBlanks(tagName)
    const members = values.map(collapseBlanks).sort()
    if (!areApart(members)) return undefined
    if (tagSet !== undefined) identifiers.set(`tag set ${set}`, tagSet)
    names.push(JSON.stringify([set, type, members]))
  }
  if (!areApart(categories.map(({ tagName }) => collapseBlanks(tagName)))) return undefined
  const [policyIs, classIs] = [collapseBlanks(policyName), collapseBlanks(classification)]
  return { key: JSON.stringify(['4774', policyIs, classIs, privacyMark ?? null, names.sort()]), identifiers }
}

/** Whether names are different whatever their case. */
function areApart(names: readonly string[]): boolean {
  return new Set(names.map(fold)).size === names.length
}

const NO_IDENTIFIERS: ReadonlyMap<string, string> = new Map()

const SOME_DATE = { creation: '2000-01-01T00:00:00Z', review: '2000-01-01T00:00:00Z', now: 0 }
const TEMPLATE_LIMITS = { stanzaBytes: 1 << 20, depth: 16 }

/** The labels of a template. The bundle's templates are the compiler's, so one that is none is a fault. */
function templateLabel(template: InputTemplate): Loose {
  const loose = readTemplate(template)
  if (loose === undefined) throw new Error('a label template of the bundle that is no label')
  return loose
}

/** Whether a template is of a label that the finder can tell from others. */
export function isFindable(template: InputTemplate): boolean {
  return readTemplate(template) !== undefined
}

function readTemplate(template: InputTemplate): Loose | undefined {
  const octets = fill(template, SOME_DATE)
  const node = octets === undefined ? undefined : parseText(octets, TEMPLATE_LIMITS)
  return node === undefined || refused(node) ? undefined : readLoose(node)
}

/** The label of a wire value; the bundle's are the compiler's too. */
function valueLabel(value: string): Named {
  const information = informationOfValue(value)
  if (information === undefined) return { key: value, identifiers: NO_IDENTIFIERS }
  const name = nameOf(information)
  if (name === undefined) throw new Error('an equivalent label of the bundle that is no label')
  return name
}
