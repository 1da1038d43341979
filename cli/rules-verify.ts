/**
 * sallyport rules verify: whether a guard that demands signatures would run this bundle now.
 *
 * Reads    the bundle, its signatures, the allowed-signers file, perhaps the bundle before and the sources
 * Writes   who signed, or everything that is in the way; exit code 1 then
 * Starts   nothing: signatures are verified here
 */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { compileRuleset } from '../rules/ruleset/compile.ts'
import { readDirectory } from '../rules/ruleset/directory.ts'
import { approvalOf, notSuccessor, outOfTime, type SignatureFile } from '../rules/signature/approval.ts'
import { formatDate } from '../rules/text/date.ts'
import { readNamedBundle, readNamedFile } from './rules-bundle.ts'
import { UsageError } from './usage.ts'

export function verifyRules(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      signers: { type: 'string' },
      signature: { type: 'string', multiple: true },
      after: { type: 'string' },
      sources: { type: 'string' },
    },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('verify needs one bundle')
  if (values.signers === undefined) throw new UsageError('verify needs --signers FILE: the allowed signers')
  const { bundle, octets, digest } = readNamedBundle(file)
  const now = Math.floor(Date.now() / 1000)

  const approval = approvalOf(
    octets,
    (values.signature ?? signaturesBeside(file)).map(readSignatureFile),
    readText(values.signers),
    now,
  )
  const before = values.after === undefined ? undefined : readNamedBundle(values.after)
  const problems = [
    ...('problems' in approval ? approval.problems : []),
    outOfTime(bundle, now),
    before && notSuccessor(bundle, digest, { version: before.bundle.version, digest: before.digest }),
    values.sources === undefined ? undefined : notCompiledFrom(values.sources, digest),
  ].filter((problem) => problem !== undefined)
  for (const problem of problems) process.stderr.write(`${file}: ${problem}\n`)
  if (problems.length > 0 || 'problems' in approval) return 1
  process.stdout.write(`${bundle.name} version ${bundle.version}, ${digest}\n`)
  for (const { principal, key } of approval.signers)
    process.stdout.write(`signed by ${principal} (${key.type})\n`)
  if (approval.until !== undefined) process.stdout.write(`keys count until ${formatDate(approval.until)}\n`)
  return 0
}

/** What stands against a bundle as what the sources of a directory compile to. */
function notCompiledFrom(directory: string, digest: string): string | undefined {
  const read = readDirectory(directory)
  const compiled = 'problems' in read ? read : compileRuleset(read.sources)
  if ('problems' in compiled) return `${directory} does not compile: see "sallyport rules check ${directory}"`
  if (compiled.digest === digest) return undefined
  return `${directory} compiles to ${compiled.digest}, not to this bundle: it was made of other sources`
}

/** The files BUNDLE.*.sig beside a bundle: where `sign` puts them. */
export function signaturesBeside(file: string): string[] {
  const begin = `${basename(file)}.`
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(begin) && name.endsWith('.sig'))
    .sort()
    .map((name) => join(dirname(file), name))
}

export function readSignatureFile(file: string): SignatureFile {
  return { file, text: readText(file) }
}

/** A text file in ASCII, as signatures and signers are; other octets are kept apart by being wrong. */
export function readText(file: string): string {
  return Buffer.from(readNamedFile(file, 'give its path')).toString('latin1')
}
