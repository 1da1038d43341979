/** Rulesets by choice: any combination of switches, labels, domains and limits of the example, for properties that hold for all. */
import fc from 'fast-check'
import { parse } from 'yaml'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { compiled, exampleSources } from './ruleset.ts'

const sources = exampleSources('acme-to-coalition')
sources.delete('examples.yaml')
const example = parse(new TextDecoder().decode(sources.get('ruleset.yaml')))
const SWITCHES = [
  ...['presence', 'subscriptions', 'errors', 'discovery', 'rooms'],
  ...['chat-states', 'receipts', 'delay'],
]
const UNLABELLED = ['presence', 'discovery', 'errors', 'chat-states', 'receipts', 'empty-subject']
/** What carries no label and so must be listed as unlabelled when it is on. */
const NEVER_LABELLED = ['presence', 'discovery', 'errors']
const FORMS = [
  ...['ess-0258', '4774-0258', '4774-4778'],
  ...['ess-0258+equivalentlabel', '4774-4778+alternative'],
] as const
const DOMAINS = {
  from: ['acme.example', 'b.acme.example', 'rooms.acme.example'],
  to: ['coalition.example', 'rooms.coalition.example', 'third.example'],
}
const ENTRIES: readonly string[] = example.labels.sets[0].allow.map((entry: { name: string }) => entry.name)

export type Choice = Readonly<{
  switches: readonly string[]
  unlabelled: readonly string[]
  entries: readonly string[]
  accept: readonly string[]
  from: readonly string[]
  to: readonly string[]
  body: number
  /** Room for every number: numbered identifiers are among foreign ones. */
  id: number
  identifiers: 'numbered' | 'foreign'
  octets: number
  past: number
  review: number
}>

export const choices: fc.Arbitrary<Choice> = fc.record({
  switches: fc.subarray(SWITCHES),
  unlabelled: fc.subarray(UNLABELLED),
  entries: fc.subarray([...ENTRIES]),
  accept: fc.subarray([...FORMS], { minLength: 1 }),
  from: fc.subarray([...DOMAINS.from], { minLength: 1 }),
  to: fc.subarray([...DOMAINS.to], { minLength: 1 }),
  body: fc.constantFrom(100, 1000),
  id: fc.constantFrom(32, 64),
  identifiers: fc.constantFrom('numbered', 'foreign'),
  octets: fc.constantFrom(4096, 65_536),
  past: fc.constantFrom(1, 365),
  review: fc.constantFrom(365, 3653),
})

/** Everything that either of both allows. */
export function union(a: Choice, b: Choice): Choice {
  const both = <T>(x: readonly T[], y: readonly T[]): T[] => [...new Set([...x, ...y])]
  return {
    switches: both(a.switches, b.switches),
    unlabelled: both(a.unlabelled, b.unlabelled),
    entries: both(a.entries, b.entries),
    accept: both(a.accept, b.accept),
    from: both(a.from, b.from),
    to: both(a.to, b.to),
    body: Math.max(a.body, b.body),
    id: Math.max(a.id, b.id),
    identifiers: a.identifiers === b.identifiers ? a.identifiers : 'foreign',
    octets: Math.max(a.octets, b.octets),
    past: Math.max(a.past, b.past),
    review: Math.max(a.review, b.review),
  }
}

/** The bundle of a choice, made consistent first: what a switch needs is on, what carries no label may cross unlabelled. */
export function bundleOf(choice: Choice): Bundle {
  const on = new Set(['messages', ...choice.switches])
  if (on.has('subscriptions') || on.has('rooms')) on.add('presence')
  const unlabelled = new Set(
    choice.unlabelled.filter((name) => on.has(name === 'empty-subject' ? 'rooms' : name)),
  )
  for (const name of NEVER_LABELLED) if (on.has(name)) unlabelled.add(name)
  const side = (name: 'from' | 'to') => ({
    name: example[name].name,
    domains: choice[name].map((domain) => ({
      name: domain,
      kind: domain.startsWith('rooms') ? 'rooms' : 'im',
    })),
  })
  const [set] = example.labels.sets
  const { 'review-after': after, ...rest } = set
  const ruleset = {
    ...example,
    edge: { strip: [] },
    from: side('from'),
    to: side('to'),
    profile: Object.fromEntries([...on].map((name) => [name, true])),
    unlabelled: [...unlabelled],
    identifiers: choice.identifiers,
    limits: { 'stanza-octets': choice.octets, 'body-characters': choice.body, 'id-characters': choice.id },
    labels: {
      windows: {
        ...example.labels.windows,
        'creation-past': `${choice.past}d`,
        'review-after-creation': `${choice.review}d`,
      },
      sets: [
        {
          ...rest,
          ...(choice.accept.some((form) => form.startsWith('ess')) ? { 'review-after': after } : {}),
          accept: choice.accept,
          allow: set.allow.filter((entry: { name: string }) => choice.entries.includes(entry.name)),
        },
      ],
    },
  }
  const text = new TextEncoder().encode(JSON.stringify(ruleset))
  return compiled(new Map([...sources, ['ruleset.yaml', text]])).bundle
}
