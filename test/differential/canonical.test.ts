/**
 * libxml2's Canonical XML 1.1 as the referee of the canonical form (doc/formats.md §1): what both verifiers accept, and what
 * they write, is canonical by its word; the same document in any other spelling is refused by both.
 *
 *   SALLYPORT_DIFFERENTIAL=1000000 node test/differential/canonical.test.ts     so many stanzas a bundle (10,000)
 *   SALLYPORT_SEED=7                                                            other ones
 */
import t from 'tap'
import { refused } from '../../rules/reasons.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { makeVerifiers } from '../support/verifiers.ts'
import { random } from '../verify/random.ts'
import { canonicalXml } from '../xml/referee.ts'
import { makeGenerator } from './generate.ts'
import { respell } from './respell.ts'

const COUNT = Number(process.env['SALLYPORT_DIFFERENTIAL'] ?? 10_000)
const SEED = Number(process.env['SALLYPORT_SEED'] ?? 1)
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const LIMITS = { stanzaBytes: 1_000_000, depth: 64 }

t.setTimeout(COUNT * 20)

for (const name of exampleNames()) {
  t.test(`${COUNT} stanzas of ${name}`, async (t) => {
    const { bundle } = compiled(exampleSources(name))
    const { inspect, verify } = makeVerifiers(bundle)
    const chance = random(SEED)
    const generate = makeGenerator(bundle, chance)
    const counts = { accepted: 0, respelled: 0 }
    const wrong: string[] = []
    for (let n = 0; n < COUNT; n += 1) {
      const stanza = generate()
      const verdict = inspect(stanza, SECOND)
      if (!verdict.accepted) continue
      const text = stanza.toString('utf8')
      counts.accepted += 1
      if (canonicalXml(stanza) !== text) wrong.push(`accepted, not canonical: ${text}`)
      if (canonicalXml(Buffer.from(verdict.output)) !== verdict.output)
        wrong.push(`written, not canonical: ${verdict.output}`)

      const tree = parseText(text, LIMITS)
      if (refused(tree)) throw new Error(`accepted, not read: ${text}`)
      const other = respell(tree, chance)
      if (other === text) continue
      const octets = Buffer.from(other)
      counts.respelled += 1
      if (canonicalXml(octets) !== text) wrong.push(`respelled into another document: ${other}`)
      if (inspect(octets, SECOND).accepted) wrong.push(`inspect accepts another spelling: ${other}`)
      if (verify(octets, SECOND).accepted) wrong.push(`verify accepts another spelling: ${other}`)
    }
    t.same(wrong.slice(0, 5), [], `${wrong.length} differences`)
    t.ok(counts.accepted > COUNT / 10 && counts.respelled > COUNT / 12, JSON.stringify(counts))
    t.comment(JSON.stringify(counts))
  })
}
