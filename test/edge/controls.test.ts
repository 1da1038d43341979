/** What each server of the own side may do, and that the operator hears which rule was in its way. */
import t from 'tap'
import { askEdge } from '../../edge/control/client.ts'
import { type ControlSource, createControls, createRates, parseNetwork } from '../../edge/controls.ts'
import { issue } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import { connectOpen } from './raw.ts'
import { startWorld, until } from './world.ts'

const KINDS = ['message', 'presence', 'iq'] as const
const rule = (domain: string, more: Partial<ControlSource> = {}): ControlSource => ({
  domain,
  subtree: false,
  kinds: KINDS,
  trunk: [],
  ...more,
})

t.test('the rule of a domain is its own, or of the nearest above', (t) => {
  const controls = createControls([
    rule('example', { subtree: true }),
    rule('high.example', { subtree: true }),
    rule('chat.high.example'),
  ])
  const nameOf = (domain: string) => controls.ruleFor(domain)?.name
  t.equal(nameOf('chat.high.example'), 'controls[2] (chat.high.example)')
  t.equal(nameOf('a.chat.high.example'), 'controls[1] (high.example and below)')
  t.equal(nameOf('high.example'), 'controls[1] (high.example and below)')
  t.equal(nameOf('other.example'), 'controls[0] (example and below)')
  for (const none of ['', 'com', 'xexample', 'high.example.com', 'example.'])
    t.equal(nameOf(none), undefined, none)
  t.same(controls.explain('xhigh.example'), [
    'controls[0] (example and below): holds',
    'controls[1] (high.example and below): xhigh.example is not high.example nor below it',
    'controls[2] (chat.high.example): xhigh.example is not chat.high.example',
  ])
  t.same(controls.explain('a.chat.high.example').slice(0, 1), [
    'controls[0] (example and below): not used, since controls[1] (high.example and below) is nearer',
  ])
  t.equal(
    createControls([rule('high.example')]).explain('a.high.example')[0],
    'controls[0] (high.example): a.high.example is below high.example, but the rule has no subtree: true',
  )
  t.match(controls.admit('elsewhere.com', '192.0.2.1'), {
    problem: 'no rule of controls is for elsewhere.com: add one if it may connect',
  })
  t.notOk('problem' in createControls(undefined).admit('any.example', '192.0.2.1'))
  t.end()
})

t.test('networks', (t) => {
  const controls = createControls([
    rule('high.example', { networks: ['192.0.2.0/24', '2001:db8::/32', '127.0.0.1'] }),
  ])
  const may = (address: string) => !('problem' in controls.admit('high.example', address))
  for (const yes of [
    '192.0.2.0',
    '192.0.2.255',
    '::ffff:192.0.2.7',
    '2001:db8::1',
    '2001:db8:ffff::',
    '127.0.0.1',
  ])
    t.ok(may(yes), yes)
  for (const no of [
    '192.0.3.0',
    '192.0.1.255',
    '127.0.0.2',
    '::1',
    '2001:db9::',
    '::ffff:192.0.3.1',
    'fe80::1%eth0',
    '',
    'x',
  ])
    t.notOk(may(no), no)
  t.match(controls.admit('high.example', '198.51.100.1'), {
    problem:
      'controls[0] (high.example): 198.51.100.1 is in none of its networks (192.0.2.0/24, 2001:db8::/32, 127.0.0.1): add it if high.example may connect from there',
  })
  for (const wrong of [
    '192.0.2.0/33',
    '192.0.2/24',
    '::/129',
    '192.0.2.0/24/1',
    'high.example',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '192.0.2.0/1e1',
    'fe80::1%eth0',
    '',
  ])
    t.equal(parseNetwork(wrong), undefined, wrong)
  t.same(parseNetwork('::/0'), { host: '::', bits: 0, family: 'ipv6' })
  t.end()
})

t.test('a rate delays, and is of each domain by itself', async (t) => {
  let changes = 0
  const rates = createRates(() => changes++)
  t.teardown(rates.close)
  const control = createControls([rule('example', { subtree: true, rate: 2, burst: 3 })]).ruleFor(
    'a.example',
  )!
  for (const held of [false, false, true]) {
    rates.took('a.example', control, 0)
    t.equal(rates.isHeld('a.example'), held)
  }
  t.notOk(rates.isHeld('b.example'))
  t.equal(changes, 1)
  rates.took('c.example', createControls(undefined).ruleFor('c.example')!, 0)
  t.notOk(rates.isHeld('c.example'))
  t.ok(await until(() => changes === 2))
  t.notOk(rates.isHeld('a.example'))
})

const LABEL = essLabel()
const message = (from: string, marker: string, size = 0) =>
  `<message from='${from}' to='bob@low.example' id='${marker}' type='chat'><body>${marker}${'x'.repeat(size)}</body>${LABEL}</message>`

