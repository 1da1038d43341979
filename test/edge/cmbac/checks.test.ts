/** Every check of CMBAC by itself: what it asks, when, and what is told of it. */
import t from 'tap'
import { type Checks, createChecks, type Levels, type Standing } from '../../../edge/cmbac/checks.ts'
import { type Jid, parseJid } from '../../../rules/address/jid.ts'
import type { Clearance } from '../../../rules/clearance/clearance.ts'
import type { Label } from '../../../rules/label/label.ts'
import type { Spif } from '../../../rules/spif/index.ts'
import { ACME, clearance, label, OTHER } from './policies.ts'

const jid = (text: string): Jid => parseJid(text)!
const bound = (spif: Spif, value: Label) => [{ label: value, spif }]
const SECRET = bound(ACME, label(ACME, 'SECRET'))
const RESTRICTED = bound(ACME, label(ACME, 'RESTRICTED'))
const ALL = [clearance(ACME, ['OPEN', 'RESTRICTED', 'SECRET'])]
const SOME = [clearance(ACME, ['OPEN', 'RESTRICTED'])]

function checks(
  levels: Partial<Levels>,
  users: Readonly<Record<string, readonly Clearance[] | 'none' | 'unavailable'>> = {},
): Checks {
  const none = { server: {}, domains: new Map(), rooms: new Map(), peers: new Map() }
  return createChecks({ ...none, ...levels }, ({ local, domain }): Standing | undefined => {
    const found = users[`${local}@${domain}`]
    if (found === undefined) return undefined
    return typeof found === 'string' ? { state: found } : { state: 'cleared', clearances: found }
  })
}

const OUT = { from: jid('alice@high.example/x'), to: jid('bob@low.example'), by: 'high.example' }
const IN = { from: jid('bob@low.example/y'), to: jid('alice@high.example/x') }
const TO_ROOM = { from: jid('alice@high.example/x'), to: jid('ops@conference.low.example') }
const FROM_ROOM = { from: jid('ops@conference.low.example/nick'), to: jid('alice@high.example/x') }

