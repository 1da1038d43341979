/** Rulesets by choice: any combination of switches, labels, domains and limits of the example, for properties that hold for all. */
import fc from 'fast-check'
import { parse } from 'yaml'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { NEEDS, NEVER_LABELLED, switchOf } from '../../rules/profile/catalogue.ts'
import { compiled, exampleSources } from './ruleset.ts'

const sources = exampleSources('acme-to-coalition')
sources.delete('examples.yaml')
const example = parse(new TextDecoder().decode(sources.get('ruleset.yaml')))
const SWITCHES = [
  ...['headlines', 'presence', 'status-text', 'subscriptions', 'errors', 'discovery', 'paging', 'room-info'],
  ...['capabilities', 'rooms', 'join-history', 'invitations', 'direct-invitations', 'hats', 'chat-states'],
  ...['receipts', 'markers', 'corrections', 'delay', 'nicknames', 'links', 'ping', 'time'],
  ...['software-version', 'vcards'],
]
const UNLABELLED = ['chat-states', 'receipts', 'markers', 'empty-subject', 'room-notices']
const KINDS = ['messages', 'groupchat', 'presence', 'subscriptions', 'errors', 'questions', 'answers']
/** The kinds that a pair may have, by the switch that they need; the others need none. */
const KIND_NEEDS = new Map([
  ...[
    ['groupchat', 'rooms'],
    ['presence', 'presence'],
    ['subscriptions', 'subscriptions'],
    ['errors', 'errors'],
  ],
  ...[
    ['questions', 'asked'],
    ['answers', 'asked'],
  ],
] as [string, string][])
const ASKED = ['discovery', 'ping', 'time', 'software-version', 'vcards']
const FORMS = [
  ...['ess-0258', '4774-0258', '4774-4778'],
  ...['ess-0258+equivalentlabel', '4774-4778+alternative'],
] as const
const DOMAINS = {
  from: ['acme.example', 'b.acme.example', 'rooms.acme.example'],
  to: ['coalition.example', 'rooms.coalition.example', 'third.example'],
}
const ENTRIES: readonly string[] = example.labels.sets[0].allow.map((entry: { name: string }) => entry.name)

const USERS = ['ann', 'anna', 'ben', 'bob.smith', 'ops']
const WORDS = ['hello', 'secret', 'привет']

/** What is taken away from texts; a member that is absent takes nothing away. */
type Content = Readonly<{
  scripts?: readonly string[] | undefined
  categories?: readonly string[] | undefined
  joiners?: 'refuse' | undefined
  marks?: number | undefined
  'mixed-words'?: 'refuse' | undefined
  links?: 'refuse' | undefined
  words?: readonly string[] | undefined
}>

/** `pairs` are the kinds for each pair of domains, as `from to`; `locals` the users or rooms by domain. Undefined: all. */
export type Choice = Readonly<{
  switches: readonly string[]
  unlabelled: readonly string[]
  entries: readonly string[]
  accept: readonly string[]
  release: string
  from: readonly string[]
  to: readonly string[]
  pairs: Readonly<Record<string, readonly string[]>> | undefined
  locals: Readonly<Record<string, readonly string[] | undefined>>
  content: Content
  languages: readonly string[]
  defaults: readonly string[]
  identifiers: 'foreign' | 'numbered'
  body: number
  /** Room for every number: numbered identifiers are among foreign ones. */
  id: number
  octets: number
  past: number
  review: number
}>

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 })
const all = (side: 'from' | 'to'): string[] => [...DOMAINS[side]]
const pairNames = all('from').flatMap((from) => all('to').map((to) => `${from} ${to}`))

const content: fc.Arbitrary<Content> = fc.record({
  scripts: optional(fc.subarray(['Latin', 'Cyrillic', 'Arabic', 'Han', 'Devanagari'], { minLength: 1 })),
  categories: optional(fc.subarray(['Lu', 'Ll', 'Lo', 'Mn', 'Mc', 'Nd', 'Po', 'Ps', 'So'], { minLength: 1 })),
  joiners: optional(fc.constant('refuse')),
  marks: optional(fc.constantFrom(0, 1, 3)),
  'mixed-words': optional(fc.constant('refuse')),
  links: optional(fc.constant('refuse')),
  words: optional(fc.subarray(WORDS, { minLength: 1 })),
})

