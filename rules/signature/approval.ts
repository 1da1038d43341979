/**
 * Whether a bundle may be run: signed by two people of different roles, within its time, and the successor of the one before.
 *
 * `release` checks the same with code of its own (guard/release/signature.ts); a test compares the two.
 */
import type { Bundle } from '../bundle/bundle.ts'
import { formatDate } from '../text/date.ts'
import { fingerprint } from './key.ts'
import { EncodingError } from './octets.ts'
import { ROLES, readSigners, type Signer } from './signers.ts'
import { readSignature } from './sshsig.ts'

/** A signature as it was found: the name of its file, for messages, and its text. */
export type SignatureFile = Readonly<{ file: string; text: string }>

/** Who signed; `until` is the second from which on it holds no more, as far as keys go. */
export type Approval = Readonly<{ signers: readonly Signer[]; until?: number }>

/** Problems are lines that say what is wrong and what to do. */
export type Problems = Readonly<{ problems: readonly string[] }>

/** Whether two people of different roles have signed these octets with keys that count at `now` (seconds since 1970). */
export function approvalOf(
  octets: Uint8Array,
  signatures: readonly SignatureFile[],
  allowed: string,
  now: number,
): Approval | Problems {
  const known = readSigners(allowed)
  if ('problems' in known) return { problems: known.problems.map((problem) => `allowed signers, ${problem}`) }
  if (signatures.length === 0) {
    return {
      problems: ['the bundle is unsigned: have its author and its accreditor sign it (sallyport rules sign)'],
    }
  }
  const problems: string[] = []
  const signers: Signer[] = []
  for (const { file, text } of signatures) {
    const signer = signerOf(octets, text, known, now)
    if ('problem' in signer) problems.push(`${file}: ${signer.problem}`)
    else if (!signers.includes(signer)) signers.push(signer)
  }
  const missing = ROLES.filter((role) => !signers.some((signer) => signer.role === role))
  if (missing.length > 0 && signers.length > 0) {
    const who = signers.map((signer) => signer.principal).join(' and ')
    problems.push(
      `the bundle is half-signed: ${who} signed it, no ${missing.join(' and no ')}: have one sign it`,
    )
  }
  if (problems.length > 0) return { problems }
  const ends = signers.flatMap(({ before }) => before ?? [])
  return { signers, ...(ends.length === 0 ? {} : { until: Math.min(...ends) }) }
}

/** The signer of a signature that verifies and counts. */
function signerOf(
  octets: Uint8Array,
  armoured: string,
  known: readonly Signer[],
  now: number,
): Signer | Readonly<{ problem: string }> {
  try {
    const { key, signature, signed } = readSignature(armoured)
    const signer = known.find((one) => Buffer.compare(one.key.blob, key) === 0)
    if (signer === undefined) {
      return { problem: `the key ${fingerprint(key)} is not among the allowed signers` }
    }
    if (!signer.key.verifies(signed(octets), signature)) {
      return {
        problem: `${signer.principal} signed something else: the bundle was altered, or is another one`,
      }
    }
    if (signer.after !== undefined && now < signer.after) {
      return { problem: `the key of ${signer.principal} does not count before ${formatDate(signer.after)}` }
    }
    if (signer.before !== undefined && now >= signer.before) {
      return { problem: `the key of ${signer.principal} no longer counts since ${formatDate(signer.before)}` }
    }
    return signer
  } catch (error) {
    if (error instanceof EncodingError) return { problem: error.message }
    throw error
  }
}

/** What the time has against a bundle at `now`; undefined when nothing. */
export function outOfTime({ validity = {} }: Pick<Bundle, 'validity'>, now: number): string | undefined {
  const { notBefore, notAfter } = validity
  if (notBefore !== undefined && now < notBefore) {
    return `the bundle is not valid before ${formatDate(notBefore)}: run the one before until then`
  }
  if (notAfter !== undefined && now >= notAfter) {
    return `the bundle has expired at ${formatDate(notAfter)}: install its successor`
  }
  return undefined
}

/** A bundle that a guard has run. */
export type Predecessor = Readonly<{ version: number; digest: string }>

/** What stands against a bundle as the successor of another: its version must be higher and name the one that it replaces. */
export function notSuccessor(
  { version, validity }: Pick<Bundle, 'version' | 'validity'>,
  digest: string,
  before: Predecessor,
): string | undefined {
  if (digest === before.digest) return undefined
  if (version <= before.version) {
    return `the bundle has the version ${version}, and version ${before.version} has been in use: an older bundle is not run again`
  }
  if (validity?.replaces !== before.digest) {
    const says = validity?.replaces === undefined ? 'nothing' : validity.replaces
    return `the bundle replaces ${says}, and ${before.digest} has been in use: compile it with validity.replaces: ${before.digest}`
  }
  return undefined
}
