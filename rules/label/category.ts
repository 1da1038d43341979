/**
 * The SecurityCategory of ESS labels and X.501 clearances, with the syntaxes that are in use.
 *
 *   SecurityCategory ::= SEQUENCE { type [0] IMPLICIT OBJECT IDENTIFIER, value [1] ANY DEFINED BY type }
 *
 * `value` is an open type, so its tag is explicit: A1. RFC 3114, 5755 and 7906 samples have a primitive 81 around the
 * same octets; it is read where BER is, and never written (reference: RFC 2634 §3.2, X.411, ACP-145(A)).
 *
 * Known syntaxes: ACP-145(A) common (…8.3.0 to .4), the MISSI of SDN.801 for labels (…8.1) and clearances
 * (…8.2), and the SEQUENCE OF UTF8String of RFC 3114. Anything else is kept as octets, so that it can be shown; nothing
 * that decides admits it.
 */

import {
  compareOctets,
  type DerProblem,
  rawTlv,
  readBits,
  readDer,
  readInteger,
  readOid,
  readString,
  TAG,
  type Tlv,
  taggedBits,
  writeBits,
  writeDer,
  writeInteger,
  writeOid,
  writeSetOf,
  writeUtf8,
} from './der.ts'
import { type CategoryKind, compareNumbers, isEnumerated, KINDS } from './kind.ts'
import { isOid } from './oid.ts'

/** How the numbers of a category stand: in a BIT STRING or in a SET OF INTEGER. */
export type Encoding = 'bits' | 'integers'

/** One tag of the MISSI syntax. `enumerated` is restrictive or permissive as the SPIF says. */
export type MissiTag = Readonly<{
  kind: 'restrictive' | 'permissive' | 'enumerated' | 'informative'
  /** A security level that the label repeats beside the classification. */
  level?: string
  encoding: Encoding
  values: readonly string[]
}>

/** Values are canonical decimal numbers in ascending order without repetition. */
export type SecurityCategory =
  | Readonly<{
      syntax: 'acp145'
      kind: CategoryKind
      tagSet: string
      encoding: Encoding
      values: readonly string[]
    }>
  | Readonly<{
      syntax: 'missi'
      policy?: string
      tagSets: readonly Readonly<{ tagSet: string; tags: readonly MissiTag[] }>[]
    }>
  | Readonly<{ syntax: 'text'; type: string; strings: readonly string[] }>
  | Readonly<{ syntax: 'unknown'; type: string; octets: Uint8Array }>

/** The arc of ACP-145(A) common security category syntaxes. */
const ACP145 = '2.16.840.1.101.2.1.8.3'
/** The MISSI syntax of labels (SDN.801c MissiSecurityCategories). */
export const MISSI_LABEL = '2.16.840.1.101.2.1.8.1'
/** The MISSI syntax of clearances (SDN.801c SSLPrivileges). */
const MISSI_CLEARANCE = '2.16.840.1.101.2.1.8.2'
/** RFC 3114 §3: text categories of its sample policies. */
const RFC3114_CATEGORIES = '1.2.840.113549.1.9.16.7.4'

/** Most categories of a label (X.411 ub-security-categories). */
export const MAX_CATEGORIES = 64
/** Highest bit of a bit map. */
export const MAX_BIT = 16_777_215
const MAX_VALUES = 65_536

const MISSI_TAGS: readonly (readonly [number, MissiTag['kind']])[] = [
  [0xa1, 'restrictive'],
  [0xa2, 'enumerated'],
  [0xa6, 'permissive'],
  [0xa7, 'informative'],
]

/** Reads a SET OF SecurityCategory. `rules` as in `readDer`: `der` admits A1 only. */
export function readCategories(
  set: Tlv,
  rules: 'der' | 'ber',
  holder: 'label' | 'clearance',
): readonly SecurityCategory[] | DerProblem {
  if (set.members.length === 0) return { problem: 'no category in the set of categories', at: 0 }
  if (set.members.length > MAX_CATEGORIES) return { problem: 'more than 64 categories', at: 0 }
  const categories: SecurityCategory[] = []
  const seen = new Set<string>()
  for (const member of set.members) {
    const category = readCategory(member, rules, holder)
    if ('problem' in category) return category
    const key = categoryKey(category)
    if (seen.has(key)) return { problem: 'a category twice', at: 0 }
    seen.add(key)
    categories.push(category)
  }
  return categories
}

/** What may stand once: the tag set and kind (and encoding of an informative one), else the type. */
function categoryKey(category: SecurityCategory): string {
  if (category.syntax === 'acp145') return `${category.kind} ${category.encoding} ${category.tagSet}`
  return category.syntax === 'missi' ? 'missi' : `type ${category.type}`
}

