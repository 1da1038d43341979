import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { createDecider, type Verdict } from '../../rules/decide/decide.ts'
import { createWrittenDecider } from '../../rules/decide/written.ts'
import { REASONS, type Reason, refused } from '../../rules/reasons.ts'
import { element, XML_NS, type XmlElement } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { serialise, serialiseInside } from '../../rules/xml/write.ts'
import { NUMBER } from '../support/number.ts'
import { HOSTILE } from '../xml/hostile.ts'
import {
  BUNDLE,
  CREATION,
  chat,
  ESS_LABEL,
  headline,
  LIMITS,
  NATO_LABEL,
  natoLabel,
  PASSING,
  REVIEW,
  SECOND,
} from './bundle.ts'

const decide = createDecider(BUNDLE)
const ask = (stanza: string | Uint8Array, second = SECOND): Verdict =>
  decide(Buffer.from(stanza as string), second, NUMBER)

/** The reason of a refusal; '' of an acceptance. */
const reason = (verdict: Verdict): Reason | '' => (verdict.accepted ? '' : verdict.reason)

t.test('what the bundle names comes out, made anew', async (t) => {
  for (const { name, input, output, form, row } of PASSING) {
    const [from, to] = [/from="([^"]*)"/.exec(input)![1], / to="([^"]*)"/.exec(input)![1]]
    t.same(ask(input), { accepted: true, row, form, from, to, output }, name)
  }
})

const ENDS = 'from="alice@high.example/desk" id="o1" to="bob@low.example"'
const message = (attributes: string, children = `<body>x</body>${ESS_LABEL}`): string =>
  `<message xmlns="jabber:server" ${attributes} type="chat">${children}</message>`
const info = (children: string): string =>
  `<iq xmlns="jabber:server" ${ENDS} type="result"><query xmlns="http://jabber.org/protocol/disco#info">${children}</query></iq>`
const IDENTITY = '<identity category="client" type="pc"></identity>'
const BODY = '<body>x</body>'

