/** What streams of servers can do beyond stanzas: stream management as the receiving entity, and both ways on one stream. */
import t from 'tap'
import { issue } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import { startOwnServer } from './own-server.ts'
import { auth, connectOpen, connectSecure, header, type Raw } from './raw.ts'
import { OWN, startWorld, until, type World } from './world.ts'

const SM = 'urn:xmpp:sm:3'
const BIDI = `<bidi xmlns='urn:xmpp:bidi'/>`
const message = (marker: string, from = 'alice@high.example/x', to = 'bob@low.example') =>
  `<message from='${from}' to='${to}' type='chat' id='${marker}'><body>${marker}</body>${essLabel()}</message>`
const released = (marker: string, to = 'alice@high.example/x') =>
  `<message xmlns="jabber:server" from="bob@low.example/y" id="${marker}" to="${to}" type="chat"><body>${marker}</body></message>`

t.test('stream management as the receiving entity', async (t) => {
  const world = await startWorld({ limits: { acknowledgeSeconds: 1, hardOctets: 300_000 } })
  t.teardown(world.close)
  const own = await issue(world.ca, { dns: OWN })
  const raw = await connectOpen(world.edge.s2sPort, world.ca.certificate, own)
  raw.write(message('uncounted'))
  raw.write(`<enable xmlns='${SM}' resume='true'/>`)
  await raw.until(`<enabled xmlns='${SM}'/>`)
  raw.write(message('one') + message('two'))
  raw.write(
    `<message from='alice@high.example/x' to='bob@low.example' id='big'>${'x'.repeat(200_000)}</message>`,
  )
  raw.write(`<r xmlns='${SM}'/>`)
  await raw.until(`<a xmlns='${SM}' h='3'/>`)
  t.pass('refused ones count too')
  raw.write(Array.from({ length: 70 }, (_, i) => message(`m${i}`)).join(''))
  await raw.until(`<a xmlns='${SM}' h='67'/>`)
  t.pass('unasked after many')
  raw.write(`<resume xmlns='${SM}' previd='x' h='0'/>`)
  await raw.until(`<failed xmlns='${SM}'><item-not-found `)
  raw.text = ''
  await raw.until(`<r xmlns='${SM}'/>`)
  raw.write(`<a xmlns='${SM}' h='0'/>`)
  raw.text = ''
  await raw.until(`<r xmlns='${SM}'/>`)
  t.pass('a silent peer is asked for a sign, again after it gave one')
  t.match(
    await raw.end(),
    new RegExp(
      `<a xmlns='${SM}' h='73'/><stream:error><connection-timeout [^>]*/></stream:error></stream:stream>$`,
    ),
    'and is left without, after a last word',
  )
  const closed = await connectOpen(world.edge.s2sPort, world.ca.certificate, own)
  closed.write(`<enable xmlns='${SM}'/>${message('last')}</stream:stream>`)
  t.equal(await closed.end(), `<enabled xmlns='${SM}'/><a xmlns='${SM}' h='1'/></stream:stream>`)
  const liar = await connectOpen(world.edge.s2sPort, world.ca.certificate, own)
  liar.write(`<enable xmlns='${SM}'/><a xmlns='${SM}' h='1'/>`)
  t.match(
    await liar.end(),
    /<undefined-condition [^>]*\/><handled-count-too-high [^>]*h='1' send-count='0'\/>/,
  )
})

t.test('who asks and does not read the answers loses the stream', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  const raw = await connectOpen(world.edge.s2sPort, world.ca.certificate, await issue(world.ca, { dns: OWN }))
  raw.write(`<enable xmlns='${SM}'/>`)
  raw.socket.pause()
  const questions = `<r xmlns='${SM}'/>`.repeat(2000)
  let ended = false
  raw.socket.on('error', () => {})
  for (let i = 0; i < 400 && !ended; i++) {
    raw.write(questions)
    await new Promise((resolve) => setTimeout(resolve, 5))
    ended = world.log.some(({ fields }) => JSON.stringify(fields).includes('does not read its answers'))
  }
  t.ok(ended)
  raw.socket.destroy()
})

t.test('a stream without use is closed, and what comes until the peer closes it too counts', async (t) => {
  const world = await startWorld({ limits: { idleSeconds: 1 } })
  t.teardown(world.close)
  const own = await issue(world.ca, { dns: OWN })
  const raw = await connectOpen(world.edge.s2sPort, world.ca.certificate, own)
  await raw.until('</stream:stream>')
  raw.write(`${message('on-its-way')}</stream:stream>`)
  t.equal(await raw.end(), '</stream:stream>')
  t.ok(await world.guard.find((xml) => xml.includes('on-its-way')))
  const deaf = await connectOpen(world.edge.s2sPort, world.ca.certificate, own)
  await deaf.until('</stream:stream>')
  t.match(await deaf.end(8000), '</stream:stream>', 'one that is not closed in return goes all the same')
})

/** A stream of high.example that goes both ways. */
async function connectBoth(world: World, dns = OWN): Promise<Raw> {
  const raw = await connectSecure(world.edge.s2sPort, world.ca.certificate, await issue(world.ca, { dns }))
  raw.write(header())
  await raw.until(`<bidi xmlns='urn:xmpp:features:bidi'/></stream:features>`)
  raw.write(BIDI + auth('high.example'))
  await raw.until('<success')
  raw.text = ''
  raw.write(header())
  await raw.until('</stream:features>')
  raw.text = ''
  return raw
}

