/** Direct TLS (XEP-0368) at the edge's own port for it, by good servers and by others; and a reload of certificates under way. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { issue, makeCrl, writeCredentials } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import {
  auth,
  authenticate,
  connectDirect,
  connectOpen,
  connectRaw,
  header,
  type Raw,
  STARTTLS,
} from './raw.ts'
import { OWN, startWorld, until as within } from './world.ts'

/** A busy machine is slow. */
const until = (condition: () => boolean) => within(condition, 10_000)

const world = await startWorld({
  limits: { handshakeSeconds: 1, stanzaSeconds: 1 },
  async s2s(folder, ca) {
    const far = ['low.example', 'conference.low.example']
    for (const domain of far) writeCredentials(folder, domain, await issue(ca, { dns: [domain] }))
    writeFileSync(join(folder, 'high.crl'), await makeCrl(ca, []))
    return {
      listenDirect: '127.0.0.1:0',
      crls: ['high.crl'],
      certificates: far.map((domain) => ({
        domains: [domain],
        certificate: `${domain}.crt`,
        key: `${domain}.key`,
      })),
    }
  },
})
t.teardown(world.close)
const port = world.edge.s2sDirectPort!
const ca = world.ca.certificate
const own = await issue(world.ca, { dns: OWN })
const { cert, key } = { cert: own.certificate, key: own.key }

const message = (marker: string, from = 'alice@high.example/x', to = 'bob@low.example') =>
  `<message from='${from}' to='${to}' type='chat' id='m'><body>${marker}</body>${essLabel()}</message>`
const streamError = (condition: string) =>
  new RegExp(`<stream:error><${condition} [^>]*/></stream:error></stream:stream>$`)
const said = (text: string) => world.log.some((line) => JSON.stringify(line).includes(text))
const fingerprint = (raw: Raw) =>
  (raw.socket as ReturnType<typeof connectTls>).getPeerX509Certificate()!.fingerprint256

t.test('a stream stands and brings stanzas, and nothing is said in the clear', async (t) => {
  const raw = await authenticate(await connectDirect(port, ca, own))
  raw.write(message('by-direct-tls'))
  t.ok(await world.guard.find((xml) => xml.includes('by-direct-tls')))
  t.notMatch(raw.text, /starttls/)
  raw.socket.destroy()
})

t.test('the certificate is chosen by SNI, and the stream’s to must be a domain of it', async (t) => {
  for (const domain of ['low.example', 'conference.low.example']) {
    const raw = await connectDirect(port, ca, own, domain)
    t.match(
      (raw.socket as ReturnType<typeof connectTls>).getPeerX509Certificate()!.subjectAltName,
      `DNS:${domain}`,
    )
    raw.write(header('high.example', domain))
    t.ok(await raw.until('<mechanism>EXTERNAL</mechanism>'), domain)
    raw.socket.destroy()
    const other = await connectDirect(port, ca, own, domain)
    other.write(header('high.example', domain === 'low.example' ? 'conference.low.example' : 'low.example'))
    t.match(await other.end(), streamError('host-unknown'), `${domain}: another to`)
    t.notMatch(other.text, /EXTERNAL/)
  }
})

t.test('headers, and what comes before their time', async (t) => {
  for (const [name, text, condition] of [
    ['a stranger', header('stranger.example'), 'invalid-from'],
    ['a far domain that is none', header('high.example', 'elsewhere.example'), 'host-unknown'],
    ['no domain', header('high.example', ''), 'improper-addressing'],
    ['another own domain than the certificate has', header('conference.high.example'), 'not-authorized'],
    ['no XML', 'hello', 'not-well-formed'],
    ['STARTTLS over TLS', header() + STARTTLS, 'policy-violation'],
    ['a stanza', header() + message('too-early'), 'policy-violation'],
    ['SASL at once', header() + auth('high.example'), 'policy-violation'],
    [
      'dialback',
      `${header()}<db:result from='high.example' to='low.example'>00</db:result>`,
      'policy-violation',
    ],
  ] as const) {
    const narrow = await issue(world.ca, { dns: ['high.example'] })
    const raw = await connectDirect(port, ca, narrow)
    raw.write(text)
    t.match(await raw.end(), streamError(condition), name)
  }
  const raw = await connectDirect(port, ca, own)
  raw.write(header())
  await raw.until('</stream:features>')
  raw.write(STARTTLS)
  t.match(await raw.end(), streamError('not-authorized'), 'STARTTLS after the features')
  t.notMatch(raw.text, /proceed/)
  t.notOk(world.guard.frames.some(({ xml }) => xml.includes('too-early')))
})

