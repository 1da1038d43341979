/** A directory that is not what it should be: whatever it answers, the edge goes on, and nobody is cleared by it. */
import { createServer as createPlain, type Server as PlainServer, type Socket } from 'node:net'
import { createServer, type Server, TLSSocket } from 'node:tls'
import t from 'tap'
import { checkDirectory } from '../../../edge/check/directory.ts'
import { createDirectory, type Directory, type DirectoryOptions } from '../../../edge/cmbac/ldap/directory.ts'
import { messageLength } from '../../../edge/cmbac/ldap/protocol.ts'
import type { LdapConfig } from '../../../edge/config/ldap.ts'
import { parseJid } from '../../../rules/address/jid.ts'
import { readDer, readInteger, type Tlv } from '../../../rules/label/der.ts'
import { issue, makeCa } from '../../pki/pki.ts'

const ALICE = parseJid('alice@high.example')!
const ca = await makeCa('Directory')
const localhost = await issue(ca, { dns: ['localhost'] })
const elsewhere = await issue(ca, { dns: ['elsewhere.example'] })

/** BER: one value, with a short or a long length. */
function ber(tag: number, ...content: (Buffer | string | number[])[]): Buffer {
  const octets = Buffer.concat(content.map((part) => Buffer.from(part as string)))
  const head = octets.length < 128 ? [octets.length] : [0x82, octets.length >> 8, octets.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), octets])
}
const message = (id: number, operation: Buffer) =>
  ber(0x30, ber(0x02, id < 128 ? [id] : [id >> 8, id & 0xff]), operation)
const result = (tag: number, code = 0) => ber(tag, ber(0x0a, [code]), ber(0x04, ''), ber(0x04, ''))
const attribute = (name: string, ...values: (string | Buffer)[]) =>
  ber(0x30, ber(0x04, name), ber(0x31, ...values.map((value) => ber(0x04, value))))
const entry = (id: number, ...attributes: Buffer[]) =>
  message(id, ber(0x64, ber(0x04, 'uid=x'), ber(0x30, ...attributes)))
const done = (id: number, code = 0) => message(id, result(0x65, code))

/** Answers binds, and each search with what `onSearch` gives. */
async function fakeDirectory(
  onSearch: (id: number, socket: Socket) => Buffer | undefined,
  credentials = localhost,
): Promise<{ port: number; server: Server; connections: () => number }> {
  let connections = 0
  const server = createServer({ cert: credentials.certificate, key: credentials.key }, (socket) => {
    connections++
    socket.on('error', () => {})
    let kept = Buffer.alloc(0)
    socket.on('data', (octets: Buffer) => {
      kept = Buffer.concat([kept, octets])
      for (;;) {
        const length = messageLength(kept)
        if (typeof length === 'object' || length === 0 || length > kept.length) return
        take(kept.subarray(0, length), socket)
        kept = kept.subarray(length)
      }
    })
  })
  const take = (octets: Buffer, socket: Socket) => {
    const { members } = readDer(octets, 'ber') as Tlv
    const id = Number(readInteger(members[0]!.content))
    const answer = members[1]!.tag === 0x60 ? message(id, result(0x61)) : undefined
    const found = members[1]!.tag === 0x63 ? onSearch(id, socket) : answer
    if (found !== undefined) socket.write(found)
  }
  server.on('tlsClientError', () => {})
  const port = await listen(server)
  return { port, server, connections: () => connections }
}

function listen(server: PlainServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
}

function open(
  port: number,
  more: Partial<DirectoryOptions> = {},
): { directory: Directory; states: (string | undefined)[]; clock: { now: number } } {
  const states: (string | undefined)[] = []
  const clock = { now: 0 }
  const directory = createDirectory({
    servers: [{ host: 'localhost', port, tls: 'direct' }],
    ca: [ca.certificate],
    bindDn: 'cn=edge',
    password: 'secret',
    base: 'dc=high',
    filter: '(mail={jid})',
    attribute: 'confidentialityClearance',
    timeoutMs: 400,
    againMs: 1000,
    now: () => clock.now,
    onState: (problem) => void states.push(problem),
    ...more,
  })
  return { directory, states, clock }
}

