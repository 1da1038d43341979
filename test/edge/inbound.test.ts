/** Streams that servers, strangers and attackers open to the edge. */
import { connect } from 'node:net'
import t from 'tap'
import { type Credentials, issue, makeCa } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import { auth, connectOpen, connectRaw, connectSecure, header, STARTTLS } from './raw.ts'
import { OWN, startWorld, until } from './world.ts'

const world = await startWorld({ limits: { handshakeSeconds: 1, stanzaSeconds: 1, hardOctets: 200_000 } })
const port = world.edge.s2sPort
const ca = world.ca.certificate
const own = await issue(world.ca, { dns: OWN })
t.teardown(world.close)

const message = (marker: string, from = 'alice@high.example/x', to = 'bob@low.example') =>
  `<message from='${from}' to='${to}' type='chat' id='m'><body>${marker}</body>${essLabel()}</message>`
const streamError = (condition: string) =>
  new RegExp(`<stream:error><${condition} [^>]*/></stream:error></stream:stream>$`)
const nothingSaid = (text: string) => !world.guard.frames.some(({ xml }) => xml.includes(text))

t.test('the headers', async (t) => {
  for (const [name, text, condition] of [
    ['another domain', header('high.example', 'elsewhere.example'), 'host-unknown'],
    ['no domain', header('high.example', ''), 'improper-addressing'],
    ['an address as domain', header('high.example', 'bob@low.example'), 'host-unknown'],
    ['a stranger', header('stranger.example'), 'invalid-from'],
    ['the far side itself', header('low.example'), 'invalid-from'],
    ['nobody', header(''), 'improper-addressing'],
    ['no version', header().replace(` version='1.0'>`, '>'), 'unsupported-version'],
    ['another stream namespace', header().replace('etherx.jabber.org', 'x'), 'invalid-namespace'],
    ['another root', header().replaceAll('stream:stream', 'stream:flow'), 'bad-format'],
    ['no XML', 'GET / HTTP/1.1\r\n\r\n', 'not-well-formed'],
    ['a DOCTYPE', '<!DOCTYPE x><stream/>', 'restricted-xml'],
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x3c]), 'unsupported-encoding'],
    ['a header without end', `<stream:stream x='${'x'.repeat(200_000)}`, 'policy-violation'],
  ] as const) {
    const raw = await connectRaw(port)
    raw.write(text)
    const answer = await raw.end()
    t.match(answer, streamError(condition), name)
    t.match(answer, /^<\?xml version='1\.0'\?><stream:stream /, `${name}: the error stands in a stream`)
    t.notMatch(answer, / (from|to)=(''|"")/, `${name}: whose header names no empty address`)
  }
})

t.test('before TLS', async (t) => {
  for (const [name, text, condition] of [
    ['a stanza', message('before-tls'), 'not-authorized'],
    ['SASL', auth('high.example'), 'not-authorized'],
    ['dialback', `<db:result from='high.example' to='low.example'>00</db:result>`, 'policy-violation'],
    ['octets behind starttls', `${STARTTLS}${message('injected')}`, 'policy-violation'],
    ['half an element behind starttls', `${STARTTLS}<message from='x'>`, 'policy-violation'],
    ['a blank behind starttls', `${STARTTLS}\n`, 'policy-violation'],
  ] as const) {
    const raw = await connectRaw(port)
    raw.write(header())
    await raw.until('</stream:features>')
    raw.write(text)
    t.match(await raw.end(), streamError(condition), name)
    if (name === 'dialback') t.match(raw.text, /<result [^>]*type="error"><error type="cancel"><not-allowed /)
    t.notMatch(raw.text, /<proceed/, `${name}: no TLS`)
  }
  const raw = await connectRaw(port)
  raw.write(`${header()}${STARTTLS}`)
  t.match(await raw.end(), streamError('policy-violation'), 'starttls before the features')
  t.ok(nothingSaid('before-tls') && nothingSaid('injected'))
})

