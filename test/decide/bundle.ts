/** A small bundle written by hand, and stanzas that it lets through: what tests of the decision share. */

import type {
  AttributeRule,
  Bundle,
  ContentRule,
  ElementRule,
  InputTemplate,
  LabelRow,
  OutputTemplate,
  Slot,
  ValueRule,
} from '../../rules/bundle/bundle.ts'
import { readWireLabel } from '../../rules/label/wire.ts'
import { refused } from '../../rules/reasons.ts'
import { child } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'

export const LIMITS = { stanzaBytes: 16_384, depth: 14 }

/** The second of the frames: 2026-11-22T10:00:00Z, and dates about it. */
export const SECOND = 1_795_341_600
export const CREATION = '2026-11-22T09:59:58Z'
export const REVIEW = '2027-11-22T00:00:00Z'

const SERVER = 'jabber:server'
const CHAT_STATES = 'http://jabber.org/protocol/chatstates'

const attr = (name: string, value: ValueRule, required = false): AttributeRule => ({ name, required, value })
const FROM = attr('from', { type: 'address', side: 'from', local: 20, resource: 30 }, true)
const TO = attr('to', { type: 'address', side: 'to', local: 1023, resource: 1023 }, true)
const ID = attr('id', { type: 'identifier', max: 64 })
const LANG = attr('xml:lang', { type: 'enum', values: ['de-CH', 'en'] })
const TYPE = (value: string): AttributeRule => attr('type', { type: 'enum', values: [value] }, true)

const EMPTY: ContentRule = { type: 'empty' }
const value = (rule: ValueRule, mayBeEmpty = false): ContentRule => ({
  type: 'value',
  value: rule,
  mayBeEmpty,
})
const of = (...slots: Slot[]): ContentRule => ({ type: 'elements', slots })
const TEXT: ValueRule = { type: 'text', max: 4096, lines: true }
const LABEL: Slot = { type: 'label' }

function rule(
  ns: string,
  name: string,
  content: ContentRule,
  attributes: AttributeRule[] = [],
  labelling: ElementRule['labelling'] = 'never',
): ElementRule {
  return { ns, name, attributes, content, labelling }
}

function slot(elements: ElementRule | ElementRule[], min = 0, max = 1, sorted = false): Slot {
  return { type: 'elements', of: [elements].flat(), min, max, sorted }
}

const BODY = rule(SERVER, 'body', value(TEXT), [LANG], 'always')
const SUBJECT = rule(
  SERVER,
  'subject',
  value({ type: 'text', max: 256, lines: false }, true),
  [LANG],
  'unless-empty',
)
const THREAD = rule(SERVER, 'thread', value({ type: 'identifier', max: 64 }))
const DELAY = rule('urn:xmpp:delay', 'delay', EMPTY, [
  attr('from', { type: 'address', side: 'either', local: 20, resource: 0 }),
  attr('stamp', { type: 'date' }, true),
])
const STATES = ['active', 'composing', 'gone', 'inactive', 'paused'].map((name) =>
  rule(CHAT_STATES, name, EMPTY),
)
const SHOW = rule(SERVER, 'show', value({ type: 'enum', values: ['away', 'chat', 'dnd', 'xa'] }))
const PRIORITY = rule(SERVER, 'priority', value({ type: 'integer', min: -128, max: 127 }))
const STATUS = rule(SERVER, 'status', value(TEXT, true), [LANG], 'unless-empty')
const PING = rule('urn:xmpp:ping', 'ping', EMPTY)
const INFO = 'http://jabber.org/protocol/disco#info'
const IDENTITY = rule(INFO, 'identity', EMPTY, [
  attr('category', { type: 'identifier', max: 32 }, true),
  attr('name', { type: 'text', max: 64, lines: false }),
  attr('type', { type: 'identifier', max: 32 }, true),
])
const FEATURE = rule(INFO, 'feature', EMPTY, [attr('var', { type: 'identifier', max: 128 }, true)])
const QUERY = rule(INFO, 'query', of(slot(IDENTITY, 1, 4, true), slot(FEATURE, 0, 64, true)))
const NOTE = rule('urn:example:item', 'note', value(TEXT), [], 'always')
const ITEM = rule('urn:example:item', 'item', of(slot(NOTE, 0, 2)))
const NICK = rule('urn:example:nick', 'nick', value({ type: 'resource', max: 12 }))

const messageSlots: readonly Slot[] = [
  slot(SUBJECT),
  slot(BODY),
  slot(THREAD),
  slot(STATES),
  slot(NICK),
  slot(DELAY),
  LABEL,
]

