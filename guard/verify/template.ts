/**
 * Checks the label templates of the bundle at start: what they write is a label element in canonical form, and their
 * dates stand where dates may stand (doc/formats.md §3).
 */
import { type InputPart, LABEL_ELEMENTS, type OutputPart } from './labels.ts'
import {
  BLANK,
  LESS,
  makeReader,
  peek,
  QUOTE,
  type Reader,
  readEndTag,
  readLiteral,
  readOpening,
  readValue,
  refuse,
  SLASH,
} from './reader.ts'
import { Fault } from './reasons.ts'
import { makeValue } from './value.ts'

/** The namespace of the stanza that a label stands in. */
const STANZA_NS = 'jabber:server'
const A_DATE = '2000-01-01T00:00:00Z'

/**
 * How many elements deep a template is. Throws a Fault that begins with `path` when it is not one label element in
 * canonical form, or has another element's start or end inside.
 */
export function checkTemplate(parts: readonly (InputPart | OutputPart)[], path: string): number {
  const text = parts.map((part) => (typeof part === 'string' ? part : A_DATE)).join('')
  const label = LABEL_ELEMENTS.find(({ opening }) => text.startsWith(opening))
  if (label === undefined || text.indexOf(label.endTag) !== text.length - label.endTag.length) {
    throw new Fault(`${path} is not one label element`)
  }
  const octets = Buffer.from(text)
  const reader = makeReader(octets, makeValue(octets.length))
  const depth = readAny(reader, STANZA_NS)
  if (depth === undefined || reader.at !== octets.length) {
    const at = reader.refusal?.at ?? reader.at
    throw new Fault(`${path} is not in canonical form (octet ${at} with its dates filled in)`)
  }
  return depth
}

/** Throws a Fault unless each date stands where a label has it. */
export function checkInputHoles(parts: readonly InputPart[], path: string): void {
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') continue
    const [before, after] = [parts[index - 1], parts[index + 1]]
    const [behind, ahead] = part.hole === 'review' ? [' ReviewDateTime="', '"'] : ['>', '</CreationDateTime>']
    const inPlace =
      typeof before === 'string' &&
      before.endsWith(behind) &&
      typeof after === 'string' &&
      after.startsWith(ahead)
    if (!inPlace) throw new Fault(`${path} has the hole ${part.hole} where no such date stands`)
  }
}

/** Reads any element in canonical form inside one of the namespace `parent`; gives its depth. */
function readAny(reader: Reader, parent: string): number | undefined {
  const opening = readOpening(reader)
  if (opening === undefined) return undefined
  const declared = opening.indexOf(' xmlns="')
  const namespace = declared < 0 ? parent : opening.slice(declared + 8, -1)
  if (declared >= 0 && (namespace === parent || namespace === '')) return refuse(reader, 'not-canonical')
  const name = declared < 0 ? opening.slice(1) : opening.slice(1, declared)
  if (!readAnyAttributes(reader)) return undefined
  let deepest = 0
  if (peek(reader) === LESS) {
    while (peek(reader) === LESS && peek(reader, 1) !== SLASH) {
      const depth = readAny(reader, namespace)
      if (depth === undefined) return undefined
      deepest = Math.max(deepest, depth)
    }
  } else if (!readValue(reader, LESS)) {
    return undefined
  }
  return readEndTag(reader, `</${name}>`) ? deepest + 1 : undefined
}

function readAnyAttributes(reader: Reader): boolean {
  let last = ''
  while (peek(reader) === BLANK) {
    const end = reader.latin1.indexOf('="', reader.at)
    const name = reader.latin1.slice(reader.at + 1, end)
    const ascends = last !== 'xml:lang' && (name === 'xml:lang' || name > last)
    if (end < 0 || !ascends || !/^(xml:lang|(?!xmlns$)[A-Za-z_][A-Za-z0-9._-]*)$/.test(name)) return false
    last = name
    reader.at = end + 2
    if (!readValue(reader, QUOTE)) return false
    reader.at += 1
  }
  return readLiteral(reader, '>')
}
