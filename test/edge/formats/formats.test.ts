/** Label formats of peers: every row in every form and back, what a form cannot hold, what peers make up. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCatalogs } from '../../../edge/catalog.ts'
import { createLabelReader, labelIn } from '../../../edge/cmbac/labels.ts'
import schema from '../../../edge/config/edge.schema.json' with { type: 'json' }
import { createFormats, type Formats, type PeerFormat } from '../../../edge/formats/index.ts'
import { createNormaliser } from '../../../edge/normalise/index.ts'
import { normaliseJid } from '../../../rules/address/jid.ts'
import type { Bundle, LabelForm, LabelRow, RowForm } from '../../../rules/bundle/bundle.ts'
import { sameLabel } from '../../../rules/label/label.ts'
import {
  type BoundLabel,
  fill,
  pairTemplate,
  releasePair,
  releaseTemplate,
  type WireTemplate,
  wireTemplate,
} from '../../../rules/label/template.ts'
import { refused } from '../../../rules/reasons.ts'
import { loadSpif, type Spif } from '../../../rules/spif/index.ts'
import { marking } from '../../../rules/spif/marking.ts'
import { attribute, child, elements, SERVER_NS, text, type XmlElement } from '../../../rules/xml/node.ts'
import { parseText } from '../../../rules/xml/parse.ts'
import { serialise, serialiseInside } from '../../../rules/xml/write.ts'
import { NAMING, NUMBER } from '../../support/number.ts'
import { compiled, type ExampleName, exampleSources } from '../../support/ruleset.ts'
import { testBundle } from '../bundles.ts'
import { label } from '../cmbac/policies.ts'
import { ACME, CWIX, HIGH, LINES } from './policies.ts'

const SECOND = 1_800_000_000
const DATES = { creation: '2027-01-10T00:00:00Z', review: '2028-01-10T00:00:00Z', now: SECOND }
const FORMS: readonly LabelForm[] = ['ess-0258', '4774-0258', '4774-4778']

function stanza(content: string, attributes = 'type="chat"'): XmlElement {
  const node = parseText(
    `<message xmlns="jabber:server" from="bob@low.example/y" id="${NUMBER.count}" to="alice@high.example" ${attributes}>${content}</message>`,
    { stanzaBytes: 1 << 20, depth: 64 },
  )
  if (refused(node)) throw new Error(node.refused)
  return node
}

const jid = (address: string) => normaliseJid(address)!
const labelled = (octets: string) => stanza(`<body>hello</body>${octets}`)
const octetsOf = (node: XmlElement | undefined) => {
  const found = node && labelIn(node)
  return found === undefined ? undefined : serialiseInside(found, SERVER_NS)
}

function example(name: ExampleName): Readonly<{ bundle: Bundle; spifs: readonly Spif[] }> {
  const sources = exampleSources(name)
  const spifs = [...sources].flatMap(([file, octets]) => {
    if (!file.endsWith('.spif.xml')) return []
    const loaded = loadSpif(new TextDecoder().decode(octets), { strict: true })
    return 'problems' in loaded ? [] : [loaded.spif]
  })
  return { bundle: compiled(sources).bundle, spifs }
}

const formatsOf = (
  domain: string,
  format: PeerFormat,
  out: Bundle,
  into: Bundle,
  policies: readonly Spif[],
) => createFormats({ formats: new Map([[domain, format]]), policies, out, into })

const spelledLabel = (template: LabelRow['input']['template']) => fill(template, DATES)!
const addressed = (from: string, to: string) =>
  Object.entries({ from: `alice@${from}/x`, to: `bob@${to}`, type: 'chat' }).map(([name, value]) => ({
    ns: '',
    name,
    value,
  }))

t.test('every row of the examples through every form and back is the same label', (t) => {
  const acme = example('acme-to-coalition')
  const harbour = example('coalition-to-acme')
  const rooms = example('fmn-rooms')
  for (const [domain, out, into, policies] of [
    ['acme.example', acme.bundle, harbour.bundle, acme.spifs],
    ['mission.example', rooms.bundle, rooms.bundle, rooms.spifs],
  ] as const) {
    const read = createLabelReader(policies)
    const boundIn = (octets: string): readonly BoundLabel[] => {
      const labels = read(octets)
      if ('problem' in labels) throw new Error(labels.problem)
      return labels
    }
    const equal = (a: string, b: string) => {
      const [one, other] = [boundIn(a), boundIn(b)]
      return one.length === other.length && one.every((each, i) => sameLabel(each.label, other[i]!.label))
    }
    const to = jid(`alice@${domain}`)
    for (const format of FORMS) {
      const formats = formatsOf(domain, format, out, into, policies)
      t.same(formats.unheld, [], `${format} holds all`)
      let back = 0
      for (const { name, output } of into.labels.rows) {
        const released = fill(output.template, DATES)!
        const delivered = octetsOf(formats.toPeer(labelled(released), to, NUMBER, SECOND))!
        t.ok(equal(released, delivered), `${name} of ${output.form} as ${format}`)
        if (output.form === format) t.equal(delivered, released, 'what is spoken already stays')
        else
          t.match(delivered, format === '4774-4778' ? /^<BindingData / : /^<securitylabel .*<displaymarking /)
        if (format !== 'ess-0258' && output.form !== 'ess-0258')
          t.match(
            delivered,
            /ReviewDateTime="2028-01-10T00:00:00Z".*>2027-01-10T00:00:00Z</,
            'dates are kept',
          )
        // Said again by the peer, where the other bundle has it.
        const again = formats.fromPeer(labelled(delivered), to, SECOND)
        if (typeof again === 'string') throw new Error(format)
        t.ok(equal(released, octetsOf(again.stanza)!))
        if (again.changed.length > 0) back++
      }
      if (domain === 'mission.example' && format !== '4774-4778') t.equal(back, into.labels.rows.length)
      const normalise = createNormaliser(out)
      const spoken = formats.spoken(domain)!
      t.equal(new Set(spoken.map(({ form }) => form)).size, 1)
      for (const { row, form, value, template } of spoken) {
        const said = fill(template, DATES)!
        const heard = formats.fromPeer(labelled(said), to, SECOND)
        if (typeof heard === 'string') throw new Error(heard)
        const listed = octetsOf(heard.stanza)!
        t.ok(equal(said, listed), `${row.name} said in ${form}`)
        const isListed = out.labels.rows.some(({ input }) => input.form === form && input.value === value)
        t.same(heard.changed, isListed ? [] : ['label-form'])
        if (isListed) t.equal(listed, said, 'what is listed in its form stays')
        else if (format !== 'ess-0258' && row.input.form !== 'ess-0258')
          t.equal(listed, fill(row.input.template, DATES), 'letter for letter the row')
        else if (format === 'ess-0258') t.match(listed, /ReviewDateTime="20[34]\d-.*>2027-01-15T08:00:00Z</)
        const normal = normalise(
          { ...heard.stanza, attributes: addressed(domain, out.to.domains[0]!.name) },
          undefined,
          SECOND,
          NAMING,
        )
        t.equal(normal.outcome, 'ready', 'the bundle has it')
      }
      const labels = new Set(out.labels.rows.map(({ input }) => spelledLabel(input.template)))
      t.equal(spoken.length, labels.size, 'every row can be said in it')
    }
  }
  t.end()
})

const changes = (heard: ReturnType<Formats['fromPeer']>) =>
  typeof heard === 'string' ? heard : heard.changed

/** A row of those labels in that form, whose output is the same. */
function row(name: string, labels: readonly BoundLabel[], form: RowForm): LabelRow {
  const [first, second] = labels as [BoundLabel, BoundLabel?]
  const options = {
    marking: { text: 'whatever the guard says', fgcolor: '#000000', bgcolor: '#ffffff' },
    creation: { hole: 'creation' },
    review: { hole: 'review' },
  } as const
  const input = (
    second === undefined
      ? wireTemplate(first.label, first.spif, form as 'ess-0258')
      : pairTemplate(first, second, form as 'ess-0258+equivalentlabel')
  ) as WireTemplate
  const template = (
    second === undefined
      ? releaseTemplate(first.label, first.spif, form as 'ess-0258', options)
      : releasePair(first, second, form as 'ess-0258+equivalentlabel', options)
  ) as LabelRow['output']['template']
  return {
    name,
    input: { form, marking: '', ...input },
    output: { form, marking: '', template },
  }
}

