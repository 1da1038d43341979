/**
 * sallyport rules review: a bundle as a page that an accreditor can read.
 *
 * Reads    the bundle; its signatures and the allowed signers, when given
 * Writes   a self-contained HTML page, or plain text with --text; on stdout or to a file
 */
import { parseArgs } from 'node:util'
import { asHtml } from '../rules/review/html.ts'
import type { Page } from '../rules/review/page.ts'
import { reviewPage, type SignedBy } from '../rules/review/review.ts'
import { asText } from '../rules/review/text.ts'
import { approvalOf } from '../rules/signature/approval.ts'
import { readNamedBundle } from './rules-bundle.ts'
import { readSignatureFile, readText, signaturesBeside } from './rules-verify.ts'
import { writeWhole } from './rules-write.ts'
import { UsageError } from './usage.ts'

export function reviewRules(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      text: { type: 'boolean' },
      output: { type: 'string', short: 'o' },
      signers: { type: 'string' },
      signature: { type: 'string', multiple: true },
    },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('review needs one bundle')
  const { bundle, octets, digest } = readNamedBundle(file)
  const signed =
    values.signers === undefined
      ? undefined
      : signedBy(octets, values.signature ?? signaturesBeside(file), values.signers)
  writePage(reviewPage(bundle, digest, signed), values)
  return 0
}

/** A page as HTML, or as text when that was asked for, on stdout or in a file. */
export function writePage(
  page: Page,
  { text, output }: Readonly<{ text?: boolean | undefined; output?: string | undefined }>,
): void {
  const content = text === true ? asText(page) : asHtml(page)
  if (output === undefined) process.stdout.write(content)
  else writeWhole(output, content)
}

function signedBy(octets: Uint8Array, signatures: readonly string[], signers: string): SignedBy {
  const now = Math.floor(Date.now() / 1000)
  const approval = approvalOf(octets, signatures.map(readSignatureFile), readText(signers), now)
  if ('problems' in approval) return approval
  return { signers: approval.signers.map(({ principal, key }) => `${principal} (${key.type})`) }
}
