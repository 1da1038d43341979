/** The compiled form of the product, in `dist/`: what is installed, and what starts three times as fast. */
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')
const COMMAND = join(ROOT, 'dist', 'cli', 'sallyport.js')
/** What was compiled here last: the sources, and when the command was written. */
const STAMP = join(ROOT, 'dist', '.compiled')

/**
 * Compiles everything, unless that was done by an earlier test and nothing has changed since; throws what the compiler says.
 * Gives the path of the compiled command.
 */
export function compileProduct(): string {
  const sources = digestOfSources()
  if (stamp(sources) === readStamp()) return COMMAND
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  writeFileSync(STAMP, stamp(sources)!)
  return COMMAND
}

function stamp(sources: string): string | undefined {
  const written = statSync(COMMAND, { throwIfNoEntry: false })?.mtimeMs
  return written === undefined ? undefined : `${sources} ${written}\n`
}

function readStamp(): string {
  try {
    return readFileSync(STAMP, 'latin1')
  } catch {
    return ''
  }
}

function digestOfSources(): string {
  const files = globSync(['{rules,guard,edge,cli}/**/*.ts', 'tsconfig*.json', 'package-lock.json'], {
    cwd: ROOT,
  })
  return hash(
    'sha256',
    files
      .sort()
      .map((file) => `${file}\n${readFileSync(join(ROOT, file), 'latin1')}`)
      .join('\n'),
  )
}
