/** edge.yaml alone: read and held against its schema, before anything that it names is looked at. */
import { dirname } from 'node:path'
import { readChecked } from '../../rules/ruleset/file.ts'
import type { Problem } from '../../rules/ruleset/problem.ts'
import type { Path } from '../../rules/ruleset/yaml.ts'
import { checkEdgeSource, type EdgeSource } from './schema.ts'

export type EdgeFile = Readonly<{
  /** With its defaults. */
  source: EdgeSource
  /** Relative paths start here. */
  folder: string
  /** Whether something stands in the file itself, and is no default. */
  given(path: Path): boolean
  problem(path: Path, message: string): Problem
}>

/** Reads `file`; a problem is one line that says what, where and how to mend. */
export function readEdgeFile(file: string): EdgeFile | Readonly<{ problems: readonly string[] }> {
  const read = readChecked(file, 'give the path of edge.yaml', checkEdgeSource)
  if ('problems' in read) return read
  const { value, source } = read
  return { source: value, folder: dirname(file), given: source.has, problem: source.problem }
}
