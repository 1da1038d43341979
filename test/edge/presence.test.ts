/** Presence of users: coarse, and not faster than it is useful. */
import t from 'tap'
import { coarsen, createPresencePace } from '../../edge/presence.ts'
import type { Envelope } from '../../edge/refusal.ts'
import { normaliseJid } from '../../rules/address/jid.ts'
import { element, SERVER_NS } from '../../rules/xml/node.ts'
import { serialiseInside } from '../../rules/xml/write.ts'
import { startWorld, until } from './world.ts'

const presence = (...children: [string, string][]) =>
  element(
    SERVER_NS,
    'presence',
    { from: 'a@high.example/x' },
    children.map(([name, text]) => element(SERVER_NS, name, [], [text])),
  )
const envelope = (type = '', from = 'a@high.example/x'): Envelope => ({
  kind: 'presence',
  type,
  id: undefined,
  from: normaliseJid(from)!,
  to: normaliseJid('b@low.example')!,
})

t.test('coarse', (t) => {
  const coarse = (...children: [string, string][]) =>
    coarsen(presence(...children))
      .children.map((child) => (typeof child === 'string' ? child : serialiseInside(child, SERVER_NS)))
      .join('')
  t.equal(coarse(['show', 'chat'], ['priority', '7'], ['status', 'Here']), '<status>Here</status>')
  t.equal(coarse(['show', 'xa']), '<show>away</show>')
  t.equal(coarse(['show', 'dnd'], ['priority', '-1']), '<show>dnd</show>')
  t.equal(coarse(['show', 'odd']), '<show>odd</show>', 'what is wrong is refused, not mended')
  const plain = presence(['show', 'away'])
  t.equal(coarsen(plain), plain)
  const foreign = element(SERVER_NS, 'presence', {}, [element('urn:x', 'priority', [], ['7'])])
  t.equal(coarsen(foreign), foreign)
  t.end()
})

t.test('the last of those that come too soon goes when its time has come', (t) => {
  let leftOut = 0
  const pace = createPresencePace(1000, () => leftOut++)
  const sent: string[] = []
  const take = (show: string, now: number, type = '', from?: string) => {
    const becomes = pace.take(envelope(type, from), presence(['show', show]), now, () => sent.push(show))
    if (becomes === 'now') sent.push(show)
    return becomes
  }
  t.equal(take('away', 0), 'now')
  t.equal(take('away', 10), 'repeated')
  t.equal(take('dnd', 20), 'later')
  t.equal(take('xa', 30), 'later')
  t.equal(take('dnd', 40, '', 'other@high.example/x'), 'now', 'of another address')
  pace.release(999)
  t.same(sent, ['away', 'dnd'])
  pace.release(1000)
  t.same(sent, ['away', 'dnd', 'xa'])
  t.equal(take('away', 1500), 'later', 'counted from when it went')
  t.equal(take('xa', 1600), 'repeated', 'back to what the far side knows: nothing waits')
  pace.release(5000)
  t.same(sent, ['away', 'dnd', 'xa'])
  t.equal(take('away', 5100), 'now')
  t.equal(take('dnd', 5200), 'later')
  t.equal(take('gone', 5300, 'unavailable'), 'now')
  pace.release(9999)
  t.same(sent.slice(3), ['away', 'gone'], 'who has left does not come back')
  t.equal(leftOut, 5)
  t.equal(take('', 10_000, 'probe'), 'now')
  t.equal(take('', 10_001, 'probe'), 'repeated')
  t.equal(take('', 10_002), 'now', 'a probe is no presence')
  t.end()
})

t.test('going away and coming back is no faster than the rest', (t) => {
  const pace = createPresencePace(1000, () => {})
  const sent: string[] = []
  for (let now = 0; now < 3000; now += 10) {
    const type = now % 20 === 0 ? '' : 'unavailable'
    if (pace.take(envelope(type), presence(), now, () => sent.push(type)) === 'now') sent.push(type)
    pace.release(now)
  }
  pace.release(10_000)
  t.same(sent.slice(0, 2), ['', 'unavailable'], 'who goes away goes at once')
  t.equal(sent.at(-1), 'unavailable', 'and the last word is the last')
  t.ok(sent.length <= 8, `two in each of three seconds: ${sent.length}`)
  t.end()
})

