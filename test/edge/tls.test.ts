/** TLS of s2s streams: whom it lets in and whom not, on both ends, with the line that the operator reads. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import t from 'tap'
import { crlProblem, readCrls } from '../../edge/tls-ext/crl.ts'
import { type StreamTls, streamTls } from '../../edge/tls-ext/index.ts'
import { examinePeer, keyDigest, type PeerTrust, readAuthorities } from '../../edge/tls-ext/trust.ts'
import { type Ca, type Credentials, issue, makeCa, makeCrl, makeKeys } from '../pki/pki.ts'
import { trustIn } from './trust.ts'

const ca = await makeCa('High')
const other = await makeCa('Other')
const sub = await makeCa('High issuing', { by: ca })
const edge = await issue(ca, { dns: ['low.example', 'rooms.low.example'] })
const good = await issue(ca, { dns: ['high.example'] })
const certificates = [{ domains: ['low.example', 'rooms.low.example'], ...edge }]
const OWN = ['high.example', 'rooms.high.example']

const withChain = (one: Credentials, ...authorities: Ca[]): Credentials => ({
  key: one.key,
  certificate: one.certificate + authorities.map(({ certificate }) => certificate).join(''),
})

/** Two connected sockets: of who accepts, of who connects. */
async function sockets(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  for (const socket of [near, far]) open.push(socket.on('error', () => {}))
  return [far, near]
}

const open: Socket[] = []
t.teardown(() => {
  for (const socket of open) socket.destroy()
})

/** What the edge says of a server that calls it, and whether the handshake came to its end there. */
async function accepted(
  tls: StreamTls,
  peer: ConnectionOptions,
  mode: 'starttls' | 'direct' = 'starttls',
): Promise<string> {
  const [far, near] = await sockets()
  const client = connectTls({
    socket: near,
    servername: 'low.example',
    rejectUnauthorized: false,
    ...(mode === 'direct' ? { ALPNProtocols: ['xmpp-server'] } : {}),
    ...peer,
  })
  client.on('error', () => {})
  try {
    const secure =
      mode === 'direct'
        ? (await tls.acceptDirect(far)).secure
        : await tls.accept(far, 'low.example', 'high.example')
    return tls.examine(secure, Date.now())('high.example') ?? `in by ${secure.getProtocol()}`
  } catch (error) {
    return (error as Error).message
  } finally {
    far.destroy()
    near.destroy()
  }
}

/** What the edge says of a server that it calls. */
async function connected(
  tls: StreamTls,
  server: TlsOptions,
  mode: 'starttls' | 'direct' = 'starttls',
): Promise<string> {
  const [far, near] = await sockets()
  const listening = createTlsServer({ requestCert: true, rejectUnauthorized: false, ...server })
  listening.on('tlsClientError', () => {})
  listening.emit('connection', far)
  try {
    const secure = await tls.connect(near, 'low.example', 'high.example', mode)
    return tls.examine(secure, Date.now())('high.example') ?? `in by ${secure.getProtocol()}`
  } catch (error) {
    return (error as Error).message
  } finally {
    far.destroy()
    near.destroy()
  }
}

const credentials = ({ certificate, key }: Credentials) => ({ cert: certificate, key })
const edgeTls = (trust: ReadonlyMap<string, PeerTrust>) => streamTls({ certificates, trust })

