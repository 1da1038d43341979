import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { formatReference } from '../../rules/text/numbered.ts'
import { NUMBER } from '../support/number.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'
import { everything } from './everything.ts'

const { bundle } = compiled(exampleSources('acme-to-coalition'))
const decide = createDecider(bundle)
const SECOND = Date.UTC(2026, 10, 22) / 1000
const OPEN = bundle.labels.rows.find((row) => row.name === 'acme/open' && row.input.form === 'ess-0258')
const LABEL = (OPEN?.input.template ?? []).join('')

const OWN = formatReference({ own: true, number: NUMBER })
const ANSWER = 'r3.7'

const verdict = (stanza: string) => {
  const said = decide(new TextEncoder().encode(stanza), SECOND, NUMBER)
  return said.accepted ? said.form : said.reason
}

/** A stanza from a user of the sending side; `rest` are attributes behind `to`, then the content. */
function stanza(
  name: string,
  rest: string,
  content = '',
  from = 'a@acme.example/x',
  to = 'b@coalition.example',
) {
  const id = / type="(error|result)"/.test(rest) ? ANSWER : OWN
  return `<${name} xmlns="jabber:server" from="${from}" id="${id}" to="${to}"${rest}>${content}</${name}>`
}
function iq(type: string, content: string, from = 'a@acme.example/x') {
  return stanza('iq', ` type="${type}"`, content, from)
}
const message = (type: string, content: string) =>
  stanza('message', type === '' ? '' : ` type="${type}"`, content)
const presence = (type: string, content = '') =>
  stanza('presence', type === '' ? '' : ` type="${type}"`, content)

const STATES = 'http://jabber.org/protocol/chatstates'
const USER = 'http://jabber.org/protocol/muc#user'
const INFO = 'http://jabber.org/protocol/disco#info'
const ITEMS = 'http://jabber.org/protocol/disco#items'
const ERROR =
  '<error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></item-not-found></error>'
const x = (content: string) => `<x xmlns="${USER}">${content}</x>`

t.test('each form admits what it is for', (t) => {
  const cases: [string, string][] = [
    ['message-chat', message('chat', `<body>Hello</body>${LABEL}`)],
    [
      'message-chat',
      message(
        'chat',
        `<subject>S</subject><body>one\n\ttwo</body><thread>t-1</thread><active xmlns="${STATES}"></active><request xmlns="urn:xmpp:receipts"></request>${LABEL}`,
      ),
    ],
    ['message-chat', message('chat', `<composing xmlns="${STATES}"></composing>`)],
    ['message-chat', message('chat', `<composing xmlns="${STATES}"></composing>${LABEL}`)],
    ['message-chat', message('chat', `<received xmlns="urn:xmpp:receipts" id="${ANSWER}"></received>`)],
    ['message-chat', message('chat', `<body>psst</body><x xmlns="${USER}"></x>${LABEL}`)],
    ['message-normal', message('', `<body>Hello</body>${LABEL}`)],
    ['message-groupchat', message('groupchat', '<subject></subject>')],
    [
      'message-groupchat',
      message(
        'groupchat',
        `<body>Hello</body><delay xmlns="urn:xmpp:delay" from="r@rooms.acme.example" stamp="2026-11-22T08:23:38Z"></delay>${LABEL}`,
      ),
    ],
    ['message-error', message('error', ERROR)],
    ['presence-available', presence('')],
    ['presence-available', presence('', '<show>dnd</show><priority>-1</priority>')],
    ['presence-available', presence('', '<x xmlns="http://jabber.org/protocol/muc"></x>')],
    [
      'presence-available',
      presence(
        '',
        x(
          '<item affiliation="none" role="participant"></item><status code="110"></status><status code="210"></status>',
        ),
      ),
    ],
    [
      'presence-unavailable',
      presence(
        'unavailable',
        x('<item affiliation="none" nick="Ál 2" role="none"></item><status code="303"></status>'),
      ),
    ],
    ['presence-subscribe', presence('subscribe')],
    ['presence-subscribed', presence('subscribed')],
    ['presence-unsubscribe', presence('unsubscribe')],
    ['presence-unsubscribed', presence('unsubscribed')],
    ['presence-probe', presence('probe')],
    ['presence-error', presence('error', ERROR)],
    ['iq-get', iq('get', `<query xmlns="${INFO}"></query>`)],
    ['iq-get', iq('get', `<query xmlns="${ITEMS}"></query>`)],
    [
      'iq-result',
      iq(
        'result',
        `<query xmlns="${INFO}"><identity category="conference" type="text"></identity><feature var="http://jabber.org/protocol/muc"></feature><feature var="muc_open"></feature></query>`,
      ),
    ],
    [
      'iq-result',
      iq(
        'result',
        `<query xmlns="${ITEMS}"><item jid="a@rooms.acme.example"></item><item jid="b@rooms.acme.example"></item></query>`,
      ),
    ],
    ['iq-error', iq('error', ERROR)],
  ]
  for (const [form, octets] of cases) t.equal(verdict(octets), form, octets)
  t.same(new Set(cases.map(([form]) => form)), new Set(bundle.forms.map((f) => f.form)), 'each form is tried')
  t.end()
})

