/**
 * A bundle written by hand that has every rule type, slot, labelling and label form, and helpers to ask `verify`.
 */

import { hash } from 'node:crypto'
import { type Bundle as Compiled, readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider, type Verdict } from '../../guard/verify/decide.ts'
import type { AttributeRule, Bundle, ElementRule, LabelRow, Slot } from '../../rules/bundle/bundle.ts'
import { NUMBER } from '../support/number.ts'

export const NOW = Date.UTC(2026, 10, 22, 10, 0, 0) / 1000
export const CREATION = '2026-11-22T09:59:58Z'
export const REVIEW = '2027-11-22T09:59:58Z'

const server = 'jabber:server'
const from: AttributeRule = {
  name: 'from',
  required: true,
  value: { type: 'address', side: 'from', local: 1023, resource: 1023 },
}
const to: AttributeRule = {
  name: 'to',
  required: true,
  value: { type: 'address', side: 'to', local: 20, resource: 30 },
}
const id: AttributeRule = { name: 'id', required: false, value: { type: 'identifier', max: 64 } }
const lang: AttributeRule = {
  name: 'xml:lang',
  required: false,
  value: { type: 'enum', values: ['de', 'de-CH', 'en', 'sr-Latn-RS'] },
}
const typeIs = (type: string): AttributeRule => ({
  name: 'type',
  required: true,
  value: { type: 'enum', values: [type] },
})

const slot = (min: number, max: number, ...of: ElementRule[]): Slot => ({
  type: 'elements',
  of,
  min,
  max,
  sorted: false,
})

const text = (name: string, ns: string, max: number, extra: Partial<ElementRule> = {}): ElementRule => ({
  ns,
  name,
  attributes: [lang],
  content: { type: 'value', value: { type: 'text', max, lines: true }, mayBeEmpty: false },
  labelling: 'always',
  ...extra,
})

const empty = (name: string, ns: string, attributes: AttributeRule[] = []): ElementRule => ({
  ns,
  name,
  attributes,
  content: { type: 'empty' },
  labelling: 'never',
})

const delay: ElementRule = {
  ns: 'urn:xmpp:delay',
  name: 'delay',
  attributes: [
    { name: 'from', required: false, value: { type: 'address', side: 'either', local: 20, resource: 0 } },
    { name: 'stamp', required: true, value: { type: 'date' } },
  ],
  content: { type: 'empty' },
  labelling: 'never',
}

const states = ['active', 'composing', 'paused'].map((name) =>
  empty(name, 'http://jabber.org/protocol/chatstates'),
)

const feature = empty('feature', 'http://jabber.org/protocol/disco#info', [
  { name: 'var', required: true, value: { type: 'text', max: 100, lines: false } },
])

const item: ElementRule = {
  ns: 'http://jabber.org/protocol/muc#user',
  name: 'item',
  attributes: [
    {
      name: 'affiliation',
      required: true,
      value: { type: 'enum', values: ['member', 'none', 'a & "b" < c > d'] },
    },
    { name: 'nick', required: false, value: { type: 'resource', max: 12 } },
  ],
  content: {
    type: 'elements',
    slots: [
      slot(0, 1, {
        ...text('reason', 'http://jabber.org/protocol/muc#user', 20),
        attributes: [],
        labelling: 'unless-empty',
        content: { type: 'value', value: { type: 'text', max: 20, lines: false }, mayBeEmpty: true },
      }),
    ],
  },
  labelling: 'never',
}

const securityLabel = (inside: string) =>
  `<securitylabel xmlns="urn:xmpp:sec-label:0"><label>${inside}</label></securitylabel>`
const ess = (base64: string) =>
  securityLabel(`<esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${base64}</esssecuritylabel>`)

