/**
 * What is allowed now is never hidden: each over-permission is told as such with a stanza, whatever else the ruleset refuses or
 * changes, and in the words of the review.
 */
import t, { type Test } from 'tap'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import type { Difference } from '../../rules/diff/diff.ts'
import { diffPage } from '../../rules/diff/page.ts'
import { SECOND } from '../../rules/diff/witness.ts'
import { asText } from '../../rules/review/text.ts'
import { NUMBER } from '../support/number.ts'
import { compiled, type ExampleName, exampleSources } from '../support/ruleset.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

type Edit = readonly [from: string, to: string, file?: string]

function bundleOf(name: ExampleName, ...edits: readonly Edit[]): Bundle {
  const sources = exampleSources(name)
  sources.delete('examples.yaml')
  for (const [from, to, file = 'ruleset.yaml'] of edits) {
    const text = decoder.decode(sources.get(file))
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
    sources.set(file, encoder.encode(text.replace(from, () => to)))
  }
  return compiled(sources).bundle
}

/** The differences and their page in one line; every stanza judged again, and nothing left without an explanation. */
function compared(t: Test, old: Bundle, fresh: Bundle): { found: readonly Difference[]; text: string } {
  const { page, found } = diffPage({ bundle: old, digest: '' }, { bundle: fresh, digest: '' })
  const deciders = [old, fresh].map(createDecider)
  const verdicts = (stanza: string) =>
    deciders.map((decide) => decide(Buffer.from(stanza), SECOND, NUMBER).accepted)
  for (const { now, noLonger, kind } of found) {
    t.not(kind, 'unexplained', JSON.stringify(now ?? noLonger))
    for (const [witness, expected] of [
      [now, [false, true]],
      [noLonger, [true, false]],
    ] as const) {
      if (witness === undefined || witness.edge === true) continue
      t.same(verdicts(witness.stanza), expected, witness.stanza)
    }
  }
  return { found, text: asText(page).replaceAll(/\s+/g, ' ') }
}

const NOTHING = 'Nothing is allowed now that was not.'

const RESTRICTED = `        - name: restricted-harbour
          classification: RESTRICTED
          categories:
            - { tag-set: Releasable To, values: [ACME, HARBOUR] }
          becomes:
            classification: CONFIDENTIAL
            categories:
              - { tag-set: Release, values: [ACM, HARBOUR] }

`
const noRestricted: Edit = [RESTRICTED, '']
const listing = (lines: string): Edit => ['languages:', `${lines}\nlanguages:`]
const pairs = (first: string, second = 'groupchat'): Edit =>
  listing(`pairs:
  - { from: acme.example, to: rooms.coalition.example, kinds: [${first}] }
  - { from: rooms.acme.example, to: coalition.example, kinds: [${second}] }`)
const content = (rules: string): Edit => listing(`content: { ${rules} }`)

t.test('a label is added where users do not chat with users, or where no one may say Hello', (t) => {
  for (const edit of [
    pairs('groupchat'),
    content('words: [hello]'),
    content('scripts: [Cyrillic]'),
    content('categories: [Nd]'),
    content('categories: [Sc], scripts: [Thai], words: [hello]'),
  ]) {
    const { text } = compared(
      t,
      bundleOf('acme-to-coalition', edit, noRestricted),
      bundleOf('acme-to-coalition', edit),
    )
    t.notOk(text.includes(NOTHING))
    t.match(
      text,
      /Now allowed -+ Labels: ACME RESTRICTED REL TO ACME, HARBOUR .* Only the new bundle lets this through: <(message|presence)/,
    )
  }
  t.end()
})

t.test('a pair is given messages while a label goes, or gets another name', (t) => {
  const old = bundleOf('acme-to-coalition', pairs('groupchat'))
  for (const edit of [noRestricted, ['- name: restricted-harbour', '- name: restricted-other'] as const]) {
    const { text } = compared(t, old, bundleOf('acme-to-coalition', pairs('groupchat, messages'), edit))
    t.match(
      text,
      /1 now allowed !!: Chat message; Message \(normal\), from acme\.example to rooms\.coalition\.example\./,
    )
  }
  t.end()
})