t.test('certificates, of servers that call and of servers that are called', async (t) => {
  const plain = edgeTls(trustIn(OWN, ca))
  const noCa = await makeCa('High pretended', { by: ca, basicConstraints: false })
  const NOT_OF_CA = /not of the configured CA: check ca on this end/
  for (const [what, one, wanted] of [
    ['a good one', good, /^in by TLSv1\.3$/],
    [
      'by an issuing CA that is sent along',
      withChain(await issue(sub, { dns: ['high.example'] }), sub),
      /^in by/,
    ],
    ['by an issuing CA that is not', await issue(sub, { dns: ['high.example'] }), NOT_OF_CA],
    ['of another CA', await issue(other, { dns: ['high.example'] }), NOT_OF_CA],
    ['of another CA, sent along', withChain(await issue(other, { dns: ['high.example'] }), other), NOT_OF_CA],
    [
      'of what is no CA (basicConstraints)',
      withChain(await issue(noCa, { dns: ['high.example'] }), noCa),
      /not of a CA: what signed it may not sign \(basicConstraints\)/,
    ],
    [
      'of an end entity',
      withChain(
        await issue({ ...ca, ...good, subject: 'CN=high.example', keys: ca.keys }, { dns: ['high.example'] }),
        {
          ...ca,
          ...good,
        },
      ),
      /not of the configured CA|not signed by|not of a CA/,
    ],
    ['expired', await issue(ca, { dns: ['high.example'], period: 'expired' }), /expired.*: have it renewed/],
    [
      'not valid yet',
      await issue(ca, { dns: ['high.example'], period: 'future' }),
      /not valid yet: check both clocks/,
    ],
    ['for another name', await issue(ca, { dns: ['evil.example'] }), /is not for high\.example/],
    ['with a wildcard', await issue(ca, { dns: ['*.example'] }), /is not for high\.example/],
    ['with an SRV-ID', await issue(ca, { srvName: ['_xmpp-server.high.example'] }), /^in by/],
    ['with an XMPP address', await issue(ca, { xmppAddr: ['high.example'] }), /^in by/],
  ] as const) {
    t.match(await accepted(plain, credentials(one)), wanted, `calls, ${what}`)
    t.match(await connected(plain, credentials(one)), wanted, `is called, ${what}`)
  }
  const PURPOSE = /not for this use: have it issued for both client and server/
  t.match(
    await accepted(plain, credentials(await issue(ca, { dns: ['high.example'], clientAuth: false }))),
    PURPOSE,
  )
  t.match(
    await connected(plain, credentials(await issue(ca, { dns: ['high.example'], serverAuth: false }))),
    PURPOSE,
  )
  t.match(await accepted(plain, {}), /showed no certificate/)
})

t.test('a CA of its own for one own domain', async (t) => {
  const own = await makeCa('Of high.example')
  const rooms = await makeCa('Of the rooms')
  const trust = new Map([...trustIn(['high.example'], own), ...trustIn(['rooms.high.example'], rooms)])
  const tls = edgeTls(trust)
  const NOT_OF_CA = /not of the configured CA/
  for (const mode of ['starttls', 'direct'] as const) {
    t.match(await accepted(tls, credentials(await issue(own, { dns: OWN })), mode), /^in by/, mode)
    t.match(await accepted(tls, credentials(await issue(rooms, { dns: OWN })), mode), NOT_OF_CA, mode)
    t.match(await accepted(tls, credentials(await issue(ca, { dns: OWN })), mode), NOT_OF_CA, mode)
  }
  t.match(await connected(tls, credentials(await issue(own, { dns: OWN }))), /^in by/)
  t.match(await connected(tls, credentials(await issue(rooms, { dns: OWN }))), NOT_OF_CA)

  // A further domain that the certificate names must be of that domain's CA.
  const [far, near] = await sockets()
  connectTls({
    socket: near,
    servername: 'low.example',
    rejectUnauthorized: false,
    ...credentials(await issue(own, { dns: OWN })),
  })
  const problemOf = tls.examine(await tls.accept(far, 'low.example', 'high.example'), Date.now())
  t.same(OWN.map(problemOf), [
    undefined,
    "the peer's certificate is not of the configured CA: check ca on this end",
  ])
  t.match(problemOf('elsewhere.example'), /not an own domain/)
  far.destroy()
})

t.test('pins', async (t) => {
  const next = await makeKeys()
  const rolled = await issue(ca, { dns: ['high.example'], keys: next })
  const pins = [good, rolled].map(({ certificate }) => keyDigest(new X509Certificate(certificate)))
  const one = edgeTls(trustIn(OWN, ca, { pins: pins.slice(0, 1) }))
  const both = edgeTls(trustIn(OWN, ca, { pins }))
  for (const ask of [accepted, connected]) {
    t.match(await ask(one, credentials(good)), /^in by/)
    const refusal = await ask(one, credentials(rolled))
    t.match(refusal, /is none of the pins of high\.example/)
    t.ok(refusal.includes(pins[1]!), 'the operator sees the digest to compare')
    t.match(await ask(both, credentials(rolled)), /^in by/, 'the next key is known before it is used')
    t.match(
      await ask(both, credentials(await issue(other, { dns: ['high.example'], keys: next }))),
      /not of the configured CA/,
    )
  }
})

