/**
 * relay: a plain TLS byte relay, the yardstick beside which guarding is a ratio.
 *
 *   node relay.ts CERTIFICATE KEY CA PEER-PORT
 *
 * Reads    TLS 1.3 with client certificate on a port of 127.0.0.1 that it prints on stdout
 * Writes   the same octets over TLS 1.3 to 127.0.0.1:PEER-PORT, and back
 * Fails    when either connection fails
 */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'

const [certificate, key, ca, port] = process.argv.slice(2) as [string, string, string, string]
const credentials = {
  cert: readFileSync(certificate),
  key: readFileSync(key),
  ca: readFileSync(ca),
  minVersion: 'TLSv1.3' as const,
}
const server = createServer({ ...credentials, requestCert: true, rejectUnauthorized: true }, (near) => {
  const far = connect({ ...credentials, host: '127.0.0.1', port: Number(port), servername: 'relay.example' })
  for (const socket of [near, far]) socket.setNoDelay(true)
  near.pipe(far)
  far.pipe(near)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
