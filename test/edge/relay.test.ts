/** An edge between a real s2s server and guards that the test plays: what crosses, what is answered, what is told. */
import t from 'tap'
import { essLabel } from './bundles.ts'
import { startWorld, until, type World } from './world.ts'

const ALICE = `from='alice@high.example/x'`
const POLICY =
  '<error type="modify"><policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></policy-violation><text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">This does not cross the boundary.</text></error>'

const message = (marker: string, id = marker, type = 'chat', to = 'bob@low.example') =>
  `<message ${ALICE} to='${to}' id='${id}' type='${type}'><body>${marker}</body>${essLabel()}</message>`
const released = (inner: string, attributes: string) =>
  `<message xmlns="jabber:server" from="bob@low.example/y" ${attributes}>${inner}</message>`

/** Waits until the page of metrics has it. */
async function untilPage(world: World, wanted: RegExp): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (wanted.test(await world.metrics())) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

/** Sends one stanza and gives what the server gets back before a ping on the same two streams is answered. */
async function answersTo(world: World, xml: string, marker: string): Promise<string[]> {
  const before = world.server.received.length
  await world.server.send(xml)
  const [from, to] = [/ from='(?:[^'@]+@)?([^'/]+)/.exec(xml)![1], / to='(?:[^'@]+@)?([^'/]+)/.exec(xml)![1]]
  await world.server.send(
    `<iq from='${from}' to='${to}' id='${marker}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
  )
  await world.server.find((answer) => answer.includes(`id="${marker}"`), 3000)
  return world.server.received
    .slice(before)
    .map(({ xml }) => xml)
    .filter((xml) => !xml.includes(`id="${marker}"`))
}

t.test('a labelled message goes out canonical, a released one comes in', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  await world.server.send(
    `<message xml:lang='EN-us' to='Bob@Low.example' ${ALICE} id='m1' type='normal'>\n<active xmlns='http://jabber.org/protocol/chatstates'/>${essLabel()}<body><![CDATA[a<b]]></body><origin-id xmlns='urn:xmpp:sid:0' id='o'/></message>`,
  )
  const frame = await world.guard.find((xml) => xml.includes('a&lt;b'))
  t.equal(
    frame?.xml,
    `<message xmlns="jabber:server" from="alice@high.example/x" id="m1" to="bob@low.example" xml:lang="en-US"><body>a&lt;b</body><active xmlns="http://jabber.org/protocol/chatstates"></active><securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQgCAQQGAyoDBA==</esssecuritylabel></label></securitylabel></message>`,
  )
  t.same(frame?.number, { generation: 1, count: 1 })

  world.release(released('<body>back</body>', 'id="f1" to="alice@high.example/x" type="chat"'))
  const stanza = await world.server.find((xml) => xml.includes('back'), 3000)
  t.match(
    stanza?.xml,
    /^<message [^>]*from="bob@low\.example\/y" id="f1" to="alice@high\.example\/x" type="chat"><body>back<\/body><\/message>$/,
  )
  t.equal(stanza?.from, 'low.example')
  t.ok(await until(() => world.answers.length === 1))
  t.same(world.answers, [{ number: { generation: 1, count: 1 }, accepted: true }])
  t.same(world.server.faults, [])
})

t.test('a refused stanza is answered as the table of the design has it', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  const unlabelled = '<body>SECRET-TEXT</body>'
  const told = [
    `<message ${ALICE} to='bob@low.example/z' id='q1' type='chat'>${unlabelled}</message>`,
    `<message ${ALICE} to='bob@low.example/z' id='q1'>${unlabelled}</message>`,
    `<message ${ALICE} to='room@conference.low.example' id='q1' type='groupchat'>${unlabelled}</message>`,
    `<presence ${ALICE} to='room@conference.low.example/nick' id='q1'><x xmlns='http://jabber.org/protocol/muc'><password>p</password></x></presence>`,
    `<presence from='alice@high.example' to='bob@low.example' id='q1' type='subscribe'><x xmlns='urn:example:x'/></presence>`,
    `<iq ${ALICE} to='room@conference.low.example' id='q1' type='set'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>`,
    `<iq ${ALICE} to='conference.low.example' id='q1' type='get'><vCard xmlns='vcard-temp'/></iq>`,
  ]
  for (const [i, xml] of told.entries()) {
    const kind = /^<([a-z]+)/.exec(xml)![1]!
    const [, from] = /from='([^']+)'/.exec(xml)!
    const [, to] = /to='([^']+)'/.exec(xml)!
    t.same(
      await answersTo(world, xml, `told-${i}`),
      [`<${kind} xmlns="jabber:server" from="${to}" id="q1" to="${from}" type="error">${POLICY}</${kind}>`],
      xml,
    )
  }
  const silent = [
    `<message ${ALICE} to='bob@low.example' type='headline'>${unlabelled}</message>`,
    `<message ${ALICE} to='bob@low.example' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>`,
    `<message ${ALICE} to='bob@low.example' type='error'><body>x</body><error type='cancel'><a xmlns='x'/></error>text</message>`,
    `<message ${ALICE} to='bob@low.example' type='chat'><received xmlns='urn:xmpp:receipts' id='&#x9;'/></message>`,
    `<message ${ALICE} to='bob@low.example' type='chat'><active xmlns='http://jabber.org/protocol/chatstates'>x</active></message>`,
    `<message ${ALICE} to='bob@low.example' type='chat'><store xmlns='urn:xmpp:hints'/></message>`,
    `<presence ${ALICE} to='bob@low.example'><x xmlns='urn:example:x'/></presence>`,
    `<presence ${ALICE} to='bob@low.example' type='odd'/>`,
    `<iq ${ALICE} to='room@conference.low.example' id='z' type='result'/>`,
    `<iq ${ALICE} to='room@conference.low.example' id='z' type='odd'/>`,
    `<message from='room@conference.high.example/n' to='bob@low.example' type='groupchat'>${unlabelled}</message>`,
    `<message from='room@conference.high.example' to='bob@low.example'>${unlabelled}</message>`,
  ]
  for (const [i, xml] of silent.entries()) t.same(await answersTo(world, xml, `silent-${i}`), [], xml)
  t.same(
    world.guard.frames.filter(({ xml }) => xml.includes('SECRET-TEXT')),
    [],
    'nothing of it reached the guard',
  )
})

t.test('addresses beyond the boundary', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  const stream = await world.server.stream('high.example', 'low.example')
  for (const [i, to] of [
    'bob@elsewhere.example',
    'high.example',
    '@low.example',
    'bob@low.example/',
    'x@@low.example',
  ].entries()) {
    stream.write(message('beyond', `b${i}`).replace('bob@low.example', to))
    const answer = await world.server.find((xml) => xml.includes(`id="b${i}"`), 3000)
    t.match(answer?.xml, /from="low\.example".* type="error"><error type="cancel"><item-not-found /, to)
  }
  stream.write(message('beyond').replace('alice@high.example/x', 'a"b@high.example'))
  t.same(await answersTo(world, message('fine'), 'p2'), [])
  t.notOk(world.guard.frames.some(({ xml }) => xml.includes('beyond')))
})

t.test('queries to far servers and users are answered here', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  const ask = async (to: string, payload: string, id: string, type = 'get') => {
    await world.server.send(`<iq ${ALICE} to='${to}' id='${id}' type='${type}'>${payload}</iq>`)
    return (await world.server.find((xml) => xml.includes(`id="${id}"`), 3000))?.xml
  }
  const result = (id: string, inner: string, from = 'low.example') =>
    `<iq xmlns="jabber:server" from="${from}" id="${id}" to="alice@high.example/x" type="result">${inner}</iq>`
  t.equal(await ask('low.example', `<ping xmlns='urn:xmpp:ping'/>`, 'p'), result('p', ''))
  const service = 'conference.low.example'
  t.equal(await ask(service, `<ping xmlns='urn:xmpp:ping'/>`, 'cp'), result('cp', '', service))
  t.match(await ask(service, `<query xmlns='jabber:iq:version'/>`, 'cv'), /<name>XMPP<\/name>/)
  t.equal(
    await ask('low.example', `<query xmlns='jabber:iq:version'/>`, 'v'),
    result('v', '<query xmlns="jabber:iq:version"><name>XMPP</name><version>0</version></query>'),
  )
  t.equal(
    await ask('low.example', `<query xmlns='http://jabber.org/protocol/disco#items'/>`, 'i'),
    result(
      'i',
      '<query xmlns="http://jabber.org/protocol/disco#items"><item jid="conference.low.example"></item></query>',
    ),
  )
  t.match(
    await ask('low.example', `<query xmlns='http://jabber.org/protocol/disco#info'/>`, 'd'),
    /<identity category="server" type="im"><\/identity>.*<feature var="urn:xmpp:sec-label:0"><\/feature>/,
  )
  for (const [i, [to, payload, type]] of (
    [
      ['low.example', `<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>`, 'get'],
      ['low.example', `<vCard xmlns='vcard-temp'/>`, 'get'],
      ['low.example', `<ping xmlns='urn:xmpp:ping'/>`, 'set'],
      ['low.example', '', 'get'],
      ['low.example/x', `<ping xmlns='urn:xmpp:ping'/>`, 'get'],
      ['bob@low.example', `<query xmlns='http://jabber.org/protocol/disco#info'/>`, 'get'],
      ['bob@low.example/y', `<query xmlns='http://jabber.org/protocol/disco#info' node='caps#1'/>`, 'get'],
      [
        'bob@low.example',
        `<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'/></pubsub>`,
        'get',
      ],
      ['bob@low.example/y', `<jingle xmlns='urn:xmpp:jingle:1'/>`, 'set'],
    ] as const
  ).entries()) {
    t.match(
      await ask(to, payload, `u${i}`, type),
      /type="error"><error type="cancel"><service-unavailable /,
      `${to} ${payload}`,
    )
  }
  t.same(world.guard.frames, [], 'nothing of it reached the guard')
})

