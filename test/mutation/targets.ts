/** What is mutated of each verifier: the code by which it decides. Tables are data and have tests of their own. */
import { globSync } from 'node:fs'

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
    'guard/inspect/*.ts',
    'rules/decide/*.ts',
    'rules/text/{content,date,narrow,numbered,points,token}.ts',
    'rules/address/jid.ts',
    'rules/xml/{node,parse,tree,write}.ts',
    'rules/label/{ess,known,pair,wire}.ts',
  ],
  verify: ['guard/verify/*.ts'],
}

/** Programs, which have tests with real processes; and what only the edge asks. */
const LEFT_OUT = new Set(['guard/inspect/main.ts', 'guard/verify/main.ts', 'rules/decide/written.ts'])

/** Files of a side, relative to `root`. */
export function targetFiles(side: Side, root: string): string[] {
  return FILES[side]
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((file) => !LEFT_OUT.has(file))
    .sort()
}

/** Functions beside these that only the edge and the compiler call. */
export const NOT_DECIDING: ReadonlySet<string> = new Set([
  ...['normaliseJid', 'bareOf', 'isPreparable', 'widthMapped', 'spaceMapped', 'normaliseDate'],
  ...['child', 'text', 'parseStanza', 'formatReference'],
  ...['decodeEquivalentLabels', 'privacyMarkType'],
  ...['informationOfValue', 'writeSecurityLabel', 'writeEssPayload'],
  ...['isPair', 'singleForm', 'formIn', 'secondRole'],
])

/** Files that keep what they computed for as long as the process lives: their mutants need a process that knows nothing yet. */
export const KEEPING: ReadonlySet<string> = new Set([
  'rules/text/date.ts',
  'rules/text/narrow.ts',
  'rules/text/points.ts',
])

/** The folders whose code `side` runs, for the copy. */
export const CODE: Readonly<Record<Side, readonly string[]>> = {
  inspect: ['rules', 'guard'],
  verify: ['guard/verify'],
}
