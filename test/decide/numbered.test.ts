/** Numbered identifiers: what both verifiers admit under which number, and that nothing else of a stanza depends on it. */
import fc from 'fast-check'
import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import {
  COUNTS,
  compareNumbers,
  formatNumber,
  formatReference,
  GENERATIONS,
  parseReference,
  type StanzaNumber,
} from '../../rules/text/numbered.ts'
import { changedSources, compiled } from '../support/ruleset.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const sources = changedSources(
  'acme-to-coalition',
  'ruleset.yaml',
  '  receipts: true\n',
  '  receipts: true\n  markers: true\n  corrections: true\n',
)
const yaml = new TextDecoder()
  .decode(sources.get('ruleset.yaml'))
  .replace('receipts, empty-subject]', 'receipts, markers, empty-subject]')
  .replace(/ {4}- (markers|corrections)\n/g, '')
const { bundle, octets, digest } = compiled(sources.set('ruleset.yaml', new TextEncoder().encode(yaml)))
const inspect = createDecider(bundle)
const verify = makeDecider(readBundle(Buffer.from(octets), digest))
const label = bundle.labels.rows
  .find(({ name, input }) => name === 'acme/open' && input.form === 'ess-0258')!
  .input.template.join('')

const USER = 'anna@acme.example/desk'
const ROOM = 'ops@rooms.acme.example/anna'
const NOTHING: StanzaNumber = { generation: 0, count: 1 }

/** The output, or the reason; throws when the two do not agree. */
function said(stanza: string, number: StanzaNumber): string {
  const payload = Buffer.from(stanza)
  const [one, other] = [inspect(payload, SECOND, number), verify(payload, SECOND, number)]
  if (one.accepted !== other.accepted) throw new Error(`the two differ on ${formatNumber(number)}: ${stanza}`)
  if (!one.accepted || !other.accepted) return one.accepted ? '' : one.reason
  if (one.output !== other.output) throw new Error(`they write differently: ${stanza}`)
  return one.output
}
const accepts = (stanza: string, number: StanzaNumber): boolean => said(stanza, number).startsWith('<')

const message = (id: string, inside: string, from = USER, type = 'chat') =>
  `<message xmlns="jabber:server" from="${from}" id="${id}" to="ben@coalition.example" type="${type}">${inside}</message>`
const presence = (id: string, from = USER, rest = '', inside = '') =>
  `<presence xmlns="jabber:server" from="${from}" id="${id}" to="ben@coalition.example"${rest}>${inside}</presence>`
const iq = (id: string, type: string, inside: string) =>
  `<iq xmlns="jabber:server" from="rooms.acme.example" id="${id}" to="ben@coalition.example" type="${type}">${inside}</iq>`
const ERROR = '<error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></gone></error>'
const INFO = '<query xmlns="http://jabber.org/protocol/disco#info"></query>'
const own = (number: StanzaNumber) => formatReference({ own: true, number })

/** Stanzas with an identifier in it, by what it must be. */
const OWN: ((id: string) => string)[] = [
  (id) => message(id, `<body>b</body>${label}`),
  (id) => message(id, `<body>b</body>${label}`).replace(' type="chat"', ''),
  (id) => message(id, `<body>b</body>${label}`, ROOM),
  (id) => message(id, `<body>b</body>${label}`, USER, 'groupchat'),
  (id) => presence(id),
  (id) => presence(id, USER, ' type="unavailable"'),
  (id) => presence(id, ROOM, ' type="probe"'),
  (id) => presence(id, ROOM, ' type="subscribe"'),
  (id) => iq(id, 'get', INFO),
]
const ECHO: ((id: string) => string)[] = [
  (id) => message(id, `<body>b</body>${label}`, ROOM, 'groupchat'),
  (id) => presence(id, ROOM),
  (id) => presence(id, ROOM, ' type="unavailable"'),
  // The room itself, without an occupant.
  (id) => message(id, '<subject></subject>', 'ops@rooms.acme.example', 'groupchat'),
]
const answers = (number: StanzaNumber): ((id: string) => string)[] => [
  (id) => message(id, ERROR, USER, 'error'),
  (id) => presence(id, USER, ' type="error"', ERROR),
  (id) => iq(id, 'error', ERROR),
  (id) => iq(id, 'result', INFO),
  (id) => message(own(number), `<received xmlns="urn:xmpp:receipts" id="${id}"></received>`),
  ...['received', 'displayed', 'acknowledged'].map(
    (name) => (id: string) =>
      message(
        own(number),
        `<${name} xmlns="urn:xmpp:chat-markers:0" id="${id}"></${name}>`,
        ROOM,
        'groupchat',
      ),
  ),
]
const correction =
  (number: StanzaNumber, from = USER, type = 'chat') =>
  (id: string) =>
    message(
      own(number),
      `<body>b</body><replace xmlns="urn:xmpp:message-correct:0" id="${id}"></replace>${label}`,
      from,
      type,
    )