/** Reason, stanza, and `|` where it is seen (taken out before it is asked). */
const REFUSED: readonly (readonly [name: string, reason: Reason, stanza: string])[] = [
  ['a form that is not there', 'unknown-stanza', '|<message xmlns="jabber:server" type="error"></message>'],
  ['another root', 'unknown-stanza', '|<proceed xmlns="jabber:server"></proceed>'],
  [
    'a root in the client namespace',
    'unknown-stanza',
    '|<message xmlns="jabber:client" type="chat"></message>',
  ],
  ['a root and type that together spell another', 'unknown-stanza', '|<iq xmlns="jabber:server"></iq>'],
  ['an attribute', 'unknown-attribute', `|${message(`${ENDS.replace(' to=', ' mid="" to=')}`)}`],
  ['an attribute inside', 'unknown-attribute', chat(`|<body a="">x</body>${ESS_LABEL}`)],
  ['a language without xml:', 'unknown-attribute', chat(`|<body lang="de">x</body>${ESS_LABEL}`)],
  ['xml:space', 'unknown-attribute', chat(`|<body xml:space="preserve">x</body>${ESS_LABEL}`)],
  ['no sender', 'missing-attribute', `|${message('id="o1" to="bob@low.example"')}`],
  ['no recipient', 'missing-attribute', `|${message('from="alice@high.example" id="o1"')}`],
  ['no stamp', 'missing-attribute', chat(`${BODY}|<delay xmlns="urn:xmpp:delay"></delay>${ESS_LABEL}`)],
  ['a sender of the other side', 'bad-from', `|${message('from="bob@low.example" to="bob@low.example"')}`],
  ['a sender below the domain', 'bad-from', `|${message('from="a@x.high.example" to="bob@low.example"')}`],
  ['a sender that ends alike', 'bad-from', `|${message('from="a@xhigh.example" to="bob@low.example"')}`],
  [
    'a slash before the @',
    'bad-from',
    `|${message('from="low.example/a@high.example" to="bob@low.example"')}`,
  ],
  ['a capital', 'bad-from', `|${message('from="Alice@high.example" to="bob@low.example"')}`],
  ['a user that is not listed', 'bad-from', `|${message('from="bob@few.example" to="bob@low.example"')}`],
  ['a user whose name begins so', 'bad-from', `|${message('from="an@few.example" to="bob@low.example"')}`],
  ['two domains that do not chat', 'bad-pair', `|${message('from="ann@few.example" to="bob@low.example"')}`],
  ['a recipient of the own side', 'bad-to', `|${message('from="a@high.example" to="b@high.example"')}`],
  ['an empty recipient', 'bad-to', `|${message('from="a@high.example" to=""')}`],
  ['an id with a blank', 'bad-attribute', `|${message(ENDS.replace('o1', 'o 1'))}`],
  ['an empty id', 'bad-attribute', `|${message(ENDS.replace('o1', ''))}`],
  ['a language that is not listed', 'bad-attribute', chat(`|<body xml:lang="de">x</body>${ESS_LABEL}`)],
  ['a language in capitals', 'bad-attribute', chat(`|<body xml:lang="DE">x</body>${ESS_LABEL}`)],
  [
    'a local part too long',
    'bad-from',
    `|${message(`from="${'a'.repeat(21)}@high.example" to="b@low.example"`)}`,
  ],
  [
    'a resource too long',
    'bad-from',
    `|${message(`from="high.example/${'😀'.repeat(31)}" to="b@low.example"`)}`,
  ],
  ['Hebrew in Latin', 'bad-from', `|${message('from="a\u05d0b@high.example" to="b@low.example"')}`],
  [
    'a resource where none may stand',
    'bad-attribute',
    chat(
      `${BODY}|<delay xmlns="urn:xmpp:delay" from="high.example/x" stamp="${CREATION}"></delay>${ESS_LABEL}`,
    ),
  ],
  [
    'a nick too long',
    'bad-text',
    chat(`${BODY}|<nick xmlns="urn:example:nick">${'é'.repeat(13)}</nick>${ESS_LABEL}`),
  ],
  [
    'an address inside of a third side',
    'bad-attribute',
    chat(
      `${BODY}|<delay xmlns="urn:xmpp:delay" from="evil.example" stamp="${CREATION}"></delay>${ESS_LABEL}`,
    ),
  ],
  [
    'a date with a fraction',
    'bad-attribute',
    chat(`${BODY}|<delay xmlns="urn:xmpp:delay" stamp="2026-11-22T09:59:58.1Z"></delay>${ESS_LABEL}`),
  ],
  ['an element', 'unknown-element', chat(`${BODY}|<x xmlns="urn:x"></x>${ESS_LABEL}`)],
  [
    'an element in the namespace of another',
    'unknown-element',
    chat(`|<body xmlns="urn:x">x</body>${ESS_LABEL}`),
  ],
  ['elements in the other order', 'unknown-element', chat(`${BODY}|<subject>x</subject>${ESS_LABEL}`)],
  ['an element in a text', 'unknown-element', chat(`<body>x|<b></b></body>${ESS_LABEL}`)],
  [
    'an element in an empty one',
    'unknown-element',
    chat('<active xmlns="http://jabber.org/protocol/chatstates">|<a></a></active>'),
  ],
  ['an element that must be there', 'missing-element', `|<iq xmlns="jabber:server" ${ENDS} type="get"></iq>`],
  ['a first element that must be there', 'missing-element', info('|<feature var="a"></feature>')],
  ['two bodies', 'too-many', chat(`${BODY}|${BODY}${ESS_LABEL}`)],
  [
    'two chat states',
    'unknown-element',
    chat(
      '<active xmlns="http://jabber.org/protocol/chatstates"></active>|<gone xmlns="http://jabber.org/protocol/chatstates"></gone>',
    ),
  ],
  [
    'features in descending order',
    'out-of-order',
    info(`${IDENTITY}<feature var="b"></feature>|<feature var="a"></feature>`),
  ],
  [
    'a feature twice',
    'out-of-order',
    info(`${IDENTITY}<feature var="a"></feature>|<feature var="a"></feature>`),
  ],
  ['text beside elements', 'unexpected-text', `|${chat(`${BODY}x${ESS_LABEL}`)}`],
  ['a blank between elements', 'unexpected-text', `|${chat(`${BODY} ${ESS_LABEL}`)}`],
  [
    'text in an empty element',
    'unexpected-text',
    chat('|<active xmlns="http://jabber.org/protocol/chatstates">x</active>'),
  ],
  ['a line separator', 'bad-text', chat(`|<body>a\u2028b</body>${ESS_LABEL}`)],
  ['text that is not in NFC', 'bad-text', chat(`|<body>e\u0301</body>${ESS_LABEL}`)],
  ['an empty body', 'bad-text', chat(`|<body></body>${ESS_LABEL}`)],
  ['a line feed where none may be', 'bad-text', chat(`|<subject>a\nb</subject>${BODY}${ESS_LABEL}`)],
  [
    'an integer with a plus sign',
    'bad-text',
    `<presence xmlns="jabber:server" ${ENDS}>|<priority>+5</priority></presence>`,
  ],
  [
    'an integer out of range',
    'bad-text',
    `<presence xmlns="jabber:server" ${ENDS}>|<priority>128</priority></presence>`,
  ],
  [
    'a word that is not in the list',
    'bad-text',
    `<presence xmlns="jabber:server" ${ENDS}>|<show>here</show></presence>`,
  ],
  ['nothing in a message', 'no-content', `|${chat('')}`],
  ['a label and nothing else', 'no-content', `|${chat(ESS_LABEL)}`],
  ['no label on a body', 'label-missing', `|${chat(BODY)}`],
  ['no label on a subject', 'label-missing', `|${chat('<subject>x</subject>')}`],
  [
    'no label on a text deeper inside',
    'label-missing',
    `|${headline('<item xmlns="urn:example:item"><note>x</note></item>')}`,
  ],
  [
    'no label on a status',
    'label-missing',
    `|<presence xmlns="jabber:server" ${ENDS}><status>x</status></presence>`,
  ],
  [
    'a label where none may be',
    'label-unexpected',
    `<presence xmlns="jabber:server" ${ENDS}>|${ESS_LABEL}</presence>`,
  ],
  ['two labels', 'label-repeated', chat(`${BODY}${ESS_LABEL}|${ESS_LABEL}`)],
  ['two labels of two kinds', 'label-repeated', chat(`${BODY}${ESS_LABEL}|${NATO_LABEL}`)],
  ['a label before its place', 'unknown-element', chat(`${ESS_LABEL}|${BODY}`)],
  [
    'no payload in the label',
    'label-malformed',
    chat(`${BODY}|<securitylabel xmlns="urn:xmpp:sec-label:0"><label></label></securitylabel>`),
  ],
  ['DER that is not', 'label-malformed', chat(`${BODY}|${ESS_LABEL.replace('MQgC', 'MYEI')}`)],
  ['base64 with a blank', 'label-malformed', chat(`${BODY}|${ESS_LABEL.replace('MQgC', 'MQ gC')}`)],
  [
    'a binding without label',
    'label-malformed',
    chat(`${BODY}|<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"></BindingData>`),
  ],
  ['another class', 'label-unlisted', chat(`${BODY}|${ESS_LABEL.replace('AQQGAyoD', 'AQUGAyoD')}`)],
  ['another category', 'label-unlisted', chat(`${BODY}|${NATO_LABEL.replace('AUS', 'AUT')}`)],
  ['another case of the class', 'label-unlisted', chat(`${BODY}|${NATO_LABEL.replace('SECRET', 'Secret')}`)],
  ['created too long ago', 'label-date', chat(`${BODY}|${natoLabel({ creation: '2026-11-22T08:59:59Z' })}`)],
  ['created too far ahead', 'label-date', chat(`${BODY}|${natoLabel({ creation: '2026-11-22T10:01:01Z' })}`)],
  [
    'reviewed before it was created',
    'label-date',
    chat(`${BODY}|${natoLabel({ review: '2026-11-22T09:59:57Z' })}`),
  ],
  ['reviewed too late', 'label-date', chat(`${BODY}|${natoLabel({ review: '2029-11-22T10:00:00Z' })}`)],
  ['a prefix', 'not-canonical', `<|p:message xmlns:p="jabber:server"></p:message>`],
  ['an empty-element tag', 'not-canonical', '<message xmlns="jabber:server"|/>'],
  ['other quotes', 'not-canonical', `<message xmlns=|'jabber:server'></message>`],
  ['two blanks between attributes', 'not-canonical', chat(BODY).replace('" id', '" | id')],
  ['a blank behind the end', 'not-canonical', `${chat(BODY)}|\n`],
  [
    'attributes in another order',
    'not-canonical',
    '<message xmlns="jabber:server" |to="a" from="b"></message>',
  ],
  ['a namespace declared again', 'not-canonical', chat('<body| xmlns="jabber:server">x</body>')],
  [
    'a namespace that is not used',
    'not-canonical',
    '<message xmlns="jabber:server"| xmlns:x="urn:x"></message>',
  ],
  ['a reference for what needs none', 'not-canonical', chat('<body>|&#120;</body>')],
  ['a reference to a line end', 'not-canonical', chat('<body>|&#xD;</body>')],
  ['a line end in an attribute', 'not-canonical', '<message xmlns="jabber:server" id="é|&#xA;"></message>'],
  ['a carriage return', 'not-canonical', chat('<body>é|\r</body>')],
  ['a tab in an attribute', 'not-canonical', '<message xmlns="jabber:server" id="|\t"></message>'],
  ['CDATA', 'not-canonical', chat('<body>|<![CDATA[x]]></body>')],
  ['empty CDATA', 'not-canonical', chat('<body><|![CDATA[]]></body>')],
  ['> in text', 'not-canonical', chat('<body>|></body>')],
  ['&gt; in an attribute', 'not-canonical', '<message xmlns="jabber:server" id="|&gt;"></message>'],
  ['&apos;', 'not-canonical', chat('<body>|&apos;</body>')],
]

