/** The part `cmbac` of edge.yaml: what is wrong with it is said with its place; what is right is taken as it is. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadEdgeConfig } from '../../../edge/config/load.ts'
import { clearance4774Of } from '../../../rules/clearance/clearance.ts'
import { write4774Clearance } from '../../../rules/clearance/stanag4774.ts'
import { serialise } from '../../../rules/xml/write.ts'
import { writeWorld } from '../world.ts'
import { ACME, ACME_TEXT, clearance, OTHER, OTHER_TEXT } from './policies.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-cmbac-config-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const { yaml, ca } = await writeWorld(folder, { server: 5270, guard: 7001 }, {})
const file = (name: string, text: string, mode = 0o644) => {
  writeFileSync(join(folder, name), text)
  chmodSync(join(folder, name), mode)
}
const xml = (...names: string[]) =>
  serialise(write4774Clearance(clearance4774Of(ACME, clearance(ACME, names))))
file('acme.spif.xml', ACME_TEXT)
file('other.spif.xml', OTHER_TEXT)
file('broken.spif.xml', ACME_TEXT.replace('tagType="permissive"', 'tagType="odd"'))
file('held.xml', xml('OPEN', 'SECRET'))
file('slip.xml', xml('OPEN', 'SECRET').replace('>OPEN<', '>OPNE<'))
file('other.xml', xml('OPEN').replace('>ACME<', '>NATO<').replace('1.2.3.4"', '1.9.9"'))
file('ldap-ca.crt', ca.certificate)
file('password', 'secret\n', 0o600)
file('open-password', 'secret\n', 0o640)
file('empty-password', '\n', 0o600)
file('users.yaml', JSON.stringify({ 'Alice@high.example': [{ file: 'held.xml' }] }))

const OPEN = [{ policy: 'ACME', classifications: ['OPEN'] }]
const LABEL = {
  policy: 'ACME',
  classification: 'SECRET',
  categories: [{ 'tag-set': 'Need', values: ['ALPHA'] }],
}
const LDAP = {
  servers: ['ldaps://ldap.high.example', 'ldap://[::1]:3890'],
  ca: ['ldap-ca.crt'],
  bindDn: 'cn=edge',
  passwordFile: 'password',
  base: 'dc=high',
  filter: '(mail={jid})',
}
const GOOD = {
  policies: ['acme.spif.xml', 'other.spif.xml'],
  server: { clearance: [...OPEN, { file: 'held.xml' }], accessLabel: LABEL },
  domains: [{ domain: 'low.example', clearance: OPEN, accessLabel: LABEL }],
  rooms: [
    {
      room: 'Ops@conference.low.example',
      clearance: OPEN,
      accessLabel: LABEL,
      defaultLabel: { policy: 'ACME', classification: 'SECRET' },
    },
  ],
  peers: [{ domain: 'high.example', entry: OPEN, exit: [{ file: 'held.xml' }] }],
  users: { domains: ['high.example'], file: 'users.yaml', default: OPEN, ldap: LDAP },
}

type Mutable = { [key: string]: Mutable } & Mutable[]

function load(change: (cmbac: Mutable) => void) {
  const cmbac = structuredClone(GOOD) as unknown as Mutable
  change(cmbac)
  const path = join(folder, 'changed.yaml')
  writeFileSync(path, JSON.stringify({ ...yaml, cmbac }, undefined, 2))
  return loadEdgeConfig(path, Date.now())
}

t.test('a good one', (t) => {
  const config = load(() => {})
  if ('problems' in config) return t.fail(config.problems.join('\n'))
  const { policies, levels, users, defaultLabels } = config.cmbac!
  t.same(
    policies.map(({ name }) => name),
    ['ACME', 'OTHER'],
  )
  const held = clearance(ACME, ['OPEN', 'SECRET'])
  t.same(levels.server.clearance, [clearance(ACME, ['OPEN']), held])
  t.equal(levels.server.accessLabel?.label.classification.name, 'SECRET')
  t.equal(levels.server.accessLabel?.label.categories[0]?.value.name, 'ALPHA')
  t.same([...levels.domains.keys()], ['low.example'])
  t.same([...levels.rooms.keys()], ['ops@conference.low.example'], 'addresses are prepared')
  t.same(levels.peers.get('high.example'), { entry: [clearance(ACME, ['OPEN'])], exit: [held] })
  t.equal(defaultLabels.get('ops@conference.low.example')?.label.classification.name, 'SECRET')
  t.same([...users.domains], ['high.example'])
  t.same([...users.listed], [['alice@high.example', [held]]])
  t.same(users.fallback, [clearance(ACME, ['OPEN'])])
  t.same(users.ldap, {
    servers: [
      { host: 'ldap.high.example', port: 636, tls: 'direct' },
      { host: '::1', port: 3890, tls: 'starttls' },
    ],
    ca: [ca.certificate],
    bindDn: 'cn=edge',
    password: 'secret',
    base: 'dc=high',
    filter: '(mail={jid})',
    attribute: 'confidentialityClearance',
    timeoutMs: 5000,
    cacheMs: 300_000,
    cacheUsers: 10_000,
  })
  const chosen = load((c) =>
    Object.assign(c['users']!['ldap']!, {
      attribute: '2.5.4.55',
      timeoutSeconds: 2,
      cacheSeconds: 60,
      cacheUsers: 100,
    }),
  )
  if ('problems' in chosen) return t.fail(chosen.problems.join('\n'))
  t.match(chosen.cmbac?.users.ldap, {
    attribute: '2.5.4.55',
    timeoutMs: 2000,
    cacheMs: 60_000,
    cacheUsers: 100,
  })
  const small = load((c) => {
    for (const key of Object.keys(c)) delete c[key]
    Object.assign(c, { policies: ['acme.spif.xml'], server: { clearance: [{ classifications: ['OPEN'] }] } })
  })
  t.notOk('problems' in small, 'of one policy the name may be left out')
  return t.end()
})

t.test('each mistake is found, with its place and what to do', (t) => {
  const cases: [string, (cmbac: Mutable) => void, RegExp][] = [
    [
      'unknown key',
      (c) => void (c['clearance'] = OPEN as never),
      /unknown key "clearance" in the clearances/,
    ],
    ['no policy', (c) => void (c['policies'] = [] as never), /a list of SPIF files, a policy each is empty/],
    [
      'missing policy',
      (c) => void (c['policies']![1] = 'x' as never),
      /x cannot be read \(ENOENT\): give the path of a SPIF/,
    ],
    [
      'broken policy',
      (c) => void (c['policies']![1] = 'broken.spif.xml' as never),
      /broken\.spif\.xml:1:1: SPIF: /,
    ],
    [
      'one policy twice',
      (c) => {
        file('again.spif.xml', ACME_TEXT)
        c['policies']!.push('again.spif.xml' as never)
      },
      /two files are the policy ACME \(1\.2\.3\.4\): remove one/,
    ],
    [
      'unknown policy',
      (c) => void (c['server']!['clearance']![0]!['policy'] = 'NATO' as never),
      /no policy "NATO"; there are ACME and OTHER/,
    ],
    [
      'which policy',
      (c) => void (c['server']!['clearance'] = [{ classifications: ['OPEN'] }] as never),
      /of which policy\? add policy: one of ACME and OTHER/,
    ],
    [
      'unknown class',
      (c) => void (c['server']!['clearance']![0]!['classifications'] = ['COSMIC'] as never),
      /ACME has no classification "COSMIC"; it has OPEN, RESTRICTED and SECRET/,
    ],
    [
      'unknown category',
      (c) => void (c['server']!['accessLabel']!['categories']![0]!['values'] = ['GAMMA'] as never),
      /"Need" of ACME has no "GAMMA"/,
    ],
    [
      'empty list',
      (c) => void (c['server']!['clearance'] = [] as never),
      /a list of clearances, one of which must admit is empty/,
    ],
    [
      'neither words nor file',
      (c) => void (c['server']!['clearance'] = [{ policy: 'ACME' }] as never),
      /a clearance has classifications, or stands in a file/,
    ],
    [
      'words and file',
      (c) => void (c['server']!['clearance'] = [{ file: 'held.xml', classifications: ['OPEN'] }] as never),
      /remove what stands beside "file"/,
    ],
    [
      'missing file',
      (c) => void (c['server']!['clearance'] = [{ file: 'none.xml' }] as never),
      /none\.xml cannot be read \(ENOENT\): give the path of a clearance/,
    ],
    [
      'file that is none',
      (c) => void (c['server']!['clearance'] = [{ file: 'acme.spif.xml' }] as never),
      /acme\.spif\.xml is no ConfidentialityClearance.*: correct it/,
    ],
    [
      'file of another policy',
      (c) => void (c['server']!['clearance'] = [{ file: 'other.xml' }] as never),
      /other\.xml is of the policy "NATO", which is not listed: correct it/,
    ],
    [
      'slip of the pen in a file',
      (c) => void (c['server']!['clearance'] = [{ file: 'slip.xml' }] as never),
      /slip\.xml names what its policy has not \(class OPNE\): correct it/,
    ],
    [
      'strange domain',
      (c) => void (c['domains']![0]!['domain'] = 'x.example' as never),
      /x\.example is not a domain of the bundles/,
    ],
    ['domain twice', (c) => void c['domains']!.push(c['domains']![0]!), /low\.example stands here twice/],
    [
      'strange peer',
      (c) => void (c['peers']![0]!['domain'] = 'x.example' as never),
      /x\.example is not a domain of the bundles/,
    ],
    ['peer twice', (c) => void c['peers']!.push(c['peers']![0]!), /high\.example stands here twice/],
    ...['low.example', 'ops@low.example', 'ops@conference.low.example/nick', 'ops@conference.x.example'].map(
      (room): [string, (cmbac: Mutable) => void, RegExp] => [
        `room ${room}`,
        (c) => void (c['rooms']![0]!['room'] = room as never),
        /is not the address of a room of the bundles: write ROOM@DOMAIN/,
      ],
    ),
    [
      'room twice',
      (c) => void c['rooms']!.push(c['rooms']![0]!),
      /Ops@conference\.low\.example stands here twice/,
    ],
    [
      'default label of an own room',
      (c) => void (c['rooms']![0]!['room'] = 'ops@conference.high.example' as never),
      /is a room of the own side: the edge of the other side shows its default label/,
    ],
    [
      'default label that does not cross',
      (c) => void (c['rooms']![0]!['defaultLabel']!['classification'] = 'OPEN' as never),
      /no row of the outgoing bundle becomes this label/,
    ],
    [
      'users of rooms',
      (c) => void (c['users']!['domains'] = ['conference.high.example'] as never),
      /is a domain of rooms, which have no users/,
    ],
    [
      'users of nowhere',
      (c) => void (c['users']!['domains'] = ['x.example'] as never),
      /x\.example is not a domain of the bundles/,
    ],
    [
      'users from nowhere',
      (c) => void (c['users'] = { domains: ['high.example'] } as never),
      /says not where clearances come from: add file, ldap or default/,
    ],
    [
      'no file of users',
      (c) => void (c['users']!['file'] = 'none.yaml' as never),
      /none\.yaml: cannot be read \(ENOENT\)/,
    ],
    [
      'LDAP without TLS',
      (c) => void (c['users']!['ldap']!['servers'] = ['http://x'] as never),
      /is not ldaps:\/\/HOST or ldap:\/\/HOST \(with StartTLS\)/,
    ],
    [
      'LDAP port',
      (c) => void (c['users']!['ldap']!['servers'] = ['ldaps://x:99999'] as never),
      /there is no port 99999/,
    ],
    ['LDAP without CA', (c) => void delete c['users']!['ldap']!['ca'], /"ca" is missing in the directory/],
    [
      'LDAP CA',
      (c) => void (c['users']!['ldap']!['ca'] = ['password'] as never),
      /password holds no PEM certificate: give a CA/,
    ],
    [
      'open password',
      (c) => void (c['users']!['ldap']!['passwordFile'] = 'open-password' as never),
      /open-password may be read by others: chmod 600 it/,
    ],
    [
      'empty password',
      (c) => void (c['users']!['ldap']!['passwordFile'] = 'empty-password' as never),
      /empty-password holds no password/,
    ],
    [
      'no password',
      (c) => void (c['users']!['ldap']!['passwordFile'] = 'none' as never),
      /none cannot be read \(ENOENT\): give the path of a file with the password/,
    ],
    ['filter', (c) => void (c['users']!['ldap']!['filter'] = '(mail=*)' as never), /asks for nobody/],
    [
      'filter of two domains',
      (c) => {
        c['users']!['domains'] = ['high.example', 'low.example'] as never
        c['users']!['ldap']!['filter'] = '(uid={local})' as never
      },
      /takes users of two domains for one/,
    ],
    [
      'attribute',
      (c) => void (c['users']!['ldap']!['attribute'] = 'a b' as never),
      /"a b" is not the name of an attribute/,
    ],
    [
      'too long',
      (c) => void (c['users']!['ldap']!['cacheSeconds'] = 0 as never),
      /0 is not seconds from 1 to 86400/,
    ],
  ]
  for (const [name, change, wanted] of cases) {
    const config = load(change)
    const problems = 'problems' in config ? config.problems : []
    t.ok(
      problems.some((line) => wanted.test(line)),
      `${name}: ${problems.join(' | ')}`,
    )
    for (const line of problems) {
      t.match(line, /^\S+:\d+:\d+: /, `${name}: has a place`)
      t.notMatch(line, /secret\b/, name)
    }
  }
  t.end()
})

t.test('the file of users has places of its own', (t) => {
  const cases: [string, RegExp][] = [
    ['alice@high.example: []', /:1:21: a list of clearances.* is empty/],
    [
      'alice@high.example: [{ policy: ACME, classifications: [COSMIC] }]',
      /users2\.yaml:1:\d+: ACME has no classification "COSMIC"/,
    ],
    [
      'alice@low.example: [{ file: held.xml }]',
      /users2\.yaml:1:1: low\.example is not among the domains of users/,
    ],
    ['high.example: [{ file: held.xml }]', /users2\.yaml:1:1: is not an address: write USER@DOMAIN/],
    ['alice@high.example/x: [{ file: held.xml }]', /is not an address/],
    [
      'Alice@high.example: [{ file: held.xml }]\nalice@high.example: [{ file: held.xml }]',
      /users2\.yaml:2:1: alice@high\.example stands here in two spellings/,
    ],
    ['alice@high.example: [{ clearance: x }]', /unknown key "clearance"/],
    ['- alice@high.example', /a list is not users and their clearances/],
    ['__proto__: [{ file: held.xml }]', /is not an address/],
  ]
  for (const [text, wanted] of cases) {
    file('users2.yaml', text)
    const config = load((c) => void (c['users']!['file'] = 'users2.yaml' as never))
    t.match('problems' in config ? config.problems.join(' | ') : 'fine', wanted, text)
  }
  t.end()
})

t.test('each key is in the manual', (t) => {
  const root = join(import.meta.dirname, '../../..')
  const page = readFileSync(join(root, 'doc/edge-clearances.md'), 'utf8')
  const schema = JSON.parse(readFileSync(join(root, 'edge/config/edge.schema.json'), 'utf8'))
  const keys = new Set<string>()
  const collect = (part: unknown) => {
    if (typeof part !== 'object' || part === null) return
    for (const [name, value] of Object.entries(part)) {
      if (name === 'properties') for (const key of Object.keys(value)) keys.add(key)
      collect(value)
    }
  }
  collect([schema.properties.cmbac, schema.$defs.clearances])
  t.ok(keys.size > 25)
  for (const key of keys) t.match(page, new RegExp(`\\b${key}:[ \n]`), key)
  t.end()
})

t.test('who is of another policy is cleared for nothing of this one', (t) => {
  t.not(OTHER.id, ACME.id)
  const config = load(
    (c) => void (c['server']!['clearance'] = [{ policy: 'OTHER', classifications: ['OPEN'] }] as never),
  )
  t.same('problems' in config ? config.problems : config.cmbac?.levels.server.clearance, [
    clearance(OTHER, ['OPEN']),
  ])
  t.end()
})
