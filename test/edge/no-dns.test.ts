/** `dns: off` asks nobody anything; `dns: on` asks where there is no route. Every way in Node to ask for a name is watched. */
import callbacks from 'node:dns'
import promises from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
import { isIP } from 'node:net'
import t from 'tap'
import { type PeerDomain, startDomain } from '../peer/domain.ts'
import { issue, makeCa } from '../pki/pki.ts'

// Before the edge is loaded: it keeps the functions that it finds.
const asked: string[] = []
let wrong: PeerDomain | undefined
type Ask = (name: string, ...rest: unknown[]) => unknown
for (const module of [callbacks, promises] as unknown as Record<string, unknown>[]) {
  for (const [key, value] of Object.entries(module)) {
    if (typeof value !== 'function' || !/^(resolve|lookup|reverse)/.test(key)) continue
    const original = value as Ask
    module[key] = (name: string, ...rest: unknown[]) => {
      if (isIP(name) !== 0) return original(name, ...rest)
      asked.push(`${key} ${name}`)
      if (module === (promises as unknown)) {
        if (name.startsWith('_xmpps-server'))
          return Promise.reject(Object.assign(new Error(), { code: 'ENODATA' }))
        if (key === 'resolveSrv')
          return Promise.resolve([{ name: 'wrong.example', port: wrong!.port, priority: 0, weight: 0 }])
        return Promise.resolve([{ address: '127.0.0.1', family: 4 }])
      }
      return original(name, ...rest)
    }
  }
}
syncBuiltinESMExports()
const { OWN, startWorld, until: within } = await import('./world.ts')

/** A busy machine is slow. */
const until = (condition: () => boolean) => within(condition, 10_000)

const message =
  '<message xmlns="jabber:server" from="bob@low.example/y" id="m1" to="alice@high.example/x" type="chat"><body>hi</body></message>'

const ca = await makeCa('Wrong')
wrong = await startDomain({
  domains: OWN,
  credentials: await issue(ca, { dns: OWN }),
  ca: ca.certificate,
  route: () => ({ host: '127.0.0.1', port: 1 }),
})
t.teardown(wrong.close)

t.test('off: nothing is asked, and the answers that would have come have no effect', async (t) => {
  const world = await startWorld({ s2s: () => ({ dns: 'off' }) })
  t.teardown(world.close)
  world.release(message)
  t.ok(await until(() => world.server.received.length > 0))
  t.same(asked, [])
})

t.test('on: what has no route is asked for, and who answers must still be the right one', async (t) => {
  const world = await startWorld({ s2s: () => ({ routes: [] }) })
  t.teardown(world.close)
  world.release(message)
  t.ok(
    await until(() =>
      world.log.some(({ fields }) => JSON.stringify(fields).includes('not of the configured CA')),
    ),
  )
  t.same(asked.slice(0, 3), [
    'resolveSrv _xmpps-server._tcp.high.example',
    'resolveSrv _xmpp-server._tcp.high.example',
    'lookup wrong.example',
  ])
  t.same(wrong?.received, [])
})
