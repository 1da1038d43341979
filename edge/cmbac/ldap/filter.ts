/**
 * The search filter of a user (RFC 4515), from a template such as `(&(objectClass=person)(mail={jid}))`.
 *
 * The template is parsed once, at start; a user's address is put into the parsed filter as the value that is compared with. No text of a
 * filter is ever made of an address, so nothing in one can be taken for a part of it: what RFC 4515 §3 has escapes for stays
 * what it is. Of filters there are and, or, not, presence and equality, and no other.
 */
import { bareOf, type Jid } from '../../../rules/address/jid.ts'
import { writeDer, writeUtf8 } from '../../../rules/label/der.ts'

/** A filter as it goes into a search (RFC 4511 §4.5.1.7). */
export type BerFilter = Uint8Array

/** A template; `tells` says which parts of an address it asks for. */
export type UserFilter = Readonly<{ tells: ReadonlySet<string>; of(user: Jid): BerFilter }>

const PLACES = new Map<string, (user: Jid) => string>([
  ['{jid}', bareOf],
  ['{local}', ({ local }) => local],
  ['{domain}', ({ domain }) => domain],
])

const AND = 0xa0
const OR = 0xa1
const NOT = 0xa2
const EQUALITY = 0xa3
const PRESENT = 0x87
const OCTET_STRING = 0x04

/** Levels of a template. */
const DEPTH = 16

/** Reads a template; a problem is part of a line. */
export function readUserFilter(template: string): UserFilter | Readonly<{ problem: string }> {
  const reader: Reader = { template, at: 0, tells: new Set() }
  const of = readFilter(reader, 0)
  if ('problem' in of) return { problem: `${of.problem}: write a filter such as (mail={jid})` }
  if (reader.at < template.length)
    return { problem: 'goes on behind its last bracket: put (&…) around all of it' }
  if (!reader.tells.has('{jid}') && !reader.tells.has('{local}'))
    return { problem: 'asks for nobody: compare something with {jid} or {local}' }
  return { tells: reader.tells, of }
}

type Reader = { readonly template: string; at: number; readonly tells: Set<string> }
type Made = (user: Jid) => BerFilter
type Problem = Readonly<{ problem: string }>

function readFilter(reader: Reader, depth: number): Made | Problem {
  const { template } = reader
  if (template[reader.at] !== '(' || depth === DEPTH) return { problem: 'is not a filter in brackets' }
  const sign = template[++reader.at]
  if (sign !== '&' && sign !== '|' && sign !== '!') return readItem(reader)
  reader.at++
  const parts: Made[] = []
  while (template[reader.at] === '(') {
    const part = readFilter(reader, depth + 1)
    if ('problem' in part) return part
    parts.push(part)
  }
  if (template[reader.at] !== ')' || parts.length === 0 || (sign === '!' && parts.length > 1))
    return { problem: `has a (${sign}…) that does not end, or holds the wrong number of filters` }
  reader.at++
  const tag = sign === '&' ? AND : sign === '|' ? OR : NOT
  return (user) => writeDer(tag, ...parts.map((part) => part(user)))
}

/** An attribute (a name, or an identifier), `=`, a value with escapes; `*` alone asks whether it is there. */
function readItem(reader: Reader): Made | Problem {
  const { template } = reader
  const end = template.indexOf(')', reader.at)
  const item = template.slice(reader.at, end === -1 ? undefined : end)
  const [, attribute, raw] = /^([A-Za-z0-9.;-]+)=([^(]*)$/.exec(item) ?? []
  if (end === -1 || attribute === undefined || raw === undefined)
    return { problem: `has ${JSON.stringify(item)}, which compares nothing with a value` }
  reader.at = end + 1
  if (raw === '*') return () => writeUtf8(attribute, PRESENT)
  if (raw === '' || raw.includes('*'))
    return { problem: `has ${JSON.stringify(item)}; only whole values are compared` }
  const pieces = raw.split(/(\{[^{}]*\})/).map((piece, i) => (i % 2 === 1 ? piece : unescaped(piece)))
  for (const [i, piece] of pieces.entries()) {
    if (piece === undefined)
      return { problem: `has ${JSON.stringify(item)}; behind \\ stand two hexadecimal digits` }
    if (i % 2 === 0) continue
    if (!PLACES.has(piece)) return { problem: `has ${piece}; known are ${[...PLACES.keys()].join(', ')}` }
    reader.tells.add(piece)
  }
  const texts = pieces as string[]
  return (user) =>
    writeDer(
      EQUALITY,
      writeUtf8(attribute, OCTET_STRING),
      writeUtf8(
        texts.map((piece, i) => (i % 2 === 1 ? PLACES.get(piece)!(user) : piece)).join(''),
        OCTET_STRING,
      ),
    )
}

/** A value with its escapes of ASCII resolved (RFC 4515 §3); undefined when there is another, or half of one. */
function unescaped(value: string): string | undefined {
  const [first = '', ...rest] = value.split('\\')
  let out = first
  for (const part of rest) {
    if (!/^[0-7][0-9A-Fa-f]/.test(part)) return undefined
    out += String.fromCharCode(Number.parseInt(part.slice(0, 2), 16)) + part.slice(2)
  }
  return out
}
