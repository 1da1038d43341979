/** What a subject of the benchmark is made from, and what it is measured by. */
import { fileURLToPath } from 'node:url'
import type { Direction } from '../../packaging/demo/conversation.ts'
import type { Subject } from './drive.ts'
import type { Sample } from './samples.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export type Setting = Readonly<{
  /** A folder of the subject's own. */
  folder: string
  rulesets: Readonly<Record<Direction, string>>
  bundle: Readonly<{ file: string; digest: string }>
  sample: Sample
  /** Where a guard's journal is; absent: in `folder`. */
  journals?: string
  /** False: the compiled tree, without code generation. */
  jit: boolean
}>

/** A subject, with the facts to print beside its figures. */
export type Measured = Subject & Readonly<{ facts: () => Promise<string[]> }>