t.test('certificates', async (t) => {
  const other = await makeCa('Other')
  const cases: [string, Credentials | undefined][] = [
    ['none', undefined],
    ['of another CA', await issue(other, { dns: OWN })],
    ['expired', await issue(world.ca, { dns: OWN, period: 'expired' })],
    ['not valid yet', await issue(world.ca, { dns: OWN, period: 'future' })],
    ['for another domain', await issue(world.ca, { dns: ['other.example'] })],
    ['for the far domain', await issue(world.ca, { dns: ['low.example'] })],
    ['for a subdomain', await issue(world.ca, { dns: ['conference.high.example'] })],
    [
      'with the name as common name only',
      await issue(world.ca, { dns: ['x.example'], commonName: 'high.example' }),
    ],
    ['with a wildcard', await issue(world.ca, { dns: ['*.example'] })],
    ['for servers only', await issue(world.ca, { dns: OWN, clientAuth: false })],
    ['with the name inside another', await issue(world.ca, { xmppAddr: ['x.example, DNS:high.example'] })],
    ['with the service of another name', await issue(world.ca, { srvName: ['_xmpp-client.high.example'] })],
  ]
  for (const [name, credentials] of cases) {
    const raw = await connectSecure(port, ca, credentials)
    raw.write(header())
    t.match(await raw.end(), streamError('not-authorized'), name)
    t.notMatch(raw.text, /EXTERNAL/, `${name}: nothing is offered`)
  }
  for (const [name, credentials] of [
    ['a DNS name', await issue(world.ca, { dns: ['high.example'] })],
    ['a service name', await issue(world.ca, { srvName: ['_xmpp-server.high.example'] })],
    ['an XMPP address', await issue(world.ca, { xmppAddr: ['high.example'] })],
  ] as const) {
    const raw = await connectSecure(port, ca, credentials)
    raw.write(header())
    t.ok(await raw.until('<mechanism>EXTERNAL</mechanism>'), name)
    raw.socket.destroy()
  }
})

t.test('the header over TLS names the same domains', async (t) => {
  for (const text of [header('conference.high.example'), header('high.example', 'conference.low.example')]) {
    const raw = await connectSecure(port, ca, own)
    raw.write(text)
    t.match(await raw.end(), streamError('invalid-from'))
  }
})

t.test('authentication', async (t) => {
  for (const [name, text, answer] of [
    [
      'another identity',
      auth('conference.high.example'),
      /<failure [^>]*><not-authorized\/><\/failure><\/stream:stream>$/,
    ],
    ['the far domain', auth('low.example'), /<not-authorized\/>/],
    ['another mechanism', auth('high.example', 'PLAIN'), /<invalid-mechanism\/>/],
    ['no base64', auth('=').replace('=<', 'a==b<'), /<malformed-request\/>/],
    ['spare bits', auth('=').replace('=<', 'aGlnaC5leGFtcGxm=<'), /<malformed-request\/>/],
    ['nothing', auth(''), /<malformed-request\/>/],
    ['a stanza behind it', `${auth('high.example')}${message('too-early')}`, streamError('policy-violation')],
    ['a stanza in its place', message('too-early'), streamError('not-authorized')],
  ] as const) {
    const raw = await connectSecure(port, ca, own)
    raw.write(header())
    await raw.until('EXTERNAL')
    raw.write(text)
    t.match(await raw.end(), answer, name)
    t.notMatch(raw.text, /<success/, name)
  }
  t.ok(nothingSaid('too-early'))
  const raw = await connectSecure(port, ca, own)
  raw.write(header())
  await raw.until('EXTERNAL')
  raw.write(auth('='))
  t.ok(await raw.until('<success'), 'an empty identity is the certificate’s')
  raw.text = ''
  raw.write(header('conference.high.example'))
  t.match(await raw.end(), streamError('invalid-from'), 'a third header for another domain')
})

