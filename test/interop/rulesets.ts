/**
 * The product's example rulesets, with the domains of the interoperation tests, and with pairs of labels: what leaves the
 * high side keeps its label beside the low side's as an alternative, and comes back from low rooms with both.
 */
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

/** In the first set of each ruleset, the one that maps. */
const PAIRS = {
  'acme-to-coalition': ['mode: replace', 'mode: alternative'],
  'coalition-to-acme': [
    'accept: [4774-4778, 4774-0258]',
    'accept: [4774-4778, 4774-0258, 4774-4778+alternative]',
  ],
} as const

/** Copies both rulesets into a folder and gives their directories. */
export function writeRulesets(folder: string): Readonly<{ out: string; back: string }> {
  const copy = (name: keyof typeof PAIRS) => {
    const directory = join(folder, name)
    const [without, withPairs] = PAIRS[name]
    cpSync(join(EXAMPLES, name), directory, { recursive: true })
    // The ruleset, and the examples that it is held to.
    for (const file of globSync(join(directory, '*.yaml'))) {
      let text = readFileSync(file, 'utf8')
      for (const [from, to] of NAMES) text = text.replaceAll(from, to)
      if (file.endsWith('ruleset.yaml')) text = text.replace(without, withPairs)
      writeFileSync(file, text)
    }
    return directory
  }
  return { out: copy('acme-to-coalition'), back: copy('coalition-to-acme') }
}
