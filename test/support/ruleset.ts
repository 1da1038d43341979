/** Rulesets for tests: the files of an example, with one thing changed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Compiled, compileRuleset } from '../../rules/ruleset/compile.ts'
import { formatProblem } from '../../rules/ruleset/problem.ts'

const examples = fileURLToPath(new URL('../../packaging/examples', import.meta.url))

export type ExampleName = 'acme-to-coalition' | 'coalition-to-acme' | 'fmn-rooms' | 'minimal-chat'

/** Every example ruleset of the product. */
export function exampleNames(): ExampleName[] {
  return readdirSync(examples).sort() as ExampleName[]
}

/** The source files of an example ruleset, by name. */
export function exampleSources(name: ExampleName): Map<string, Uint8Array> {
  const directory = join(examples, name)
  return new Map(readdirSync(directory).map((file) => [file, readFileSync(join(directory, file))]))
}

/** The same with `from` replaced by `to` in one file, where it must stand. */
export function changedSources(
  name: ExampleName,
  file: string,
  from: string,
  to: string,
): Map<string, Uint8Array> {
  const sources = exampleSources(name)
  const text = new TextDecoder().decode(sources.get(file))
  if (!text.includes(from)) throw new Error(`${file} of ${name} has no ${JSON.stringify(from)}`)
  return sources.set(file, new TextEncoder().encode(text.replace(from, to)))
}

/** The compiled ruleset; throws when it has problems. */
export function compiled(sources: ReadonlyMap<string, Uint8Array>): Compiled {
  const result = compileRuleset(sources)
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result
}

/** Its problems, a line each. */
export function problemsOf(sources: ReadonlyMap<string, Uint8Array>): string[] {
  const result = compileRuleset(sources)
  return 'problems' in result ? result.problems.map(formatProblem) : []
}
