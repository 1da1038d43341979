import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import type { LabelRow } from '../../rules/bundle/bundle.ts'
import { loadBundle } from '../../rules/bundle/load.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { readDirectory } from '../../rules/ruleset/directory.ts'
import { NUMBER } from '../support/number.ts'
import { changedSources, compiled, type ExampleName, exampleSources, problemsOf } from '../support/ruleset.ts'
import { sampleSources, writeSampleRuleset } from '../support/sample-ruleset.ts'

const there = compiled(exampleSources('acme-to-coalition'))
const back = compiled(exampleSources('coalition-to-acme'))
const SECOND = Date.UTC(2026, 10, 22) / 1000
const CREATION = '2026-11-21T12:00:00Z'
const REVIEW = '2030-01-01T00:00:00Z'

function row(rows: readonly LabelRow[], name: string, form: string): LabelRow {
  const found = rows.find((r) => r.name === name && r.input.form === form)
  if (found === undefined) throw new Error(`no row ${name} ${form}`)
  return found
}

/** A template with dates, as text. */
function filled(template: LabelRow['output']['template']): string {
  return template
    .map((part) => (typeof part === 'string' ? part : part.hole === 'creation' ? CREATION : REVIEW))
    .join('')
}

function message(from: string, to: string, label: string): Uint8Array {
  return new TextEncoder().encode(
    `<message xmlns="jabber:server" from="${from}" id="o1.2" to="${to}" type="chat"><body>Hello</body>${label}</message>`,
  )
}

t.test('the examples compile without a note, and load by their digest', (t) => {
  for (const { notes, octets, digest, bundle } of [there, back]) {
    t.same(notes, [])
    t.same(loadBundle(octets, digest), bundle)
  }
  t.end()
})

t.test('equal files give equal octets, in whatever order they were read', (t) => {
  const sources = exampleSources('acme-to-coalition')
  t.equal(compiled(new Map([...sources].reverse())).digest, there.digest)
  t.equal(compiled(exampleSources('acme-to-coalition')).digest, there.digest)
  const comment = changedSources('acme-to-coalition', 'ruleset.yaml', '# What ACME', '# That which ACME')
  t.not(compiled(comment).digest, there.digest, 'the digests of the files are in the bundle')
  t.end()
})

t.test('a row for each listed label in each form', (t) => {
  t.same(there.bundle.labels.rows.map((r) => `${r.name} ${r.input.form} > ${r.output.form}`).slice(0, 4), [
    'acme/open ess-0258 > 4774-4778',
    'acme/open 4774-0258 > 4774-4778',
    'acme/open 4774-4778 > 4774-4778',
    'acme/open-exercise ess-0258 > 4774-4778',
  ])
  t.equal(there.bundle.labels.rows.length, 19)
  t.equal(back.bundle.labels.rows.length, 12)
  t.end()
})

t.test('each row has the labels that say the same, of every policy of the ruleset', (t) => {
  const { labels, edge } = there.bundle
  t.equal(edge.equivalents?.length, labels.rows.length)
  const of = (name: string, form: string) =>
    edge.equivalents![labels.rows.indexOf(row(labels.rows, name, form))]!.map((value) => JSON.parse(value))
  const name = 'acme/restricted-engineering-harbour'
  const ess = of(name, 'ess-0258')
  t.match(
    ess.map(([format, policy]: string[]) => [format, policy]),
    [
      ['4774', '2.999.1'],
      ['4774', '2.999.2'],
      ['ess', '2.999.2'],
    ],
    'itself in the other format, and what it becomes in both',
  )
  t.match(ess[1].slice(2, 5), ['HARBOUR', 'CONFIDENTIAL', null])
  t.match(
    of(name, '4774-4778').map(([format, policy]: string[]) => [format, policy]),
    [
      ['4774', '2.999.2'],
      ['ess', '2.999.1'],
      ['ess', '2.999.2'],
    ],
  )
  const alone = compiled(exampleSources('minimal-chat')).bundle
  t.same(
    alone.edge.equivalents?.map((values) => values.map((value) => JSON.parse(value)[0])),
    alone.labels.rows.map(({ input }) => [input.form === 'ess-0258' ? '4774' : 'ess']),
    'of one policy: itself',
  )
  t.end()
})

