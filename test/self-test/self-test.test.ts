/** The start-up self-test: both verifiers give the verdicts that it expects, for every bundle, and it sees what is broken. */
import fc from 'fast-check'
import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import {
  SELF_TEST_NUMBER,
  SELF_TEST_SECOND,
  type SelfTestCase,
  selfTest,
} from '../../rules/self-test/self-test.ts'
import { testBundle } from '../guard/bundle.ts'
import { bundleOf, choices } from '../support/choice.ts'
import { everyPair, PAIR_FORMS, pairRulesets } from '../support/pairs.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'

type Said = Readonly<{ accepted: boolean; row?: number; output?: string; reason?: string }>

/** What both verifiers say of one case, as far as it is expected. */
function deciders(bundle: Bundle): ((one: SelfTestCase) => Said)[] {
  const octets = bundleOctets(bundle)
  const inspect = createDecider(bundle)
  const verify = makeDecider(readBundle(Buffer.from(octets), bundleDigest(octets)))
  return [
    ({ stanza }) => inspect(stanza, SELF_TEST_SECOND, SELF_TEST_NUMBER),
    ({ stanza }) => verify(Buffer.from(stanza), SELF_TEST_SECOND, SELF_TEST_NUMBER),
  ]
}

/** Cases of which a verifier says something else than is expected. */
function unexpected(bundle: Bundle): string[] {
  const both = deciders(bundle)
  return selfTest(bundle).flatMap((one) =>
    both.flatMap((decide, i) => {
      const said = decide(one)
      const { accepted } = one
      const none = said.row === -1 || said.row === 0xffff_ffff
      const right =
        accepted === undefined
          ? !said.accepted
          : said.accepted && said.output === accepted.output && (none ? -1 : said.row) === accepted.row
      return right
        ? []
        : [`${['inspect', 'verify'][i]}: ${one.name}: ${JSON.stringify(said)} ${Buffer.from(one.stanza)}`]
    }),
  )
}

t.test('every example ruleset', (t) => {
  for (const name of exampleNames()) {
    const { bundle } = compiled(exampleSources(name))
    t.same(unexpected(bundle), [], name)
    const cases = selfTest(bundle)
    const benign = cases.filter(({ accepted }) => accepted !== undefined)
    const forms = new Set(benign.map(({ name }) => name.split(':')[0]))
    t.comment(
      `${name}: ${cases.length} cases, ${benign.length} benign, ${bundle.forms.length} forms, ${bundle.labels.rows.length} rows`,
    )
    for (const { form } of bundle.forms) t.ok(forms.has(form), `${name}: ${form} has a benign stanza`)
    t.equal(
      new Set(cases.map(({ stanza }) => Buffer.from(stanza).toString('latin1'))).size,
      cases.length,
      'none stands twice',
    )
  }
  t.same(unexpected(testBundle()), [])
  t.end()
})

t.test('rulesets with pairs of labels', (t) => {
  for (const [form, sources] of [
    ...PAIR_FORMS.flatMap((form) => {
      const { out, back } = pairRulesets(form)
      return [
        [`${form}, released`, out],
        [form, back],
      ] as const
    }),
    ['every form', everyPair()] as const,
  ]) {
    const { bundle } = compiled(sources)
    t.same(unexpected(bundle), [], form)
    const pairs = selfTest(bundle).filter(({ name }) => /: a pair /.test(name))
    const whats = new Set(pairs.map(({ name }) => name.replace(/.*: a pair /, '')))
    const dated = form.startsWith('ess') ? [] : ['of two dates']
    t.same(
      [...whats].sort(),
      form.endsWith('released')
        ? []
        : ['in the other order', 'of its first label twice', 'of its second label twice', ...dated],
      form,
    )
  }
  t.end()
})

t.test('bundles that admit little', (t) => {
  const { bundle } = compiled(exampleSources('acme-to-coalition'))
  const forms = bundle.forms.map(({ form }) => form)
  const side = (name: string, locals: readonly string[]) => ({
    name,
    domains: [{ name: `${name}.example`, kind: 'rooms' as const, locals }],
  })
  const narrow: [string, Partial<Bundle>, number][] = [
    ['no form', { forms: [] }, 0],
    ['no row', { labels: { ...bundle.labels, rows: [] } }, 19],
    ['no domain', { from: { name: 'x', domains: [] } }, 0],
    ['listed local parts', { from: side('acme', ['zoe', 'a']), to: side('coalition', []) }, 53],
    ['no pair', { pairs: [] }, 0],
    [
      'one pair',
      { pairs: [{ from: 'acme.example', to: 'coalition.example', forms: forms.slice(0, 2) }] },
      31,
    ],
    ['one script', { content: { scripts: ['Cyrillic'] } }, 53],
    ['another', { content: { scripts: ['Ethiopic'] } }, 53],
    ['no letters', { content: { categories: ['Nd'] } }, 53],
    ['nothing that is known here', { content: { categories: ['Me'] } }, 19],
    ['words', { content: { words: ['hello', '1'] } }, 53],
    ['no depth', { limits: { ...bundle.limits, depth: 1 }, labels: { ...bundle.labels, rows: [] } }, 7],
    ['few octets', { limits: { ...bundle.limits, stanzaBytes: 180 } }, 13],
    ['no octet', { limits: { ...bundle.limits, stanzaBytes: 1 } }, 0],
    [
      'no window',
      {
        labels: { ...bundle.labels, windows: { creationPast: 0, creationFuture: 0, reviewAfterCreation: 0 } },
      },
      53,
    ],
    [
      'all time',
      {
        labels: {
          ...bundle.labels,
          windows: { creationPast: 1e12, creationFuture: 1e12, reviewAfterCreation: 1e12 },
        },
      },
      53,
    ],
  ]
  for (const [what, changed, most] of narrow) {
    const changedBundle = { ...bundle, ...changed }
    t.same(unexpected(changedBundle), [], what)
    const cases = selfTest(changedBundle)
    const benign = cases.filter(({ accepted }) => accepted !== undefined).length
    t.comment(`${what}: ${cases.length} cases, ${benign} benign`)
    t.equal(benign, most, `${what}: benign stanzas`)
    t.ok(cases.length > 0, `${what}: there are cases`)
  }
  const [first] = bundle.labels.rows
  const rows = Array.from({ length: 1000 }, (_, i) => ({
    ...first!,
    name: `row ${i}`,
    input: { ...first!.input, template: [`${i}`] },
  }))
  const tried = selfTest({ ...bundle, labels: { ...bundle.labels, rows } }).filter(({ name }) =>
    name.startsWith('label row'),
  )
  t.equal(tried.length, 64, 'of a thousand rows 64 are tried')
  t.equal(tried.at(-1)!.name, 'label row 984')
  t.end()
})

t.test('rulesets by choice', (t) => {
  fc.assert(
    fc.property(choices, (choice) => {
      const found = unexpected(bundleOf(choice))
      if (found.length > 0) throw new Error(found.join('\n'))
    }),
    { numRuns: 60 },
  )
  t.pass('60 rulesets')
  t.end()
})