t.test('a user or a room is added to a list, or the list goes', (t) => {
  const users = (list: string): Edit => [
    '{ name: acme.example, kind: im }',
    `{ name: acme.example, kind: im${list} }`,
  ]
  const rooms = (list: string): Edit => [
    '{ name: rooms.coalition.example, kind: rooms }',
    `{ name: rooms.coalition.example, kind: rooms${list} }`,
  ]
  for (const [before, after, said] of [
    [
      users(', users: [anna, ben]'),
      users(', users: [anna, ben, eve]'),
      /acme\.example \(also eve\).* from="eve@acme/,
    ],
    [
      users(', users: [anna]'),
      users(''),
      /Before: sends; users; only the users anna.*After: sends; users, each/,
    ],
    [
      rooms(', rooms: [ops]'),
      rooms(', rooms: [ops, plans]'),
      /coalition\.example \(also plans\).* to="plans@rooms/,
    ],
  ] as const) {
    for (const narrow of [[], [pairs('messages, groupchat', 'messages')]]) {
      const [old, fresh] = [before, after].map((edit) => bundleOf('acme-to-coalition', edit, ...narrow))
      const { text, found } = compared(t, old!, fresh!)
      t.match(text, said)
      t.notOk(text.includes(NOTHING))
      t.equal(found.length, 1)
      const { text: other } = compared(t, fresh!, old!)
      t.match(other, /Nothing is allowed now that was not\. - 1 no longer allowed/)
    }
  }
  t.end()
})

t.test('each content rule is taken away, alone and from among all of them', (t) => {
  const rules = [
    'links: refuse',
    'words: [hello, secret]',
    'scripts: [Latin, Cyrillic]',
    'joiners: refuse',
    'categories: [Lu, Ll, Lo, Mn, Po, So]',
    'mixed-words: refuse',
    'marks: 1',
  ]
  const without = bundleOf('acme-to-coalition')
  for (const rule of rules) {
    const { text, found } = compared(t, bundleOf('acme-to-coalition', content(rule)), without)
    t.match(
      text,
      /1 now allowed.*Now allowed -+ Texts: .* After: Nothing is taken away\. Only the new bundle/,
    )
    t.equal(found.length, 1)
  }
  const all = bundleOf('acme-to-coalition', content(rules.join(', ')))
  const { text } = compared(t, all, without)
  t.match(text, /7 now allowed/)
  for (const rule of ['links', 'words', 'joiners', 'marks']) {
    const rest = rules.filter((one) => !one.startsWith(rule)).join(', ')
    const { text: one } = compared(t, all, bundleOf('acme-to-coalition', content(rest)))
    t.match(one, /1 now allowed/, `${rule} of all`)
  }
  t.end()
})

t.test('a default label is added, widened or lowered', (t) => {
  const feed = 'weather@rooms.mission.example, label: harbour/unclassified'
  const old = bundleOf('fmn-rooms')
  const wider = compared(t, old, bundleOf('fmn-rooms', [feed, feed.replace('weather@', '')]))
  t.match(wider.text, /1 now allowed !!: label added to what has none, from rooms\.mission\.example/)
  t.match(
    wider.text,
    /!! What comes from rooms\.mission\.example without a label crosses now, as HARBOUR UNCLASSIFIED\. !!/,
  )
  const lower = compared(t, bundleOf('fmn-rooms', [feed, feed.replace('unclassified', 'limited')]), old)
  t.match(lower.text, /!! 1 changed, in what is released !!/)
  t.match(
    lower.text,
    /!! What comes from weather@\S+ without a label crosses as HARBOUR UNCLASSIFIED now, as HARBOUR LIMITED/,
  )
  t.end()
})