function withRows(
  rows: readonly LabelRow[],
  edge: Partial<Bundle['edge']> = {},
  bundle: Bundle = testBundle('high', 'low'),
): Bundle {
  return { ...bundle, labels: { ...bundle.labels, rows }, edge: { ...bundle.edge, ...edge } }
}

const SECRET: BoundLabel = { label: label(ACME, 'SECRET', { Need: ['ALPHA'] }), spif: ACME }
const OTHER: BoundLabel = { label: label(CWIX, 'UNCLASSIFIED'), spif: CWIX }
const MARKED: BoundLabel = { label: label(LINES, 'SECRET'), spif: LINES }
const UNFIT: BoundLabel = { label: label(HIGH, 'SECRET'), spif: HIGH }
const ALICE = jid('alice@high.example/x')
const POLICIES = [ACME, CWIX, HIGH, LINES]

function over(rows: readonly LabelRow[], format: PeerFormat, edge: Partial<Bundle['edge']> = {}): Formats {
  const into = withRows(rows, {}, testBundle('low', 'high'))
  return formatsOf('high.example', format, withRows(rows, edge), into, POLICIES)
}
const released = ({ output }: LabelRow) => fill(output.template, DATES)!
const said = ({ input }: LabelRow) => fill(input.template, DATES)!
const delivered = (formats: Formats, octets: string) =>
  formats.toPeer(labelled(octets), ALICE, NUMBER, SECOND)

