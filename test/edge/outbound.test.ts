/** Streams that the edge opens to own servers, good ones and bad ones: nothing is sent to the wrong one, none wedges a pair. */
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import type { Delivery } from '../../edge/outbound/delivery.ts'
import { createLinks, type Links } from '../../edge/outbound/links.ts'
import { streamTls } from '../../edge/tls-ext/index.ts'
import { type Credentials, issue, makeCa } from '../pki/pki.ts'
import { linkOptions } from './link-options.ts'
import { trustIn } from './trust.ts'
import { until } from './world.ts'

const ca = await makeCa('High')
const edgeCredentials = await issue(ca, { dns: ['low.example'] })
const good = await issue(ca, { dns: ['high.example'] })

const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='high.example' to='low.example' id='x' version='1.0'>`
const features = (inner: string) => `<stream:features>${inner}</stream:features>`
const STARTTLS = features(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
const PROCEED = `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`
const EXTERNAL = features(
  `<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism><mechanism>EXTERNAL</mechanism></mechanisms>`,
)
const SUCCESS = `<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`

/** Each step answers one word of the edge: header, starttls, header, auth, header. */
type Script = Readonly<{
  plain?: readonly string[]
  secure?: readonly string[]
  credentials?: Credentials
}>

const GOOD: Required<Script> = {
  plain: [HEADER + STARTTLS, PROCEED],
  secure: [HEADER + EXTERNAL, SUCCESS, `${HEADER}${features(`<sm xmlns='urn:xmpp:sm:3'/>`)}`],
  credentials: good,
}

/** A server that plays one script a connection, the last one for ever, and notes what it is told. */
async function startServer(scripts: Script[]) {
  const seen = { plain: '', secure: '', connections: 0, authorised: [] as boolean[] }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    seen.connections++
    sockets.add(socket)
    const script = { ...GOOD, ...(scripts.length > 1 ? scripts.shift() : scripts[0]) }
    const plain = [...script.plain]
    socket.on('error', () => {})
    socket.on('data', function answer(octets: Buffer) {
      seen.plain += octets.toString('latin1')
      const next = plain.shift()
      if (next !== undefined) socket.write(next)
      if (plain.length === 0 && next !== undefined) {
        socket.off('data', answer)
        if (script.plain.at(-1) !== PROCEED) return
        const tls = createTlsServer({
          cert: script.credentials.certificate,
          key: script.credentials.key,
          ca: ca.certificate,
          requestCert: true,
          rejectUnauthorized: false,
        })
        tls.on('tlsClientError', () => {})
        tls.on('secureConnection', (secure: TLSSocket) => {
          seen.authorised.push(secure.authorized)
          const steps = [...script.secure]
          secure.on('error', () => {})
          secure.on('data', (more: Buffer) => {
            seen.secure += more.toString()
            const step = steps.shift()
            if (step !== undefined) secure.write(step)
          })
        })
        tls.emit('connection', socket)
      }
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  return {
    seen,
    port,
    drop() {
      for (const socket of sockets) socket.destroy()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function item(stanza: string, expired: string[] = []): Delivery {
  return {
    stanza,
    at: performance.now(),
    settled: (outcome) => void (outcome === 'expired' && expired.push(stanza)),
  }
}

function linksTo(
  port: number,
  states: string[],
  bound = 100,
  more: Partial<Parameters<typeof createLinks>[0]> = {},
): Links {
  return createLinks({
    own: ['high.example'],
    ...linkOptions(states),
    routes: [{ domain: 'high.example', host: '127.0.0.1', port, tls: 'starttls', priority: 0, weight: 0 }],
    tls: streamTls({
      certificates: [{ domains: ['low.example'], ...edgeCredentials }],
      trust: trustIn(['high.example'], ca),
    }),
    handshakeMs: 1000,
    bound,
    ...more,
  })
}

t.test('a bad server gets nothing, and the pair recovers when it is mended', async (t) => {
  const other = await makeCa('Other')
  const cases: [string, Script, RegExp][] = [
    ['no STARTTLS', { plain: [HEADER + features('')] }, /offers no STARTTLS/],
    [
      'another name in the header',
      { plain: [HEADER.replace('high.example', 'evil.example') + STARTTLS] },
      /answers as evil\.example, not as high\.example/,
    ],
    [
      'octets behind proceed',
      { plain: [HEADER + STARTTLS, `${PROCEED}${SUCCESS}`] },
      /octets behind <proceed\/>/,
    ],
    [
      'a refusal of TLS',
      { plain: [HEADER + STARTTLS, `<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`] },
      /<failure> where the negotiation awaits/,
    ],
    [
      'a certificate of another CA',
      { credentials: await issue(other, { dns: ['high.example'] }) },
      /not of the configured CA/,
    ],
    [
      'a certificate for another name',
      { credentials: await issue(ca, { dns: ['evil.example'], commonName: 'high.example' }) },
      /the peer's certificate is not for high\.example/,
    ],
    [
      'an expired certificate',
      { credentials: await issue(ca, { dns: ['high.example'], period: 'expired' }) },
      /expired/,
    ],
    [
      'dialback only',
      { secure: [HEADER + features(`<dialback xmlns='urn:xmpp:features:dialback'/>`)] },
      /offers no EXTERNAL to low\.example/,
    ],
    [
      'another mechanism only',
      { secure: [HEADER + EXTERNAL.replace('EXTERNAL', 'EXTERNAL-X')] },
      /offers no EXTERNAL/,
    ],
    [
      'a failure',
      {
        secure: [
          HEADER + EXTERNAL,
          `<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>`,
        ],
      },
      /does not accept EXTERNAL from low\.example: not-authorized/,
    ],
    [
      'a stream error',
      {
        secure: [
          `${HEADER}<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
        ],
      },
      /the server reports host-unknown/,
    ],
    [
      'a stanza during the negotiation',
      { secure: [`${HEADER}<message from='high.example'/>${EXTERNAL}`] },
      /<message> where the negotiation awaits/,
    ],
    [
      'octets behind success',
      { secure: [HEADER + EXTERNAL, `${SUCCESS}${HEADER}`] },
      /octets behind <success\/>|not-well-formed/,
    ],
    ['an entity bomb', { plain: [`<!DOCTYPE x [<!ENTITY a 'b'>]>${HEADER}`] }, /the stream is broken/],
    ['silence', { plain: [] }, /the peer took too long/],
  ]
  for (const [name, script, why] of cases) {
    const server = await startServer([script, {}])
    const states: string[] = []
    const links = linksTo(server.port, states)
    links.deliver('low.example', 'high.example', item('<message>SECRET</message>'))
    await until(() => states.some((state) => state.startsWith('waiting')), 4000)
    t.match(states[1], why, name)
    t.notMatch(server.seen.plain + server.seen.secure, /SECRET/, `${name}: nothing was sent`)
    t.ok(await until(() => server.seen.secure.includes('SECRET'), 4000), `${name}: sent once it is mended`)
    t.equal(links.size(), 0)
    links.close()
    server.close()
  }
})