t.test('a query to a room crosses, and its answer once', async (t) => {
  const world = await startWorld({ limits: { iqSeconds: 1 } })
  t.teardown(world.close)
  const query = (id: string) =>
    `<iq ${ALICE} to='room@conference.low.example' id='${id}' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`
  const answer = (id: string, type = 'result') =>
    `<iq xmlns="jabber:server" from="room@conference.low.example" id="${id}" to="alice@high.example/x" type="${type}"></iq>`
  await world.server.send(query('r1'))
  t.ok(await world.guard.find((xml) => xml.includes('id="r1"')))
  world.release(answer('r0'))
  world.release(answer('r1'))
  world.release(answer('r1'))
  world.release(released('<body>after</body>', 'to="alice@high.example" type="chat"'))
  await world.server.find((xml) => xml.includes('after'), 3000)
  const came = world.server.received.filter(({ xml }) => xml.startsWith('<iq')).map(({ xml }) => xml)
  t.same(came, [answer('r1')], 'unasked and repeated answers are not delivered')
  t.match(await world.metrics(), /incoming_total\{outcome="iq-unasked"\} 2/)

  await world.server.send(query('r2'))
  const late = await world.server.find((xml) => xml.includes('id="r2"'), 4000)
  t.match(
    late?.xml,
    /from="room@conference\.low\.example".*<error type="wait"><remote-server-timeout /,
    'nobody answers',
  )
  world.release(answer('r2'))

  // The other way round.
  world.release(
    `<iq xmlns="jabber:server" from="bob@low.example/y" id="w1" to="room@conference.high.example" type="get"><query xmlns="http://jabber.org/protocol/disco#info"></query></iq>`,
  )
  t.ok(await world.server.find((xml) => xml.includes('id="w1"'), 3000))
  const reply = `<iq from='room@conference.high.example' id='w1' to='bob@low.example/y' type='result'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='conference' type='text' name='The Room'/><feature var='muc_public'/><feature var='http://jabber.org/protocol/muc'/><feature var='urn:example:unknown'/><x xmlns='jabber:x:data' type='result'/></query></iq>`
  await world.server.send(reply)
  const frame = await world.guard.find((xml) => xml.includes('id="w1"'))
  t.equal(
    frame?.xml,
    `<iq xmlns="jabber:server" from="room@conference.high.example" id="w1" to="bob@low.example/y" type="result"><query xmlns="http://jabber.org/protocol/disco#info"><identity category="conference" type="text"></identity><feature var="http://jabber.org/protocol/muc"></feature><feature var="muc_public"></feature></query></iq>`,
  )
  await world.server.send(reply)
  await world.server.send(message('behind'))
  await world.guard.find((xml) => xml.includes('behind'))
  t.equal(world.guard.frames.filter(({ xml }) => xml.includes('id="w1"')).length, 1)
  t.notOk(
    world.server.received.some(({ xml }) => xml.includes('id="r2"') && xml.includes('result')),
    'too late is unasked',
  )
})

