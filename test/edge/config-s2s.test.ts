/** The `s2s` part of edge.yaml: what each key gives, and what is said when it is wrong. */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { type EdgeConfig, loadEdgeConfig } from '../../edge/config/load.ts'
import { createExpiryWatch, type Expiring } from '../../edge/expiry.ts'
import { createHealth } from '../../edge/health.ts'
import { keyDigest } from '../../edge/tls-ext/trust.ts'
import { issue, makeCa, makeCrl } from '../pki/pki.ts'
import { OWN, writeWorld } from './world.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-edge-s2s-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const { yaml, ca } = await writeWorld(folder, { server: 5270, guard: 7001 }, {})
const other = await makeCa('Other')
const sub = await makeCa('High issuing', { by: ca })
const one = await issue(ca, { dns: OWN })
const file = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text)
file('other.crt', other.certificate)
file('both.crt', ca.certificate + sub.certificate)
file('leaf.crt', one.certificate)
file('bare.crt', (await makeCa('Bare', { basicConstraints: false })).certificate)
file('high.crl', await makeCrl(ca, [one]))
file('both.crl', (await makeCrl(ca, [])) + (await makeCrl(sub, [])))
file('other.crl', await makeCrl(other, []))
file('old.crl', await makeCrl(ca, [], { period: 'expired' }))
file('forged.crl', await makeCrl(ca, [], { signedWith: other }))
file('none.crl', 'hello')
const newer = await makeCrl(ca, [])
const pin = keyDigest(new X509Certificate(one.certificate))

function load(s2s: object, more: object = {}): EdgeConfig | readonly string[] {
  const path = join(folder, 'changed.yaml')
  writeFileSync(path, JSON.stringify({ ...yaml, ...more, s2s: { ...yaml.s2s, ...s2s } }, undefined, 2))
  const config = loadEdgeConfig(path, Date.now())
  return 'problems' in config ? config.problems.map((line) => line.replace(`${path}:`, '')) : config
}

t.test('what is left out', (t) => {
  const config = load({})
  if (!('s2s' in config)) return t.fail(config.join('\n'))
  const { s2s } = config
  t.equal(s2s.listenDirect, undefined)
  t.equal(s2s.dns, true)
  t.same(s2s.inboundOnly, new Set())
  t.same([...s2s.trust.keys()], OWN)
  for (const trust of s2s.trust.values()) {
    t.match(trust, { pins: [], minVersion: 'TLSv1.3' })
    t.same(trust.authorities.crls, [])
    t.equal(trust.authorities.certificates.length, 1)
  }
  t.match(s2s.routes[0], { tls: 'starttls', priority: 0, weight: 0 })
  t.match(s2s.expiring, [{ kind: 'ca', name: 'high-ca.crt' }])
  return t.end()
})

t.test('each key has its effect', (t) => {
  const config = load({
    listenDirect: '[::1]:5270',
    dns: 'off',
    ca: ['both.crt'],
    crls: ['both.crl'],
    routes: [
      { domain: 'high.example', host: '192.0.2.1', port: 1, tls: 'direct', priority: 5, weight: 7 },
      { domain: 'high.example', host: '2001:db8::1', port: 2, priority: 6 },
    ],
    peers: [
      { domain: 'high.example', ca: ['other.crt'], crls: ['other.crl'], pins: [pin], minVersion: 'TLSv1.2' },
      { domain: 'conference.high.example', inbound: 'only', acknowledge: 'none', bidirectional: true },
    ],
  })
  if (!('s2s' in config)) return t.fail(config.join('\n'))
  const { s2s } = config
  t.same(s2s.listenDirect, { host: '::1', port: 5270 })
  t.equal(s2s.dns, false)
  t.match(s2s.routes, [{ tls: 'direct', priority: 5, weight: 7 }, { priority: 6 }])
  t.same(s2s.inboundOnly, new Set(['conference.high.example']))
  t.same(
    [...s2s.manners],
    [
      ['high.example', { acknowledge: 'auto', bidirectional: false }],
      ['conference.high.example', { acknowledge: 'none', bidirectional: true }],
    ],
  )
  const high = s2s.trust.get('high.example')!
  t.match(high, { pins: [pin], minVersion: 'TLSv1.2' })
  t.same(high.authorities.ca, [other.certificate])
  t.equal(high.authorities.crls.length, 1)
  const rooms = s2s.trust.get('conference.high.example')!
  t.match(rooms, { pins: [], minVersion: 'TLSv1.3' })
  t.equal(rooms.authorities.certificates.length, 2)
  t.equal(rooms.authorities.crls.length, 2)
  t.same(
    s2s.expiring.map(({ kind, name }) => `${kind} ${name}`),
    ['ca both.crt', 'crl both.crl', 'ca other.crt', 'crl other.crl'],
  )
  return t.end()
})

t.test('what is read twice is equal, so that a reload can say what is not', (t) => {
  const read = () => {
    const config = load({
      crls: ['high.crl'],
      peers: [{ domain: 'high.example', ca: ['other.crt'], pins: [pin] }],
    })
    if (!('s2s' in config)) throw new Error(config.join('\n'))
    return config.s2s
  }
  t.ok(isDeepStrictEqual(read(), read()))
  const before = read()
  file('high.crl', newer)
  t.notOk(isDeepStrictEqual(before.trust, read().trust), 'another CRL under the same name')
  t.end()
})