t.test('on a stream that stands', async (t) => {
  for (const [name, text, condition] of [
    ['stream management that was not agreed upon', `<r xmlns='urn:xmpp:sm:3'/>`, 'unsupported-stanza-type'],
    ['older stream management', `<enable xmlns='urn:xmpp:sm:2'/>`, 'unsupported-stanza-type'],
    ['the way back, too late', `<bidi xmlns='urn:xmpp:bidi'/>`, 'unsupported-stanza-type'],
    ['a websocket frame', `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`, 'unsupported-stanza-type'],
    ['proceed', `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`, 'unsupported-stanza-type'],
    ['features', '<stream:features/>', 'unsupported-stanza-type'],
    [
      'a client’s stanza',
      message('x').replace('<message', `<message xmlns='jabber:client'`),
      'invalid-namespace',
    ],
    ['a parent domain', message('x', 'a@example'), 'invalid-from'],
    ['no sender', message('x').replace(`from='alice@high.example/x'`, ''), 'improper-addressing'],
    ['no recipient', message('x').replace(`to='bob@low.example'`, ''), 'improper-addressing'],
    ['text', 'hello', 'not-well-formed'],
    ['a comment', '<!-- -->', 'restricted-xml'],
    ['a processing instruction', '<?x y?>', 'restricted-xml'],
    ['a DOCTYPE', '<!DOCTYPE x [<!ENTITY a "b">]>', 'restricted-xml'],
    ['a DOCTYPE inside', '<message><!DOCTYPE', 'restricted-xml'],
    ['something else behind <!', '<!ELEMENT x ANY>', 'not-well-formed'],
    ['an entity', '<message><body>&nbsp;</body></message>', 'not-well-formed'],
    ['a stanza beyond the hard limit', message('x'.repeat(250_000)), 'policy-violation'],
    ['endlessly deep elements', `<message>${'<a>'.repeat(300)}`, 'policy-violation'],
    ['something large that is no stanza', `<x>${'y'.repeat(150_000)}</x>`, 'policy-violation'],
    [
      'an element without end',
      `<message from='a@high.example' to='b@low.example'><body>x`,
      'policy-violation',
    ],
  ] as const) {
    const raw = await connectOpen(port, ca, own)
    raw.write(text + message(`after-${condition}`))
    t.match(await raw.end(), streamError(condition), name)
    t.ok(nothingSaid(`after-${condition}`), `${name}: nothing later has effect`)
  }
})

t.test('what a user can bring about ends no stream that others share', async (t) => {
  const raw = await connectOpen(port, ca, own)
  const whose = `from='alice@high.example/x' to='bob@low.example'`
  for (const [name, text, reason, answer] of [
    [
      'a huge message',
      `<message ${whose} id='h1'><body>${'x'.repeat(150_000)}</body></message>`,
      'too-big',
      'h1',
    ],
    [
      'a deep one',
      `<message ${whose} id='h2' type='chat'>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</message>`,
      'too-deep',
      'h2',
    ],
    [
      'many attributes',
      `<message ${whose} id='h3'><x ${Array.from({ length: 40 }, (_, i) => `a${i}=''`).join(' ')}/></message>`,
      'too-big',
      'h3',
    ],
    [
      'an odd namespace',
      `<message ${whose} id='h4'><x xmlns='http://é.example'/></message>`,
      'bad-attribute',
      'h4',
    ],
    ['a huge query', `<iq ${whose} id='h5' type='get'><x y='${'z'.repeat(150_000)}'/></iq>`, 'too-big', 'h5'],
    [
      'a huge message of a room',
      `<message from='r@conference.high.example/n' to='bob@low.example' type='groupchat' id='h6'>${'x'.repeat(150_000)}</message>`,
      'too-big',
      undefined,
    ],
    ['a huge presence', `<presence ${whose} id='h7'>${'x'.repeat(150_000)}</presence>`, 'too-big', undefined],
    [
      'a huge error',
      `<message ${whose} id='h8' type='error'>${'x'.repeat(150_000)}</message>`,
      'too-big',
      undefined,
    ],
    [
      'a huge address',
      `<message from='alice@high.example/x' to='${'b'.repeat(150_000)}@low.example' id='h9'/>`,
      'too-big',
      undefined,
    ],
  ] as const) {
    const count = async () =>
      Number(new RegExp(`refused_total\\{reason="${reason}"\\} (\\d+)`).exec(await world.metrics())![1])
    const before = await count()
    raw.write(text + message(`beside ${name}`))
    t.ok(await world.guard.find((xml) => xml.includes(`beside ${name}<`)), `${name}: the stream goes on`)
    t.equal(await count(), before + 1, `${name}: counted`)
    if (answer === undefined) continue
    const told = await world.server.find((xml) => xml.includes(`id="${answer}"`), 3000)
    t.match(
      told?.xml,
      /from="bob@low\.example".* to="alice@high\.example\/x" type="error"><error type="modify"><policy-violation /,
      `${name}: its sender is told`,
    )
  }
  for (const id of ['h6', 'h7', 'h8', 'h9'])
    t.notOk(
      world.server.received.some(({ xml }) => xml.includes(`id="${id}"`)),
      `${id} is silent`,
    )
  raw.write(`<message from='mallory@low.example' to='bob@low.example'>${'x'.repeat(150_000)}</message>`)
  t.match(await raw.end(), streamError('invalid-from'), 'but none may be from a domain that is not proven')
})

