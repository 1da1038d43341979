/** `sallyport edge check`: what keeps an edge from its work is found before it starts, and nothing is disturbed by looking. */

import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { edgeCommand } from '../../cli/edge.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import { startWorld, until } from './world.ts'

const world = await startWorld()
t.teardown(() => world.close())
const file = join(world.folder, 'edge.yaml')
const FAR = ['low.example', 'conference.low.example']

type Yaml = {
  state: string
  controls?: object[]
  s2s: { ca: string[]; certificates: object[]; routes: object[]; dns?: string }
  gcxp: { out: { host: string; port: number; peer: string } }
  metrics: { listen: string }
  records?: object
}

/** What `check` says of the configuration after a change, the expiry of the tests' own certificates left out. */
async function check(
  t: Test,
  change: (yaml: Yaml) => void = () => {},
  ...options: string[]
): Promise<{ status: number; lines: string[] }> {
  const yaml = JSON.parse(readFileSync(file, 'utf8')) as Yaml
  change(yaml)
  const path = join(world.folder, 'changed.yaml')
  writeFileSync(path, JSON.stringify(yaml))
  const said: string[] = []
  const write = (text: string) => said.push(text)
  t.intercept(process, 'stdout', { value: { ...process.stdout, write } })
  t.intercept(process, 'stderr', { value: { ...process.stderr, write } })
  const status = await edgeCommand(['check', '--config', path, ...options])
  const lines = said
    .join('')
    .trim()
    .split('\n')
    .map((line) => line.replace(`${path}: `, ''))
    .filter((line) => !/^warning: .* expires on .*, in (29|30) days: have it renewed$/.test(line))
  return { status, lines }
}

t.test('an edge that runs is not disturbed: its ports and guards are left out', async (t) => {
  const connected = () => world.log.filter(({ message }) => message === 'outgoing guard connected').length
  t.ok(await until(() => connected() > 0))
  const connections = connected()
  const { status, lines } = await check(t)
  t.same(lines, ['edge-high of the side high runs: its ports and guards were left out'])
  t.equal(status, 0)
  t.equal(connected(), connections)
  world.edge.stop()
})

t.test('servers and guard that are as they should be, and nothing is said to them', async (t) => {
  const received = world.server.received.length
  const frames = world.guard.frames.length
  t.same(await check(t), { status: 0, lines: ['edge-high of the side high can be run'] })
  t.equal(world.server.received.length, received)
  t.same(new Set(world.server.faults), new Set(['peer: stream closed']))
  t.equal(world.guard.frames.length, frames)
})

t.test('by the network', async (t) => {
  const other = await makeCa('Other')
  writeFileSync(join(world.folder, 'other-ca.crt'), other.certificate)
  writeCredentials(world.folder, 'other', await issue(other, { dns: FAR }))
  const silent = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as { port: number }
  const cases: [string, (yaml: Yaml) => void, RegExp][] = [
    [
      'nobody at the route',
      (c) => void Object.assign(c.s2s.routes[0]!, { port: 1 }),
      /^server of high\.example at 127\.0\.0\.1:1, for low\.example: nobody listens there: start the server/,
    ],
    [
      'a server of another CA',
      (c) => {
        c.s2s.ca = ['other-ca.crt']
      },
      /^server of high\.example at .*: the peer's certificate is not of the configured CA/,
    ],
    [
      'a server that does not take our certificate',
      (c) => {
        c.s2s.certificates = [{ domains: FAR, certificate: 'other.crt', key: 'other.key' }]
      },
      /^server of high\.example at .*: (the server offers no EXTERNAL|the connection|the peer closed)/,
    ],
    [
      'no XMPP server',
      (c) => void Object.assign(c.s2s.routes[0]!, { port }),
      /^server of high\.example at .*: the peer closed the connection/,
    ],
    [
      'a name that is not known',
      (c) => void Object.assign(c.s2s.routes[0]!, { host: 'nowhere.invalid' }),
      /^server of high\.example at nowhere\.invalid:\d+, for low\.example: the host name is not known: configure a route/,
    ],
    [
      'no guard',
      (c) => {
        c.gcxp.out.port = 1
      },
      /^outgoing guard at 127\.0\.0\.1:1 \(guard\.high\.example\): nobody listens there/,
    ],
    [
      'another guard',
      (c) => {
        c.gcxp.out.peer = 'guard.else.example'
      },
      /^outgoing guard at .*: the peer's certificate is for guard\.high\.example, not for guard\.else\.example/,
    ],
  ]
  for (const [name, change, wanted] of cases) {
    const { status, lines } = await check(t, change)
    t.equal(status, 1, name)
    t.ok(
      lines.some((line) => wanted.test(line)),
      `${name}: ${lines.join(' | ')}`,
    )
    t.same((await check(t, change, '--offline')).status, 0, `${name}: offline nobody is asked`)
  }
  const behind = await check(t, (c) => {
    c.s2s.routes.pop()
    c.s2s.dns = 'off'
    c.controls = [{ domain: 'high.example', trunk: ['conference.high.example'] }]
  })
  t.match(behind, { status: 0, lines: [/can be run/] }, 'a domain behind another has no server of its own')
  const second = await check(t, (c) => {
    c.s2s.routes.push({ domain: 'high.example', host: '127.0.0.1', port: 1, priority: 10 })
  })
  t.match(second, { status: 0, lines: [/^warning: server of high\.example at 127\.0\.0\.1:1/, /can be run/] })
})