t.test('labels are mapped and marked anew', (t) => {
  const out = row(there.bundle.labels.rows, 'acme/restricted-engineering-harbour', 'ess-0258')
  t.equal(out.input.marking, 'ACME RESTRICTED REL TO ACME, HARBOUR HANDLE AS ENGINEERING')
  t.equal(out.output.marking, 'HARBOUR CONFIDENTIAL RELEASABLE TO ACM/HARBOUR HANDLE TECHNICAL')
  const text = filled(out.output.template)
  t.match(
    text,
    /<PolicyIdentifier URI="urn:oid:2\.999\.2">HARBOUR<\/PolicyIdentifier><Classification>CONFIDENTIAL</,
  )
  t.notMatch(text, 'displaymarking', 'a 4778 binding has none')
  t.same(
    out.output.template.filter((part) => typeof part !== 'string'),
    [{ hole: 'now-plus', seconds: 365 * 86400 }, { hole: 'now' }],
    'ESS has no dates: created when it crosses',
  )
  const kept = row(there.bundle.labels.rows, 'acme/open', '4774-0258')
  t.same(
    kept.output.template.filter((part) => typeof part !== 'string'),
    [{ hole: 'review' }, { hole: 'creation' }],
    'STANAG 4774 keeps its dates',
  )

  const home = row(back.bundle.labels.rows, 'harbour/confidential-technical-acme', '4774-4778')
  t.equal(home.output.marking, 'ACME RESTRICTED REL TO ACME, HARBOUR HANDLE AS ENGINEERING')
  t.match(
    filled(home.output.template),
    /^<securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking bgcolor="#f9a825" fgcolor="#000000">ACME RESTRICTED REL TO ACME, HARBOUR HANDLE AS ENGINEERING<\/displaymarking><label>/,
  )
  const french = row(back.bundle.labels.rows, 'acme/restricted-harbour', '4774-0258')
  t.equal(french.output.marking, 'ACME DIFFUSION RESTREINTE DIFFUSABLE À ACME, HAVRE')
  t.end()
})

t.test('what is released one way is accepted the other way, and comes home as it left', (t) => {
  const out = createDecider(there.bundle)
  const home = createDecider(back.bundle)
  const pairs = [
    ['acme/open', 'harbour/unclassified'],
    ['acme/open-exercise', 'harbour/unclassified-exercise'],
    ['acme/internal-harbour', 'harbour/limited-acme'],
    ['acme/restricted-harbour', 'harbour/confidential-acme'],
    ['acme/restricted-engineering-harbour', 'harbour/confidential-technical-acme'],
  ] as const
  for (const [name, reverse] of pairs) {
    const input = row(there.bundle.labels.rows, name, 'ess-0258')
    const sent = out(
      message('a@acme.example/x', 'b@coalition.example', filled(input.input.template)),
      SECOND,
      NUMBER,
    )
    if (!sent.accepted) throw new Error(`${name}: ${sent.reason}`)
    t.equal(there.bundle.labels.rows[sent.row]?.name, name)
    const label = sent.output.slice(sent.output.indexOf('<BindingData'), sent.output.indexOf('</message>'))
    const answered = home(message('b@coalition.example', 'a@acme.example/x', label), SECOND + 60, NUMBER)
    if (!answered.accepted) throw new Error(`${reverse}: ${answered.reason}`)
    t.equal(back.bundle.labels.rows[answered.row]?.name, reverse)
    const ess = /<label>.*<\/label>/
    t.equal(ess.exec(answered.output)?.[0], ess.exec(filled(input.input.template))?.[0], name)
  }
  t.end()
})