t.test('the certificate of the far domain is shown, and nothing is said in the clear', async (t) => {
  const server = await startServer([{}])
  t.teardown(server.close)
  const links = linksTo(server.port, [])
  t.teardown(links.close)
  links.deliver('low.example', 'high.example', item('<message>one</message>'))
  links.deliver('low.example', 'high.example', item('<message>two</message>'))
  t.ok(await until(() => server.seen.secure.includes('<message>one</message><message>two</message>')))
  t.same(server.seen.authorised, [true])
  t.match(server.seen.secure, /<auth [^>]*mechanism='EXTERNAL'>bG93LmV4YW1wbGU=<\/auth>/)
  const words =
    /^<\?xml version='1\.0'\?><stream:stream [^>]* from='low\.example' to='high\.example' version='1\.0' xml:lang='en'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'\/>/
  t.match(server.seen.plain, words)
  t.notMatch(server.seen.secure, /<enable|<r /, 'no stream management')
})

t.test('a stream that breaks is opened again when there is something to send', async (t) => {
  const server = await startServer([{}])
  t.teardown(server.close)
  const states: string[] = []
  const links = linksTo(server.port, states)
  t.teardown(links.close)
  links.deliver('low.example', 'high.example', item('<message>one</message>'))
  t.ok(await until(() => server.seen.secure.includes('one')))
  server.drop()
  t.ok(await until(() => states.at(-1)?.startsWith('idle') === true))
  t.equal(server.seen.connections, 1, 'not without need')
  links.deliver('low.example', 'high.example', item('<message>two</message>'))
  t.ok(await until(() => server.seen.secure.includes('two')))
  t.equal(server.seen.connections, 2)
})

t.test('what comes on a stream of ours ends it', async (t) => {
  const server = await startServer([
    {
      secure: [
        ...GOOD.secure.slice(0, 2),
        `${GOOD.secure[2]}<message from='a@high.example' to='b@low.example'/>`,
      ],
    },
    {},
  ])
  t.teardown(server.close)
  const states: string[] = []
  const links = linksTo(server.port, states)
  t.teardown(links.close)
  links.deliver('low.example', 'high.example', item('<message>one</message>'))
  t.ok(await until(() => states.some((state) => state.includes('<message> where the negotiation awaits'))))
  t.ok(await until(() => server.seen.secure.includes('one')), 'and the stanza is sent on the next one')
})

t.test('the queue is bounded and keeps its order while the server is away', async (t) => {
  const server = await startServer([{}])
  server.close()
  const links = linksTo(server.port, [], 10)
  t.teardown(links.close)
  const taken = Array.from({ length: 12 }, (_, i) =>
    links.deliver('low.example', 'high.example', item(`<m>${i}</m>`)),
  )
  t.same(taken, [...Array(9).fill(true), false, false, false])
  t.ok(links.isFull() && links.isStuckTowards(new Set(['high.example'])))
  const answered = Array.from({ length: 10 }, () => links.answer('low.example', 'high.example', item('<e/>')))
  t.same(answered, [...Array(8).fill(true), false, false], 'as much again for answers')
  t.throws(() => links.deliver('evil.example', 'high.example', item('<m/>')))
  t.throws(() => links.deliver('low.example', 'evil.example', item('<m/>')))
})

t.test('answers are bounded in octets too', async (t) => {
  const server = await startServer([{}])
  server.close()
  const links = linksTo(server.port, [], 1000)
  t.teardown(links.close)
  const long = 'x'.repeat(1024 * 1024)
  const answered = Array.from({ length: 20 }, () => links.answer('low.example', 'high.example', item(long)))
  t.same(answered, [...Array(16).fill(true), ...Array(4).fill(false)])
  t.ok(links.isOverfull('low.example', 'high.example'))
})

t.test('what waits too long for an absent server is given back', async (t) => {
  const server = await startServer([{}])
  server.close()
  const expired: string[] = []
  let rooms = 0
  const links = linksTo(server.port, [], 4, {
    expireMs: 300,
    onRoom: () => rooms++,
  })
  t.teardown(links.close)
  for (let i = 0; i < 5; i++) links.deliver('low.example', 'high.example', item(`<m>${i}</m>`, expired))
  t.ok(links.isFull())
  t.ok(await until(() => expired.length === 5))
  t.same(expired, ['<m>0</m>', '<m>1</m>', '<m>2</m>', '<m>3</m>', '<m>4</m>'])
  t.equal(rooms, 1)
  t.notOk(links.isFull())
})