t.test('and nothing beside', (t) => {
  const cases: [string, string][] = [
    ['label-missing', message('chat', '<body>Hello</body>')],
    ['label-missing', message('chat', '<subject>S</subject>')],
    ['label-missing', message('groupchat', '<subject>S</subject>')],
    [
      'label-missing',
      message('chat', `<body>read me</body><received xmlns="urn:xmpp:receipts" id="${ANSWER}"></received>`),
    ],
    ['bad-text', message('chat', `<subject></subject>${LABEL}`)],
    ['bad-text', message('chat', `<body></body>${LABEL}`)],
    ['bad-text', message('groupchat', `<subject>two\nlines</subject>${LABEL}`)],
    ['too-many', message('chat', `<body>a</body><body>b</body>${LABEL}`)],
    ['unknown-element', message('chat', `<body>a</body><subject>S</subject>${LABEL}`)],
    ['no-content', message('chat', LABEL)],
    ['no-content', message('chat', '')],
    ['unknown-stanza', message('headline', `<body>a</body>${LABEL}`)],
    ['unknown-stanza', message('normal', `<body>a</body>${LABEL}`)],
    ['unknown-stanza', iq('set', `<query xmlns="${INFO}"></query>`)],
    ['unknown-stanza', presence('invisible')],
    ['unknown-attribute', message('chat', `<body xml:lang="en">a</body>${LABEL}`)],
    ['unknown-attribute', message('chat', `<body>a</body><thread parent="p">t</thread>${LABEL}`)],
    ['unknown-element', message('error', `${ERROR}<body>echo</body>`)],
    ['unknown-attribute', message('error', ERROR.replace('<error ', '<error by="acme.example" '))],
    [
      'unknown-element',
      message(
        'error',
        ERROR.replace('</error>', '<gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></gone></error>'),
      ),
    ],
    [
      'unknown-element',
      message(
        'error',
        ERROR.replace('</error>', '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">why</text></error>'),
      ),
    ],
    ['missing-element', message('error', '<error type="cancel"></error>')],
    ['unknown-element', presence('', '<status>away</status>')],
    ['unknown-element', presence('', '<delay xmlns="urn:xmpp:delay" stamp="2026-11-22T08:23:38Z"></delay>')],
    ['unknown-element', presence('', '<priority>1</priority><show>dnd</show>')],
    ['bad-text', presence('', '<priority>128</priority>')],
    ['unknown-element', presence('subscribe', '<nick xmlns="http://jabber.org/protocol/nick">A</nick>')],
    ['label-unexpected', presence('', LABEL)],
    ['label-unexpected', iq('get', `<query xmlns="${INFO}"></query>${LABEL}`)],
    ['unknown-element', presence('', '<x xmlns="http://jabber.org/protocol/muc"><password>p</password></x>')],
    [
      'unknown-attribute',
      presence('', x('<item affiliation="none" jid="a@acme.example" role="none"></item>')),
    ],
    ['unknown-attribute', presence('', x('<item affiliation="none" nick="words" role="none"></item>'))],
    [
      'bad-attribute',
      presence('unavailable', x(`<item affiliation="none" nick="${'w'.repeat(129)}" role="none"></item>`)),
    ],
    [
      'too-many',
      presence(
        'unavailable',
        x(
          '<item affiliation="none" nick="a" role="none"></item><item affiliation="none" nick="b" role="none"></item>',
        ),
      ),
    ],
    ['bad-from', stanza('presence', '', '', `${'a'.repeat(65)}@acme.example`)],
    ['bad-from', stanza('presence', '', '', `a@acme.example/${'x'.repeat(129)}`)],
    ['bad-from', stanza('presence', '', '', 'a\u05d0@acme.example')],
    ['bad-attribute', stanza('presence', ' xml:lang="zzz-Lea-99"')],
    ['bad-attribute', stanza('presence', ' xml:lang="en-US"')],
    ['bad-attribute', presence('', x('<status code="104"></status>'))],
    ['out-of-order', presence('', x('<status code="110"></status><status code="110"></status>'))],
    [
      'unknown-element',
      presence('', x('<status code="110"></status><item affiliation="none" role="none"></item>')),
    ],
    ['unknown-element', presence('unavailable', x('<destroy></destroy>'))],
    ['bad-attribute', iq('get', `<query xmlns="${INFO}" node="n"></query>`)],
    ['missing-element', iq('result', '')],
    ['bad-attribute', iq('result', `<query xmlns="${INFO}"><feature var="urn:xmpp:ping"></feature></query>`)],
    [
      'out-of-order',
      iq(
        'result',
        `<query xmlns="${INFO}"><feature var="muc_open"></feature><feature var="muc_hidden"></feature></query>`,
      ),
    ],
    ['bad-attribute', iq('result', `<query xmlns="${ITEMS}"><item jid="elsewhere.example"></item></query>`)],
    [
      'bad-attribute',
      iq('result', `<query xmlns="${ITEMS}"><item jid="r@rooms.acme.example/words"></item></query>`),
    ],
    [
      'too-many',
      iq(
        'result',
        `<query xmlns="${ITEMS}">${Array.from({ length: 33 }, (_, i) => `<item jid="r${i + 10}@rooms.acme.example"></item>`).join('')}</query>`,
      ),
    ],
    [
      'bad-attribute',
      iq('result', `<query xmlns="${ITEMS}"><item jid="b@coalition.example"></item></query>`),
    ],
    ['bad-from', stanza('message', ' type="chat"', `<body>a</body>${LABEL}`, 'a@evil.example')],
    ['bad-from', stanza('message', ' type="chat"', `<body>a</body>${LABEL}`, 'a@sub.acme.example')],
    [
      'bad-to',
      stanza('message', ' type="chat"', `<body>a</body>${LABEL}`, 'a@acme.example', 'b@acme.example'),
    ],
  ]
  for (const [reason, octets] of cases) t.equal(verdict(octets), reason, octets)
  t.end()
})

