/**
 * The ESS security label (RFC 2634 §3.2, X.411 §8.5.9, X.841).
 *
 *   ESSSecurityLabel ::= SET {
 *     security-policy-identifier OBJECT IDENTIFIER OPTIONAL,   -- RFC 2634: mandatory
 *     security-classification    INTEGER (0..256) OPTIONAL,
 *     privacy-mark               CHOICE { PrintableString (SIZE 1..128), UTF8String } OPTIONAL,
 *     security-categories        SET SIZE (1..64) OF SecurityCategory OPTIONAL }
 *
 * No member is tagged: each is known by its universal tag, and DER orders a SET by tag number (INTEGER 2, OID 6,
 * UTF8String 12, SET 17, PrintableString 19). A UTF-8 mark so stands before the categories and a printable one behind.
 *
 * `ber` reads what the field has: any order, indefinite and padded lengths, strings in segments, category values under
 * 81. `der` is the wire's: it re-encodes and compares, and a mark of either type has at most 128 characters there.
 */
import { MAX_CATEGORIES, readCategories, type SecurityCategory, writeCategories } from './category.ts'
import {
  compareOctets,
  type DerProblem,
  isPrintableString,
  readDer,
  readInteger,
  readOid,
  readString,
  TAG,
  type Tlv,
  writeDer,
  writeInteger,
  writeOid,
  writeUtf8,
} from './der.ts'

/** A label as it is encoded, not yet bound to a policy: numbers, not names. */
export type EssLabel = Readonly<{
  /** Dotted decimal. Without it a label decides nothing. */
  policy?: string
  /** 0 to 256; the SPIF's `lacv`, not a rank. */
  classification?: number
  privacyMark?: Readonly<{ text: string; type: 'printable' | 'utf8' }>
  categories: readonly SecurityCategory[]
}>

/** The highest classification (X.411 ub-integer-options). */
const MAX_CLASSIFICATION = 256
/** Longest PrintableString mark in characters (ub-privacy-mark-length), and longest mark of either type on the wire. */
const MAX_PRINTABLE_MARK = 128
/** Longest UTF8String mark in characters. RFC 2634 sets no limit (SIZE 1..MAX); this one is ours. */
export const MAX_PRIVACY_MARK = 1024

/** Reads one label that fills `octets`. */
export function decodeEss(octets: Uint8Array, rules: 'der' | 'ber'): EssLabel | DerProblem {
  const set = readDer(octets, rules)
  if ('problem' in set) return set
  const label = readEss(set, rules)
  if ('problem' in label || rules === 'ber') return label
  if (label.categories.some((c) => c.syntax === 'unknown'))
    return { problem: 'an unknown category type', at: 0 }
  if (compareOctets(encodeEss(label), octets) !== 0) return { problem: 'not in DER', at: 0 }
  return label
}

/** Reads the EquivalentLabels attribute value (RFC 2634 §3.4): SEQUENCE OF ESSSecurityLabel, at least one. */
export function decodeEquivalentLabels(octets: Uint8Array): readonly EssLabel[] | DerProblem {
  const sequence = readDer(octets, 'ber')
  if ('problem' in sequence) return sequence
  if (sequence.tag !== TAG.sequence || sequence.members.length === 0)
    return { problem: 'not a SEQUENCE of labels', at: 0 }
  const labels: EssLabel[] = []
  for (const member of sequence.members) {
    const label = readEss(member, 'ber')
    if ('problem' in label) return label
    labels.push(label)
  }
  return labels
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function readEss(set: Tlv, rules: 'der' | 'ber'): EssLabel | DerProblem {
  if (set.tag !== TAG.set) return { problem: 'not a SET', at: 0 }
  const seen = new Map<number, Tlv>()
  for (const member of set.members) {
    if (seen.has(member.tag)) return { problem: 'a member twice', at: 0 }
    seen.set(member.tag, member)
  }
  const label: Mutable<EssLabel> = { categories: [] }
  for (const [tag, member] of seen) {
    if (tag === TAG.oid) {
      const policy = readOid(member)
      if (policy === undefined) return { problem: 'a policy that is not an object identifier', at: 0 }
      label.policy = policy
    } else if (tag === TAG.integer) {
      const number = readInteger(member.content)
      if (number === undefined || Number(number) > MAX_CLASSIFICATION) {
        return { problem: 'a classification that is not 0 to 256', at: 0 }
      }
      label.classification = Number(number)
    } else if (tag === TAG.utf8String || tag === TAG.printableString) {
      const text = readString(member)
      if (label.privacyMark !== undefined) return { problem: 'two privacy marks', at: 0 }
      const most = rules === 'der' || tag === TAG.printableString ? MAX_PRINTABLE_MARK : MAX_PRIVACY_MARK
      if (text === undefined || !fitsPrivacyMark(text, most)) return { problem: 'a bad privacy mark', at: 0 }
      label.privacyMark = { text, type: tag === TAG.utf8String ? 'utf8' : 'printable' }
    } else if (tag === TAG.set) {
      const read = readCategories(member, rules, 'label')
      if ('problem' in read) return read
      label.categories = read
    } else {
      return { problem: `a member with tag ${tag}`, at: 0 }
    }
  }
  return label
}

/** Whether a text is 1 to `most` code points. */
export function fitsPrivacyMark(text: string, most: number = MAX_PRIVACY_MARK): boolean {
  return text !== '' && text.length <= 2 * most && [...text].length <= most
}

/** The type that a mark is written as: PrintableString where it can be and fits, else UTF8String. */
export function privacyMarkType(text: string): 'printable' | 'utf8' {
  return isPrintableString(text) && fitsPrivacyMark(text, MAX_PRINTABLE_MARK) ? 'printable' : 'utf8'
}

/** The label in DER. Throws RangeError on what no label can hold (the model's makers check before). */
export function encodeEss(label: EssLabel): Uint8Array {
  const { classification, policy, privacyMark: mark, categories } = label
  if (categories.length > MAX_CATEGORIES) throw new RangeError('more than 64 categories')
  const parts: Uint8Array[] = []
  if (classification !== undefined) parts.push(writeInteger(String(classification)))
  if (policy !== undefined) parts.push(writeOid(policy))
  if (mark?.type === 'utf8') parts.push(writeUtf8(mark.text))
  if (categories.length > 0) parts.push(writeCategories(categories, 'label'))
  if (mark?.type === 'printable') {
    if (!isPrintableString(mark.text)) throw new RangeError('a privacy mark that is not a PrintableString')
    parts.push(writeUtf8(mark.text, TAG.printableString))
  }
  return writeDer(TAG.set, ...parts)
}
