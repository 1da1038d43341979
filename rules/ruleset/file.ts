/** A YAML file that somebody named: read, decoded, and held against its schema. */
import { readFileSync } from 'node:fs'
import { cannotRead } from '../unreadable.ts'
import type { WrongFile } from './checker.ts'
import { formatProblem, sortProblems } from './problem.ts'
import { readYaml, type YamlSource } from './yaml.ts'

/** The checked value, with the places of its parts; or lines that say what, where and how to mend. `advice` is for a file that is not there. */
export function readChecked<T>(
  file: string,
  advice: string,
  check: (source: YamlSource) => T | WrongFile<T>,
): Readonly<{ value: T; source: YamlSource }> | Readonly<{ problems: readonly string[] }> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
        ? 'is not UTF-8: save it as such'
        : cannotRead(error, advice)
    return { problems: [`${file}: ${why}`] }
  }
  const source = readYaml(file, text)
  if ('problems' in source) return { problems: source.problems.map(formatProblem) }
  const value = check(source)
  return isWrong(value) ? { problems: sortProblems(value.problems).map(formatProblem) } : { value, source }
}

function isWrong<T>(value: T | WrongFile<T>): value is WrongFile<T> {
  return typeof value === 'object' && value !== null && 'problems' in value
}