t.test('kinds and sizes, both ways, with the rule in the log', async (t) => {
  const world = await startWorld({
    more: {
      controls: [
        { domain: 'high.example', kinds: ['message', 'iq'], stanzaOctets: 1500 },
        { domain: 'conference.high.example' },
      ],
    },
  })
  t.teardown(world.close)
  await world.server.send(
    `<presence from='alice@high.example/x' to='bob@low.example' id='p' type='subscribe'/>`,
  )
  await world.server.send(message('alice@high.example/x', 'large', 1500))
  await world.server.send(message('alice@high.example/x', 'small'))
  t.ok(await world.guard.find((xml) => xml.includes('small')))
  t.equal(world.guard.frames.length, 1)
  for (const [id, kind] of [
    ['p', 'presence'],
    ['large', 'message'],
  ]) {
    const answer = await world.server.find((xml) => xml.includes(`id="${id}"`), 3000)
    t.match(answer?.xml, new RegExp(`^<${kind} .*type="error"><error type="modify"><policy-violation `))
  }
  const said = world.log.map(({ message }) => message)
  t.ok(said.includes('controls[0] (high.example): no presence of high.example may cross'))
  t.ok(
    said.some((line) =>
      /^controls\[0\] \(high\.example\): a message of \d{4} octets of high\.example may cross$/.test(line),
    ),
  )
  world.release(
    `<presence xmlns="jabber:server" from="bob@low.example" to="alice@high.example" type="subscribed"></presence>`,
  )
  world.release(
    `<presence xmlns="jabber:server" from="bob@low.example/y" to="room@conference.high.example/Bob"><x xmlns="http://jabber.org/protocol/muc"></x></presence>`,
  )
  t.ok(await world.server.find((xml) => xml.includes('protocol/muc'), 3000), 'of another rule')
  t.notOk(world.server.received.some(({ xml }) => xml.includes('subscribed')))
  const metrics = await world.metrics()
  t.match(metrics, /refused_total{reason="control-kind"} 1\n/)
  t.match(metrics, /refused_total{reason="control-size"} 1\n/)
  t.match(metrics, /incoming_total{outcome="control-kind"} 1\n/)
})

t.test('who connects from elsewhere is told nothing, and the operator which rule', async (t) => {
  const world = await startWorld({
    more: {
      controls: [
        { domain: 'high.example', networks: ['192.0.2.0/24'] },
        { domain: 'conference.high.example' },
      ],
    },
  })
  t.teardown(world.close)
  await t.rejects(world.server.send(message('alice@high.example/x', 'never')))
  t.ok(
    await until(() =>
      world.log.some(({ fields }) =>
        JSON.stringify(fields).includes(
          'policy-violation: controls[0] (high.example): 127.0.0.1 is in none of its networks (192.0.2.0/24)',
        ),
      ),
    ),
  )
  const stream = await world.server.stream('conference.high.example', 'low.example')
  stream.write(message('alice@high.example/x', 'never'))
  t.ok(await until(() => world.log.some(({ fields }) => JSON.stringify(fields).includes('invalid-from'))))
  t.same(world.guard.frames, [], 'nor by the stream of another of its domains')
})

t.test('a trunk: stanzas of the domains behind a peer come and go by its streams', async (t) => {
  const world = await startWorld({
    more: {
      controls: [{ domain: 'conference.high.example', trunk: ['high.example'] }],
    },
    routed: ['conference.high.example'],
  })
  t.teardown(world.close)
  const stream = await world.server.stream('conference.high.example', 'low.example')
  stream.write(message('alice@high.example/x', 'behind'))
  t.ok(await world.guard.find((xml) => xml.includes('behind')))
  world.release(
    `<message xmlns="jabber:server" from="bob@low.example/y" id="b1" to="alice@high.example/x" type="chat"><body>back</body></message>`,
  )
  const back = await world.server.find((xml) => xml.includes('back'), 3000)
  t.match(back?.xml, /to="alice@high\.example\/x"/)
  t.equal(back?.to, 'conference.high.example', 'on the stream of the one before it')
  t.match(world.edge.reload('SIGHUP'), { problems: [], ended: 0 }, 'nor does a look at who is there end it')
  const narrow = await issue(world.ca, { dns: ['conference.high.example'] })
  const raw = await connectOpen(world.edge.s2sPort, world.ca.certificate, narrow, 'conference.high.example')
  t.match(world.edge.reload('SIGHUP'), { problems: [], ended: 0 })
  raw.write(message('alice@high.example/x', 'asked-again'))
  t.ok(
    await world.guard.find((xml) => xml.includes('asked-again')),
    'its certificate need not show them, when it is looked at again either',
  )
})

t.test('whom a rate holds back, and by which rule, the operator sees', async (t) => {
  const world = await startWorld({ more: { controls: [{ domain: 'example', subtree: true, rate: 1 }] } })
  t.teardown(world.close)
  for (const marker of ['one', 'two', 'three'])
    await world.server.send(message('alice@high.example/x', marker))
  t.ok(await world.guard.find((xml) => xml.includes('one')))
  const seen: unknown[] = []
  await askEdge(world.config.state, 'sessions', {}, (item) => void seen.push(item))
  t.match(seen[0], {
    direction: 'inbound',
    held: true,
    why: 'controls[0] (example and below): it sends faster than its rate',
  })
})
