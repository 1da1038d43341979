/** Five rulesets with an over-permission planted in each: the diff must tell it, and the review must show it. */
import t from 'tap'
import { diffPage } from '../../rules/diff/page.ts'
import { asHtml } from '../../rules/review/html.ts'
import { reviewPage } from '../../rules/review/review.ts'
import { asText } from '../../rules/review/text.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()
const old = compiled(exampleSources('acme-to-coalition'))

/** The example with texts replaced, each of which must be there. */
function altered(...changes: [file: string, from: string, to: string][]) {
  const sources = exampleSources('acme-to-coalition')
  sources.delete('examples.yaml')
  for (const [file, from, to] of changes) {
    const text = decoder.decode(sources.get(file))
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
    sources.set(file, encoder.encode(text.replace(from, to)))
  }
  return compiled(sources)
}

const planted = [
  {
    name: 'a category is lost: its equivalent is one that the label has already',
    changes: [
      [
        'acme.spif.xml',
        'tagSetId="2.999.2.2" tagType="restrictive" lacv="3"',
        'tagSetId="2.999.2.1" tagType="enumerated" enumType="permissive" lacv="200"',
      ],
      ['ruleset.yaml', '              - { tag-set: Special Handling, values: [TECHNICAL] }\n', ''],
    ],
    diff: /RELEASABLE TO ACM\/HARBOUR HANDLE TECHNICAL .*Special Handling: TECHNICAL.* After: released as HARBOUR CONFIDENTIAL RELEASABLE TO ACM\/HARBOUR \(HARBOUR CONFIDENTIAL; Release: ACM, HARBOUR\)/,
    review: /ENGINEERING.*!! 3 category values become 2 !!/,
  },
  {
    name: 'a label is widened: a class becomes a lower one',
    changes: [
      [
        'acme.spif.xml',
        '<securityClassification name="RESTRICTED" lacv="3" hierarchy="3" color="#f9a825">\n      <equivalentClassification policyRef="HARBOUR" lacv="3"',
        '<securityClassification name="RESTRICTED" lacv="3" hierarchy="3" color="#f9a825">\n      <equivalentClassification policyRef="HARBOUR" lacv="2"',
      ],
      [
        'ruleset.yaml',
        'classification: RESTRICTED\n          categories:\n            - { tag-set: Releasable To, values: [ACME, HARBOUR] }\n          becomes:\n            classification: CONFIDENTIAL',
        'classification: RESTRICTED\n          categories:\n            - { tag-set: Releasable To, values: [ACME, HARBOUR] }\n          becomes:\n            classification: LIMITED',
      ],
      [
        'ruleset.yaml',
        'values: [ENGINEERING] }\n          becomes:\n            classification: CONFIDENTIAL',
        'values: [ENGINEERING] }\n          becomes:\n            classification: LIMITED',
      ],
    ],
    diff: /ACME RESTRICTED REL TO ACME, HARBOUR .*Before: released as HARBOUR CONFIDENTIAL .* After: released as HARBOUR LIMITED/,
    review:
      /acme\/restricted-harbour Accepted: \[ACME RESTRICTED REL TO ACME, HARBOUR\].*?Released: \[HARBOUR LIMITED/,
  },
  {
    name: 'typing crosses without a label, in rooms too',
    changes: [
      ['ruleset.yaml', '  chat-states: true\n', ''],
      ['ruleset.yaml', 'errors, chat-states, receipts', 'errors, receipts'],
    ],
    reverse: true,
    diff: /Now allowed -+ .*active, composing, gone, inactive, paused \(XEP-0085 chat states\).*Only the new bundle lets this through: <message/,
    review:
      /What may cross without a label .*active or composing or gone or inactive or paused \(XEP-0085 chat states\)/,
  },
  {
    name: 'a domain is added',
    changes: [
      [
        'ruleset.yaml',
        '{ name: rooms.coalition.example, kind: rooms }',
        '{ name: rooms.coalition.example, kind: rooms }\n    - { name: coalition-example.net, kind: im }',
      ],
    ],
    diff: /Now allowed -+ Receiving side: domain coalition-example\.net .*Before: not there .*to="coalition-example\.net"/,
    review: /To coalition: .*coalition-example\.net \(users\)/,
  },
  {
    name: 'old labels count for ten years, and one more label is listed',
    changes: [
      ['ruleset.yaml', 'creation-past: 365d', 'creation-past: 3650d'],
      [
        'ruleset.yaml',
        '        - name: internal-harbour',
        '        - name: internal-all\n          classification: INTERNAL\n          categories:\n            - { tag-set: Releasable To, values: [ACME] }\n\n        - name: internal-harbour',
      ],
    ],
    diff: /3 now allowed.*created at most so long ago.*Before: 365 days .*After: 3,650 days.*ACME INTERNAL REL TO ACME \(.*entry acme\/internal-all/,
    review: /acme\/internal-all .*A label was created at most 3,650 days ago/,
  },
] as const

for (const { name, changes, diff, review, ...rest } of planted) {
  t.test(name, (t) => {
    const other = altered(...(changes as unknown as [string, string, string][]))
    const [before, after] = 'reverse' in rest ? [other, old] : [old, other]
    const plain = (text: string) => text.replaceAll(/\s+/g, ' ')
    const { page, found } = diffPage(before, after)
    t.match(plain(asText(page)), diff)
    t.match(plain(asText(reviewPage(after.bundle, after.digest))), review)
    t.ok(found.length > 0 && found.length < 8, `${found.length} differences: short enough to be read`)
    t.ok(asHtml(page).includes('<!DOCTYPE html>'))
    t.end()
  })
}

t.test('a reordered ruleset shows nothing', (t) => {
  const text = decoder.decode(exampleSources('acme-to-coalition').get('ruleset.yaml'))
  const harbour = text.slice(
    text.indexOf('    # Labels that are written in the coalition'),
    text.indexOf('edge:\n'),
  )
  const reordered = text
    .replace(harbour, '')
    .replace('  sets:\n', `  sets:\n${harbour.trimEnd()}\n\n`)
    .replace('[ess-0258, 4774-0258, 4774-4778]', '[4774-4778, ess-0258, 4774-0258]')
    .replace('[presence, discovery, errors,', '[errors, presence, discovery,')
    .replace('    - caps\n    - avatars\n', '    - avatars\n    - caps\n')
    .replace(
      /( {4}- \{ name: acme\.example, kind: im \}\n)( {4}- \{ name: rooms\.acme\.example, kind: rooms \}\n)/,
      '$2$1',
    )
  const sources = exampleSources('acme-to-coalition').set('ruleset.yaml', encoder.encode(reordered))
  const fresh = compiled(sources)
  t.not(fresh.digest, old.digest)
  const { page, found } = diffPage(old, fresh)
  t.same(found, [])
  t.match(asText(page), /Both mean the same/)
  t.end()
})

t.test('a label that no longer may stand beside another one is told', (t) => {
  const { bundle } = old
  const equivalents = bundle.edge.equivalents!.map((values, at) => (at === 0 ? values.slice(1) : values))
  const { page, found } = diffPage(old, {
    bundle: { ...bundle, edge: { ...bundle.edge, equivalents } },
    digest: '',
  })
  t.equal(found.length, 1)
  t.match(
    asText(page).replace(/\s+/g, ' '),
    /beside it may stand 3 that say the same.*beside it may stand 2 that say the same/,
  )
  t.end()
})

t.test('ten thousand other labels are told in seconds', (t) => {
  const { bundle } = old
  const row = bundle.labels.rows[1]!
  const rows = Array.from({ length: 10_000 }, (_, index) => ({
    ...row,
    name: `acme/n${index}`,
    input: { ...row.input, value: `${index}`, template: [`<x>${index}</x>`] },
    output: { ...row.output, template: ['<y></y>'] },
  }))
  const started = performance.now()
  const { found } = diffPage(old, { bundle: { ...bundle, labels: { ...bundle.labels, rows } }, digest: '' })
  t.ok(found.length > 0)
  t.ok(performance.now() - started < 30_000, `${Math.round(performance.now() - started)} ms`)
  t.end()
})
