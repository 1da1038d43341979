import { once } from 'node:events'
import { connect as connectTcp, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import {
  type Consumer,
  type ConsumerConnection,
  type ConsumerOptions,
  type Credentials,
  connectProducer,
  createWaitingRoom,
  encodeRequest,
  formatNumber,
  listenConsumer,
  PREAMBLE,
  type Producer,
  type ProducerOptions,
  WINDOW,
} from '../../guard/gcxp/index.ts'
import { foreignIds } from '../../guard/gcxp/numbering.ts'
import { freePorts, until } from '../guard/harness.ts'
import { connectRaw, numbered } from '../guard/raw.ts'
import { type CertificateOptions, issue, makeCa } from '../pki/pki.ts'

const PEER = 'edge.high.example'
const HERE = 'guard.example'
const ca = await makeCa('Test CA')
const other = await makeCa('Other CA')

async function credentials(options: CertificateOptions, authority = ca): Promise<Credentials> {
  const { certificate, key } = await issue(authority, options)
  return { certificate, key, ca: ca.certificate, notAfter: 0 }
}

const server = await credentials({ dns: [HERE] })
const client = await credentials({ dns: ['spare.example', PEER] })

type Listening = {
  consumer: Consumer
  port: number
  states: string[]
  got: string[]
  connections: ConsumerConnection[]
}

async function listen(options: Partial<ConsumerOptions> = {}): Promise<Listening> {
  const states: string[] = []
  const got: string[] = []
  const connections: ConsumerConnection[] = []
  let port = 0
  const consumer = listenConsumer({
    host: '127.0.0.1',
    port: 0,
    peer: PEER,
    credentials: server,
    payloadOctets: 1000,
    onConnect: (connection) => connections.push(connection),
    onRequest(number, _payload, connection) {
      got.push(formatNumber(number))
      connection.answer(number, true)
    },
    onState(state) {
      if (state.state === 'listening') port = state.port
      else states.push('problem' in state ? `${state.state}: ${state.problem}` : state.state)
    },
    onFailure(problem) {
      states.push(`failure: ${problem}`)
    },
    ...options,
  })
  await until(() => port !== 0)
  return { consumer, port, states, got, connections }
}

type Producing = { producer: Producer; states: string[]; answers: string[] }

function produce(port: number, options: Partial<ProducerOptions> = {}): Producing {
  const states: string[] = []
  const answers: string[] = []
  const producer = connectProducer({
    host: '127.0.0.1',
    port,
    peer: HERE,
    credentials: client,
    onAnswer: (number, accepted) => answers.push(`${formatNumber(number)} ${accepted}`),
    onState: (state) => states.push(state.state === 'connected' ? 'connected' : state.problem),
    ...options,
  })
  return { producer, states, answers }
}

const at = (count: number) => ({ generation: 0, count })
const payload = Buffer.from('<message/>')

t.test('requests arrive in order and are answered in order', async (t) => {
  const far = await listen({
    onRequest(number, payload, connection) {
      far.got.push(`${formatNumber(number)} ${payload === undefined ? 'nothing' : Buffer.from(payload)}`)
      connection.answer(number, number.count % 2 === 1)
    },
  })
  const near = produce(far.port)
  for (let i = 1; i <= 500; i++) near.producer.send(at(i), i % 50 === 0 ? undefined : payload)
  t.equal(near.producer.unanswered(), 500)
  await until(() => near.answers.length === 500)
  t.equal(near.producer.unanswered(), 0)
  t.same(
    near.answers,
    Array.from({ length: 500 }, (_, i) => `0.${i + 1} ${(i + 1) % 2 === 1}`),
  )
  t.equal(far.got[48], '0.49 <message/>')
  t.equal(far.got[49], '0.50 nothing')
  near.producer.close()
  far.consumer.close()
})

t.test('after breaks everything unanswered comes again, in order, and nothing else', async (t) => {
  const answered = new Set<string>()
  let sinceBreak = 0
  const got: string[][] = []
  const far = await listen({
    onConnect: () => {
      got.push([])
      sinceBreak = 0
    },
    onRequest(number, _payload, connection) {
      const told = formatNumber(number)
      got.at(-1)!.push(told)
      if (++sinceBreak > 130) {
        setTimeout(connection.close, 5, 'the test breaks it')
        connection.pause()
        return
      }
      answered.add(told)
      connection.answer(number, true)
    },
  })
  const near = produce(far.port)
  for (let i = 1; i <= 600; i++) near.producer.send(at(i), payload)
  await until(
    () => near.answers.length === 600,
    20_000,
    () => near.states.join('\n'),
  )
  t.same(
    near.answers,
    Array.from({ length: 600 }, (_, i) => `0.${i + 1} true`),
  )
  t.ok(got.length >= 5, `${got.length} connections`)
  for (const numbers of got) {
    const counts = numbers.map((told) => Number(told.slice(2)))
    t.ok(
      counts.every((count, i) => i === 0 || count === counts[i - 1]! + 1),
      'numbers grow by one on a connection',
    )
  }
  near.producer.close()
  far.consumer.close()
})

t.test('the window bounds what is unanswered', async (t) => {
  let asked: ConsumerConnection | undefined
  let roomy = 0
  let taken = 0
  const far = await listen({
    onConnect: (connection) => {
      asked = connection
      connection.pause()
    },
    onRequest(number, _payload, connection) {
      taken++
      connection.answer(number, true)
    },
  })
  const near = produce(far.port, { onRoom: () => roomy++ })
  await until(() => asked !== undefined && near.states[0] === 'connected')
  let last = true
  for (let i = 1; i <= WINDOW; i++) last = near.producer.send(at(i), payload)
  t.equal(last, false, 'the last request that fits says so')
  t.throws(() => near.producer.send(at(WINDOW + 1), payload), 'one more is a fault of the caller')
  await delay(100)
  t.equal(taken, 0, 'a paused connection delivers nothing')
  asked?.resume()
  await until(() => near.answers.length === WINDOW)
  t.equal(roomy, 1, 'the caller learns once that there is room')
  t.equal(near.producer.send(at(WINDOW + 1), payload), true)
  near.producer.close()
  far.consumer.close()
})

t.test('a connection that is held back from its beginning is not one that does not greet', async (t) => {
  const far = await listen({
    greetingTimeout: 100,
    onConnect(connection) {
      far.connections.push(connection)
      connection.pause()
    },
  })
  const near = await connectRaw(far.port, client)
  near.write(numbered(at(1), 'x'))
  await delay(400)
  t.equal(near.ended(), false)
  t.same(far.states, ['connected'], 'nothing is said of it')
  far.connections[0]!.resume()
  await until(() => near.answers.length === 1)
  near.close()
  const mute = connectTls({
    host: '127.0.0.1',
    port: far.port,
    servername: HERE,
    cert: client.certificate,
    key: client.key,
    ca: ca.certificate,
  }).resume()
  await until(() => far.connections.length === 2)
  far.connections[1]!.resume()
  await once(mute, 'close')
  t.match(far.states.at(-1), /no GCXP greeting came/, 'one that may speak and does not is')
  far.consumer.close()
})

t.test('big payloads fill the window by octets', async (t) => {
  const [port] = await freePorts(1)
  const near = produce(port!, { octets: 10_000 })
  t.equal(near.producer.send(at(1), Buffer.alloc(9_000, 'x')), true)
  t.equal(near.producer.send(at(2), Buffer.alloc(2_000, 'x')), false)
  near.producer.close()
})

t.test('a pause holds back what has arrived already', async (t) => {
  const taken: number[] = []
  let connection: ConsumerConnection | undefined
  const far = await listen({
    onRequest(number, _payload, current) {
      taken.push(number.count)
      connection = current
      current.pause()
    },
  })
  const near = produce(far.port)
  for (let i = 1; i <= 50; i++) near.producer.send(at(i), payload)
  for (let i = 1; i <= 50; i++) {
    await until(() => taken.length === i)
    if (i % 10 === 0) await delay(5)
    t.equal(taken.length, i)
    connection?.resume()
  }
  near.producer.close()
  far.consumer.close()
})

t.test('a new connection of the peer replaces the old one', async (t) => {
  const far = await listen()
  const first = produce(far.port)
  await until(() => first.states.includes('connected'))
  first.producer.close()
  const raw = connectTls({
    host: '127.0.0.1',
    port: far.port,
    servername: HERE,
    cert: client.certificate,
    key: client.key,
    ca: ca.certificate,
  }).resume()
  await once(raw, 'secureConnect')
  const gone = once(raw, 'close')
  await until(() => far.connections.length === 2)
  const second = produce(far.port)
  await until(() => second.states.includes('connected'))
  await gone
  second.producer.send(at(1), payload)
  await until(() => second.answers.length === 1)
  t.same(far.got, ['0.1'])
  const [, , replaced] = far.states.filter((state) => state.startsWith('disconnected')).concat(['', '', ''])
  t.ok(
    far.states.some((state) => state.includes('connected anew')),
    'the log says so',
  )
  t.equal(replaced, '')
  far.connections[1]!.answer(at(2), true)
  await delay(20)
  t.equal(second.producer.connected(), true, 'an answer to the old connection goes nowhere')
  second.producer.close()
  far.consumer.close()
})

t.test('who is not the peer is turned away before anything is read', async (t) => {
  const far = await listen()
  const strangers: [string, Credentials, RegExp][] = [
    ['an expired certificate', await credentials({ dns: [PEER], period: 'expired' }), /expired/],
    ['one that is not valid yet', await credentials({ dns: [PEER], period: 'future' }), /not valid yet/],
    ['one of another CA', await credentials({ dns: [PEER] }, other), /not of the configured CA/],
    [
      'one for another name',
      await credentials({ dns: ['edge.low.example'] }),
      /is for edge\.low\.example, not for/,
    ],
    ['one for a longer name', await credentials({ dns: [`${PEER}.evil`] }), /not for/],
    ['one for a name below', await credentials({ dns: [`a.${PEER}`] }), /not for/],
    ['one with a wildcard', await credentials({ dns: ['*.high.example'] }), /not for/],
    ['one with the name in capitals', await credentials({ dns: ['EDGE.high.example'] }), /not for/],
    [
      'one with the name as common name only',
      await credentials({ commonName: PEER, dns: ['a.example'] }),
      /not for/,
    ],
    [
      'one with the name as XMPP address',
      await credentials({ xmppAddr: [PEER], dns: ['a.example'] }),
      /not for/,
    ],
    [
      'one whose XMPP address reads like a DNS name',
      await credentials({ xmppAddr: [`x, DNS:${PEER}`], dns: ['a.example'] }),
      /not for/,
    ],
    ['one without DNS names', await credentials({ xmppAddr: [PEER] }), /no DNS name/],
    ['one for servers only', await credentials({ dns: [PEER], clientAuth: false }), /not for this use/],
  ]
  for (const [what, stranger, why] of strangers) {
    const before = far.states.length
    const near = produce(far.port, { credentials: stranger })
    near.producer.send(at(1), payload)
    await until(() => far.states.length > before)
    t.match(far.states[before], /^rejected: GCXP on 127\.0\.0\.1:/, what)
    t.match(far.states[before], why, what)
    await until(() => near.states.length > 0)
    t.match(near.states[0], /the peer (closed|broke) the connection/, `${what}: the other end learns no more`)
    near.producer.close()
  }
  const tcp = async (octets: string) => {
    const before = far.states.length
    const socket = connectTcp(far.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.end(Buffer.from(octets, 'hex'))
    await until(() => far.states.length > before)
    t.match(far.states[before], /TLS handshake failed/)
  }
  await tcp('d9d9f700d818')
  await tcp('160301ffff')
  const before = far.states.length
  for (const options of [{}, { maxVersion: 'TLSv1.2' as const, cert: client.certificate, key: client.key }]) {
    const socket = connectTls({
      host: '127.0.0.1',
      port: far.port,
      servername: HERE,
      ca: ca.certificate,
      ...options,
    })
    socket.on('error', () => {})
    await new Promise((closed) => socket.resume().on('close', closed))
  }
  await until(() => far.states.length >= before + 2)
  t.same(far.got, [], 'nothing was delivered')
  t.same(far.connections, [], 'nobody was let in')
  const near = produce(far.port)
  near.producer.send(at(1), payload)
  await until(() => near.answers.length === 1)
  t.pass('the peer itself still gets through')
  near.producer.close()
  far.consumer.close()
})

t.test('strangers who hold or flood connections do not keep the peer out', async (t) => {
  const far = await listen()
  const stranger = (localAddress: string) =>
    connectTcp({ host: '127.0.0.1', port: far.port, localAddress }).on('error', () => {})
  const strangers = Array.from({ length: 100 }, () => stranger('127.0.0.1'))
  const flood = setInterval(
    () => strangers.push(...Array.from({ length: 5 }, () => stranger('127.0.0.2'))),
    5,
  )
  await delay(200)
  const near = produce(far.port)
  near.producer.send(at(1), payload)
  await until(() => near.answers.length === 1, 3000)
  await delay(200)
  near.producer.send(at(2), payload)
  await until(() => near.answers.length === 2, 3000)
  clearInterval(flood)
  t.same(far.states.filter((state) => state === 'connected').length, 1, 'and once it is in, it stays')
  t.match(
    far.states.find((state) => state.startsWith('rejected')),
    /the oldest of too many/,
  )
  near.producer.close()
  for (const socket of strangers) socket.destroy()
  far.consumer.close()
})

t.test('of the connections that wait, the oldest goes of the address that has most', (t) => {
  const room = createWaitingRoom(4)
  const gone: string[] = []
  const enter = (remoteAddress: string, remotePort: number) => {
    const socket = Object.assign(new Socket(), { destroy: () => gone.push(`${remoteAddress} ${remotePort}`) })
    Object.defineProperties(socket, {
      remoteAddress: { value: remoteAddress },
      remotePort: { value: remotePort },
    })
    room.enter(socket)
    return socket
  }
  const [first, , , last] = [enter('a', 1), enter('b', 1), enter('b', 2), enter('a', 2)]
  t.same(gone, [])
  enter('b', 3)
  t.same(gone, ['b 1'])
  enter('c', 1)
  t.same(gone, ['b 1', 'a 1'], 'among equals the oldest of all')
  room.leave(first!)
  t.equal(room.size(), 4, 'who was dropped has left')
  room.leave(last!)
  t.equal(room.size(), 3)
  enter('c', 2).emit('close')
  t.equal(room.size(), 3, 'who ends leaves')
  t.end()
})

t.test('a consumer that is not the one meant gets nothing', async (t) => {
  const wrong: [string, Credentials, RegExp][] = [
    ['an expired certificate', await credentials({ dns: [HERE], period: 'expired' }), /expired/],
    ['one of another CA', await credentials({ dns: [HERE] }, other), /not of the configured CA/],
    [
      'one for another name',
      await credentials({ dns: ['edge.low.example'] }),
      /is for edge\.low\.example, not for/,
    ],
    ['one with a wildcard', await credentials({ dns: ['*.example'] }), /not for/],
    [
      'one with the name as common name only',
      await credentials({ commonName: HERE, dns: ['a.b'] }),
      /not for/,
    ],
    ['one for clients only', await credentials({ dns: [HERE], serverAuth: false }), /not for this use/],
  ]
  for (const [what, mine, why] of wrong) {
    let octets = 0
    const tls = createTlsServer({ cert: mine.certificate, key: mine.key, ca: ca.certificate }, (socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        octets += chunk.length
      })
      socket.write(PREAMBLE)
    })
    tls.on('tlsClientError', () => {})
    tls.listen(0, '127.0.0.1')
    await once(tls, 'listening')
    const { port } = tls.address() as { port: number }
    const near = produce(port)
    near.producer.send(at(1), payload)
    await until(() => near.states.length > 0)
    t.match(near.states[0], why, what)
    t.match(near.states[0], new RegExp(`^GCXP to 127\\.0\\.0\\.1:${port} \\(guard\\.example\\): `), what)
    t.equal(octets, 0, `${what}: not one octet was sent`)
    near.producer.close()
    tls.close()
  }
})

