/** Where servers are: routes before DNS, SRV of both services mixed, several addresses of a host. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { dial } from '../../edge/outbound/dial.ts'
import { findTargets, type Names, type Route, SYSTEM_NAMES } from '../../edge/outbound/route.ts'
import { inOrder, type Target } from '../../edge/outbound/srv.ts'
import { random } from '../verify/random.ts'

/** Numbers from 0 to 1 that are the same in each run. */
function seeded(seed: number): () => number {
  const { below } = random(seed)
  return () => below(2 ** 32) / 2 ** 32
}

const target = (host: string, priority: number, weight: number, tls: Target['tls'] = 'starttls'): Target => ({
  host,
  port: 5269,
  tls,
  priority,
  weight,
})

/** A DNS of these SRV records; a string is an error code. */
function names(
  srv: Readonly<Record<string, string | readonly (readonly [string, number, number, number])[]>>,
) {
  const asked: string[] = []
  const fake: Names = {
    async resolveSrv(name) {
      asked.push(name)
      const answer = srv[name] ?? 'ENOTFOUND'
      if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer })
      return answer.map(([name, port, priority, weight]) => ({ name, port, priority, weight }))
    },
    async lookup(host) {
      asked.push(host)
      return [{ address: '192.0.2.66', family: 4 }]
    },
  }
  return { fake, asked }
}

const shown = (found: Awaited<ReturnType<typeof findTargets>>) =>
  'problem' in found
    ? found.problem
    : found.targets.map(({ host, port, tls, priority }) => `${priority} ${host}:${port} ${tls}`)

t.test('the shuffle of RFC 2782', (t) => {
  const draw = seeded(1)
  const all = [
    target('b', 2, 0),
    target('heavy', 1, 60),
    target('light', 1, 20),
    target('other', 1, 20),
    target('none', 1, 0),
  ]
  const first = new Map<string, number>()
  const runs = 20_000
  let lower = 0
  for (let i = 0; i < runs; i++) {
    const order = inOrder(all, draw)
    if (order.length === 5 && order[4]?.host === 'b') lower++
    first.set(order[0]!.host, (first.get(order[0]!.host) ?? 0) + 1)
  }
  t.equal(lower, runs, 'a higher number comes last, always')
  // By the running sum a weight w of sum s is drawn first with w / (s + 1), the first without weight with 1 / (s + 1).
  for (const [host, share] of [
    ['heavy', 60 / 101],
    ['light', 20 / 101],
    ['other', 20 / 101],
    ['none', 1 / 101],
  ] as const) {
    const seen = (first.get(host) ?? 0) / runs
    t.ok(
      Math.abs(seen - share) < 4 * Math.sqrt((share * (1 - share)) / runs),
      `${host}: ${seen}, wanted ${share}`,
    )
  }
  t.same(
    inOrder([target('a', 1, 0), target('b', 0, 0)], draw).map(({ host }) => host),
    ['b', 'a'],
  )
  t.same(inOrder([], draw), [])
  t.end()
})

t.test('a route is used without asking DNS, in the order of its priorities', async (t) => {
  const { fake, asked } = names({ '_xmpp-server._tcp.high.example': [['evil.example', 1, 0, 0]] })
  const route = (host: string, priority: number): Route => ({
    domain: 'high.example',
    ...target(host, priority, 0),
  })
  const routes = [
    route('192.0.2.2', 20),
    route('192.0.2.1', 10),
    { ...route('x', 0), domain: 'rooms.example' },
  ]
  t.same(shown(await findTargets('high.example', routes, fake, seeded(1))), [
    '10 192.0.2.1:5269 starttls',
    '20 192.0.2.2:5269 starttls',
  ])
  t.same(asked, [])
})

t.test('without dns nothing is asked, whatever would be answered', async (t) => {
  t.match(
    shown(await findTargets('high.example', [], undefined, seeded(1))),
    /no route to high\.example, and dns is off/,
  )
  await t.rejects(dial('high.example', 1, undefined), {
    message: /a name, and dns is off: write its address/,
  })
})

