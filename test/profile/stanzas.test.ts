import t from 'tap'
import { createDecider } from '../../rules/decide/decide.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

const { bundle } = compiled(exampleSources('acme-to-coalition'))
const decide = createDecider(bundle)
const SECOND = Date.UTC(2026, 10, 22) / 1000
const OPEN = bundle.labels.rows.find((row) => row.name === 'acme/open' && row.input.form === 'ess-0258')
const LABEL = (OPEN?.input.template ?? []).join('')

const verdict = (stanza: string) => {
  const said = decide(new TextEncoder().encode(stanza), SECOND)
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
  return `<${name} xmlns="jabber:server" from="${from}" to="${to}"${rest}>${content}</${name}>`
}
function iq(type: string, content: string, from = 'a@acme.example/x') {
  return `<iq xmlns="jabber:server" from="${from}" id="1" to="b@coalition.example" type="${type}">${content}</iq>`
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
    ['message-chat', message('chat', '<received xmlns="urn:xmpp:receipts" id="m1"></received>')],
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
      message('chat', '<body>read me</body><received xmlns="urn:xmpp:receipts" id="m1"></received>'),
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
    ['bad-attribute', presence('', x('<status code="104"></status>'))],
    ['out-of-order', presence('', x('<status code="110"></status><status code="110"></status>'))],
    [
      'unknown-element',
      presence('', x('<status code="110"></status><item affiliation="none" role="none"></item>')),
    ],
    ['unknown-element', presence('unavailable', x('<destroy></destroy>'))],
    ['unknown-attribute', iq('get', `<query xmlns="${INFO}" node="n"></query>`)],
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
