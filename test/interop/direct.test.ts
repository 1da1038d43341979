/**
 * Direct TLS (XEP-0368) with Prosody and with ejabberd, both ways, found by `_xmpps-server` records, through a CNAME and past a better record
 * that leads nowhere: neither the servers nor the edges have a port for STARTTLS that the other could reach.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type Crossing, startCrossing } from '../support/crossing.ts'
import { type Account, login } from './account.ts'
import { row, written } from './labels.ts'
import {
  ADDRESS,
  closeNetwork,
  type NamedServer,
  networkAvailable,
  openNetwork,
  serveNames,
} from './network.ts'
import { writeRulesets } from './rulesets.ts'
import { type Server, type Side, startEjabberd, startProsody } from './servers.ts'

const PORT = 5270
const available = networkAvailable()

t.test(
  'messages both ways over direct TLS',
  { skip: available === true ? false : available, timeout: 240_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-direct-'))
    let crossing: Crossing | undefined
    const servers: Server[] = []
    const accounts: Account[] = []
    t.teardown(async () => {
      for (const account of accounts) account.close()
      for (const server of servers) server.stop()
      await crossing?.close()
      closeNetwork()
      if (t.passing()) rmSync(folder, { recursive: true, force: true })
      else t.comment(`logs are kept in ${folder}`)
    })
    openNetwork()
    const domains = (side: Side) => [`${side}.example`, `conference.${side}.example`]
    const named = (side: Side, address: string): NamedServer[] =>
      domains(side).map((name) => ({ name, address, service: '_xmpps-server', port: PORT }))
    serveNames('high', [...named('high', ADDRESS.high.server), ...named('low', ADDRESS.high.gate)])
    serveNames('low', [...named('low', ADDRESS.low.server), ...named('high', ADDRESS.low.gate)])
    // To the edges DNS says more: a port for STARTTLS that is preferred and not there, and another name for the server.
    const both = [...named('high', ADDRESS.high.server), ...named('low', ADDRESS.low.server)]
    serveNames('gate', [
      ...both.map((one) => ({ ...one, priority: 10, alias: `xmpp.${one.name}` })),
      ...both.map((one) => ({ ...one, service: '_xmpp-server', port: 5269 }) as const),
    ])

    const side = (name: string, host: Side, plain: number) => ({
      name,
      domains: domains(host),
      listen: `127.0.0.1:${plain}`,
      servers: { host: ADDRESS[host].server, port: PORT },
      s2s: { listenDirect: `${ADDRESS[host].gate}:${PORT}`, routes: [] },
    })
    const up = await startCrossing({
      folder: join(folder, 'crossing'),
      near: side('acme', 'high', 7010),
      far: side('coalition', 'low', 7011),
      rulesets: writeRulesets(folder, '4774-4778+alternative'),
      ports: 7000,
      prefix: ['ip', 'netns', 'exec', 'sallyport-gate'],
    })
    crossing = up
    servers.push(
      startProsody('high', folder, up.pki.near, { direct: PORT }),
      startEjabberd('low', folder, up.pki.far, PORT),
    )
    accounts.push(
      ...(await Promise.all([login('high', 'alice', up.pki.near.ca), login('low', 'bob', up.pki.far.ca)])),
    )
    const [alice, bob] = accounts as [Account, Account]

    const out = row(up.bundles.out, 'acme/restricted-harbour', 'ess-0258')
    const back = up.bundles.back.labels.rows.find(({ input }) => input.form === '4774-4778')!
    alice.send(
      `<message to='${bob.address}' type='chat' id='m1'><body>there</body>${written(out.input.template)}</message>`,
    )
    t.match(await bob.expect('the message', (stanza) => stanza.includes('there')), 'alice@high.example')
    bob.send(
      `<message to='${alice.address}' type='chat' id='m2'><body>and back</body>${written(back.input.template)}</message>`,
    )
    t.match(await alice.expect('the answer', (stanza) => stanza.includes('and back')), 'bob@low.example')

    for (const { name, log } of up.processes.filter(({ name }) => name.startsWith('edge'))) {
      const text = readFileSync(log, 'utf8')
      t.match(text, '"msg":"s2s stream opened with a server of second choice"', `${name} called`)
      t.match(text, /with a server of priority 10: [a-z.]+:5269 of priority 0 takes none/)
      t.match(text, '"msg":"s2s stream accepted"', `${name} was called`)
    }
    t.match(servers[0]!.log(), 'Stream encrypted (TLSv1.3', 'as Prosody says')
    t.comment(servers.map(({ name, version }) => `${name} ${version}`).join(', '))
  },
)