t.test('each mistake is found', (t) => {
  const peer = (more: object) => ({ peers: [{ domain: 'high.example', ...more }] })
  for (const [what, s2s, wanted] of [
    [
      'a CA that is none',
      { ca: ['leaf.crt'] },
      /leaf\.crt holds a certificate that is no CA \(basicConstraints\)/,
    ],
    ['a CA without basic constraints', { ca: ['bare.crt'] }, /bare\.crt holds a certificate that is no CA/],
    ['no CRL', { crls: ['none.crl'] }, /none\.crl is no CRL .*: get the present CRL of the CA/],
    ['no file', { crls: ['nowhere.crl'] }, /nowhere\.crl cannot be read \(ENOENT\)/],
    ['an old CRL', { crls: ['old.crl'] }, /old\.crl expired on .*: get the present CRL/],
    [
      'a CRL of another CA',
      { crls: ['other.crl'] },
      /other\.crl is not of a CA that is configured beside it/,
    ],
    ['a forged CRL', { crls: ['forged.crl'] }, /forged\.crl is not signed by the CA that it names/],
    [
      'a CRL of one CA only',
      { ca: ['both.crt'], crls: ['high.crl'] },
      /there is no CRL of CN=High issuing: give one of each CA, or of none/,
    ],
    [
      'CRLs of some peers only, and direct TLS',
      { listenDirect: '127.0.0.1:0', crls: ['high.crl'], ...peer({ ca: ['other.crt'] }) },
      /with direct TLS the CA is not known before the handshake/,
    ],
    ['CRLs without CA', peer({ crls: ['high.crl'] }), /CRLs go with the CA that they are of/],
    [
      'a pin in hexadecimal',
      peer({ pins: ['a'.repeat(64)] }),
      /is not the SHA-256 digest of a public key in base64/,
    ],
    ['no pin', peer({ pins: [] }), /a list of pins is empty/],
    ['an old version', peer({ minVersion: 'TLSv1.1' }), /"TLSv1\.1" is not TLSv1\.3 or TLSv1\.2/],
    ['a stranger', { peers: [{ domain: 'low.example' }] }, /low\.example is not an own domain of the bundle/],
    ['a peer twice', { peers: [{ domain: OWN[0] }, { domain: OWN[0] }] }, /stands here twice/],
    [
      'a route to what is inbound only',
      { routes: [{ domain: 'high.example', host: 'a', port: 1 }], ...peer({ inbound: 'only' }) },
      /high\.example is inbound only in s2s\.peers, so no route is ever used/,
    ],
    [
      'a name without DNS',
      { dns: 'off', routes: [{ domain: 'high.example', host: 'server.example', port: 1 }] },
      /server\.example is a name, and dns is off: write its address/,
    ],
    [
      'a domain without route and DNS',
      { dns: 'off', routes: [{ domain: 'high.example', host: '192.0.2.1', port: 1 }] },
      /conference\.high\.example has no route, and dns is off: add one, or make it inbound only/,
    ],
    ['another word', { dns: 'never' }, /"never" is not on or off/],
    ['a port that is none', { listenDirect: '127.0.0.1:70000' }, /there is no port 70000/],
    [
      'another way to TLS',
      { routes: [{ domain: 'high.example', host: 'a', port: 1, tls: 'plain' }] },
      /"plain" is not starttls or direct/,
    ],
  ] as const) {
    const problems = load(s2s)
    if ('s2s' in problems) t.fail(`${what}: taken`)
    else {
      t.ok(
        problems.some((line) => wanted.test(line)),
        `${what}: ${problems.join(' | ')}`,
      )
      for (const line of problems) t.match(line, /^\d+:\d+: /, `${what}: has a place`)
    }
  }
  t.end()
})

t.test('a domain behind another needs no route without DNS', (t) => {
  const s2s = { dns: 'off', routes: [{ domain: 'high.example', host: '192.0.2.1', port: 1 }] }
  const controls = [{ domain: 'high.example', trunk: ['conference.high.example'] }]
  t.match(load(s2s, { controls }), { s2s: { dns: false } })
  t.end()
})

t.test('what runs out is said at 30, 14, 7 and 1 days, once each, and when it has', (t) => {
  const DAY = 86_400_000
  const said: string[] = []
  const say = (level: string) => (_fields: object, message: string) => void said.push(`${level}: ${message}`)
  const check = createExpiryWatch({ info: say('info'), warn: say('warn'), error: say('error') })
  const until = Date.UTC(2030, 0, 31)
  const all: Expiring[] = [
    { kind: 'certificate', name: 'low.example', until },
    { kind: 'crl', name: 'high.crl', until: until - 10 * DAY },
  ]
  const lines = new Map<number, string[]>()
  for (let days = 40; days >= -1; days -= 0.25) {
    check(all, until - days * DAY)
    if (said.length > 0) lines.set(days, said.splice(0))
  }
  t.same([...lines.keys()], [30, 14, 11, 10, 7, 1, 0])
  t.match(lines.get(30), [
    /^warn: certificate low\.example expires on .*, in 30 days: have it renewed, put it in its place and reload$/,
  ])
  t.match(lines.get(11), [/^error: CRL high\.crl expires on .*, in 1 days: put the present one/])
  t.match(lines.get(10), [
    /^error: CRL high\.crl expired on .*: .*; without it no server of its CA is let in$/,
  ])
  t.match(lines.get(0), [/^error: certificate low\.example expired on /])
  check([{ ...all[0]!, until: until + 20 * DAY }], until)
  t.match(said, [/in 20 days/], 'a renewed one begins anew')

  const health = createHealth({
    awaited: 'x',
    troubles: () => [],
    isOpen: () => true,
    isFull: () => false,
    expiring: () => all,
  })
  t.same(health.notes(until - 11 * DAY), [])
  t.match(health.notes(until - 9 * DAY), [/^crl high\.crl: has expired: no server is let in by it$/])
  t.notMatch(health.missing(until - DAY).join(), /certificate/)
  t.match(health.missing(until + 1).at(-1), /^certificate low\.example: has expired: have it renewed$/)
  t.end()
})
