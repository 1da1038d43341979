/** What hostile senders cannot do to a witness, nor to the heads of other guards. */
import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { type Head, NO_HEAD } from '../../guard/journal/line.ts'
import { encodeMessage } from '../../guard/witness/protocol.ts'
import { verdicts, writeJournal } from '../export/site.ts'
import { until } from '../guard/harness.ts'
import { found, held, holds, known, lines, type Sender, scene, sender, show, witness } from './scene.ts'

t.setTimeout(110_000)

t.test('a sender that speaks as it likes moves no head but its own, and that only forwards', async (t) => {
  const here = await scene(t)
  const journal = await writeJournal(join(here.folder.path, 'journal'))
  await journal.put(...verdicts(20))
  const seeing = witness(t, here)
  await until(() => seeing.said().includes('listens on'), 20_000, seeing.said)
  const honest = show(t, here, 'low-to-high', 'journal')
  await holds(here, 'low-to-high', journal, () => seeing.said() + honest.said())

  const heldBy = async (one: Sender) => {
    await until(() => one.messages.length > 0, 10_000, seeing.said)
    return (one.messages[0] as { head: Head }).head
  }
  const good = sender(here, 'high-to-low')
  t.same(await heldBy(good), NO_HEAD)
  good.send({ kind: 'begin', head: NO_HEAD })
  const first = lines(NO_HEAD, verdicts(5))
  for (const line of first.lines) good.send({ kind: 'record', line })
  await until(() => good.messages.at(-1)?.kind === 'durable', 10_000, seeing.said)
  await until(() => held(here, 'high-to-low') === 5, 10_000, seeing.said)
  await until(
    () => (good.messages.at(-1) as { signed: { head: Head } }).signed.head.seq === 5,
    10_000,
    seeing.said,
  )
  t.match(good.messages.at(-1), { kind: 'durable', signed: { head: first.head } })
  good.socket.destroy()

  const forked = lines({ ...first.head, chain: 'f'.repeat(64) }, verdicts(1))
  const next = lines(first.head, verdicts(2))
  const tries: [string, (one: Sender) => void, string | undefined][] = [
    ['a beginning of zero', (one) => one.send({ kind: 'begin', head: NO_HEAD }), 'shorter'],
    [
      'another chain',
      (one) => one.send({ kind: 'begin', head: { ...first.head, chain: '0'.repeat(64) } }),
      'forked',
    ],
    [
      'a beginning far ahead',
      (one) => one.send({ kind: 'begin', head: { ...first.head, seq: 99 } }),
      'missing',
    ],
    ['its own journal broken', (one) => one.send({ kind: 'broken', seq: 3 }), 'broken'],
    [
      'a record of another chain',
      (one) => {
        one.send({ kind: 'begin', head: first.head })
        one.send({ kind: 'record', line: forked.lines[0]! })
      },
      'forked',
    ],
    [
      'a record left out',
      (one) => {
        one.send({ kind: 'begin', head: first.head })
        one.send({ kind: 'record', line: next.lines[1]! })
      },
      'forked',
    ],
    [
      'no line at all',
      (one) => {
        one.send({ kind: 'begin', head: first.head })
        one.send({ kind: 'record', line: Buffer.from([0xff, 0xfe]) })
      },
      'forked',
    ],
    ['a record before the beginning', (one) => one.send({ kind: 'record', line: next.lines[0]! }), undefined],
    [
      'two beginnings',
      (one) => {
        one.send({ kind: 'begin', head: first.head })
        one.send({ kind: 'begin', head: first.head })
      },
      undefined,
    ],
    ['a message of the witness', (one) => one.send({ kind: 'held', head: first.head }), undefined],
    ['a frame that is too big', (one) => one.socket.write(Buffer.from('ffffffff02', 'hex')), undefined],
    ['a frame just too big', (one) => one.socket.write(Buffer.from('00100002', 'hex')), undefined],
    ['a frame of nothing', (one) => one.socket.write(Buffer.alloc(4)), undefined],
    ['an unknown kind', (one) => one.socket.write(Buffer.from('0000000107', 'hex')), undefined],
    [
      'a number that is not safe',
      (one) => one.socket.write(Buffer.from(`0000000904${'ff'.repeat(8)}`, 'hex')),
      undefined,
    ],
    ['a beginning cut short', (one) => one.socket.write(Buffer.from('000000020200', 'hex')), undefined],
    [
      'random octets',
      (one) => one.socket.write(Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))),
      undefined,
    ],
  ]
  for (const [what, act, finding] of tries) {
    const one = sender(here, 'high-to-low')
    t.same(await heldBy(one), first.head, what)
    act(one)
    await Promise.race([
      one.ended,
      new Promise((_, reject) =>
        setTimeout(reject, 10_000, new Error(`${what}: is not ended\n${seeing.said()}`)),
      ),
    ])
    const refused = one.messages.find(({ kind }) => kind === 'refused')
    t.same(refused, finding === undefined ? undefined : { kind: 'refused', finding }, what)
  }
  t.equal(held(here, 'high-to-low'), 5, 'the head stands where it stood')
  await until(() => found(here, 'high-to-low').length === 5, 10_000, seeing.said)
  t.same(found(here, 'high-to-low'), [
    'shorter 0 5',
    'forked 5 5',
    'missing 99 5',
    'broken 3 5',
    'forked 6 5',
  ])

  // Findings without end: some are kept, the file stays small.
  for (let seq = 1000; seq < 1030; seq++) {
    const one = sender(here, 'high-to-low')
    await heldBy(one)
    one.send({ kind: 'broken', seq })
    await one.ended
  }
  await until(() => (known(here, 'high-to-low')?.more ?? 0) > 10, 10_000)
  t.equal(known(here, 'high-to-low')!.incidents.length, 16)

  // The other guard was not touched by any of it.
  await journal.put(...verdicts(20, 21))
  await holds(here, 'low-to-high', journal, () => seeing.said() + honest.said())
  t.same(found(here, 'low-to-high'), [])
  t.equal(honest.process.exitCode, null)
  await honest.stop()
  t.equal(await seeing.stop(), 0, seeing.said())
})

