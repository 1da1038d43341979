/** Labels as they stand in stanzas of real rulesets, read for the checks; and what is asked of rows. */
import t from 'tap'
import { createCmbac } from '../../../edge/cmbac/index.ts'
import { createLabelReader, type ReadLabels } from '../../../edge/cmbac/labels.ts'
import { createUsers } from '../../../edge/cmbac/users.ts'
import { type Jid, parseJid } from '../../../rules/address/jid.ts'
import type { LabelRow } from '../../../rules/bundle/bundle.ts'
import { makeClearance } from '../../../rules/clearance/clearance.ts'
import { labelFromNames } from '../../../rules/label/bind.ts'
import { isProblem, type Label } from '../../../rules/label/label.ts'
import { fill } from '../../../rules/label/template.ts'
import { refused } from '../../../rules/reasons.ts'
import { loadSpif, type Spif } from '../../../rules/spif/index.ts'
import { parseText } from '../../../rules/xml/parse.ts'
import { compiled, exampleSources } from '../../support/ruleset.ts'

const sources = exampleSources('acme-to-coalition')
const out = compiled(sources).bundle
const into = compiled(exampleSources('coalition-to-acme')).bundle
const spif = (file: string): Spif => {
  const loaded = loadSpif(new TextDecoder().decode(sources.get(file)), { strict: true })
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return loaded.spif
}
const ACME = spif('acme.spif.xml')
const HARBOUR = spif('harbour.spif.xml')
const DATES = { creation: '2026-11-22T10:00:00Z', review: '2027-11-22T10:00:00Z', now: 0 }

const words = (read: ReadLabels) =>
  'problem' in read
    ? read.problem
    : read.map(({ label }) => `${label.policy.name} ${label.classification.name}`).join(', ')

t.test('every row of the examples is read, in each of its forms, as what it is', (t) => {
  const read = createLabelReader([ACME, HARBOUR])
  for (const bundle of [out, into]) {
    for (const { name, input, output } of bundle.labels.rows) {
      for (const half of [input, output]) {
        const expected = `${half.words?.policy} ${half.words?.classification}`
        const got = words(read(fill(half.template, DATES)!))
        t.ok(got.split(', ').includes(expected), `${name} ${half.form}: ${got}`)
      }
    }
  }
  t.end()
})

const metadataOf = (text: string) => /<Metadata>.*<\/Metadata>/.exec(text)![0]

t.test('a pair is two labels, of which those count whose policy is at hand', (t) => {
  const pair = (policies: Spif[]) => {
    const read = createLabelReader(policies)
    const both = out.labels.rows.find(({ input }) => input.form === '4774-4778')!
    const other = out.labels.rows.find(({ output }) => output.form === '4774-4778')!
    const first = metadataOf(fill(both.input.template, DATES)!)
    const text = fill(other.output.template, DATES)!
    const second = metadataOf(text).replaceAll('originatorConf', 'alternativeConf')
    return words(read(text.replace(metadataOf(text), `${first}${second}`)))
  }
  t.match(pair([ACME, HARBOUR]), /^ACME \w+, HARBOUR \w+$/)
  t.match(pair([HARBOUR]), /^HARBOUR \w+$/)
  t.end()
})

t.test('what cannot be judged is a problem', (t) => {
  const read = createLabelReader([ACME])
  const ess = '<esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">'
  const around = (label: string) =>
    `<securitylabel xmlns="urn:xmpp:sec-label:0"><label>${label}</label></securitylabel>`
  const row = fill(out.labels.rows.find(({ input }) => input.form === '4774-0258')!.input.template, DATES)!
  const cases: [string, RegExp][] = [
    ['', /./],
    ['<', /not-well-formed/],
    [around(''), /an empty label/],
    [around('<x xmlns="urn:x"/>'), /unknown kind of label/],
    [around(`${ess}!</esssecuritylabel>`), /not base64/],
    [around(`${ess}MQgCAQQGAyoDBA==</esssecuritylabel>`), /of no policy that is listed/],
    [row.replace(/<Classification>\w+/, '<Classification>COSMIC'), /unknown-classification: COSMIC/],
    [row.replace('>ACME<', '>HARBOUR<'), /policy-conflict/],
    ['<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"/>', /./],
  ]
  for (const [text, wanted] of cases) {
    const got = read(text)
    t.match('problem' in got ? got.problem : words(got), wanted, text)
    t.ok('problem' in got, text)
    t.same(read(text), got, 'and stays one')
  }
  t.end()
})

t.test('labels that differ in their dates only are one, and no others are', (t) => {
  const read = createLabelReader([ACME])
  const rows = out.labels.rows.filter(
    ({ input }) => input.form === '4774-0258' && input.words?.policy === 'ACME',
  )
  for (const { input } of rows) {
    const first = read(fill(input.template, DATES)!)
    t.equal(read(fill(input.template, { ...DATES, creation: '2026-11-22T10:00:01Z' })!), first)
    t.equal(words(first), `ACME ${input.words?.classification}`)
  }
  t.ok(rows.length > 2)
  t.end()
})

const jid = (text: string): Jid => parseJid(text)!

function label(policy: Spif, classification: string, tagSet?: string, values: string[] = []): Label {
  const categories = tagSet === undefined ? [] : [{ tagSet, values }]
  const made = labelFromNames(policy, { classification, categories })
  if (isProblem(made)) throw new Error(made.detail)
  return made
}