t.test('held, nothing leaves any more, not even what the system had taken; then all goes on', async (t) => {
  const sockets: Socket[] = []
  let octets = 0
  const stalled = createTlsServer(
    { cert: server.certificate, key: server.key, ca: server.ca, requestCert: true },
    (socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.pause()
      socket.write(PREAMBLE)
    },
  )
  stalled.listen(0, '127.0.0.1')
  await once(stalled, 'listening')
  const { port } = stalled.address() as { port: number }
  const { producer, states, answers } = produce(port, { held: true })
  await delay(200)
  t.same([sockets.length, states], [0, []], 'begun held, it does not connect')
  producer.hold(false)
  await until(() => producer.connected())
  for (let i = 1; i <= 200; i++) {
    producer.send({ generation: 0, count: i }, Buffer.alloc(20_000))
    if (i % 10 === 0) await delay(10)
  }
  await delay(300)
  producer.hold(true)
  t.notOk(producer.connected())
  t.equal(producer.unanswered(), 200, 'what is unanswered is kept')
  producer.send({ generation: 0, count: 201 }, Buffer.from('x'))
  await delay(200)
  sockets[0]!.on('data', (chunk: Buffer) => {
    octets += chunk.length
  })
  sockets[0]!.resume()
  await delay(500)
  t.ok(octets < 1_000_000, `${octets} octets of 4,000,000 had come to the peer`)
  t.same([sockets.length, states], [1, ['connected']], 'and it does not connect again')
  stalled.close()
  const { consumer, got } = await listen({ port, payloadOctets: 30_000 })
  producer.hold(false)
  await until(() => answers.length === 201)
  t.equal(got.length, 201)
  t.equal(got.at(-1), '0.201')
  producer.close()
  consumer.close()
})

