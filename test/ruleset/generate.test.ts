/** Labels made from a clearance, what the receiving side may see, and what may be lost. */
import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import { compiled, exampleSources, problemsOf } from '../support/ruleset.ts'

const text = (octets: Uint8Array | undefined) => new TextDecoder().decode(octets)
const octets = (body: string) => new TextEncoder().encode(body)

/** The outgoing example with something written before the list of its first set, and perhaps an empty list. */
function withSet(extra: string, listed = true): Map<string, Uint8Array> {
  const sources = exampleSources('acme-to-coalition')
  sources.delete('examples.yaml')
  const body = text(sources.get('ruleset.yaml'))
  const [head, rest] = body.split('      review-after: 365d\n      allow:\n') as [string, string]
  const tail = rest.slice(rest.indexOf('\n    # Labels that are written'))
  const allow = listed ? `      allow:\n${rest}` : `      allow: []\n${tail}`
  return sources.set('ruleset.yaml', octets(`${head}      review-after: 365d\n${extra}${allow}`))
}

const CLEARANCE = `
        clearance:
          classifications: [OPEN, INTERNAL, RESTRICTED]
          categories:
            - { tag-set: Releasable To, values: [ACME, HARBOUR] }
            - { tag-set: Handling, values: [ENGINEERING] }
`
const generated = (categories: number, cap: number) =>
  `      generate:${CLEARANCE}        categories: ${categories}\n        cap: ${cap}\n`

t.test('a clearance becomes an explicit list', (t) => {
  const { bundle, notes, digest } = compiled(withSet(generated(3, 100), false))
  const names = bundle.labels.rows.filter((row) => row.name.startsWith('acme/')).map((row) => row.name)
  t.ok(names.includes('acme/open'))
  t.ok(names.includes('acme/restricted-acme-harbour-engineering'))
  t.notOk(
    names.some((name) => name.includes('secret') || name.includes('personnel')),
    'only what it admits',
  )
  t.same(notes, [])
  const secret = generated(3, 1000).replace('RESTRICTED]', 'RESTRICTED, SECRET]')
  const told = compiled(withSet(secret.replace('[ENGINEERING]', '[ENGINEERING, PERSONNEL]'), false)).notes
  t.match(
    told.map((note) => note.message).join(),
    /\d+ of \d+ labels made here cannot be released and are left out/,
  )
  t.equal(compiled(withSet(generated(3, 100), false)).digest, digest, 'equal octets each time')

  const listed = compiled(withSet('')).bundle.labels.rows
  const both = compiled(withSet(generated(3, 100))).bundle.labels.rows
  const templates = new Set(both.map((row) => JSON.stringify(row.input.template)))
  for (const row of listed) t.ok(templates.has(JSON.stringify(row.input.template)), row.name)
  t.equal(templates.size, both.length, 'what is listed is not made again')
  t.same(both.slice(0, 3), listed.slice(0, 3), 'and keeps its name')
  t.end()
})

t.test('what has a validity period is compiled, whatever the day, and told in a note', (t) => {
  const dated = (from: string, to: string) => {
    const sources = withSet(generated(3, 100), false)
    const spif = text(sources.get('acme.spif.xml'))
    if (!spif.includes(from)) throw new Error(from)
    return compiled(sources.set('acme.spif.xml', octets(spif.replace(from, to))))
  }
  const value = dated('name="HARBOUR" lacv="20"', 'name="HARBOUR" lacv="20" notAfter="2001-01-01T00:00:00Z"')
  t.match(value.notes, [{ message: /HARBOUR is in force until 2001-01-01T00:00:00Z only/ }])
  t.ok(value.bundle.labels.rows.some((row) => row.name === 'acme/restricted-acme-harbour-engineering'))
  const policy = dated('keyIdentifier=', 'notBefore="2099-01-01T00:00:00Z" keyIdentifier=')
  t.match(policy.notes, [{ message: /the policy ACME is in force from 2099-01-01T00:00:00Z only/ }])
  t.end()
})

t.test('a cap is not cut off, and words are checked', (t) => {
  t.match(problemsOf(withSet(generated(3, 3))), [/the clearance admits more than 3 labels; raise cap/])
  t.match(problemsOf(withSet(generated(3, 100).replace('[OPEN,', '[OPNE,'))), [
    /ruleset\.yaml:\d+:\d+: ACME has no classification "OPNE"; it has OPEN, INTERNAL/,
  ])
  t.end()
})

