/** What normalisation makes of each kind of spelling, and what it leaves to be refused. */

import t from 'tap'
import { createNormaliser } from '../../edge/normalise/index.ts'
import { normaliseLanguage } from '../../edge/normalise/language.ts'
import { stripNames } from '../../edge/normalise/strip.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { createWrittenDecider } from '../../rules/decide/written.ts'
import { refused } from '../../rules/reasons.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { NAMING, NUMBER } from '../support/number.ts'
import { essLabel, testBundle } from './bundles.ts'

const bundle = testBundle('high', 'low')
const normalise = createNormaliser(bundle)
const decide = createDecider(bundle)
const foretell = createWrittenDecider(bundle)
const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const ENDS = `from="a@high.example/x" id="i" to="b@low.example"`
const CANONICAL_LABEL =
  '<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQgCAQQGAyoDBA==</esssecuritylabel></label></securitylabel>'

/** The canonical octets, `nothing`, or the reason: of the normaliser or, behind it, of the decision. */
function outcome(xml: string, lang?: string): string {
  const stanza = parseStanza(Buffer.from(xml.replace(/^<(\w+)/, `<$1 xmlns='jabber:server'`)), {
    stanzaBytes: 100_000,
    depth: 60,
  })
  if (refused(stanza)) throw new Error(`${xml}: ${stanza.refused}`)
  const normal = normalise(stanza, lang, 0, NAMING)
  for (const name of normal.stripped)
    if (!stripNames(bundle).includes(name)) throw new Error(`${name} is not a name to count`)
  if (normal.outcome !== 'ready') return normal.outcome === 'nothing' ? 'nothing' : normal.reason
  const verdict = decide(Buffer.from(normal.octets), SECOND, NUMBER)
  const foretold = foretell(normal, SECOND, NUMBER)
  if (foretold !== (verdict.accepted ? undefined : verdict.reason))
    throw new Error(`${xml}: foretold ${foretold}`)
  return verdict.accepted ? normal.octets : verdict.reason
}

const message = (inner: string, attributes = '') =>
  `<message ${ENDS} type='chat'${attributes}>${inner}</message>`
const released = (inner: string, attributes = '') =>
  `<message xmlns="jabber:server" ${ENDS} type="chat"${attributes}>${inner}</message>`
const presence = (inner: string, attributes = '') => `<presence ${ENDS}${attributes}>${inner}</presence>`
const MUC = 'http://jabber.org/protocol/muc#user'
const rooms = (count: number) =>
  Array.from({ length: count }, (_, i) => `<item jid="r${i + 10}@conference.high.example"></item>`).join('')