t.test('an unreachable peer is tried again, and said once', async (t) => {
  const [port] = await freePorts(1)
  const seen: boolean[] = []
  const near = produce(port!, {
    onState: (state) => seen.push(state.state === 'disconnected' && state.again),
  })
  near.producer.send(at(1), payload)
  await until(() => seen.length >= 3)
  t.same(seen.slice(0, 3), [false, true, true])
  const far = await listen({ port: port! })
  await until(() => near.answers.length === 1)
  t.same(far.got, ['0.1'])
  near.producer.close()
  far.consumer.close()
})

t.test('a port in use is said in one line', async (t) => {
  const far = await listen()
  const failed = new Promise<string>((onFailure) => {
    listenConsumer({
      host: '127.0.0.1',
      port: far.port,
      peer: PEER,
      credentials: server,
      payloadOctets: 1,
      onRequest() {},
      onFailure,
    })
  })
  t.match(await failed, /^GCXP on 127\.0\.0\.1:[0-9]+: the port is in use: stop the other program/)
  far.consumer.close()
})

t.test('a producer that breaks the protocol loses its connection, and only that', async (t) => {
  const far = await listen()
  const id = Buffer.alloc(8, 1)
  const bad: Record<string, Uint8Array> = {
    'no preamble': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    'another version': Buffer.from('d9d9f701', 'hex'),
    garbage: Buffer.concat([PREAMBLE, Buffer.alloc(100, 0xff)]),
    'a response': Buffer.concat([
      PREAMBLE,
      Buffer.from('d8184883 03f5 44 40404040'.replaceAll(' ', ''), 'hex'),
    ]),
    'a payload that is too long': Buffer.concat([PREAMBLE, encodeRequest(id, Buffer.alloc(1001, 'x'))]),
    'the head of a frame of 4 GiB': Buffer.concat([PREAMBLE, Buffer.from('d8185affffffff', 'hex')]),
    'an id of four octets': Buffer.concat([PREAMBLE, encodeRequest(Buffer.alloc(4, 1), payload)]),
  }
  for (const [what, octets] of Object.entries(bad)) {
    const before = far.states.length
    const raw = connectTls({
      host: '127.0.0.1',
      port: far.port,
      servername: HERE,
      cert: client.certificate,
      key: client.key,
      ca: ca.certificate,
    })
    raw.on('error', () => {})
    await once(raw.resume(), 'secureConnect')
    raw.write(octets)
    await once(raw, 'close')
    t.ok(
      far.states
        .slice(before)
        .some((state) => /^disconnected: .*(not GCXP|a response|eight octets)/.test(state)),
      what,
    )
  }
  t.same(far.got, [])
  const near = produce(far.port)
  near.producer.send(at(1), payload)
  await until(() => near.answers.length === 1)
  near.producer.close()
  far.consumer.close()
})

