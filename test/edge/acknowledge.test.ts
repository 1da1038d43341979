/** What a server has acknowledged is settled, and nothing else: by stream management (XEP-0198) and by pings (XEP-0199). */
import t from 'tap'
import { createBarriers } from '../../edge/outbound/barriers.ts'
import type { Delivery } from '../../edge/outbound/delivery.ts'
import { createLinks } from '../../edge/outbound/links.ts'
import { streamTls } from '../../edge/tls-ext/index.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { issue, makeCa } from '../pki/pki.ts'
import { linkOptions } from './link-options.ts'
import { led } from './manners.ts'
import { type OwnServerOptions, startOwnServer } from './own-server.ts'
import type { Raw } from './raw.ts'
import { trustIn } from './trust.ts'
import { until } from './world.ts'

const ca = await makeCa('High')
const edgeCredentials = await issue(ca, { dns: ['low.example'] })
const credentials = await issue(ca, { dns: ['high.example', 'conference.high.example'] })
const other = await issue(ca, { dns: ['other.example'] })
const SM = `<sm xmlns='urn:xmpp:sm:3'/>`
const OWN = new Set(['high.example'])

type Test = Readonly<{ teardown(work: () => void): void }>
type Checks = Readonly<{ notMatch(text: string, part: string, says: string): unknown }>
type Options = Parameters<typeof createLinks>[0]

const route = (domain: string, port: number) =>
  ({ domain, host: '127.0.0.1', port, tls: 'starttls', priority: 0, weight: 0 }) as const

async function start(
  t: Test,
  offer: Partial<OwnServerOptions> = {},
  { routes = [], ...more }: Partial<Options> = {},
  clocks: Partial<Options['clocks']> = {},
) {
  const server = await startOwnServer({ credentials, ca: ca.certificate, ...offer })
  const states: string[] = []
  const settled: string[] = []
  const barriers = createBarriers()
  const links = createLinks({
    own: ['high.example', 'conference.high.example', 'other.example'],
    ...linkOptions(states),
    routes: [route('high.example', server.port), ...routes],
    tls: streamTls({
      certificates: [{ domains: ['low.example'], ...edgeCredentials }],
      trust: trustIn(['high.example', 'conference.high.example', 'other.example'], ca),
    }),
    handshakeMs: 5000,
    clocks: { idleMs: 60_000, acknowledgeMs: 60_000, ...clocks },
    manners: led(),
    barriers,
    ...more,
  })
  t.teardown(() => {
    links.close()
    server.close()
  })
  const item = (stanza: string): Delivery => ({
    stanza,
    at: performance.now(),
    settled: (outcome) => void settled.push(`${outcome} ${/id="([^"]*)"/.exec(stanza)?.[1]}`),
  })
  const send = (...stanzas: string[]) =>
    stanzas.map((stanza) => links.deliver('low.example', 'high.example', item(stanza)))
  return { server, links, barriers, states, settled, send, item }
}

const message = (id: string, inner = '') =>
  `<message xmlns="jabber:server" from="bob@low.example" id="${id}" to="alice@high.example"><body>x</body>${inner}</message>`
const iq = (type: string, id: string) =>
  `<iq xmlns="jabber:server" from="bob@low.example" id="${id}" to="alice@high.example" type="${type}"></iq>`
const DELAY =
  /<delay xmlns="urn:xmpp:delay" from="low\.example" stamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"><\/delay><\/message>$/

/** The token of the last ping on a stream, once it is there. */
async function ping(raw: Raw): Promise<string> {
  await raw.until('<ping xmlns="urn:xmpp:ping"></ping></iq>')
  return [...raw.text.matchAll(/id="(sp-[0-9a-f]{32})" to="high\.example" type="get"><ping/g)].at(-1)![1]!
}

const answer = (id: string, type = 'result', from = 'high.example', to = 'low.example') =>
  parseText(`<iq xmlns="jabber:server" from="${from}" id="${id}" to="${to}" type="${type}"></iq>`, {
    stanzaBytes: 10_000,
    depth: 9,
  }) as XmlElement

async function manage(t: Checks, raw: Raw): Promise<void> {
  await raw.until(`<enable xmlns='urn:xmpp:sm:3'/>`)
  t.notMatch(raw.text, '<message', 'no stanza before it is agreed upon')
  raw.write(`<enabled xmlns='urn:xmpp:sm:3'/>`)
  raw.text = ''
}

