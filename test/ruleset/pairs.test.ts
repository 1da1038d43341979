/** Rulesets with pairs of labels: their rows, and each contradiction as an error. */
import t from 'tap'
import { PAIR_FORMS, pairRulesets } from '../support/pairs.ts'
import { changedSources, compiled, problemsOf } from '../support/ruleset.ts'

const text = (octets: Uint8Array | undefined) => new TextDecoder().decode(octets)

/** Sources without examples, with replacements in one file, each of which must stand there. */
function changed(
  sources: Map<string, Uint8Array>,
  file: string,
  ...replacements: readonly (readonly [string | RegExp, string])[]
): Map<string, Uint8Array> {
  let body = text(sources.get(file))
  for (const [from, to] of replacements) {
    const made = body.replace(from, to)
    if (made === body) throw new Error(`${file} has no ${from}`)
    body = made
  }
  sources.delete('examples.yaml')
  return sources.set(file, new TextEncoder().encode(body))
}

const outgoing = (...replacements: readonly (readonly [string | RegExp, string])[]) =>
  problemsOf(
    changed(
      changedSources('acme-to-coalition', 'ruleset.yaml', 'mode: replace', 'mode: alternative'),
      'ruleset.yaml',
      ...replacements,
    ),
  )

t.test('rows of pairs stand beside those of single labels, and have no equivalents', async (t) => {
  for (const form of PAIR_FORMS) {
    const { out, back } = pairRulesets(form)
    const rows = compiled(back).bundle.labels.rows
    const pairs = rows.filter(({ input }) => input.form === form)
    t.equal(pairs.length, 5, form)
    t.ok(pairs.every(({ input, output }) => input.beside?.marking === output.marking))
    const { bundle } = compiled(back)
    for (const row of pairs) t.same(bundle.edge.equivalents![rows.indexOf(row)], [])
    const released = compiled(out).bundle.labels.rows.filter(({ output }) => output.form === form)
    t.equal(released.length, 15)
    t.ok(released.every(({ input, output }) => output.beside?.marking === input.marking))
  }
})

t.test('without a mode that adds, and without pairs, a bundle is what it was', async (t) => {
  const rows = compiled(changedSources('acme-to-coalition', 'ruleset.yaml', 'version: 1', 'version: 2'))
    .bundle.labels.rows
  t.notOk(rows.some(({ input, output }) => 'beside' in input || 'beside' in output))
})

t.test('a mode that is not possible is an error', async (t) => {
  t.match(outgoing(['mode: alternative', 'mode: equivalentlabel']), [
    /ruleset\.yaml:59:13: "equivalentlabel" cannot be released as 4774-4778: a binding .* write mode: alternative, or another release/,
  ])
  t.match(outgoing(['release: 4774-4778', 'release: ess-0258'], ['      review-after: 365d\n', '']), [
    /59:13: "alternative" cannot be released as ess-0258: an ESS label knows no alternative; write mode: equivalentlabel/,
  ])
  t.match(outgoing([/mode: replace/, 'mode: alternative']), [
    /"alternative" adds the label under another policy; add the target, or write mode: replace/,
  ])
  t.same(outgoing(), [])
})

t.test('a pair is accepted only where there is another policy', async (t) => {
  t.match(outgoing(['accept: [4774-0258, 4774-4778]', 'accept: [4774-0258, 4774-0258+alternative]']), [
    /without "target" there is no other label that could stand beside; remove 4774-0258\+alternative, or add the target/,
  ])
})

t.test('a label that does not map back cannot be one of a pair', async (t) => {
  const two = ['policyRef="HARBOUR" lacv="3"', 'policyRef="HARBOUR" lacv="2"'] as const
  const says = /becomes HARBOUR LIMITED.*does not map back to it.*mode: replace and without pairs/
  const { out } = pairRulesets('4774-4778+alternative')
  const wrong = problemsOf(
    changed(changed(out, 'acme.spif.xml', two), 'ruleset.yaml', [/ +becomes:\n(?: {12,}.*\n)+/g, '']),
  )
  // INTERNAL and RESTRICTED are both LIMITED then, which is neither of them alone.
  t.equal(wrong.length, 3)
  for (const one of wrong) t.match(one, says)

  const back = pairRulesets('4774-4778+alternative').back
  const accepting = problemsOf(
    changed(
      changed(back, 'acme.spif.xml', [
        '<equivalentClassification policyRef="HARBOUR" lacv="2" applied="both"/>',
        '<equivalentClassification policyRef="HARBOUR" lacv="2" applied="decrypt"/>',
      ]),
      'ruleset.yaml',
    ),
  )
  t.match(accepting, [/becomes ACME INTERNAL.*does not map back/])
  t.equal(accepting.length, 1)

  const replacing = changedSources('acme-to-coalition', 'acme.spif.xml', ...two)
  t.same(
    problemsOf(changed(replacing, 'ruleset.yaml', [/ +becomes:\n(?: {12,}.*\n)+/g, ''])),
    [],
    'a set without pairs may do so',
  )
})