t.test('a refusal of the guard is an alarm, and the sender hears of it', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  world.guard.verdict = ({ xml }) => !xml.includes('no-no')
  await world.server.send(message('no-no', 'g1'))
  t.match((await world.server.find((xml) => xml.includes('id="g1"'), 3000))?.xml, POLICY)
  await world.server.send(message('yes', 'g2'))
  t.ok(await world.guard.find((xml) => xml.includes('yes')))
  t.match(await world.metrics(), /sallyport_edge_guard_refusals_total 1\n/)
})

t.test('what the guard must not release is not delivered', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  const bad = [
    'no xml',
    released('<body>BAD</body>', 'to="alice@elsewhere.example"'),
    released('<body>BAD</body>', 'to="bob@low.example"'),
    released('<body>BAD</body>', ''),
    released('<body>BAD</body>', 'to="Alice@high.example"'),
    released('<body>BAD</body>', 'to="alice@high.example"').replace(
      'bob@low.example/y',
      'alice@high.example',
    ),
    released('<body>BAD</body>', 'to="alice@high.example"').replace('jabber:server', 'jabber:client'),
    released('<!-- BAD -->', 'to="alice@high.example"'),
    `${released('', 'to="alice@high.example"')}<message>BAD</message>`,
    '</stream:stream>',
  ]
  for (const xml of bad) world.release(xml)
  world.release(released('<body>good</body>', 'to="alice@high.example"'))
  await world.server.find((xml) => xml.includes('good'), 3000)
  t.equal(world.server.received.length, 1)
  t.ok(await until(() => world.answers.length === bad.length + 1))
  t.same(
    world.answers.map(({ accepted }) => accepted),
    [...bad.map(() => false), true],
  )
  t.equal(world.log.filter(({ level }) => level === 'error').length, bad.length)
  t.notOk(JSON.stringify(world.log).includes('BAD'), 'no content in the log')
})