function readCategory(
  tlv: Tlv,
  rules: 'der' | 'ber',
  holder: 'label' | 'clearance',
): SecurityCategory | DerProblem {
  const [typeTlv, valueTlv] = tlv.members
  const type = readOid(typeTlv, 0x80)
  if (tlv.tag !== TAG.sequence || tlv.members.length !== 2 || type === undefined || valueTlv === undefined) {
    return { problem: 'not a SecurityCategory', at: 0 }
  }
  let value: Tlv | DerProblem | undefined
  if (valueTlv.tag === 0xa1 && valueTlv.members.length === 1) value = valueTlv.members[0]
  else if (valueTlv.tag === 0x81 && rules === 'ber') value = readDer(valueTlv.content, 'ber')
  if (value === undefined) return { problem: 'a category value without its tag', at: 0 }
  if ('problem' in value) return value
  const category = readValue(type, value, holder)
  return category ?? { problem: `a value that is not of category type ${type}`, at: 0 }
}

function readValue(type: string, value: Tlv, holder: 'label' | 'clearance'): SecurityCategory | undefined {
  const kind = acp145Kind(type)
  if (kind !== undefined) return readAcp145(kind, value)
  if (type === MISSI_LABEL && holder === 'label') return readMissiLabel(value)
  if (type === MISSI_CLEARANCE && holder === 'clearance') return readMissiClearance(value)
  if (type === RFC3114_CATEGORIES) return readText(type, value)
  return { syntax: 'unknown', type, octets: rawTlv(value) }
}

function acp145Kind(type: string): CategoryKind | undefined {
  if (!type.startsWith(`${ACP145}.`)) return undefined
  return KINDS.find((_, arc) => type === `${ACP145}.${arc}`)
}

function readAcp145(kind: CategoryKind, value: Tlv): SecurityCategory | undefined {
  const tagSet = readOid(value.members[0])
  const field = value.members[1]
  if (value.tag !== TAG.sequence || value.members.length !== 2 || tagSet === undefined || field === undefined)
    return undefined
  const numbers = readNumbers(field)
  if (numbers === undefined) return undefined
  if (kind !== 'informative' && (numbers.encoding === 'integers') !== isEnumerated(kind)) return undefined
  return { syntax: 'acp145', kind, tagSet, ...numbers }
}

function readNumbers(field: Tlv): Readonly<{ encoding: Encoding; values: readonly string[] }> | undefined {
  if (field.tag === TAG.bitString) return numbersOfBits(field.content)
  if (field.tag === TAG.set) return numbersOfSet(field.members)
  return undefined
}

function numbersOfBits(
  content: Uint8Array,
): Readonly<{ encoding: Encoding; values: readonly string[] }> | undefined {
  if (content.length > 1 + (MAX_BIT + 1) / 8) return undefined
  const bits = readBits(content)
  return bits === undefined || bits.length > MAX_VALUES
    ? undefined
    : { encoding: 'bits', values: bits.map(String) }
}

function numbersOfSet(
  members: readonly Tlv[],
): Readonly<{ encoding: Encoding; values: readonly string[] }> | undefined {
  if (members.length > MAX_VALUES) return undefined
  const values = new Set<string>()
  for (const member of members) {
    const value = member.tag === TAG.integer ? readInteger(member.content) : undefined
    if (value === undefined || values.has(value)) return undefined
    values.add(value)
  }
  return { encoding: 'integers', values: [...values].sort(compareNumbers) }
}

function readText(type: string, value: Tlv): SecurityCategory | undefined {
  if (value.tag !== TAG.sequence || value.members.length === 0) return undefined
  const strings: string[] = []
  for (const member of value.members) {
    const string = member.tag === TAG.utf8String ? readString(member) : undefined
    if (string === undefined) return undefined
    strings.push(string)
  }
  return { syntax: 'text', type, strings }
}

function readMissiLabel(value: Tlv): SecurityCategory | undefined {
  const inner = value.tag === TAG.sequence ? value.members[1] : value
  const policy = value.tag === TAG.sequence ? readOid(value.members[0]) : undefined
  if (value.tag === TAG.sequence && (value.members.length !== 2 || policy === undefined)) return undefined
  return readMissi(inner, policy, readMissiLabelTag)
}

function readMissiClearance(value: Tlv): SecurityCategory | undefined {
  return readMissi(value, undefined, readMissiClearanceTag)
}

function readMissi(
  value: Tlv | undefined,
  policy: string | undefined,
  readTag: (tlv: Tlv) => MissiTag | undefined,
): SecurityCategory | undefined {
  if (value?.tag !== TAG.set) return undefined
  const tagSets: { tagSet: string; tags: MissiTag[] }[] = []
  for (const named of value.members) {
    const tagSet = readOid(named.members[0])
    const list = named.members[1]
    if (named.tag !== TAG.sequence || named.members.length !== 2 || tagSet === undefined) return undefined
    if (list?.tag !== TAG.sequence || tagSets.some((other) => other.tagSet === tagSet)) return undefined
    const tags: MissiTag[] = []
    for (const member of list.members) {
      const tag = readTag(member)
      if (tag === undefined || tags.some((t) => t.kind === tag.kind && t.encoding === tag.encoding))
        return undefined
      tags.push(tag)
    }
    tagSets.push({ tagSet, tags })
  }
  return { syntax: 'missi', ...(policy === undefined ? {} : { policy }), tagSets }
}

