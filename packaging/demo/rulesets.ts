/** The example rulesets as demo and benchmark use them. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadSpif } from '../../rules/spif/load.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import type { Direction } from './conversation.ts'

/** The rulesets of the source tree. */
export const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url))

/** Copies both rulesets from one folder to another, with a rate that holds no load back; nothing else is changed. */
export function copyRulesets(from: string, to: string): Record<Direction, string> {
  cpSync(from, to, { recursive: true })
  const directories = {
    'acme-to-coalition': join(to, 'acme-to-coalition'),
    'coalition-to-acme': join(to, 'coalition-to-acme'),
  }
  for (const directory of Object.values(directories)) {
    const file = join(directory, 'ruleset.yaml')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/^( +)rate: [0-9]+$/m, '$1rate: 1000000'))
  }
  return directories
}

/** The policy in a SPIF file. Throws on one that cannot be loaded. */
export function readSpif(file: string): Spif {
  const loaded = loadSpif(readFileSync(file, 'utf8'), { strict: true })
  if ('problems' in loaded) throw new Error(`${file}: ${loaded.problems[0]?.message}`)
  return loaded.spif
}
