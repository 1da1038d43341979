/**
 * A clearance as files and directories hold it: a ConfidentialityClearance of STANAG 4774 (XML), an X.501 Clearance or the
 * whole attribute that holds some (BER), and either of them in base64 or base64url, as directories and tokens carry them
 * (ADatP-4774.1 ch. 5).
 *
 * What a clearance names and its policy does not know grants nothing. One that cannot be read, or is of a policy that is
 * not at hand, grants nothing either, and is told.
 */
import { bind4774Clearance, bindX501, type Clearance } from '../../rules/clearance/clearance.ts'
import { read4774Clearance } from '../../rules/clearance/stanag4774.ts'
import { decodeClearanceAttribute, decodeX501 } from '../../rules/clearance/x501.ts'
import { isBlank, trimBlanks } from '../../rules/label/blanks.ts'
import { type BindingProblem, isProblem } from '../../rules/label/label.ts'
import { withoutBlanks } from '../../rules/label/xep0258.ts'
import { refused } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { decodeBase64 } from '../../rules/text/base64.ts'
import { parseText } from '../../rules/xml/parse.ts'

/** What one value grants, by itself, and what of it cannot be used, a line each. */
export type ReadClearances = Readonly<{ clearances: readonly Clearance[]; problems: readonly string[] }>

/** Octets of the longest value. */
const LONGEST = 64 * 1024
const LIMITS = { stanzaBytes: LONGEST, depth: 16 }

/** Reads a value under the policies at hand. Never throws on input. */
export function readClearances(octets: Uint8Array, policies: readonly Spif[]): ReadClearances {
  if (octets.length > LONGEST) return unusable(`has more than ${LONGEST} octets`)
  if (octets[0] === 0x30) return readBinary(octets, policies)
  const text = decoded(octets)
  if (text === undefined) return unusable('is neither text nor BER')
  if (isXml(octets)) return readXml(text, policies)
  const inner = decodeAnyBase64(text)
  if (inner === undefined || inner.length === 0) return unusable('is no XML, no BER and no base64')
  if (inner[0] === 0x30) return readBinary(inner, policies)
  const xml = isXml(inner) ? decoded(inner) : undefined
  return xml === undefined ? unusable('is base64 of neither XML nor BER') : readXml(xml, policies)
}

function unusable(problem: string): ReadClearances {
  return { clearances: [], problems: [problem] }
}

function decoded(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return undefined
  }
}

function isXml(octets: Uint8Array): boolean {
  return octets.find((octet) => !isBlank(octet)) === 0x3c
}

/** RFC 4648 §4 or §5, with blanks between and with or without padding. */
function decodeAnyBase64(text: string): Uint8Array | undefined {
  const plain = withoutBlanks(text).replaceAll('-', '+').replaceAll('_', '/')
  return decodeBase64(plain + (plain.endsWith('=') ? '' : '='.repeat((4 - (plain.length % 4)) % 4)))
}

function readXml(text: string, policies: readonly Spif[]): ReadClearances {
  const node = parseText(trimBlanks(text.replace(/^<\?xml [^<>]{0,100}\?>/, '')), LIMITS)
  if (refused(node)) return unusable(`is not usable XML (${node.refused})`)
  const read = read4774Clearance(node, 'lenient')
  if ('problem' in read) return unusable(`is no ConfidentialityClearance: ${read.problem}`)
  const { clearance } = read
  return underOne(
    policies.map((spif) => bind4774Clearance(spif, clearance)),
    clearance.policyName,
  )
}

function readBinary(octets: Uint8Array, policies: readonly Spif[]): ReadClearances {
  const one = decodeX501(octets)
  const many = 'problem' in one ? decodeClearanceAttribute(octets) : [one]
  if ('problem' in many) return unusable(`is no clearance in BER: ${'problem' in one ? one.problem : ''}`)
  const all = many.map((each) =>
    underOne(
      policies.map((spif) => bindX501(spif, each)),
      each.policy,
    ),
  )
  return {
    clearances: all.flatMap(({ clearances }) => clearances),
    problems: all.flatMap(({ problems }) => problems),
  }
}

/** The clearance under the one policy that it is of. */
function underOne(bound: readonly (Clearance | BindingProblem)[], policy: string): ReadClearances {
  const clearances = bound.filter((each): each is Clearance => !isProblem(each))
  if (clearances.length > 0) return { clearances, problems: [] }
  const other = bound.find((each) => isProblem(each) && each.problem !== 'wrong-policy')
  return unusable(
    other !== undefined && isProblem(other)
      ? `is of the policy ${JSON.stringify(policy)}: ${other.problem}`
      : `is of the policy ${JSON.stringify(policy)}, which is not listed`,
  )
}