export const choices: fc.Arbitrary<Choice> = fc
  .record({
    switches: fc.subarray(SWITCHES),
    unlabelled: fc.subarray(UNLABELLED),
    entries: fc.oneof(
      { arbitrary: fc.subarray([...ENTRIES], { minLength: 1 }), weight: 5 },
      { arbitrary: fc.constant([]), weight: 1 },
    ),
    accept: fc.subarray([...FORMS], { minLength: 1 }),
    release: fc.constantFrom('4774-0258', '4774-4778'),
    from: fc.subarray(all('from'), { minLength: 1 }),
    to: fc.subarray(all('to'), { minLength: 1 }),
    pairs: optional(fc.record(Object.fromEntries(pairNames.map((name) => [name, fc.subarray(KINDS)])))),
    locals: fc.record(
      Object.fromEntries(
        [...all('from'), ...all('to')].map((name) => [name, optional(fc.subarray(USERS, { minLength: 1 }))]),
      ),
    ),
    content: fc.oneof(fc.constant({}), content, content),
    languages: fc.subarray(['en', 'fr', 'de']),
    defaults: fc.subarray(['acme.example', 'ann@acme.example', 'ops@rooms.acme.example']),
    identifiers: fc.constantFrom('foreign', 'numbered'),
    body: fc.constantFrom(100, 1000),
    id: fc.constantFrom(32, 64),
    octets: fc.constantFrom(4096, 65_536),
    past: fc.constantFrom(1, 365),
    review: fc.constantFrom(365, 3653),
  })
  .map((choice) => consistent(choice as Choice))

/** The facets of a choice, one of which an edit changes. */
export const FACETS = [
  ...([
    'switches',
    'unlabelled',
    'entries',
    'accept',
    'release',
    'from',
    'to',
    'pairs',
    'locals',
    'content',
  ] as const),
  ...(['languages', 'defaults', 'identifiers', 'body', 'id', 'octets', 'past', 'review'] as const),
] as const satisfies readonly (keyof Choice)[]

/** The first with one facet of the second. */
export function edited(a: Choice, b: Choice, facet: (typeof FACETS)[number]): Choice {
  return consistent({ ...a, [facet]: b[facet] })
}

/** Everything that either of both allows; what has no order is that of the first. */
export function union(a: Choice, b: Choice): Choice {
  const both = <T>(x: readonly T[], y: readonly T[]): T[] => [...new Set([...x, ...y])]
  const either = <T>(x: readonly T[] | undefined, y: readonly T[] | undefined): readonly T[] | undefined =>
    x === undefined || y === undefined ? undefined : both(x, y)
  const [from, to] = [both(a.from, b.from), both(a.to, b.to)]
  const without = <T>(x: T | undefined, y: T | undefined): T | undefined => (x === undefined ? x : y)
  const [c, d] = [a.content, b.content]
  return consistent({
    switches: both(a.switches, b.switches),
    unlabelled: both(a.unlabelled, b.unlabelled),
    entries: both(a.entries, b.entries),
    accept: both(a.accept, b.accept),
    release: a.release,
    from,
    to,
    pairs:
      a.pairs === undefined || b.pairs === undefined
        ? undefined
        : Object.fromEntries(
            pairNames.map((name) => [name, both(a.pairs![name] ?? [], b.pairs![name] ?? [])]),
          ),
    locals: Object.fromEntries(
      [...from, ...to].map((name) => {
        const [own, other] = [a, b].map((one) =>
          [...one.from, ...one.to].includes(name) ? one.locals[name] : [],
        )
        return [name, either(own, other)]
      }),
    ),
    content: {
      scripts: either(c.scripts, d.scripts),
      categories: either(c.categories, d.categories),
      joiners: without(c.joiners, d.joiners),
      marks: c.marks === undefined || d.marks === undefined ? undefined : Math.max(c.marks, d.marks),
      'mixed-words': without(c['mixed-words'], d['mixed-words']),
      links: without(c.links, d.links),
      words:
        c.words === undefined || d.words === undefined
          ? undefined
          : c.words.filter((word) => d.words!.includes(word)),
    },
    languages: both(a.languages, b.languages),
    defaults: both(a.defaults, b.defaults),
    body: Math.max(a.body, b.body),
    id: Math.max(a.id, b.id),
    identifiers: a.identifiers === b.identifiers ? a.identifiers : 'foreign',
    octets: Math.max(a.octets, b.octets),
    past: Math.max(a.past, b.past),
    review: Math.max(a.review, b.review),
  })
}

