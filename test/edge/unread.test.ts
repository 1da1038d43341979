/** A server that asks for errors and takes none of them fills neither memory nor disk. */
import t from 'tap'
import { issue } from '../pki/pki.ts'
import { startOwnServer } from './own-server.ts'
import { connectOpen } from './raw.ts'
import { freePort, OWN, startWorld, until } from './world.ts'

t.test('errors for a server that answers no ping are bounded', async (t) => {
  const port = await freePort()
  const world = await startWorld({
    limits: { queueStanzas: 16 },
    s2s: () => ({ routes: OWN.map((domain) => ({ domain, host: '127.0.0.1', port })) }),
  })
  t.teardown(world.close)
  const own = await issue(world.ca, { dns: OWN })
  const server = await startOwnServer({ credentials: own, ca: world.ca.certificate, port })
  t.teardown(server.close)
  const raw = await connectOpen(world.edge.s2sPort, world.ca.certificate, own)
  const send = (id: number) =>
    raw.write(
      `<message from='alice@high.example/x' to='bob@low.example' id='e${id}' type='chat'><body>x</body></message>`,
    )
  send(0)
  await server.next()
  const figure = async (name: string) =>
    Number(new RegExp(`sallyport_edge_${name} (\\d+)`).exec(await world.metrics())?.[1])
  for (let id = 1; id <= 100; id++) {
    send(id)
    while ((await figure('queue\\{queue="incoming"\\}')) + (await figure('errors_total')) <= id)
      await until(() => false, 5)
  }
  const kept = await figure('queue\\{queue="incoming"\\}')
  // Those that are being written when the room fills are kept too.
  t.ok(kept >= 32 && kept < 48, `as much again as the queue holds: ${kept}`)
  t.equal(kept + (await figure('errors_total')), 101)
})
