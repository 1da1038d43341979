/** The compiled form of the product, in `dist/`: what is installed, and what starts three times as fast. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')

/** Compiles everything; throws what the compiler says. Gives the path of the compiled command. */
export function compileProduct(): string {
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return join(ROOT, 'dist', 'cli', 'sallyport.js')
}
