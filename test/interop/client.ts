/**
 * A user's client on a server's host: `node client.ts <service> <domain> <user> <password> <resource>`, speaking JSON lines.
 *
 * Reads   on standard input, a line each: a stanza as an XML string
 * Writes  on standard output, a line each: {"online": "<full JID>"} | {"stanza": "<xml>"} | {"error": "<text>"}
 */
import { createInterface } from 'node:readline'
import { client, xml } from '@xmpp/client'
import { parse } from 'ltx'

const [service, domain, username, password, resource] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)
const xmpp = client({ service, domain, username, password, resource })
const INFO = 'http://jabber.org/protocol/disco#info'
xmpp.iqCallee.get(INFO, 'query', () =>
  xml(
    'query',
    { xmlns: INFO },
    xml('identity', { category: 'client', type: 'pc', name: 'must stay: a name' }),
    ...[INFO, 'urn:xmpp:receipts', 'must:stay'].map((feature) => xml('feature', { var: feature })),
  ),
)
xmpp.on('error', (error: Error) => say({ error: error.message }))
xmpp.on('stanza', (stanza: { toString(): string }) => say({ stanza: stanza.toString() }))
xmpp.on('online', (address: { toString(): string }) => say({ online: address.toString() }))
xmpp.start().catch((error: Error) => say({ error: error.message }))

createInterface({ input: process.stdin })
  .on('line', (line) => {
    xmpp.send(parse(JSON.parse(line) as string)).catch((error: Error) => say({ error: error.message }))
  })
  .on('close', () => process.exit(0))