t.test('spellings', (t) => {
  const cases: [string, string, string, string?][] = [
    [
      'order of children',
      message(`${essLabel()}<thread>t</thread><body>b</body><subject>s</subject>`),
      released(`<subject>s</subject><body>b</body><thread>t</thread>${CANONICAL_LABEL}`),
    ],
    [
      'language of the stream',
      message(`<body>b</body>${essLabel()}`),
      released(`<body>b</body>${CANONICAL_LABEL}`, ' xml:lang="de-CH"'),
      'DE-ch',
    ],
    [
      'own language',
      message(`<body>b</body>${essLabel()}`, ` xml:lang='zh-hans-cn'`),
      released(`<body>b</body>${CANONICAL_LABEL}`, ' xml:lang="zh-Hans-CN"'),
      'en',
    ],
    [
      'redundant language',
      message(`<body xml:lang='EN'>b</body>${essLabel()}`, ` xml:lang='en'`),
      released(`<body>b</body>${CANONICAL_LABEL}`, ' xml:lang="en"'),
    ],
    [
      'the language of the words',
      message(`<body xml:lang='de'>b</body>${essLabel()}`),
      released(`<body>b</body>${CANONICAL_LABEL}`, ' xml:lang="de"'),
      'en',
    ],
    [
      'another language inside',
      message(
        `<subject xml:lang='fr'>s</subject><body xml:lang='DE-ch'>b</body>${essLabel()}`,
        ` xml:lang='en'`,
      ),
      released(`<subject>s</subject><body>b</body>${CANONICAL_LABEL}`, ' xml:lang="de-CH"'),
    ],
    [
      'a region that is not listed',
      message(`<body>b</body>${essLabel()}`, ` xml:lang='en-GB'`),
      released(`<body>b</body>${CANONICAL_LABEL}`, ' xml:lang="en"'),
    ],
    [
      'a language that is not listed',
      message(`<body xml:lang='zzz-Leak-99'>b</body>${essLabel()}`, ` xml:lang='tlh'`),
      released(`<body>b</body>${CANONICAL_LABEL}`),
      'en',
    ],
    [
      'no language',
      message(`<body>b</body>${essLabel()}`, ` xml:lang='Geheimnis-1'`),
      released(`<body>b</body>${CANONICAL_LABEL}`),
    ],
    [
      'NFC and spaces',
      message(`<body>e\u0301\u00a0\u2003x</body>${essLabel()}`),
      released(`<body>é  x</body>${CANONICAL_LABEL}`),
    ],
    [
      'addresses',
      message(`<body>b</body>${essLabel()}`).replace('b@low.example', 'B@LOW.Example/Büro\u00a01'),
      released(`<body>b</body>${CANONICAL_LABEL}`).replace('b@low.example', 'b@low.example/Büro 1'),
    ],
    [
      'an empty body',
      message(`<body/><active xmlns='http://jabber.org/protocol/chatstates'/>`),
      released('<active xmlns="http://jabber.org/protocol/chatstates"></active>'),
    ],
    [
      'a type that is the default',
      `<message ${ENDS} type='normal'><body>b</body>${essLabel()}</message>`,
      released(`<body>b</body>${CANONICAL_LABEL}`).replace(' type="chat"', ''),
    ],
    [
      'numbers',
      presence('<priority> +05\n</priority><show>away </show>'),
      `<presence xmlns="jabber:server" ${ENDS}><show>away</show><priority>5</priority></presence>`,
    ],
    [
      'minus nothing',
      presence('<priority>-0</priority>'),
      `<presence xmlns="jabber:server" ${ENDS}><priority>0</priority></presence>`,
    ],
    [
      'a delay',
      message(
        `<body>b</body><delay xmlns='urn:xmpp:delay' stamp='2026-11-22T10:00:00.123+02:00' from='elsewhere.example'>Offline</delay>${essLabel()}`,
      ),
      released(
        `<body>b</body><delay xmlns="urn:xmpp:delay" stamp="2026-11-22T08:00:00Z"></delay>${CANONICAL_LABEL}`,
      ),
    ],
    [
      'a delay of this side',
      message(
        `<body>b</body><delay xmlns='urn:xmpp:delay' stamp='2026-11-22T10:00:00.123+02:00' from='HIGH.example'>Offline</delay>${essLabel()}`,
      ),
      released(
        `<body>b</body><delay xmlns="urn:xmpp:delay" from="high.example" stamp="2026-11-22T08:00:00Z"></delay>${CANONICAL_LABEL}`,
      ),
    ],
    [
      'a delay of an occupant',
      message(
        `<body>b</body><delay xmlns='urn:xmpp:delay' stamp='2026-11-22T08:00:00Z' from='r@conference.high.example/many words'/>${essLabel()}`,
      ),
      released(
        `<body>b</body><delay xmlns="urn:xmpp:delay" from="r@conference.high.example" stamp="2026-11-22T08:00:00Z"></delay>${CANONICAL_LABEL}`,
      ),
    ],
    [
      'the nick of an occupant who stays',
      `<presence from='r@conference.high.example/n' to='b@low.example'><x xmlns='${MUC}'><item affiliation='none' nick='many words' role='visitor'/></x></presence>`,
      `<presence xmlns="jabber:server" from="r@conference.high.example/n" to="b@low.example"><x xmlns="${MUC}"><item affiliation="none" role="visitor"></item></x></presence>`,
    ],
    [
      'the new nick of an occupant',
      `<presence from='r@conference.high.example/n' to='b@low.example' type='unavailable'><x xmlns='${MUC}'><item affiliation='none' nick='m\u0301' role='visitor'/><status code='303'/></x></presence>`,
      `<presence xmlns="jabber:server" from="r@conference.high.example/n" to="b@low.example" type="unavailable"><x xmlns="${MUC}"><item affiliation="none" nick="\u1e3f" role="visitor"></item><status code="303"></status></x></presence>`,
    ],
    [
      'occupants and more rooms than cross',
      `<iq ${ENDS} type='result'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='r@conference.high.example/words'/><item jid='${'x'.repeat(65)}@conference.high.example'/>${rooms(40)}</query></iq>`,
      `<iq xmlns="jabber:server" ${ENDS} type="result"><query xmlns="http://jabber.org/protocol/disco#items">${rooms(32)}</query></iq>`,
    ],
    [
      'white space',
      message(`\n  <body>b</body>\n\t${essLabel()}\n`),
      released(`<body>b</body>${CANONICAL_LABEL}`),
    ],
    [
      'an occupant',
      `<presence from='r@conference.high.example/n' to='b@low.example'><x xmlns='${MUC}'><status code='110'/><item jid='a@high.example/x' role='participant' affiliation='none'><actor nick='o'/><reason>SECRET</reason></item><item affiliation='none' role='participant' jid='a@high.example/y'/><status code='100'/><status code='999'/></x></presence>`,
      `<presence xmlns="jabber:server" from="r@conference.high.example/n" to="b@low.example"><x xmlns="${MUC}"><item affiliation="none" role="participant"></item><status code="100"></status><status code="110"></status></x></presence>`,
    ],
    [
      'an error',
      `<message ${ENDS} type='error'><body>SECRET</body><error type='cancel' by='x' code='503'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>SECRET</text><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:SECRET</gone><e xmlns='urn:example:e'/></error></message>`,
      `<message xmlns="jabber:server" ${ENDS} type="error"><error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></gone></error></message>`,
    ],
    [
      'an error without anything',
      `<presence ${ENDS} type='error'/>`,
      `<presence xmlns="jabber:server" ${ENDS} type="error"><error type="cancel"><undefined-condition xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></undefined-condition></error></presence>`,
    ],
    [
      'items',
      `<iq ${ENDS} type='result'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='R@conference.high.example' name='SECRET'/><item jid='r@conference.high.example'/><item jid='pubsub.high.example'/><item jid='b@low.example'/><item jid='r@conference.high.example' node='SECRET'/><item jid='high.example'/></query></iq>`,
      `<iq xmlns="jabber:server" ${ENDS} type="result"><query xmlns="http://jabber.org/protocol/disco#items"><item jid="high.example"></item><item jid="r@conference.high.example"></item></query></iq>`,
    ],
  ]
  for (const [name, input, wanted, lang] of cases) t.equal(outcome(input, lang), wanted, name)
  t.end()
})