t.test('values of the one attribute, of one entry', async (t) => {
  let answer: (id: number) => Buffer = () => Buffer.alloc(0)
  const { port, server } = await fakeDirectory((id) => answer(id))
  const { directory } = open(port)
  t.teardown(() => {
    directory.close()
    server.close()
  })
  const find = async (make: (id: number) => Buffer) => {
    answer = make
    const found = await directory.find(ALICE)
    return 'problem' in found
      ? found.problem
      : found.values.map((value) => Buffer.from(value).toString('latin1'))
  }
  const NAME = 'confidentialityClearance'
  t.same(await find((id) => done(id)), [], 'nobody of that name')
  t.same(await find((id) => Buffer.concat([entry(id), done(id)])), [], 'without it')
  t.same(await find((id) => Buffer.concat([entry(id, attribute(NAME, 'a', 'b')), done(id)])), ['a', 'b'])
  t.same(await find((id) => Buffer.concat([entry(id, attribute(`${NAME};binary`, 'a')), done(id)])), ['a'])
  t.same(
    await find((id) => Buffer.concat([entry(id, attribute('CONFIDENTIALITYclearance', 'a')), done(id)])),
    ['a'],
  )
  const binary = Buffer.from([0x30, 0xff, 0x00, 0x80])
  t.same(await find((id) => Buffer.concat([entry(id, attribute(NAME, binary)), done(id)])), [
    binary.toString('latin1'),
  ])
  const others = ['mail', '__proto__', 'constructor', `${NAME}2`, 'dn'].map((name) =>
    attribute(name, 'SECRET'),
  )
  t.same(await find((id) => Buffer.concat([entry(id, ...others), done(id)])), [], 'no other attribute')
  t.match(
    await find((id) => Buffer.concat([entry(id), entry(id, attribute(NAME, 'a')), done(id)])),
    /more than one entry/,
  )
  t.match(
    await find((id) => Buffer.concat([entry(id), entry(id), done(id, 4)])),
    /more than one entry/,
    'sizeLimitExceeded',
  )
  t.match(
    await find((id) => Buffer.concat([entry(id, attribute(NAME, ...Array(65).fill('a'))), done(id)])),
    /more than 64 values/,
  )
  const reference = (id: number) => message(id, ber(0x73, ber(0x04, 'ldap://elsewhere.example/')))
  t.same(await find((id) => Buffer.concat([reference(id), done(id)])), [], 'no other directory is asked')
})

t.test('answers that are none: the search fails, the edge does not', async (t) => {
  const garbage: [string, (id: number, socket: Socket) => Buffer | undefined, RegExp?][] = [
    ['nothing', () => undefined],
    ['an end', (_, socket) => void socket.destroy()],
    ['text', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['zeros', () => Buffer.alloc(4096)],
    ['a length that never comes', () => Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01])],
    ['a length of five octets', () => Buffer.from([0x30, 0x85, 1, 0, 0, 0, 0])],
    ['an indefinite length', () => Buffer.from([0x30, 0x80, 0x02, 0x01, 0x03, 0x65, 0x80, 0, 0, 0, 0])],
    ['a result of another kind', (id) => message(id, result(0x61))],
    ['an unknown operation', (id) => message(id, result(0x7e))],
    ['a negative number', () => message(0xff, result(0x65))],
    ['another number', (id) => done(id + 1), /sends an answer that nobody waits for/],
    ['an entry that is cut', (id) => message(id, ber(0x64, ber(0x04, 'x'), [0x30, 0x7f]))],
    ['an entry of nothing', (id) => Buffer.concat([message(id, ber(0x64)), Buffer.alloc(2)])],
    ['tiny messages', () => Buffer.concat(Array(20_000).fill(ber(0x30, ber(0x02, [1]), [0x65, 0])))],
    ['tiny broken messages', () => Buffer.concat(Array(20_000).fill(ber(0x30)))],
    [
      'more than anybody asked for',
      (id) => {
        const one = entry(id, attribute('mail', 'a'.repeat(30_000)))
        return Buffer.concat(Array(400).fill(one))
      },
    ],
  ]
  for (const [what, onSearch, wanted = /^localhost:\d+ /] of garbage) {
    const { port, server } = await fakeDirectory(onSearch)
    const { directory, states, clock } = open(port)
    await t.rejects(directory.find(ALICE), what)
    const told = states.at(-1)
    t.match(told, wanted, `${what} is told`)
    t.notMatch(told, /\n|secret/, what)
    clock.now += 1001
    await t.rejects(directory.find(ALICE), `${what}, again`)
    directory.close()
    server.close()
  }
})