t.test('each refusal has its reason and its place', async (t) => {
  for (const [name, why, marked] of REFUSED) {
    const at = Buffer.byteLength(marked.slice(0, marked.indexOf('|')))
    t.match(ask(marked.replace('|', '')), { accepted: false, reason: why, at }, name)
  }
  const told = new Set<Reason>(REFUSED.map(([, why]) => why))
  const elsewhere: Reason[] = ['too-big', 'not-utf8', 'not-well-formed', 'too-deep']
  t.same(
    REASONS.filter((r) => !told.has(r) && !elsewhere.includes(r)),
    [],
    'every reason has its case',
  )
})

t.test('hostile input is refused without a fact', async (t) => {
  for (const { name, octets } of HOSTILE) {
    const verdict = ask(octets)
    t.match(verdict, { accepted: false, form: '', from: '', to: '' }, name)
  }
  t.match(ask(Buffer.alloc(LIMITS.stanzaBytes + 1, 0x20)), { reason: 'too-big' })
  t.match(ask(chat('<a>'.repeat(LIMITS.depth) + '</a>'.repeat(LIMITS.depth))), { reason: 'too-deep' })
})

t.test('a refusal tells what had been checked before', async (t) => {
  const facts = (stanza: string) => {
    const { form, from, to } = ask(stanza)
    return [form, from, to]
  }
  t.same(facts(chat(BODY)), ['chat', 'alice@high.example/desk', 'bob@low.example'], 'the label is missing')
  t.same(facts(message(ENDS.replace('o1', ''))), ['chat', 'alice@high.example/desk', ''], 'the id is bad')
  t.same(facts(message('from="x@evil.example" to="bob@low.example"')), ['chat', '', ''], 'the sender is bad')
  t.same(
    facts(message('from="a@high.example" to="x@evil.example"')),
    ['chat', 'a@high.example', ''],
    'the recipient is bad',
  )
  t.same(facts('<message xmlns="jabber:server" from="a@high.example" type="x"></message>'), ['', '', ''])
})