t.test('revocation', async (t) => {
  const revoked = await issue(ca, { dns: ['high.example'] })
  const crl = await makeCrl(ca, [revoked])
  const listed = edgeTls(trustIn(OWN, ca, { crls: [crl] }))
  const issued = await issue(sub, { dns: ['high.example'] })
  const under = edgeTls(trustIn(OWN, ca, { crls: [crl, await makeCrl(sub, [issued])] }))
  const past = edgeTls(trustIn(OWN, ca, { crls: [await makeCrl(ca, [], { period: 'expired' })] }))
  const early = edgeTls(trustIn(OWN, ca, { crls: [await makeCrl(ca, [], { period: 'future' })] }))
  const forged = edgeTls(trustIn(OWN, ca, { crls: [await makeCrl(ca, [], { signedWith: other })] }))
  for (const ask of [accepted, connected]) {
    t.match(await ask(listed, credentials(good)), /^in by/)
    t.match(await ask(listed, credentials(revoked)), /certificate is revoked by the CRL of its CA/)
    t.match(
      await ask(listed, credentials(withChain(issued, sub))),
      /there is no CRL of the CA/,
      'of the issuing CA',
    )
    t.match(await ask(under, credentials(withChain(issued, sub))), /is revoked/)
    t.match(await ask(past, credentials(good)), /CRL .* has expired: put the new one in its place and reload/)
    t.match(await ask(early, credentials(good)), /CRL .* is not valid yet/)
    t.match(await ask(forged, credentials(good)), /CRL .* is not signed by it/)
  }
  t.match(await accepted(listed, credentials(revoked), 'direct'), /is revoked/)
})

