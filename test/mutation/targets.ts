/** What is mutated of each verifier: the code by which it decides. Tables are data and have tests of their own. */
import { globSync } from 'node:fs'
import { join } from 'node:path'

export type Side = 'inspect' | 'verify'

/** One change of the code: where, of what kind, and the text before and after. */
export type Mutant = Readonly<{
  id: string
  file: string
  line: number
  kind: string
  from: string
  to: string
}>

const FILES: Readonly<Record<Side, readonly string[]>> = {
  inspect: [
    'rules/decide/*.ts',
    'rules/text/{content,date,narrow,points,token}.ts',
    'rules/address/jid.ts',
    'rules/xml/{node,parse,tree,write}.ts',
    'rules/label/{der,ess,known,wire}.ts',
  ],
  verify: ['guard/verify/*.ts'],
}

/** Of programs and of the reading of a bundle the decision is made elsewhere; they have tests with real processes. */
const LEFT_OUT = new Set(['guard/verify/main.ts', 'rules/decide/written.ts'])

/** Files of a side, relative to `root`. */
export function targetFiles(side: Side, root: string): string[] {
  return FILES[side]
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((file) => !LEFT_OUT.has(file))
    .sort()
}

/** The files whose code `side` runs, for the copy. */
export const CODE: Readonly<Record<Side, readonly string[]>> = {
  inspect: ['rules'],
  verify: ['guard/verify'],
}

/** The module of the copy that makes the decision. */
export const ENTRY: Readonly<Record<Side, string>> = {
  inspect: join('rules', 'decide', 'decide.ts'),
  verify: join('guard', 'verify', 'decide.ts'),
}