t.test('a label that is not listed is not accepted, though it has an equivalent', (t) => {
  const more = changedSources(
    'acme-to-coalition',
    'ruleset.yaml',
    '        - name: open\n',
    '        - name: secret\n          classification: SECRET\n        - name: open\n',
  )
  const secret = filled(row(compiled(more).bundle.labels.rows, 'acme/secret', 'ess-0258').input.template)
  const stanza = message('a@acme.example/x', 'b@coalition.example', secret)
  t.match(createDecider(compiled(more).bundle)(stanza, SECOND, NUMBER), { accepted: true })
  t.match(createDecider(there.bundle)(stanza, SECOND, NUMBER), { accepted: false, reason: 'label-unlisted' })
  t.end()
})

t.test('contradictions are problems, with their place', (t) => {
  const yaml = 'ruleset.yaml'
  const cases: [ExampleName, string, string, string, RegExp][] = [
    [
      'acme-to-coalition',
      yaml,
      'name: coalition.example',
      'name: Coalition.example',
      /:14:15: "Coalition\.example" is not a domain name/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'name: coalition.example',
      'name: acme.example',
      /:14:15: the domain "acme\.example" stands under "from" already/,
    ],
    ['acme-to-coalition', yaml, 'name: coalition\n', 'name: acme\n', /:12:9: both sides are called "acme"/],
    [
      'acme-to-coalition',
      yaml,
      '  presence: true\n',
      '  presence: false\n',
      /:20:3: "subscriptions" needs "presence"; switch that on too/,
    ],
    [
      'acme-to-coalition',
      yaml,
      '[presence, discovery,',
      '[discovery,',
      /:19:3: "presence" carries no label; list "presence" under unlabelled/,
    ],
    [
      'acme-to-coalition',
      yaml,
      '  receipts: true\n',
      '  receipts: false\n',
      /:28:56: "receipts" may cross unlabelled, but "receipts" is off/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'policy: acme.spif.xml',
      'policy: amce.spif.xml',
      /:54:15: there is no file "amce\.spif\.xml" in the directory/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'classification: INTERNAL',
      'classification: INTERN',
      /: ACME has no classification "INTERN"; it has OPEN, INTERNAL, RESTRICTED and SECRET$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'tag-set: Context,',
      'tag-set: Contexts,',
      /: ACME has no tag set "Contexts"; it has Releasable To, Handling and Context$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      '[ACME, HARBOUR]',
      '[ACME, HAVEN]',
      /: "Releasable To" of ACME has no "HAVEN"; it has ACME, HARBOUR, OSTLAND and WESTMARK$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'classification: LIMITED',
      'classification: CONFIDENTIAL',
      /: the SPIFs derive HARBOUR LIMITED, Release: ACM, Release: HARBOUR, not HARBOUR CONFIDENTIAL, Release: ACM, Release: HARBOUR; write what is derived$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'values: [ENGINEERING]',
      'values: [PERSONNEL]',
      /: this label has no equivalent in HARBOUR: /,
    ],
    ['acme-to-coalition', yaml, '- name: open-exercise', '- name: open', /: the name "open" is taken/],
    ['acme-to-coalition', yaml, '    - name: harbour\n', '    - name: acme\n', /: the name "acme" is taken/],
    [
      'acme-to-coalition',
      yaml,
      '        - name: open-exercise\n',
      '        - { name: again, classification: OPEN }\n        - name: open-exercise\n',
      /: this label is listed already, as acme\/open in the form ess-0258; remove one$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      '      review-after: 365d\n',
      '',
      /: an ESS label has no dates and is released as 4774-4778; add review-after/,
    ],
    [
      'coalition-to-acme',
      yaml,
      '      release: ess-0258\n',
      '      release: ess-0258\n      review-after: 1d\n',
      /: no label of this set needs a review date made; remove review-after$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      '      equivalences: policy\n',
      '',
      /: with "target", say whose equivalences map the labels/,
    ],
    [
      'acme-to-coalition',
      yaml,
      '      target: harbour.spif.xml\n',
      '',
      /: without "target" nothing is mapped; remove it, or add the target$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'equivalences: policy',
      'equivalences: target',
      /: this label has no equivalent in HARBOUR: /,
    ],
    [
      'acme-to-coalition',
      yaml,
      'target: harbour',
      'target: acme',
      /: both files are the policy ACME \(2\.999\.1\); leave "target" out$/,
    ],
    [
      'acme-to-coalition',
      yaml,
      'depth: 12',
      'depth: 8',
      /: as 4774-4778 this label reaches depth \d+, and limits\.depth is 8; raise the limit$/,
    ],
    [
      'acme-to-coalition',
      'acme.spif.xml',
      '<securityPolicyId',
      '<securityPolicy',
      /^acme\.spif\.xml:\d+:1: SPIF: /,
    ],
    ['acme-to-coalition', 'acme.spif.xml', '</SPIF>', '', /^acme\.spif\.xml:\d+:1: SPIF: /],
    [
      'acme-to-coalition',
      'harbour.spif.xml',
      'tagType="restrictive"',
      'tagType="restricting"',
      /^harbour\.spif\.xml:\d+:1: SPIF: /,
    ],
    [
      'acme-to-coalition',
      'acme.spif.xml',
      'name="INTERNAL" lacv="2" hierarchy="2" color="#0277bd">\n      <equivalentClassification policyRef="HARBOUR" lacv="2"',
      'name="INTERNAL" lacv="2" hierarchy="2" color="#0277bd">\n      <equivalentClassification policyRef="HARBOUR" lacv="9"',
      /: this label has no equivalent in HARBOUR: /,
    ],
  ]
  for (const [example, file, from, to, expected] of cases) {
    const found = problemsOf(changedSources(example, file, from, to))
    t.ok(
      found.some((line) => expected.test(line)),
      `${to}: ${found.join(' | ') || 'no problem'}`,
    )
  }
  t.end()
})