t.test('what is said of a CRL when it is read', async (t) => {
  const authorities = [ca, sub].map(({ certificate }) => new X509Certificate(certificate))
  const problemOf = (text: string | Buffer) => {
    const read = readCrls(Buffer.from(text as string))
    return typeof read === 'string' ? read : crlProblem(read[0]!, authorities, Date.now())
  }
  const fine = await makeCrl(ca, [good])
  const der = Buffer.from(fine.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  t.equal(problemOf(fine), undefined)
  t.equal(problemOf(der), undefined, 'DER')
  t.equal((readCrls(Buffer.from(fine + (await makeCrl(sub, [])))) as unknown[]).length, 2, 'two in one file')
  t.match(problemOf(await makeCrl(other, [])), /not of a CA that is configured beside it/)
  t.match(problemOf(await makeCrl(ca, [], { signedWith: other })), /not signed by the CA that it names/)
  t.match(problemOf(await makeCrl(ca, [], { period: 'expired' })), /expired on/)
  t.match(problemOf(await makeCrl(ca, [], { period: 'future' })), /not valid before/)
  const flipped = Buffer.from(der)
  flipped[flipped.length - 10]! ^= 1
  t.match(problemOf(flipped), /not signed by/)
  for (const octets of [
    Buffer.alloc(0),
    der.subarray(0, 50),
    Buffer.from('hello'),
    Buffer.concat([der, der]),
  ])
    t.match(problemOf(octets), /is no CRL/)
  t.match(problemOf(ca.certificate), /is no CRL/)
  t.match(problemOf(fine.slice(0, 100)), /has no end/)
})

t.test('versions', async (t) => {
  const strict = edgeTls(trustIn(OWN, ca))
  const lenient = edgeTls(
    new Map([
      ...trustIn(['high.example'], ca, { minVersion: 'TLSv1.2' }),
      ...trustIn(['rooms.high.example'], ca),
    ]),
  )
  const rooms = edgeTls(
    new Map([
      ...trustIn(['high.example'], ca),
      ...trustIn(['rooms.high.example'], ca, { minVersion: 'TLSv1.2' }),
    ]),
  )
  const old = { ...credentials(good), maxVersion: 'TLSv1.2' } as const
  for (const mode of ['starttls', 'direct'] as const) {
    t.match(
      await accepted(strict, old, mode),
      /does not speak TLS 1\.3: update it, or permit it TLS 1\.2/,
      mode,
    )
    t.equal(await accepted(lenient, old, mode), 'in by TLSv1.2', mode)
    t.equal(await accepted(lenient, credentials(good), mode), 'in by TLSv1.3', mode)
    const older = {
      ...credentials(good),
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    } as const
    t.match(await accepted(lenient, older, mode), /TLS handshake failed/, `${mode}: TLS 1.1`)
    for (const ciphers of ['AES128-SHA', 'ECDHE-ECDSA-AES128-SHA256', 'AES256-GCM-SHA384'])
      t.match(
        await accepted(lenient, { ...old, ciphers }, mode),
        /TLS handshake failed/,
        `${mode}: ${ciphers}`,
      )
  }
  t.match(await accepted(rooms, old), /does not speak TLS 1\.3/, 'what another domain is permitted')
  t.match(
    await accepted(rooms, old, 'direct'),
    /the connection is TLSv1\.2: have the peer speak TLS 1\.3/,
    'also where the port did not know who calls',
  )
  t.match(await connected(strict, old), /does not speak TLS 1\.3/)
  t.equal(await connected(lenient, old), 'in by TLSv1.2')
})

t.test('direct TLS: the name in SNI, the protocol in ALPN', async (t) => {
  const tls = edgeTls(trustIn(OWN, ca))
  const peer = credentials(good)
  t.match(await accepted(tls, peer, 'direct'), /^in by/)
  t.match(await accepted(tls, { ...peer, servername: 'LOW.example' }, 'direct'), /^in by/)
  t.match(await accepted(tls, { ...peer, ALPNProtocols: ['http/1.1', 'xmpp-server'] }, 'direct'), /^in by/)
  t.match(
    await accepted(tls, { ...peer, ALPNProtocols: [] }, 'direct'),
    /^in by/,
    'ALPN may be left out (XEP-0368)',
  )
  for (const protocol of ['xmpp-client', 'h2', 'xmpp-serve'])
    t.match(await accepted(tls, { ...peer, ALPNProtocols: [protocol] }, 'direct'), /\(ALPN\)/, protocol)
  for (const servername of ['', 'high.example', 'x.low.example', 'elsewhere.example'])
    t.match(
      await accepted(tls, { ...peer, servername }, 'direct'),
      /names no far domain of this edge \(SNI\)/,
      servername,
    )

  const [far, near] = await sockets()
  const client = connectTls({ socket: near, servername: 'rooms.low.example', ca: ca.certificate, ...peer })
  const { domains } = await tls.acceptDirect(far)
  t.same(domains, ['low.example', 'rooms.low.example'])
  client.destroy()

  t.match(await connected(tls, { ...peer, ALPNProtocols: ['xmpp-server'] }, 'direct'), /^in by/)
  t.match(await connected(tls, peer, 'direct'), /^in by/, 'a server that knows no ALPN')
  t.match(
    await connected(tls, { ...peer, ALPNProtocols: ['h2'] }, 'direct'),
    /does not speak xmpp-server there \(ALPN\)/,
  )
})

t.test('the certificate of the very domain that speaks is shown', async (t) => {
  const each = ['low.example', 'rooms.low.example']
  const tls = streamTls({
    certificates: await Promise.all(
      each.map(async (domain) => ({ domains: [domain], ...(await issue(ca, { dns: [domain] })) })),
    ),
    trust: trustIn(OWN, ca),
  })
  for (const domain of each) {
    const [far, near] = await sockets()
    const server = createTlsServer({ ...credentials(good), ca: ca.certificate, requestCert: true })
    server.emit('connection', far)
    const [up] = await Promise.all([
      once(server, 'secureConnection'),
      tls.connect(near, domain, 'high.example', 'direct'),
    ])
    t.equal((up[0] as TLSSocket).getPeerX509Certificate()?.subjectAltName, `DNS:${domain}`, 'where we call')

    const [there, here] = await sockets()
    const client = connectTls({
      socket: here,
      servername: 'low.example',
      rejectUnauthorized: false,
      ...credentials(good),
    })
    await Promise.all([once(client, 'secureConnect'), tls.accept(there, domain, 'high.example')])
    t.equal(client.getPeerX509Certificate()?.subjectAltName, `DNS:${domain}`, 'where we are called')
  }
})

t.test('what a peer sends along beside its path does not matter', async (t) => {
  // An authority of the same name as the real one, in front of it.
  const impostor = await makeCa('High issuing')
  const leaf = await issue(sub, { dns: ['high.example'] })
  const rooms = await makeCa('Of the rooms')
  const tls = edgeTls(new Map([...trustIn(['high.example'], ca), ...trustIn(['rooms.high.example'], rooms)]))
  for (const mode of ['starttls', 'direct'] as const) {
    t.match(await accepted(tls, credentials(withChain(leaf, sub, impostor)), mode), /^in by/)
    t.match(
      await accepted(tls, credentials(withChain(leaf, impostor, rooms)), mode),
      /not of the configured CA|not signed/,
    )
  }
})

t.test('a connection that resumes another one is not taken', (t) => {
  const socket = {
    authorized: true,
    isSessionReused: () => true,
    getProtocol: () => 'TLSv1.3',
    getPeerX509Certificate: () => new X509Certificate(good.certificate),
  } as unknown as TLSSocket
  const problemOf = examinePeer(socket, trustIn(OWN, ca), Date.now())
  t.match(problemOf('high.example'), /resumes an earlier one/)
  t.end()
})

t.test('no renegotiation, no resumption', async (t) => {
  const tls = edgeTls(trustIn(OWN, ca, { minVersion: 'TLSv1.2' }))
  const peer = { servername: 'low.example', rejectUnauthorized: false, ...credentials(good) }
  const [far, near] = await sockets()
  const client = connectTls({ socket: near, maxVersion: 'TLSv1.2', ...peer })
  const up = once(client, 'secureConnect')
  const secure = await tls.accept(far, 'low.example', 'high.example')
  await up
  secure.on('error', () => {})
  client.on('error', () => {})
  const outcome = await new Promise<string>((resolve) => {
    client.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : 'refused'))
    client.once('close', () => resolve('closed'))
    client.once('error', () => resolve('refused'))
  })
  t.not(outcome, 'renegotiated')
  client.destroy()

  let session: Buffer | undefined
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (let round = 0; round < 2; round++) {
      const [far, near] = await sockets()
      const client: TLSSocket = connectTls({ socket: near, maxVersion, ...peer, ...(session && { session }) })
      client.on('session', (ticket) => {
        session = ticket
      })
      const secure = await tls.accept(far, 'low.example', 'high.example')
      secure.write('x')
      await once(client, 'data')
      t.notOk(secure.isSessionReused(), `${maxVersion}, round ${round + 1}`)
      session ??= client.getSession()
      client.destroy()
    }
    session = undefined
  }
})