t.test('dialback on a stream that stands is answered, and the stream goes on', async (t) => {
  const raw = await connectOpen(port, ca, own)
  raw.write(`<db:result from='evil.example' to='low.example'>00</db:result>`)
  raw.write(`<db:verify from='evil.example' to='low.example' id='a1'>00</db:verify>`)
  raw.write(`<db:verify from='&lt;' id='"'>00</db:verify>${message('beside-dialback')}`)
  const error =
    '<error type="cancel"><not-allowed xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></not-allowed></error>'
  await raw.until('</verify><verify')
  t.ok(await world.guard.find((xml) => xml.includes('beside-dialback')))
  t.equal(
    raw.text,
    `<result xmlns="jabber:server:dialback" from="low.example" to="evil.example" type="error">${error}</result>` +
      `<verify xmlns="jabber:server:dialback" from="low.example" id="a1" to="evil.example" type="error">${error}</verify>` +
      `<verify xmlns="jabber:server:dialback" from="low.example" to="high.example" type="error">${error}</verify>`,
  )
  raw.socket.destroy()
})

t.test('a stream brings stanzas of each own domain that its certificate proves', async (t) => {
  const both = await connectOpen(port, ca, own)
  both.write(message('from-a-room', 'room@conference.high.example/nick'))
  both.write(message('from-a-user'))
  t.ok(await world.guard.find((xml) => xml.includes('from-a-room')))
  t.ok(await world.guard.find((xml) => xml.includes('from-a-user')))
  both.write(message('from-elsewhere', 'a@low.example'))
  t.match(await both.end(), streamError('invalid-from'), 'a domain of the far side')

  const rooms = await issue(world.ca, { dns: ['conference.high.example'] })
  for (const [name, credentials, domain, from] of [
    ['for one', await issue(world.ca, { dns: ['high.example'] }), 'high.example', 'conference.high.example'],
    ['for rooms', rooms, 'conference.high.example', 'high.example'],
    [
      'with a wildcard beside',
      await issue(world.ca, { dns: ['high.example', '*.high.example'] }),
      'high.example',
      'conference.high.example',
    ],
    [
      'with a domain that is none of the bundle',
      await issue(world.ca, { dns: ['high.example', 'other.example'] }),
      'high.example',
      'other.example',
    ],
    [
      'with the far domain beside',
      await issue(world.ca, { dns: ['high.example', 'low.example'] }),
      'high.example',
      'low.example',
    ],
  ] as const) {
    const raw = await connectOpen(port, ca, credentials, domain)
    raw.write(message(`own-${name}`, `a@${domain}`))
    t.ok(await world.guard.find((xml) => xml.includes(`own-${name}`)), `${name}: its own`)
    raw.write(message(`not-${name}`, `a@${from}`) + message(`behind-${name}`, `a@${domain}`))
    t.match(await raw.end(), streamError('invalid-from'), name)
    t.ok(nothingSaid(`not-${name}`) && nothingSaid(`behind-${name}`), `${name}: nothing crosses`)
  }
})