t.test('an equivalent label that is derived is left out and counted', (t) => {
  const [, acme] = bundle.labels.rows
  const [, , , , cwix] = bundle.labels.rows
  t.same([acme?.name, cwix?.name], ['acme-secret', 'cwix-secret'])
  const derived = bundle.labels.rows.map((row) => (row === acme ? [cwix!.input.value] : []))
  const withDerived = createNormaliser({ ...bundle, edge: { ...bundle.edge, equivalents: derived } })
  const payload = (classification: string) =>
    `<equivalentlabel><originatorConfidentialityLabel xmlns='urn:nato:stanag:4774:confidentialitymetadatalabel:1:0' ReviewDateTime='2034-04-18T09:26:56Z'><ConfidentialityInformation><PolicyIdentifier>CWIX25</PolicyIdentifier><Classification>${classification}</Classification></ConfidentialityInformation><CreationDateTime>2025-04-18T09:27:52Z</CreationDateTime></originatorConfidentialityLabel></equivalentlabel>`
  const labelled = (...classifications: string[]) => {
    const label = essLabel().replace(/<.securitylabel>/, `${classifications.map(payload).join('')}$&`)
    const text = message(`<body>b</body>${label}`).replace('<message', `<message xmlns='jabber:server'`)
    const stanza = parseStanza(Buffer.from(text), { stanzaBytes: 100_000, depth: 60 })
    if (refused(stanza)) throw new Error(stanza.refused)
    return stanza
  }
  t.match(withDerived(labelled('SECRET'), undefined, 0, NAMING), {
    outcome: 'ready',
    octets: released(`<body>b</body>${CANONICAL_LABEL}`),
    stripped: ['equivalent-label'],
  })
  t.match(withDerived(labelled('SECRET', 'SECRET'), undefined, 0, NAMING), {
    stripped: ['equivalent-label', 'equivalent-label'],
  })
  for (const one of [labelled('RESTRICTED'), labelled('SECRET', 'RESTRICTED'), labelled('Secret')]) {
    t.match(withDerived(one, undefined, 0, NAMING), {
      outcome: 'refused',
      reason: 'label-unlisted',
      stripped: [],
    })
  }
  t.match(
    normalise(labelled('SECRET'), undefined, 0, NAMING),
    { outcome: 'refused', reason: 'label-unlisted' },
    'without list',
  )
  t.ok(stripNames(bundle).includes('equivalent-label'))
  t.end()
})

t.test('a notice without label keeps nothing that needs one', (t) => {
  const state = `<composing xmlns='http://jabber.org/protocol/chatstates'/>`
  const canonical = released('<composing xmlns="http://jabber.org/protocol/chatstates"></composing>')
  const delay = `<delay xmlns='urn:xmpp:delay' from='a@high.example/any words' stamp='2026-11-22T10:00:00Z'/>`
  t.equal(outcome(message(`<thread>t-1</thread>${state}${delay}`)), canonical)
  const alone = [
    '<thread>t-1</thread>',
    delay,
    `<request xmlns='urn:xmpp:receipts'/>`,
    `<x xmlns='${MUC}'/>`,
    `<request xmlns='urn:xmpp:receipts'/><x xmlns='${MUC}'/>`,
  ]
  for (const one of alone) {
    t.equal(outcome(message(one)), 'nothing', one)
    t.equal(outcome(message(one + state)), canonical, one)
  }
  t.equal(outcome(message(`<body>b</body><x xmlns='${MUC}'/>`)), 'label-missing')
  t.equal(
    outcome(message('<body>b</body><thread>t-1</thread>')),
    'label-missing',
    'a text is not made a notice',
  )
  t.end()
})