t.test('all problems are told at once, whatever kind they are of', (t) => {
  const sources = exampleSources('acme-to-coalition')
  const change = (file: string, from: string, to: string): void => {
    const text = new TextDecoder().decode(sources.get(file))
    t.ok(text.includes(from), from)
    sources.set(file, new TextEncoder().encode(text.replace(from, to)))
  }
  change('ruleset.yaml', '  rate: 1000\n', '  rat: 1000\n  rate: 1000\n')
  change('ruleset.yaml', 'becomes: { classification: UNCLASSIFIED }', 'becomes: { classification: SECRET }')
  change('ruleset.yaml', 'kind: im }', 'kind: im, users: [anna, anna, Ben, "*"] }')
  change('examples.yaml', 'verdict: ', 'verdikt: ')
  const problems = problemsOf(sources).join('\n')
  t.match(problems, /ruleset.yaml:[0-9]+:[0-9]+: unknown key "rat"/)
  t.match(problems, /becomes/)
  t.match(problems, /has an entry twice/)
  t.match(problems, /"Ben" is not the local part/)
  t.match(problems, /"\*" looks like a pattern/)
  t.match(problems, /examples.yaml:[0-9]+:[0-9]+: unknown key "verdikt"/)
  t.end()
})

t.test('users and rooms that can never pass are problems', (t) => {
  const long = 'x'.repeat(65)
  const sources = changedSources(
    'acme-to-coalition',
    'ruleset.yaml',
    'kind: im }',
    `kind: im, users: [anna, ${long}, "a?"] }`,
  )
  sources.delete('examples.yaml')
  t.match(problemsOf(sources), [
    new RegExp(`"${long}" has 65 characters, and limits.local-characters is 64`),
    /"a\?" looks like a pattern/,
  ])
  t.end()
})

