/**
 * sallyport rules export --relaxng: the profile and the accepted labels of a bundle as a schema for other tools.
 *
 * Reads    the bundle
 * Writes   the schema, on stdout or to a file
 */
import { parseArgs } from 'node:util'
import { relaxNg } from '../rules/export/relaxng.ts'
import { readNamedBundle } from './rules-bundle.ts'
import { writeWhole } from './rules-write.ts'
import { UsageError } from './usage.ts'

export function exportRules(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { relaxng: { type: 'boolean' }, output: { type: 'string', short: 'o' } },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('export needs one bundle')
  if (values.relaxng !== true) throw new UsageError('say which schema: --relaxng')
  const schema = relaxNg(readNamedBundle(file).bundle)
  if (values.output === undefined) process.stdout.write(schema)
  else writeWhole(values.output, schema)
  return 0
}