t.test('a consumer that answers wrongly loses the connection, and the request goes again', async (t) => {
  const raw: Socket[] = []
  const wrong = [
    'd81848 8303f5 44 40404040',
    'd8184c 8303f5 48 0000000000000002',
    'ffffff',
    'd8184c 8302 48 0000000000000001 6120',
  ]
  const tls = createTlsServer({ cert: server.certificate, key: server.key, ca: ca.certificate }, (socket) => {
    socket.on('error', () => {})
    raw.push(socket)
    socket.write(PREAMBLE)
    socket.once('data', () => {
      const answer = wrong[raw.length - 1] ?? 'd8184c 8303f5 48 0000000000000001'
      socket.write(Buffer.from(answer.replaceAll(' ', ''), 'hex'))
    })
  })
  tls.listen(0, '127.0.0.1')
  await once(tls, 'listening')
  const near = produce((tls.address() as { port: number }).port)
  near.producer.send(at(1), payload)
  await until(() => near.answers.length === 1)
  t.same(near.answers, ['0.1 true'])
  t.equal(raw.length, wrong.length + 1)
  t.equal(near.states.filter((state) => /out of order|not GCXP/.test(state)).length, wrong.length)
  near.producer.close()
  for (const socket of raw) socket.destroy()
  tls.close()
})

