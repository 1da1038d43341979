import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets, loadBundle } from '../../rules/bundle/load.ts'
import { judgeExamples, verdictWords } from '../../rules/examples/judge.ts'
import { changedSources, compiled, exampleSources, problemsOf } from '../support/ruleset.ts'

const FILE = 'examples.yaml'
const { bundle } = compiled(exampleSources('acme-to-coalition'))

/** The problems of the example ruleset with other examples. */
function problems(yaml: string): string[] {
  return problemsOf(exampleSources('acme-to-coalition').set(FILE, new TextEncoder().encode(yaml)))
}

const STANZA =
  '<presence xmlns="jabber:server" from="anna@acme.example/desk" id="o0.1" to="ben@coalition.example"></presence>'

function one(fields: string): string {
  return `format: sallyport-examples-1\nat: '2026-11-22T10:00:00Z'\nexamples:\n  - name: it\n    stanza: ${STANZA}\n${fields}`
}

t.test('examples are in the bundle, with their labels written out', (t) => {
  const examples = bundle.examples ?? []
  t.equal(examples.length, 9)
  t.match(examples[0], {
    verdict: 'accepted',
    row: 'acme/restricted-harbour',
    at: Date.UTC(2026, 10, 22, 10) / 1000,
  })
  t.match(examples[0]!.stanza, /type="chat"><body>Convoy at the gate\.<\/body><securitylabel xmlns=/)
  t.notMatch(examples[0]!.stanza, /\n|\{label\}/)
  t.match(examples[2]!.stanza, /<CreationDateTime>2025-11-01T00:00:00Z</)
  t.same(
    judgeExamples(bundle).map(({ differs }) => differs),
    examples.map(() => undefined),
  )
  t.end()
})

t.test('an example that is judged otherwise refuses the ruleset, at its place', (t) => {
  t.same(problems(one('    verdict: accepted\n')), [])
  t.match(problems(one('    verdict: refused\n')), [
    /^examples\.yaml:4:5: the example "it" fails: expected refused, the rules say accepted, without a label; mend/,
  ])
  const other = changedSources('acme-to-coalition', FILE, 'reason: label-date', 'reason: label-missing')
  t.match(problemsOf(other), [
    /^examples\.yaml:\d+:\d+: the example "a label older than a year stays" fails: expected refused \(label-missing\), the rules say refused \(label-date\)/,
  ])
  const becomes = changedSources('acme-to-coalition', FILE, 'becomes: HARBOUR', 'becomes: ACME')
  t.match(problemsOf(becomes), [
    /released as ACME CONFIDENTIAL .*; the rules say accepted as acme\/restricted-harbour, HARBOUR CONFIDENTIAL/,
  ])
  t.end()
})

t.test('what is wrong with an example is said with what to write', (t) => {
  const cases: [string, RegExp][] = [
    [one('    verdict: maybe\n'), /"maybe" is not accepted or refused/],
    [
      one('    verdict: accepted\n    reason: label-missing\n'),
      /"reason" does not go with accepted; remove it/,
    ],
    [one('    verdict: refused\n    row: acme/open\n'), /"row" does not go with refused/],
    [one('    verdict: refused\n    reason: because\n'), /"because" is no reason; write one of too-big,/],
    [one(`    verdict: accepted\n    at: '2026-02-30T00:00:00Z'\n`), /2026-02-30T00:00:00Z is no date/],
    [one(`    verdict: accepted\n    number: '0.0'\n`), /0\.0 is the number of no frame; write such as 0\.1/],
    [one(`    verdict: accepted\n    number: '0.01'\n`), /0\.01 is the number of no frame/],
    [
      one('    verdict: accepted\n    number: 0.1\n'),
      /is not the number of a frame: generation, full stop, count/,
    ],
    [one(`    verdict: accepted\n    number: '0.2'\n`), /fails: .* the rules say refused \(bad-attribute\)/],
    [one(`    verdict: accepted\n    at: '2026-02-03'\n`), /is not a date and time in UTC/],
    [one('    verdict: accepted\n    label: { row: acme/open }\n'), /the stanza has no \{label\}/],
    [
      one('    verdict: accepted\n').replace('></presence', '>{label}</presence'),
      /\{label\} stands for no label/,
    ],
    [
      one('    verdict: accepted\n    label: { row: acme/none }\n').replace(
        '></presence',
        '>{label}</presence',
      ),
      /no label "acme\/none" is accepted; there are acme\/open,/,
    ],
    [
      one('    verdict: accepted\n    label: { row: harbour/unclassified, form: ess-0258 }\n').replace(
        '></presence',
        '>{label}</presence',
      ),
      /no label "harbour\/unclassified" is accepted as ess-0258/,
    ],
    [one('    verdict: accepted\n    extra: 1\n'), /unknown key "extra" in an example/],
    ['format: sallyport-examples-1\n', /"at" is missing/],
    ['a: &b 1\n', /anchor/],
    ['', /examples\.yaml/],
  ]
  for (const [yaml, expected] of cases) t.match(problems(yaml).join(' | '), expected)
  const octets = exampleSources('acme-to-coalition').set(FILE, new Uint8Array([0xff, 0xfe]))
  t.match(problemsOf(octets), [/^examples\.yaml:1:1: not UTF-8/])
  t.end()
})