t.test('by stream management', async (t) => {
  const { server, links, settled, send } = await start(t, { offer: `<sm xmlns='urn:xmpp:sm:2'/>${SM}` })
  send(message('1'), message('2'), message('3'))
  const first = await server.next()
  await manage(t, first)
  await first.until(`<r xmlns='urn:xmpp:sm:3'/>`)
  t.match(first.text, /id="1".*id="2".*id="3".*<r /)
  t.same([settled, links.size()], [[], 3], 'what was written is not settled')
  first.write(`<a xmlns='urn:xmpp:sm:3' h='2'/>`)
  t.ok(await until(() => settled.length === 2))
  first.socket.destroy()
  const second = await server.next()
  await manage(t, second)
  await second.until('</message>')
  t.match(second.text, /^<message [^>]*id="3".*<\/message>/, 'the rest is sent again')
  t.match(second.text.replace(/<r .*/, ''), DELAY, 'marked')
  t.same(settled, ['sent 1', 'sent 2'])
  second.write(`<a xmlns='urn:xmpp:sm:3' h='1'/>`)
  t.ok(await until(() => links.size() === 0))
  t.same(settled, ['sent 1', 'sent 2', 'sent 3'])
  send(message('4'))
  await second.until('id="4"')
  second.write(`<a xmlns='urn:xmpp:sm:3' h='9'/>`)
  t.match(
    await second.end(),
    /<a xmlns='urn:xmpp:sm:3' h='0'\/><stream:error><undefined-condition [^>]*\/><handled-count-too-high xmlns='urn:xmpp:sm:3' h='9' send-count='2'\/><\/stream:error><\/stream:stream>$/,
  )
  const third = await server.next()
  await manage(t, third)
  await third.until('id="4"')
})

t.test('a server is asked at once after many stanzas, and with one question at a time', async (t) => {
  const { server, settled, send } = await start(t, { offer: SM })
  send(...Array.from({ length: 250 }, (_, i) => message(`${i}`)))
  const raw = await server.next()
  await manage(t, raw)
  await raw.until('id="249"')
  await raw.until('<r ')
  await until(() => false, 500)
  t.equal(raw.text.match(/<r /g)?.length, 1)
  raw.write(`<a xmlns='urn:xmpp:sm:3' h='100'/>`)
  t.ok(await until(() => raw.text.match(/<r /g)?.length === 2), 'again for the rest')
  t.equal(settled.length, 100)
})

t.test(
  'a server that offers it and does not agree is asked by pings; another word ends the stream',
  async (t) => {
    const { server, states, send } = await start(t, { offer: SM })
    send(message('1'))
    const raw = await server.next()
    await raw.until('<enable')
    raw.write(`<failed xmlns='urn:xmpp:sm:3'/>`)
    await ping(raw)
    raw.write(`<r xmlns='urn:xmpp:sm:3'/>`)
    t.match(await raw.end(), /<unsupported-stanza-type /)
    t.ok(states.some((state) => state.includes('not agreed upon')))
  },
)

t.test('by pings, whose answer counts from the server that was asked alone', async (t) => {
  const { server, links, barriers, settled, send } = await start(t)
  send(message('1'), message('2'))
  const raw = await server.next()
  const token = await ping(raw)
  t.match(raw.text, /id="1".*id="2".*<ping/)
  send(message('3'))
  await raw.until('id="3"')
  await until(() => false, 300)
  t.equal(raw.text.match(/<ping/g)?.length, 1, 'one at a time')
  for (const [name, proven, stanza] of [
    ['another token', OWN, answer(`sp-${'0'.repeat(32)}`)],
    ['a longer one', OWN, answer(`${token}0`)],
    ['a question', OWN, answer(token, 'get')],
    ['another domain', OWN, answer(token, 'result', 'conference.high.example')],
    ['a user of it', OWN, answer(token, 'result', 'mallory@high.example')],
    ['a resource of it', OWN, answer(token, 'result', 'high.example/x')],
    ['another recipient', OWN, answer(token, 'result', 'high.example', 'bob@low.example')],
    ['a stream that may not bring it', new Set(['other.example']), answer(token)],
  ] as const) {
    t.notOk(barriers.take(proven, stanza), name)
  }
  t.same(settled, [])
  t.ok(barriers.take(OWN, answer(token, 'error')), 'an error is as good')
  t.same([settled, links.size()], [['sent 1', 'sent 2'], 1], 'what went before it, and no more')
  t.notOk(barriers.take(OWN, answer(token)), 'once')
  raw.text = ''
  t.ok(barriers.take(OWN, answer(await ping(raw))))
  t.equal(links.size(), 0)
  send(message('4'))
  raw.text = ''
  const late = await ping(raw)
  raw.socket.destroy()
  await server.next()
  t.ok(barriers.take(OWN, answer(late)), 'a late answer is taken out')
  t.equal(settled.length, 3, 'and says nothing of what a former stream had')
})