t.test('a released label that the receiving side may not see is an error', (t) => {
  const peer = (classes: string) =>
    withSet(
      `      peer-clearance:\n        classifications: [${classes}]\n        categories: [{ tag-set: Release, values: [HARBOUR] }, { tag-set: Special Handling, values: [TECHNICAL] }]\n`,
    )
  t.same(problemsOf(peer('UNCLASSIFIED, LIMITED, CONFIDENTIAL')), [])
  const told = problemsOf(peer('UNCLASSIFIED, LIMITED'))
  t.equal(told.length, 2, 'each, at once')
  for (const one of told)
    t.match(one, /the receiving side is not cleared for HARBOUR CONFIDENTIAL.*class-not-held/)
  t.end()
})

t.test('what mapping loses must be listed as lost', (t) => {
  const lossy = (extra: string) => {
    const sources = withSet(extra)
    const spif = text(sources.get('acme.spif.xml')).replace(
      '<tagCategory name="PERSONNEL" lacv="2">',
      '<tagCategory name="PERSONNEL" lacv="2"><equivalentSecCategoryTag policyRef="HARBOUR" tagSetId="2.999.2.2" tagType="restrictive" lacv="3" action="discard" applied="both"/>',
    )
    const rules = text(sources.get('ruleset.yaml')).replace(
      '        - name: open\n',
      '        - name: staff\n          classification: OPEN\n          categories: [{ tag-set: Handling, values: [PERSONNEL] }]\n        - name: open\n',
    )
    return sources.set('acme.spif.xml', octets(spif)).set('ruleset.yaml', octets(rules))
  }
  t.match(problemsOf(lossy('')), [/discard-not-allowed.*list its tag set under discard/])
  t.match(problemsOf(lossy('      discard: [Context]\n')), [
    /mapping loses Handling: PERSONNEL; list "Handling"/,
  ])
  t.match(problemsOf(lossy('      discard: [Handlng]\n')), [/has no tag set "Handlng"/, /mapping loses/])
  const rows = compiled(lossy('      discard: [Handling]\n')).bundle.labels.rows
  t.same(rows.find((row) => row.name === 'acme/staff')?.discarded, ['Handling: PERSONNEL'])
  t.end()
})

t.test('ten thousand labels of a large policy compile within ten seconds', (t) => {
  const sources = withSet(
    `      generate:
        clearance:
          classifications: [RESTRICTED]
          categories: [{ tag-set: Releasable To, values: [${Array.from({ length: 140 }, (_, i) => `N${i}`).join(', ')}] }]
        categories: 2
        cap: 20000
`.replace('[N0', '[ACME, HARBOUR, N0'),
    false,
  )
  const spif = text(sources.get('acme.spif.xml'))
  const category = /<tagCategory name="OSTLAND" lacv="30">(?:.|\n)*?<\/tagCategory>/.exec(spif)![0]
  const nations = Array.from({ length: 140 }, (_, i) =>
    category.replace('name="OSTLAND" lacv="30"', `name="N${i}" lacv="${100 + i}"`),
  )
  sources.set('acme.spif.xml', octets(spif.replace(category, () => [category, ...nations].join('\n'))))
  const rules = text(sources.get('ruleset.yaml'))
    .replace('      target: harbour.spif.xml\n      equivalences: policy\n', '')
    .replace('accept: [ess-0258, 4774-0258, 4774-4778]', 'accept: [ess-0258]')
    .replace('      release: 4774-4778', '      release: ess-0258')
    .replace('      review-after: 365d\n', '')
  const started = process.cpuUsage()
  const { bundle, octets: compiledOctets, digest } = compiled(sources.set('ruleset.yaml', octets(rules)))
  const { user, system } = process.cpuUsage(started)
  t.ok(bundle.labels.rows.length >= 10_000, `${bundle.labels.rows.length} rows`)
  t.ok(user + system < 10_000_000, `${Math.round((user + system) / 1000)} ms of processor time`)
  t.comment(`${bundle.labels.rows.length} rows in ${Math.round((user + system) / 1000)} ms`)
  makeDecider(readBundle(Buffer.from(compiledOctets), digest))
  t.end()
})
