/** An edge whose bundles have identifiers numbered: what crosses, and under which ids users meet their stanzas again. */
import t, { type Test } from 'tap'
import { essLabel } from './bundles.ts'
import { startWorld, until } from './world.ts'

const LABEL = essLabel()
const ERROR =
  '<error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></service-unavailable></error>'
const INFO = '<query xmlns="http://jabber.org/protocol/disco#info"></query>'
const ROOM = 'r@conference.low.example'
const OWN_ROOM = 'r@conference.high.example'
const body = (text: string) => `<body>${text}</body>`
const received = (id: string) => `<received xmlns="urn:xmpp:receipts" id="${id}"></received>`
const displayed = (id: string) => `<displayed xmlns="urn:xmpp:chat-markers:0" id="${id}"></displayed>`
const replace = (id: string) => `<replace xmlns="urn:xmpp:message-correct:0" id="${id}"></replace>`

type Ends = Readonly<{ from?: string; to?: string; type?: string }>

/** A message of the own side as its server sends it. */
const sent = (id: string, inside: string, { from, to, type }: Ends = {}) =>
  `<message from='${from ?? 'alice@high.example/x'}' to='${to ?? 'bob@low.example/y'}' id='${id}' type='${type ?? 'chat'}'>${inside}</message>`
/** A message of the far side as the guard releases it. */
const released = (id: string, inside: string, { from, to, type }: Ends = {}) =>
  `<message xmlns="jabber:server" from="${from ?? 'bob@low.example/y'}" id="${id}" to="${to ?? 'alice@high.example/x'}" type="${type ?? 'chat'}">${inside}</message>`

const idOf = (xml: string) => / id="([^"]*)"/.exec(xml.slice(0, xml.indexOf('>')))?.[1]
const named = (xml: string) => /<(?:received|displayed|replace) [^>]*id="([^"]*)"/.exec(xml)?.[1]

async function numberedWorld(t: Test, limits: Readonly<Record<string, number>> = {}) {
  const world = await startWorld({ more: { unasked: 'pass' }, identifiers: 'numbered', limits })
  t.teardown(world.close)
  let marks = 0
  return {
    ...world,
    /** Sends a stanza, and gives the frame in which it went out. */
    async goes(make: (mark: string) => string): Promise<string> {
      const mark = `mark-${++marks}`
      const known = world.guard.frames.length
      await world.server.send(make(mark))
      await until(() => world.guard.frames.length > known)
      return world.guard.frames[known]?.xml ?? 'nothing'
    },
    /** Releases a stanza as the next frame, and gives what the own server got. */
    async comes(stanza: string): Promise<string> {
      const known = world.server.received.length
      world.release(stanza)
      await until(() => world.server.received.length > known)
      return world.server.received[known]?.xml ?? 'nothing'
    },
    /** Nothing more has crossed or arrived than was asked for, once what is behind it has. */
    async isQuiet(act: () => unknown): Promise<boolean> {
      const known = [world.guard.frames.length, world.server.received.length]
      await act()
      await until(() => false, 150)
      return world.guard.frames.length === known[0] && world.server.received.length === known[1]
    },
  }
}

t.test('every stanza has the number of its frame', async (t) => {
  const world = await numberedWorld(t)
  t.equal(idOf(await world.goes(() => sent('words and ✓ by choice', body('1') + LABEL))), 'o1.1')
  t.equal(idOf(await world.goes(() => sent('', body('2') + LABEL))), 'o1.2', 'one without id too')
  t.equal(
    idOf(await world.goes(() => `<presence from='alice@high.example/x' to='bob@low.example'/>`)),
    'o1.3',
  )
  t.ok(
    await world.isQuiet(() => world.server.send(sent('r1.1', body('no label')))).then((quiet) => !quiet),
    'a refused one is answered',
  )
  t.equal(idOf(world.server.received.at(-1)!.xml), 'r1.1', 'under its own id')
  t.equal(idOf(await world.goes(() => sent('r7.7', body('4') + LABEL))), 'o1.4', 'and takes no number')
  t.same(
    world.guard.frames.map(({ number }) => number.count),
    [1, 2, 3, 4],
  )
})

t.test('what answers a stanza names its frame, both ways', async (t) => {
  const world = await numberedWorld(t)
  t.equal(idOf(await world.goes(() => sent('abc', body('1') + LABEL))), 'o1.1')
  t.equal(
    idOf(await world.comes(released('o1.1', body('hello') + LABEL))),
    'o1.1',
    'known by its number here',
  )

  const receipt = await world.comes(released('o1.2', received('r1.1')))
  t.same([idOf(receipt), named(receipt)], ['o1.2', 'abc'])
  const marker = await world.comes(released('o1.3', displayed('r1.1')))
  t.equal(named(marker), 'abc')
  const error = await world.comes(released('r1.1', ERROR, { type: 'error' }))
  t.equal(idOf(error), 'abc')

  t.equal(named(await world.goes(() => sent('d', received('o1.1')))), 'r1.1')
  t.equal(named(await world.goes(() => sent('e', displayed('o1.1')))), 'r1.1')
  t.equal(idOf(await world.goes(() => sent('o1.1', ERROR, { type: 'error' }))), 'r1.1')
})