t.test('handshakes that come to nothing', async (t) => {
  const tls = edgeTls(trustIn(OWN, ca))
  const large = withChain(
    await issue(ca, { dns: ['high.example'] }),
    ...(await Promise.all(
      Array.from({ length: 4 }, async () => ({
        ...ca,
        ...(await issue(ca, { dns: ['x'], ballast: 40_000 })),
      })),
    )),
  )
  t.match(await accepted(tls, credentials(large)), /TLS handshake failed: .*too large|closed/)
  for (const [what, octets] of [
    ['text', 'GET / HTTP/1.1\r\n\r\n'],
    ['a stream header', `<?xml version='1.0'?><stream:stream xmlns='jabber:server'>`],
    ['a record without end', Buffer.from('1603010200010001fc0303', 'hex')],
    ['nothing', ''],
  ] as const) {
    for (const end of ['destroy', 'end', 'reset'] as const) {
      const [far, near] = await sockets()
      const outcome = tls.acceptDirect(far).then(
        () => 'in',
        (error: Error) => error.message,
      )
      near.write(octets)
      if (end === 'reset') near.resetAndDestroy()
      else near[end]()
      t.match(await outcome, /^TLS handshake failed: /, `${what}, then ${end}`)
      far.destroy()
    }
  }
})

t.test('what a peer says in an alert is put in words', async (t) => {
  const tls = edgeTls(trustIn(OWN, ca))
  const DISTRUST = /does not accept our certificate: is it of a CA that the peer trusts/
  for (const [alert, wanted] of [
    [42, DISTRUST],
    [43, DISTRUST],
    [44, DISTRUST],
    [45, DISTRUST],
    [46, DISTRUST],
    [48, DISTRUST],
    [70, /does not speak TLS 1\.3/],
    [112, /does not know the name that it is asked for \(SNI\)/],
    [116, /did not get our certificate/],
    [120, /does not speak xmpp-server there \(ALPN\)/],
    [80, /^TLS handshake failed: ERR_SSL_/],
  ] as const) {
    const [far, near] = await sockets()
    far.once('data', () => far.write(Buffer.from([0x15, 3, 3, 0, 2, 2, alert])))
    await t.rejects(
      tls.connect(near, 'low.example', 'high.example', 'direct'),
      { message: wanted },
      `alert ${alert}`,
    )
  }
})

