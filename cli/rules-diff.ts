/**
 * sallyport rules diff: what a new bundle changes.
 *
 * Reads    both bundles, and no source
 * Writes   plain text, or an HTML page with --html; on stdout or to a file
 * Exits    0 when both mean the same, 1 when they differ
 */
import { parseArgs } from 'node:util'
import { diffPage } from '../rules/diff/page.ts'
import { readNamedBundle } from './rules-bundle.ts'
import { writePage } from './rules-review.ts'
import { UsageError } from './usage.ts'

export function diffRules(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { html: { type: 'boolean' }, output: { type: 'string', short: 'o' } },
    allowPositionals: true,
  })
  const [old, fresh, ...more] = positionals
  if (old === undefined || fresh === undefined || more.length > 0) {
    throw new UsageError('diff needs the old bundle and the new one')
  }
  const { page, found } = diffPage(readNamedBundle(old), readNamedBundle(fresh))
  writePage(page, { text: values.html !== true, output: values.output })
  return found.length === 0 ? 0 : 1
}
