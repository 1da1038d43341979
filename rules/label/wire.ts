/**
 * The label as it stands in a canonical stanza: read by `inspect` at run time and by the compiler.
 *
 * Exactly one spelling of each label is read; no policy is needed. Three forms, and pairs of them (pair.ts):
 *
 *   ess-0258    securitylabel / label / esssecuritylabel: base64 of `encodeEss` (strict DER, known category types,
 *               a policy and a classification present)
 *   4774-0258   securitylabel / label / originatorConfidentialityLabel
 *   4774-4778   BindingData … Metadata / originatorConfidentialityLabel, DataReference URI=""
 *
 * The 4774 label is what `write4774` writes of it: ReviewDateTime and CreationDateTime both present, URIs on
 * PolicyIdentifier and on every Category, no two Categories of one TagName or URI, Categories and values sorted, no
 * Id, no OriginatorID, no succession; dates as doc/formats.md §1 has them, of 1970 to 9999. No displaymarking, no white
 * space between elements. The two labels of a pair have the same dates.
 */
import type { LabelForm, RowForm } from '../bundle/bundle.ts'
import { type Refusal, refuse, refused } from '../reasons.ts'
import { decodeBase64 } from '../text/base64.ts'
import { parseDate } from '../text/date.ts'
import { element, type XmlElement, type XmlNode } from '../xml/node.ts'
import { decodeEss, type EssLabel } from './ess.ts'
import type { CategoryType } from './kind.ts'
import { pairForm } from './pair.ts'
import {
  type Information4774,
  LABEL_NS,
  type Label4774,
  type LabelRole,
  read4774,
  write4774,
} from './stanag4774.ts'
import { readBindingData, writeBindingData } from './stanag4778.ts'
import { ESS_NS, MAX_BASE64, SEC_LABEL_NS } from './xep0258.ts'

/**
 * A label of the wire, or a pair. `value` is equal for equal labels of one form, whatever their dates, and only for them;
 * that of a pair is of both in their order. The key of a row is form and value. Dates are there in the 4774 forms only.
 */
export type WireLabel = Readonly<{ form: RowForm; value: string; creation?: string; review?: string }>

/** Reads the label element of a canonical stanza; anything else in it, or otherwise spelt, is `label-malformed`. */
export function readWireLabel(node: XmlElement): WireLabel | Refusal {
  if (node.name === 'BindingData') return readBinding(node)
  if (!isPlain(node, SEC_LABEL_NS, 'securitylabel') || node.children.length > 2) return MALFORMED
  const [label, equivalent] = node.children
  const first = readHolder(label, 'label', FIRST)
  const second = equivalent === undefined ? undefined : readHolder(equivalent, 'equivalentlabel', SECOND)
  return together(first, second, '0258')
}

const MALFORMED = refuse('label-malformed')
/** The roots of the first label, and of another beside it. */
const FIRST: readonly LabelRole[] = ['originator']
const SECOND: readonly LabelRole[] = ['originator', 'alternative']

/** A label by itself, wherever it stands. */
type One = Readonly<{
  format: 'ess' | '4774'
  role?: LabelRole
  value: string
  creation?: string
  review?: string
}>

/** One label, or two of one format and with the same dates. */
function together(
  first: One | Refusal,
  second: One | Refusal | undefined,
  carrier: '0258' | '4778',
): WireLabel | Refusal {
  if (refused(first) || refused(second)) return MALFORMED
  const { format, role: _, ...label } = first
  const single = `${format}-${carrier}` as LabelForm
  if (second === undefined) return { form: single, ...label }
  const form = pairForm(single, second.role === 'alternative' ? 'alternative' : 'equivalentlabel')
  if (form === undefined) return MALFORMED
  // Labels of two formats differ here, since one has dates.
  if (second.creation !== label.creation || second.review !== label.review) return MALFORMED
  return { ...label, form, value: JSON.stringify([label.value, second.value]) }
}

function readHolder(node: XmlNode | undefined, name: string, roles: readonly LabelRole[]): One | Refusal {
  if (node === undefined || typeof node === 'string' || !isPlain(node, SEC_LABEL_NS, name)) return MALFORMED
  const payload = onlyChild(node)
  if (payload === undefined) return MALFORMED
  return payload.ns === LABEL_NS ? read4774Wire(payload, roles) : readEssWire(payload)
}

function isPlain(node: XmlElement, ns: string, name: string): boolean {
  return node.name === name && node.ns === ns && node.attributes.length === 0
}

/** The child, where there is nothing but one element. */
function onlyChild(node: XmlElement): XmlElement | undefined {
  const only = node.children[0]
  return node.children.length === 1 && typeof only !== 'string' ? only : undefined
}

function readEssWire(node: XmlElement): One | Refusal {
  const base64 = node.children[0]
  if (node.ns !== ESS_NS || node.name !== 'esssecuritylabel' || node.attributes.length > 0) return MALFORMED
  if (node.children.length !== 1 || typeof base64 !== 'string' || base64.length > MAX_BASE64) return MALFORMED
  const octets = decodeBase64(base64)
  const label = octets === undefined ? undefined : decodeEss(octets, 'der')
  if (label === undefined || 'problem' in label || !isComplete(label)) return MALFORMED
  return { format: 'ess', value: essValue(label) }
}

