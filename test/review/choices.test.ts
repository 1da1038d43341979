/** What a ruleset takes away stands on the review page, and each change of it in the diff. */
import t from 'tap'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { factsOf } from '../../rules/diff/facts.ts'
import { reviewPage } from '../../rules/review/review.ts'
import { asText } from '../../rules/review/text.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

const { bundle, digest } = compiled(exampleSources('acme-to-coalition'))
const narrow: Bundle = {
  ...bundle,
  from: { ...bundle.from, domains: [{ name: 'acme.example', kind: 'im', locals: ['anna'] }] },
  pairs: [{ from: 'acme.example', to: 'coalition.example', forms: ['message-chat'], rate: 7, burst: 9 }],
  content: {
    scripts: ['Latin'],
    joiners: false,
    marks: 1,
    mixedWords: false,
    links: false,
    words: ['noforn'],
    categories: ['Ll'],
  },
  pacing: { slotMilliseconds: 250, sizes: [1024, 70_000] },
  limits: { ...bundle.limits, pairRate: 3, pairBurst: 5 },
}

t.test('the page tells each', (t) => {
  const text = asText(reviewPage(narrow, digest)).replaceAll(/\s+/g, ' ')
  for (const phrase of [
    'only the users anna and the domain itself',
    'at most 7 a second, 9 at once',
    'Letters of these scripts only: Latin.',
    'General categories of code points: Ll.',
    'No joiners',
    'At most 1 combining marks in a row.',
    'No word with letters of two scripts.',
    'No links',
    'None of these words: noforn.',
    'One frame is to leave every 250 milliseconds',
    'No program of this version keeps it.',
    'Of these a second between any two bare addresses: 3',
  ]) {
    t.ok(text.includes(phrase), phrase)
  }
  const wide = asText(reviewPage(bundle, digest)).replaceAll(/\s+/g, ' ')
  t.match(wide, /Every user and every room of the domains above\./)
  t.match(wide, /Nothing more is taken away: every script, links, every word\./)
  t.end()
})

t.test('each change is a fact that differs', (t) => {
  const meanings = (one: Bundle) =>
    JSON.stringify([...factsOf(one).facts.values()].map(({ name, meaning }) => [name, meaning]))
  const base = meanings(narrow)
  const changes: readonly Partial<Bundle>[] = [
    { from: bundle.from },
    { from: { ...narrow.from, domains: [{ name: 'acme.example', kind: 'im', locals: ['anna', 'ben'] }] } },
    { pairs: [] },
    { pairs: [{ ...narrow.pairs![0]!, rate: 8 }] },
    { pairs: [{ ...narrow.pairs![0]!, forms: ['message-chat', 'message-normal'] }] },
    { content: { ...narrow.content, scripts: ['Latin', 'Greek'] } },
    { content: { ...narrow.content, marks: 2 } },
    { content: { ...narrow.content, words: [] } },
    { content: {} },
    { limits: bundle.limits },
    { limits: { ...narrow.limits, pairBurst: 6 } },
    { pacing: { slotMilliseconds: 251, sizes: [1024, 70_000] } },
  ]
  for (const change of changes) t.not(meanings({ ...narrow, ...change }), base, JSON.stringify(change))
  t.end()
})