t.test('what crosses without a label has no room for words', (t) => {
  const thread = '<thread>t-1</thread>'
  const state = `<composing xmlns="${STATES}"></composing>`
  const delay = (from: string) => `<delay xmlns="urn:xmpp:delay"${from} stamp="2026-11-22T10:00:00Z"></delay>`
  for (const type of ['chat', '', 'groupchat']) {
    t.equal(
      verdict(message(type, delay(' from="room@rooms.acme.example/any words"') + LABEL)),
      'bad-attribute',
    )
    for (const context of [thread, delay(''), delay(' from="room@rooms.acme.example"')]) {
      t.equal(verdict(message(type, context)), 'label-missing', `${type} ${context}`)
      const notice = context === thread ? context + state : state + context
      t.equal(verdict(message(type, notice)), 'label-missing', `${type} ${notice}`)
      t.match(verdict(message(type, notice + LABEL)), /^message-/, `${type} ${notice} with a label`)
    }
  }
  t.end()
})

t.test(
  'with everything switched on, what each standard adds is admitted, and its words oblige to a label',
  (t) => {
    const full = everything()
    const inspect = createDecider(full.bundle)
    const verify = makeDecider(readBundle(Buffer.from(full.octets), full.digest))
    const said = (octets: string): string => {
      const [a, b] = [
        inspect(Buffer.from(octets), SECOND, NUMBER),
        verify(Buffer.from(octets), SECOND, NUMBER),
      ]
      t.equal(a.accepted, b.accepted, `both verifiers of ${octets}`)
      return a.accepted ? 'accepted' : a.reason
    }
    const room = (content: string) =>
      `<message xmlns="jabber:server" from="r@rooms.acme.example" id="${OWN}" to="b@coalition.example" type="groupchat">${content}</message>`
    const result = (content: string) => iq('result', content)
    const MARKERS = 'urn:xmpp:chat-markers:0'
    const VERSION = 'jabber:iq:version'

    const free: readonly string[] = [
      message('chat', `<displayed xmlns="${MARKERS}" id="${ANSWER}"></displayed>`),
      message('chat', `<replace xmlns="urn:xmpp:message-correct:0" id="o1.1"></replace>${LABEL}`),
      room(x('<status code="104"></status><status code="172"></status>')),
      presence(
        '',
        '<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="https://a.example/c" ver="q07IKJEyjvHSyhy//CH0CxmKi8w="></c>',
      ),
      presence(
        '',
        '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="20" since="2026-11-01T00:00:00Z"></history></x>',
      ),
      iq('get', `<query xmlns="${INFO}" node="https://a.example/c#q07I"></query>`),
      iq(
        'get',
        `<query xmlns="${ITEMS}"><set xmlns="http://jabber.org/protocol/rsm"><before></before><max>10</max></set></query>`,
      ),
      result(
        `<query xmlns="${ITEMS}"><item jid="r@rooms.acme.example"></item><set xmlns="http://jabber.org/protocol/rsm"><first index="0">r</first><last>r</last><count>1</count></set></query>`,
      ),
      result(
        `<query xmlns="${INFO}"><identity category="conference" type="text"></identity><x xmlns="jabber:x:data" type="result"><field type="hidden" var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roominfo</value></field><field var="muc#roominfo_occupants"><value>3</value></field></x></query>`,
      ),
      iq('get', '<ping xmlns="urn:xmpp:ping"></ping>'),
      result(''),
      iq('get', '<time xmlns="urn:xmpp:time"></time>'),
      result('<time xmlns="urn:xmpp:time"><tzo>+05:45</tzo><utc>2026-11-22T10:00:00Z</utc></time>'),
      iq('get', `<query xmlns="${VERSION}"></query>`),
      iq('get', '<vCard xmlns="vcard-temp"></vCard>'),
      result('<vCard xmlns="vcard-temp"><JABBERID>a@acme.example</JABBERID></vCard>'),
    ]
    for (const one of free) t.equal(said(one), 'accepted', one)

    const wordy: readonly ((label: string) => string)[] = [
      (label) => message('headline', `<body>News</body>${label}`),
      (label) =>
        message('chat', `<body>b</body><nick xmlns="http://jabber.org/protocol/nick">Anna</nick>${label}`),
      (label) =>
        message(
          'chat',
          `<x xmlns="jabber:x:oob"><url>https://a.example/?a=1&amp;b=2</url><desc>map</desc></x>${label}`,
        ),
      (label) => message('', x(`<invite from="a@acme.example"><reason>Join</reason></invite>`) + label),
      (label) => message('', x(`<decline to="b@coalition.example"></decline>`) + label),
      (label) =>
        message('', `<x xmlns="jabber:x:conference" jid="r@rooms.acme.example" reason="Join"></x>${label}`),
      (label) => presence('', `<show>away</show><status>lunch</status>${label}`),
      (label) => presence('unavailable', `<status>gone</status>${label}`),
      (label) => presence('subscribe', `<nick xmlns="http://jabber.org/protocol/nick">Anna</nick>${label}`),
      (label) =>
        presence('', `<hats xmlns="urn:xmpp:hats:0"><hat title="Host" uri="urn:x"></hat></hats>${label}`),
      (label) => result(`<query xmlns="${VERSION}"><name>X</name><version>1</version></query>${label}`),
      (label) =>
        result(`<vCard xmlns="vcard-temp"><FN>Anna</FN><ORG><ORGNAME>A</ORGNAME></ORG></vCard>${label}`),
    ]
    for (const one of wordy) {
      t.equal(said(one(LABEL)), 'accepted', one(''))
      t.equal(said(one('')), 'label-missing', one(''))
    }

    const never: readonly string[] = [
      message('', x('<password>p</password>')),
      message('', `<x xmlns="jabber:x:conference" jid="r@elsewhere.example"></x>${LABEL}`),
      result(
        `<query xmlns="${INFO}"><x xmlns="jabber:x:data" type="result"><field var="muc#roominfo_subject"><value>S</value></field></x></query>`,
      ),
      // Words where numbers and switches stand, and a form of another kind.
      ...['FORM_TYPE', 'muc#roominfo_occupants', 'muc#roominfo_changesubject', 'muc#roominfo_lang'].map(
        (field) =>
          result(
            `<query xmlns="${INFO}"><x xmlns="jabber:x:data" type="result"><field var="${field}"><value>attack-at-dawn</value></field></x></query>`,
          ),
      ),
      result('<time xmlns="urn:xmpp:time"><tzo>+05:44</tzo><utc>2026-11-22T10:00:00Z</utc></time>'),
      result('<vCard xmlns="vcard-temp"><PHOTO></PHOTO></vCard>'),
      room(x('<status code="999"></status>')),
      message('chat', `<forwarded xmlns="urn:xmpp:forward:0"></forwarded>${LABEL}`),
    ]
    for (const one of never) t.not(said(one), 'accepted', one)
    t.end()
  },
)