/** Whether a label says of which policy it is and what class it has. */
export function isComplete(label: EssLabel): boolean {
  return label.policy !== undefined && label.classification !== undefined
}

/** The value of an ESS label: policy, class, mark, categories in DER order. */
export function essValue(label: EssLabel): string {
  const mark = label.privacyMark === undefined ? null : [label.privacyMark.type, label.privacyMark.text]
  const categories = label.categories.map((category) => JSON.stringify(category)).sort()
  return JSON.stringify(['ess', label.policy, label.classification, mark, categories])
}

function readBinding(node: XmlElement): WireLabel | Refusal {
  const metadata = readBindingData(node)
  if ('problem' in metadata || metadata.length > 2 || !sameTree(node, writeBindingData(metadata)))
    return MALFORMED
  const [label, another] = metadata
  const second = another === undefined ? undefined : read4774Wire(another, SECOND)
  return together(read4774Wire(label!, FIRST), second, '4778')
}

function read4774Wire(node: XmlElement, roles: readonly LabelRole[]): One | Refusal {
  const read = read4774(node, 'strict')
  if ('problem' in read) return MALFORMED
  const { label } = read
  const { role } = label
  if (!roles.includes(role) || !isWire4774(label) || !sameTree(node, write4774(label))) return MALFORMED
  return { format: '4774', role, value: value4774(label), creation: label.creation!, review: label.review! }
}

/** Whether a 4774 label is of the kind that crosses: with dates, identified, once a tag set. */
function isWire4774(label: Label4774): boolean {
  const { id, creation, review, originatorId, succession, information } = label
  if (id !== undefined || creation === undefined || review === undefined) return false
  if (parseDate(creation) === undefined || parseDate(review) === undefined) return false
  if (originatorId !== undefined || succession !== undefined || information.policy === undefined) return false
  const { categories } = information
  if (categories.some((c) => c.tagSet === undefined || c.numbers.length > 0)) return false
  return (
    new Set(categories.map((c) => c.tagSet)).size === categories.length &&
    new Set(categories.map((c) => c.tagName)).size === categories.length
  )
}

/** The value of a 4774 label: policy, class, mark, categories in canonical order; no dates. */
function value4774({ information }: Label4774): string {
  const { policyName, policy, classification, privacyMark, categories } = information
  const sorted = categories
    .map(({ tagSet, tagName, type, values }) => JSON.stringify([tagSet, tagName, type, [...values].sort()]))
    .sort()
  return JSON.stringify(['4774', policy, policyName, classification, privacyMark ?? null, sorted])
}

/**
 * What the value of one 4774 label was made of; undefined for that of an ESS label. For values that the compiler made: a
 * bundle's, never a stanza's.
 */
export function informationOfValue(value: string): Information4774 | undefined {
  const [format, policy, policyName, classification, mark, categories] = JSON.parse(value) as Value4774
  if (format !== '4774') return undefined
  return {
    policyName,
    policy,
    classification,
    ...(mark === null ? {} : { privacyMark: mark }),
    categories: categories.map((category) => {
      const [tagSet, tagName, type, values] = JSON.parse(category) as Category4774Value
      return { tagSet, tagName, type, values, numbers: [] }
    }),
  }
}

type Value4774 = ['4774', string, string, string, string | null, string[]]
type Category4774Value = [string, string, CategoryType, string[]]

/** Whether two trees are equal, attributes regardless of order. */
function sameTree(a: XmlElement, b: XmlElement): boolean {
  if (a.name !== b.name || a.ns !== b.ns) return false
  if (a.attributes.length !== b.attributes.length || a.children.length !== b.children.length) return false
  for (const x of a.attributes) {
    if (!b.attributes.some((y) => x.name === y.name && x.ns === y.ns && x.value === y.value)) return false
  }
  for (let i = 0; i < a.children.length; i++) {
    const x = a.children[i]!
    const y = b.children[i]!
    if (typeof x === 'string' || typeof y === 'string' ? x !== y : !sameTree(x, y)) return false
  }
  return true
}

/** A securitylabel around a payload, and around an equivalent one behind it. */
export function writeSecurityLabel(
  payload: XmlElement,
  marking?: Readonly<{ text: string; fgcolor: string; bgcolor: string }>,
  equivalent?: XmlElement,
): XmlElement {
  const holders = [element(SEC_LABEL_NS, 'label', [], [payload])]
  if (equivalent !== undefined) holders.push(element(SEC_LABEL_NS, 'equivalentlabel', [], [equivalent]))
  if (marking === undefined) return element(SEC_LABEL_NS, 'securitylabel', [], holders)
  const { text, bgcolor, fgcolor } = marking
  return element(
    SEC_LABEL_NS,
    'securitylabel',
    [],
    [element(SEC_LABEL_NS, 'displaymarking', { bgcolor, fgcolor }, [text]), ...holders],
  )
}

/** An ESS label element with that base64. */
export function writeEssPayload(base64: string): XmlElement {
  return element(ESS_NS, 'esssecuritylabel', [], [base64])
}