t.test('foreign ids of every legal length are taken, numbered, and given back with the answer', async (t) => {
  let last = 41
  const payloads: string[] = []
  const far = await listen({
    numbering: () => foreignIds(() => at(++last), true),
    onRequest(number, payload, connection) {
      far.got.push(formatNumber(number))
      payloads.push(String(Buffer.from(payload!)))
      connection.answer(number, number.count % 2 === 0)
    },
  })
  const ids = Array.from({ length: 256 }, (_, i) => Buffer.alloc(i + 1, i))
  const near = await connectRaw(far.port, client)
  for (const id of ids) near.write(encodeRequest(id, payload))
  await until(() => near.answers.length === 256)
  t.same(
    near.answers,
    ids.map((id, i) => `${id.toString('hex')} ${i % 2 === 0}`),
  )
  t.same(
    far.got,
    ids.map((_, i) => `0.${42 + i}`),
  )
  t.ok(payloads.every((text) => text === '<message/>'))
  near.write(encodeRequest(ids[0]!, payload))
  await until(() => near.answers.length === 257)
  t.equal(near.answers[256], '00 true', 'an id that was answered may come again')
  near.write(Buffer.from('d81845 8302 40 6120'.replaceAll(' ', ''), 'hex'))
  await until(near.ended)
  t.match(far.states.at(-1), /does not hold one GCXP message/, 'an empty id is none')
  const long = await connectRaw(far.port, client)
  long.write(
    Buffer.concat([
      Buffer.from('d8185901088302590101', 'hex'),
      Buffer.alloc(257, 7),
      Buffer.from('6120', 'hex'),
    ]),
  )
  await until(long.ended)
  t.match(far.states.at(-1), /not GCXP as agreed/, 'nor is one of 257 octets')
  t.equal(far.got.length, 257)
  far.consumer.close()
})

