/** A copy of a verifier's code, and in it all mutants of a file, switched off. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { CODE, type Mutant, NOT_DECIDING, type Side } from './targets.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const SILENT = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
  trace() {},
  isDebugEnabled: () => false,
}

type Node = Readonly<{
  type: string
  callee?: { name?: string }
  id?: { name?: string } | null
  key?: { name?: string }
  value?: { type?: string }
}>

const IGNORED = {
  shouldIgnore({ node }: { node: Node }): string | undefined {
    if (node.type === 'NewExpression' && /^(?:Fault|Error|RangeError)$/.test(node.callee?.name ?? ''))
      return 'said to people when a program ends: no decision'
    if (
      node.type === 'ObjectProperty' &&
      node.key?.name === 'problem' &&
      /Literal$/.test(node.value?.type ?? '')
    )
      return 'said to people: that there is a problem decides'
    if (node.type === 'FunctionDeclaration' && NOT_DECIDING.has(node.id?.name ?? ''))
      return 'the decision does not call it'
    return undefined
  },
}

/** Copies the code of `side` into `directory`. */
export function copyCode(side: Side, directory: string): void {
  for (const folder of CODE[side]) cpSync(join(ROOT, folder), join(directory, folder), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(directory, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
}

/** Plants the mutants of one file in such a copy, of which the other files stay as they are: they so stay fast. */
export async function plantFile(name: string, directory: string): Promise<Mutant[]> {
  const files = [{ name, content: readFileSync(join(ROOT, name), 'utf8'), mutate: true }]
  const sources = new Map(files.map(({ name, content }) => [name, content.split('\n')]))
  const instrumented = await new Instrumenter(SILENT as never).instrument(files, {
    plugins: null,
    ignorers: [IGNORED as never],
    excludedMutations: [],
  })
  for (const { content } of instrumented.files) writeFileSync(join(directory, name), content)
  return instrumented.mutants
    .filter(({ status }) => status === undefined)
    .map(({ id, fileName, location, mutatorName, replacement }) => ({
      id,
      file: fileName,
      line: location.start.line + 1,
      kind: mutatorName,
      from: textAt(sources.get(fileName)!, location),
      to: replacement.replace(/\s+/g, ' '),
    }))
}

type Location = Readonly<{ start: { line: number; column: number }; end: { line: number; column: number } }>

function textAt(lines: readonly string[], { start, end }: Location): string {
  const part = lines.slice(start.line, end.line + 1)
  part[part.length - 1] = part.at(-1)!.slice(0, end.column)
  part[0] = part[0]!.slice(start.column)
  return part.join(' ').replace(/\s+/g, ' ')
}
