/**
 * The hostile sample of ../shared/conformance/stanzas as stanzas for a guard: each file as it is, and each of its stanzas as a subverted
 * edge might hand it over: spelt canonically, in full, nothing taken out.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { refused } from '../../rules/reasons.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'
import { compiled } from '../support/ruleset.ts'
import { sampleSources } from '../support/sample-ruleset.ts'

const FOLDER = fileURLToPath(new URL('../../../shared/conformance/stanzas/', import.meta.url))

export type HostileSample = Readonly<{ bundle: Bundle; stanzas: readonly Uint8Array[] }>

/** Undefined where the sample is not beside this clone. */
export function hostileSample(): HostileSample | undefined {
  if (!existsSync(FOLDER)) return undefined
  const { bundle } = compiled(sampleSources(FOLDER))
  const stanzas: Uint8Array[] = []
  for (const file of readdirSync(join(FOLDER, 'hostile'))
    .filter((name) => name.endsWith('.xml'))
    .sort()) {
    const octets = readFileSync(join(FOLDER, 'hostile', file))
    const declared = Buffer.from(
      octets.toString('latin1').replace(/^<([a-z]+)/, `<$1 xmlns="jabber:server"`),
      'latin1',
    )
    stanzas.push(octets, declared)
    const tree = parseStanza(declared, { stanzaBytes: 16 * 1024 * 1024, depth: 1000 })
    if (!refused(tree)) stanzas.push(Buffer.from(serialise(tree)))
  }
  return { bundle, stanzas }
}
