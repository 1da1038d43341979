/**
 * The STANAG 4774 confidentiality label (ADatP-4774 Ed. A v1 App. 1, schema 1.3), as it is encoded.
 *
 * Names are not yet bound to a policy here. Two strictnesses. `strict` refuses whatever the schema and the
 * standard's SHALLs refuse. `lenient` reads what real products and the published examples hold, and says in findings
 * what it forgave. Neither guesses: what could change the meaning of a label (an unknown element of the label's own
 * namespace, two policies, a category without type) is refused in both.
 *
 * Canonical form, which `write4774` makes and the wire admits: root, ConfidentialityInformation (PolicyIdentifier
 * with URI, Classification without, PrivacyMark, Categories in ascending code-unit order of their URI and then of Type,
 * each with TagName, Type and URI, GenericValues in ascending code-unit order), OriginatorID, CreationDateTime,
 * SuccessionHandling. No white space but inside values; dates in UTC, whole seconds, `Z`.
 */

import { element, type XmlAttribute, type XmlElement, type XmlNode } from '../xml/node.ts'
import { trimBlanks } from './blanks.ts'
import { fold } from './fold.ts'
import type { CategoryType } from './kind.ts'
import { compareNumbers } from './kind.ts'
import { isCanonicalNumber, isOid } from './oid.ts'
import {
  childElements,
  fail,
  forgive,
  type LabelFinding,
  type LabelProblem,
  nameOf,
  type Reader,
  readDate,
  reading,
  textOf,
} from './reading.ts'

export const LABEL_NS = 'urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'

/** What the label is for (App. 1 §2.2): the information, the same under another policy, the metadata itself; or old. */
export type LabelRole = 'originator' | 'alternative' | 'metadata' | 'legacy'

const ROOTS: ReadonlyMap<string, LabelRole> = new Map([
  ['originatorConfidentialityLabel', 'originator'],
  ['alternativeConfidentialityLabel', 'alternative'],
  ['metadataConfidentialityLabel', 'metadata'],
  ['ConfidentialityLabel', 'legacy'],
])

export const ORIGINATOR_ID_TYPES = [
  'rfc822Name',
  'dNSName',
  'directoryName',
  'uniformResourceIdentifier',
  'iPAddress',
  'x400Address',
  'userPrincipalName',
  'jID',
] as const

export type OriginatorId = Readonly<{ type: (typeof ORIGINATOR_ID_TYPES)[number]; value: string }>

/** A Category. `values` are names; `numbers` (IntegerValue, BitStringValue: lenient only) are canonical decimal. */
export type Category4774 = Readonly<{
  type: CategoryType
  tagName: string
  /** The tag set's object identifier, from URI. */
  tagSet?: string
  values: readonly string[]
  numbers: readonly string[]
}>

/** ConfidentialityInformation: all that says who may see. */
export type Information4774 = Readonly<{
  policyName: string
  /** The policy's object identifier, from URI. */
  policy?: string
  classification: string
  privacyMark?: string
  categories: readonly Category4774[]
}>

/** Dates are canonical (`rules/text/datetime.ts`). */
export type Label4774 = Readonly<{
  role: LabelRole
  /** The element's name for a signature (xs:ID). */
  id?: string
  information: Information4774
  originatorId?: OriginatorId
  creation?: string
  review?: string
  succession?: Readonly<{ date?: string; label: Successor }>
}>

/** The label that is to follow: read and kept as it is, never applied. */
export type Successor = Omit<Label4774, 'role' | 'id' | 'review'>

/** All of a label but what it says: what it is for, whose and of when it is. */
export type Origin = Omit<Label4774, 'information'>

/** Reads a label element, one of the four roots. */
export function read4774(
  root: XmlElement,
  mode: 'strict' | 'lenient',
): Readonly<{ label: Label4774; findings: readonly LabelFinding[] }> | LabelProblem {
  const read = reading(mode, (reader) => readRoot(reader, root))
  return 'problem' in read ? read : { label: read.value, findings: read.findings }
}

function readRoot(reader: Reader, root: XmlElement): Label4774 {
  const role = root.ns === LABEL_NS ? ROOTS.get(root.name) : undefined
  if (role === undefined) fail(root, `${root.name} is not a STANAG 4774 label`)
  let review: string | undefined
  let id: string | undefined
  for (const a of root.attributes) {
    if (a.ns === '' && a.name === 'ReviewDateTime') review = readDate(reader, root, a.value, 'ReviewDateTime')
    else if (a.ns === '' && a.name === 'Id') id = readId(reader, root, a.value)
    else forgive(reader, root, `unknown attribute ${a.name}`)
  }
  const label = readLabel(reader, root)
  if (review === undefined && label.succession === undefined) {
    forgive(reader, root, 'neither ReviewDateTime nor SuccessionHandling')
  }
  return {
    role,
    ...(id === undefined ? {} : { id }),
    ...label,
    ...(review === undefined ? {} : { review }),
  }
}