const nato = 'urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'
const binding = 'urn:nato:stanag:4778:bindinginformation:1:0'
const information = `<ConfidentialityInformation><PolicyIdentifier>ÅCME</PolicyIdentifier><Classification>SECRET</Classification></ConfidentialityInformation>`
const bindingStart = `<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"><BindingInformation xmlns="${binding}"><MetadataBindingContainer><MetadataBinding><Metadata>`
const bindingEnd = `</Metadata><DataReference URI=""></DataReference></MetadataBinding></MetadataBindingContainer></BindingInformation></BindingData>`
const displayed = (marking: string, colour: string, inside: string) =>
  `<securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking bgcolor="${colour}" fgcolor="#000000">${marking}</displaymarking><label>${inside}</label></securitylabel>`

const inWrapper = (end: string) => [
  `<securitylabel xmlns="urn:xmpp:sec-label:0"><label><originatorConfidentialityLabel xmlns="${nato}" ReviewDateTime="`,
  { hole: 'review' as const },
  `">${information}<CreationDateTime>`,
  { hole: 'creation' as const },
  `</CreationDateTime></originatorConfidentialityLabel></label>${end}`,
]

export const rows: LabelRow[] = [
  {
    name: 'ess to 4778',
    input: { form: 'ess-0258', value: 'v0', marking: 'SECRET', template: [ess('MQYCAQQGASk=')] },
    output: {
      form: '4774-4778',
      marking: 'GEHEIM',
      template: [
        `${bindingStart}<originatorConfidentialityLabel xmlns="${nato}" ReviewDateTime="`,
        { hole: 'now-plus', seconds: 86_400 },
        `">${information}<CreationDateTime>`,
        { hole: 'now' },
        `</CreationDateTime></originatorConfidentialityLabel>${bindingEnd}`,
      ],
    },
  },
  {
    name: '4778 to ess',
    input: {
      form: '4774-4778',
      value: 'v1',
      marking: 'SECRET',
      template: [
        `${bindingStart}<originatorConfidentialityLabel xmlns="${nato}">${information}<CreationDateTime>`,
        { hole: 'creation' },
        `</CreationDateTime></originatorConfidentialityLabel>${bindingEnd}`,
      ],
    },
    output: {
      form: 'ess-0258',
      marking: 'SECRET',
      template: [
        displayed(
          'SÉCRET &amp; Co',
          '#ff0000',
          '<esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk=</esssecuritylabel>',
        ),
      ],
    },
  },
  {
    name: '4774 with both dates',
    input: { form: '4774-0258', value: 'v2', marking: 'SECRET', template: inWrapper('</securitylabel>') },
    output: { form: '4774-0258', marking: 'SECRET', template: inWrapper('</securitylabel>') },
  },
  {
    name: '4774 with review only',
    input: {
      form: '4774-0258',
      value: 'v3',
      marking: 'RESTRICTED',
      template: [
        `<securitylabel xmlns="urn:xmpp:sec-label:0"><label><originatorConfidentialityLabel xmlns="${nato}" ReviewDateTime="`,
        { hole: 'review' },
        `">${information}</originatorConfidentialityLabel></label></securitylabel>`,
      ],
    },
    output: { form: 'ess-0258', marking: 'X', template: [ess('MQYCAQMGASk=')] },
  },
]