t.test('a label that its policy calls invalid cannot be listed', (t) => {
  const required = changedSources(
    'acme-to-coalition',
    'acme.spif.xml',
    '<markingData xml:lang="fr" phrase="PUBLIC">\n        <code>pageTopBottom</code>\n      </markingData>',
    '<markingData xml:lang="fr" phrase="PUBLIC">\n        <code>pageTopBottom</code>\n      </markingData>\n      <requiredCategory operation="oneOrMore">\n        <categoryGroup tagSetRef="Context" tagType="tagType7" lacv="1"/>\n      </requiredCategory>',
  )
  const found = problemsOf(required)
  t.equal(found.length, 1, found.join(' | '))
  t.match(found[0], /^ruleset\.yaml:\d+:11: ACME calls this label invalid: /)

  const target = changedSources(
    'acme-to-coalition',
    'harbour.spif.xml',
    '<markingData xml:lang="fr" phrase="NON CLASSIFIÉ">\n        <code>pageTopBottom</code>\n      </markingData>',
    '<markingData xml:lang="fr" phrase="NON CLASSIFIÉ">\n        <code>pageTopBottom</code>\n      </markingData>\n      <requiredCategory operation="oneOrMore">\n        <categoryGroup tagSetRef="Purpose" tagType="tagType7" lacv="1"/>\n      </requiredCategory>',
  )
  const mapped = problemsOf(target)
  t.equal(mapped.length, 2, mapped.join(' | '))
  t.match(mapped[0], /HARBOUR calls what this label becomes invalid: /)
  t.match(mapped[1], /HARBOUR calls this label invalid: /)
  t.end()
})

t.test('a file that is not used is a problem, one that is not text too', (t) => {
  const extra = exampleSources('acme-to-coalition').set('more.yaml', new Uint8Array())
  t.same(problemsOf(extra), [
    'more.yaml:1:1: ruleset.yaml does not use this file; name it there or move it away',
  ])
  const binary = exampleSources('acme-to-coalition').set('acme.spif.xml', Uint8Array.of(0x3c, 0xff))
  t.match(problemsOf(binary), ['acme.spif.xml:1:1: not UTF-8; save the SPIF as UTF-8'])
  const marked = exampleSources('acme-to-coalition').set(
    'ruleset.yaml',
    Uint8Array.of(0xef, 0xbb, 0xbf, 0x61),
  )
  t.match(problemsOf(marked), ['ruleset.yaml:1:1: not UTF-8, or a byte order mark; save the file as UTF-8'])
  t.same(problemsOf(new Map()), [
    'ruleset.yaml:1:1: there is no such file; a ruleset begins with ruleset.yaml',
  ])
  t.end()
})

t.test('an empty list of labels passes no labelled stanza', (t) => {
  const sources = changedSources('acme-to-coalition', 'ruleset.yaml', '', '')
  const text = new TextDecoder().decode(sources.get('ruleset.yaml'))
  const begin = text.indexOf('  sets:\n')
  const cut = `${text.slice(0, begin)}  sets: []\n\n${text.slice(text.indexOf('edge:\n'))}`
  const none = compiled(new Map([['ruleset.yaml', new TextEncoder().encode(cut)]]))
  t.same(none.bundle.labels.rows, [])
  const label = filled(row(there.bundle.labels.rows, 'acme/open', 'ess-0258').input.template)
  const stanza = message('a@acme.example/x', 'b@coalition.example', label)
  t.match(createDecider(none.bundle)(stanza, SECOND, NUMBER), { accepted: false, reason: 'label-unlisted' })
  t.end()
})

