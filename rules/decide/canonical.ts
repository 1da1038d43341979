/**
 * The first gate: octets that are the canonical spelling of one tree (doc/formats.md §1), and of nothing else.
 *
 * The tree is written again and compared with what came; so a stanza has one spelling, and what the parser might
 * overlook between two nodes (a blank, a quote, an order of attributes, a prefix) cannot carry anything.
 */

import { type Refusal, refuse, refused } from '../reasons.ts'
import type { XmlElement } from '../xml/node.ts'
import { createTextParser, decodeStanza, type StanzaLimits } from '../xml/parse.ts'
import { serialise } from '../xml/write.ts'

/** The tree of a canonical stanza, or the refusal with the first octet that is out of place. Never throws on input. */
export type CanonicalReader = (payload: Uint8Array) => XmlElement | Refusal

export function createCanonicalReader(limits: StanzaLimits): CanonicalReader {
  const parse = createTextParser(limits)
  return (payload) => {
    const text = decodeStanza(payload, limits)
    if (refused(text)) return text
    const root = parse(text)
    if (refused(root)) return root
    const reference = text.indexOf('&#') // the writer has it for what canonical values may not hold
    if (reference >= 0) return notCanonical(text, reference)
    const spelling = serialise(root)
    return spelling === text ? root : notCanonical(text, firstDifference(text, spelling))
  }
}

function firstDifference(a: string, b: string): number {
  let i = 0
  while (i < a.length && a.charCodeAt(i) === b.charCodeAt(i)) i++
  return i
}

function notCanonical(text: string, at: number): Refusal {
  return refuse('not-canonical', Buffer.byteLength(text.slice(0, at)))
}