t.test('of a foreign id a copy is kept, not the chunk that it came in', (t) => {
  const ids = foreignIds(() => at(1), true)
  const chunk = Buffer.alloc(70_000, 'x')
  ids.take(chunk.subarray(100, 104), payload)
  chunk.fill('y')
  const id = ids.answer(at(1))
  t.equal(Buffer.from(id).toString(), 'xxxx')
  t.equal(id.buffer.byteLength, 4)
  t.throws(() => ids.answer(at(1)), /not due/)
  t.end()
})

t.test('a foreign id that is not answered yet must not come again', async (t) => {
  let last = 0
  const far = await listen({
    numbering: () => foreignIds(() => at(++last), true),
    onRequest: (number) => void far.got.push(formatNumber(number)),
  })
  const near = await connectRaw(far.port, client)
  const id = Buffer.from('a')
  near.write(encodeRequest(id, payload))
  near.write(encodeRequest(Buffer.from('b'), payload))
  near.write(encodeRequest(id, payload))
  await until(near.ended)
  t.match(far.states.at(-1), /^disconnected: .*a second request has the id of one that is not answered yet/)
  t.same(far.got, ['0.1', '0.2'])
  const again = await connectRaw(far.port, client)
  again.write(encodeRequest(id, payload))
  await until(() => far.got.length === 3)
  t.equal(far.got[2], '0.3', 'another connection begins anew')
  far.connections[0]!.answer(at(1), true)
  far.connections[1]!.answer(at(3), false)
  await until(() => again.answers.length === 1)
  t.same(again.answers, ['61 false'], 'an answer to the old connection goes nowhere')
  again.close()
  far.consumer.close()
})

