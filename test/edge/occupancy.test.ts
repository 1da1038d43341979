/** What a room says crosses only to who joined it. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createOccupancy } from '../../edge/occupancy.ts'
import type { Envelope } from '../../edge/refusal.ts'
import { normaliseJid } from '../../rules/address/jid.ts'
import { attribute, type XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { essLabel } from './bundles.ts'
import { startWorld, type World } from './world.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-occupancy-'))
t.teardown(() => rmSync(folder, { recursive: true }))
let files = 0
const fresh = () => join(folder, `occupants-${++files}`)

const MUC = '<x xmlns="http://jabber.org/protocol/muc"/>'
const user = (inner: string) => `<x xmlns="http://jabber.org/protocol/muc#user">${inner}</x>`
const SELF = user('<item affiliation="none" role="participant"/><status code="110"/>')

/** A room and somebody of the far side, in the words of stanzas. */
function conversation(file = fresh()) {
  const occupancy = createOccupancy(file)
  const read = (xml: string): [Envelope, XmlElement] => {
    const stanza = parseText(xml.replace(/^<([a-z]+)/, '<$1 xmlns="jabber:server"'), {
      stanzaBytes: 9999,
      depth: 9,
    }) as XmlElement
    const of = (name: string) => normaliseJid(attribute(stanza, name)!)!
    const kind = stanza.name as Envelope['kind']
    return [
      { kind, type: attribute(stanza, 'type') ?? '', id: undefined, from: of('from'), to: of('to') },
      stanza,
    ]
  }
  return {
    occupancy,
    far(
      inner: string,
      type = '',
      who = 'bob@low.example/y',
      now = 0,
      room = 'room@conference.high.example/Bob',
    ) {
      const [envelope, stanza] = read(
        `<presence from="${who}" to="${room}"${type === '' ? '' : ` type="${type}"`}>${inner}</presence>`,
      )
      occupancy.delivered(envelope.type, envelope, stanza, now)
    },
    room(
      kind: string,
      type: string,
      inner = '',
      to = 'bob@low.example/y',
      now = 0,
      from = 'room@conference.high.example/Ann',
    ) {
      return occupancy.answers(
        ...read(
          `<${kind} from="${from}" to="${to}"${type === '' ? '' : ` type="${type}"`}>${inner}</${kind}>`,
        ),
        now,
      )
    },
  }
}

t.test('nothing before a join, everything after it, nothing after the end', (t) => {
  const { occupancy, far, room } = conversation()
  const traffic = (t: Test, expected: boolean, to?: string) => {
    t.equal(room('message', 'groupchat', '<body/>', to), expected, 'groupchat')
    t.equal(room('message', 'chat', '<body/>', to), expected, 'private')
    t.equal(room('message', '', '<body/>', to), expected, 'private, without type')
    t.equal(room('presence', 'unavailable', '', to), expected, 'presence')
  }
  type Test = typeof t
  traffic(t, false)
  t.equal(room('presence', ''), false)
  far('')
  traffic(t, false, 'bob@low.example/y')
  far(MUC)
  traffic(t, true)
  traffic(t, false, 'bob@low.example/other')
  traffic(t, false, 'bob@low.example')
  t.equal(occupancy.size(), 0, 'the room has not said so yet')
  t.equal(room('presence', '', SELF), true)
  t.equal(occupancy.size(), 1)
  occupancy.expire(1e9)
  traffic(t, true)
  t.equal(
    room('message', 'groupchat', '', 'bob@low.example/y', 0, 'other@conference.high.example/Ann'),
    false,
  )
  t.equal(
    room('presence', 'unavailable', user('<status code="110"/><status code="303"/>')),
    true,
    'another nick',
  )
  traffic(t, true)
  t.equal(room('presence', 'unavailable', user('<status code="307"/><status code="110"/>')), true, 'kicked')
  t.equal(occupancy.size(), 0)
  traffic(t, false)
  t.end()
})

t.test('a join that is refused, is not answered, or ends', (t) => {
  const { occupancy, far, room } = conversation()
  far(MUC)
  t.equal(room('presence', 'error'), true)
  t.equal(room('message', 'groupchat'), false)
  far(MUC)
  occupancy.expire(120_001)
  t.equal(room('presence', 'error', '', 'bob@low.example/y', 120_001), false)
  far(MUC)
  t.equal(
    room('message', 'groupchat', '', 'bob@low.example/y', 120_001),
    false,
    'nor without the clock’s tick',
  )
  room('presence', '', SELF)
  far('', 'unavailable')
  t.equal(occupancy.size(), 0)
  t.equal(room('presence', 'unavailable', user('<status code="110"/>')), true, 'the room answers that')
  t.equal(room('message', 'groupchat'), false)
  far('', 'unavailable', 'eve@low.example/y')
  t.equal(
    room('message', 'groupchat', '', 'eve@low.example/y'),
    false,
    'who was never in opens nothing by leaving',
  )
  t.end()
})

t.test(
  'invitations go to anybody, errors answer what crossed, and answers to questions are the table’s',
  (t) => {
    const { room } = conversation()
    const from = 'room@conference.high.example'
    for (const letter of ['invite', 'decline'])
      t.equal(room('message', '', user(`<${letter}/>`), 'bob@low.example', 0, from), true)
    t.equal(room('message', '', user('<status code="104"/>'), 'bob@low.example', 0, from), false)
    t.equal(
      room('message', '', user('<invite/>'), 'bob@low.example', 0, `${from}/Ann`),
      false,
      'of an occupant',
    )
    t.equal(room('message', 'groupchat', user('<invite/>'), 'bob@low.example', 0, from), false)
    t.equal(room('message', 'error'), true)
    t.equal(room('iq', 'result'), true)
    t.equal(room('presence', 'error'), false)
    t.end()
  },
)