function cmbac(
  defaults: ReadonlyMap<string, { label: Label; spif: Spif }> = new Map(),
  ask?: Parameters<typeof createUsers>[0]['ask'],
  levels: Partial<Parameters<typeof createCmbac>[0]['levels']> = {},
) {
  const of = label(ACME, 'INTERNAL', 'Releasable To', ['ACME', 'HARBOUR'])
  const some = makeClearance(ACME, [label(ACME, 'OPEN').classification, of.classification], of.categories)
  const harbour = makeClearance(HARBOUR, [label(HARBOUR, 'UNCLASSIFIED').classification], [])
  return createCmbac({
    policies: [ACME, HARBOUR],
    levels: { server: {}, domains: new Map(), rooms: new Map(), peers: new Map(), ...levels },
    users: createUsers({
      domains: new Set(['acme.example']),
      listed: new Map([['anna@acme.example', [some, harbour]]]),
      fallback: undefined,
      ask,
      keepMs: 0,
      againMs: 0,
      most: 0,
      now: () => 0,
      onProblem: () => {},
    }),
    defaultLabels: defaults,
    out,
    into,
    rooms: new Set(['rooms.acme.example', 'rooms.coalition.example']),
  })
}

t.test('which rows a catalog may offer', (t) => {
  const { permits } = cmbac()
  const names = (from: string) => [
    ...new Set(
      out.labels.rows
        .filter((row) => permits(row, { from: jid(from), to: jid('ben@coalition.example') }))
        .map(({ name }) => name),
    ),
  ]
  t.same(names('anna@acme.example/desk'), [
    'acme/open',
    'acme/open-exercise',
    'acme/internal-harbour',
    'harbour/unclassified',
  ])
  t.same(names('bert@acme.example'), [], 'who has no clearance is offered nothing')
  const some = out.labels.rows.find(({ name }) => name === 'acme/open')!
  const ends = { from: jid('anna@acme.example/desk'), to: jid('ben@coalition.example') }
  const barred = {
    server: { accessLabel: { label: label(ACME, 'RESTRICTED'), spif: ACME } },
  }
  t.equal(cmbac().permits(some, ends), true)
  t.equal(cmbac(new Map(), undefined, barred).permits(some, ends), false, 'who may not come in, neither')
  const narrow = { peers: new Map([['trunk.example', { entry: [makeClearance(HARBOUR, [], [])] }]]) }
  t.equal(
    cmbac(new Map(), undefined, narrow).permits(some, { ...ends, by: 'trunk.example' }),
    false,
    'whoever brings it',
  )
  t.equal(cmbac(new Map(), undefined, narrow).permits(some, ends), true)
  t.equal(
    names('acme.example').length,
    new Set(out.labels.rows.map(({ name }) => name)).size,
    'no user, no check',
  )
  t.end()
})

t.test('the default label of a far room, by what its own side calls it or by what it becomes', (t) => {
  const room = 'ops@rooms.coalition.example'
  const rowsOf = (value: Label, spif: Spif) => {
    const rows: readonly LabelRow[] = cmbac(new Map([[room, { label: value, spif }]])).defaultLabelOf(
      jid(`${room}/nick`),
    )
    return [...new Set(rows.map(({ name }) => name))]
  }
  t.same(rowsOf(label(HARBOUR, 'LIMITED', 'Release', ['ACM', 'HARBOUR']), HARBOUR), ['acme/internal-harbour'])
  t.same(rowsOf(label(ACME, 'OPEN'), ACME), ['acme/open'])
  t.same(rowsOf(label(HARBOUR, 'SECRET'), HARBOUR), [], 'none that crosses')
  t.same(cmbac().defaultLabelOf(jid(room)), [])
  t.end()
})

t.test('whose clearances a stanza waits for', (t) => {
  const stanza = (xml: string) => {
    const read = parseText(xml.replace('>', ' xmlns="jabber:server">'), { stanzaBytes: 10_000, depth: 10 })
    if (refused(read)) throw new Error(read.refused)
    return read
  }
  const waits = (xml: string) => {
    const asked: string[] = []
    const { awaited } = cmbac(new Map(), async ({ text }) => {
      asked.push(text)
      return { clearances: [], problems: [] }
    })
    const wait = awaited(stanza(xml))
    t.equal(wait !== undefined, asked.length > 0, xml)
    return asked
  }
  const ends = `from="bert@acme.example/x" to="ben@coalition.example"`
  const back = `from="ben@coalition.example" to="Bert@acme.example/x"`
  const label = '<securitylabel xmlns="urn:xmpp:sec-label:0"/>'
  t.same(waits(`<message ${ends}><body/></message>`), ['bert@acme.example/x'])
  t.same(waits(`<message ${back}><body/></message>`), ['bert@acme.example/x'])
  t.same(waits(`<message ${ends} type="error"><error/></message>`), [])
  t.same(
    waits(`<message from="anna@acme.example" to="ben@coalition.example"><body/></message>`),
    [],
    'listed',
  )
  t.same(waits(`<presence ${ends}><show>away</show></presence>`), [])
  t.same(waits(`<presence ${ends}><status>here</status>${label}</presence>`), ['bert@acme.example/x'])
  t.same(waits(`<iq ${ends} type="get"><ping xmlns="urn:xmpp:ping"/></iq>`), [])
  t.same(waits(`<iq ${ends} type="result"><query xmlns="jabber:iq:version"/>${label}</iq>`), [
    'bert@acme.example/x',
  ])
  t.same(
    waits(
      `<iq ${ends} type="get"><catalog xmlns="urn:xmpp:sec-label:catalog:2" to="ben@coalition.example"/></iq>`,
    ),
    ['bert@acme.example/x'],
  )
  t.same(waits(`<message from="@" to="ben@coalition.example"><body/></message>`), [], 'nobody')
  t.end()
})
