/** Names of a certificate, as Node writes them, read strictly. */

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { alternativeNames, provesDomain } from '../../edge/tls-ext/identity.ts'
import { issue, makeCa } from '../pki/pki.ts'

t.test('the list of names', (t) => {
  const dns = (value: string) => ({ type: 'DNS', value })
  for (const [text, wanted] of [
    [undefined, undefined],
    ['', []],
    ['DNS:a.example', [dns('a.example')]],
    [
      'DNS:a.example, IP Address:::1, DNS:b.example',
      [dns('a.example'), { type: 'IP Address', value: '::1' }, dns('b.example')],
    ],
    ['othername:XmppAddr:a.example, DNS:b', [{ type: 'othername:XmppAddr', value: 'a.example' }, dns('b')]],
    [
      'othername:"XmppAddr:a\\u002c DNS:b", DNS:c',
      [{ type: 'othername:XmppAddr', value: 'a, DNS:b' }, dns('c')],
    ],
    ['DNS:"a, DNS:b"', [dns('a, DNS:b')]],
    ['DNS:"a\\"", DNS:b', [dns('a"'), dns('b')]],
    ['othername:<unsupported>, DNS:b', [dns('b')]],
    ['othername:<unsupported>x, DNS:b', undefined],
    ['DNS:"a, DNS:b', undefined],
    ['DNS:"a"x, DNS:b', undefined],
    ['DNS:"\\x", DNS:b', undefined],
    ['othername:"XmppAddr"', undefined],
    ['othername:XmppAddr', undefined],
    ['nonsense', undefined],
    ['DNS:a, ', [dns('a')]],
  ] as const) {
    t.same(alternativeNames(text), wanted, text ?? 'none')
  }
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
  ] as const) {
    const certificate = new X509Certificate((await issue(ca, options)).certificate)
    for (const domain of yes)
      t.ok(provesDomain(certificate, domain), `${certificate.subjectAltName} is ${domain}`)
    for (const domain of no)
      t.notOk(provesDomain(certificate, domain), `${certificate.subjectAltName} is not ${domain}`)
  }
})
