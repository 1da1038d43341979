/** Names of a certificate, read from its DER. */

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { readCertificateFacts } from '../../edge/tls-ext/certificate.ts'
import { readCrls } from '../../edge/tls-ext/crl.ts'
import { provesDomain } from '../../edge/tls-ext/identity.ts'
import { TAG, writeDer, writeInteger, writeOid, writeUtf8 } from '../../rules/label/der.ts'
import { issue, makeCa, makeCrl } from '../pki/pki.ts'
import { random } from '../verify/random.ts'

const SUBJECT_ALT_NAME = '2.5.29.17'
const XMPP_ADDR = '1.3.6.1.5.5.7.8.5'
const DNS_SRV = '1.3.6.1.5.5.7.8.7'
const text = (tag: number, value: string) => writeDer(tag, Buffer.from(value, 'latin1'))
const dns = (value: string) => text(0x82, value)
const other = (oid: string, ...value: Uint8Array[]) => writeDer(0xa0, writeOid(oid), writeDer(0xa0, ...value))
const names = (...list: Uint8Array[]) =>
  writeDer(
    TAG.sequence,
    writeOid(SUBJECT_ALT_NAME),
    writeDer(TAG.octetString, writeDer(TAG.sequence, ...list)),
  )

/** A certificate as far as it is looked at. */
function certificate(...extensions: Uint8Array[]): Uint8Array {
  const empty = writeDer(TAG.sequence)
  const tbs = [writeDer(0xa0, writeInteger('2')), writeInteger('7'), empty, empty, empty, empty, empty]
  return writeDer(
    TAG.sequence,
    writeDer(TAG.sequence, ...tbs, writeDer(0xa3, writeDer(TAG.sequence, ...extensions))),
    empty,
    writeDer(TAG.bitString, new Uint8Array(1)),
  )
}

t.test('names that are as they must be', (t) => {
  for (const [extension, wanted] of [
    [names(), []],
    [names(dns('a.example'), dns('b.example')), ['dns a.example', 'dns b.example']],
    [names(dns('a'), text(0x86, 'uri:x'), writeDer(0x87, Buffer.alloc(4)), text(0x81, 'a@b')), ['dns a']],
    [names(other(XMPP_ADDR, writeUtf8('ä.example'))), ['xmpp ä.example']],
    [names(other(DNS_SRV, text(0x16, '_xmpp-server.a'))), ['srv _xmpp-server.a']],
    [names(other('1.2.3', text(0x16, 'x')), dns('a')), ['dns a']],
    [writeDer(TAG.sequence, writeOid('1.2.3'), writeDer(TAG.octetString)), []],
  ] as const) {
    const read = readCertificateFacts(certificate(extension))
    t.same(
      read?.names.map(({ kind, value }) => `${kind} ${value}`),
      wanted,
    )
    t.equal(read?.serial, '07')
  }
  t.end()
})

t.test('a certificate with a name that is not as it must be has none at all', (t) => {
  const good = certificate(names(dns('a')))
  for (const [what, octets] of [
    ['a NUL in a DNS name', certificate(names(dns('high.example\0.evil.example')))],
    ['a blank in a DNS name', certificate(names(dns('a b')))],
    ['a DNS name in Latin-1', certificate(names(dns('\xe4.example')))],
    ['an XMPP address that is no UTF8String', certificate(names(other(XMPP_ADDR, text(0x16, 'a'))))],
    ['an XMPP address that is no UTF-8', certificate(names(other(XMPP_ADDR, text(0x0c, '\xff'))))],
    ['a service name that is no IA5String', certificate(names(other(DNS_SRV, writeUtf8('_xmpp-server.a'))))],
    ['two values in one name', certificate(names(other(XMPP_ADDR, writeUtf8('a'), writeUtf8('b'))))],
    ['a name without value', certificate(names(other(XMPP_ADDR)))],
    ['the extension twice', certificate(names(dns('a')), names(dns('b')))],
    [
      'octets behind the list',
      certificate(
        writeDer(
          TAG.sequence,
          writeOid(SUBJECT_ALT_NAME),
          writeDer(TAG.octetString, writeDer(TAG.sequence, dns('a')), Uint8Array.of(5, 0)),
        ),
      ),
    ],
    ['octets behind the certificate', Buffer.concat([good, Uint8Array.of(0)])],
    ['half a certificate', good.subarray(0, good.length / 2)],
    ['no certificate', writeDer(TAG.sequence)],
    ['nothing', new Uint8Array()],
  ] as const)
    t.equal(readCertificateFacts(octets), undefined, what)
  t.ok(readCertificateFacts(good))
  t.end()
})

t.test('which domain a certificate proves', async (t) => {
  const ca = await makeCa('Any')
  for (const [options, yes, no] of [
    [
      { dns: ['High.Example'] },
      ['high.example'],
      ['low.example', 'example', 'x.high.example', 'high.example.'],
    ],
    [{ dns: ['*.example'] }, [], ['high.example', '*.example.org']],
    [{ dns: ['high.example.evil.example'] }, [], ['high.example']],
    [{ dns: ['x.example'], commonName: 'high.example' }, ['x.example'], ['high.example']],
    [{ srvName: ['_xmpp-server.high.example'] }, ['high.example'], ['_xmpp-server.high.example']],
    [{ srvName: ['_xmpp-client.high.example'] }, [], ['high.example']],
    [{ xmppAddr: ['high.example'] }, ['high.example'], ['low.example']],
    [{ xmppAddr: ['a@high.example'] }, [], ['high.example']],
    [{ xmppAddr: ['low.example, DNS:high.example'] }, [], ['high.example', 'low.example']],
    [{ xmppAddr: ['x"'], dns: ['high.example'] }, ['high.example'], ['x']],
    [{ dns: ['xn--bcher-kva.example'] }, ['bücher.example'], ['bucher.example']],
    [{ xmppAddr: ['bücher.example'] }, ['bücher.example'], ['bucher.example']],
  ] as const) {
    const certificate = new X509Certificate((await issue(ca, options)).certificate)
    for (const domain of yes)
      t.ok(provesDomain(certificate, domain), `${certificate.subjectAltName} is ${domain}`)
    for (const domain of no)
      t.notOk(provesDomain(certificate, domain), `${certificate.subjectAltName} is not ${domain}`)
  }
})

t.test('octets that are changed, left out or put in give names or none, and nothing else', async (t) => {
  const ca = await makeCa('Any')
  const names = { dns: ['high.example'], srvName: ['_xmpp-server.high.example'], xmppAddr: ['high.example'] }
  const certificate = new X509Certificate((await issue(ca, names)).certificate).raw
  const crl = Buffer.from((await makeCrl(ca, [])).replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const { below } = random(5)
  const wrong: string[] = []
  for (const [what, octets, read] of [
    ['certificate', certificate, readCertificateFacts],
    ['list', crl, (spoilt: Uint8Array) => readCrls(Buffer.from(spoilt))],
  ] as const) {
    for (let round = 0; round < 3000; round++) {
      const at = below(octets.length)
      const parts = [octets.subarray(0, at), Buffer.from([below(256)]), octets.subarray(at + below(3))]
      try {
        read(Buffer.concat(parts))
      } catch (error) {
        wrong.push(`${what}, octet ${at}: ${error}`)
      }
    }
  }
  t.same(wrong, [])
})
