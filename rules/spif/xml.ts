/**
 * A small XML document as a tree with line numbers, for policy files that a person edits and reviews.
 *
 * Never used on what comes from a network: stanzas have their own parser (`rules/xml/parse.ts`), which keeps
 * octet positions. No DOCTYPE, so no entity but the five of XML; comments and processing instructions are left out.
 */

import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes'
import { trimBlanks } from '../label/blanks.ts'

export type DocumentElement = {
  readonly ns: string
  readonly name: string
  readonly line: number
  readonly attributes: readonly Readonly<{ ns: string; name: string; value: string }>[]
  readonly children: (DocumentElement | string)[]
}

/** Why a document was not read; `line` counts from 1. */
export type DocumentProblem = Readonly<{ problem: string; line: number }>

/** Largest policy document in characters. */
const MAX_LENGTH = 16 << 20
const MAX_DEPTH = 64

class Unreadable extends Error {}

/** Parses a whole namespace-well-formed document. */
export function parseDocument(source: string): DocumentElement | DocumentProblem {
  if (source.length > MAX_LENGTH) return { problem: 'the document is larger than 16 MiB', line: 1 }
  const parser = new SaxesParser({ xmlns: true, position: true })
  const stack: DocumentElement[] = []
  let root: DocumentElement | undefined
  parser.on('error', (error) => {
    throw new Unreadable(error.message.replace(/^[0-9]+:[0-9]+: /, ''))
  })
  parser.on('doctype', () => {
    throw new Unreadable('a DOCTYPE is not allowed')
  })
  parser.on('opentag', (tag: SaxesTagNS) => {
    if (stack.length >= MAX_DEPTH) throw new Unreadable('nested too deeply')
    // saxes trims namespace names, which makes another namespace of them.
    const declared = Object.values(tag.attributes).filter((attribute) => !isNoDeclaration(attribute))
    if (declared.some(({ value }) => value !== trimBlanks(value)))
      throw new Unreadable('blanks around a namespace name')
    const node: DocumentElement = {
      ns: tag.uri,
      name: tag.local,
      line: parser.line,
      attributes: Object.values(tag.attributes).filter(isNoDeclaration).map(toAttribute),
      children: [],
    }
    const parent = stack.at(-1)
    if (parent === undefined) root = node
    else parent.children.push(node)
    stack.push(node)
  })
  parser.on('closetag', () => void stack.pop())
  const addText = (text: string) => void stack.at(-1)?.children.push(text)
  parser.on('text', addText)
  parser.on('cdata', addText)
  try {
    parser.write(source.startsWith('\uFEFF') ? source.slice(1) : source).close()
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message, line: parser.line }
    throw error
  }
  return root ?? { problem: 'there is no element', line: 1 }
}

const XMLNS = 'http://www.w3.org/2000/xmlns/'

function isNoDeclaration(attribute: SaxesAttributeNS): boolean {
  return attribute.uri !== XMLNS
}

function toAttribute(attribute: SaxesAttributeNS): DocumentElement['attributes'][number] {
  return { ns: attribute.uri, name: attribute.local, value: attribute.value }
}
