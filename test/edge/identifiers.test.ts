/** What an edge remembers of identifiers: who may name which frame, and that it forgets. */
import t from 'tap'
import { createIdentifiers } from '../../edge/identifiers.ts'
import { parseJid } from '../../rules/address/jid.ts'

const ROOMS = new Set(['rooms.high.example', 'rooms.low.example'])
const jid = (text: string) => parseJid(text)!
const ends = (from: string, to: string) => ({ from: jid(from), to: jid(to) })
const at = (count: number, generation = 1) => ({ generation, count })

t.test('an answer is of the one who was asked, to the one who asked', (t) => {
  const ids = createIdentifiers(ROOMS, 100)
  ids.received(at(7, 3), { ...ends('bob@low.example/y', 'alice@high.example'), id: 'o3.7' })
  const answer = (id: string, from: string, to: string) => ids.naming(at(1), ends(from, to)).answer(id)
  t.equal(answer('o3.7', 'alice@high.example/x', 'bob@low.example/y'), 'r3.7')
  t.equal(answer('o3.7', 'alice@high.example/x', 'bob@low.example'), 'r3.7', 'bare addresses count')
  t.equal(answer('o3.7', 'anna@high.example/x', 'bob@low.example/y'), undefined)
  t.equal(answer('o3.7', 'alice@high.example/x', 'bill@low.example/y'), undefined)
  t.equal(answer('o3.7', 'rooms.high.example', 'bob@low.example/y'), undefined, 'no room')
  for (const id of ['o3.8', 'o4.7', 'r3.7', 'o3.07', '', 'abc']) {
    t.equal(answer(id, 'alice@high.example/x', 'bob@low.example/y'), undefined, id)
  }
  const naming = ids.naming(at(9), ends('alice@high.example', 'bob@low.example'), at(5, 2))
  t.equal(naming.answer('whatever'), 'r2.5', 'of a request that is known by itself')
  t.equal(naming.own, 'o1.9')
  t.end()
})

t.test('a room gives back to all what was said to it', (t) => {
  const ids = createIdentifiers(ROOMS, 100)
  ids.received(at(4), { ...ends('bob@low.example/y', 'ops@rooms.high.example'), id: 'o1.4' })
  const naming = (from: string, to: string) => ids.naming(at(1), ends(from, to))
  t.equal(naming('ops@rooms.high.example/bob', 'bob@low.example/y').echo('o1.4'), 'r1.4')
  t.equal(naming('ops@rooms.high.example/bob', 'bill@low.example/z').echo('o1.4'), 'r1.4')
  t.equal(naming('lounge@rooms.high.example/bob', 'bob@low.example/y').echo('o1.4'), undefined)
  t.equal(naming('alice@high.example', 'bob@low.example/y').echo('o1.4'), undefined)
  t.equal(naming('ops@rooms.high.example/bob', 'bob@low.example/y').echo('own words'), undefined)
  t.end()
})

t.test('what a room gave back is named as it was delivered', (t) => {
  const ids = createIdentifiers(ROOMS, 100)
  ids.received(at(4), { ...ends('ops@rooms.low.example/alice', 'alice@high.example/x'), id: 'said' })
  ids.received(at(5), { ...ends('ops@rooms.low.example/alice', 'anna@high.example/z'), id: 'said' })
  ids.received(at(6), { ...ends('ops@rooms.low.example/bob', 'anna@high.example/z'), id: undefined })
  const answer = (id: string, from: string) =>
    ids.naming(at(1), ends(from, 'ops@rooms.low.example')).answer(id)
  t.equal(answer('said', 'alice@high.example/x'), 'r1.4')
  t.equal(answer('said', 'anna@high.example'), 'r1.5')
  t.equal(answer('said', 'anton@high.example'), undefined)
  t.equal(answer('', 'anna@high.example/z'), undefined, 'what has no id names nothing')
  t.equal(answer('o1.4', 'alice@high.example/x'), undefined, 'nobody knows it by its number')
  t.end()
})