t.test('what names nothing that is known does not cross, and is not delivered', async (t) => {
  const world = await numberedWorld(t)
  await world.comes(released('o1.1', body('hello') + LABEL))
  for (const stanza of [
    ...['o1.2', 'o2.1', 'r1.1', 'abc', 'o1.01', ''].map((id) => sent('d', received(id))),
    sent('d', received('o1.1'), { from: 'anna@high.example' }),
    sent('d', received('o1.1'), { to: 'bill@low.example' }),
    sent('o1.9', ERROR, { type: 'error' }),
    sent('r1.1', ERROR, { type: 'error' }),
    sent('o1.1', ERROR, { type: 'error', to: 'bill@low.example' }),
  ]) {
    t.ok(await world.isQuiet(() => world.server.send(stanza)), stanza)
  }
  const page = await world.metrics()
  t.match(page, /stripped_total\{name="unknown-reference"\} 11\n/)
  t.match(page, /refused_total\{reason="left-empty"\} 8\n/)
  t.match(page, /refused_total\{reason="bad-attribute"\} 3\n/)

  t.ok(await world.isQuiet(() => world.release(released('o1.2', received('r1.5')))), 'a receipt of nothing')
  t.ok(
    await world.isQuiet(() => world.release(released('o1.3', displayed('r9.1') + LABEL))),
    'a labelled marker of nothing',
  )
  t.match(await world.metrics(), /incoming_total\{outcome="unknown-reference"\} 2\n/)
  const with_ = await world.comes(released('o1.4', body('words') + received('r1.5') + LABEL))
  t.match(with_, '<body>words</body>')
  t.notMatch(with_, 'received', 'what goes with words is left out')
  const error = await world.comes(released('r1.5', ERROR, { type: 'error' }))
  t.equal(idOf(error), 'r1.5', 'an error is delivered under the number')
  t.ok(world.answers.every(({ accepted }) => accepted))
})

t.test('a correction names the earlier frame', async (t) => {
  const world = await numberedWorld(t)
  await world.goes(() => sent('first', body('helo') + LABEL))
  const corrected = await world.goes(() => sent('second', body('hello') + replace('first') + LABEL))
  t.same([idOf(corrected), named(corrected)], ['o1.2', 'o1.1'])
  const again = await world.goes(() => sent('third', body('hullo') + replace('second') + LABEL))
  t.equal(named(again), 'o1.2')
  const unknown = await world.goes(() => sent('fourth', body('new') + replace('elsewhere') + LABEL))
  t.equal(named(unknown), undefined, 'of what is not known it is a new message')
  t.match(unknown, '<body>new</body>')
  await world.comes(released('o1.1', body('helo') + LABEL))
  t.equal(named(await world.comes(released('o1.2', body('hello') + replace('o1.1') + LABEL))), 'o1.1')
})

t.test('a far room gives users their own ids back', async (t) => {
  const world = await numberedWorld(t)
  const join = (mark: string) =>
    `<presence from='alice@high.example/x' to='${ROOM}/alice' id='join-${mark}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`
  t.equal(idOf(await world.goes(join)), 'o1.1')
  const occupant = (id: string, to = 'alice@high.example/x') =>
    `<presence xmlns="jabber:server" from="${ROOM}/alice" id="${id}" to="${to}"></presence>`
  t.equal(idOf(await world.comes(occupant('r1.1'))), 'join-mark-1')
  t.equal(idOf(await world.comes(occupant('o1.2'))), 'o1.2', 'or has one of its own')
  t.equal(
    idOf(await world.goes(() => sent('said', body('hi') + LABEL, { to: ROOM, type: 'groupchat' }))),
    'o1.2',
  )
  const echo = { from: `${ROOM}/alice`, type: 'groupchat' }
  t.equal(idOf(await world.comes(released('r1.2', body('hi') + LABEL, echo))), 'said')
  const others = { ...echo, to: 'anna@high.example/z' }
  t.equal(idOf(await world.comes(released('r1.2', body('hi') + LABEL, others))), 'said', 'others too')
  t.equal(idOf(await world.comes(released('r1.9', body('hi') + LABEL, echo))), 'r1.9', 'or the number')
  const own = { to: `${ROOM}/alice` }
  t.equal(
    idOf(await world.goes(() => sent('said', ERROR, { ...own, type: 'error' }))),
    'r1.3',
    'gone: the room hears of it',
  )
  const marked = await world.goes(() =>
    sent('m', displayed('said'), { to: ROOM, from: 'anna@high.example/z', type: 'groupchat' }),
  )
  t.equal(named(marked), 'r1.4', 'the frame in which she got it')
  await world.goes(() =>
    sent('again', body('hi!') + replace('said') + LABEL, { to: ROOM, type: 'groupchat' }),
  )
  const corrected = await world.comes(released('r1.5', body('hi!') + replace('r1.2') + LABEL, echo))
  t.same([idOf(corrected), named(corrected)], ['again', 'said'])
})

