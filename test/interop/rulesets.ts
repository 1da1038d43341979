/** The product's example rulesets, with the domains of the interoperation tests. */
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const EXAMPLES = fileURLToPath(new URL('../../packaging/examples/', import.meta.url))
const NAMES = [
  ['rooms.acme.example', 'conference.high.example'],
  ['rooms.coalition.example', 'conference.low.example'],
  ['acme.example', 'high.example'],
  ['coalition.example', 'low.example'],
] as const

/** Copies both rulesets into a folder and gives their directories. */
export function writeRulesets(folder: string): Readonly<{ out: string; back: string }> {
  const copy = (name: string) => {
    const directory = join(folder, name)
    cpSync(join(EXAMPLES, name), directory, { recursive: true })
    // The ruleset, and the examples that it is held to.
    for (const file of globSync(join(directory, '*.yaml'))) {
      let text = readFileSync(file, 'utf8')
      for (const [from, to] of NAMES) text = text.replaceAll(from, to)
      writeFileSync(file, text)
    }
    return directory
  }
  return { out: copy('acme-to-coalition'), back: copy('coalition-to-acme') }
}