t.test('a reload: handshakes to come have the new, connections that stand go on', async (t) => {
  const tls = edgeTls(trustIn(OWN, ca))
  const peer = { servername: 'low.example', rejectUnauthorized: false, ...credentials(good) }
  const begin = async (mode: 'starttls' | 'direct') => {
    const [far, near] = await sockets()
    const client = connectTls({ socket: near, ...peer })
    const secure =
      mode === 'direct'
        ? (await tls.acceptDirect(far)).secure
        : await tls.accept(far, 'low.example', 'high.example')
    return { client, secure, shown: client.getPeerX509Certificate()!.fingerprint256 }
  }
  const fingerprint = ({ certificate }: Credentials) => new X509Certificate(certificate).fingerprint256
  const standing = [await begin('starttls'), await begin('direct')]
  for (const { shown } of standing) t.equal(shown, fingerprint(edge))

  const renewed = await issue(ca, { dns: ['low.example', 'rooms.low.example'] })
  const mixed = [{ ...certificates[0]!, key: renewed.key }]
  const broken = [{ ...certificates[0]!, certificate: 'nothing' }]
  const lame = trustIn(OWN, ca)
  const { authorities } = lame.get('high.example')!
  lame.set('high.example', {
    ...lame.get('high.example')!,
    authorities: { ...authorities, crls: [{ pem: 'x' } as never] },
  })
  t.throws(() => tls.reload({ certificates: mixed, trust: trustIn(OWN, ca) }), 'a key of another certificate')
  t.throws(() => tls.reload({ certificates: broken, trust: trustIn(OWN, ca) }), 'no certificate')
  t.throws(() => tls.reload({ certificates, trust: lame }), 'no CRL')
  t.equal((await begin('starttls')).shown, fingerprint(edge), 'the old one is still in use')

  tls.reload({ certificates: [{ ...certificates[0]!, ...renewed }], trust: trustIn(OWN, ca) })
  for (const mode of ['starttls', 'direct'] as const)
    t.equal((await begin(mode)).shown, fingerprint(renewed), mode)
  for (const { client, secure } of standing) {
    client.write('still there')
    t.equal(String((await once(secure, 'data'))[0]), 'still there')
    t.equal(tls.examine(secure, Date.now())('high.example'), undefined)
  }

  tls.reload({ certificates, trust: trustIn(OWN, ca, { crls: [await makeCrl(ca, [good])] }) })
  t.match(
    tls.examine(standing[0]!.secure, Date.now())('high.example'),
    /is revoked/,
    'a standing one can be asked again',
  )
  tls.reload({ certificates, trust: trustIn(OWN, other) })
  t.match(tls.examine(standing[0]!.secure, Date.now())('high.example'), /not of the configured CA/)
  for (const { client, secure } of standing) for (const socket of [client, secure]) socket.destroy()
})

t.test('authorities', (t) => {
  t.equal(readAuthorities([ca.certificate + sub.certificate]).certificates.length, 2)
  t.throws(() => readAuthorities(['nothing']), /no PEM certificate/)
  t.end()
})
