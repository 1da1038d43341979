/**
 * Whether this bundle may be run where the configuration demands signatures: signed by two, in its time, and no older than the one before.
 */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import type { ApprovedBundle } from '../common/record.ts'
import { checkSignatures } from './signature.ts'

/** `until` (seconds since 1970): from then on the bundle is not to be run. `replaces` is the digest that it says it follows. */
export type Approval = Readonly<{ bundle: ApprovedBundle; until: number; replaces: string | undefined }>

/** Files and digest as the arguments of release name them. */
export type ApprovalFiles = Readonly<{
  bundle: string
  digest: string
  signers: readonly string[]
  signature: readonly string[]
}>

/** Reads and checks signatures and time. A problem is one line. */
export function approve(
  files: ApprovalFiles,
  { version, validity = {} }: Bundle,
): Approval | Readonly<{ problem: string }> {
  const bundle = files.bundle
  const now = Date.now() / 1000
  let checked: ReturnType<typeof checkSignatures>
  try {
    const text = (file: string): string => readFileSync(file, 'latin1')
    const octets = readFileSync(bundle)
    // The bundle in use was read before: the signatures must be of those octets, whatever is in the file by now.
    if (hash('sha256', octets) !== files.digest)
      return { problem: `bundle ${bundle}: was changed while it was read: put the approved file back` }
    const signers = files.signers.map(text).join('\n')
    checked = checkSignatures({ octets, signatures: files.signature.map(text), signers }, now)
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    return { problem: `${path}: cannot be read (${code}): give the signatures and the allowed signers` }
  }
  const problem = (what: string) => ({ problem: `bundle ${bundle}: ${what}` })
  if ('problem' in checked) return problem(`${checked.problem}: see "sallyport rules verify"`)
  const { notBefore = 0, notAfter = Number.POSITIVE_INFINITY, replaces } = validity
  if (now < notBefore) return problem('it is not valid yet: run the one before until then')
  if (now >= notAfter) return problem('it has expired: install its successor')
  return { bundle: { version, digest: files.digest }, until: Math.min(notAfter, checked.until), replaces }
}

/** What stands against a bundle after `before`, the last that release went by, as the journal has it. */
export function notSuccessor(
  { bundle, replaces }: Approval,
  before: ApprovedBundle | undefined,
): string | undefined {
  if (before === undefined || before.digest === bundle.digest) return undefined
  if (bundle.version <= before.version) {
    return `the bundle is version ${bundle.version}, and version ${before.version} has been in use: an older one is not run again`
  }
  if (replaces !== before.digest) {
    return `the bundle does not say that it replaces ${before.digest}, which has been in use`
  }
  return undefined
}
