/** Several servers of one own domain: which one has the stream, what happens when it goes and when a better one comes back. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t from 'tap'
import { createLinks, type Links } from '../../edge/outbound/links.ts'
import type { Names, Route } from '../../edge/outbound/route.ts'
import { streamTls } from '../../edge/tls-ext/index.ts'
import { type DomainOptions, type PeerDomain, startDomain } from '../peer/domain.ts'
import { issue, makeCa } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import { linkOptions } from './link-options.ts'
import { trustIn } from './trust.ts'
import { OWN, startWorld, until as within } from './world.ts'

/** A busy machine is slow. */
const until = (condition: () => boolean) => within(condition, 10_000)

const ca = await makeCa('High')
const certificates = [{ domains: ['low.example'], ...(await issue(ca, { dns: ['low.example'] })) }]
const own = await issue(ca, { dns: ['high.example'] })

function server(more: Partial<DomainOptions> = {}): Promise<PeerDomain> {
  const nowhere = { host: '127.0.0.1', port: 1 }
  return startDomain({
    domains: ['high.example'],
    credentials: own,
    ca: ca.certificate,
    route: () => nowhere,
    ...more,
  })
}

const route = (port: number, priority = 0, more: Partial<Route> = {}): Route => ({
  domain: 'high.example',
  host: '127.0.0.1',
  port,
  tls: 'starttls',
  priority,
  weight: 0,
  ...more,
})

type World = Readonly<{
  links: Links
  states: string[]
  settled: Map<string, string>
  send(marker: string): void
}>

function linksTo(routes: readonly Route[], more: Partial<Parameters<typeof createLinks>[0]> = {}): World {
  const states: string[] = []
  const settled = new Map<string, string>()
  const links = createLinks({
    own: ['high.example'],
    ...linkOptions(states),
    routes,
    failBackMs: 100,
    tls: streamTls({ certificates, trust: trustIn(['high.example'], ca) }),
    ...more,
  })
  return {
    links,
    states,
    settled,
    send(marker) {
      const stanza = `<message from='a@low.example' to='b@high.example'><body>${marker}</body></message>`
      links.deliver('low.example', 'high.example', {
        stanza,
        at: performance.now(),
        settled: (outcome) => void settled.set(marker, outcome),
      })
    },
  }
}

const bodies = ({ received }: PeerDomain) => received.map(({ xml }) => /<body>(.*)<\/body>/.exec(xml)![1]!)

t.test('direct TLS where a route says so, and where SRV does', async (t) => {
  const direct = await server({ direct: true })
  t.teardown(direct.close)
  const routed = linksTo([route(direct.port, 0, { tls: 'direct' })])
  t.teardown(routed.links.close)
  routed.send('by-route')
  t.ok(await until(() => bodies(direct).includes('by-route')))

  const names: Names = {
    resolveSrv: async (name) =>
      name === '_xmpps-server._tcp.high.example'
        ? [{ name: 'server.high.example', port: direct.port, priority: 0, weight: 0 }]
        : Promise.reject(Object.assign(new Error(), { code: 'ENODATA' })),
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
  }
  const found = linksTo([], { names })
  t.teardown(found.links.close)
  found.send('by-srv')
  t.ok(await until(() => bodies(direct).includes('by-srv')))

  const plain = await server()
  t.teardown(plain.close)
  const wrong = linksTo([route(plain.port, 0, { tls: 'direct' })])
  t.teardown(wrong.links.close)
  // Some octets of a ClientHello break its reader; to others it listens on.
  wrong.send('to the wrong port')
  t.ok(
    await until(() =>
      wrong.states.some((state) =>
        /^waiting: 127\.0\.0\.1:\d+: (TLS handshake failed|.* took too long)/.test(state),
      ),
    ),
  )
  t.same(plain.received, [])
})

