import t from 'tap'
import { createPendingTable } from '../../edge/pending.ts'

t.test('an answer belongs to one request that crossed, and to no other', async (t) => {
  const table = createPendingTable<string>(4, 1_000)
  t.equal(table.add('a', 'b', '1', 'first', 0), 'added')
  t.equal(table.take('b', 'a', '1'), undefined, 'not the other way round')
  t.equal(table.take('a', 'b', '2'), undefined, 'not under another id')
  t.equal(table.take('a', 'b', '1'), 'first')
  t.equal(table.take('a', 'b', '1'), undefined, 'once')
})

t.test('the same request may be repeated, each gets one answer', async (t) => {
  const table = createPendingTable<string>(100, 1_000)
  for (let n = 0; n < 8; n++) t.equal(table.add('a', 'b', '1', String(n), 0), 'added')
  t.equal(table.add('a', 'b', '1', '8', 0), 'known', 'within bounds')
  const taken = Array.from({ length: 9 }, () => table.take('a', 'b', '1'))
  t.same(taken, ['0', '1', '2', '3', '4', '5', '6', '7', undefined])
})

t.test('the table is bounded, and requests leave it when their time is over', async (t) => {
  const table = createPendingTable<string>(2, 1_000)
  table.add('a', 'b', '1', 'first', 0)
  table.add('a', 'b', '2', 'second', 500)
  t.equal(table.add('a', 'b', '3', 'third', 600), 'full')
  t.same(table.expire(999), [])
  t.same(table.expire(1_000), ['first'])
  t.equal(table.size(), 1)
  t.equal(table.add('a', 'b', '3', 'third', 1_000), 'added')
})
