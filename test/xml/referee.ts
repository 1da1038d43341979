/** libxml2 as the referee: what it makes of a document, as our tree. */

import {
  type XmlElement as LibElement,
  ParseOption,
  XmlC14NMode,
  XmlCData,
  XmlDocument,
  XmlElement,
  XmlText,
} from 'libxml2-wasm'
import { element, type XmlElement as Tree, type XmlNode } from '../../rules/xml/node.ts'

/** The tree, or why libxml2 refuses the document: `uri` when it only minds that a namespace name is no URI, or an `xml:id` no name. */
export function referee(octets: Uint8Array): Tree | 'uri' | 'refused' {
  let document: XmlDocument
  try {
    document = XmlDocument.fromBuffer(octets, { option: ParseOption.XML_PARSE_NONET })
  } catch (error) {
    return /not a valid URI|^xml:id : /.test((error as Error).message) ? 'uri' : 'refused'
  }
  try {
    return tree(document.root)
  } finally {
    document.dispose()
  }
}

/** Canonical XML 1.1 without comments of a document, as libxml2 writes it; undefined when libxml2 refuses the document. */
export function canonicalXml(octets: Uint8Array): string | undefined {
  let document: XmlDocument
  try {
    document = XmlDocument.fromBuffer(octets, { option: ParseOption.XML_PARSE_NONET })
  } catch {
    return undefined
  }
  try {
    return document.canonicalizeToString({ mode: XmlC14NMode.XML_C14N_1_1, withComments: false })
  } finally {
    document.dispose()
  }
}

function tree(node: LibElement): Tree {
  const attributes = node.attrs.map((a) => ({ ns: a.namespaceUri, name: a.name, value: a.value }))
  const children: XmlNode[] = []
  for (let at = node.firstChild; at !== null; at = at.next) {
    if (at instanceof XmlElement) children.push(tree(at))
    else if (at instanceof XmlText || at instanceof XmlCData) {
      const last = children.at(-1)
      if (typeof last === 'string') children[children.length - 1] = last + at.content
      else children.push(at.content)
    } else throw new Error('a node that no stanza has')
  }
  return element(node.namespaceUri, node.name, attributes, children)
}
