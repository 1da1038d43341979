/** Turns among peers: by octets, in order within each, and no peer fills what the others need. */
import t from 'tap'
import { createFairQueue } from '../../../edge/spool/fair.ts'

type Item = Readonly<{ peer: string; n: number; octets: { length: number } }>

const ROOM = { stanzas: 1_000, octets: 1_000_000 }
const item = (peer: string, n: number, length = 500): Item => ({ peer, n, octets: { length } })

t.test('a flood of one peer lets another one through after one round', (t) => {
  const queue = createFairQueue<Item>(ROOM, () => {})
  for (let n = 0; n < 400; n++) queue.push('flood', item('flood', n))
  queue.push('calm', item('calm', 0))
  const out: Item[] = []
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) out.push(next)
  t.ok(out.findIndex(({ peer }) => peer === 'calm') <= 33, 'a round of 16 KiB is in front of it')
  t.same(
    out.filter(({ peer }) => peer === 'flood').map(({ n }) => n),
    Array.from({ length: 400 }, (_, n) => n),
    'and each keeps its order',
  )
  t.end()
})

t.test('octets count, not stanzas', (t) => {
  const queue = createFairQueue<Item>({ stanzas: 100_000, octets: 1e9 }, () => {})
  for (let n = 0; n < 100; n++) queue.push('long', item('long', n, 100_000))
  for (let n = 0; n < 10_000; n++) queue.push('short', item('short', n, 1_000))
  let [long, short] = [0, 0]
  for (let i = 0; i < 2_000; i++) {
    const { peer, octets } = queue.shift()!
    if (peer === 'long') long += octets.length
    else short += octets.length
  }
  t.ok(Math.abs(long - short) <= 200_000, `${long} octets of long ones, ${short} of short ones`)
  t.end()
})

t.test('no peer takes more than it leaves free', (t) => {
  let changes = 0
  const queue = createFairQueue<Item>(ROOM, () => changes++)
  let n = 0
  while (!queue.isFull('a')) queue.push('a', item('a', n++))
  t.equal(n, 500, 'half of it, when it is alone')
  t.notOk(queue.isFull('b'))
  t.ok(queue.isAnyFull())
  while (!queue.isFull('b')) queue.push('b', item('b', n++))
  t.equal(n, 750)
  t.equal(changes, 2)
  while (queue.isFull('a')) queue.shift()
  t.ok(queue.size() > 300 && queue.size() < 600, `${queue.size()} are left when it may go on`)
  t.ok(changes >= 3)
  while (queue.shift() !== undefined);
  t.notOk(queue.isAnyFull())

  const long = createFairQueue<Item>(ROOM, () => {})
  let octets = 0
  for (; !long.isFull('a'); octets += 100_000) long.push('a', item('a', 0, 100_000))
  t.equal(octets, 500_000)
  t.end()
})

t.test('what is taken out leaves the order of the rest, and its room', (t) => {
  const queue = createFairQueue<Item>(ROOM, () => {})
  for (let n = 0; n < 500; n++) queue.push('a', item('a', n))
  queue.push('b', item('b', 0))
  t.ok(queue.isFull('a'))
  t.same(
    queue.remove(({ n }) => n % 2 === 0).map(({ peer, n }) => `${peer}${n}`),
    [...Array.from({ length: 250 }, (_, i) => `a${2 * i}`), 'b0'],
  )
  t.notOk(queue.isFull('a'))
  t.equal(queue.items().length, 250)
  t.same(
    Array.from({ length: 251 }, () => queue.shift()?.n),
    [...Array.from({ length: 250 }, (_, i) => 2 * i + 1), undefined],
  )
  t.end()
})
