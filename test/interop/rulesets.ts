/**
 * The product's example rulesets with pairs of labels, and with the domains of the interoperation tests: what leaves the high
 * side keeps its label beside the low side's, and comes back from low rooms with both.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { PairForm } from '../../rules/bundle/bundle.ts'
import { pairRulesets } from '../support/pairs.ts'

const NAMES = [
  ['rooms.acme.example', 'conference.high.example'],
  ['rooms.coalition.example', 'conference.low.example'],
  ['acme.example', 'high.example'],
  ['coalition.example', 'low.example'],
] as const

/** Writes both rulesets into a folder and gives their directories. */
export function writeRulesets(folder: string, form: PairForm): Readonly<{ out: string; back: string }> {
  const write = (way: string, sources: ReadonlyMap<string, Uint8Array>) => {
    const directory = join(folder, way)
    mkdirSync(directory, { recursive: true })
    for (const [file, octets] of sources) {
      let text = new TextDecoder().decode(octets)
      // The ruleset, and the examples that it is held to.
      if (file === 'ruleset.yaml') text = withMore(text)
      if (file.endsWith('.yaml')) for (const [from, to] of NAMES) text = text.replaceAll(from, to)
      writeFileSync(join(directory, file), text)
    }
    return directory
  }
  const { out, back } = pairRulesets(form)
  return { out: write('high-to-low', out), back: write('low-to-high', back) }
}

/** Rooms whose subject needs a label of the edge: servers make a message of their own of it, without the label it came with. */
const TOPICS: Readonly<Record<string, object>> = {
  acme: { from: 'topic@rooms.acme.example', label: 'acme/restricted-harbour', form: 'ess-0258' },
  coalition: {
    from: 'topic@rooms.coalition.example',
    label: 'harbour/unclassified',
    form: '4774-4778',
    'review-after': '365d',
  },
}

/** Corrections (XEP-0308), pings of one's place in a room (XEP-0410) and labels of rooms, beside what the examples have. */
function withMore(text: string): string {
  const ruleset = parse(text)
  Object.assign(ruleset.profile, { corrections: true, ping: true })
  ruleset.unlabelled.push('ping')
  ruleset.edge.strip = ruleset.edge.strip.filter((name: string) => name !== 'corrections')
  ruleset.edge['default-labels'] = [TOPICS[ruleset.from.name]]
  return stringify(ruleset, { aliasDuplicateObjects: false })
}