t.test('the wrong port gets no stream', async (t) => {
  const plain = connect(port, '127.0.0.1').on('error', () => {})
  let came = ''
  plain.on('data', (octets) => {
    came += octets.toString('latin1')
  })
  plain.write(header())
  await once(plain, 'close')
  t.notMatch(came, /stream/, 'plain text at the port of direct TLS')
  const secure = connectTls({ host: '127.0.0.1', port: world.edge.s2sPort, rejectUnauthorized: false })
  const outcome = await Promise.race([
    once(secure, 'secureConnect').then(
      () => 'in',
      () => 'refused',
    ),
    once(secure, 'close').then(() => 'closed'),
  ])
  t.not(outcome, 'in', 'TLS at the port of STARTTLS')
})

t.test('SNI and ALPN that are not ours: the line says which', async (t) => {
  for (const [options, line] of [
    [{}, '(SNI)'],
    [{ servername: 'elsewhere.example' }, '(SNI)'],
    [{ servername: 'low.example', ALPNProtocols: ['h2'] }, '(ALPN)'],
    [{ servername: 'low.example', maxVersion: 'TLSv1.2' }, 'does not speak TLS 1.3'],
  ] as const) {
    world.log.splice(0)
    const secure = connectTls({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      cert,
      key,
      ...options,
    } as never)
    secure.on('error', () => {})
    let up = false
    secure.on('secureConnect', () => {
      up = true
    })
    await new Promise((resolve) => secure.once('close', resolve))
    t.notOk(up)
    t.ok(await until(() => said(line)), `${JSON.stringify(options)}: ${line}`)
  }
})

t.test('handshakes that do not end, are cut off or half closed hold nothing', async (t) => {
  const negotiating = async () =>
    /streams\{direction="inbound",state="negotiating"\} (\d+)/.exec(await world.metrics())?.[1]
  const hello = Buffer.from('1603010200010001fc0303', 'hex')
  const silent = connect(port, '127.0.0.1').on('error', () => {})
  const begun = connect(port, '127.0.0.1').on('error', () => {})
  begun.write(hello)
  const half = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  half.write(hello)
  half.end()
  const reset = connect(port, '127.0.0.1').on('error', () => {})
  reset.write(hello, () => reset.resetAndDestroy())
  const drip = connect(port, '127.0.0.1').on('error', () => {})
  const timer = setInterval(() => drip.write(Buffer.from([0x16])), 100)
  for (const socket of [silent, begun, half, drip]) socket.resume()
  await Promise.all(
    [silent, begun, half, reset, drip].map((socket) => socket.closed || once(socket, 'close')),
  )
  clearInterval(timer)
  t.equal(await negotiating(), '0')

  const starttls = await connectRaw(world.edge.s2sPort)
  starttls.write(header())
  await starttls.until('</stream:features>')
  starttls.write(STARTTLS)
  await starttls.until('<proceed')
  starttls.write(hello)
  await starttls.end()
  t.equal(await negotiating(), '0', 'nor does one behind STARTTLS')
})

t.test(
  'a renewed certificate is shown to new streams, standing ones go on, a broken one changes nothing',
  async (t) => {
    const standing = await authenticate(await connectDirect(port, ca, own))
    const plain = await connectOpen(world.edge.s2sPort, ca, own)
    const shown = fingerprint(standing)
    const load = () => {
      const { problems } = world.edge.reload('SIGHUP')
      if (problems.length > 0) throw new Error(problems.join('\n'))
    }
    const renewed = await issue(world.ca, { dns: ['low.example'] })
    writeCredentials(world.folder, 'low.example', { ...renewed, key: own.key })
    t.throws(load, { message: /low\.example\.crt: the key is not the one of this certificate/ })
    const meanwhile = await connectDirect(port, ca, own)
    t.equal(fingerprint(meanwhile), shown, 'the old one is still in use')
    meanwhile.socket.destroy()

    writeCredentials(world.folder, 'low.example', renewed)
    load()
    const next = await connectDirect(port, ca, own)
    t.equal(fingerprint(next), new X509Certificate(renewed.certificate).fingerprint256)
    next.socket.destroy()
    for (const [stream, marker] of [
      [standing, 'standing-direct'],
      [plain, 'standing-starttls'],
    ] as const) {
      stream.write(message(marker))
      t.ok(await world.guard.find((xml) => xml.includes(marker)), marker)
    }

    const another = await issue(world.ca, { dns: OWN })
    const kept = await authenticate(await connectDirect(port, ca, another))
    writeFileSync(join(world.folder, 'high.crl'), await makeCrl(world.ca, [own]))
    load()
    for (const stream of [standing, plain])
      t.match(
        await stream.end(),
        streamError('not-authorized'),
        'a standing one whose certificate is revoked ends',
      )
    kept.write(message('kept'))
    t.ok(await world.guard.find((xml) => xml.includes('kept')), 'another goes on')
    kept.socket.destroy()
    const refused = await connectDirect(port, ca, own)
    refused.write(header())
    t.match(await refused.end(), streamError('not-authorized'), 'a server whose certificate was revoked')
    t.ok(said("high.example: the peer's certificate is revoked by the CRL of its CA"))
    t.match(await world.metrics(), /certificate_days\{certificate="crl high\.crl"\} 6\.9/)
  },
)
