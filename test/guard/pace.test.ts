/** Rates of pairs: what intake reads of a stanza for them, that they delay and never refuse, and that their table stays small. */
import t from 'tap'
import { createBucket } from '../../guard/common/bucket.ts'
import { addressesOf, domainOf } from '../../guard/intake/addresses.ts'
import { createPaces } from '../../guard/intake/pace.ts'
import { parseJid } from '../../rules/address/jid.ts'
import { refused } from '../../rules/reasons.ts'
import { attribute } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'
import { benign } from './bundle.ts'

const limits = { stanzaBytes: 65_536, depth: 12, rate: 1000, burst: 1000 }
const octets = (text: string): Buffer => Buffer.from(text)
const between = (from: string, to: string): Buffer =>
  octets(`<message xmlns="jabber:server" from="${from}" id="o1" to="${to}" type="chat"></message>`)

t.test('a bucket holds what it may in every span', (t) => {
  const bucket = createBucket(10, 5, 0)
  const taken: number[] = []
  let now = 0
  const pauses = [0, 0, 0, 0, 0, 0, 0, 90, 20, 0, 1500, 0, 0, 0, 0, 0, 0, 100_000, 0, 0, 0, 0, 0, 0]
  for (const pause of pauses) {
    now += pause
    if (bucket.wait(now) > 0) continue
    bucket.take(now)
    taken.push(now)
  }
  for (const [i, from] of taken.entries()) {
    for (const [j, to] of taken.entries()) {
      if (j >= i) t.ok(j - i + 1 <= 5 + (10 * (to - from)) / 1000, `${from} to ${to}`)
    }
  }
  t.equal(taken.filter((at) => at > 100_000).length, 5, 'a pause of any length gives one burst')
  t.equal(bucket.wait(now), 100, 'the wait is what one token takes')
  t.equal(bucket.fullIn(now), 500)
  t.equal(bucket.fullIn(now + 500), 0)
  t.end()
})

t.test('the addresses are those that a parser reads, in whatever both verifiers accept', (t) => {
  const resources = [
    '',
    '/',
    '/desk',
    '/a b',
    '/a&amp;b',
    '/&quot; from=&quot;x@y',
    "/it's > 1/2",
    '/é@x/y',
    '/=',
  ]
  const stanzas = resources.flatMap((a) =>
    resources.map((b) => between(`alice@high.example${a}`, `low.example${b}`).toString()),
  )
  for (const name of ['acme-to-coalition', 'coalition-to-acme', 'fmn-rooms', 'minimal-chat'] as const) {
    for (const example of compiled(exampleSources(name)).bundle.examples ?? []) stanzas.push(example.stanza)
  }
  let compared = 0
  for (const stanza of stanzas) {
    const parsed = parseStanza(octets(stanza), limits)
    if (refused(parsed)) continue
    compared++
    const bare = (name: string) => {
      const jid = parseJid(attribute(parsed, name) ?? '')
      return jid === undefined ? undefined : `${jid.local === '' ? '' : `${jid.local}@`}${jid.domain}`
    }
    const read = addressesOf(octets(stanza))!
    const [from, to] = [bare('from'), bare('to')]
    if (from !== undefined) t.equal(Buffer.from(read.from, 'latin1').toString(), from, stanza)
    if (to !== undefined) t.equal(Buffer.from(read.to, 'latin1').toString(), to, stanza)
    if (to !== undefined) t.equal(domainOf(read.to), parseJid(to)?.domain)
  }
  t.ok(compared > 90, `${compared} stanzas`)
  t.end()
})

t.test('what is no start tag has no addresses, and costs nothing', (t) => {
  const hostile = [
    '',
    '<',
    '<message',
    '<message ',
    '<message from',
    '<message from=',
    '<message from=x',
    "<message from='a@b'",
    '<message from="a@b',
    '<message from ="a@b" ',
    `<message from="${'x'.repeat(1280)}"`,
    `<message to="${'x'.repeat(70_000)}@low.example"`,
  ]
  for (const text of hostile) {
    const found = addressesOf(octets(text))
    t.ok(found === undefined || found.from + found.to === '', text.slice(0, 30))
  }
  t.same(addressesOf(octets('<a from="x" to="y"')), { from: 'x', to: 'y' })
  t.same(addressesOf(octets('<a xfrom="x" from2="y" FROM="z" to="">')), { from: '', to: '' })
  const long = octets(`<a ${' a="" '.repeat(170_000)}`)
  const began = performance.now()
  for (const one of [
    long,
    octets('<a '.repeat(300_000)),
    octets('<a ="'.repeat(200_000)),
    octets(' '.repeat(1 << 20)),
  ])
    addressesOf(one)
  t.ok(performance.now() - began < 5000, 'a megabyte of anything is read once')
  t.end()
})