/** What a switch needs is on; each domain is in a pair that lets something through; links are not both on and refused. */
function consistent(choice: Choice): Choice {
  const on = new Set(['messages', ...choice.switches])
  for (const { name, needs } of NEEDS) if (on.has(name)) on.add(needs)
  // What is needed may need something itself.
  for (const { name, needs } of NEEDS) if (on.has(name)) on.add(needs)
  const { links, ...content } = choice.content
  return {
    ...choice,
    switches: [...on].filter((name) => name !== 'messages'),
    content: on.has('links') ? content : choice.content,
    ...(choice.pairs === undefined ? {} : { pairs: consistentPairs(choice, choice.pairs, on) }),
  }
}

function consistentPairs(
  { from, to }: Choice,
  pairs: NonNullable<Choice['pairs']>,
  on: ReadonlySet<string>,
): NonNullable<Choice['pairs']> {
  const has = (need: string): boolean =>
    need === 'asked' ? ASKED.some((name) => on.has(name)) : on.has(need)
  const kinds = new Map<string, readonly string[]>()
  for (const a of from) {
    for (const b of to) {
      const name = `${a} ${b}`
      kinds.set(
        name,
        (pairs[name] ?? []).filter((kind) => has(KIND_NEEDS.get(kind) ?? 'messages')),
      )
    }
  }
  const listed = (a: string, b: string): boolean => (kinds.get(`${a} ${b}`) ?? []).length > 0
  for (const a of from) if (!to.some((b) => listed(a, b))) kinds.set(`${a} ${to[0]}`, ['messages'])
  for (const b of to) if (!from.some((a) => listed(a, b))) kinds.set(`${from[0]} ${b}`, ['messages'])
  return Object.fromEntries(kinds)
}

/** The bundle of a choice. */
export function bundleOf(choice: Choice): Bundle {
  const on = new Set(['messages', ...choice.switches])
  const unlabelled = new Set(
    choice.unlabelled.filter((name) => on.has(switchOf(name as Parameters<typeof switchOf>[0]))),
  )
  for (const { name, unlabelled: what } of NEVER_LABELLED) if (on.has(name)) unlabelled.add(what)
  const side = (name: 'from' | 'to') => ({
    name: example[name].name,
    domains: choice[name].map((domain) => {
      const rooms = domain.startsWith('rooms')
      const locals = choice.locals[domain]
      return {
        name: domain,
        kind: rooms ? 'rooms' : 'im',
        ...(locals === undefined ? {} : { [rooms ? 'rooms' : 'users']: locals }),
      }
    }),
  })
  const pairs = Object.entries(choice.pairs ?? {}).flatMap(([name, kinds]) => {
    const [from, to] = name.split(' ')
    return kinds.length === 0 ? [] : [{ from, to, kinds }]
  })
  const [set] = example.labels.sets
  const { 'review-after': after, ...rest } = set
  const allow = set.allow.filter((entry: { name: string }) => choice.entries.includes(entry.name))
  // A pair of labels is nobody's default.
  const form = FORMS.find((one) => choice.accept.includes(one) && !one.includes('+'))
  const defaults = choice.defaults
    .filter(
      (from) =>
        form !== undefined && allow.length > 0 && choice.from.includes(from.slice(from.indexOf('@') + 1)),
    )
    .map((from) => ({
      from,
      label: `${set.name}/${allow[0].name}`,
      form,
      ...(form === 'ess-0258' ? {} : { 'review-after': '30d' }),
    }))
  const content = Object.fromEntries(
    Object.entries(choice.content).filter(([, value]) => value !== undefined && (value as []).length !== 0),
  )
  const ruleset = {
    ...example,
    edge: { strip: [], 'default-labels': defaults },
    from: side('from'),
    to: side('to'),
    profile: Object.fromEntries([...on].map((name) => [name, true])),
    unlabelled: [...unlabelled],
    ...(choice.pairs === undefined ? {} : { pairs }),
    identifiers: choice.identifiers,
    languages: choice.languages,
    ...(Object.keys(content).length === 0 ? {} : { content }),
    limits: {
      'stanza-octets': choice.octets,
      'body-characters': choice.body,
      'id-characters': choice.id,
    },
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
          release: choice.release,
          allow,
        },
      ],
    },
  }
  const text = new TextEncoder().encode(JSON.stringify(ruleset))
  return compiled(new Map([...sources, ['ruleset.yaml', text]])).bundle
}