t.test('without responses nothing comes back but the preamble', async (t) => {
  const far = await listen({
    responses: false,
    onRequest: (number) => void far.got.push(formatNumber(number)),
  })
  const near = await connectRaw(far.port, client)
  for (let i = 1; i <= 2000; i++) near.write(numbered(at(i), '<message/>'))
  await until(() => far.got.length === 2000)
  t.throws(() => far.connections[0]!.answer(at(1), true), /one-way/)
  near.write(Buffer.from('garbage'))
  await until(near.ended)
  t.equal(near.received(), PREAMBLE.length, 'not even what ends a connection says why')
  far.consumer.close()
})

t.test(
  'without responses a request is done with when the connection takes it, and never sent twice',
  async (t) => {
    const [port] = await freePorts(1)
    const near = produce(port!, { responses: false })
    for (let i = 1; i <= 100; i++) near.producer.send(at(i), i % 10 === 0 ? undefined : payload)
    t.equal(near.producer.unanswered(), 100, 'without a connection all is kept')
    t.same(near.answers, [])
    const options = {
      port: port!,
      responses: false,
      onRequest: (number: { count: number }, payload: Uint8Array | undefined) =>
        void far.got.push(`${number.count}${payload === undefined ? ' nothing' : ''}`),
    }
    let far = await listen(options)
    const first = far
    await until(() => far.got.length === 100)
    t.equal(near.producer.unanswered(), 0)
    t.equal(near.answers.length, 100)
    t.equal(far.got[9], '10 nothing')
    far.consumer.close()
    await until(() => !near.producer.connected())
    near.producer.send(at(101), payload)
    near.producer.send(at(102), payload)
    far = await listen(options)
    await until(() => far.got.length === 2)
    t.same(far.got, ['101', '102'], 'only what no connection had')
    t.same(first.got.length + far.got.length, near.answers.length, 'each was answered once')
    near.producer.close()
    far.consumer.close()
  },
)

t.test('without responses a consumer that stalls holds its producer back, in bounded memory', async (t) => {
  let taken: ConsumerConnection | undefined
  const got: number[] = []
  const far = await listen({
    responses: false,
    onConnect(connection) {
      taken = connection
      connection.pause()
    },
    onRequest: (number) => void got.push(number.count),
  })
  let roomy = 0
  const near = produce(far.port, { responses: false, onRoom: () => roomy++ })
  await until(() => near.producer.connected() && taken !== undefined)
  const big = Buffer.alloc(900, 'x')
  let count = 0
  const fill = () => {
    while (near.producer.unanswered() < WINDOW) near.producer.send(at(++count), big)
  }
  // What kernel buffers take goes away between two looks; then nothing does any more.
  for (let before = -1; before !== count; await delay(200)) {
    before = count
    fill()
  }
  t.ok(count > WINDOW, `${count} requests taken or kept`)
  t.throws(() => near.producer.send(at(count + 1), big), /window/)
  t.equal(got.length, 0)
  taken?.resume()
  await until(() => got.length === count)
  t.same(
    got,
    Array.from({ length: count }, (_, i) => i + 1),
  )
  t.ok(roomy >= 1)
  near.producer.close()
  far.consumer.close()
})

t.test('without responses an octet that comes back ends the connection', async (t) => {
  for (const octets of ['00', 'd8184c8303f5480000000000000001', 'd9d9f700']) {
    let connections = 0
    const tls = createTlsServer(
      { cert: server.certificate, key: server.key, ca: ca.certificate },
      (socket) => {
        socket.on('error', () => {})
        socket.write(PREAMBLE)
        if (connections++ === 0) socket.once('data', () => socket.write(Buffer.from(octets, 'hex')))
      },
    )
    tls.listen(0, '127.0.0.1')
    await once(tls, 'listening')
    const near = produce((tls.address() as { port: number }).port, { responses: false })
    near.producer.send(at(1), payload)
    await until(() => near.states.length >= 3)
    t.match(near.states[1], /an octet came back, where responses are switched off on this end/)
    t.same(near.answers, ['0.1 true'], 'and says nothing')
    near.producer.close()
    tls.close()
  }
})