const FORMS: Bundle['forms'] = [
  {
    form: 'chat',
    element: 'message',
    type: 'chat',
    attributes: [FROM, ID, TO, TYPE('chat'), LANG],
    slots: messageSlots,
    content: true,
  },
  {
    form: 'normal',
    element: 'message',
    type: null,
    attributes: [FROM, ID, TO, LANG],
    slots: messageSlots,
    content: true,
  },
  {
    form: 'headline',
    element: 'message',
    type: 'headline',
    attributes: [FROM, ID, TO, TYPE('headline')],
    slots: [slot(ITEM, 1), LABEL],
    content: true,
  },
  {
    form: 'available',
    element: 'presence',
    type: null,
    attributes: [FROM, ID, TO],
    slots: [slot(PRIORITY), slot(SHOW), slot(STATUS)],
    content: false,
  },
  {
    form: 'ping',
    element: 'iq',
    type: 'get',
    attributes: [FROM, { ...ID, required: true }, TO, TYPE('get')],
    slots: [slot(PING, 1)],
    content: false,
  },
  {
    form: 'info',
    element: 'iq',
    type: 'result',
    attributes: [FROM, { ...ID, required: true }, TO, TYPE('result')],
    slots: [slot(QUERY, 1)],
    content: false,
  },
]

const SEC = '<securitylabel xmlns="urn:xmpp:sec-label:0">'
const ESS = '<esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">'
const NATO = 'urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'
const INFORMATION =
  '<ConfidentialityInformation><PolicyIdentifier URI="urn:oid:1.3.6.1.4.1.31778.102.25">CWIX25</PolicyIdentifier>' +
  '<Classification>SECRET</Classification><Category TagName="Releasable To" Type="PERMISSIVE" ' +
  'URI="urn:oid:1.3.6.1.4.1.31778.103.15"><GenericValue>AUS</GenericValue></Category></ConfidentialityInformation>'

const marked = (text: string): string =>
  `${SEC}<displaymarking bgcolor="#ff0000" fgcolor="#ffffff">${text}</displaymarking><label>`

/** ESS in, ESS of another policy out. */
const ESS_INPUT: InputTemplate = [
  `${SEC}<label>${ESS}MQgCAQQGAyoDBA==</esssecuritylabel></label></securitylabel>`,
]
const ESS_OUTPUT: OutputTemplate = [
  `${marked('ACME')}${ESS}MQgCAQEGAyoDBQ==</esssecuritylabel></label></securitylabel>`,
]

/** 4774 in XEP-0258 in and out, dates kept. */
const NATO_INPUT: InputTemplate = [
  `${SEC}<label><originatorConfidentialityLabel xmlns="${NATO}" ReviewDateTime="`,
  { hole: 'review' },
  `">${INFORMATION}<CreationDateTime>`,
  { hole: 'creation' },
  '</CreationDateTime></originatorConfidentialityLabel></label></securitylabel>',
]
const NATO_OUTPUT: OutputTemplate = [
  `${marked('CWIX')}<originatorConfidentialityLabel xmlns="${NATO}" ReviewDateTime="`,
  { hole: 'now-plus', seconds: 86_400 },
  `">${INFORMATION}<CreationDateTime>`,
  { hole: 'creation' },
  '</CreationDateTime></originatorConfidentialityLabel></label></securitylabel>',
]

/** The label element of a template, with dates. */
function spell(
  template: OutputTemplate | InputTemplate,
  { creation = CREATION, review = REVIEW }: { creation?: string; review?: string } = {},
): string {
  return template
    .map((part) => {
      if (typeof part === 'string') return part
      if (part.hole === 'creation') return creation
      if (part.hole === 'review') return review
      return (
        new Date((SECOND + ('seconds' in part ? part.seconds : 0)) * 1000).toISOString().slice(0, 19) + 'Z'
      )
    })
    .join('')
}

function row(name: string, template: InputTemplate, output: OutputTemplate): LabelRow {
  const message = parseStanza(
    Buffer.from(`<message xmlns="jabber:server">${spell(template)}</message>`),
    LIMITS,
  )
  if (refused(message)) throw new Error(`the template of ${name} is not XML`)
  const label = readWireLabel(child(message, 'urn:xmpp:sec-label:0', 'securitylabel')!)
  if (refused(label)) throw new Error(`the template of ${name} is no label`)
  return {
    name,
    input: { form: label.form, value: label.value, marking: name, template },
    output: { form: label.form, marking: name, template: output },
  }
}

const FORM_NAMES = FORMS.map(({ form }) => form)

export const BUNDLE: Bundle = {
  format: 'sallyport-bundle-1',
  name: 'high-to-low',
  version: 1,
  unicode: '17.0',
  from: {
    name: 'high',
    domains: [
      { name: 'high.example', kind: 'im' },
      { name: 'rooms.high.example', kind: 'rooms' },
      { name: 'few.example', kind: 'im', locals: ['ann', 'jürgen'] },
    ],
  },
  to: { name: 'low', domains: [{ name: 'low.example', kind: 'im' }] },
  pairs: [
    { from: 'high.example', to: 'low.example', forms: FORM_NAMES },
    { from: 'rooms.high.example', to: 'low.example', forms: FORM_NAMES, rate: 10, burst: 20 },
    { from: 'few.example', to: 'low.example', forms: ['available'] },
  ],
  limits: { ...LIMITS, rate: 1000, burst: 1000 },
  forms: FORMS,
  labels: {
    windows: { creationPast: 3600, creationFuture: 60, reviewAfterCreation: 2 * 366 * 86_400 },
    rows: [row('acme-secret', ESS_INPUT, ESS_OUTPUT), row('cwix-secret', NATO_INPUT, NATO_OUTPUT)],
  },
  edge: { strip: [] },
  sources: [],
}