t.test('the marking is made of the policy, never copied', (t) => {
  const bound = row('bound', [SECRET], '4774-4778')
  const listed = row('listed', [OTHER], 'ess-0258')
  const octets = octetsOf(delivered(over([bound], 'ess-0258'), released(bound)))!
  t.ok(octets.includes(`>${marking(SECRET.label, ACME).text}</displaymarking>`), octets)
  const made = octetsOf(delivered(over([listed], '4774-0258'), released(listed)))!
  t.match(released(listed), /whatever the guard says/)
  t.notMatch(made, /whatever/)
  t.match(made, /CreationDateTime>2027-01-15T08:00:00Z</, 'ESS has no dates: those of now')
  t.end()
})

t.test('a label that the form cannot hold is not delivered', (t) => {
  const unfit = row('unfit', [UNFIT], '4774-0258')
  const fit = row('fit', [SECRET], '4774-0258')
  const formats = over([unfit, fit], 'ess-0258')
  t.equal(delivered(formats, released(unfit)), undefined)
  t.ok(delivered(formats, released(fit)))
  t.match(formats.unheld, [
    /^high\.example cannot be sent the label of unfit \(300 is above 256\) as ess-0258$/,
  ])
  t.same(
    formats.spoken('high.example')?.map(({ row: { name } }) => name),
    ['fit'],
    'nor offered',
  )
  for (const format of ['ess-0258', 'first-line'] as const) {
    const other = over([fit], format)
    t.equal(delivered(other, released(unfit)), undefined, 'nor one that no row has')
    t.equal(delivered(other, released(fit).replace('SECRET', 'SECRETS')), undefined)
    t.equal(
      delivered(other, '<securitylabel xmlns="urn:xmpp:sec-label:0"><label/></securitylabel>'),
      undefined,
    )
  }
  t.equal(over([unfit], '4774-4778').unheld.length, 0)
  const foreign = formatsOf('high.example', 'ess-0258', withRows([fit]), withRows([fit]), [CWIX])
  t.equal(delivered(foreign, released(fit)), undefined, 'nor one of no policy')
  t.end()
})