t.test('the edges of the windows', async (t) => {
  const at = (dates: Parameters<typeof natoLabel>[0], second = SECOND) =>
    reason(ask(chat(BODY + natoLabel(dates)), second))
  t.equal(at({ creation: '2026-11-22T09:00:00Z' }), '', 'an hour ago')
  t.equal(at({ creation: '2026-11-22T10:01:00Z' }), '', 'a minute ahead')
  t.equal(at({ review: CREATION }), '', 'reviewed when created')
  t.equal(
    at({ creation: '2026-11-22T10:00:00Z', review: '2028-11-23T10:00:00Z' }),
    '',
    'two years of 366 days',
  )
  t.equal(at({ creation: '2026-11-22T10:00:00Z', review: '2028-11-23T10:00:01Z' }), 'label-date')
  t.equal(at({}, SECOND + 3600), 'label-date', 'the second of the frame counts')
  t.equal(at({ creation: '2026-02-30T00:00:00Z' }), 'label-malformed', 'no such day')
  t.equal(at({ review: `${REVIEW.slice(0, -1)}+00:00` }), 'label-malformed', 'another spelling')
})

t.test('a date beyond the year 9999 is not made', async (t) => {
  const windows = { creationPast: 3600, creationFuture: 60, reviewAfterCreation: 3600 }
  const late = createDecider({ ...BUNDLE, labels: { ...BUNDLE.labels, windows } })
  const stanza = chat(BODY + natoLabel({ creation: '9999-12-31T12:00:00Z', review: '9999-12-31T12:00:00Z' }))
  t.match(late(Buffer.from(stanza), 253_402_300_799 - 43_199, NUMBER), { reason: 'label-date' })
})

