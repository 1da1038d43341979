import t from 'tap'
import { formProbes, rowProbe } from '../../rules/examples/probe.ts'
import { sizedProbe } from '../../rules/examples/sized.ts'
import { explain, type Step } from '../../rules/explain/explain.ts'
import { refused } from '../../rules/reasons.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'
import { makeGenerator } from '../differential/generate.ts'
import { mutateTree } from '../support/mutate-tree.ts'
import { NUMBER } from '../support/number.ts'
import { everyPair, pairRulesets } from '../support/pairs.ts'
import { changedSources, compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { random } from '../verify/random.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const sources = exampleSources('acme-to-coalition')
const { bundle } = compiled(sources)
const yaml = new TextDecoder().decode(sources.get('ruleset.yaml')).split('\n')

/** The line of the source that a place names. */
function lineAt(place: string): string {
  const [file, line] = place.split(':')
  if (file !== 'ruleset.yaml') throw new Error(`the place ${place}`)
  return yaml[Number(line) - 1] ?? ''
}

function failure(steps: readonly Step[]): Step | undefined {
  return steps.find(({ outcome }) => outcome === 'failed')
}

const rulesets = [
  ...exampleNames().map((name) => [name, exampleSources(name)] as const),
  ['coalition-to-acme with pairs', everyPair()] as const,
]

for (const [name, sources] of rulesets) {
  t.test(`the walk ends where the decision does: ${name}`, (t) => {
    const { bundle } = compiled(sources)
    const chance = random(3)
    const generate = makeGenerator(bundle, chance)
    const stanzas = formProbes(bundle, SECOND).map(({ stanza }) => stanza)
    for (const size of [65_536, 65_537]) {
      const sized = sizedProbe(bundle, size, SECOND)
      if (sized !== undefined) stanzas.push(sized)
    }
    for (const row of bundle.labels.rows) {
      for (const creation of [SECOND, SECOND - 366 * 86_400])
        stanzas.push(rowProbe(bundle, row, { creation, review: creation })!)
    }
    for (let n = 0; n < 600; n++) {
      const made = generate()
      const tree = parseStanza(made, bundle.limits)
      stanzas.push(refused(tree) || n % 3 === 0 ? made.toString() : serialise(mutateTree(tree, chance)))
    }
    const counts = { accepted: 0, refused: 0 }
    const wrong: string[] = []
    for (const stanza of stanzas) {
      const { verdict, steps } = explain(bundle, Buffer.from(stanza), SECOND, NUMBER)
      counts[verdict.accepted ? 'accepted' : 'refused']++
      const failed = steps.filter(({ outcome }) => outcome === 'failed')
      const last = steps.at(-1)
      const fits = verdict.accepted
        ? failed.length === 0 && steps.length > 3
        : failed.length === 1 && last === failed[0]
      if (!fits)
        wrong.push(`${verdict.accepted ? 'accepted' : verdict.reason}, ${JSON.stringify(last)}: ${stanza}`)
    }
    t.same(wrong.slice(0, 3), [])
    t.ok(counts.accepted > 20 && counts.refused > 100, JSON.stringify(counts))
    t.comment(JSON.stringify(counts))
    t.end()
  })
}

t.test('a pair is explained label by label', (t) => {
  const { back } = pairRulesets('4774-0258+alternative', 'alternative')
  const { bundle } = compiled(back)
  const lines = new TextDecoder().decode(back.get('ruleset.yaml')).split('\n')
  const row = bundle.labels.rows.find(({ name, input }) => name === 'harbour/unclassified' && input.beside)!
  const stanza = rowProbe(bundle, row, { creation: SECOND, review: SECOND })!
  const said = (text: string) =>
    explain(bundle, Buffer.from(text), SECOND, NUMBER).steps.map(({ check, outcome, found, place }) => [
      check,
      outcome,
      found,
      lines[Number(place.split(':')[1]) - 1]?.trim() ?? '',
    ])
  t.match(said(stanza).slice(-6), [
    [
      'a label in the one spelling of its form',
      'passed',
      /STANAG 4774 labels in XEP-0258, the second/,
      'labels:',
    ],
    [
      'a label that is listed',
      'passed',
      'harbour/unclassified: HARBOUR UNCLASSIFIED',
      '- name: unclassified',
    ],
    ['beside it what it becomes, and nothing else', 'passed', 'ACME OPEN', 'accept:'],
    [/^created from/, 'passed', String, 'creation-past: 365d'],
    ['released with', 'passed', 'HARBOUR UNCLASSIFIED', 'mode: alternative'],
    ['released as', 'passed', 'ACME OPEN', '- name: unclassified'],
  ])
  t.match(said(stanza.replace('>OPEN<', '>INTERNAL<')).at(-1), [
    'a label that is listed',
    'failed',
    'it is not',
    'labels:',
  ])
  t.end()
})

t.test('each rule has its place', (t) => {
  const says = (stanza: string) => explain(bundle, Buffer.from(stanza), SECOND, NUMBER).steps
  const ends = 'from="anna@acme.example" id="o1.2" to="ben@coalition.example"'
  const message = (inner: string) =>
    says(`<message xmlns="jabber:server" ${ends} type="chat">${inner}</message>`)

  const typing = message('<composing xmlns="http://jabber.org/protocol/chatstates"></composing>')
  const places = typing.map(({ check, place }) => [check, place === '' ? '' : lineAt(place).trim()])
  t.match(places, [
    ['at most 65536 octets', 'stanza-octets: 65536'],
    [/well-formed/, 'depth: 12'],
    ['a kind of stanza that is switched on', 'messages: true'],
    [/attribute from/, '- { name: acme.example, kind: im }'],
    [/attribute id of the stanza: “o” and the number of the frame/, /^identifiers: numbered/],
    [/attribute to/, '- { name: coalition.example, kind: im }'],
    [/attribute type/, 'messages: true'],
    [/composing \(XEP-0085 chat states\) in message/, 'chat-states: true'],
    ['something beside the label', 'messages: true'],
    ['a label, where one is needed', 'messages: true'],
  ])

  const row = bundle.labels.rows.find(({ name }) => name === 'acme/internal-harbour')!
  const labelled = says(rowProbe(bundle, row, { creation: SECOND, review: SECOND })!)
  t.match(labelled.at(-1), { check: 'released as', found: 'HARBOUR LIMITED RELEASABLE TO ACM/HARBOUR' })
  t.match(lineAt(labelled.at(-1)!.place), /- name: internal-harbour/)

  const other = bundle.labels.rows.find(({ input }) => input.form === '4774-0258')!
  const old = failure(says(rowProbe(bundle, other, { creation: 0, review: 0 })!))
  t.match(old?.check, /^created from 2025-11-22/)
  t.match(lineAt(old!.place), /creation-past: 365d/)

  t.match(failure(message('<body>Hello</body>')), { check: 'a label', found: 'none, and body needs one' })
  t.match(failure(says(`<presence xmlns="jabber:server" ${ends.replace('o1.2', 'r1.2')}></presence>`)), {
    check: /a room also “r”/,
    found: '“r1.2”',
  })
  t.match(failure(says('<iq xmlns="jabber:server" type="set"></iq>')), { found: 'iq of type set' })
  t.match(lineAt(failure(says('<iq xmlns="jabber:server" type="set"></iq>'))!.place), /profile:/)
  t.end()
})

t.test('a pair of domains and what texts may not hold have their places too', (t) => {
  const ruleset = 'fmn-rooms'
  const sources = changedSources(
    ruleset,
    'ruleset.yaml',
    '  marks: 2\n',
    '  marks: 2\n  links: refuse\n  words: [noforn]\n',
  )
  sources.delete('examples.yaml')
  const { bundle } = compiled(sources)
  const lines = new TextDecoder().decode(sources.get('ruleset.yaml')).split('\n')
  const place = (step: Step | undefined) => lines[Number(step?.place.split(':')[1]) - 1]?.trim()
  const failed = (stanza: string) => failure(explain(bundle, Buffer.from(stanza), SECOND, NUMBER).steps)
  const message = (from: string, type: string, body: string) =>
    `<message xmlns="jabber:server" from="${from}" to="ben@partner.example" type="${type}"><body>${body}</body></message>`

  const pair = failed(message('anna@mission.example', 'groupchat', 'x'))
  t.match(pair, {
    check: 'stanzas of the form message-groupchat from mission.example to partner.example',
    found: 'not among the kinds of this pair',
  })
  t.match(place(pair), /^- { from: mission.example, to: partner.example/)
  for (const [body, check, line] of [
    ['привет', 'letters of the listed scripts only', 'scripts: [Latin]'],
    ['x\u0301\u0302\u0303', 'no more marks in a row than listed', 'marks: 2'],
    ['see www.example.org', 'no links', 'links: refuse'],
    ['this is NOFORN', 'none of the listed words', 'words: [noforn]'],
    ['\u202e', /^content of body: text of at most/, /^preset/],
  ] as const) {
    const step = failed(message('anna@mission.example', 'chat', body.normalize('NFC')))
    t.match(step?.check, check)
    t.match(place(step), line)
  }
  t.end()
})
