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

/** Reads clearance constraints (RFC 5913 §3): SEQUENCE OF Clearance, at least one. */
export function decodeConstraints(octets: Uint8Array): readonly X501Clearance[] | DerProblem {
  const sequence = readDer(octets, 'ber')
  if ('problem' in sequence) return sequence
  if (sequence.tag !== TAG.sequence || sequence.members.length === 0)
    return { problem: 'not a SEQUENCE of clearances', at: 0 }
  const clearances: X501Clearance[] = []
  for (const member of sequence.members) {
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
  const classList = rest[0]?.tag === tags.classes ? rest.shift() : undefined
  const set = rest[0]?.tag === tags.categories ? rest.shift() : undefined
  if (rest.length > 0) return { problem: 'a member that is not of a Clearance', at: 0 }
  const classifications = classList === undefined ? [UNCLASSIFIED] : readBits(classList.content)
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