t.test('a refusal is told, and does not end the connection', async (t) => {
  let code = 32
  const { port, server, connections } = await fakeDirectory((id) => done(id, code))
  const { directory, states } = open(port)
  t.teardown(() => {
    directory.close()
    server.close()
  })
  await t.rejects(directory.find(ALICE), 'noSuchObject: the base is not there')
  t.match(states.at(-1), /refuses the search \(code 32\): correct base, filter, attribute or rights/)
  code = 0
  t.same(await directory.find(ALICE), { values: [] })
  t.equal(states.at(-1), undefined, 'and it is well again')
  t.equal(connections(), 1)
})

t.test(
  'a lost connection is opened again, once, and a directory that is away is left alone for a while',
  async (t) => {
    let isGone = false
    const first = await fakeDirectory((id, socket) => {
      if (isGone) return void socket.destroy()
      return done(id)
    })
    const { directory, states, clock } = open(first.port)
    t.teardown(directory.close)
    t.same(await directory.find(ALICE), { values: [] })
    t.equal(first.connections(), 1)
    isGone = true
    await t.rejects(directory.find(ALICE))
    t.equal(first.connections(), 2, 'tried again')
    await t.rejects(directory.find(ALICE))
    t.equal(first.connections(), 2, 'left alone')
    isGone = false
    clock.now += 1001
    t.same(await directory.find(ALICE), { values: [] })
    t.equal(states.at(-1), undefined)
    t.equal(first.connections(), 3)
    first.server.close()
  },
)

t.test('the next server, where the first is away or is not who it says', async (t) => {
  const impostor = await fakeDirectory((id) => done(id), elsewhere)
  const good = await fakeDirectory((id) => done(id))
  const stranger = await makeCa('Stranger')
  t.teardown(() => {
    impostor.server.close()
    good.server.close()
  })
  const at = (port: number) => ({ host: 'localhost', port, tls: 'direct' }) as const
  const both = open(0, { servers: [at(impostor.port), at(good.port)] })
  t.same(await both.directory.find(ALICE), { values: [] })
  both.directory.close()
  const alone = open(impostor.port)
  await t.rejects(alone.directory.find(ALICE))
  t.match(alone.states, [/localhost:\d+ its certificate is for another name/])
  t.equal(impostor.connections(), 0, 'no octet of LDAP was sent there')
  const foreign = open(good.port, { ca: [stranger.certificate] })
  await t.rejects(foreign.directory.find(ALICE))
  t.match(foreign.states, [/not by TLS with a certificate of the given CA/])
})