t.test('pairs stay pairs, in whichever way the form has', (t) => {
  const ess = row('ess', [SECRET, OTHER], 'ess-0258+equivalentlabel')
  const nato = row('nato', [SECRET, OTHER], '4774-0258+alternative')
  const expected: readonly [LabelRow, PeerFormat, RegExp][] = [
    [ess, '4774-0258', /<label><originator.*<equivalentlabel><originator/],
    [ess, '4774-4778', /<Metadata><originator.*<Metadata><alternative/],
    [nato, 'ess-0258', /<label><esssec.*<equivalentlabel><esssec/],
    [nato, '4774-4778', /<Metadata><originator.*<Metadata><alternative/],
  ]
  for (const [pair, format, like] of expected) {
    const formats = over([pair], format)
    const octets = octetsOf(delivered(formats, released(pair)))!
    t.match(octets, like, `${pair.name} as ${format}`)
    const back = formats.fromPeer(labelled(octets), ALICE, SECOND)
    t.match(back, { changed: ['label-form'] })
    const half = octets.replace(/<equivalentlabel>.*<\/equivalentlabel>/, '')
    if (half !== octets)
      t.same(changes(formats.fromPeer(labelled(half), ALICE, SECOND)), [], 'half of it is no row')
  }
  const one = formatsOf('high.example', '4774-0258', withRows([ess]), withRows([ess]), [ACME])
  t.equal(delivered(one, released(ess)), undefined, 'both are of a policy at hand, or none is told')
  const line = over([ess], 'first-line').toPeer(labelled(released(ess)), ALICE, NUMBER, SECOND)!
  t.equal(
    text(child(line, SERVER_NS, 'body')!),
    `${marking(SECRET.label, ACME).text} | ${marking(OTHER.label, CWIX).text}\nhello`,
  )
  t.end()
})

/** The length of the whole in more octets than it needs. */
function inBer(base64: string): string {
  const octets = Buffer.from(base64, 'base64')
  return Buffer.concat([octets.subarray(0, 1), Buffer.from([0x81]), octets.subarray(1)]).toString('base64')
}