t.test('a row that would repeat a date that it has not is no row', async (t) => {
  const { rows } = BUNDLE.labels
  const template = [ESS_LABEL.slice(0, -16), { hole: 'review' } as const, ESS_LABEL.slice(-16)]
  const output = [{ hole: 'creation' } as const]
  const row = {
    ...rows[0]!,
    input: { ...rows[0]!.input, template },
    output: { ...rows[0]!.output, template: output },
  }
  t.throws(() => createDecider({ ...BUNDLE, labels: { ...BUNDLE.labels, rows: [row] } }), /acme-secret/)
})

t.test('rows that differ in their marking alone are told apart', async (t) => {
  const [plain] = BUNDLE.labels.rows
  const marked = {
    ...plain!,
    name: 'marked',
    input: { ...plain!.input, template: [ESS_LABEL.replace('MQgCAQQGAyoDBA==', 'MQgCAQQGAyoDBA=')] },
  }
  const both = createDecider({ ...BUNDLE, labels: { ...BUNDLE.labels, rows: [marked, plain!] } })
  t.match(both(Buffer.from(chat(BODY + ESS_LABEL)), SECOND, NUMBER), { accepted: true, row: 1 })
  const none = createDecider({ ...BUNDLE, labels: { ...BUNDLE.labels, rows: [marked] } })
  t.match(none(Buffer.from(chat(BODY + ESS_LABEL)), SECOND, NUMBER), {
    accepted: false,
    reason: 'label-unlisted',
  })
})

t.test('what was decided before changes no answer', async (t) => {
  const stanzas = [
    ...PASSING.map(({ input }) => input),
    ...REFUSED.map(([, , stanza]) => stanza.replace('|', '')),
  ]
  const dates = [
    CREATION,
    '2026-11-22T10:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-11-22T10:00:00',
    '2026-11-22T10:00:00+',
  ]
  for (const creation of dates) {
    for (const review of [REVIEW, ...dates]) stanzas.push(chat(`${BODY}${natoLabel({ creation, review })}`))
  }
  for (const [i, stanza] of [...stanzas, ...stanzas.toReversed()].entries()) {
    const alone = createDecider(BUNDLE)(Buffer.from(stanza), SECOND, NUMBER)
    if (!isDeepStrictEqual(ask(stanza), alone)) t.fail(`${i}: ${stanza}`)
  }
  t.pass(`${stanzas.length} stanzas, each asked of one that knows and of one that knows nothing`)
})

t.test('an empty bundle passes nothing', async (t) => {
  const empty = createDecider({ ...BUNDLE, forms: [], labels: { ...BUNDLE.labels, rows: [] } })
  for (const { name, input } of PASSING)
    t.match(empty(Buffer.from(input), SECOND, NUMBER), { accepted: false }, name)
  const unlabelled = createDecider({ ...BUNDLE, labels: { ...BUNDLE.labels, rows: [] } })
  t.match(unlabelled(Buffer.from(chat(BODY + ESS_LABEL)), SECOND, NUMBER), { reason: 'label-unlisted' })
})

t.test('a slot that is full makes room for the next', async (t) => {
  const rule = (name: string) =>
    ({ ns: 'urn:s', name, attributes: [], content: { type: 'empty' }, labelling: 'never' }) as const
  const slot = (name: string, min: number) =>
    ({ type: 'elements', of: [rule(name)], min, max: 1, sorted: false }) as const
  const form = {
    ...BUNDLE.forms.find(({ form }) => form === 'available')!,
    slots: [slot('a', 0), slot('b', 0), slot('a', 1)],
  }
  const check = createDecider({ ...BUNDLE, forms: [form] })
  const a = '<a xmlns="urn:s"></a>'
  const b = '<b xmlns="urn:s"></b>'
  const tell = (children: string) =>
    reason(
      check(Buffer.from(`<presence xmlns="jabber:server" ${ENDS}>${children}</presence>`), SECOND, NUMBER),
    )
  t.equal(tell(a + b + a), '')
  t.equal(tell(a + a), '')
  t.equal(tell(b + a), '')
  t.equal(tell(a), 'missing-element', 'an element goes to the first slot that takes it')
  t.equal(tell(a + a + a), 'too-many')
  t.equal(tell(a + b + b), 'too-many')
})