/** An xs:ID, which is a name without colon. */
function readId(reader: Reader, node: XmlElement, value: string): string | undefined {
  const id = trimBlanks(value)
  if (/^[\p{L}_][\p{L}\p{M}\p{Nd}._\u00b7-]*$/u.test(id)) return id
  forgive(reader, node, 'an Id that is none')
  return undefined
}

type Parts = { [name: string]: XmlElement | undefined }

function readLabel(reader: Reader, node: XmlElement): Successor {
  const part: Parts = readOnce(reader, node, LABEL_PARTS)
  const information = part['ConfidentialityInformation']
  if (information === undefined) fail(node, 'no ConfidentialityInformation')
  const created = part['CreationDateTime']
  const creation =
    created === undefined ? undefined : readDate(reader, created, textOf(created), 'CreationDateTime')
  if (created === undefined) forgive(reader, node, 'no CreationDateTime')
  const originatorId =
    part['OriginatorID'] === undefined ? undefined : readOriginatorId(reader, part['OriginatorID'])
  const handling = part['SuccessionHandling']
  const succession = handling === undefined ? undefined : readSuccession(reader, handling)
  return {
    information: readInformation(reader, information),
    ...(originatorId === undefined ? {} : { originatorId }),
    ...(creation === undefined ? {} : { creation }),
    ...(succession === undefined ? {} : { succession }),
  }
}

const LABEL_PARTS = ['ConfidentialityInformation', 'OriginatorID', 'CreationDateTime', 'SuccessionHandling']
const SUCCESSION_PARTS = ['SuccessionDateTime', 'SuccessorConfidentialityLabel']

/** The children of `node`, each of `names` at most once and in that order; foreign ones are findings. */
function readOnce(reader: Reader, node: XmlElement, names: readonly string[]): Parts {
  const parts: Parts = Object.create(null)
  let last = -1
  for (const child of childElements(node)) {
    if (child.ns !== LABEL_NS) {
      forgive(reader, child, `foreign element ${child.name} in ${node.name}`)
      continue
    }
    const at = names.indexOf(child.name)
    if (at < 0) fail(child, `unknown element ${child.name} in ${node.name}`)
    if (parts[child.name] !== undefined) fail(child, `second ${child.name}`)
    if (at < last) forgive(reader, child, `${child.name} out of order`)
    last = Math.max(last, at)
    if (!HAVE_ATTRIBUTES.has(child.name)) withoutAttributes(reader, child)
    parts[child.name] = child
  }
  return parts
}

/** Those parts of a label whose attributes are read elsewhere. */
const HAVE_ATTRIBUTES = new Set(['OriginatorID', 'SuccessorConfidentialityLabel'])

/** What is not read must not stand there, or it would be lost without a word. */
function withoutAttributes(reader: Reader, node: XmlElement): void {
  for (const a of node.attributes) forgive(reader, node, `unknown attribute ${a.name} on ${node.name}`)
}

function readSuccession(reader: Reader, node: XmlElement): NonNullable<Label4774['succession']> {
  const part = readOnce(reader, node, SUCCESSION_PARTS)
  const successor = part['SuccessorConfidentialityLabel']
  if (successor === undefined) fail(node, 'no SuccessorConfidentialityLabel')
  for (const a of successor.attributes) forgive(reader, successor, `unknown attribute ${a.name}`)
  const when = part['SuccessionDateTime']
  const date = when === undefined ? undefined : readDate(reader, when, textOf(when), 'SuccessionDateTime')
  if (when === undefined) forgive(reader, node, 'no SuccessionDateTime')
  const label = readLabel(reader, successor)
  if (label.succession !== undefined) forgive(reader, successor, 'a successor that has a successor')
  return { ...(date === undefined ? {} : { date }), label }
}