t.test('what says nothing is dropped without a word', (t) => {
  for (const inner of [
    '',
    ' \n',
    `<store xmlns='urn:xmpp:hints'/>`,
    '<body/>',
    `<origin-id xmlns='urn:xmpp:sid:0' id='x'/> <markable xmlns='urn:xmpp:chat-markers:0'/>`,
    essLabel(),
  ]) {
    t.equal(outcome(message(inner)), 'nothing', inner)
  }
  t.end()
})

t.test('what has no canonical spelling is refused', (t) => {
  for (const [input, reason] of [
    [message('<body>b</body>'), 'label-missing'],
    [message(`<body>b</body>text${essLabel()}`), 'unexpected-text'],
    [message(`<body>b</body>\ufeff${essLabel()}`), 'unexpected-text'],
    [message(`<body>b</body>\u00a0${essLabel()}`), 'unexpected-text'],
    [message(`<body>b</body><body>b</body>${essLabel()}`), 'too-many'],
    [message(`<body><b>b</b></body>${essLabel()}`), 'unknown-element'],
    [message(`<body x='y'>b</body>${essLabel()}`), 'unknown-attribute'],
    [message(`<body xml:space='preserve'>b</body>${essLabel()}`), 'unknown-attribute'],
    [message(`<body>b</body>${essLabel()}${essLabel()}`), 'label-repeated'],
    [message(`<body>b</body>${essLabel('MQYCAQQGASk=')}`), 'label-unlisted'],
    [message(`<body>b</body>${essLabel('MQgCAQQGAyoDBB==')}`), 'label-malformed'],
    [message(`<body>b&#x200b;</body>${essLabel()}`), 'bad-text'],
    [message(`<body>b&#xd;</body>${essLabel()}`), 'not-canonical'],
    [message(`<body>b</body>${essLabel()}`).replace(`id="i"`, `id="&#x9;"`), 'bad-attribute'],
    [message(`<body>b</body>${essLabel()}`).replace(`id="i"`, `id="${'i'.repeat(65)}"`), 'bad-attribute'],
    [message(`<body>b</body>${essLabel()}`).replace('a@high.example/x', 'a@low.example/x'), 'bad-from'],
    [
      message(
        `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>b</body></message></forwarded>${essLabel()}`,
      ),
      'unknown-element',
    ],
    [`<message ${ENDS} type='headline'><body>b</body>${essLabel()}</message>`, 'unknown-stanza'],
    [`<message ${ENDS} type='odd'><body>b</body>${essLabel()}</message>`, 'unknown-stanza'],
    [`<message ${ENDS} type=''><body>b</body>${essLabel()}</message>`, 'unknown-stanza'],
    [presence(essLabel()), 'label-unexpected'],
    [presence('<priority>1e2</priority>'), 'bad-text'],
    [presence('<priority>128</priority>'), 'bad-text'],
    [presence(`<x xmlns='http://jabber.org/protocol/muc'><password>p</password></x>`), 'unknown-element'],
    [
      `<iq ${ENDS} type='get'><query xmlns='http://jabber.org/protocol/disco#info' node='n'/></iq>`,
      'bad-attribute',
    ],
    [`<iq ${ENDS} type='get'/>`, 'missing-element'],
  ] as const) {
    t.equal(outcome(input), reason, input)
  }
  t.end()
})

t.test('what is canonical stays as it is', (t) => {
  const once = outcome(message(`<body>a &amp; "b" 'c' &gt;</body>${essLabel()}`), 'en')
  t.equal(outcome(once.replace(` xmlns="jabber:server"`, '')), once)
  t.end()
})

t.test('language tags', (t) => {
  for (const [tag, wanted] of [
    ['en', 'en'],
    ['EN', 'en'],
    ['en-us', 'en-US'],
    ['ZH-hant-tw', 'zh-Hant-TW'],
    ['sl-rozaj-biske', 'sl'],
    ['de-1996', 'de'],
    ['es-419', 'es-419'],
    ['en-x-secret', 'en'],
    ['x-secret', undefined],
    ['i-klingon', undefined],
    ['', undefined],
    ['e', undefined],
    ['engl', undefined],
    ['e\u0131', undefined],
    ['de-', 'de'],
  ] as const) {
    t.equal(normaliseLanguage(tag), wanted, tag)
  }
  t.end()
})