t.test('a stream that a server opened goes both ways, where it is configured and asked for', async (t) => {
  const world = await startWorld({
    s2s: () => ({ peers: [{ domain: 'high.example', bidirectional: true }] }),
  })
  t.teardown(world.close)
  const raw = await connectBoth(world)
  raw.write(`<enable xmlns='${SM}'/>`)
  await raw.until('<enabled')
  world.release(released('back-1'))
  await raw.until('back-1')
  t.equal(world.server.received.length, 0, 'no other stream is opened')
  await raw.until(`<r xmlns='${SM}'/>`)
  t.match(await world.metrics(), /queue\{queue="delivery"\} 1\n/)
  raw.write(`<a xmlns='${SM}' h='1'/>`)
  for (let i = 0; i < 40 && !/queue="delivery"\} 0\n/.test(await world.metrics()); i++)
    await until(() => false, 50)
  t.match(await world.metrics(), /queue\{queue="delivery"\} 0\n/, 'acknowledged')
  raw.write(message('forth'))
  t.ok(await world.guard.find((xml) => xml.includes('forth')))
  world.release(released('back-2'))
  await raw.until('back-2')
  raw.socket.destroy()
  const again = await world.server.find((xml) => xml.includes('back-2'), 4000)
  t.match(again?.xml, '<delay ', 'what was not acknowledged goes on a stream of ours')

  const other = await startWorld({
    s2s: () => ({ peers: [{ domain: 'conference.high.example', bidirectional: true }] }),
  })
  t.teardown(other.close)
  const refused = await connectSecure(
    other.edge.s2sPort,
    other.ca.certificate,
    await issue(other.ca, { dns: OWN }),
  )
  refused.write(header())
  t.notMatch(await refused.until('</stream:features>'), 'bidi', 'not offered')
  refused.write(BIDI + auth('high.example'))
  t.match(await refused.end(), /<stream:error>/, 'nor taken')
})

t.test('without stream management pings are answered on the same stream', async (t) => {
  const world = await startWorld({
    s2s: () => ({ peers: [{ domain: 'high.example', bidirectional: true }] }),
  })
  t.teardown(world.close)
  const raw = await connectBoth(world)
  await until(() => false, 1600)
  world.release(released('back-1'))
  await raw.until('<ping ')
  const id = /id="(sp-[0-9a-f]{32})"/.exec(raw.text)![1]
  t.match(await world.metrics(), /queue\{queue="delivery"\} 1\n/)
  raw.write(`<iq from='high.example' to='low.example' id='${id}' type='result'/>`)
  for (let i = 0; i < 40 && !/queue="delivery"\} 0\n/.test(await world.metrics()); i++)
    await until(() => false, 50)
  const page = await world.metrics()
  t.match(page, /queue\{queue="delivery"\} 0\n/)
  t.match(page, /refused_total\{reason="iq-unasked"\} 0\n/)
  t.notMatch(page, /stanzas_total\{direction="out"\} [1-9]/, 'the answer is no stanza of anybody')
})

t.test('what comes back on a stream of ours is held to what the certificate proves', async (t) => {
  const world = await startWorld({
    s2s: () => ({ peers: [{ domain: 'high.example', bidirectional: true }] }),
  })
  t.teardown(world.close)
  const { port } = world.server
  await world.server.close()
  const server = await startOwnServer({
    credentials: await issue(world.ca, { dns: ['high.example'] }),
    ca: world.ca.certificate,
    port,
    before: `<bidi xmlns='urn:xmpp:features:bidi'/>`,
    offer: `<sm xmlns='${SM}'/>`,
  })
  t.teardown(server.close)
  world.release(released('out-1'))
  const raw = await server.next()
  t.match(server.said.at(-1), `${BIDI}<auth `, 'asked for before authentication')
  await raw.until('<enable ')
  raw.write(`<enabled xmlns='${SM}'/>`)
  await raw.until('out-1')
  raw.write(`${message('back-1')}<r xmlns='${SM}'/>`)
  t.ok(await world.guard.find((xml) => xml.includes('back-1')))
  await raw.until(`<a xmlns='${SM}' h='1'/>`)
  raw.write(
    `<message from='alice@high.example/x' to='bob@low.example' id='big'>${'x'.repeat(200_000)}</message>`,
  )
  await raw.until('id="big"')
  t.match(raw.text, /<policy-violation /, 'a refusal is told on the same stream')
  raw.write(message('forged', 'room@conference.high.example/n'))
  t.match(await raw.end(), /<invalid-from /, 'a domain that this certificate does not prove')
  t.notOk(world.guard.frames.some(({ xml }) => xml.includes('forged')))
})

t.test('nothing comes back on a stream for which it was not agreed', async (t) => {
  const world = await startWorld()
  t.teardown(world.close)
  const { port } = world.server
  await world.server.close()
  const server = await startOwnServer({
    credentials: await issue(world.ca, { dns: OWN }),
    ca: world.ca.certificate,
    port,
    before: `<bidi xmlns='urn:xmpp:features:bidi'/>`,
  })
  t.teardown(server.close)
  world.release(released('out-1'))
  const raw = await server.next()
  t.notMatch(server.said.at(-1), 'bidi')
  await raw.until('out-1')
  raw.write(message('back-1'))
  t.match(await raw.end(), /<policy-violation /)
  t.notOk(world.guard.frames.some(({ xml }) => xml.includes('back-1')))
})
