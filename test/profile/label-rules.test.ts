/**
 * Everything that people write in or about rooms stands under the label rules of groupchat: subject, private message,
 * invitation through a room (XEP-0045 §7.8.2) and past it (XEP-0249).
 */
import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { fill } from '../../rules/label/template.ts'
import { formatReference } from '../../rules/text/numbered.ts'
import { NUMBER } from '../support/number.ts'
import { everything } from './everything.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const { bundle, octets, digest } = everything()
const inspect = createDecider(bundle)
const verify = makeDecider(readBundle(Buffer.from(octets), digest))

const USER = 'http://jabber.org/protocol/muc#user'
const [TODAY, NEXT_YEAR, LONG_AGO] = ['2026-11-22T00:00:00Z', '2027-11-22T00:00:00Z', '2024-01-01T00:00:00Z']
const ID = formatReference({ own: true, number: NUMBER })

const message = (from: string, to: string, type: string, inside: string) =>
  `<message xmlns="jabber:server" from="${from}" id="${ID}" to="${to}"${type}>${inside}</message>`
const room = (inside: string, occupant = '/anna', type = ' type="groupchat"') =>
  message(`ops@rooms.acme.example${occupant}`, 'ben@coalition.example/desk', type, inside)
const user = (inside: string, to: string, type = '') => message('anna@acme.example/desk', to, type, inside)
const invite = (name: string, end: string) =>
  `<x xmlns="${USER}"><${name} ${end}="ben@coalition.example"><reason>Come over</reason></${name}></x>`

/** Each around its label, wherever that stands. */
const SHAPES: Readonly<Record<string, (label: string) => string>> = {
  'groupchat from a room': (label) => room(`<body>b</body>${label}`),
  'groupchat to a room': (label) =>
    user(`<body>b</body>${label}`, 'ops@rooms.coalition.example', ' type="groupchat"'),
  'a subject from a room': (label) => room(`<subject>s</subject>${label}`),
  'a subject from the room itself': (label) => room(`<subject>s</subject>${label}`, ''),
  'a subject to a room': (label) =>
    user(`<subject>s</subject>${label}`, 'ops@rooms.coalition.example', ' type="groupchat"'),
  'a private message from an occupant': (label) =>
    room(`<body>b</body><x xmlns="${USER}"></x>${label}`, '/anna', ' type="chat"'),
  'a private message to an occupant': (label) =>
    user(`<body>b</body><x xmlns="${USER}"></x>${label}`, 'ops@rooms.coalition.example/ben', ' type="chat"'),
  'the mark of a private message alone': (label) => room(`<x xmlns="${USER}"></x>${label}`, '/anna', ''),
  'an invitation that a room passes on': (label) => room(invite('invite', 'from') + label, '', ''),
  'an invitation to be passed on': (label) =>
    user(invite('invite', 'to') + label, 'ops@rooms.coalition.example'),
  'an invitation without reason': (label) =>
    user(
      `<x xmlns="${USER}"><invite to="ben@coalition.example"></invite></x>${label}`,
      'ops@rooms.coalition.example',
    ),
  'a refusal that a room passes on': (label) => room(invite('decline', 'from') + label, '', ''),
  'a refusal': (label) => user(invite('decline', 'to') + label, 'ops@rooms.coalition.example'),
  'a direct invitation': (label) =>
    user(
      `<x xmlns="jabber:x:conference" jid="ops@rooms.acme.example" reason="Come over"></x>${label}`,
      'ben@coalition.example',
    ),
  'a direct invitation without reason': (label) =>
    user(`<x xmlns="jabber:x:conference" jid="ops@rooms.acme.example"></x>${label}`, 'ben@coalition.example'),
}

const rows = bundle.labels.rows.map(
  ({ input }) => fill(input.template, { creation: TODAY, review: NEXT_YEAR })!,
)
const dated = bundle.labels.rows.find(({ input }) => input.template.length > 1)!.input.template
const SECRET =
  '<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQgCAQQGA4g3AQ==</esssecuritylabel></label></securitylabel>'
const SIGNED = rows
  .find((row) => row.startsWith('<BindingData'))!
  .replace(
    '</MetadataBindingContainer>',
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"></Signature>$&',
  )

/** Labels, and places of labels, of which none is for the one and not for the other. */
const LABELS: Readonly<Record<string, string>> = {
  none: '',
  'not listed': SECRET,
  'too old': fill(dated, { creation: LONG_AGO, review: LONG_AGO })!,
  'to be reviewed before it was made': fill(dated, { creation: TODAY, review: LONG_AGO })!,
  twice: rows[0]! + rows[0]!,
  'two different': rows[0]! + rows[1]!,
  'with a marking of its own': rows[0]!.replace('<label>', '<displaymarking>PUBLIC</displaymarking>$&'),
  empty: '<securitylabel xmlns="urn:xmpp:sec-label:0"><label></label></securitylabel>',
  'with a signature': SIGNED,
  ...Object.fromEntries(rows.map((row, index) => [`row ${index}`, row])),
}

/** The label that is released, or that it is refused; throws when the verifiers do not agree. */
function outcome(stanza: string, label: string): string {
  const payload = Buffer.from(stanza)
  const [one, other] = [inspect(payload, SECOND, NUMBER), verify(payload, SECOND, NUMBER)]
  if (one.accepted !== other.accepted) throw new Error(`the two differ: ${stanza}`)
  if (!one.accepted || !other.accepted) return 'refused'
  if (one.output !== other.output) throw new Error(`they write differently: ${stanza}`)
  const [before, behind] = stanza.split(label) as [string, string]
  return one.output.slice(before.length, -behind.length)
}

t.test('the outcome of a label is the same in all of them', (t) => {
  const groupchat = SHAPES['groupchat from a room']!
  for (const [name, label] of Object.entries(LABELS)) {
    const expected = outcome(groupchat(label), label)
    t.equal(expected !== 'refused', name.startsWith('row '), name)
    for (const [what, shape] of Object.entries(SHAPES)) {
      t.equal(outcome(shape(label), label), expected, `${what}, label: ${name}`)
    }
  }
  t.end()
})

t.test('a label inside of an invitation is none', (t) => {
  const label = rows[0]!
  const inside = (stanza: string) => stanza.replace('</reason>', `${label}</reason>`)
  const beside = (stanza: string) => stanza.replace('<reason>', `${label}<reason>`)
  for (const shape of [SHAPES['an invitation that a room passes on']!, SHAPES['a refusal']!]) {
    for (const change of [inside, beside]) {
      for (const outer of ['', label]) t.equal(outcome(change(shape(outer)), label), 'refused')
    }
  }
  t.end()
})
