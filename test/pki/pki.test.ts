import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import { type Ca, type Credentials, issue, makeCa } from './pki.ts'

const ca = await makeCa('Test CA')
const other = await makeCa('Other CA')
const good = await issue(ca, { dns: ['edge.high.example', 'high.example'] })

t.test('a certificate carries its names, both usages and a matching key', async (t) => {
  const certificate = new X509Certificate(good.certificate)
  t.equal(certificate.subjectAltName, 'DNS:edge.high.example, DNS:high.example')
  t.ok(certificate.verify(new X509Certificate(ca.certificate).publicKey))
  t.ok(certificate.checkPrivateKey(createPrivateKey(good.key)))
  t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  t.equal(certificate.ca, false)
})

t.test('XMPP and service names stand in the certificate as Node reads them', async (t) => {
  const issued = await issue(ca, { xmppAddr: ['high.example'], srvName: ['_xmpp-server.high.example'] })
  t.equal(
    new X509Certificate(issued.certificate).subjectAltName,
    'othername:XmppAddr:high.example, othername:SRVName:_xmpp-server.high.example',
  )
})

t.test('mutual TLS 1.3 takes a good certificate and says what is wrong with each bad one', async (t) => {
  t.equal(await handshake(ca, good), 'authorized TLSv1.3')
  t.equal(await handshake(other, good), 'SELF_SIGNED_CERT_IN_CHAIN')
  t.equal(await handshake(ca, await issue(ca, { dns: ['a'], period: 'expired' })), 'CERT_HAS_EXPIRED')
  t.equal(await handshake(ca, await issue(ca, { dns: ['a'], period: 'future' })), 'CERT_NOT_YET_VALID')
  t.equal(await handshake(ca, await issue(ca, { dns: ['a'], clientAuth: false })), 'INVALID_PURPOSE')
})

/** What a server that trusts `ca` says of a client with these credentials. */
async function handshake(trusted: Ca, client: Credentials): Promise<string> {
  const server = createServer({
    cert: good.certificate,
    key: good.key,
    ca: trusted.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'high.example',
    cert: client.certificate,
    key: client.key,
    ca: ca.certificate,
  })
  const [peer] = (await once(server, 'secureConnection')) as [TLSSocket]
  const verdict = peer.authorized ? `authorized ${peer.getProtocol()}` : String(peer.authorizationError)
  socket.destroy()
  peer.destroy()
  server.close()
  return verdict
}