t.test('an own room gives far users their frames back', async (t) => {
  const world = await numberedWorld(t)
  const groupchat = { to: OWN_ROOM, type: 'groupchat' }
  t.equal(idOf(await world.comes(released('o1.1', body('hi') + LABEL, groupchat))), 'o1.1')
  const echo = (id: string, inside: string, occupant = 'bob', to = 'bob@low.example/y') =>
    sent(id, inside + LABEL, { from: `${OWN_ROOM}/${occupant}`, to, type: 'groupchat' })
  t.equal(idOf(await world.goes(() => echo('o1.1', body('hi')))), 'r1.1')
  t.equal(idOf(await world.goes(() => echo('o1.1', body('hi'), 'bob', 'bill@low.example/y'))), 'r1.1')
  t.equal(idOf(await world.goes(() => echo('o1.5', body('hi')))), 'o1.3', 'what did not come is its own')
  t.equal(
    idOf(await world.goes(() => sent('o1.1', body('hi') + LABEL, { to: ROOM, type: 'groupchat' }))),
    'o1.4',
    'only rooms give back',
  )
  await world.comes(released('o1.2', body('hello') + replace('o1.1') + LABEL, groupchat))
  const corrected = await world.goes(() => echo('o1.2', body('hello') + replace('o1.1')))
  t.same([idOf(corrected), named(corrected)], ['r1.2', 'r1.1'])

  await world.goes(() => echo('by-alice', body('1'), 'alice'))
  const own = await world.goes(() => echo('by-alice-2', body('2') + replace('by-alice'), 'alice'))
  t.same([idOf(own), named(own)], ['o1.7', 'o1.6'], 'those of its own users are its own')
})

t.test('a question and its answer', async (t) => {
  const world = await numberedWorld(t, { iqSeconds: 1 })
  const query = (id: string) =>
    `<iq from='alice@high.example/x' to='${ROOM}' id='${id}' type='get'>${INFO}</iq>`
  const answer = (id: string, type = 'result') =>
    `<iq xmlns="jabber:server" from="${ROOM}" id="${id}" to="alice@high.example/x" type="${type}">${INFO}</iq>`
  t.equal(idOf(await world.goes(() => query('same'))), 'o1.1')
  t.equal(idOf(await world.goes(() => query('same'))), 'o1.2', 'each is a question by itself')
  t.equal(idOf(await world.comes(answer('r1.2'))), 'same')
  t.ok(await world.isQuiet(() => world.release(answer('r1.2'))), 'answered once')
  t.equal(idOf(await world.comes(answer('r1.1'))), 'same')
  await world.goes(() => query('late'))
  const timeout = await world.server.find((xml) => xml.includes('remote-server-timeout'), 4000)
  t.equal(idOf(timeout!.xml), 'late')
  t.ok(await world.isQuiet(() => world.release(answer('r1.3'))), 'too late')

  const asked = `<iq xmlns="jabber:server" from="bob@low.example/y" id="o1.5" to="${OWN_ROOM}" type="get">${INFO}</iq>`
  t.equal(idOf(await world.comes(asked)), 'o1.5')
  const reply = `<iq from='${OWN_ROOM}' to='bob@low.example/y' id='o1.5' type='result'>${INFO}</iq>`
  t.equal(idOf(await world.goes(() => reply)), 'r1.5')
  t.ok(await world.isQuiet(() => world.server.send(reply)), 'once')

  world.guard.verdict = () => false
  await world.server.send(query('refused'))
  const refusal = await world.server.find((xml) => xml.includes('id="refused"'), 3000)
  t.match(refusal?.xml, /policy-violation/)
  t.ok(await world.isQuiet(() => world.release(answer('r1.5'))), 'and waits for no answer')
})

t.test('a frame whose id is not its number is not delivered', async (t) => {
  const world = await numberedWorld(t)
  const wrong = ['o1.2', 'o2.1', 'o0.1', 'abc', 'o1.01', 'R1.1']
  for (const id of wrong)
    world.release(released(id, body('BAD') + LABEL), { generation: 1, count: 1 + wrong.indexOf(id) * 100 })
  t.ok(await until(() => world.answers.length === wrong.length))
  t.ok(world.answers.every(({ accepted }) => !accepted))
  t.same(world.server.received, [])
})