t.test('without rates for pairs nothing is read', (t) => {
  const turnOf = createPaces(
    { limits, pairs: [{ from: 'high.example', to: 'low.example', forms: ['chat'] }] },
    0,
  )
  t.equal(turnOf(octets(benign('x'))), undefined)
  t.end()
})

t.test('each pair of bare addresses has its own rate, in its own direction', (t) => {
  const turnOf = createPaces({ limits: { ...limits, pairRate: 2, pairBurst: 3 } }, 0)
  const passes = (from: string, to: string, now: number): number => {
    const turn = turnOf(between(from, to))!
    const delay = turn.delay(now)
    if (delay === undefined) turn.take(now)
    else t.equal(delay.cause, 'pair')
    return delay?.wait ?? 0
  }
  t.same(
    [1, 2, 3, 4].map(() => passes('a@high.example/x', 'b@low.example', 0)),
    [0, 0, 0, 500],
    'three at once, the fourth in half a second',
  )
  t.equal(passes('a@high.example/y', 'b@low.example/z', 0), 500, 'a resource makes no other pair')
  t.equal(passes('a@high.example', 'c@low.example', 0), 0)
  t.equal(passes('b@low.example', 'a@high.example', 0), 0)
  t.equal(passes('a@high.example', 'b@low.example', 500), 0)
  t.equal(passes('a@high.example', 'b@low.example', 500), 500)
  t.equal(turnOf(octets('<message from=')), undefined, 'what cannot be read is for the verifiers to refuse')
  t.end()
})

t.test('a pair of domains has the rate of its rule', (t) => {
  const forms = ['chat']
  const turnOf = createPaces(
    {
      limits,
      pairs: [
        { from: 'high.example', to: 'low.example', forms, rate: 10, burst: 2 },
        { from: 'high.example', to: 'rooms.low.example', forms },
      ],
    },
    0,
  )
  const passes = (from: string, to: string): string => {
    const turn = turnOf(between(from, to))!
    const delay = turn.delay(0)
    if (delay === undefined) turn.take(0)
    return delay === undefined ? 'now' : `${delay.cause} ${delay.wait}`
  }
  t.equal(passes('a@high.example/1', 'b@low.example'), 'now')
  t.equal(passes('high.example', 'low.example'), 'now')
  t.equal(passes('c@high.example', 'd@low.example/x@rooms.low.example'), 'domains 100')
  t.equal(passes('c@high.example', 'd@rooms.low.example'), 'now')
  t.equal(passes('high.example@rooms.low.example', 'low.example'), 'now', 'a local part is no domain')
  t.end()
})

t.test('the table of pairs stays as small as it is, and nobody is forgotten before it is full again', (t) => {
  const turnOf = createPaces({ limits: { ...limits, pairRate: 1, pairBurst: 4 } }, 0, 10)
  const turn = (i: number) => turnOf(between(`u${i}@high.example`, 'b@low.example'))!
  const wait = (i: number, now: number) => Math.round(turn(i).delay(now)?.wait ?? 0)
  const pass = (i: number, now: number) => {
    t.equal(turn(i).delay(now), undefined, `${i} at ${now}`)
    turn(i).take(now)
  }
  for (let i = 0; i < 4; i++) pass(0, 0)
  for (let i = 1; i < 10; i++) pass(i, 100 * i)
  t.equal(wait(10, 900), 200, 'one more waits until the first of them is full')
  t.equal(wait(0, 900), 100, 'the busy one is still known')
  pass(10, 1100)
  t.equal(wait(11, 1100), 100)
  t.equal(wait(0, 1100), 0)
  turn(0).take(1100)
  t.equal(wait(0, 1150), 850, 'and was not given a new bucket')
  t.end()
})