t.test('from the peer: only the very label of a row is written anew', (t) => {
  const listed = row('listed', [SECRET], '4774-0258')
  const own = row('own', [OTHER], 'ess-0258')
  const formats = over([listed, own], 'ess-0258')
  const ess = said(row('', [SECRET], 'ess-0258'))
  const hear = (octets: string) => {
    const heard = formats.fromPeer(labelled(octets), ALICE, SECOND)
    if (typeof heard === 'string') throw new Error(heard)
    t.ok(heard.changed.length === 1 || octetsOf(heard.stanza) === octets || octets.includes("'"))
    return heard.changed
  }
  t.same(hear(ess), ['label-form'])
  t.same(hear(said(own)), [], 'what is listed in its form')
  t.same(hear(said(listed)), [], 'another form than that of the peer')
  t.same(
    hear(ess.replace('<label>', "<displaymarking fgcolor='red'>ACME OPEN</displaymarking><label>")),
    ['label-form'],
    'a marking is not believed',
  )
  for (const [why, hostile] of [
    ['another label', said(row('', [{ label: label(ACME, 'SECRET'), spif: ACME }], 'ess-0258'))],
    [
      'a label of more',
      said(row('', [{ label: label(ACME, 'SECRET', { Need: ['ALPHA', 'BETA'] }), spif: ACME }], 'ess-0258')),
    ],
    ['no base64', ess.replace(/>[A-Za-z0-9+/=]+</, '>====<')],
    ['trailing octets', ess.replace(/=*<\/ess/, 'AAAA</ess')],
    ['BER', ess.replace(/>([A-Za-z0-9+/=]+)</, (_, base64: string) => `>${inBer(base64)}<`)],
    [
      'an equivalent',
      ess.replace(
        '</label>',
        `</label>${/<label>.*<\/label>/
          .exec(ess)![0]
          .replaceAll('label>', 'label>')
          .replace('<label>', '<equivalentlabel>')
          .replace(/<\/label>$/, '</equivalentlabel>')}`,
      ),
    ],
    ['empty', '<securitylabel xmlns="urn:xmpp:sec-label:0"><label></label></securitylabel>'],
  ] as const) {
    t.same(hear(hostile), [], why)
  }
  const nato = over([own], '4774-4778')
  const bound = said(row('', [OTHER], '4774-4778'))
  const change = (from: string | RegExp, to: string) => {
    t.not(bound.replace(from, to), bound)
    const heard = nato.fromPeer(labelled(bound.replace(from, to)), ALICE, SECOND)
    return typeof heard === 'string' ? heard : heard.changed
  }
  t.same(changes(nato.fromPeer(labelled(bound), ALICE, SECOND)), ['label-form'])
  t.equal(change('2027-01-10', '2007-01-10'), 'label-date', 'too old, where nobody would see it any more')
  t.equal(change('2028-01-10', '2128-01-10'), 'label-date')
  const doubled = labelled(ess + ess)
  const twice = formats.fromPeer(doubled, ALICE, SECOND)
  if (typeof twice === 'string') throw new Error(twice)
  t.match(
    createNormaliser(withRows([listed, own]))(
      { ...twice.stanza, attributes: addressed('high.example', 'low.example') },
      undefined,
      SECOND,
      NAMING,
    ),
    { outcome: 'refused', reason: 'label-repeated' },
    'nor does a second one slip through',
  )
  t.same(change('UNCLASSIFIED', 'Unclassified'), [], 'names are letter for letter')
  t.same(change('102.25', '102.26'), [], 'another policy by its identifier')
  t.same(change(/originator/g, 'metadata'), [], 'a label of something else')
  t.same(
    change(
      '<CreationDateTime>',
      '<OriginatorID IDType="jID">eve@high.example</OriginatorID><CreationDateTime>',
    ),
    [],
    'of another originator',
  )
  t.same(formats.fromPeer(labelled(ess), jid('alice@other.example'), SECOND), {
    stanza: labelled(ess),
    changed: [],
  })
  t.end()
})

t.test('one label in two rows that are released differently is not guessed', (t) => {
  const one = row('one', [SECRET], '4774-0258')
  const two = { ...row('two', [SECRET], '4774-4778'), output: one.output }
  const ess = labelled(said(row('', [SECRET], 'ess-0258')))
  t.same(changes(over([one, two], 'ess-0258').fromPeer(ess, ALICE, SECOND)), ['label-form'])
  const dateless = { ...row('', [SECRET], 'ess-0258'), output: one.output }
  const bound = fill(row('', [SECRET], '4774-4778').input.template, DATES)!
  const kept = over([dateless, one], '4774-4778').fromPeer(labelled(bound), ALICE, SECOND)
  t.equal(typeof kept === 'string' ? kept : octetsOf(kept.stanza), said(one), 'of two rows that with dates')
  const three = { ...two, output: row('', [OTHER], '4774-0258').output }
  t.same(changes(over([one, three], 'ess-0258').fromPeer(ess, ALICE, SECOND)), [])
  t.same(changes(over([one, three, one], 'ess-0258').fromPeer(ess, ALICE, SECOND)), [])
  t.end()
})