t.test('SRV of both services, mixed', async (t) => {
  const both = names({
    '_xmpps-server._tcp.high.example': [
      ['direct-1', 5270, 10, 0],
      ['direct-2', 5270, 30, 0],
    ],
    '_xmpp-server._tcp.high.example': [
      ['plain-1', 5269, 20, 0],
      ['plain-2', 5269, 40, 0],
    ],
  })
  t.same(shown(await findTargets('high.example', [], both.fake, seeded(1))), [
    '10 direct-1:5270 direct',
    '20 plain-1:5269 starttls',
    '30 direct-2:5270 direct',
    '40 plain-2:5269 starttls',
  ])
  const many = names({
    '_xmpp-server._tcp.high.example': Array.from({ length: 100 }, (_, i) => [`s${i}`, 1, 0, 0] as const),
  })
  t.equal(
    shown(await findTargets('high.example', [], many.fake, seeded(1))).length,
    16,
    'of many, some in a round',
  )
  const S = '_xmpp-server._tcp.high.example'
  const D = '_xmpps-server._tcp.high.example'
  for (const [what, srv, wanted] of [
    ['one of them only', { [D]: [['d', 1, 0, 0]] }, ['0 d:1 direct']],
    ['one fails', { [D]: 'ETIMEOUT', [S]: [['s', 1, 0, 0]] }, ['0 s:1 starttls']],
    ['one is not offered', { [D]: [['', 0, 0, 0]], [S]: [['s', 1, 0, 0]] }, ['0 s:1 starttls']],
    [
      'targets that are no host names',
      {
        [D]: [
          ['a b', 1, 0, 0],
          ['a\nb', 1, 0, 0],
          ['-x', 1, 0, 0],
        ],
        [S]: [['s', 1, 0, 0]],
      },
      ['0 s:1 starttls'],
    ],
    ['none there', {}, ['0 high.example:5269 starttls']],
    ['none of that kind', { [D]: 'ENODATA', [S]: 'ENODATA' }, ['0 high.example:5269 starttls']],
    [
      'not offered',
      { [S]: [['', 0, 0, 0]] },
      /says that high\.example offers no s2s \(target "\." of _xmpp-server\)/,
    ],
    ['not offered, with a dot', { [D]: [['.', 0, 0, 0]] }, /offers no s2s \(target "\." of _xmpps-server\)/],
    [
      'no answer',
      { [S]: 'ESERVFAIL' },
      /no answer for _xmpp-server\._tcp\.high\.example: mend it, or configure a route/,
    ],
    ['no answer for the other', { [D]: 'ETIMEOUT' }, /no answer for _xmpps-server/],
  ] as const) {
    const found = shown(await findTargets('high.example', [], names(srv as never).fake, seeded(1)))
    if (wanted instanceof RegExp) t.match(found, wanted, what)
    else t.same(found, wanted, what)
  }
})

function listen(host: string, port = 0): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => socket.end())
      .on('error', reject)
      .listen(port, host, () => resolve(server))
  })
}

/** Lets 127.0.0.9 leave connections to `port` without any answer: a process that stands still, its backlog full. */
async function silentListener(port: number): Promise<() => void> {
  const script = `require('net').createServer().listen({ port: ${port}, host: '127.0.0.9', backlog: 1 }, () => console.log('x'))`
  const child = spawn(process.execPath, ['-e', script], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGSTOP')
  const sockets: Socket[] = []
  let silent = false
  while (!silent) {
    const socket = connect(port, '127.0.0.9').on('error', () => {})
    sockets.push(socket)
    silent = await Promise.race([once(socket, 'connect').then(() => false), setTimeout(100, true)])
  }
  return () => {
    child.kill('SIGKILL')
    for (const socket of sockets) socket.destroy()
  }
}

const at = (...addresses: string[]): Names => ({
  ...SYSTEM_NAMES,
  lookup: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
})

t.test('a host with several addresses', async (t) => {
  const server = await listen('127.0.0.1')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  for (const [what, ...addresses] of [
    ['one that refuses first', '127.0.0.9', '127.0.0.1'],
    ['IPv6 that nobody has', '127.0.0.1', '2001:db8::1'],
  ] as const) {
    const socket = await dial('high.example', port, at(...addresses))
    t.equal(socket.remoteAddress, '127.0.0.1', what)
    socket.destroy()
  }
  await t.rejects(dial('h', port, at('127.0.0.9', '127.0.0.8')), { message: /nobody listens there/ })
  await t.rejects(dial('h', port, at()), { message: /has no address/ })
  await t.rejects(
    dial('h', port, {
      ...SYSTEM_NAMES,
      lookup: () => Promise.reject(new Error('ENOTFOUND')),
    }),
    { message: /the host name is not known: configure a route, or its DNS/ },
  )
  const silent = await silentListener(port)
  t.teardown(silent)
  // Before the silent one is given up, after 10 s.
  const socket = await Promise.race([
    dial('high.example', port, at('127.0.0.9', '127.0.0.1')),
    setTimeout(8000, undefined, { ref: false }),
  ])
  t.equal(socket?.remoteAddress, '127.0.0.1', 'one that does not answer does not hold up the next')
  socket?.destroy()
  const six = await listen('::1').catch(() => undefined)
  if (six === undefined) return t.comment('no IPv6 here')
  t.teardown(() => six.close())
  const { port: other } = six.address() as { port: number }
  const first = await dial('high.example', other, at('127.0.0.1', '::1'))
  t.equal(first.remoteAddress, '::1')
  first.destroy()
  const literal = await dial('::1', other, undefined)
  t.equal(literal.remoteAddress, '::1', 'a literal needs no names')
  literal.destroy()
})