function readInformation(reader: Reader, node: XmlElement): Information4774 {
  const policies: XmlElement[] = []
  const classes: XmlElement[] = []
  const marks: XmlElement[] = []
  const categories: Category4774[] = []
  let rank = 0
  for (const child of childElements(node)) {
    if (child.ns !== LABEL_NS) {
      forgive(reader, child, `foreign element ${child.name} in ${node.name}`)
      continue
    }
    const place = INFORMATION_PARTS.indexOf(child.name)
    if (place < 0) fail(child, `unknown element ${child.name} in ${node.name}`)
    if (place < rank) forgive(reader, child, `${child.name} out of order`)
    rank = Math.max(rank, place)
    if (place === 0) policies.push(child)
    else if (place === 1) classes.push(child)
    else if (place === 2) marks.push(child)
    else addCategory(reader, child, categories, readCategory(reader, child))
  }
  if (policies.length !== 1)
    fail(policies[1] ?? node, policies.length === 0 ? 'no PolicyIdentifier' : 'second PolicyIdentifier')
  if (classes.length !== 1)
    fail(classes[1] ?? node, classes.length === 0 ? 'no Classification' : 'second Classification')
  if (marks.length > 1) fail(marks[1]!, 'second PrivacyMark')
  const [policyElement, classElement, markElement] = [policies[0]!, classes[0]!, marks[0]]
  const policy = readUri(reader, policyElement, [])
  for (const a of classElement.attributes)
    forgive(reader, classElement, `attribute ${a.name} on Classification`)
  if (markElement !== undefined) withoutAttributes(reader, markElement)
  const privacyMark = markElement === undefined ? undefined : textOf(markElement)
  if (privacyMark === '') forgive(reader, markElement!, 'empty PrivacyMark')
  return {
    policyName: nameOf(policyElement),
    ...(policy === undefined ? {} : { policy }),
    classification: nameOf(classElement),
    ...(privacyMark === undefined || privacyMark === '' ? {} : { privacyMark }),
    categories,
  }
}

const INFORMATION_PARTS = ['PolicyIdentifier', 'Classification', 'PrivacyMark', 'Category']

/**
 * A second Category of one TagName, names compared as the policy compares them: refused when strict. Leniently one with the
 * values of both where the Types agree. Where they differ the two stay apart, each with its Type: what the policy has no tag of
 * is refused when the label is bound, so that neither lends its values to the other.
 */
function addCategory(
  reader: Reader,
  node: XmlElement,
  categories: Category4774[],
  category: Category4774,
): void {
  const namesakes = categories.filter((c) => fold(c.tagName) === fold(category.tagName))
  const at = categories.findIndex((c) => namesakes.includes(c) && c.type === category.type)
  const same = categories[at]
  if (same === undefined) {
    categories.push(category)
    if (namesakes.length > 0) forgive(reader, node, `second Category ${category.tagName}, of another Type`)
    return
  }
  forgive(reader, node, `second Category ${category.tagName}, whose values belong into one`)
  const tagSet = same.tagSet ?? category.tagSet
  if (tagSet !== (category.tagSet ?? tagSet)) fail(node, `two object identifiers for ${category.tagName}`)
  categories[at] = {
    ...same,
    ...(tagSet === undefined ? {} : { tagSet }),
    values: [...new Set([...same.values, ...category.values])],
    numbers: [...new Set([...same.numbers, ...category.numbers])].sort(compareNumbers),
  }
}

/** Reads one Category element; clearances have the same (`rules/clearance/stanag4774.ts`). */
export function readCategory(reader: Reader, node: XmlElement): Category4774 {
  const tagSet = readUri(reader, node, ['Type', 'TagName'])
  const type = attributeOf(node, 'Type')
  const tagName = attributeOf(node, 'TagName')
  if (type !== 'RESTRICTIVE' && type !== 'PERMISSIVE' && type !== 'INFORMATIVE')
    fail(node, `a Category with Type ${type ?? '(none)'}; it is RESTRICTIVE, PERMISSIVE or INFORMATIVE`)
  if (tagName === undefined || trimBlanks(tagName) === '') fail(node, 'a Category without TagName')
  const values: string[] = []
  const numbers: string[] = []
  for (const child of childElements(node)) {
    if (child.ns !== LABEL_NS) forgive(reader, child, `foreign element ${child.name} in Category`)
    else if (child.name === 'GenericValue') values.push(nameOf(child))
    else numbers.push(...readNumbers(reader, child))
    if (child.attributes.length > 0) forgive(reader, child, `attribute on ${child.name}`)
  }
  if (values.length + numbers.length === 0) fail(node, `a Category ${tagName} without value`)
  if (new Set(values).size !== values.length) forgive(reader, node, `a value twice in ${tagName}`)
  return {
    type,
    tagName: trimBlanks(tagName),
    ...(tagSet === undefined ? {} : { tagSet }),
    values: [...new Set(values)],
    numbers: [...new Set(numbers)].sort(compareNumbers),
  }
}

/** IntegerValue and BitStringValue, which SHALL NOT be used (App. 1 §2.2.4). */
function readNumbers(reader: Reader, node: XmlElement): readonly string[] {
  const isBits = node.name === 'BitStringValue'
  if (!isBits && node.name !== 'IntegerValue') fail(node, `unknown element ${node.name} in Category`)
  forgive(reader, node, `${node.name} is not to be used`)
  const value = textOf(node)
  if (!isBits) {
    const decimal = value.replace(/^0+(?=.)/, '')
    if (!isCanonicalNumber(decimal) || decimal.length > 155)
      fail(node, 'an IntegerValue that is not a number')
    return [decimal]
  }
  if (value === '' || value.length > 65_536) fail(node, 'a bad BitStringValue')
  const bits: string[] = []
  for (let i = 0; i < value.length; i++) {
    if (value[i] === '1') bits.push(String(i))
    else if (value[i] !== '0') fail(node, 'a bad BitStringValue')
  }
  return bits
}