t.test('ten thousand labels compile', (t) => {
  const count = 10_000
  const values = Array.from({ length: 200 }, (_, i) => `<tagCategory name="N${i}" lacv="${1000 + i}"/>`)
  const tag =
    '<securityCategoryTag name="Release" tagType="enumerated" enumType="permissive" singleSelection="false">'
  const sources = changedSources('acme-to-coalition', 'harbour.spif.xml', tag, tag + values.join(''))
  const text = new TextDecoder().decode(sources.get('ruleset.yaml'))
  const begin = text.indexOf('    # Labels that are written in the coalition')
  const lines = ['    - name: many', '      policy: harbour.spif.xml', '      accept: [4774-4778]']
  lines.push('      release: 4774-4778', '      mode: replace', '      marking-language: en', '      allow:')
  for (let i = 0; i < count; i++) {
    const pair = `[N${Math.floor(i / 100)}, N${100 + (i % 100)}]`
    lines.push(`        - name: n${i}`, '          classification: SECRET', '          categories:')
    lines.push(`            - { tag-set: Release, values: ${pair} }`)
  }
  const many = `${text.slice(0, begin)}${lines.join('\n')}\n\n${text.slice(text.indexOf('edge:\n'))}`
  sources.set('ruleset.yaml', new TextEncoder().encode(many))
  const { bundle } = compiled(sources)
  t.equal(bundle.labels.rows.length, 5 * 3 + count)
  t.end()
})

const stanzas = fileURLToPath(new URL('../../../shared/conformance/stanzas', import.meta.url))

t.test(
  'the policy of the sample compiles to its 198 labels',
  { skip: existsSync(stanzas) ? false : 'no ../shared/conformance here' },
  (t) => {
    const directory = join(t.testdir({}), 'sample')
    writeSampleRuleset(stanzas, directory)
    const read = readDirectory(directory)
    if ('problems' in read) throw new Error('the sample cannot be read')
    const { bundle, notes, digest } = compiled(read.sources)
    t.equal(digest, compiled(sampleSources(stanzas)).digest)
    t.same(notes, [])
    t.equal(bundle.labels.rows.length, 2 * 3 * (1 + 2 ** 5))
    const decide = createDecider(bundle)
    const ess =
      '<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQgCAQIGAyoDBA==</esssecuritylabel></label></securitylabel>'
    const verdict = decide(message('alice@high.example/x', 'bob@low.example', ess), SECOND, NUMBER)
    t.match(verdict, { accepted: true })
    t.match(verdict.accepted ? verdict.output : '', />ACME RESTRICTED<\/displaymarking>/)
    t.end()
  },
)

