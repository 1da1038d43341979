/** `sallyport guard` as a command that ends: what it says, and with which exit code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')
const { NODE_OPTIONS: _, ...env } = process.env

export type Said = Readonly<{ code: number | null; out: string; err: string }>

/** Without a terminal. */
export const guardCommand = (...words: string[]): Promise<Said> =>
  outcome(spawn(process.execPath, [CLI, 'guard', ...words], { env }), '')

/** On a terminal, on which `typed` is typed; `behind` is what the shell has behind the command. */
export function guardOnTerminal(words: readonly string[], typed: string, behind = ''): Promise<Said> {
  const line = [process.execPath, CLI, 'guard', ...words].map((word) => `'${word}'`).join(' ')
  return outcome(spawn('script', ['-qec', line + behind, '/dev/null'], { env }), typed)
}

async function outcome(child: ChildProcess, input: string): Promise<Said> {
  let out = ''
  let err = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.stdin!.on('error', () => {})
  // Its input goes on without an end.
  child.stdin!.write(input)
  const [code] = await once(child, 'close')
  return { code: code as number | null, out, err }
}
