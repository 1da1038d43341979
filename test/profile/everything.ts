/** The example ruleset with every switch on and everything unlabelled that may be: the most that any ruleset admits. */
import { CATALOGUE, UNLABELLED } from '../../rules/profile/catalogue.ts'
import type { Compiled } from '../../rules/ruleset/compile.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

export function everything(): Compiled {
  const sources = exampleSources('acme-to-coalition')
  const on = Object.keys(CATALOGUE).map((name) => `${name}: true`)
  const text = new TextDecoder()
    .decode(sources.get('ruleset.yaml'))
    .replace(/profile:\n( {2}.*\n)+/, `profile: { preset: chat-with-rooms, ${on.join(', ')} }\n`)
    .replace(/unlabelled: .*\n/, `unlabelled: [${Object.keys(UNLABELLED).join(', ')}]\n`)
    .replace(/strip:\n( {4}.*\n)+/, 'strip: []\n')
  sources.delete('examples.yaml')
  return compiled(sources.set('ruleset.yaml', new TextEncoder().encode(text)))
}