t.test('what is sent again, and how', async (t) => {
  const { server, links, settled, send } = await start(t)
  const delayed = `<delay xmlns="urn:xmpp:delay" from="low.example" stamp="2020-01-01T00:00:00Z"></delay>`
  send(
    message('m'),
    message('d', delayed),
    `<presence xmlns="jabber:server" from="bob@low.example" id="p" to="alice@high.example"></presence>`,
    iq('get', 'g'),
    iq('set', 's'),
    iq('result', 'r'),
    iq('error', 'e'),
  )
  const first = await server.next()
  await ping(first)
  first.socket.destroy()
  const second = await server.next()
  await ping(second)
  t.match(
    second.text,
    /id="m"[^>]*><body>x<\/body><delay xmlns="urn:xmpp:delay" from="low\.example" stamp="20[3-9]?[0-9]+-/,
  )
  t.match(second.text, message('d', delayed), 'a stamp that is there stays the only one')
  t.match(second.text, /id="p"[^>]*><delay [^>]*><\/delay><\/presence>/)
  for (const unchanged of [iq('get', 'g'), iq('result', 'r'), iq('error', 'e')])
    t.match(second.text, unchanged)
  t.notMatch(second.text, /id="s"/, 'what may have been done is not asked for twice')
  t.same(settled, ['expired s'], 'and whoever asked is told')
  second.socket.destroy()
  const third = await server.next()
  await ping(third)
  t.equal(third.text.match(/<delay /g)?.length, 3, 'the third time has no second stamp')
  t.equal(links.size(), 6)
})

t.test('what may have been sent before the edge started is marked from the beginning', async (t) => {
  const { server, links, settled, item } = await start(t)
  const again = (stanza: string) =>
    links.deliver('low.example', 'high.example', {
      ...item(stanza),
      at: performance.now() - 90_000,
      repeated: true,
    })
  again(message('1'))
  again(iq('set', '2'))
  const raw = await server.next()
  await ping(raw)
  const stamp = Date.parse(/stamp="([^"]*)"/.exec(raw.text)![1]!)
  t.ok(Math.abs(Date.now() - 90_000 - stamp) < 10_000, 'with the time at which it first came')
  t.same(settled, ['expired 2'])
})

t.test('a server that gives no sign is left, but not while nobody listens to it', async (t) => {
  let held = true
  const { server, barriers, states, send } = await start(
    t,
    {},
    { isHeldFrom: () => held },
    { acknowledgeMs: 300 },
  )
  send(message('1'))
  const first = await server.next()
  await ping(first)
  await until(() => false, 1200)
  t.notOk(first.socket.destroyed)
  held = false
  t.match(await first.end(), /<stream:error><connection-timeout /)
  t.match(
    states.at(-1),
    /^waiting: connection-timeout: the server answers no ping: it must be able to reach this edge/,
  )
  const second = await server.next()
  await ping(second)
  t.match(await second.end(), /<connection-timeout /)
  t.notMatch(second.text, '<message', 'nothing is sent again before it has given a sign')
  const third = await server.next()
  t.ok(barriers.take(OWN, answer(await ping(third))))
  await third.until('<delay ')
})