t.test('a slow element is given up, a slow peer between elements is not', async (t) => {
  for (const text of [`<message from='a@high.example`, '<', `${message('complete')}<mess`]) {
    const raw = await connectOpen(port, ca, own)
    raw.write(text)
    t.match(await raw.end(), streamError('policy-violation'), text.slice(0, 20))
  }
  const raw = await connectOpen(port, ca, own)
  raw.write(message('slow-1').slice(0, 50))
  await new Promise((resolve) => setTimeout(resolve, 400))
  raw.write(`${message('slow-1').slice(50)}\n`)
  t.ok(await world.guard.find((xml) => xml.includes('slow-1')))
  await new Promise((resolve) => setTimeout(resolve, 2500))
  raw.write(message('slow-2'))
  t.ok(await world.guard.find((xml) => xml.includes('slow-2')), 'blanks and silence are no element')
  raw.socket.destroy()
})

t.test('a connection that never becomes a stream is closed', async (t) => {
  const silent = await connectRaw(port)
  const halfway = await connectSecure(port, ca, own)
  t.match(await silent.end(), streamError('connection-timeout'))
  t.match(await halfway.end(), streamError('connection-timeout'))
})

t.test('several streams of the same domains stand side by side; with too many the oldest goes', async (t) => {
  const streams = []
  for (let n = 0; n < 8; n++) streams.push(await connectOpen(port, ca, own))
  const [first, second] = streams
  first!.write(message('on-the-first'))
  t.ok(await world.guard.find((xml) => xml.includes('on-the-first')), 'the first still counts')
  const ninth = await connectOpen(port, ca, own)
  t.match(await first!.end(), streamError('conflict'))
  second!.write(message('on-the-second'))
  t.ok(await world.guard.find((xml) => xml.includes('on-the-second')))
  ninth.write('</stream:stream>')
  t.equal(await ninth.end(), '</stream:stream>', 'a closed stream is closed')
  for (const stream of streams) stream.socket.destroy()
})

t.test('strangers who hold connections open do not keep a server out', async (t) => {
  const strangers = await Promise.all(Array.from({ length: 70 }, () => connectRaw(port)))
  const raw = await connectOpen(port, ca, own)
  raw.write(message('among-strangers'))
  t.ok(await world.guard.find((xml) => xml.includes('among-strangers')))
  t.ok(await until(() => strangers.filter(({ socket }) => socket.destroyed).length >= 7), 'the oldest went')
  for (const { socket } of [raw, ...strangers]) socket.destroy()
})

t.test(
  'an address that floods loses its own connections, not those of a slow server elsewhere',
  async (t) => {
    const slow = await connectSecure(port, ca, own)
    const strangers = Array.from({ length: 80 }, () =>
      connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }).on('error', () => {}),
    )
    t.ok(await until(() => strangers.filter(({ destroyed }) => destroyed).length >= 17))
    t.notOk(slow.socket.destroyed, 'which is in the middle of its negotiation')
    for (const socket of [slow.socket, ...strangers]) socket.destroy()
  },
)

t.test('TLS 1.2 is not spoken', async (t) => {
  const { connect } = await import('node:tls')
  const raw = await connectRaw(port)
  raw.write(header())
  await raw.until('</stream:features>')
  raw.write(STARTTLS)
  await raw.until('<proceed')
  raw.socket.removeAllListeners('data')
  const failed = await new Promise<boolean>((resolve) => {
    const secure = connect({ socket: raw.socket, ca, servername: 'low.example', maxVersion: 'TLSv1.2' })
    secure.once('secureConnect', () => resolve(false))
    secure.once('error', () => resolve(true))
  })
  t.ok(failed)
})

t.test('after all that, the edge still relays', async (t) => {
  const raw = await connectOpen(port, ca, own)
  raw.write(message('still-there'))
  t.ok(await world.guard.find((xml) => xml.includes('still-there')))
  raw.socket.destroy()
  t.ok(
    await until(() =>
      world.log.some(({ fields }) => JSON.stringify(fields).includes('is not for high.example')),
    ),
    'the operator is told whose certificate it was',
  )
})