t.test('users, rooms and pairs are lists that the bundle holds and both verifiers keep', (t) => {
  const listed = changedSources(
    'acme-to-coalition',
    'ruleset.yaml',
    '    - { name: acme.example, kind: im }\n    - { name: rooms.acme.example, kind: rooms }\n',
    '    - { name: acme.example, kind: im, users: [anna, ben] }\n    - { name: rooms.acme.example, kind: rooms, rooms: [ops] }\n',
  )
  listed.delete('examples.yaml')
  const text = new TextDecoder().decode(listed.get('ruleset.yaml'))
  const pairs = `pairs:
  - { from: acme.example, to: coalition.example, kinds: [messages, presence], rate: 10, burst: 20 }
  - { from: acme.example, to: rooms.coalition.example, kinds: [groupchat, presence] }
  - { from: rooms.acme.example, to: coalition.example, kinds: [groupchat, presence, errors] }
unlabelled:`
  const sources = listed.set(
    'ruleset.yaml',
    new TextEncoder().encode(text.replace('unlabelled:', () => pairs)),
  )
  const { bundle, octets, digest } = compiled(sources)
  t.same(loadBundle(octets, digest), bundle)
  t.same(bundle.from.domains[0], { name: 'acme.example', kind: 'im', locals: ['anna', 'ben'] })
  t.same(bundle.pairs?.[1], {
    from: 'acme.example',
    to: 'rooms.coalition.example',
    forms: ['message-groupchat', 'presence-available', 'presence-probe', 'presence-unavailable'],
  })
  const inspect = createDecider(bundle)
  const verify = makeDecider(readBundle(Buffer.from(octets), digest))
  const open = filled(row(bundle.labels.rows, 'acme/open', 'ess-0258').input.template)
  const said = (from: string, to: string, type = 'chat') => {
    const stanza = Buffer.from(message(from, to, open))
    const octets = Buffer.from(stanza.toString('utf8').replace('type="chat"', `type="${type}"`))
    const [a, b] = [inspect(octets, SECOND, NUMBER), verify(octets, SECOND, NUMBER)]
    t.equal(a.accepted, b.accepted, `${from} ${to} ${type}`)
    return a.accepted ? 'accepted' : a.reason
  }
  t.equal(said('anna@acme.example/x', 'b@coalition.example'), 'accepted')
  t.equal(said('acme.example', 'b@coalition.example'), 'accepted', 'the domain itself')
  t.equal(said('carl@acme.example/x', 'b@coalition.example'), 'bad-from')
  t.equal(said('anna@acme.example', 'r@rooms.coalition.example'), 'bad-pair', 'no chat with a room')
  t.equal(said('anna@acme.example', 'r@rooms.coalition.example', 'groupchat'), 'accepted')
  t.equal(said('ops@rooms.acme.example/anna', 'b@coalition.example', 'groupchat'), 'accepted')
  t.equal(said('other@rooms.acme.example/anna', 'b@coalition.example', 'groupchat'), 'bad-from')
  t.equal(said('ops@rooms.acme.example/anna', 'r@rooms.coalition.example', 'groupchat'), 'bad-pair')

  const wrong = text.replace('unlabelled:', () =>
    pairs.replace('acme.example, to: rooms', 'acme.test, to: rooms'),
  )
  const told = (body: string) =>
    problemsOf(new Map([...sources, ['ruleset.yaml', new TextEncoder().encode(body)]])).join('\n')
  t.match(told(wrong), /"acme\.test" is no domain of "from"; write one of acme\.example/)
  const changed = (from: string, to: string) =>
    told(text.replace('unlabelled:', () => pairs.replace(from, to)))
  t.match(changed('[messages, presence], rate', '[messages, presence, presence], rate'), /has an entry twice/)
  t.match(changed('rate: 10, burst: 20', 'rate: 10'), /rate and burst go together/)
  t.match(changed('rate: 10,', 'rate: 5000,'), /5000 is more than limits\.rate, 1000/)
  t.match(changed('to: rooms.coalition.example', 'to: coalition.example'), /stands here twice/)
  const limited = (limits: string) => text.replace('  burst: 1000\n', `  burst: 1000\n${limits}`)
  const paced = compiled(
    new Map([
      ...sources,
      ['ruleset.yaml', new TextEncoder().encode(limited('  pair-rate: 7\n  pair-burst: 9\n'))],
    ]),
  )
  t.match(paced.bundle.limits, { rate: 1000, burst: 1000, pairRate: 7, pairBurst: 9 })
  t.same(loadBundle(paced.octets, paced.digest), paced.bundle)
  t.ok(readBundle(Buffer.from(paced.octets), paced.digest), 'verify takes it, and leaves it to intake')
  t.match(told(limited('  pair-rate: 7\n')), /pair-rate and pair-burst go together; write both, or neither/)
  t.match(
    told(limited('  pair-rate: 7\n  pair-burst: 1001\n')),
    /1001 is more than limits\.burst, 1000, and has no effect; lower it/,
  )
  t.match(
    changed('to: rooms.coalition.example', 'to: coalition.example'),
    /no pair names rooms\.coalition\.example, so nothing crosses to it/,
  )
  t.match(told(text.replace('users: [anna, ben]', 'rooms: [anna]')), /kind im has no rooms; write users/)
  t.match(told(text.replace('users: [anna, ben]', 'users: [Anna]')), /"Anna" is not the local part/)
  t.end()
})
