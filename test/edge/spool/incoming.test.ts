/** The incoming spool: the guard hears of what is durable, a restart knows what was taken and delivers what is left. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createIncomingSpool, type Incoming, type IncomingEntry } from '../../../edge/incoming/spool.ts'
import { until } from '../world.ts'

const at = (count: number, generation = 1) => ({ generation, count })
const incoming = (stanza: string, asks = false): Incoming => ({
  kind: asks ? 'iq' : 'message',
  from: 'bob@low.example',
  to: 'alice@high.example',
  stanza,
  asks,
})

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-incoming-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function open(t: Test, folder: string, stanzas = 100) {
  const delivered: { entry: IncomingEntry; again: boolean }[] = []
  let changes = 0
  const spool = createIncomingSpool({
    folder,
    room: { stanzas, octets: 1_000_000 },
    deliver: (entry, again) => void delivered.push({ entry, again }),
    onChange: () => changes++,
    onTrouble: (problem) => {
      if (problem !== undefined) throw new Error(problem)
    },
    now: Date.now,
  })
  t.teardown(spool.close)
  return {
    spool,
    delivered,
    changes: () => changes,
    texts: () => delivered.map(({ entry, again }) => `${entry.stanza}${again ? ' again' : ''}`),
  }
}

t.test('a frame is answered and delivered when it is durable, and known after a kill', async (t) => {
  const folder = folderOf(t)
  const one = open(t, join(folder, 'one'))
  one.spool.begin(() => {})
  const answered: string[] = []
  one.spool.take(at(1), 'd1', incoming('<a/>'), () => answered.push(`1 with ${one.delivered.length}`))
  one.spool.take(at(2), 'd2', undefined, () => answered.push('2'))
  one.spool.take(at(3), 'd3', incoming('<b/>'), () => answered.push('3'))
  one.spool.mark(() => answered.push('mark'))
  t.same([answered, one.delivered], [[], []])
  cpSync(join(folder, 'one'), join(folder, 'before'), { recursive: true })
  t.ok(await until(() => answered.length === 4))
  t.same(answered, ['1 with 0', '2', '3', 'mark'])
  cpSync(join(folder, 'one'), join(folder, 'killed'), { recursive: true })

  const before = open(t, join(folder, 'before'))
  t.equal(before.spool.novelty(at(1), 'd1'), 'new', 'what was not answered is taken when it comes again')

  const two = open(t, join(folder, 'killed'))
  const known: number[] = []
  two.spool.begin(({ ticket }) => known.push(ticket))
  t.same(known, [1, 2])
  t.same(two.texts(), ['<a/> again', '<b/> again'], 'what is left, in order')
  t.same(
    [at(1), at(2), at(3), at(4), at(1, 2), at(9, 0)].map((number) =>
      two.spool.novelty(number, `d${number.count}`),
    ),
    ['repeated', 'repeated', 'repeated', 'new', 'new', 'repeated'],
  )
  t.equal(two.spool.novelty(at(2), 'other'), 'reused')
  for (const { entry } of two.delivered) two.spool.settled(entry)
  t.ok(await until(() => two.spool.size() === 0))
  await two.spool.close()

  const three = open(t, join(folder, 'killed'))
  three.spool.begin(() => {})
  t.same(three.texts(), [])
  t.equal(three.spool.novelty(at(3), 'd3'), 'repeated', 'numbers are known when nothing else is left')
  t.equal(three.spool.novelty(at(4), 'd4'), 'new')
})

t.test('a request stays until its reply has gone out', async (t) => {
  const folder = folderOf(t)
  const one = open(t, folder)
  one.spool.begin(() => {})
  const entry = one.spool.take(at(1), 'd', incoming('<iq/>', true), () => {})!
  await until(() => one.delivered.length === 1)
  one.spool.settled(entry)
  t.ok(await until(() => entry.state === 'awaits its reply'))
  await one.spool.close()
  const two = open(t, folder)
  const known: IncomingEntry[] = []
  two.spool.begin((entry) => known.push(entry))
  t.same([known.length, two.texts()], [1, []], 'known, and not delivered again')
  two.spool.replied(known[0]!.ticket)
  two.spool.replied(known[0]!.ticket)
  t.ok(await until(() => two.spool.size() === 0))
})

t.test('it is full at either bound, and has room again at half of it', async (t) => {
  const one = open(t, folderOf(t), 10)
  one.spool.begin(() => {})
  for (let count = 1; count <= 10; count++) {
    t.notOk(one.spool.isFull())
    one.spool.take(at(count), '', incoming('<a/>'), () => {})
  }
  t.ok(one.spool.isFull())
  t.equal(one.changes(), 1)
  await until(() => one.delivered.length === 10)
  for (const { entry } of one.delivered.slice(0, 5)) one.spool.settled(entry)
  await until(() => one.spool.size() === 5)
  t.ok(one.spool.isFull())
  one.spool.settled(one.delivered[5]!.entry)
  t.ok(await until(() => !one.spool.isFull()))
  t.equal(one.changes(), 2)
  one.spool.keep(incoming('x'.repeat(1_000_000)), () => {})
  t.ok(one.spool.isFull(), 'octets')
})