t.test('validity is put into seconds, and its mistakes are told', (t) => {
  const withValidity = (text: string) =>
    changedSources('acme-to-coalition', 'ruleset.yaml', 'version: 1\n', `version: 1\nvalidity:\n${text}`)
  const replaces = 'ab'.repeat(32)
  const { bundle: dated } = compiled(
    withValidity(
      `  not-before: '2026-12-01T00:00:00Z'\n  not-after: '2027-12-01T00:00:00Z'\n  replaces: '${replaces}'\n`,
    ),
  )
  t.same(dated.validity, {
    notBefore: Date.UTC(2026, 11, 1) / 1000,
    notAfter: Date.UTC(2027, 11, 1) / 1000,
    replaces,
  })
  t.equal(bundle.validity, undefined)
  const cases: [string, RegExp][] = [
    [`  not-after: '2027-02-30T00:00:00Z'\n`, /no date/],
    [
      `  not-before: '2027-12-01T00:00:00Z'\n  not-after: '2027-12-01T00:00:00Z'\n`,
      /the end is not after the beginning/,
    ],
    [`  replaces: abc\n`, /is not the digest of a bundle/],
    [`  until: '2027-12-01T00:00:00Z'\n`, /unknown key "until"/],
  ]
  for (const [text, expected] of cases) t.match(problemsOf(withValidity(text)).join(' | '), expected)
  t.end()
})

t.test('origins name the line of each rule', (t) => {
  const lines = new TextDecoder().decode(exampleSources('acme-to-coalition').get('ruleset.yaml')).split('\n')
  const line = (rule: string) => lines[bundle.origins!.find((one) => one.rule === rule)!.line - 1]
  t.match(line('row/acme/internal-harbour'), /- name: internal-harbour/)
  t.match(line('form/message-groupchat'), /rooms: true/)
  t.match(line('limit/stanza-octets'), /stanza-octets: 65536/)
  t.match(line('domain/coalition.example'), /coalition\.example/)
  t.end()
})

t.test('what is for people changes no verdict, and nothing else may be added', (t) => {
  const { examples: _, origins: __, ...bare } = bundle
  const load = (one: Bundle) => {
    const octets = Buffer.from(bundleOctets(one))
    const digest = bundleDigest(octets)
    return [loadBundle(octets, digest), readBundle(octets, digest)] as const
  }
  const [, verify] = load(bundle)
  const [, without] = load(bare)
  t.same({ ...verify, digest: 0 }, { ...without, digest: 0 }, 'verify keeps nothing of it')
  const bad: object[] = [
    { ...bundle, note: 'x' },
    { ...bundle, validity: { until: 1 } },
    { ...bundle, validity: { replaces: 'x' } },
    { ...bundle, origins: [{ rule: 'x', file: 'y' }] },
    { ...bundle, examples: [{ name: 'x', at: 1, stanza: '', verdict: 'perhaps' }] },
    { ...bundle, examples: [{ name: 'x', at: 1, stanza: '', verdict: 'refused', row: 'x' }] },
  ]
  for (const one of bad)
    t.throws(() => load(one as Bundle), /not (64|there|one of|a known field)|known field/)
  t.end()
})

t.test('verdicts in words', (t) => {
  const [accepted, refused] = judgeExamples(bundle)
  t.equal(
    verdictWords(bundle, accepted!.verdict),
    'accepted as acme/restricted-harbour, HARBOUR CONFIDENTIAL RELEASABLE TO ACM/HARBOUR',
  )
  t.equal(verdictWords(bundle, refused!.verdict), 'refused (label-missing)')
  t.end()
})
