/**
 * Checks a SPIF document against the table of `schema.ts`, and gives its elements in a form easy to read.
 *
 * Lenient reading forgives what cannot change a decision for the worse: order, stray text, foreign extensions, a missing
 * informational attribute, elements without the namespace. It never forgives an element, an attribute or a value that it
 * does not know where a rule may hang on it: a misspelt restriction would be none.
 */
import { trimBlanks } from '../label/blanks.ts'
import { isOid } from '../label/oid.ts'
import { readDateTime } from '../text/datetime.ts'
import { colourOf } from './colour.ts'
import { type AttributeType, MARKING_CODES, SCHEMA, SPIF_NS } from './schema.ts'
import type { Finding } from './spif.ts'
import type { DocumentElement } from './xml.ts'

const XML_NS = 'http://www.w3.org/XML/1998/namespace'
const XSI_NS = 'http://www.w3.org/2001/XMLSchema-instance'

/** A checked element: attributes by name (`xml:lang` with its prefix), children by name, text without blanks around. */
export type Node = Readonly<{
  name: string
  line: number
  attributes: ReadonlyMap<string, string>
  children: readonly Node[]
  text: string
}>

export type Report = (weight: Finding['weight'], kind: string, message: string, line: number) => void

/** Attributes without which an element is still understood. */
const FORGIVEN = new Set([
  'schemaVersion',
  'creationDate',
  'originatorDN',
  'keyIdentifier',
  'privilegeId',
  'rbacId',
  'applied',
  'operation',
])

/** Elements that say how a label looks: on an attribute of theirs no rule can hang. */
const APPEARANCE = new Set(['markingData', 'markingQualifier', 'qualifier', 'code'])

/** Checks `root` and all below it; undefined when it is not a SPIF at all. */
export function readStructure(root: DocumentElement, report: Report): Node | undefined {
  if (root.name !== 'SPIF' || (root.ns !== SPIF_NS && root.ns !== '')) {
    report('refused', 'not-a-spif', `the root is not SPIF in ${SPIF_NS}`, root.line)
    return undefined
  }
  return readElement(root, report)
}

function readElement(element: DocumentElement, report: Report): Node {
  const { name, line } = element
  const schema = SCHEMA.get(name)!
  if (element.ns !== SPIF_NS) report('error', 'no-namespace', `${name} is not in the SPIF namespace`, line)
  const attributes = readAttributes(element, schema.attributes, report)
  for (const required of schema.required) {
    if (attributes.has(required)) continue
    const weight = FORGIVEN.has(required) ? 'error' : 'refused'
    report(weight, 'missing-attribute', `${name} has no ${required}`, line)
  }
  const children: Node[] = []
  let text = ''
  if (schema.open === undefined) {
    for (const child of element.children) {
      if (typeof child === 'string') text += child
      else if (child.ns !== SPIF_NS && child.ns !== '') {
        const weight = SCHEMA.has(child.name) ? 'refused' : 'error'
        report(weight, 'foreign-element', `${child.name} of a foreign namespace in ${name}`, child.line)
      } else if (!schema.children.some(([known]) => known === child.name)) {
        report('refused', 'unknown-element', `${child.name} is not known in ${name}`, child.line)
      } else children.push(readElement(child, report))
    }
    if (schema.text === undefined && trimBlanks(text) !== '') {
      report('error', 'stray-text', `text in ${name}`, line)
    }
    checkChildren(name, line, children, schema.children, report)
  }
  if (name === 'code' && !MARKING_CODES.includes(trimBlanks(text))) {
    report('refused', 'bad-value', `${trimBlanks(text)} is no marking code`, line)
  }
  return { name, line, attributes, children, text: trimBlanks(text) }
}