t.test('a user finds the own id again, and nobody else does', (t) => {
  const ids = createIdentifiers(ROOMS, 100)
  ids.sent(at(1), { ...ends('alice@high.example/x', 'bob@low.example/y'), id: 'abc' })
  ids.sent(at(2), { ...ends('alice@high.example/x', 'bob@low.example/y'), id: undefined })
  ids.sent(at(3), { ...ends('alice@high.example/x', 'ops@rooms.low.example'), id: 'in the room ✓' })
  ids.sent(at(4), { ...ends('alice@high.example/x', 'bob@low.example'), id: 'x'.repeat(257) })
  const restored = (count: number, from: string, to: string, generation = 1) =>
    ids.restored(at(count, generation), ends(from, to))
  t.equal(restored(1, 'bob@low.example/z', 'alice@high.example/x'), 'abc')
  t.equal(restored(2, 'bob@low.example/z', 'alice@high.example/x'), '', 'it had none')
  t.equal(restored(4, 'bob@low.example/z', 'alice@high.example/x'), '', 'too long to be kept')
  t.equal(restored(3, 'ops@rooms.low.example/alice', 'alice@high.example/x'), 'in the room ✓')
  t.equal(restored(3, 'ops@rooms.low.example/alice', 'anna@high.example/x'), 'in the room ✓', 'as rooms do')
  t.equal(restored(1, 'bill@low.example/z', 'alice@high.example/x'), undefined)
  t.equal(restored(1, 'bob@low.example/z', 'anna@high.example/x'), undefined)
  t.equal(restored(3, 'lounge@rooms.low.example/alice', 'alice@high.example/x'), undefined)
  t.equal(restored(1, 'bob@low.example', 'alice@high.example', 2), undefined, 'another generation')
  t.equal(restored(9, 'bob@low.example', 'alice@high.example'), undefined)
  t.end()
})

t.test('a correction is of the same user to the same, and of the last message under that id', (t) => {
  const ids = createIdentifiers(ROOMS, 100)
  ids.sent(at(1), { ...ends('alice@high.example/x', 'bob@low.example/y'), id: 'm' })
  ids.sent(at(2), { ...ends('ops@rooms.high.example/alice', 'bob@low.example/y'), id: 'm' })
  const earlier = (from: string, to: string, id = 'm') => ids.naming(at(9), ends(from, to)).earlier(id)
  t.equal(earlier('alice@high.example/other', 'bob@low.example'), 'o1.1')
  t.equal(earlier('anna@high.example/x', 'bob@low.example/y'), undefined)
  t.equal(earlier('alice@high.example/x', 'bill@low.example/y'), undefined)
  t.equal(earlier('alice@high.example/x', 'bob@low.example/y', 'n'), undefined)
  t.equal(earlier('ops@rooms.high.example/alice', 'bob@low.example/y'), 'o1.2')
  t.equal(earlier('ops@rooms.high.example/anna', 'bob@low.example/y'), undefined, 'another occupant')
  ids.sent(at(3), { ...ends('alice@high.example/x', 'bob@low.example/y'), id: 'm' })
  t.equal(earlier('alice@high.example/x', 'bob@low.example/y'), 'o1.3')
  t.end()
})

t.test('what is old is forgotten, both ways', (t) => {
  const ids = createIdentifiers(ROOMS, 3)
  const both = ends('alice@high.example', 'bob@low.example')
  const back = ends('bob@low.example', 'alice@high.example')
  for (let count = 1; count <= 5; count++) {
    ids.sent(at(count), { ...both, id: `m${count > 1 ? count : 3}` })
    ids.received(at(count), { ...back, id: `o1.${count}` })
  }
  const kept = (count: number) => [
    ids.restored(at(count), back),
    ids.naming(at(9), both).answer(`o1.${count}`),
  ]
  t.same([1, 2, 3, 4, 5].map(kept), [
    [undefined, undefined],
    [undefined, undefined],
    ['m3', 'r1.3'],
    ['m4', 'r1.4'],
    ['m5', 'r1.5'],
  ])
  t.equal(ids.naming(at(9), both).earlier('m2'), undefined)
  t.equal(
    ids.naming(at(9), both).earlier('m3'),
    'o1.3',
    'a later frame of the same id is not forgotten with it',
  )
  t.end()
})