t.test('occupants outlive the edge', (t) => {
  const file = fresh()
  const first = conversation(file)
  for (const who of ['bob', 'eve', 'zoë'].map((name) => `${name}@low.example/a b`)) {
    first.far(MUC, '', who)
    first.room('presence', '', SELF, who)
  }
  first.room('presence', 'unavailable', user('<status code="110"/>'), 'eve@low.example/a b')
  appendFileSync(file, '+["room@conference')
  const second = conversation(file)
  t.equal(second.occupancy.size(), 2)
  t.equal(second.room('message', 'groupchat', '', 'zoë@low.example/a b'), true)
  t.equal(second.room('message', 'groupchat', '', 'eve@low.example/a b'), false)
  t.equal(readFileSync(file, 'utf8').split('\n').length, 3, 'and the file is brought in order')
  for (const wrong of ['x\n', '+{}\n', '+["a"]\n', '+["a","b","c"]\n', '+[1,2]\n', '\n+["a","b"]\n']) {
    writeFileSync(file, wrong)
    t.throws(() => createOccupancy(file), /line 1 is not one of ours: delete the file/, wrong)
  }
  t.throws(() => createOccupancy(join(folder, 'none/occupants')), /cannot be used \(ENOENT\): give the edge/)
  t.end()
})

t.test('a full disk costs nobody a place, and the file is made good when there is room', (t) => {
  const file = fresh()
  const { occupancy, far, room } = conversation(file)
  rmSync(file)
  symlinkSync('/dev/full', file)
  far(MUC)
  room('presence', '', SELF)
  t.equal(occupancy.size(), 1)
  occupancy.expire(0)
  t.equal(conversation(file).occupancy.size(), 1)
  t.end()
})

t.test('those who ask are bounded, and the file does not grow with history', (t) => {
  const file = fresh()
  const { far, room } = conversation(file)
  for (let n = 0; n <= 10_000; n++) far(MUC, '', `u${n}@low.example/x`)
  t.equal(room('message', 'groupchat', '', 'u0@low.example/x'), false)
  t.equal(room('message', 'groupchat', '', 'u10000@low.example/x'), true)
  for (let n = 0; n < 6_000; n++) {
    far(MUC)
    room('presence', '', SELF)
    room('presence', 'error')
  }
  t.ok(readFileSync(file, 'utf8').split('\n').length < 10_010)
  t.end()
})

t.test('through an edge: refused where it is to be, silently, and counted', async (t) => {
  const said = (
    world: World,
    marker: string,
    kind = 'message',
    attributes = `type='groupchat'`,
    inner = '',
  ) =>
    world.server.send(
      `<${kind} from='room@conference.high.example/Ann' to='bob@low.example/y' id='${marker}' ${attributes}>${kind === 'message' ? `<body>${marker}</body>${essLabel()}` : ''}${inner}</${kind}>`,
    )
  const self = SELF.replaceAll('"', "'")
  const strict = await startWorld({ more: { unasked: 'refuse' } })
  t.teardown(strict.close)
  await said(strict, 'unasked')
  await strict.server.send(
    `<message from='alice@high.example/x' to='bob@low.example/y' id='r1' type='chat'><received xmlns='urn:xmpp:receipts' id='unknown'/>${essLabel()}</message>`,
  )
  await strict.server.send(
    `<iq from='alice@high.example/x' to='low.example' id='p1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
  )
  t.ok(await strict.server.find((xml) => xml.includes('p1'), 3000))
  t.match(await strict.metrics(), /refused_total{reason="receipt-unasked"} 1\n/, 'a receipt for nothing')
  strict.release(
    `<presence xmlns="jabber:server" from="bob@low.example/y" to="room@conference.high.example/Bob"><x xmlns="http://jabber.org/protocol/muc"></x></presence>`,
  )
  strict.release(
    `<message xmlns="jabber:server" from="bob@low.example/y" id="m7" to="alice@high.example/x" type="chat"><body>asked</body></message>`,
  )
  t.ok(await strict.server.find((xml) => xml.includes('asked'), 3000))
  await said(strict, 'self', 'presence', '', self)
  await said(strict, 'wanted')
  await strict.server.send(
    `<message from='alice@high.example/x' to='bob@low.example/y' id='r2' type='chat'><received xmlns='urn:xmpp:receipts' id='m7'/>${essLabel()}</message>`,
  )
  t.ok(await strict.guard.find((xml) => xml.includes('>wanted<')))
  t.ok(await strict.guard.find((xml) => xml.includes('id="m7"')))
  t.notOk(strict.guard.frames.some(({ xml }) => xml.includes('unasked') || xml.includes('unknown')))
  t.match(await strict.metrics(), /refused_total{reason="room-unasked"} 1\n/)
  t.notOk(
    strict.server.received.some(({ xml }) => xml.includes('type="error"')),
    'nobody is told',
  )

  const loose = await startWorld({ more: { unasked: 'pass' } })
  t.teardown(loose.close)
  await said(loose, 'unasked')
  t.ok(await loose.guard.find((xml) => xml.includes('>unasked<')))
})
