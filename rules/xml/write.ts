/**
 * Writes elements as octets of the one canonical spelling (doc/formats.md §1; Canonical XML 1.1 §2.3 for
 * references, Namespaces in XML 1.0 §6.2 for the default declarations).
 *
 * Total over every tree that the parsers make, but for attributes of foreign namespaces, which have no canonical
 * spelling; and what is written of an element of the namespace of `xml:`, no parser reads. What canonical stanzas may not hold (TAB, LF, CR in attributes, CR in text) is written as a character
 * reference, so that it is read back as the same value and never equals a canonical stanza.
 */

import { XML_NS, type XmlAttribute, type XmlElement } from './node.ts'

/**
 * The canonical string of a root element.
 * Throws, as on a programming error, on a name that is no NCName, on a character that XML 1.0 forbids and on an
 * attribute of a namespace other than that of `xml:`.
 */
export function serialise(root: XmlElement): string {
  return writeElement(root, undefined, undefined, '')
}

/** The same for an element that stands inside a parent of the namespace `parentNs`. */
export function serialiseInside(node: XmlElement, parentNs: string): string {
  return writeElement(node, parentNs, undefined, '')
}

/** The same for a root, with `spelling` (canonical itself) in the place of the element `replaced`. */
export function serialiseReplacing(root: XmlElement, replaced: XmlElement, spelling: string): string {
  return writeElement(root, undefined, replaced, spelling)
}

function writeElement(
  node: XmlElement,
  parentNs: string | undefined,
  replaced: XmlElement | undefined,
  spelling: string,
): string {
  if (node === replaced) return spelling
  const { ns, name, attributes, children } = node
  if (!NCNAME.test(name)) throw new Error('serialise: an element name that is no NCName')
  let out = '<' + name
  if (ns !== parentNs) out += ' xmlns="' + escapeAttribute(ns) + '"'
  if (attributes.length > 0) {
    for (const a of canonicalOrder(attributes))
      out += ' ' + attributeName(a) + '="' + escapeAttribute(a.value) + '"'
  }
  out += '>'
  for (const child of children) {
    out += typeof child === 'string' ? escapeText(child) : writeElement(child, ns, replaced, spelling)
  }
  return out + '</' + name + '>'
}

function attributeName({ ns, name }: XmlAttribute): string {
  if (!NCNAME.test(name)) throw new Error('serialise: an attribute name that is no NCName')
  if (ns === '') return name
  if (ns === XML_NS) return 'xml:' + name
  throw new Error('serialise: an attribute of a foreign namespace')
}

/** Attributes without namespace by code units of their names, then those of `xml:`. */
export function canonicalOrder(attributes: readonly XmlAttribute[]): readonly XmlAttribute[] {
  for (let i = 1; i < attributes.length; i++) {
    if (compare(attributes[i - 1]!, attributes[i]!) > 0) return attributes.toSorted(compare)
  }
  return attributes
}

function compare(a: XmlAttribute, b: XmlAttribute): number {
  if (a.ns !== b.ns) return a.ns < b.ns ? -1 : 1
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

function escapeText(value: string): string {
  if (PLAIN.test(value)) return value
  mustBeCharacters(value)
  return value.replace(/[&<>\r]/g, reference)
}

function escapeAttribute(value: string): string {
  if (PLAIN.test(value)) return value
  mustBeCharacters(value)
  return value.replace(/[&<"\t\n\r]/g, reference)
}

function reference(character: string): string {
  return REFERENCES[character]!
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

/** ASCII that stands for itself in text and in attributes: most values, found by one linear look. */
const PLAIN = /^[ !#-%'-;=?-~]*$/

/** Char of XML 1.0 §2.2. */
function mustBeCharacters(value: string): void {
  if (!isXmlText(value)) {
    throw new Error('serialise: a character that XML 1.0 forbids')
  }
}

/** Whether XML 1.0 can hold a text: what the writer throws at otherwise. */
export function isXmlText(value: string): boolean {
  return !FORBIDDEN.test(value) && value.isWellFormed()
}

const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/

/** NCName of Namespaces in XML 1.0 §3. */
export const NCNAME =
  /^[A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}][-.0-9A-Z_a-z\xb7\xc0-\xd6\xd8-\xf6\xf8-\u037d\u037f-\u1fff\u200c-\u200d\u203f\u2040\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]*$/u