t.test('memory is bounded, and what is beyond goes through', (t) => {
  const pace = createPresencePace(1000, () => {})
  for (let n = 0; n < 50_001; n++)
    t.equal(
      pace.take(envelope('', `u${n}@high.example`), presence(['show', 'dnd']), 0, () => {}) === 'now' || n,
      true,
    )
  t.equal(
    pace.take(envelope('', 'u50000@high.example'), presence(['show', 'away']), 1, () => {}),
    'now',
  )
  t.equal(
    pace.take(envelope('', 'u0@high.example'), presence(['show', 'away']), 1, () => {}),
    'later',
  )
  t.end()
})

t.test('through an edge, and as it is configured', async (t) => {
  for (const [choice, crossing] of [
    [
      undefined,
      ['<presence xmlns="jabber:server" from="alice@high.example/x" to="bob@low.example"></presence>'],
    ],
    [
      { coarse: false, seconds: 0 },
      [/<show>chat<\/show><priority>5<\/priority>/, /<show>chat<\/show><priority>6<\/priority>/],
    ],
  ] as const) {
    const world = await startWorld(choice === undefined ? {} : { more: { presence: choice } })
    for (const priority of [5, 6])
      await world.server.send(
        `<presence from='alice@high.example/x' to='bob@low.example'><show>chat</show><priority>${priority}</priority></presence>`,
      )
    await world.server.send(`<presence from='alice@high.example/x' to='bob@low.example' type='unavailable'/>`)
    t.ok(await until(() => world.guard.frames.some(({ xml }) => xml.includes('unavailable'))))
    const crossed = world.guard.frames.map(({ xml }) => xml).filter((xml) => !xml.includes('unavailable'))
    t.equal(crossed.length, crossing.length)
    t.match(crossed, crossing)
    await world.close()
  }
  const world = await startWorld({ more: { presence: { seconds: 1 } } })
  t.teardown(world.close)
  for (const show of ['away', 'dnd', 'xa'])
    await world.server.send(
      `<presence from='alice@high.example/x' to='bob@low.example'><show>${show}</show></presence>`,
    )
  await world.server.send(
    `<presence from='alice@high.example/x' to='bob@low.example/y'><show>dnd</show></presence>`,
  )
  t.ok(await until(() => world.guard.frames.length === 2))
  t.match(await world.metrics(), /stripped_total{name="presence-repeated"} 2\n/, 'dnd, and away again')
  t.match(await world.metrics(), /stripped_total{name="presence-detail"} 1\n/)
})

t.test('what waits is sent when the edge stops, and to a room it waits too', async (t) => {
  const world = await startWorld({ more: { presence: { seconds: 3600 } } })
  t.teardown(world.close)
  const show = (show: string, to: string, inner = '') =>
    world.server.send(
      `<presence from='alice@high.example/x' to='${to}'><show>${show}</show>${inner}</presence>`,
    )
  const room = 'room@conference.low.example/Alice'
  const join = `<x xmlns='http://jabber.org/protocol/muc'/>`
  const frames = (match: string) => world.guard.frames.filter(({ xml }) => xml.includes(match)).length
  await show('away', 'bob@low.example')
  await show('dnd', 'bob@low.example')
  await show('away', room)
  await show('dnd', room)
  await show('away', room, join)
  await show('away', room, join)
  t.ok(await until(() => frames(room) === 3), 'joins are not held back')
  await show('dnd', room)
  t.ok(await until(() => frames(room) === 4), 'and what comes behind a join goes at once')
  t.equal(frames('dnd'), 1, 'that one')
  await world.restart()
  t.ok(await until(() => frames('dnd') === 2))
  t.ok(world.guard.frames.at(-1)?.xml.includes('to="bob@low.example"'))
})