t.test('what a pair denies is not discarded beside it', async (t) => {
  const category = '<tagCategory name="PERSONNEL" lacv="2">'
  const discard =
    '<equivalentSecCategoryTag policyRef="HARBOUR" tagSetId="2.999.2.2" tagType="restrictive" lacv="3" action="discard" applied="both"/>'
  const staff =
    '      discard: [Handling]\n      allow:\n        - name: staff\n          classification: OPEN\n          categories:\n            - { tag-set: Handling, values: [PERSONNEL] }\n'
  const sources = changedSources('acme-to-coalition', 'acme.spif.xml', category, category + discard)
  const lossy = changed(sources, 'ruleset.yaml', ['      allow:\n', staff])
  t.same(problemsOf(lossy), [])
  t.match(problemsOf(changed(lossy, 'ruleset.yaml', ['mode: replace', 'mode: alternative'])), [
    /becomes HARBOUR UNCLASSIFIED, which does not map back/,
  ])
})

t.test('the same pair listed twice', async (t) => {
  const { back } = pairRulesets('ess-0258+equivalentlabel')
  const body = text(back.get('ruleset.yaml'))
  const [set] = / {4}- name: harbour\n.*?(?= {4}- name: acme\n)/s.exec(body)!
  const again = set
    .replace('name: harbour\n', 'name: again\n')
    .replace(/accept:\n(?:\s+- [^\n]*\n)+/, 'accept: [ess-0258+equivalentlabel]\n')
  const problems = problemsOf(changed(back, 'ruleset.yaml', [set, set + again]))
  t.equal(problems.length, 5)
  for (const one of problems)
    t.match(one, /listed already, as harbour\/[a-z-]+ in the form ess-0258\+equivalentlabel; remove one/)
})

t.test('a review date is made exactly where labels without dates get some', async (t) => {
  const { back } = pairRulesets('ess-0258+equivalentlabel')
  const released = [/release: ess-0258/, 'release: 4774-0258'] as const
  t.match(problemsOf(changed(back, 'ruleset.yaml', released)), [/add review-after/])
  const pairsOnly = [/accept:\n(?:\s+- [^\n]*\n)+/, 'accept: [ess-0258+equivalentlabel]\n'] as const
  t.match(problemsOf(changed(back, 'ruleset.yaml', pairsOnly)), [/add review-after/])
  const rows = compiled(
    changed(back, 'ruleset.yaml', ['mode: replace', 'mode: equivalentlabel\n      review-after: 10d']),
  ).bundle.labels.rows.filter(({ input }) => input.form === 'ess-0258+equivalentlabel')
  for (const { output } of rows) {
    const holes = output.template.flatMap((part) => (typeof part === 'string' ? [] : [part]))
    t.same(holes, [
      { hole: 'now-plus', seconds: 864_000 },
      { hole: 'now' },
      { hole: 'now-plus', seconds: 864_000 },
      { hole: 'now' },
    ])
  }
})

t.test('a pair needs its room', async (t) => {
  const { back } = pairRulesets('4774-4778+alternative')
  const small = changed(back, 'ruleset.yaml', [/stanza-octets: \d+/, 'stanza-octets: 1500'])
  t.match(
    problemsOf(small).join('\n'),
    /as 4774-4778\+alternative this label has \d+ octets, and limits.stanza-octets is 1500/,
  )
})

t.test('labels made from a clearance that do not map back are left out', async (t) => {
  const generate =
    '      generate:\n        clearance: { classifications: [OPEN, INTERNAL, RESTRICTED] }\n        categories: 0\n        cap: 10\n      allow: []\n'
  const sources = changedSources(
    'acme-to-coalition',
    'acme.spif.xml',
    'policyRef="HARBOUR" lacv="3"',
    'policyRef="HARBOUR" lacv="2"',
  )
  const listed = / {6}allow:\n.*?(?=\n {4}# Labels that are written)/s
  for (const [mode, left] of [
    ['replace', 3],
    ['alternative', 1],
  ] as const) {
    const made = compiled(
      changed(
        new Map(sources),
        'ruleset.yaml',
        [listed, generate],
        ['mode: replace\n', `mode: ${mode} # or not\n`],
      ),
    )
    const names = new Set(
      made.bundle.labels.rows.map(({ name }) => name).filter((name) => name.startsWith('acme')),
    )
    t.equal(names.size, left, `${mode}: ${[...names].join(', ')}; ${made.notes.map((n) => n.message).join()}`)
  }
})