t.test('one kind for one pair is one difference', (t) => {
  const kinds = '{ from: mission.example, to: partner.example, kinds: [messages'
  const { found, text } = compared(
    t,
    bundleOf('fmn-rooms'),
    bundleOf('fmn-rooms', [kinds, `${kinds}, groupchat`]),
  )
  t.equal(found.length, 1)
  t.match(
    text,
    /Who may send to whom: Room message, from mission\.example to partner\.example \.+ \* Before: refused \* After: may cross/,
  )
  t.end()
})

t.test('a list of pairs is a difference for all pairs that lose the same', (t) => {
  const { found, text } = compared(
    t,
    bundleOf('acme-to-coalition'),
    bundleOf('acme-to-coalition', pairs('messages')),
  )
  t.ok(found.length <= 3, `${found.length}`)
  t.match(
    text,
    /every kind of stanza, from acme\.example to coalition\.example, rooms\.acme\.example to rooms\.coalition\.example/,
  )
  const back = compared(t, bundleOf('acme-to-coalition', pairs('messages')), bundleOf('acme-to-coalition'))
  t.equal(back.found.length, found.length)
  t.match(back.text, /Nothing is refused now that was not\. - Nothing else changed\./)
  t.end()
})

t.test('a profile that is switched on is told by its standard', (t) => {
  const names = [
    'status-text',
    'hats',
    'software-version',
    'vcards',
    'nicknames',
    'ping',
    'time',
    'capabilities',
    'links',
  ]
  const needed = ['software-version', 'vcards', 'ping', 'time']
  const free: readonly Edit[] = ['status-text', 'nicknames', 'caps'].map((name) => [`    - ${name}\n`, ''])
  const old = bundleOf('coalition-to-acme', ...free)
  for (const name of names) {
    const unlabelled: readonly Edit[] = needed.includes(name) ? [['[presence,', `[${name}, presence,`]] : []
    const fresh = bundleOf(
      'coalition-to-acme',
      ...free,
      ['  presence: true', `  presence: true\n  ${name}: true`],
      ...unlabelled,
    )
    const { found, text } = compared(t, old, fresh)
    t.ok(found.length <= 8, `${name}: ${found.length}`)
    t.ok(
      found.every(({ now, unshown }) => now !== undefined && !unshown),
      name,
    )
    t.notMatch(text, /\{[a-z]+:/, 'no names of our own')
  }
  t.end()
})

t.test('a class that becomes a lower one in the other policy is a warning, as it is within one', (t) => {
  const class4 =
    '<securityClassification name="RESTRICTED" lacv="3" hierarchy="3" color="#f9a825">\n      <equivalentClassification policyRef="HARBOUR" lacv="'
  const confidential = /becomes:\n {12}classification: CONFIDENTIAL/
  const sources = exampleSources('acme-to-coalition')
  const ruleset = decoder
    .decode(sources.get('ruleset.yaml'))
    .replaceAll(new RegExp(confidential, 'g'), 'becomes:\n            classification: UNCLASSIFIED')
  sources.delete('examples.yaml')
  sources.set('ruleset.yaml', encoder.encode(ruleset))
  sources.set(
    'acme.spif.xml',
    encoder.encode(decoder.decode(sources.get('acme.spif.xml')).replace(`${class4}3`, `${class4}1`)),
  )
  const { text } = compared(t, bundleOf('acme-to-coalition'), compiled(sources).bundle)
  t.match(text, /!! \d changed, in what is released !!: ACME RESTRICTED/)
  t.match(text, /!! class released: HARBOUR UNCLASSIFIED now, HARBOUR CONFIDENTIAL before !!/)
  t.match(text, /!! class RESTRICTED becomes UNCLASSIFIED, and so does OPEN !!/)
  t.end()
})

t.test('a depth and a size show in the deepest and the largest stanza', (t) => {
  const bundle = bundleOf('acme-to-coalition')
  for (const limits of [
    { depth: 8 },
    { stanzaBytes: 20_000 },
    { stanzaBytes: bundle.limits.stanzaBytes - 1 },
  ]) {
    const { found, text } = compared(t, { ...bundle, limits: { ...bundle.limits, ...limits } }, bundle)
    t.equal(found.length, 1, JSON.stringify([limits, found]))
    t.notOk(text.includes(NOTHING), JSON.stringify(limits))
    t.ok(found[0]?.now !== undefined)
  }
  t.end()
})

t.test('what could let something through and shows in no stanza is no proof of nothing', (t) => {
  const old = bundleOf('minimal-chat')
  const { text } = compared(t, old, { ...old, limits: { ...old.limits, depth: old.limits.depth + 1 } })
  t.notOk(text.includes(NOTHING))
  t.match(
    text,
    /!! No stanza was found that is allowed now and was not.*!! No stanza was found that shows it\. !!/,
  )
  t.end()
})

t.test('what no difference explains is kept, as one', (t) => {
  const bundle = bundleOf('minimal-chat')
  // An element in two places: the second one has no name of its own in a stanza.
  const placed = (...values: readonly string[]): Bundle => {
    const slot = (value: string) => ({
      type: 'elements' as const,
      of: [
        {
          ns: 'urn:example:twice',
          name: 'twice',
          attributes: [],
          content: {
            type: 'value' as const,
            value: { type: 'enum' as const, values: [value] },
            mayBeEmpty: false,
          },
          labelling: 'never' as const,
        },
      ],
      min: 0,
      max: 1,
      sorted: false,
    })
    const forms = bundle.forms.map((form) => ({ ...form, slots: [...values.map(slot), ...form.slots] }))
    return { ...bundle, forms }
  }
  const { page, found } = diffPage(
    { bundle: placed('a', 'b'), digest: '' },
    { bundle: placed('a', 'a'), digest: '' },
  )
  const text = asText(page).replaceAll(/\s+/g, ' ')
  const stray = found.filter(({ kind }) => kind === 'unexplained')
  t.ok(stray.length > 0 && stray.length <= 2)
  t.match(text, /!! \d+ now allowed !!: .*no other difference explains it/)
  t.match(
    text,
    /Only the new bundle lets this through: <message[^>]*><twice xmlns="urn:example:twice">a<\/twice><twice xmlns="urn:example:twice">a/,
  )
  t.end()
})

t.test('ten thousand labels, users and pairs are told within bounds', (t) => {
  const bundle = bundleOf('acme-to-coalition')
  const many = Array.from({ length: 10_000 }, (_, index) => index)
  const row = bundle.labels.rows.find(({ input }) => input.form === '4774-0258')!
  const rows = many.map((index) => ({
    ...row,
    name: `acme/n${index}`,
    input: {
      ...row.input,
      value: row.input.value.replace('OPEN', `OPEN${index}`),
      template: row.input.template.map((part) =>
        typeof part === 'string' ? part.replace('>OPEN<', `>OPEN${index}<`) : part,
      ),
      marking: `OPEN${index}`,
    },
  }))
  const side = (users: readonly string[]) => ({
    ...bundle.from,
    domains: bundle.from.domains.map((one) => ({ ...one, locals: users })),
  })
  const started = performance.now()
  const wide = {
    ...bundle,
    labels: { ...bundle.labels, rows: [...bundle.labels.rows, ...rows] },
    from: side(many.map((index) => `u${index}`)),
  }
  const { found, text } = compared(t, { ...bundle, from: side(['u0']) }, wide)
  t.comment(
    `${found.length} differences, ${text.length} characters, ${Math.round(performance.now() - started)} ms`,
  )
  t.ok(found.filter(({ now, kind }) => kind === 'row' && now !== undefined).length >= 10_000)
  t.ok(text.length < 1_000_000, `${text.length} characters`)
  t.match(text, /more are not shown: read the review/)
  t.end()
})