t.test('a silent stream is asked for a sign, and one without use is closed and opened again', async (t) => {
  const probed = await start(t, { offer: SM }, {}, { acknowledgeMs: 300 })
  probed.send(message('1'))
  const silent = await probed.server.next()
  await manage(t, silent)
  await silent.until('<r ')
  silent.write(`<a xmlns='urn:xmpp:sm:3' h='1'/>`)
  t.ok(await until(() => probed.links.size() === 0))
  silent.text = ''
  await silent.until('<r ')
  t.match(await silent.end(), /<connection-timeout /, 'half open')

  const { server, links, states, send } = await start(t, { offer: SM }, {}, { idleMs: 700 })
  send(message('1'))
  const first = await server.next()
  await manage(t, first)
  await first.until('id="1"')
  await until(() => false, 1500)
  t.notMatch(first.text, '</stream:stream>', 'not while something is not acknowledged')
  first.write(`<a xmlns='urn:xmpp:sm:3' h='1'/>`)
  await first.until(`<a xmlns='urn:xmpp:sm:3' h='0'/></stream:stream>`)
  t.equal(states.at(-1), 'idle: nothing was sent for long')
  first.write('</stream:stream>')
  await first.end()
  send(message('2'))
  const second = await server.next()
  await manage(t, second)
  await second.until('id="2"')
  t.notMatch(second.text, '<delay')
  t.equal(links.size(), 1)
})

t.test('without acknowledgement what the system has is settled, and nothing is asked', async (t) => {
  const { server, links, settled, send } = await start(
    t,
    { offer: SM },
    { manners: led({ acknowledge: 'none' }) },
    { acknowledgeMs: 300 },
  )
  send(message('1'))
  const raw = await server.next()
  await raw.until('id="1"')
  t.ok(await until(() => settled.length === 1 && links.size() === 0))
  await until(() => false, 1000)
  t.notMatch(raw.text, /<enable|<r |<ping/)
  t.notOk(raw.socket.destroyed)
})

t.test('what is not acknowledged is bounded, in stanzas and in octets', async (t) => {
  const small = await start(t)
  small.send(...Array.from({ length: 3000 }, (_, i) => message(`${i}`)))
  const raw = await small.server.next()
  const token = await ping(raw)
  await until(() => false, 300)
  const sent = raw.text.match(/<message/g)!.length
  t.ok(sent >= 1000 && sent < 1500, `${sent} stanzas`)
  small.barriers.take(OWN, answer(token))
  t.ok(await until(() => raw.text.match(/<message/g)!.length > sent), 'it goes on')

  const large = await start(t)
  large.send(...Array.from({ length: 100 }, (_, i) => message(`${i}`, `<x>${'y'.repeat(20_000)}</x>`)))
  const wide = await large.server.next()
  await ping(wide)
  await until(() => false, 300)
  const octets = wide.text.length
  t.ok(octets > 200_000 && octets < 400_000, `${octets} octets`)
})

t.test('a server that stops reading costs bounded memory, and the others nothing', async (t) => {
  const flowing = await startOwnServer({ credentials: other, ca: ca.certificate, domain: 'other.example' })
  t.teardown(flowing.close)
  const { server, links, barriers, send, item } = await start(
    t,
    {},
    { routes: [route('other.example', flowing.port)] },
  )
  const sendOther = (id: string) => links.deliver('low.example', 'other.example', item(message(id)))
  send(message('first'))
  const deaf = await server.next()
  await deaf.until('id="first"')
  deaf.socket.pause()
  const before = process.memoryUsage().rss
  let taken = 0
  const text = 'z'.repeat(10_000)
  const large = () => send(message(`s${taken}`, `<x>${text}${taken}</x>`))[0]
  while (taken < 10_000 && large()) {
    taken++
    if (taken % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(taken < 1500, `${taken} of 10000 are taken`)
  sendOther('o-first')
  const raw = await flowing.next()
  for (let i = 0; i < 2000; i++) {
    sendOther(`o${i}`)
    if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const done = await until(() => {
    const token = [...raw.text.matchAll(/id="(sp-[0-9a-f]{32})"/g)].at(-1)?.[1]
    if (token !== undefined)
      barriers.take(new Set(['other.example']), answer(token, 'result', 'other.example'))
    return raw.text.includes('id="o1999"')
  }, 10_000)
  t.ok(done, 'the other pair gets all of its own')
  const grown = (process.memoryUsage().rss - before) / 1_000_000
  t.ok(grown < 150, `${grown.toFixed()} MB more`)
})