t.test('first line of text, towards a peer that knows no labels', (t) => {
  const listed = row('listed', [SECRET], '4774-0258')
  const formats = over([listed], 'first-line')
  const LINE = marking(SECRET.label, ACME, { location: 'firstLineOfText' }).text
  const shown = (content: string, attributes?: string) => {
    const made = formats.toPeer(stanza(content + released(listed), attributes), ALICE, NUMBER, SECOND)
    if (made === undefined) return undefined
    t.notOk(labelIn(made), 'no label goes with it')
    return ['body', 'subject'].flatMap((name) => {
      const found = child(made, SERVER_NS, name)
      return found === undefined ? [] : [text(found)]
    })
  }
  t.same(shown('<body>hello\nyou</body>'), [`${LINE}\nhello\nyou`])
  t.same(shown('<subject>Plan</subject>', 'type="groupchat"'), [`${LINE}\nPlan`], 'the subject of a room')
  const spoken = row('own line', [MARKED], '4774-0258')
  const hidden = row('hidden', [{ label: label(LINES, 'RESTRICTED'), spif: LINES }], '4774-0258')
  const own = over([spoken, hidden], 'first-line')
  const made = delivered(own, released(spoken))
  t.equal(
    made && text(child(made, SERVER_NS, 'body')!),
    'LINES MOST SECRET\nhello',
    'as the policy has it for a first line',
  )
  t.equal(delivered(own, released(hidden)), undefined, 'a policy that shows nothing')
  t.match(own.unheld, [/the label of hidden as first-line$/])
  t.same(shown('<body>b</body><subject>s</subject>'), [`${LINE}\nb`, `${LINE}\ns`])
  t.same(
    shown('<body>ACME OPEN\nnothing to see</body>'),
    [`${LINE}\nACME OPEN\nnothing to see`],
    'a forged one',
  )
  t.same(shown(`<body>${LINE}\nx</body>`), [`${LINE}\n${LINE}\nx`])
  t.equal(shown('<body/>'), undefined, 'nothing is there to be marked')
  const presence = parseText(
    `<presence xmlns="jabber:server" from="bob@low.example/y" to="alice@high.example"><status>away</status>${released(listed)}</presence>`,
    { stanzaBytes: 1 << 20, depth: 64 },
  )
  if (refused(presence)) throw new Error(presence.refused)
  const status = formats.toPeer(presence, ALICE, NUMBER, SECOND)
  t.match(status && serialise(status), new RegExp(`<status>${LINE}\naway</status></presence>$`))
  t.same(shown('<active xmlns="http://jabber.org/protocol/chatstates"/>'), [], 'what needs no label')
  const plain = stanza('<active xmlns="http://jabber.org/protocol/chatstates"/>')
  t.equal(formats.toPeer(plain, ALICE, NUMBER, SECOND), plain, 'what has none')
  t.equal(serialise(formats.toPeer(plain, jid('x@other.example'), NUMBER, SECOND)!), serialise(plain))
  t.end()
})

