import { readFileSync } from 'node:fs'
import t from 'tap'
import { withFields } from '../../packaging/manual/ruleset.ts'
import { formatProblem } from '../../rules/ruleset/problem.ts'
import { checkRuleset } from '../../rules/ruleset/schema.ts'
import { readYaml } from '../../rules/ruleset/yaml.ts'

const example = readFileSync(
  new URL('../../packaging/examples/acme-to-coalition/ruleset.yaml', import.meta.url),
  'utf8',
)

/** What is wrong with a text, a line each. */
function problems(text: string): string[] {
  const yaml = readYaml('ruleset.yaml', text)
  const result = 'problems' in yaml ? yaml : checkRuleset(yaml)
  return 'problems' in result ? result.problems.map(formatProblem) : []
}

/** The example with one line changed; fails when that line is not there. */
function changed(line: string, to: string): string {
  if (!example.includes(line)) throw new Error(`the example has no ${line}`)
  return example.replace(line, to)
}

t.test('the page of the manual has the fields of the schema', (t) => {
  const page = readFileSync(new URL('../../doc/ruleset.md', import.meta.url), 'utf8')
  t.equal(page, withFields(page), 'run scripts/manual.ts')
  t.end()
})

t.test('the example is in form', (t) => {
  t.same(problems(example), [])
  t.end()
})

t.test('each wrong value has its place and what to write', (t) => {
  const cases: [string, string, string][] = [
    [
      'version: 1',
      'version: one',
      '4:10: "one" is not a whole number from 1; write a whole number from 1, such as 1',
    ],
    [
      'version: 1',
      'version: 0',
      '4:10: 0 is not a whole number from 1; write a whole number from 1, such as 1',
    ],
    [
      'version: 1',
      'version: 1.5',
      '4:10: 1.5 is not a whole number from 1; write a whole number from 1, such as 1',
    ],
    [
      'version: 1',
      'version:',
      '4:9: null is not a whole number from 1; write a whole number from 1, such as 1',
    ],
    [
      'version: 1',
      'versoin: 1',
      '4:1: unknown key "versoin" in ruleset.yaml; known are format, name, version, from, to, profile, unlabelled, pairs, identifiers, languages, limits, pacing, content, labels, validity and edge',
    ],
    [
      'format: sallyport-ruleset-1',
      'format: sallyport-ruleset-2',
      '2:9: "sallyport-ruleset-2" is not sallyport-ruleset-1; write sallyport-ruleset-1',
    ],
    ['kind: rooms }', 'kind: room }', '10:41: "room" is not im or rooms; write one of im and rooms'],
    ['messages: true', 'messages: yes', '18:13: "yes" is not true or false; write true or false'],
    [
      'messages: true',
      'message: true',
      '18:3: unknown key "message" in a table of switches; known are preset, messages, headlines, presence, status-text, subscriptions, errors, discovery, paging, room-info, capabilities, rooms, join-history, invitations, direct-invitations, hats, chat-states, receipts, markers, corrections, delay, nicknames, links, ping and 3 more',
    ],
    [
      'chat-states, receipts, empty-subject]',
      'body]',
      '28:43: "body" is not a name of what may cross unlabelled; write one of presence, discovery, errors, chat-states, receipts, markers, empty-subject, room-notices, ping, time, software-version and vcards',
    ],
    [
      '[presence, discovery,',
      '[presence, presence,',
      '28:24: a list of what may cross without a label has an entry twice; remove one',
    ],
    [
      'depth: 12',
      'depth: 1000',
      '35:10: 1000 is not a whole number from 4 to 64; write a whole number from 4 to 64',
    ],
    [
      'creation-past: 365d',
      'creation-past: 365',
      '47:20: 365 is not a number with s, m, h or d (seconds, minutes, hours, days); write a number with s, m, h or d (seconds, minutes, hours, days), such as 30d',
    ],
    [
      'policy: acme.spif.xml',
      'policy: ../acme.spif.xml',
      '54:15: "../acme.spif.xml" is not a file name in the ruleset’s directory that ends in .xml; write a file name in the ruleset’s directory that ends in .xml, such as acme.spif.xml',
    ],
    [
      'mode: replace',
      'mode: keep',
      '59:13: "keep" is not replace, equivalentlabel or alternative; write one of replace, equivalentlabel and alternative',
    ],
    [
      'accept: [ess-0258, 4774-0258, 4774-4778]',
      'accept: []',
      '57:15: a list of forms of label is empty; write at least one entry',
    ],
    [
      'values: [EXERCISE] }',
      'values: [1001] }',
      '70:44: 1001 is not a name as the SPIF writes it (in quotes when it looks like a number); write a name as the SPIF writes it (in quotes when it looks like a number)',
    ],
    ['- caps', '- cap', ''],
  ]
  for (const [line, to, expected] of cases) {
    const found = problems(changed(line, to))
    if (expected === '')
      t.match(found[0], /^ruleset\.yaml:\d+:7: "cap" is not a strip group; write one of caps, avatars,/)
    else t.ok(found.includes(`ruleset.yaml:${expected}`), `${to}: ${found.join(' | ')}`)
  }
  t.end()
})