t.test('slow, silent and unreading senders hold up nobody and no memory', async (t) => {
  const here = await scene(t)
  const journal = await writeJournal(join(here.folder.path, 'journal'))
  const seeing = witness(t, here)
  await until(() => seeing.said().includes('listens on'), 20_000, seeing.said)
  // Connections that never become TLS, and one that promises the longest frame and stays.
  const silent: Socket[] = Array.from({ length: 200 }, () => {
    const socket = connectTcp(here.port, '127.0.0.1')
    socket.on('error', () => {})
    return socket
  })
  const slow = sender(here, 'high-to-low')
  await until(() => slow.messages.length > 0, 20_000, seeing.said)
  slow.socket.write(Buffer.from('0010000103', 'hex'))
  const honest = show(t, here, 'low-to-high', 'journal')
  await journal.put(...verdicts(50))
  await holds(here, 'low-to-high', journal, () => seeing.said() + honest.said())
  // The newest connection of a guard counts.
  const newer = sender(here, 'high-to-low')
  await until(() => newer.messages.length > 0, 20_000, seeing.said)
  await slow.ended
  // It sends, and never reads what is answered.
  newer.socket.pause()
  newer.send({ kind: 'begin', head: NO_HEAD })
  const size = () =>
    Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${seeing.process.pid}/status`, 'latin1'))![1]) / 1024
  const before = size()
  const filler = 'x'.repeat(500_000)
  let head = NO_HEAD
  for (let i = 0; i < 800; i++) {
    const made = lines(head, [{ type: 'verdict', filler }])
    head = made.head
    if (!newer.socket.write(encodeMessage({ kind: 'record', line: made.lines[0]! })))
      await new Promise((resolve) => newer.socket.once('drain', resolve))
  }
  await until(() => held(here, 'high-to-low') === 800, 60_000, seeing.said)
  t.ok(size() - before < 200, `from ${before} MB to ${size()} MB after 400 MB`)
  for (const socket of [...silent, newer.socket]) socket.destroy()
  await honest.stop()
  t.equal(await seeing.stop(), 0)
})
