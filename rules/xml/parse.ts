/**
 * Reads one whole stanza, as it lies in a frame: strict XML 1.0 with Namespaces, within RFC 6120 §11.1.
 *
 * Spelling is not judged here: `rules/decide/canonical.ts` writes the tree again and compares.
 */

import { type Refusal, refuse, refused } from '../reasons.ts'
import type { XmlElement } from './node.ts'
import { XML_NS } from './node.ts'
import { Stop, TreeParser } from './tree.ts'

/** Octets of one stanza, and how deep its elements may lie; the root is at depth 1. */
export type StanzaLimits = Readonly<{ stanzaBytes: number; depth: number }>

/**
 * The tree of one stanza, or why there is none. Never throws on input.
 * An attribute of a foreign namespace is refused: it has no canonical spelling, and no profile can name it.
 */
export function parseStanza(octets: Uint8Array, limits: StanzaLimits): XmlElement | Refusal {
  const text = decodeStanza(octets, limits)
  return refused(text) ? text : parseText(text, limits)
}

/**
 * The same as `parseText`, for those who read stanza after stanza.
 *
 * To make a parser costs as much as to read a stanza with it. So one parser reads many, as children of a root that stays
 * open. It goes on only while each was one whole element and nothing else; at anything else it is thrown away, and
 * `parseText` says what that text is.
 */
export function createTextParser(limits: StanzaLimits): (text: string) => XmlElement | Refusal {
  let read: XmlElement[] = []
  let parser: TreeParser | undefined

  const open = () => {
    const opened = new TreeParser({
      level: 2,
      depth: limits.depth,
      declaration: false,
      onElement: (element) => void read.push(element),
    })
    opened.write('<r>')
    return opened
  }

  /** Whether the text was read to its end and left the parser where it began. */
  const isWhole = (text: string): boolean => {
    if (!text.endsWith('>')) return false // saxes would keep what may go on
    parser ??= open()
    try {
      parser.write(text)
      return parser.tags.length === 1 && parser.forgetBlanks()
    } catch (error) {
      if (!(error instanceof Stop)) throw error
      return false
    }
  }

  return (text) => {
    read = []
    const [root, second] = isWhole(text) ? read : []
    if (root !== undefined && second === undefined && !hasForeignAttribute(root)) return root
    parser = undefined
    return parseText(text, limits)
  }
}

/** The characters of a stanza: UTF-8 without byte order mark, within the limit. */
export function decodeStanza(octets: Uint8Array, limits: StanzaLimits): string | Refusal {
  if (octets.length > limits.stanzaBytes) return refuse('too-big', limits.stanzaBytes)
  if (octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf) return refuse('not-utf8')
  try {
    return DECODER.decode(octets)
  } catch {
    return refuse('not-utf8')
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The tree of a decoded stanza. */
export function parseText(text: string, limits: StanzaLimits): XmlElement | Refusal {
  const roots: XmlElement[] = []
  const parser = new TreeParser({
    level: 1,
    depth: limits.depth,
    declaration: false,
    onElement: (element) => void roots.push(element),
  })
  try {
    parser.write(text)
    parser.close()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return error.at(Buffer.byteLength(text.slice(0, parser.position)))
  }
  const root = roots[0]! // saxes refuses a document without root, and a second one
  return hasForeignAttribute(root) ? refuse('unknown-attribute') : root
}

/** Whether there is an attribute, at any depth, that the writer has no spelling for. */
export function hasForeignAttribute(node: XmlElement): boolean {
  for (const a of node.attributes) if (a.ns !== '' && a.ns !== XML_NS) return true
  for (const child of node.children) if (typeof child !== 'string' && hasForeignAttribute(child)) return true
  return false
}