t.test('what is missing is said once each, all at once', (t) => {
  const found = problems('format: sallyport-ruleset-1\nfrom: { name: a }\nprofile: { messages: on }\n')
  t.same(found, [
    'ruleset.yaml:1:1: "name" is missing in ruleset.yaml; add it: a name of 1 to 64 small letters, digits, dots and hyphens that begins with a letter or digit, such as acme-to-coalition',
    'ruleset.yaml:1:1: "version" is missing in ruleset.yaml; add it: a whole number from 1, such as 1',
    'ruleset.yaml:1:1: "to" is missing in ruleset.yaml; add it: a side',
    'ruleset.yaml:1:1: "unlabelled" is missing in ruleset.yaml; add it: a list of what may cross without a label, such as ["presence","chat-states","empty-subject"]',
    'ruleset.yaml:1:1: "labels" is missing in ruleset.yaml; add it: the accepted labels',
    'ruleset.yaml:1:1: "edge" is missing in ruleset.yaml; add it: what the sending edge does',
    'ruleset.yaml:2:7: "domains" is missing in a side; add it: a list of domains',
    'ruleset.yaml:3:22: "on" is not true or false; write true or false',
  ])
  t.end()
})

t.test('bad YAML is told with its place', (t) => {
  const cases: [string, RegExp][] = [
    ['a: [1, 2', /^ruleset\.yaml:1:9: YAML: /],
    ['a: 1\na: 2\n', /^ruleset\.yaml:2:1: YAML: this key stands here twice; remove one$/],
    ['a: 1\n---\nb: 2\n', /YAML: a second document begins here; a file holds one/],
    ['a: "x\n', /YAML: a quote, bracket or blank is missing here/],
    ['a:\n\tb: 1\n', /YAML: a tab as indentation; indent with blanks/],
    ['a: &x 1\nb: *x\n', /^ruleset\.yaml:1:7: YAML: an anchor is not used here; write the value out/],
    ['a: !secret 1\n', /^ruleset\.yaml:1:4: YAML: Unresolved tag: !secret/],
    ['a: !!str 1\n', /YAML: a tag is not used/],
    ['%YAML 1.1\n---\na: 1\n', /YAML: a directive is not used/],
    ['# note\n%YAML 1.1\n---\na: 1\n', /YAML: a directive is not used/],
    ['# note\n%TAG ! tag:x,1:\n---\na: 1\n', /YAML: a directive is not used/],
    ['? [a]\n: 1\n', /YAML: /],
    ['<<: { a: 1 }\n', /unknown key "<<"/],
    ['a:\n\t- 1\n', /^ruleset\.yaml:2:1: YAML: /],
    ['', /null is not ruleset\.yaml/],
    ['- a\n', /a list is not ruleset\.yaml/],
    ['just text', /"just text" is not ruleset\.yaml/],
    ['__proto__: 1\n', /unknown key "__proto__"/],
    ['constructor: 1\n', /unknown key "constructor"/],
  ]
  for (const [text, expected] of cases) {
    const found = problems(text)
    t.ok(
      found.some((line) => expected.test(line)),
      `${JSON.stringify(text)}: ${found.join(' | ')}`,
    )
  }
  t.end()
})

t.test('a bomb of aliases is not expanded', (t) => {
  const lines = ['a0: &a0 [x, x]']
  for (let i = 1; i < 40; i++) lines.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`)
  // Expanded, it would be a million million strings and never end.
  t.match(problems(lines.join('\n'))[0], /an anchor is not used/)
  t.end()
})