export const bundle: Bundle = {
  format: 'sallyport-bundle-1',
  name: 'test',
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
    {
      from: 'high.example',
      to: 'low.example',
      forms: ['message-chat', 'message-normal', 'presence', 'iq-disco-result'],
    },
    {
      from: 'rooms.high.example',
      to: 'low.example',
      forms: ['message-chat', 'message-normal', 'presence', 'iq-disco-result'],
      rate: 10,
      burst: 20,
    },
    { from: 'few.example', to: 'low.example', forms: ['presence'] },
  ],
  limits: { stanzaBytes: 20_000, depth: 10, rate: 1000, burst: 100 },
  forms: [
    {
      form: 'message-chat',
      element: 'message',
      type: 'chat',
      attributes: [from, id, to, typeIs('chat'), lang],
      slots: [
        slot(0, 2, text('subject', server, 100)),
        slot(0, 2, text('body', server, 5000)),
        slot(0, 1, {
          ...empty('thread', server),
          content: { type: 'value', value: { type: 'identifier', max: 32 }, mayBeEmpty: false },
        }),
        slot(0, 1, ...states),
        slot(0, 3, delay),
        { type: 'label' },
      ],
      content: true,
    },
    {
      form: 'message-normal',
      element: 'message',
      type: null,
      attributes: [from, to],
      slots: [{ type: 'label' }, slot(1, 1, text('body', server, 50, { attributes: [] }))],
      content: false,
    },
    {
      form: 'presence',
      element: 'presence',
      type: null,
      attributes: [from, to],
      slots: [
        slot(0, 1, {
          ...empty('show', server),
          content: { type: 'value', value: { type: 'enum', values: ['away', 'dnd'] }, mayBeEmpty: true },
        }),
        slot(0, 1, {
          ...empty('priority', server),
          content: { type: 'value', value: { type: 'integer', min: -128, max: 127 }, mayBeEmpty: false },
        }),
        slot(0, 1, {
          ...empty('x', 'http://jabber.org/protocol/muc#user'),
          content: { type: 'elements', slots: [slot(1, 2, item)] },
        }),
      ],
      content: false,
    },
    {
      form: 'iq-disco-result',
      element: 'iq',
      type: 'result',
      attributes: [from, id, to, typeIs('result')],
      slots: [
        slot(1, 1, {
          ...empty('query', 'http://jabber.org/protocol/disco#info'),
          labelling: 'unless-empty',
          content: {
            type: 'elements',
            slots: [{ type: 'elements', of: [feature], min: 0, max: 50, sorted: true }],
          },
        }),
        { type: 'label' },
      ],
      content: false,
    },
  ],
  labels: { windows: { creationPast: 3600, creationFuture: 60, reviewAfterCreation: 400 * 86_400 }, rows },
  edge: { strip: [], equivalents: [['["ess","1.2.3.4",4,null,[]]']] },
  sources: [],
}

/** Canonical JSON, as the compiler writes it. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(',')}}`
}

/** A bundle's file and its digest. */
export function encodeBundle(value: unknown): { octets: Buffer; digest: string } {
  const octets = Buffer.from(`${canonicalJson(value)}\n`, 'utf8')
  return { octets, digest: hash('sha256', octets, 'hex') }
}

export function compile(value: unknown): Compiled {
  const { octets, digest } = encodeBundle(value)
  return readBundle(octets, digest)
}

const decider = makeDecider(compile(bundle))

/** What `verify` says of a stanza (a string is written in UTF-8). */
export function decide(stanza: string | Uint8Array, second = NOW): Verdict {
  return decider(Buffer.from(stanza as string), second, NUMBER)
}

/** `reason` or 'accepted', for short tables. */
export function say(stanza: string | Uint8Array, second = NOW): string {
  const verdict = decide(stanza, second)
  return verdict.accepted ? 'accepted' : verdict.reason
}

/** The octets of a row's input, dates filled in. */
export function labelOf(index: number, creation = CREATION, review = REVIEW): string {
  return rows[index]!.input.template.map((part) =>
    typeof part === 'string' ? part : part.hole === 'creation' ? creation : review,
  ).join('')
}

/** A chat message around its children. */
export function chat(
  inside: string,
  attributes = ' from="ann@high.example/pc" id="o1" to="bob@low.example" type="chat"',
): string {
  return `<message xmlns="jabber:server"${attributes}>${inside}</message>`
}

export const presence = (inside: string): string =>
  `<presence xmlns="jabber:server" from="ann@high.example/pc" to="bob@low.example">${inside}</presence>`

export const disco = (inside: string, after = ''): string =>
  `<iq xmlns="jabber:server" from="high.example" to="low.example" type="result"><query xmlns="http://jabber.org/protocol/disco#info">${inside}</query>${after}</iq>`