function readAttributes(
  element: DocumentElement,
  types: Readonly<Record<string, AttributeType>>,
  report: Report,
): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>()
  for (const { ns, name, value } of element.attributes) {
    if (ns === XSI_NS) continue
    const key = ns === XML_NS ? `xml:${name}` : name
    const type = Object.hasOwn(types, key) ? types[key] : undefined
    if (type === undefined || (ns !== '' && ns !== XML_NS)) {
      const weight = ns === '' && !APPEARANCE.has(element.name) ? 'refused' : 'error'
      report(weight, 'unknown-attribute', `${name} is not known on ${element.name}`, element.line)
      continue
    }
    const read = readValue(type, value)
    if (read === undefined) {
      const weight = type === 'oid' || type === 'colour' ? 'error' : 'refused'
      report(
        weight,
        'bad-value',
        `${name}="${value}" on ${element.name} is not ${wanted(type)}`,
        element.line,
      )
      if (type === 'oid') attributes.set(key, value)
      continue
    }
    attributes.set(key, read)
  }
  return attributes
}

/** What a value of a type is, in words. */
function wanted(type: AttributeType): string {
  if (typeof type !== 'string') return `one of ${type.join(', ')}`
  const words: Readonly<Partial<Record<typeof type, string>>> = {
    name: 'a text of at most 256 characters',
    oid: 'an object identifier, as 1.2.3',
    integer: 'a whole number',
    boolean: 'true or false',
    selection: 'unbounded or a number',
    dateTime: 'a date with a time, as 2026-01-31T12:00:00Z',
    colour: 'a colour name or #RRGGBB',
  }
  return words[type] ?? `of type ${type}`
}

/** The value in canonical form, or undefined when it is not of its type. */
function readValue(type: AttributeType, value: string): string | undefined {
  if (typeof type !== 'string') return type.includes(value) ? value : undefined
  switch (type) {
    case 'text':
      return value
    case 'name':
      return value.length <= 512 && [...value].length <= 256 ? value : undefined
    case 'language':
      return trimBlanks(value)
    case 'oid':
      return isOid(value) ? value : undefined
    case 'integer':
      return canonicalInteger(value)
    case 'lacv':
      return canonicalInteger(value) ?? trimBlanks(value)
    case 'boolean':
      return value === 'true' || value === '1'
        ? 'true'
        : value === 'false' || value === '0'
          ? 'false'
          : undefined
    case 'selection':
      return value === 'unbounded' ? value : selection(canonicalInteger(value))
    case 'dateTime':
      return readDateTime(trimBlanks(value)) ?? readDateTime(`${trimBlanks(value)}Z`)
    case 'colour':
      return colourOf(value) === undefined ? undefined : value
  }
}

/** xs:integer without sign `+` and leading zeros, of any size up to 155 digits. */
function canonicalInteger(value: string): string | undefined {
  const trimmed = trimBlanks(value)
  const negative = trimmed.startsWith('-')
  const digits = negative || trimmed.startsWith('+') ? trimmed.slice(1) : trimmed
  if (digits === '' || digits.length > 155) return undefined
  let start = 0
  for (let i = 0; i < digits.length; i++) {
    if (digits[i]! < '0' || digits[i]! > '9') return undefined
    if (start === i && digits[i] === '0' && i < digits.length - 1) start = i + 1
  }
  const canonical = digits.slice(start)
  return negative && canonical !== '0' ? `-${canonical}` : canonical
}

function selection(value: string | undefined): string | undefined {
  return value === undefined || value.startsWith('-') || value.length > 6 ? undefined : value
}

function checkChildren(
  name: string,
  line: number,
  children: readonly Node[],
  order: readonly (readonly [string, number, number])[],
  report: Report,
): void {
  let rank = 0
  for (const child of children) {
    const place = order.findIndex(([known]) => known === child.name)
    if (place < rank) report('error', 'wrong-order', `${child.name} comes too late in ${name}`, child.line)
    rank = Math.max(rank, place)
  }
  for (const [known, min, max] of order) {
    const count = children.reduce((n, child) => n + (child.name === known ? 1 : 0), 0)
    if (count < min) {
      report(known === 'code' ? 'error' : 'refused', 'missing-element', `${name} has no ${known}`, line)
    }
    if (count > max) report('refused', 'repeated-element', `${name} has more than one ${known}`, line)
  }
}