function readMissiLabelTag(tlv: Tlv): MissiTag | undefined {
  const kind = MISSI_TAGS.find(([tag]) => tag === tlv.tag)?.[1]
  if (kind === undefined) return undefined
  const members = [...tlv.members]
  let level: string | undefined
  if (kind !== 'informative' && members.length === 2 && members[0]?.tag === TAG.integer) {
    level = readInteger(members.shift()!.content)
    if (level === undefined) return undefined
  }
  const numbers = members.length === 1 ? readNumbers(members[0]!) : undefined
  if (numbers === undefined) return undefined
  if (kind !== 'informative' && (numbers.encoding === 'integers') !== (kind === 'enumerated'))
    return undefined
  return { kind, ...(level === undefined ? {} : { level }), ...numbers }
}

/** SSLPrivileges: implicit tags without level, so [1] and [6] are a bit map (in BER also in segments), A2 integers. */
function readMissiClearanceTag(tlv: Tlv): MissiTag | undefined {
  if (tlv.tag === 0xa2) {
    const numbers = numbersOfSet(tlv.members)
    return numbers === undefined ? undefined : { kind: 'enumerated', ...numbers }
  }
  const kind = (tlv.tag & 0x1f) === 1 ? 'restrictive' : 'permissive'
  const bits = taggedBits(tlv, kind === 'restrictive' ? 0x81 : 0x86)
  const numbers = bits === undefined ? undefined : numbersOfBits(bits)
  return numbers === undefined ? undefined : { kind, ...numbers }
}

/** A SET OF SecurityCategory in DER. Unknown syntaxes are written as they were read. */
export function writeCategories(
  categories: readonly SecurityCategory[],
  holder: 'label' | 'clearance',
  tag: number = TAG.set,
): Uint8Array {
  const members = categories.map((category) => writeCategory(category, holder)).sort(compareOctets)
  return writeDer(tag, ...members)
}

function writeCategory(category: SecurityCategory, holder: 'label' | 'clearance'): Uint8Array {
  const [type, value] = categoryValue(category, holder)
  if (!isOid(type)) throw new RangeError(`not a category type: ${type}`)
  return writeDer(TAG.sequence, writeOid(type, 0x80), writeDer(0xa1, value))
}

function categoryValue(
  category: SecurityCategory,
  holder: 'label' | 'clearance',
): readonly [string, Uint8Array] {
  switch (category.syntax) {
    case 'acp145':
      return [
        `${ACP145}.${KINDS.indexOf(category.kind)}`,
        writeDer(TAG.sequence, writeOid(category.tagSet), writeNumbers(category)),
      ]
    case 'missi':
      return holder === 'label'
        ? [MISSI_LABEL, writeMissiLabel(category)]
        : [MISSI_CLEARANCE, writeMissiClearance(category)]
    case 'text':
      return [category.type, writeDer(TAG.sequence, ...category.strings.map((s) => writeUtf8(s)))]
    case 'unknown':
      return [category.type, category.octets]
  }
}

function writeNumbers(numbers: Readonly<{ encoding: Encoding; values: readonly string[] }>): Uint8Array {
  if (numbers.encoding === 'integers') return writeSetOf(numbers.values.map(writeInteger))
  return writeBits(numbers.values.map(bitNumber))
}

function bitNumber(value: string): number {
  const bit = Number(value)
  if (!(bit <= MAX_BIT)) throw new RangeError(`bit ${value} is above ${MAX_BIT}`)
  return bit
}

type Missi = Extract<SecurityCategory, { syntax: 'missi' }>

function writeMissiLabel(category: Missi): Uint8Array {
  const set = writeMissiSets(category, (tag) => {
    const outer = MISSI_TAGS.find(([, kind]) => kind === tag.kind)![0]
    return writeDer(outer, ...(tag.level === undefined ? [] : [writeInteger(tag.level)]), writeNumbers(tag))
  })
  return category.policy === undefined ? set : writeDer(TAG.sequence, writeOid(category.policy), set)
}

function writeMissiClearance(category: Missi): Uint8Array {
  return writeMissiSets(category, (tag) => {
    const number = tag.kind === 'restrictive' ? 0x81 : tag.kind === 'permissive' ? 0x86 : 0xa2
    const value = writeNumbers(tag)
    return Uint8Array.from([number, ...value.subarray(1)])
  })
}

function writeMissiSets(category: Missi, writeTag: (tag: MissiTag) => Uint8Array): Uint8Array {
  return writeSetOf(
    category.tagSets.map(({ tagSet, tags }) =>
      writeDer(TAG.sequence, writeOid(tagSet), writeDer(TAG.sequence, ...tags.map(writeTag))),
    ),
  )
}
