/**
 * sallyport rules check | compile: checks a ruleset, or makes the bundle of it.
 *
 * Reads    the ruleset's directory
 * Writes   check: nothing. compile: the bundle, whole or not at all; its digest on stdout
 * Reports  on stderr, a line each: file:line:column: what is wrong; what to write instead
 * Trusts   its arguments; the sources are checked, not believed
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Compiled, compileRuleset } from '../rules/ruleset/compile.ts'
import { readDirectory } from '../rules/ruleset/directory.ts'
import { formatProblem, type Problem } from '../rules/ruleset/problem.ts'
import { writeWhole } from './rules-write.ts'
import { UsageError } from './usage.ts'

export function checkRules(argv: string[]): number {
  return compileOne('check', argv)
}

export function compileRules(argv: string[]): number {
  return compileOne('compile', argv)
}

function compileOne(action: 'check' | 'compile', argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { output: { type: 'string', short: 'o' } },
    allowPositionals: true,
  })
  const [directory, ...more] = positionals
  if (directory === undefined) throw new UsageError('the directory of the ruleset is missing')
  if (more.length > 0) throw new UsageError(`one directory at a time, not also "${more.join(' ')}"`)
  if (action === 'compile' && values.output === undefined)
    throw new UsageError('compile needs -o FILE for the bundle')
  if (action === 'check' && values.output !== undefined)
    throw new UsageError('check writes no file; leave -o out, or say compile')

  const compiled = compileDirectory(directory)
  if (compiled === undefined) return 1
  const { bundle, octets, digest } = compiled
  const examples = bundle.examples?.length ?? 0
  const passed = examples === 0 ? '' : `, ${examples} example${examples === 1 ? '' : 's'} as expected`
  process.stderr.write(
    `${bundle.name} version ${bundle.version}: ${bundle.forms.length} forms of stanza, ${bundle.labels.rows.length} label rows${passed}\n`,
  )
  if (values.output !== undefined) {
    writeWhole(values.output, octets)
    process.stdout.write(`${digest}\n`)
  }
  return 0
}

/** Compiles and reports; undefined when there are problems. */
function compileDirectory(directory: string): Compiled | undefined {
  const read = readDirectory(directory)
  const result = 'problems' in read ? read : compileRuleset(read.sources)
  const report = (problem: Problem, kind: string): void => {
    const file = problem.file === directory ? directory : join(directory, problem.file)
    process.stderr.write(`${formatProblem({ ...problem, file, message: kind + problem.message })}\n`)
  }
  if ('problems' in result) {
    for (const problem of result.problems) report(problem, '')
    const count = result.problems.length
    process.stderr.write(`${count} problem${count === 1 ? '' : 's'}; no bundle\n`)
    return undefined
  }
  for (const note of result.notes) report(note, 'note: ')
  return result
}