t.test('attributes stand in the order of the rules, or the rules are wrong', async (t) => {
  const available = BUNDLE.forms.find(({ form }) => form === 'available')!
  const check = createDecider({
    ...BUNDLE,
    forms: [{ ...available, attributes: available.attributes.toReversed() }],
  })
  const stanza = `<presence xmlns="jabber:server" ${ENDS}></presence>`
  t.match(check(Buffer.from(stanza), SECOND, NUMBER), { accepted: false })
})

t.test('two forms of one root and type are no bundle', async (t) => {
  const [form] = BUNDLE.forms
  t.throws(
    () => createDecider({ ...BUNDLE, forms: [form!, { ...form!, form: 'other', slots: [] }] }),
    /two forms/,
  )
})

t.test('a label slot inside an element is no bundle', async (t) => {
  const form = BUNDLE.forms.find(({ form }) => form === 'headline')!
  const content = { type: 'elements', slots: [{ type: 'label' }] } as const
  const item = { ns: 'urn:x', name: 'item', attributes: [], content, labelling: 'never' } as const
  const slot = { type: 'elements', of: [item], min: 0, max: 1, sorted: false } as const
  t.throws(() => createDecider({ ...BUNDLE, forms: [{ ...form, slots: [slot] }] }), /label slot/)
})

t.test('one label decides, even where the profile has room for two', async (t) => {
  const form = BUNDLE.forms.find(({ form }) => form === 'available')!
  const status = form.slots.at(-1)!
  const check = createDecider({
    ...BUNDLE,
    forms: [{ ...form, slots: [{ type: 'label' }, status, { type: 'label' }] }],
  })
  const tell = (children: string) =>
    reason(
      check(Buffer.from(`<presence xmlns="jabber:server" ${ENDS}>${children}</presence>`), SECOND, NUMBER),
    )
  t.equal(tell(`${ESS_LABEL}<status>x</status>`), '')
  t.equal(tell(`<status>x</status>${ESS_LABEL}`), '')
  t.equal(tell(`${ESS_LABEL}<status>x</status>${ESS_LABEL}`), 'label-repeated')
})

t.test('elements are sorted by octets, not by UTF-16 units', async (t) => {
  const named = (name: string) => `<identity category="client" name="${name}" type="pc"></identity>`
  const [low, high] = ['\uff5e', '\u{1f600}'] // FF5E is above D83D DE00 in UTF-16 and below it in UTF-8
  t.equal(reason(ask(info(named(low) + named(high)))), '')
  t.equal(reason(ask(info(named(high) + named(low)))), 'out-of-order')
})

/** Every tree that differs from `root` by what `change` makes of one element. */
function* changed(
  root: XmlElement,
  change: (node: XmlElement) => Iterable<XmlElement>,
): Iterable<XmlElement> {
  yield* change(root)
  for (const [i, child] of root.children.entries()) {
    if (typeof child === 'string') continue
    for (const other of changed(child, change)) {
      yield element(root.ns, root.name, root.attributes, root.children.with(i, other))
    }
  }
}

function tree(stanza: string): XmlElement {
  const read = parseStanza(Buffer.from(stanza), LIMITS)
  if (refused(read)) throw new Error(`no stanza: ${read.refused}`)
  return read
}

const withChildren = (node: XmlElement, children: XmlElement['children']): XmlElement =>
  element(node.ns, node.name, node.attributes, children)

