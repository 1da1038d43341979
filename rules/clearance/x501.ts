/**
 * The Clearance attribute of X.501, in the two encodings in use (RFC 5755 §4.4.6, and RFC 3281 with implicit tags).
 *
 *   Clearance ::= SEQUENCE {
 *     policyId            [0] OBJECT IDENTIFIER,                        -- RFC 5755: no tags
 *     classList           [1] BIT STRING DEFAULT { unclassified },
 *     securityCategories  [2] SET OF SecurityCategory OPTIONAL }
 *
 * An absent classList is { unclassified }, bit 1; an empty one grants no class. DER leaves the default out, so bit 1 alone
 * is written by leaving it out. Always written in the form of RFC 5755.
 */
import { readCategories, type SecurityCategory, writeCategories } from '../label/category.ts'
import {
  type DerProblem,
  readBits,
  readDer,
  readOid,
  TAG,
  type Tlv,
  taggedBits,
  writeBits,
  writeDer,
  writeOid,
} from '../label/der.ts'

/** A clearance as it is encoded, not yet bound to a policy. */
export type X501Clearance = Readonly<{
  policy: string
  /** Bit numbers, ascending: the `lacv` of classes. */
  classifications: readonly number[]
  categories: readonly SecurityCategory[]
}>

const UNCLASSIFIED = 1

/** Reads one Clearance that fills `octets`, in BER. */
export function decodeX501(octets: Uint8Array): X501Clearance | DerProblem {
  const sequence = readDer(octets, 'ber')
  return 'problem' in sequence ? sequence : readClearance(sequence)
}

/** The attribute's type: of X.501 and RFC 5755, and of RFC 3281. */
const ATTRIBUTE_TYPES: readonly string[] = ['2.5.4.55', '2.5.1.5.55']

/**
 * Reads the whole clearance attribute (RFC 5755 §4.1: SEQUENCE of type and SET OF values): what one subject holds, at
 * least one Clearance. Either type may have values in either tag form.
 */
export function decodeClearanceAttribute(octets: Uint8Array): readonly X501Clearance[] | DerProblem {
  const attribute = readDer(octets, 'ber')
  if ('problem' in attribute) return attribute
  const [type, values, more] = attribute.members
  if (attribute.tag !== TAG.sequence || values?.tag !== TAG.set || more !== undefined)
    return { problem: 'not an attribute', at: 0 }
  if (!ATTRIBUTE_TYPES.includes(readOid(type) ?? ''))
    return { problem: 'an attribute that is not a clearance', at: 0 }
  return readClearances(values.members)
}

/** Reads clearance constraints (RFC 5913 §3): SEQUENCE OF Clearance, at least one. */
export function decodeConstraints(octets: Uint8Array): readonly X501Clearance[] | DerProblem {
  const sequence = readDer(octets, 'ber')
  if ('problem' in sequence) return sequence
  if (sequence.tag !== TAG.sequence) return { problem: 'not a SEQUENCE of clearances', at: 0 }
  return readClearances(sequence.members)
}

function readClearances(members: readonly Tlv[]): readonly X501Clearance[] | DerProblem {
  if (members.length === 0) return { problem: 'no clearance', at: 0 }
  const clearances: X501Clearance[] = []
  for (const member of members) {
    const clearance = readClearance(member)
    if ('problem' in clearance) return clearance
    clearances.push(clearance)
  }
  return clearances
}

const PLAIN = { policy: TAG.oid, classes: TAG.bitString, categories: TAG.set } as const
const TAGGED = { policy: 0x80, classes: 0x81, categories: 0xa2 } as const

function readClearance(sequence: Tlv): X501Clearance | DerProblem {
  const [first, ...rest] = sequence.members
  const tags = first?.tag === TAGGED.policy ? TAGGED : PLAIN
  const policy = readOid(first, tags.policy)
  if (sequence.tag !== TAG.sequence || policy === undefined) return { problem: 'not a Clearance', at: 0 }
  const classList = rest[0] === undefined ? undefined : taggedBits(rest[0], tags.classes)
  if (classList !== undefined) rest.shift()
  const set = rest[0]?.tag === tags.categories ? rest.shift() : undefined
  if (rest.length > 0) return { problem: 'a member that is not of a Clearance', at: 0 }
  const classifications = classList === undefined ? [UNCLASSIFIED] : readBits(classList)
  if (classifications === undefined || classifications.some((bit) => bit > 256)) {
    return { problem: 'a bad class list', at: 0 }
  }
  const categories = set === undefined ? [] : readCategories(set, 'ber', 'clearance')
  return 'problem' in categories ? categories : { policy, classifications, categories }
}

/** The clearance in DER. Throws RangeError on what no clearance can hold. */
export function encodeX501(clearance: X501Clearance): Uint8Array {
  const { policy, classifications, categories } = clearance
  const isDefault = classifications.length === 1 && classifications[0] === UNCLASSIFIED
  return writeDer(
    TAG.sequence,
    writeOid(policy),
    ...(isDefault ? [] : [writeBits(classifications)]),
    ...(categories.length === 0 ? [] : [writeCategories(categories, 'clearance')]),
  )
}