t.test('StartTLS: refused, forged, or with something behind it', async (t) => {
  const answers: [string, Buffer | undefined][] = [
    ['refused', message(1, result(0x78, 2))],
    ['not answered', undefined],
    ['of another number', message(2, result(0x78))],
    ['of another kind', message(1, result(0x65))],
    ['text', Buffer.from('* OK\r\n')],
    ['with octets behind it', Buffer.concat([message(1, result(0x78)), done(2)])],
    ['endless', Buffer.concat([Buffer.from([0x30, 0x83, 0x0f, 0xff, 0xff]), Buffer.alloc(100_000, 0x04)])],
    ['tiny messages', Buffer.concat(Array(20_000).fill(ber(0x30, ber(0x02, [1]), [0x65, 0])))],
  ]
  for (const [what, answer] of answers) {
    let came = Buffer.alloc(0)
    const server = createPlain((socket) => {
      socket.on('error', () => {})
      socket.on('data', (octets: Buffer) => {
        came = Buffer.concat([came, octets])
        if (answer !== undefined) socket.write(answer)
      })
    })
    const port = await listen(server)
    const { directory, states } = open(0, { servers: [{ host: 'localhost', port, tls: 'starttls' }] })
    await t.rejects(directory.find(ALICE), what)
    t.match(states.at(-1), /refuses StartTLS|does not answer in time/, what)
    t.equal(came.length, 31, `${what}: nothing was said but StartTLS`)
    server.close()
  }
  const server = createPlain((socket) => {
    socket.once('data', () => {
      socket.write(message(1, result(0x78)))
      const secure = new TLSSocket(socket, {
        isServer: true,
        cert: localhost.certificate,
        key: localhost.key,
      })
      secure.on('error', () => {})
      secure.on('data', (octets: Buffer) => {
        const id = octets[4]!
        secure.write(octets[5] === 0x60 ? message(id, result(0x61)) : done(id))
      })
    })
  })
  const port = await listen(server)
  const { directory } = open(0, { servers: [{ host: 'localhost', port, tls: 'starttls' }] })
  t.same(await directory.find(ALICE), { values: [] }, 'and as it should be')
  directory.close()
  server.close()
})

t.test('each server is asked before anything depends on it', async (t) => {
  const good = await fakeDirectory((id) => done(id))
  const refusing = await fakeDirectory((id) => done(id, 50))
  const silent = await fakeDirectory(() => undefined)
  const at = (port: number) => ({ host: 'localhost', port, tls: 'direct' }) as const
  const ldap: LdapConfig = {
    servers: [good, refusing, silent].map(({ port }) => at(port)),
    ca: [ca.certificate],
    bindDn: 'cn=edge',
    password: 'secret',
    base: 'dc=high',
    filter: '(mail={jid})',
    attribute: 'confidentialityClearance',
    timeoutMs: 200,
    cacheMs: 1000,
    cacheUsers: 100,
  }
  const cmbac = (servers: LdapConfig['servers']) => ({
    policies: [],
    levels: { server: {}, domains: new Map(), rooms: new Map(), peers: new Map() },
    defaultLabels: new Map(),
    users: {
      domains: new Set<string>(),
      listed: new Map(),
      fallback: undefined,
      ldap: { ...ldap, servers },
    },
  })
  const refused = `directory of clearances: localhost:${refusing.port} refuses the search (code 50): correct base, filter, attribute or rights`
  t.same(await checkDirectory({ cmbac: cmbac(ldap.servers) }), [
    { level: 'warning', line: refused },
    { level: 'warning', line: `directory of clearances: localhost:${silent.port} does not answer in time` },
  ])
  t.same(await checkDirectory({ cmbac: cmbac([at(refusing.port)]) }), [{ level: 'problem', line: refused }])
  t.same(await checkDirectory({ cmbac: undefined }), [])
  for (const { server } of [good, refusing, silent]) server.close()
})

t.test('many at once, over one connection, a bounded number of them', async (t) => {
  const waiting: (() => void)[] = []
  let most = 0
  const { port, server, connections } = await fakeDirectory((id, socket) => {
    most = Math.max(
      most,
      waiting.push(() => socket.write(done(id))),
    )
    // The last that came is answered first.
    setTimeout(() => waiting.pop()?.(), 2)
    return undefined
  })
  const { directory } = open(port, { timeoutMs: 5000 })
  t.teardown(() => {
    directory.close()
    server.close()
  })
  const users = Array.from({ length: 200 }, (_, i) => parseJid(`u${i}@high.example`)!)
  t.same(await Promise.all(users.map(directory.find)), Array(200).fill({ values: [] }))
  t.equal(connections(), 1)
  t.ok(most > 1 && most <= 32, `${most} at once`)
})