t.test('fail-over to the next server and back, nothing lost, doubled or overtaken', async (t) => {
  const first = await server()
  const { port } = first
  const second = await server()
  t.teardown(second.close)
  const { links, states, send, settled } = linksTo([route(second.port, 20), route(port, 10)])
  t.teardown(links.close)
  send('before')
  t.ok(
    await until(() => settled.get('before') === 'sent' && first.received.length === 1),
    'the better one has it',
  )
  await first.close()
  t.ok(await until(() => links.states().some(([state, count]) => state === 'idle' && count === 1)))

  let count = 0
  const flow = setInterval(() => {
    for (let i = 0; i < 5; i++) send(String(++count))
  }, 1)
  t.teardown(() => clearInterval(flow))
  t.ok(await until(() => second.received.length > 100), 'the next one has the traffic')
  t.match(
    states.at(-1),
    /^open: it is with a server of priority 20: 127\.0\.0\.1:\d+ of priority 10 takes none$/,
  )
  await until(() => second.received.length > 1000)
  const back = await server({ port })
  t.teardown(back.close)
  t.ok(await until(() => back.received.length > 500), 'the better one has it again')
  clearInterval(flow)
  t.equal(states.at(-1), 'open: ')
  t.ok(
    await until(() => settled.size === count + 1 && second.received.length + back.received.length === count),
  )
  t.same(
    [...bodies(second), ...bodies(back)],
    Array.from({ length: count }, (_, i) => String(i + 1)),
    `${count} stanzas in their order, each once`,
  )
  t.notOk(
    states.some((state) => state.startsWith('waiting')),
    'without a break',
  )
})

t.test('the better server gets nothing before the other has all that went to it', async (t) => {
  const better = await server()
  await better.close()
  let read = 0
  let slow: Socket | undefined
  const second = await server({
    onOctets(_octets, { socket }) {
      read++
      if (slow === undefined) slow = socket.pause()
    },
  })
  t.teardown(second.close)
  const { links, states, send } = linksTo([route(second.port, 20), route(better.port, 10)], {
    limits: { stanzaBytes: 100_000, depth: 20, hardBytes: 200_000 },
  })
  t.teardown(links.close)
  // More than the system holds for a reader that does not read.
  const COUNT = 4000
  for (let i = 0; i < COUNT; i++) send(`${i} ${'x'.repeat(8000)}`)
  t.ok(await until(() => slow !== undefined))
  const back = await server({ port: better.port })
  t.teardown(back.close)
  t.ok(await until(() => back.accepted() > 0), 'the better one is there')
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(back.received.length, 0, 'and waits')
  t.match(states.at(-1), /priority 20/)
  slow!.resume()
  t.ok(await until(() => read + back.received.length === COUNT))
  t.equal(states.at(-1), 'open: ')
  t.same(
    bodies(back).map((body) => Number(body.split(' ')[0])),
    Array.from({ length: back.received.length }, (_, i) => read + i),
    'it goes on where the other has ended',
  )
})

t.test('of servers of one priority, one that is away does no harm', async (t) => {
  const away = await server()
  await away.close()
  const there = await server()
  t.teardown(there.close)
  for (let round = 0; round < 4; round++) {
    const { links, send, states } = linksTo([
      route(away.port, 0, { weight: 10 }),
      route(there.port, 0, { weight: 10 }),
    ])
    send(`round ${round}`)
    t.ok(await until(() => bodies(there).includes(`round ${round}`)))
    t.equal(states.at(-1), 'open: ', 'neither is the better one')
    links.close()
  }
})

t.test('a stream does not outlive the trust in its server', async (t) => {
  const there = await server()
  t.teardown(there.close)
  const tls = streamTls({ certificates, trust: trustIn(['high.example'], ca) })
  const { links, send, states } = linksTo([route(there.port)], { tls })
  t.teardown(links.close)
  send('trusted')
  t.ok(await until(() => bodies(there).includes('trusted')))
  links.recheck()
  t.equal(states.at(-1), 'open: ', 'as long as it is trusted, it stands')
  tls.reload({ certificates, trust: trustIn(['high.example'], await makeCa('Next')) })
  links.recheck()
  t.match(states.at(-1), /^idle: .*not of the configured CA/)
  send('no more')
  t.ok(await until(() => /^waiting: .*not of the configured CA/.test(states.at(-1)!)))
  t.notOk(bodies(there).includes('no more'))
})

t.test('a pair is never wedged by refusals', async (t) => {
  const away = await server()
  await away.close()
  const stranger = await server({
    credentials: await issue(await makeCa('Other'), { dns: ['high.example'] }),
  })
  t.teardown(stranger.close)
  const { links, states, send } = linksTo([route(away.port, 0), route(stranger.port, 1)])
  t.teardown(links.close)
  send('held')
  t.ok(await until(() => states.filter((state) => state.startsWith('waiting')).length >= 3))
  t.match(
    states.find((state) => state.startsWith('waiting')),
    /not of the configured CA/,
  )
  t.same(stranger.received, [])
  const mended = await server({ port: away.port })
  t.teardown(mended.close)
  t.ok(await until(() => bodies(mended).includes('held')))
})