export const ESS_LABEL = spell(ESS_INPUT)
const ESS_RELEASED = spell(ESS_OUTPUT)
export const NATO_LABEL = spell(NATO_INPUT)
const NATO_RELEASED = spell(NATO_OUTPUT)
export const natoLabel = (dates: { creation?: string; review?: string }): string => spell(NATO_INPUT, dates)

const ENDS = 'from="alice@high.example/desk" id="o1" to="bob@low.example"'
export const chat = (children: string): string =>
  `<message xmlns="jabber:server" ${ENDS} type="chat">${children}</message>`
export const headline = (children: string): string =>
  `<message xmlns="jabber:server" ${ENDS} type="headline">${children}</message>`
const info = (children: string): string =>
  `<iq xmlns="jabber:server" ${ENDS} type="result"><query xmlns="${INFO}">${children}</query></iq>`

/** Stanzas that pass, with what comes out. */
export const PASSING: readonly Readonly<{
  name: string
  input: string
  output: string
  form: string
  row: number
}>[] = [
  {
    name: 'a message with an ESS label',
    input: chat(`<body>Hello</body>${ESS_LABEL}`),
    output: chat(`<body>Hello</body>${ESS_RELEASED}`),
    form: 'chat',
    row: 0,
  },
  {
    name: 'a message with a 4774 label',
    input: chat(`<body xml:lang="de-CH">Grüezi &lt;alle&gt; &amp; "jeder"\n\tzusammen</body>${NATO_LABEL}`),
    output: chat(
      `<body xml:lang="de-CH">Grüezi &lt;alle&gt; &amp; "jeder"\n\tzusammen</body>${NATO_RELEASED}`,
    ),
    form: 'chat',
    row: 1,
  },
  {
    name: 'all that a message may hold',
    input: chat(
      `<subject></subject><body>می‌خواهم 👩🏽‍💻</body><thread>t-1</thread><active xmlns="${CHAT_STATES}"></active>` +
        `<nick xmlns="urn:example:nick">Jürgen &amp; Co</nick>` +
        `<delay xmlns="urn:xmpp:delay" from="rooms.high.example" stamp="${CREATION}"></delay>${ESS_LABEL}`,
    ),
    output: chat(
      `<subject></subject><body>می‌خواهم 👩🏽‍💻</body><thread>t-1</thread><active xmlns="${CHAT_STATES}"></active>` +
        `<nick xmlns="urn:example:nick">Jürgen &amp; Co</nick>` +
        `<delay xmlns="urn:xmpp:delay" from="rooms.high.example" stamp="${CREATION}"></delay>${ESS_RELEASED}`,
    ),
    form: 'chat',
    row: 0,
  },
  {
    name: 'text that obliges deeper inside',
    input: headline(`<item xmlns="urn:example:item"><note>x</note><note>y</note></item>${ESS_LABEL}`),
    output: headline(`<item xmlns="urn:example:item"><note>x</note><note>y</note></item>${ESS_RELEASED}`),
    form: 'headline',
    row: 0,
  },
  ...[
    {
      name: 'a chat state without label',
      form: 'chat',
      input: chat(`<paused xmlns="${CHAT_STATES}"></paused>`),
    },
    {
      name: 'a presence',
      form: 'available',
      input: `<presence xmlns="jabber:server" ${ENDS}><priority>-5</priority><show>dnd</show></presence>`,
    },
    {
      name: 'a presence without anything',
      form: 'available',
      input: '<presence xmlns="jabber:server" from="high.example" to="low.example"></presence>',
    },
    {
      name: 'a presence of a user that is listed',
      form: 'available',
      input: '<presence xmlns="jabber:server" from="jürgen@few.example/x" to="low.example"></presence>',
    },
    {
      name: 'a presence of a domain whose users are listed',
      form: 'available',
      input: '<presence xmlns="jabber:server" from="few.example" to="low.example"></presence>',
    },
    {
      name: 'a ping',
      form: 'ping',
      input: `<iq xmlns="jabber:server" ${ENDS} type="get"><ping xmlns="urn:xmpp:ping"></ping></iq>`,
    },
    {
      name: 'features in ascending order',
      form: 'info',
      input: info(
        '<identity category="client" name="Ω &lt;1>" type="pc"></identity><feature var="a"></feature><feature var="a:b"></feature>',
      ),
    },
  ].map((entry) => ({ ...entry, output: entry.input, row: -1 })),
]
