/** The files of a ruleset: everything in its directory that the compiler may look at, read whole. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from './problem.ts'

/** Octets of each source file by its name. */
export type Sources = ReadonlyMap<string, Uint8Array>

/** The file that a ruleset begins with. */
export const MAIN_FILE = 'ruleset.yaml'

/** Greatest size of a source file: several times that of the largest national SPIF. */
const MAX_OCTETS = 64 * 1024 * 1024

/** Reads the YAML and XML files of a directory; other files (a note, a signature) are left alone. */
export function readDirectory(
  directory: string,
): Readonly<{ sources: Sources } | { problems: readonly Problem[] }> {
  const problem = (file: string, message: string): Problem => ({ file, line: 1, column: 1, message })
  let names: string[]
  try {
    names = readdirSync(directory).sort()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why =
      code === 'ENOENT' ? 'there is no such directory' : code === 'ENOTDIR' ? 'not a directory' : String(code)
    return { problems: [problem(directory, `${why}; give the directory that holds ${MAIN_FILE}`)] }
  }
  const sources = new Map<string, Uint8Array>()
  const problems: Problem[] = []
  for (const name of names) {
    if (!/\.(yaml|yml|xml)$/.test(name)) continue
    const path = join(directory, name)
    try {
      const { size } = statSync(path)
      if (size > MAX_OCTETS)
        problems.push(problem(name, `${size} octets; a source file has at most ${MAX_OCTETS}`))
      else sources.set(name, readFileSync(path))
    } catch (error) {
      problems.push(
        problem(name, `cannot be read (${(error as NodeJS.ErrnoException).code}); make it a readable file`),
      )
    }
  }
  return problems.length > 0 ? { problems } : { sources }
}
