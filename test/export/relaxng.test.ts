/** The RELAX NG that we export, judged by libxml2, against our own verdicts on probes, generated and changed stanzas. */

import { RelaxNGValidator, XmlDocument } from 'libxml2-wasm'
import t from 'tap'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createDecider, type Verdict } from '../../rules/decide/decide.ts'
import { formProbes, rowProbe } from '../../rules/examples/probe.ts'
import { relaxNg } from '../../rules/export/relaxng.ts'
import type { Reason } from '../../rules/reasons.ts'
import { refused } from '../../rules/reasons.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'
import { makeGenerator } from '../differential/generate.ts'
import { mutateTree } from '../support/mutate-tree.ts'
import { NUMBER } from '../support/number.ts'
import { everyPair } from '../support/pairs.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { random } from '../verify/random.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const COUNT = 1500

/** What a schema does not see, as rules/export/relaxng.ts says; every other refusal must be invalid. */
const BEYOND_SCHEMA: ReadonlySet<Reason> = new Set([
  'too-big',
  'not-utf8',
  'not-well-formed',
  'not-canonical',
  'too-deep',
  'out-of-order',
  'bad-text', // content rules; lengths and lines are held to by the probes below
  'bad-attribute', // resources, local parts, spellings of numbers
  'bad-from',
  'bad-to',
  'label-date',
])

/** Dates of the two labels of a pair that differ: its labels are read one by one, so it cannot be read as a pair. */
const hasTwoDates = (stanza: string): boolean =>
  [/ ReviewDateTime="([^"]*)"/g, /<CreationDateTime>([^<]*)</g].some(
    (date) => new Set([...stanza.matchAll(date)].map(([, found]) => found)).size > 1,
  )

/** Whether an id has the form of a number, but is not that of the frame. */
function namesAnother(stanza: string): boolean {
  const ids = [...stanza.matchAll(/ id="([or][0-9]{1,5}[.][1-9][0-9]{0,14})"/g)].map(([, id]) => id)
  return ids.some((id) => id !== 'o1.2')
}

/** The examples, and one of them with lists of users and rooms, and pairs; one with pairs of labels. */
const BUNDLES: readonly (readonly [string, Bundle])[] = [
  ...exampleNames().map((name) => [name, compiled(exampleSources(name)).bundle] as const),
  ['pairs of labels', compiled(everyPair()).bundle],
  ['listed', listed(compiled(exampleSources('acme-to-coalition')).bundle)],
]

function listed(bundle: Bundle): Bundle {
  const locals = (side: 'from' | 'to', names: readonly string[]) => ({
    ...bundle[side],
    domains: bundle[side].domains.map((domain) =>
      domain.kind === 'im' ? { ...domain, locals: names } : domain,
    ),
  })
  const forms = ['message-chat', 'presence-available', 'iq-get', 'iq-result']
  return {
    ...bundle,
    from: locals('from', ['anna', 'ann', 'bob.smith', 'zoë']),
    to: locals('to', ['ben', 'ann', 'bob.smith', 'zoë', 'a+b_c~1']),
    pairs: [
      { from: 'acme.example', to: 'coalition.example', forms },
      { from: 'rooms.acme.example', to: 'coalition.example', forms: ['message-groupchat'] },
    ],
  }
}

for (const [name, bundle] of BUNDLES) {
  const decide = createDecider(bundle)
  const schema = XmlDocument.fromString(relaxNg(bundle))
  const validator = RelaxNGValidator.fromDoc(schema)
  const valid = (stanza: string): boolean => {
    const document = XmlDocument.fromString(stanza)
    try {
      validator.validate(document)
      return true
    } catch {
      return false
    } finally {
      document.dispose()
    }
  }
  const decided = (stanza: string): Verdict => decide(Buffer.from(stanza), SECOND, NUMBER)

  t.test(`${name}: every rule at its edges`, (t) => {
    const rows = bundle.labels.rows.flatMap(
      (row) => rowProbe(bundle, row, { creation: SECOND, review: SECOND }) ?? [],
    )
    const counts = { both: 0, neither: 0 }
    const wrong: string[] = []
    for (const stanza of [...formProbes(bundle, SECOND).map((probe) => probe.stanza), ...rows]) {
      const verdict = decided(stanza)
      const conforms = valid(stanza)
      if (verdict.accepted === conforms) counts[conforms ? 'both' : 'neither']++
      // Whose number an identifier is, is not told.
      else if (!verdict.accepted && verdict.reason === 'bad-attribute' && namesAnother(stanza)) continue
      // In sets of more than 64 the number is not told; blanks alone and invisible characters are content.
      else if (verdict.accepted || !['out-of-order', 'too-many', 'bad-text'].includes(verdict.reason)) {
        wrong.push(`${verdict.accepted ? 'accepted' : verdict.reason}: ${stanza}`)
      } else if (verdict.reason === 'bad-text' && !/>\u200b</.test(stanza)) wrong.push(`bad-text: ${stanza}`)
      else if (verdict.reason === 'too-many' && stanza.length < 5000) wrong.push(`too-many: ${stanza}`)
    }
    t.same(wrong, [])
    t.ok(counts.both > 30 && counts.neither > 100, JSON.stringify(counts))
    t.comment(JSON.stringify(counts))
    t.end()
  })

  t.test(`${name}: ${COUNT} stanzas, generated and changed`, (t) => {
    const chance = random(11)
    const generate = makeGenerator(bundle, chance)
    const counts = new Map<string, number>()
    const wrong: string[] = []
    for (let n = 0; n < COUNT; n++) {
      const tree = parseStanza(generate(), bundle.limits)
      if (refused(tree)) continue
      let changed = tree
      for (let changes = n % 3; changes > 0; changes--) changed = mutateTree(changed, chance)
      const stanza = serialise(changed)
      const verdict = decided(stanza)
      const conforms = valid(stanza)
      const key = verdict.accepted ? 'accepted' : verdict.reason
      counts.set(key, (counts.get(key) ?? 0) + 1)
      const agreed = verdict.accepted
        ? conforms
        : !conforms ||
          BEYOND_SCHEMA.has(verdict.reason) ||
          (verdict.reason === 'label-malformed' && hasTwoDates(stanza))
      if (!agreed) wrong.push(`${key}: ${stanza}`)
    }
    t.same(wrong, [])
    t.ok((counts.get('accepted') ?? 0) > 5, JSON.stringify([...counts]))
    t.ok(counts.size > 10, 'many reasons were met')
    t.end()
  })

  t.teardown(() => {
    validator.dispose()
    schema.dispose()
  })
}