t.test('a server that never ends a handshake holds up the pair only for its time', async (t) => {
  const silent: Socket[] = []
  const pit = createServer((socket) => void silent.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(pit, 'listening')
  t.teardown(() => {
    pit.close()
    for (const socket of silent) socket.destroy()
  })
  const there = await server()
  t.teardown(there.close)
  const { port } = pit.address() as AddressInfo
  const { links, send } = linksTo([route(port, 0, { tls: 'direct' }), route(there.port, 1)], {
    handshakeMs: 300,
  })
  t.teardown(links.close)
  send('past it')
  t.ok(await until(() => bodies(there).includes('past it')))
  t.equal(silent.length, 1)
})

t.test('without dns and without route nothing is opened, and the line says so', async (t) => {
  const { links, states, send } = linksTo([])
  t.teardown(links.close)
  send('x')
  t.ok(
    await until(() => states.includes('waiting: there is no route to high.example, and dns is off: add one')),
  )
})

t.test('inbound only', async (t) => {
  const { links, states, send, settled } = linksTo([route(1)], { inboundOnly: new Set(['high.example']) })
  t.teardown(links.close)
  for (const marker of ['one', 'two']) {
    send(marker)
    t.ok(await until(() => settled.get(marker) === 'expired'), 'given back at once')
  }
  t.same(states, ['barred: high.example is inbound only: nothing is sent to it but on a stream of its own'])
  t.equal(links.size(), 0)

  const world = await startWorld({
    s2s: () => ({ routes: [], dns: 'off', peers: OWN.map((domain) => ({ domain, inbound: 'only' })) }),
  })
  t.teardown(world.close)
  world.release(
    `<message xmlns="jabber:server" from="bob@low.example/y" id="m1" to="alice@high.example/x" type="chat"><body>hi</body></message>`,
  )
  const error = await world.guard.find((xml) => xml.includes('type="error"'))
  t.match(error?.xml, /<remote-server-timeout /, 'the far user hears at once')
  t.equal(world.server.received.length, 0)
  const health = (await (await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)).json()) as {
    notes: string[]
  }
  t.match(health.notes, [/^s2s from low\.example to high\.example: high\.example is inbound only/])
  await world.server.send(
    `<message from='alice@high.example/x' to='bob@low.example' type='chat' id='m'><body>out</body>${essLabel()}</message>`,
  )
  t.ok(await world.guard.find((xml) => xml.includes('out')), 'its own streams are taken')
})

t.test(
  'failBackSeconds says how soon a running edge goes back, with what the servers have acknowledged',
  async (t) => {
    const better = await server()
    await better.close()
    const world = await startWorld({
      limits: { failBackSeconds: 1 },
      s2s: (_folder, _ca, { server: port }) => ({
        dns: 'off',
        routes: OWN.flatMap((domain) => [
          { domain, host: '127.0.0.1', port, priority: 1 },
          { domain, host: '127.0.0.1', port: better.port },
        ]),
      }),
    })
    t.teardown(world.close)
    const release = (marker: string) =>
      world.release(
        `<message xmlns="jabber:server" from="bob@low.example/y" id="${marker}" to="alice@high.example/x" type="chat"><body>${marker}</body></message>`,
      )
    let count = 0
    const flow = setInterval(() => release(`n${++count}`), 2)
    t.teardown(() => clearInterval(flow))
    t.ok(await until(() => world.server.received.length > 50))
    t.ok(world.log.some(({ message }) => message === 's2s stream opened with a server of second choice'))
    const health = async () =>
      (await (await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)).text()) as string
    t.match(await health(), /s2s from low\.example to high\.example: it is with a server of priority 1: /)
    const back = await server({
      port: better.port,
      ca: world.ca.certificate,
      credentials: await issue(world.ca, { dns: ['high.example'] }),
      // On which it answers the edge's pings.
      route: () => ({ host: '127.0.0.1', port: world.edge.s2sPort }),
    })
    t.teardown(back.close)
    t.ok(await until(() => back.received.length > 50))
    clearInterval(flow)
    t.ok(await until(() => world.server.received.length + back.received.length === count))
    t.same(
      [...bodies(world.server), ...bodies(back)],
      Array.from({ length: count }, (_, n) => `n${n + 1}`),
      `${count} stanzas in their order, each once`,
    )
    t.notMatch(
      [...world.server.received, ...back.received].map(({ xml }) => xml).join(),
      /<delay/,
      'none was sent again',
    )
    t.notMatch(await health(), /priority/)
  },
)