t.test('first line of text, from such a peer', (t) => {
  const own = row('own', [SECRET], '4774-0258')
  const lower = row('lower', [OTHER], '4774-0258')
  const formats = over([own, lower], 'first-line', { defaultLabels: [{ from: 'high.example', row: 0 }] })
  const LINE = marking(SECRET.label, ACME).text
  const hear = (body: string, more = '', attributes?: string) => {
    const heard = formats.fromPeer(stanza(`<body>${body}</body>${more}`, attributes), ALICE, SECOND)
    return typeof heard === 'string'
      ? heard
      : [text(child(heard.stanza, SERVER_NS, 'body')!), ...heard.changed]
  }
  t.same(hear('hello'), ['hello'])
  t.same(hear(`${LINE}\nhello\nyou`), ['hello\nyou', 'first-line'], 'that of the default label goes')
  t.same(hear(` ${LINE.toLowerCase()} &#13;hello`), ['hello', 'first-line'])
  t.same(hear(LINE), [LINE], 'not when nothing would be left')
  t.same(hear(`re: ${LINE}\nhello`), [`re: ${LINE}\nhello`])
  for (const other of ['CWIX25 UNCLASSIFIED', 'acme  open', 'ACME SECRET']) {
    t.equal(hear(`${other}\nhello`), 'first-line-differs', other)
    t.equal(hear(`\n\n${other}&#x2028;hello`), 'first-line-differs', other)
    t.equal(hear(other), 'first-line-differs', other)
    t.equal(hear('hello', `<subject>${other}</subject>`), 'first-line-differs', 'in a subject')
    t.same(hear(other, said(lower)), [other], 'what has a label is judged by it')
    t.same(hear(other, '', 'type="error"'), [other], 'an error brings back what others said')
  }
  t.same(hear(`${LINE}\n<b xmlns="x:y"/>hello`).slice(1), [], 'elements in a text are left to the rules')
  const incoming: BoundLabel = { label: label(ACME, 'OPEN', { Nation: ['AUS', 'NZL'] }), spif: ACME }
  const apart = formatsOf(
    'high.example',
    'first-line',
    withRows([own, lower], { defaultLabels: [{ from: 'high.example', row: 1 }] }),
    withRows([row('in', [incoming], '4774-0258')], {}, testBundle('low', 'high')),
    POLICIES,
  )
  for (const other of [LINE, marking(incoming.label, ACME).text])
    t.equal(changes(apart.fromPeer(stanza(`<body>${other}\nx</body>`), ALICE, SECOND)), 'first-line-differs')
  const none = over([own, lower], 'first-line')
  t.same(changes(none.fromPeer(stanza('<body>ACME OPEN\nx</body>'), ALICE, SECOND)), [], 'no default label')
  t.same(formats.spoken('high.example'), [], 'nothing is offered')
  const ordered = over([own], 'ess-0258')
  t.same(changes(ordered.fromPeer(stanza(`<body>${LINE}\nx</body>`), ALICE, SECOND)), [], 'nor is text read')
  const long = stanza(`<body>${' \n'.repeat(200_000)}</body>`)
  t.same(changes(formats.fromPeer(long, ALICE, SECOND)), [])
  t.end()
})

t.test('a catalog has each label once, in the format of whoever asks, and its default', (t) => {
  const first = row('first', [SECRET], '4774-0258')
  const second = { ...row('second', [SECRET], '4774-4778'), output: first.output }
  const third = row('third', [OTHER], 'ess-0258')
  const unfit = row('unfit', [UNFIT], '4774-0258')
  const bundle = withRows([first, second, third, unfit], {
    defaultLabels: [{ from: 'high.example', row: 1 }],
  })
  const items = (format: PeerFormat | undefined) => {
    const formats = over(bundle.labels.rows, format ?? 'ess-0258')
    const spokenBy = format === undefined ? undefined : formats.spoken
    const catalog = createCatalogs(bundle, () => true, undefined, spokenBy)
    const node = catalog(ALICE, jid('bob@low.example'), 'high.example', SECOND)
    return elements(node).map(
      (item) =>
        `${attribute(item, 'default') ?? ''} ${serialise(item).includes('esssecuritylabel') ? 'ESS' : '4774'}`,
    )
  }
  t.same(items('ess-0258'), ['true ESS', ' ESS'])
  t.same(items('4774-0258'), ['true 4774', ' 4774', ' 4774'])
  t.same(items('4774-4778'), ['true 4774', ' 4774', ' 4774'])
  t.same(items('first-line'), [])
  t.same(items(undefined), ['true 4774', ' ESS', ' 4774'], 'without a format as they are listed')
  t.end()
})

t.test('each key is in the manual', (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../../doc/edge-labels.md'), 'utf8')
  for (const key of Object.keys(schema.properties.labels.items.properties)) t.match(page, `${key}: `)
  for (const format of schema.properties.labels.items.properties.format.enum)
    t.match(page, `\n| \`${format}\` |`)
  t.end()
})