t.test('each check lets what it clears, keeps what it does not, and asks nothing of other stanzas', (t) => {
  const { ...empty } = { server: {}, domains: new Map(), rooms: new Map(), peers: new Map() }
  const one = (key: 'domains' | 'rooms' | 'peers', name: string, entry: object): Levels => ({
    ...empty,
    [key]: new Map([[name, entry]]),
  })
  const cases: [
    string,
    typeof OUT | typeof IN,
    Levels,
    Record<string, readonly Clearance[]>,
    string,
    string,
  ][] = [
    ['entry-peer', OUT, one('peers', 'high.example', { entry: SOME }), {}, 'high.example', 'out'],
    ['entry-peer', IN, one('peers', 'low.example', { entry: SOME }), {}, 'low.example', 'in'],
    ['entry-user', OUT, empty, { 'alice@high.example': SOME }, 'alice@high.example', 'out'],
    ['entry-user', IN, empty, { 'bob@low.example': SOME }, 'bob@low.example', 'in'],
    ['server', OUT, { ...empty, server: { clearance: SOME } }, {}, 'server', 'out'],
    ['server', IN, { ...empty, server: { clearance: SOME } }, {}, 'server', 'in'],
    ['domain', OUT, one('domains', 'high.example', { clearance: SOME }), {}, 'high.example', 'of the sender'],
    [
      'domain',
      OUT,
      one('domains', 'low.example', { clearance: SOME }),
      {},
      'low.example',
      'of the recipient',
    ],
    ['domain', IN, one('domains', 'high.example', { clearance: SOME }), {}, 'high.example', 'in'],
    [
      'room',
      TO_ROOM,
      one('rooms', 'ops@conference.low.example', { clearance: SOME }),
      {},
      'ops@conference.low.example',
      'to a room',
    ],
    [
      'room',
      FROM_ROOM,
      one('rooms', 'ops@conference.low.example', { clearance: SOME }),
      {},
      'ops@conference.low.example',
      'from a room',
    ],
    ['exit-peer', OUT, one('peers', 'low.example', { exit: SOME }), {}, 'low.example', 'out'],
    ['exit-peer', IN, one('peers', 'high.example', { exit: SOME }), {}, 'high.example', 'in'],
    ['exit-user', OUT, empty, { 'bob@low.example': SOME }, 'bob@low.example', 'out'],
    ['exit-user', IN, empty, { 'alice@high.example': SOME }, 'alice@high.example', 'in'],
    ['exit-user', FROM_ROOM, empty, { 'alice@high.example': SOME }, 'alice@high.example', 'from a room'],
  ]
  for (const [check, ends, levels, users, of, what] of cases) {
    const name = `${check}, ${what}`
    const { label } = checks(levels, users)
    t.equal(label(RESTRICTED, ends), undefined, name)
    const denial = { reason: `cmbac-${check}`, of, why: 'class-not-held', detail: 'SECRET' }
    t.same(label(SECRET, ends), denial, name)
    t.match(label(undefined, ends), { reason: `cmbac-${check}`, of, why: 'no-label' }, name)
    t.match(label({ problem: 'x' }, ends), { reason: `cmbac-${check}`, why: 'unusable-label' }, name)
    t.match(
      label(bound(OTHER, label2()), ends),
      { reason: `cmbac-${check}`, of, why: 'other-policy' },
      `${name}: a label of another policy`,
    )
  }
  const others: [Levels, typeof OUT | typeof IN][] = [
    [one('peers', 'high.example', { exit: SOME }), OUT],
    [one('peers', 'low.example', { entry: SOME }), OUT],
    [one('domains', 'other.example', { clearance: SOME }), OUT],
    [one('domains', 'conference.low.example', { clearance: SOME }), OUT],
    [one('rooms', 'other@conference.low.example', { clearance: SOME }), TO_ROOM],
  ]
  for (const [levels, ends] of others) t.equal(checks(levels).label(SECRET, ends), undefined)
  t.equal(checks(empty).label(undefined, OUT), undefined, 'nothing is asked where nothing is configured')
  t.end()
})

function label2(): Label {
  return label(OTHER, 'OPEN')
}

t.test('every check must let it, and the first that does not is told', (t) => {
  const levels: Levels = {
    server: { clearance: ALL },
    domains: new Map([['high.example', { clearance: ALL }]]),
    rooms: new Map([['ops@conference.low.example', { clearance: SOME }]]),
    peers: new Map([['high.example', { entry: ALL }]]),
  }
  const { label } = checks(levels, { 'alice@high.example': ALL })
  t.match(label(SECRET, TO_ROOM), { reason: 'cmbac-room' })
  t.equal(label(SECRET, OUT), undefined)
  t.end()
})

t.test('a peer that brings the stanzas of another domain, or takes them on, is asked too', (t) => {
  const peers = new Map([['conference.high.example', { entry: SOME }]])
  const by = 'conference.high.example'
  t.match(checks({ peers }).label(SECRET, { ...OUT, by }), { reason: 'cmbac-entry-peer', of: by })
  const own = new Map([['high.example', { entry: SOME }]])
  t.match(checks({ peers: own }).label(SECRET, { ...OUT, by }), { of: 'high.example' }, 'and its own as well')
  const taking = new Map([['conference.high.example', { exit: SOME }]])
  t.match(checks({ peers: taking }).label(SECRET, { ...IN, via: by }), { reason: 'cmbac-exit-peer', of: by })
  t.equal(checks({ peers: taking }).label(SECRET, { ...IN, via: 'high.example' }), undefined)
  t.end()
})