/** Spellings that are no number of a frame. */
const HOSTILE = [
  ...[
    '',
    'o',
    'r',
    'o.',
    'r.',
    'o1',
    'r1',
    'o1.',
    'r1.',
    'o.1',
    'r.1',
    '0.1',
    '1',
    'or0.1',
    'ro0.1',
    'oo0.1',
  ],
  ...['o00.1', 'o0.01', 'r00.1', 'r0.01', 'o0.00', 'O0.1', 'R0.1', 'x0.1', 'o0.0', 'r0.0', 'o-0.1', 'r0.-1'],
  ...[
    'o0.1.',
    'r0.1.1',
    'o0..1',
    'o0,1',
    'r0:1',
    'o0.1x',
    'r0.1r0.1',
    'o+0.1',
    'o0.+1',
    'r0x0.0x1',
    'r0.1e0',
  ],
  ...['o65536.1', 'r65536.1', 'o0.281474976710656', 'r0.281474976710656', 'r0.999999999999999', 'r99999.1'],
  ...[' o0.1', 'o0.1 ', 'o 0.1', 'r0 .1', 'o0.\u0661', 'r\u0660.1', 'o\u{1d7ce}.1', 'о0.1', 'o0․1', 'o０.１'],
  ...['ｏ0.1', 'o0.1\u200b', '&quot;', 'o0.1&amp;', `r0.${'1'.repeat(16)}`, `r${'0'.repeat(5000)}.1`],
]

const numbers: fc.Arbitrary<StanzaNumber> = fc.record({
  generation: fc.oneof(fc.constantFrom(0, 1, GENERATIONS - 1), fc.nat(GENERATIONS - 1)),
  count: fc.oneof(fc.constantFrom(1, 2, COUNTS - 1), fc.integer({ min: 1, max: COUNTS - 1 })),
})

t.test('no spelling but the one', (t) => {
  const shapes = [
    ...OWN,
    ...ECHO,
    ...answers(NOTHING),
    correction(NOTHING),
    correction(NOTHING, ROOM, 'groupchat'),
  ]
  for (const id of HOSTILE) {
    for (const shape of shapes) t.notOk(accepts(shape(id), NOTHING), `${id} in ${shape('…')}`)
  }
  t.end()
})

t.test('a stanza has the number of its frame, and no other', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(numbers, numbers, (number, another) => {
        const same = compareNumbers(number, another) === 0
        for (const shape of [...OWN, ...ECHO]) {
          if (!accepts(shape(own(number)), number)) throw new Error(shape(own(number)))
          if (accepts(shape(own(another)), number) !== same) throw new Error(shape(own(another)))
        }
        for (const shape of OWN) {
          if (accepts(shape(`r${formatNumber(another)}`), number)) throw new Error('only rooms give back')
        }
      }),
      { numRuns: 60 },
    ),
  )
  t.end()
})

t.test('an answer names any frame of the other direction, and so does what a room gives back', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(numbers, numbers, (number, another) => {
        for (const shape of [...answers(number), ...ECHO]) {
          if (!accepts(shape(`r${formatNumber(another)}`), number))
            throw new Error(shape(formatNumber(another)))
        }
        for (const shape of answers(number)) {
          if (accepts(shape(own(another)), number)) throw new Error(`own: ${shape(own(another))}`)
        }
      }),
      { numRuns: 60 },
    ),
  )
  t.end()
})

t.test('a correction names a frame before its own', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(numbers, numbers, (number, another) => {
        const earlier = compareNumbers(another, number) < 0
        if (accepts(correction(number)(own(another)), number) !== earlier) throw new Error(own(another))
        if (accepts(correction(number)(`r${formatNumber(another)}`), number)) throw new Error('of a user')
        const room = correction(number, ROOM, 'groupchat')
        if (!accepts(room(`r${formatNumber(another)}`), number)) throw new Error('of a room')
      }),
      { numRuns: 200 },
    ),
  )
  t.notOk(accepts(correction(NOTHING)('o0.1'), NOTHING), 'not itself')
  t.ok(accepts(correction({ generation: 0, count: 2 })('o0.1'), { generation: 0, count: 2 }))
  t.ok(accepts(correction({ generation: 1, count: 1 })('o0.281474976710655'), { generation: 1, count: 1 }))
  t.end()
})

t.test('the id is always there', (t) => {
  for (const shape of [...OWN, ...ECHO, ...answers(NOTHING).slice(0, 4)]) {
    t.equal(said(shape('…').replace(' id="…"', ''), NOTHING), 'missing-attribute')
  }
  t.end()
})

t.test('two frames of the same content differ in nothing but the number', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(numbers, numbers, fc.constantFrom(...OWN, ...ECHO), (number, another, shape) => {
        const [one, other] = [said(shape(own(number)), number), said(shape(own(another)), another)]
        if (one.replace(own(number), own(another)) !== other) throw new Error(`${one}\n${other}`)
      }),
      { numRuns: 100 },
    ),
  )
  t.end()
})

t.test('a reference reads back as it was written', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.boolean(), numbers, (mine, number) => {
        const text = formatReference({ own: mine, number })
        const read = parseReference(text)
        return read?.own === mine && compareNumbers(read.number, number) === 0
      }),
    ),
  )
  for (const id of HOSTILE) t.equal(parseReference(id), undefined, id)
  t.end()
})
