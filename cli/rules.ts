/**
 * sallyport rules: checks a ruleset, or compiles it into a bundle.
 *
 * Reads    the ruleset's directory
 * Writes   check: nothing. compile: the bundle, whole or not at all; its digest on stdout
 * Reports  on stderr, a line each: file:line:column: what is wrong; what to write instead
 * Trusts   its arguments; the sources are checked, not believed
 * Exits    0 done, 1 the ruleset has problems, 2 the command line is wrong
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Compiled, compileRuleset } from '../rules/ruleset/compile.ts'
import { readDirectory } from '../rules/ruleset/directory.ts'
import { formatProblem, type Problem } from '../rules/ruleset/problem.ts'

const HELP = `usage: sallyport rules check DIRECTORY
       sallyport rules compile DIRECTORY -o FILE

DIRECTORY holds ruleset.yaml and the SPIFs that it names (doc/ruleset.md).

  check     reports every problem, with file, line, column and what to write instead
  compile   does the same and, when there is none, writes the bundle to FILE and prints its digest:
            the digest goes into the configuration of the guard and the edges, which load no other bundle
`

export async function rulesCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  })
  if (values.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  const [action, directory, ...more] = positionals
  if (action !== 'check' && action !== 'compile') {
    return usage(
      action === undefined ? 'say check or compile' : `unknown action "${action}"; say check or compile`,
    )
  }
  if (directory === undefined) return usage('the directory of the ruleset is missing')
  if (more.length > 0) return usage(`one directory at a time, not also "${more.join(' ')}"`)
  if (action === 'compile' && values.output === undefined)
    return usage('compile needs -o FILE for the bundle')
  if (action === 'check' && values.output !== undefined)
    return usage('check writes no file; leave -o out, or say compile')

  const compiled = compileDirectory(directory)
  if (compiled === undefined) return 1
  const { bundle, octets, digest } = compiled
  const rows = bundle.labels.rows.length
  process.stderr.write(
    `${bundle.name} version ${bundle.version}: ${bundle.forms.length} forms of stanza, ${rows} label rows\n`,
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

function writeWhole(file: string, octets: Uint8Array): void {
  const temporary = `${file}.${process.pid}.new`
  try {
    writeFileSync(temporary, octets)
    renameSync(temporary, file)
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary)
    throw new Error(
      `cannot write ${file} (${(error as NodeJS.ErrnoException).code}); give a file in a writable directory`,
    )
  }
}

function usage(wrong: string): number {
  process.stderr.write(`sallyport rules: ${wrong} (see sallyport rules --help)\n`)
  return 2
}