t.test('a number that was seen is confirmed and dropped', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  const send = (generation: number, count: number, marker: string) =>
    world.release(released(`<body>${marker}</body>`, 'to="alice@high.example"'), { generation, count })
  send(3, 7, 'one')
  send(3, 7, 'one')
  send(3, 6, 'older')
  send(2, 99, 'former-generation')
  send(3, 9, 'gap')
  send(4, 1, 'next-generation')
  await world.server.find((xml) => xml.includes('next-generation'), 3000)
  t.same(
    world.server.received.map(({ xml }) => /<body>(.*)<\/body>/.exec(xml)![1]),
    ['one', 'gap', 'next-generation'],
  )
  t.ok(await until(() => world.answers.length === 6))
  t.ok(world.answers.every(({ accepted }) => accepted))

  send(3, 7, 'other words')
  t.ok(await until(() => world.answers.length === 7))
  t.equal(world.answers.at(-1)?.accepted, false, 'a number that comes with something else is an alarm')
  t.match(world.log.at(-1), {
    level: 'error',
    message: /^stanza 3\.7 came again with other content.* run "sallyport edge restored" there/,
  })
  t.match(await world.metrics(), /incoming_total\{outcome="reused"\} 1/)
  t.equal(world.server.received.length, 3)
})

t.test('while the guard is away nothing is lost, and reading stops when the queue is full', async (t) => {
  const world = await startWorld({ limits: { queueStanzas: 64 } })
  t.teardown(world.close)
  await world.server.send(message('first'))
  t.ok(await world.guard.find((xml) => xml.includes('first')))
  world.guard.stop()
  await until(() => world.log.some(({ message }) => message.startsWith('GCXP')))
  const stream = await world.server.stream('high.example', 'low.example')
  const count = 20_000
  for (let i = 0; i < count; i++) stream.write(message(`n-${i}`))
  await until(() => false, 700)
  const page = await world.metrics()
  const waiting = Number(/queue\{queue="outgoing"\} (\d+)/.exec(page)![1])
  const taken = Number(/stanzas_total\{direction="out"\} (\d+)/.exec(page)![1])
  t.ok(waiting >= 32 && waiting < 1000, `${waiting} wait in the edge`)
  t.ok(taken < 3000, `${taken} were read of ${count}`)
  t.match(await (await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)).json(), {
    ready: false,
    missing: [
      /^incoming guard: /,
      /^outgoing guard: GCXP to 127\.0\.0\.1:[0-9]+ .*: (nobody listens there|the peer)/,
    ],
    notes: [/^the outgoing queue is full/],
  })

  await world.guard.start()
  t.ok(await world.guard.find((xml) => xml.includes(`n-${count - 1}<`), 15_000))
  // What was not answered comes again with the same number.
  const unique = [...new Map(world.guard.frames.map((frame) => [frame.number.count, frame])).values()]
  t.strictSame(
    unique.map(({ xml }) => /<body>(.*)<\/body>/.exec(xml)![1]),
    ['first', ...Array.from({ length: count }, (_, i) => `n-${i}`)],
    'all of them, once, in order',
  )
})

