/**
 * As much of LDAP (RFC 4511) as it takes to ask for one attribute: StartTLS, simple bind, search, unbind.
 *
 *   LDAPMessage ::= SEQUENCE { messageID INTEGER, protocolOp, controls [0] OPTIONAL }
 *
 * Pure. Messages are read by the strict reader of labels, with definite lengths only (§5.1); each shape is closed, and
 * another one is a problem, never skipped.
 */
import {
  readDer,
  readInteger,
  TAG,
  type Tlv,
  writeDer,
  writeInteger,
  writeUtf8,
} from '../../../rules/label/der.ts'
import type { BerFilter } from './filter.ts'

/** What a server says. `name` is that of an attribute, perhaps with options. */
export type ServerMessage = Readonly<{ id: number }> &
  (
    | Readonly<{ kind: 'bound' | 'done' | 'extended'; code: number }>
    | Readonly<{
        kind: 'entry'
        attributes: readonly Readonly<{ name: string; values: readonly Uint8Array[] }>[]
      }>
    | Readonly<{ kind: 'reference' }>
  )

/** Octets of the longest message that is read. */
const MESSAGE_OCTETS = 1 << 20

const OCTET_STRING = TAG.octetString
const ENUMERATED = 0x0a
const BOOLEAN = 0x01
/** [APPLICATION n] of §4.2 to §4.14. */
const BIND_REQUEST = 0x60
const BIND_RESPONSE = 0x61
const UNBIND_REQUEST = 0x42
const SEARCH_REQUEST = 0x63
const SEARCH_ENTRY = 0x64
const SEARCH_DONE = 0x65
const SEARCH_REFERENCE = 0x73
const EXTENDED_REQUEST = 0x77
const EXTENDED_RESPONSE = 0x78

const RESULTS = new Map([
  [BIND_RESPONSE, 'bound'],
  [SEARCH_DONE, 'done'],
  [EXTENDED_RESPONSE, 'extended'],
] as const)

function message(id: number, operation: Uint8Array): Uint8Array {
  return writeDer(TAG.sequence, writeInteger(String(id)), operation)
}

function text(value: string, tag: number = OCTET_STRING): Uint8Array {
  return writeUtf8(value, tag)
}

/** §4.14.1 */
export function startTlsRequest(id: number): Uint8Array {
  return message(id, writeDer(EXTENDED_REQUEST, text('1.3.6.1.4.1.1466.20037', 0x80)))
}

/** §4.2: version 3, simple. */
export function bindRequest(id: number, dn: string, password: string): Uint8Array {
  return message(id, writeDer(BIND_REQUEST, writeInteger('3'), text(dn), text(password, 0x80)))
}

export function unbindRequest(id: number): Uint8Array {
  return message(id, writeDer(UNBIND_REQUEST))
}

/** What is searched for, and how much of it is wanted at most. */
export type Search = Readonly<{
  base: string
  filter: BerFilter
  attribute: string
  entries: number
  seconds: number
}>

/** §4.5.1: the whole subtree, aliases not followed, values wanted. */
export function searchRequest(id: number, { base, filter, attribute, entries, seconds }: Search): Uint8Array {
  const enumerated = (value: number) => writeDer(ENUMERATED, Uint8Array.of(value))
  return message(
    id,
    writeDer(
      SEARCH_REQUEST,
      text(base),
      enumerated(2),
      enumerated(0),
      writeInteger(String(entries)),
      writeInteger(String(seconds)),
      writeDer(BOOLEAN, Uint8Array.of(0)),
      filter,
      writeDer(TAG.sequence, text(attribute)),
    ),
  )
}

/**
 * How many octets the first message in `octets` has, 0 when that is not known yet; or why there can be none. Nothing is
 * waited for that is longer than `MESSAGE_OCTETS`.
 */
export function messageLength(octets: Uint8Array): number | Readonly<{ problem: string }> {
  if (octets.length > 0 && octets[0] !== TAG.sequence) return { problem: 'says something that is not LDAP' }
  if (octets.length < 2) return 0
  const lead = octets[1]!
  if (lead < 0x80) return 2 + lead
  const size = lead & 0x7f
  if (size === 0 || size > 4) return { problem: 'sends a message of no definite length' }
  if (octets.length < 2 + size) return 0
  let length = 0
  for (const octet of octets.subarray(2, 2 + size)) length = length * 256 + octet
  return length > MESSAGE_OCTETS ? { problem: 'sends a message that is too long' } : 2 + size + length
}

/** Reads one message; a problem when it is none of those that may come. */
export function readMessage(octets: Uint8Array): ServerMessage | Readonly<{ problem: string }> {
  const tlv = readDer(octets, 'ber')
  if ('problem' in tlv) return { problem: `sends a broken message (${tlv.problem})` }
  const [number, operation, controls, more] = tlv.members
  const id = number?.tag === TAG.integer ? Number(readInteger(number.content)) : Number.NaN
  const isMessage = more === undefined && (controls === undefined || controls.tag === 0xa0)
  if (operation === undefined || !isMessage || !Number.isSafeInteger(id)) return UNKNOWN
  const kind = RESULTS.get(operation.tag as 0x61)
  if (kind !== undefined) {
    const [code] = operation.members
    return code?.tag === ENUMERATED && code.content.length === 1
      ? { id, kind, code: code.content[0]! }
      : UNKNOWN
  }
  if (operation.tag === SEARCH_REFERENCE) return { id, kind: 'reference' }
  const attributes = operation.tag === SEARCH_ENTRY ? readEntry(operation) : undefined
  return attributes === undefined ? UNKNOWN : { id, kind: 'entry', attributes }
}

const UNKNOWN = { problem: 'sends a message that was not asked for' }

/** §4.5.2: a name, then a list of attributes: name and set of values. */
function readEntry({ members }: Tlv) {
  const [name, list, more] = members
  if (name?.tag !== OCTET_STRING || list?.tag !== TAG.sequence || more !== undefined) return undefined
  const attributes: { name: string; values: Uint8Array[] }[] = []
  for (const { tag, members } of list.members) {
    const [type, set, more] = members
    const isAttribute = tag === TAG.sequence && type?.tag === OCTET_STRING && set?.tag === TAG.set
    if (!isAttribute || more !== undefined || set.members.some((value) => value.tag !== OCTET_STRING))
      return undefined
    const values = set.members.map(({ content }) => content)
    // Names are of ASCII (RFC 4512 §2.5); another one is no name that is looked for.
    attributes.push({ name: Buffer.from(type.content).toString('latin1'), values })
  }
  return attributes
}