t.test('by the files', async (t) => {
  const offline = (change?: (yaml: Yaml) => void) => check(t, change, '--offline')
  const key = join(world.folder, 's2s.key')
  const words = 's2s.certificates[0].key s2s.key'
  chmodSync(key, 0o644)
  t.match(await offline(), {
    status: 1,
    lines: [
      `${words}: everybody on this host may read or change it: chmod 600, and replace a key that others may have`,
    ],
  })
  chmodSync(key, 0o660)
  t.match(await offline(), {
    status: 0,
    lines: [`warning: ${words}: its group may read or change it: chmod 600`, /can be run/],
  })
  // As installed: root's, read by the group of the edge.
  if (process.getuid?.() === 0) {
    chmodSync(key, 0o640)
    t.match(await offline(), { status: 0, lines: [/^edge-high .* can be run/] })
  }
  chmodSync(key, 0o600)

  const { state } = world.config
  chmodSync(state, 0o755)
  t.match(await offline(), {
    status: 1,
    lines: [/^state .*\/state: others on this host may enter it: chmod 700$/],
  })
  chmodSync(state, 0o700)

  writeCredentials(world.folder, 'soon', await issue(world.ca, { dns: FAR, seconds: 10 * 86_400 + 60 }))
  writeCredentials(world.folder, 'half', await issue(world.ca, { dns: FAR, clientAuth: false }))
  const shows = (name: string) => (c: Yaml) => {
    c.s2s.certificates = [{ domains: FAR, certificate: `${name}.crt`, key: `${name}.key` }]
  }
  t.match(await offline(shows('soon')), {
    status: 0,
    lines: [/^warning: s2s\.certificates for low\.example: expires on .*, in 10 days: have it renewed$/, /./],
  })
  t.match(await offline(shows('half')), {
    status: 0,
    lines: [
      /^warning: s2s\.certificates for low\.example: is not for TLS clients: the peer may refuse it; have it issued with that extended key usage$/,
      /./,
    ],
  })
  const other = await makeCa('Elsewhere')
  writeCredentials(world.folder, 'else', await issue(other, { dns: FAR }))
  t.match(await offline(shows('else')), {
    status: 0,
    lines: [/^warning: s2s\.certificates for low\.example: is not of a CA that is configured here/, /./],
  })

  const future = Date.now() / 1000 + 86_400
  const changed = join(world.folder, 'bundles/out.json')
  utimesSync(changed, future, future)
  t.match(await offline(), {
    status: 0,
    lines: [/^warning: the clock says .*, yet .*out\.json was written at .*: set the clock$/, /./],
  })
  utimesSync(changed, 0, 0)

  t.match(
    await offline((c) => {
      c.metrics.listen = '0.0.0.0:0'
    }),
    {
      status: 0,
      lines: [/^warning: metrics\.listen 0\.0\.0\.0: everybody who reaches this host may read it/, /./],
    },
  )
  mkdirSync(join(world.folder, 'open'), { mode: 0o755 })
  t.match(
    await offline((c) => {
      c.records = { folder: 'open' }
    }),
    { status: 1, lines: [/^records\.folder .*open: others on this host may enter it: chmod 700$/] },
  )
  rmSync(join(world.folder, 'open'), { recursive: true })
  t.same((await offline()).lines, ['edge-high of the side high can be run, as far as can be said offline'])
})