t.test(
  'one of several clearances must admit, they are never put together; a pair is judged by what is held',
  (t) => {
    const apart = [
      clearance(ACME, ['SECRET'], { Need: ['ALPHA'] }),
      clearance(ACME, ['RESTRICTED'], { Need: ['BETA'] }),
      clearance(OTHER, ['OPEN']),
    ]
    const { label: judge } = checks({ server: { clearance: apart } })
    const of = (value: Label) => judge(bound(ACME, value), OUT)
    t.equal(of(label(ACME, 'SECRET', { Need: ['ALPHA'] })), undefined)
    t.equal(of(label(ACME, 'RESTRICTED', { Need: ['BETA'] })), undefined)
    t.match(of(label(ACME, 'SECRET', { Need: ['BETA'] })), {
      why: 'restrictive-not-held',
      detail: 'Need: BETA',
    })
    t.match(of(label(ACME, 'SECRET', { Nation: ['AUS', 'NZL'] })), {
      why: 'permissive-not-held',
      detail: 'Nation: AUS or Nation: NZL',
    })
    const pair = [...bound(ACME, label(ACME, 'SECRET')), ...bound(OTHER, label(OTHER, 'OPEN'))]
    t.equal(judge(pair, OUT), undefined)
    const both = [...bound(ACME, label(ACME, 'OPEN')), ...bound(OTHER, label(OTHER, 'OPEN'))]
    t.match(
      judge(both, OUT),
      { why: 'class-not-held', detail: 'OPEN' },
      'one that is held and does not admit',
    )
    const half = checks({ server: { clearance: [clearance(OTHER, ['OPEN'])] } })
    t.equal(half.label(pair, OUT), undefined, 'the other is of no clearance')
    t.end()
  },
)

t.test('users without clearance, and a directory that is away', (t) => {
  const { label } = checks({}, { 'alice@high.example': 'none', 'bob@low.example': 'unavailable' })
  t.match(label(RESTRICTED, OUT), {
    reason: 'cmbac-entry-user',
    of: 'alice@high.example',
    why: 'no-clearance',
  })
  t.same(checks({}, { 'bob@low.example': 'unavailable' }).label(RESTRICTED, OUT), {
    reason: 'clearance-unavailable',
    of: 'bob@low.example',
    why: 'unavailable',
    detail: 'cmbac-exit-user',
  })
  t.end()
})

t.test('access by label: server, domain and room against whoever comes in', (t) => {
  const barrier = { accessLabel: SECRET[0]! }
  const join = { from: jid('bob@low.example/y'), to: jid('ops@conference.high.example/Bob') }
  const cases: [string, Partial<Levels>, string][] = [
    ['server', { server: barrier }, 'server'],
    ['domain', { domains: new Map([['conference.high.example', barrier]]) }, 'conference.high.example'],
    ['room', { rooms: new Map([['ops@conference.high.example', barrier]]) }, 'ops@conference.high.example'],
  ]
  for (const [level, levels, of] of cases) {
    const reason = `cmbac-access-${level}`
    const { access, hasAccess } = checks(levels, { 'bob@low.example': SOME })
    t.ok(hasAccess)
    t.same(access(join), { reason, of, why: 'class-not-held', detail: 'SECRET' })
    t.equal(checks(levels, { 'bob@low.example': ALL }).access(join), undefined)
    t.match(checks(levels).access(join), { reason, why: 'no-clearance' }, 'nobody knows who comes')
    t.match(checks(levels, { 'bob@low.example': 'none' }).access(join), { reason, why: 'no-clearance' })
    t.match(checks(levels, { 'bob@low.example': 'unavailable' }).access(join), {
      reason: 'clearance-unavailable',
      of,
    })
    const peers = new Map([['low.example', { entry: ALL }]])
    t.equal(checks({ ...levels, peers }).access(join), undefined, 'the peer stands for its users')
    t.match(
      checks({ ...levels, peers }, { 'bob@low.example': SOME }).access(join),
      { reason },
      'but not for those who are known',
    )
    t.equal(checks(levels).label(SECRET, join), undefined, 'it is no clearance')
  }
  t.notOk(checks({ server: { clearance: SOME } }).hasAccess)
  t.end()
})