t.test('while an own server is away nothing is lost, and the guard waits', async (t) => {
  const world = await startWorld({ limits: { queueStanzas: 64 } })
  t.teardown(world.close)
  world.release(released('<body>before</body>', 'to="alice@high.example"'))
  await world.server.find((xml) => xml.includes('before'), 3000)
  t.ok(await untilPage(world, /queue\{queue="delivery"\} 0\n/), 'it is acknowledged')
  const { startDomain } = await import('../peer/domain.ts')
  const { port } = world.server
  await world.server.close()
  for (let i = 0; i < 500; i++) world.release(released(`<body>n-${i}</body>`, 'to="alice@high.example"'))
  await until(() => false, 300)
  t.ok(world.answers.length < 300, `${world.answers.length} of 501 were confirmed`)
  const { issue } = await import('../pki/pki.ts')
  const back = await startDomain({
    domains: ['high.example'],
    credentials: await issue(world.ca, { dns: ['high.example'] }),
    ca: world.ca.certificate,
    route: () => ({ host: '127.0.0.1', port: world.edge.s2sPort }),
    port,
  })
  t.teardown(back.close)
  t.ok(await back.find((xml) => xml.includes('n-499<'), 8000))
  const bodies = back.received.map(({ xml }) => /<body>(.*)<\/body>/.exec(xml)![1])
  t.strictSame(
    bodies,
    Array.from({ length: 500 }, (_, i) => `n-${i}`),
  )
  t.ok(await until(() => world.answers.length === 501))
})

t.test('the page of metrics has closed labels and the health of the edge', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  await until(() => world.log.some(({ message }) => message === 'outgoing guard connected'))
  const early = await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)
  t.equal(early.status, 503)
  t.match(await early.json(), {
    ready: false,
    missing: [/^incoming guard: nobody has connected to 127\.0\.0\.1:0 yet: start the guard/],
  })
  await world.server.send(message('m'))
  world.release(released('<body>x</body>', 'to="alice@high.example"'))
  await world.server.find((xml) => xml.includes('<body>x'), 3000)
  const health = await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)
  t.equal(health.status, 200)
  t.same(await health.json(), { ready: true, missing: [], notes: [] })
  t.ok(await untilPage(world, /latency_seconds_count\{step="delivered"\} 1\n/), 'acknowledged')
  const page = await world.metrics()
  t.match(
    page,
    /sallyport_edge_info\{name="edge-high",side="high",bundle_out="[0-9a-f]{64}",bundle_in="[0-9a-f]{64}"\} 1/,
  )
  t.match(page, /sallyport_edge_streams\{direction="inbound",state="open"\} 1\n/)
  t.match(page, /sallyport_edge_streams\{direction="outbound",state="open"\} 1\n/)
  t.match(
    page,
    /sallyport_edge_certificate_days\{certificate="low\.example"\} 2[0-9]\.|sallyport_edge_certificate_days\{certificate="low\.example"\} 30/,
  )
  t.match(page, /sallyport_edge_latency_seconds_count\{step="answered"\} 1\n/)
  t.notMatch(page, /alice|bob@/, 'no address in a label')
  t.equal((await fetch(`http://127.0.0.1:${world.edge.metricsPort}/`)).status, 404)
  t.equal((await fetch(`http://127.0.0.1:${world.edge.metricsPort}/metrics`, { method: 'POST' })).status, 404)
})

t.test('an edge that is stopped in order leaves nothing to be sent again', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  world.release(released('<body>once</body>', 'id="f1" to="alice@high.example/x" type="chat"'))
  t.ok(await world.server.find((xml) => xml.includes('once'), 3000))
  await world.restart()
  world.release(released('<body>later</body>', 'id="f2" to="alice@high.example/x" type="chat"'), {
    generation: 1,
    count: 2,
  })
  t.ok(await world.server.find((xml) => xml.includes('later'), 5000))
  t.equal(world.server.received.filter(({ xml }) => xml.includes('once')).length, 1)
})