t.test('who has written a stanza foretells what will be said of its octets', async (t) => {
  let asked = 0
  for (const limits of [LIMITS, { stanzaBytes: 500, depth: 14 }, { stanzaBytes: 16_384, depth: 3 }]) {
    const bundle = { ...BUNDLE, limits: { ...BUNDLE.limits, ...limits } }
    const [decideHere, foretell] = [createDecider(bundle), createWrittenDecider(bundle)]
    const check = (root: XmlElement) => {
      const label = root.children.find(
        (e) => typeof e !== 'string' && /^(securitylabel|BindingData)$/.test(e.name),
      )
      const octets = serialise(root)
      const spelling = label === undefined ? undefined : serialiseInside(label as XmlElement, root.ns)
      const verdict = decideHere(Buffer.from(octets), SECOND, NUMBER)
      const foretold = foretell({ root, octets, label: spelling }, SECOND, NUMBER)
      const agree = verdict.accepted ? foretold === undefined : foretold !== undefined
      if (!agree) t.fail(`foretold ${foretold}, said ${reason(verdict)}: ${octets}`)
      asked++
    }
    for (const [, , stanza] of REFUSED) {
      const root = parseStanza(Buffer.from(stanza.replace('|', '')), LIMITS)
      if (!refused(root)) check(root)
    }
    for (const { input } of PASSING) {
      const root = tree(input)
      check(root)
      for (const other of changed(root, function* (node) {
        yield element(
          node.ns,
          node.name,
          [...node.attributes, { ns: '', name: 'zz', value: 'x' }],
          node.children,
        )
        yield withChildren(node, [...node.children, 'x\r'])
        for (const i of node.children.keys()) yield withChildren(node, node.children.toSpliced(i, 1))
      })) {
        check(other)
      }
    }
  }
  t.ok(asked > 500, `${asked} stanzas`)
})

t.test('one unknown node at any place is refused', async (t) => {
  const strangers = [
    element('urn:unknown', 'x'),
    element('jabber:server', 'x'),
    element('', 'x'),
    ...['body', 'label', 'query'].map((name) => element('urn:unknown', name, [], ['x'])),
  ]
  for (const { name, input } of PASSING) {
    let asked = 0
    const others = changed(tree(input), function* (node) {
      for (const stranger of [...strangers, element(node.ns, 'unknown')]) {
        for (let i = 0; i <= node.children.length; i++)
          yield withChildren(node, node.children.toSpliced(i, 0, stranger))
      }
      for (const attribute of [
        { ns: '', name: 'unknown', value: '' },
        { ns: '', name: 'xmlnsx', value: 'x' },
        { ns: XML_NS, name: 'base', value: 'x' },
        { ns: XML_NS, name: 'id', value: 'x' },
      ]) {
        yield element(node.ns, node.name, [...node.attributes, attribute], node.children)
      }
    })
    for (const other of others) {
      asked++
      const verdict = ask(serialise(other))
      if (verdict.accepted) t.fail(`${name}: passed ${serialise(other)}`)
    }
    t.ok(asked > 10, `${name}: ${asked} changes, all refused`)
  }
})

t.test(
  'text where none may be, another name or namespace, a part away: refused, or as good as before',
  async (t) => {
    for (const { name, input } of PASSING) {
      const others = changed(tree(input), function* (node) {
        const hasText = node.children.some((child) => typeof child === 'string')
        if (!hasText) {
          for (const text of [' ', '\n', '\u00a0', '\ufeff', 'x']) {
            for (let i = 0; i <= node.children.length; i++) {
              if (node.children.length > 0) yield withChildren(node, node.children.toSpliced(i, 0, text))
            }
          }
        }
        yield element(`${node.ns}x`, node.name, node.attributes, node.children)
        yield element(node.ns, `${node.name}x`, node.attributes, node.children)
        for (const [i, child] of node.children.entries()) {
          if (typeof child !== 'string') yield withChildren(node, node.children.toSpliced(i, 0, child))
        }
      })
      let asked = 0
      for (const other of others) {
        asked++
        const verdict = ask(serialise(other))
        if (verdict.accepted) t.fail(`${name}: passed ${serialise(other)}`)
      }
      t.ok(asked > 1, `${name}: ${asked} changes, all refused`)
    }
  },
)

t.test('one octet more, less or other never passes but as a canonical stanza that says so', async (t) => {
  const passing = PASSING.map(({ input }) => Buffer.from(input))
  let accepted = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...passing),
      fc.nat(),
      fc.nat(2),
      fc.integer({ min: 0, max: 255 }),
      (octets, place, cut, octet) => {
        const at = place % octets.length
        const other = Buffer.concat([octets.subarray(0, at), Buffer.from([octet]), octets.subarray(at + cut)])
        const verdict = ask(other)
        if (!verdict.accepted) return
        accepted++
        const read = parseStanza(other, LIMITS)
        if (refused(read) || serialise(read) !== other.toString())
          throw new Error('passed what is not canonical')
        const again = parseStanza(Buffer.from(verdict.output), LIMITS)
        if (refused(again) || serialise(again) !== verdict.output)
          throw new Error('wrote what is not canonical')
      },
    ),
    { numRuns: 5000 },
  )
  t.ok(accepted > 25, `${accepted} of them were other texts, ids or resources`)
})