function readOriginatorId(reader: Reader, node: XmlElement): OriginatorId {
  const type = ORIGINATOR_ID_TYPES.find((t) => t === attributeOf(node, 'IDType'))
  if (type === undefined)
    fail(node, `an OriginatorID without a known IDType; it is one of ${ORIGINATOR_ID_TYPES.join(', ')}`)
  for (const a of node.attributes)
    if (a.name !== 'IDType' || a.ns !== '') forgive(reader, node, `attribute ${a.name} on OriginatorID`)
  return { type, value: nameOf(node) }
}

const OID_URI = 'urn:oid:'

/** The object identifier of `@URI`; attributes other than that and `known` are findings. */
export function readUri(reader: Reader, node: XmlElement, known: readonly string[]): string | undefined {
  let oid: string | undefined
  for (const a of node.attributes) {
    if (a.ns === '' && a.name === 'URI') {
      oid = a.value.slice(OID_URI.length)
      if (!a.value.startsWith(OID_URI) || !isOid(oid))
        fail(node, `a URI on ${node.name} that is not a urn:oid:`)
    } else if (a.ns !== '' || !known.includes(a.name)) {
      forgive(reader, node, `attribute ${a.name} on ${node.name}`)
    }
  }
  return oid
}

function attributeOf(node: XmlElement, name: string): string | undefined {
  return node.attributes.find((a) => a.ns === '' && a.name === name)?.value
}

/** The label as a canonical element. `legacy` is written as originator. */
export function write4774(label: Label4774): XmlElement {
  const name =
    label.role === 'legacy' ? 'originatorConfidentialityLabel' : `${label.role}ConfidentialityLabel`
  const { id, review } = label
  const attributes = {
    ...(id === undefined ? {} : { Id: id }),
    ...(review === undefined ? {} : { ReviewDateTime: review }),
  }
  return el(name, attributes, writeLabel(label))
}

function writeLabel(label: Successor): XmlNode[] {
  const parts: XmlNode[] = [writeInformation(label.information)]
  if (label.originatorId !== undefined) {
    parts.push(el('OriginatorID', { IDType: label.originatorId.type }, [label.originatorId.value]))
  }
  if (label.creation !== undefined) parts.push(el('CreationDateTime', {}, [label.creation]))
  if (label.succession !== undefined) {
    const { date, label: successor } = label.succession
    parts.push(
      el('SuccessionHandling', {}, [
        ...(date === undefined ? [] : [el('SuccessionDateTime', {}, [date])]),
        el('SuccessorConfidentialityLabel', {}, writeLabel(successor)),
      ]),
    )
  }
  return parts
}

function writeInformation(information: Information4774): XmlElement {
  const { policyName, policy, classification, privacyMark } = information
  return el('ConfidentialityInformation', {}, [
    el('PolicyIdentifier', uri(policy), [policyName]),
    el('Classification', {}, [classification]),
    ...(privacyMark === undefined ? [] : [el('PrivacyMark', {}, [privacyMark])]),
    ...sortCategories(information.categories).map(writeCategory),
  ])
}

/** Canonical order of categories: by URI, then TagName, then Type, in code units. */
export function sortCategories(categories: readonly Category4774[]): readonly Category4774[] {
  return [...categories].sort(
    (a, b) =>
      compareText(a.tagSet ?? '', b.tagSet ?? '') ||
      compareText(a.tagName, b.tagName) ||
      compareText(a.type, b.type),
  )
}

/** Canonical order of texts: by code unit. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A Category element in canonical form. */
export function writeCategory(category: Category4774): XmlElement {
  const { type, tagName, tagSet } = category
  return el('Category', { TagName: tagName, Type: type, ...uri(tagSet) }, [
    ...[...category.values].sort(compareText).map((value) => el('GenericValue', {}, [value])),
    ...category.numbers.map((number) => el('IntegerValue', {}, [number])),
  ])
}

function uri(oid: string | undefined): Readonly<Record<string, string>> {
  return oid === undefined ? {} : { URI: OID_URI + oid }
}

function el(
  name: string,
  attributes: readonly XmlAttribute[] | Readonly<Record<string, string>>,
  children: readonly XmlNode[],
): XmlElement {
  return element(LABEL_NS, name, attributes, children)
}