t.test(
  'a frame that does not come to its end ends the connection, unless it is we who do not read',
  async (t) => {
    const far = await listen({ frameTimeout: 300 })
    const whole = encodeRequest(Buffer.from('0000000000000001', 'hex'), Buffer.alloc(900, 'x'))
    for (const octets of [1, 3, 5, 20, whole.length - 1]) {
      const near = await connectRaw(far.port, client)
      near.write(whole.subarray(0, octets))
      await until(near.ended)
      t.match(
        far.states.at(-1),
        /^disconnected: .*a frame was not complete within 0\.3 s/,
        `${octets} octets`,
      )
    }
    t.same(far.got, [])
    const slow = await connectRaw(far.port, client)
    for (const octet of numbered(at(1), 'x')) {
      slow.write(Uint8Array.of(octet))
      await delay(5)
    }
    await until(() => slow.answers.length === 1)
    await delay(1500)
    t.equal(slow.ended(), false, 'between frames there is no hurry')
    far.connections.at(-1)!.pause()
    slow.write(whole.subarray(0, 500))
    await delay(1500)
    t.equal(slow.ended(), false, 'a paused connection has no hurry either')
    far.connections.at(-1)!.resume()
    slow.write(whole.subarray(500))
    await until(() => slow.answers.length === 2)
    slow.close()
    far.consumer.close()
  },
)

t.test('what a reset or a silent peer leaves behind does not stay', async (t) => {
  const far = await listen()
  const whole = numbered(at(1), 'y'.repeat(900))
  const reset = await connectRaw(far.port, client)
  reset.write(whole.subarray(0, 500))
  await until(() => far.connections.length === 1)
  await delay(50)
  reset.reset()
  await until(() => far.states.some((state) => /^disconnected: .*(broke|closed)/.test(state)))
  // Half open: this one never says another word, and is still there when the peer comes anew.
  const silent = await connectRaw(far.port, client)
  silent.write(whole.subarray(0, 500))
  await until(() => far.connections.length === 2)
  const near = await connectRaw(far.port, client)
  near.write(whole)
  await until(() => near.answers.length === 1)
  await until(silent.ended)
  t.same(far.got, ['0.1'], 'no half of a frame is continued by another connection')
  near.close()
  far.consumer.close()
})

t.test('a producer that does not read its answers is left', async (t) => {
  const far = await listen()
  const near = await connectRaw(far.port, client)
  near.deaf()
  const many = Buffer.concat(Array.from({ length: 2000 }, (_, i) => numbered(at(i + 1), 'x')))
  for (let i = 0; i < 2000 && !far.states.some((state) => state.startsWith('disconnected')); i++) {
    near.write(many)
    await delay(1)
  }
  await until(() => far.states.some((state) => state.startsWith('disconnected')))
  t.match(far.states.at(-1), /the producer does not read its answers/)
  near.close()
  far.consumer.close()
})

t.test('no connection outlives a certificate', async (t) => {
  const short = await credentials({ dns: [PEER], seconds: 4 })
  const far = await listen()
  const near = produce(far.port, { credentials: short })
  near.producer.send(at(1), payload)
  await until(() => near.answers.length === 1)
  await until(() => far.states.length > 1, 10_000)
  t.match(far.states[1], /^disconnected: .*the peer's certificate, or its CA, expired on .*: have it renewed/)
  await until(() => far.states.some((state) => /^rejected: .*expired/.test(state)), 10_000)
  t.pass('and it does not come back with that one')
  near.producer.close()
  far.consumer.close()

  const other = await listen({ credentials: await credentials({ dns: [HERE], seconds: 4 }) })
  const there = produce(other.port)
  there.producer.send(at(1), payload)
  await until(() => there.answers.length === 1)
  await until(() => there.states.length > 1, 10_000)
  t.match(there.states[1], /the peer's certificate, or its CA, expired on .*: have it renewed/)
  there.producer.close()
  other.consumer.close()
})
