/**
 * The outgoing spool against a guard with the intake's own sequence and a receiving edge that drops what it has seen: whatever is
 * killed when, each stanza that was taken is delivered once and in order.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createOutgoingSpool, type OutgoingEntry, type OutgoingSpool } from '../../../edge/outgoing/spool.ts'
import {
  compareNumbers,
  formatNumber,
  NO_NUMBER,
  type StanzaNumber,
  WINDOW,
} from '../../../guard/gcxp/index.ts'
import { createSequence } from '../../../guard/intake/sequence.ts'
import { parseJid } from '../../../rules/address/jid.ts'
import { until } from '../world.ts'

const jid = (text: string) => parseJid(text)!
const PEERS = ['alice@high.example', 'room@conference.high.example']

/** A guard and the far edge behind it. */
function makeFarSide() {
  const sequence = createSequence(NO_NUMBER, NO_NUMBER)
  const delivered: { number: StanzaNumber; text: string }[] = []
  let last = NO_NUMBER
  return {
    delivered,
    connected: sequence.connected,
    /** Takes a frame; throws what the intake would break the connection for. */
    take(number: StanzaNumber, text: string): void {
      const problem = sequence.next(number)
      if (problem !== undefined) throw new Error(problem)
      if (compareNumbers(number, last) > 0) {
        last = number
        delivered.push({ number, text })
      }
      sequence.confirm(number)
    },
  }
}

/** A producer whose connection the test breaks and whose frames go on when the test says so. */
function makeProducer(far: ReturnType<typeof makeFarSide>) {
  const unanswered: { number: StanzaNumber; text: string }[] = []
  let at = 0
  let up = false
  return {
    spool: undefined as OutgoingSpool | undefined,
    unanswered: () => unanswered.length,
    send(number: StanzaNumber, octets: Uint8Array | undefined): boolean {
      if (unanswered.length >= WINDOW) throw new Error('the window is full')
      unanswered.push({ number, text: Buffer.from(octets!).toString() })
      return unanswered.length < WINDOW
    },
    connect() {
      at = 0
      up = true
      far.connected()
      this.spool!.onConnected(true)
    },
    disconnect() {
      up = false
      this.spool!.onConnected(false)
    },
    /** The guard takes so many more frames. */
    carry(count: number) {
      if (!up) return
      for (const { number, text } of unanswered.slice(at, at + count)) {
        far.take(number, text)
        at++
      }
    },
    /** So many answers of what it has taken come back. */
    answer(count: number) {
      for (let i = Math.min(count, at); i > 0; i--) {
        at--
        this.spool!.onAnswer(unanswered.shift()!.number, true)
      }
      this.spool!.onProducerRoom()
    },
  }
}

type Options = Partial<Parameters<typeof createOutgoingSpool>[0]>

function open(folder: string, producer: ReturnType<typeof makeProducer>, more: Options = {}): OutgoingSpool {
  const spool = createOutgoingSpool({
    folder,
    generation: 3,
    room: { stanzas: 100_000, octets: 1e9 },
    expiry: () => Number.POSITIVE_INFINITY,
    producer: () => producer,
    assign: ({ crossing }) => ({ octets: crossing.octets, answer: undefined }),
    onAnswered: (_accepted, _entry, _number, done) => done(),
    onGivenUp: (_entry, _why, done) => done(),
    onSent() {},
    onChange() {},
    onTrouble: (problem) => {
      if (problem !== undefined) throw new Error(problem)
    },
    now: Date.now,
    ...more,
  })
  producer.spool = spool
  return spool
}

function push(
  spool: OutgoingSpool,
  from: string,
  text: string,
  taken = () => {},
  kind: 'message' | 'iq' = 'message',
) {
  spool.push(
    {
      peer: from,
      envelope: { kind, type: 'chat', id: text, from: jid(from), to: jid('bob@low.example') },
      tell: true,
      octets: Buffer.from(text),
      number: undefined,
      stripped: [],
      source: undefined,
    },
    performance.now(),
    taken,
  )
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-outgoing-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

t.test('killed at any time, nothing that was taken is lost, and nothing comes twice', async (t) => {
  const folder = folderOf(t)
  for (let seed = 1; seed <= 6; seed++) {
    let state = seed
    const random = (n: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % n
    }
    const far = makeFarSide()
    const taken = new Set<string>()
    let at = join(folder, `${seed}-0`)
    let n = 0
    for (let life = 1; life <= 12; life++) {
      const producer = makeProducer(far)
      const spool = open(at, producer)
      spool.begin(() => {})
      let alive = true
      for (let step = random(40); step >= 0; step--) {
        const what = random(10)
        if (what < 4) {
          for (let i = random(60); i >= 0; i--) {
            const text = `${PEERS[random(2)]} ${n++}`
            push(spool, text.split(' ')[0]!, text, () => alive && taken.add(text))
          }
        } else if (what === 4) producer.connect()
        else if (what === 5) producer.disconnect()
        else if (what < 8) producer.carry(random(50))
        else producer.answer(random(50))
        if (random(3) === 0) await turn()
      }
      alive = false
      // The files as they are at this moment are what a killed edge leaves.
      const next = join(folder, `${seed}-${life}`)
      cpSync(at, next, { recursive: true })
      // What the guard had got it may have let through, and nobody has heard of it.
      producer.carry(random(30))
      await spool.close()
      at = next
    }
    const producer = makeProducer(far)
    const spool = open(at, producer)
    spool.begin(() => {})
    producer.connect()
    const end = performance.now() + 60_000
    while (spool.waiting() + spool.unanswered() > 0 && performance.now() < end) {
      producer.carry(WINDOW)
      producer.answer(WINDOW)
      await turn()
    }
    t.equal(spool.waiting() + spool.unanswered(), 0)
    const texts = far.delivered.map(({ text }) => text)
    t.equal(new Set(texts).size, texts.length, `${texts.length} stanzas, none twice`)
    t.same(
      [...taken].filter((text) => !texts.includes(text)),
      [],
      `${taken.size} were taken, none is lost`,
    )
    t.ok(taken.size > 500)
    for (const peer of PEERS) {
      const order = texts.filter((text) => text.startsWith(peer)).map((text) => Number(text.split(' ')[1]))
      t.same(
        order,
        order.toSorted((a, b) => a - b),
        'in order',
      )
    }
    await spool.close()
  }
})

t.test('nothing goes to the guard, nor is said to be taken, before it is durable', async (t) => {
  const folder = folderOf(t)
  const producer = makeProducer(makeFarSide())
  const spool = open(folder, producer)
  t.teardown(spool.close)
  spool.begin(() => {})
  producer.connect()
  const order: string[] = []
  push(spool, PEERS[0]!, 'one', () => order.push(`taken, ${producer.unanswered()} sent`))
  t.equal(producer.unanswered(), 0)
  t.ok(await until(() => producer.unanswered() === 1))
  t.same(order, ['taken, 0 sent'])
  t.match(
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join(),
    /one$/,
  )
})

t.test(
  'what waits is given its number late, may expire or be dropped; what is at the guard may not',
  async (t) => {
    const producer = makeProducer(makeFarSide())
    let now = 1_000_000
    const gone: string[] = []
    const options: Options = {
      expiry: (kind) => (kind === 'iq' ? 60_000 : 600_000),
      onGivenUp({ crossing }, why, done) {
        gone.push(`${why} ${crossing.envelope.id}`)
        done()
      },
      now: () => now,
    }
    const folder = folderOf(t)
    const spool = open(folder, producer, options)
    spool.begin(() => {})
    producer.connect()
    push(spool, PEERS[0]!, 'at the guard')
    await until(() => producer.unanswered() === 1)
    spool.onConnected(false)
    for (const text of ['one', 'two', 'three']) push(spool, PEERS[0]!, text)
    push(spool, PEERS[0]!, 'request', () => {}, 'iq')
    t.same(
      spool.entries().map(({ count, state, crossing }) => [count, state, crossing.envelope.id]),
      [
        [1, 'at the guard', 'at the guard'],
        [0, 'waiting', 'one'],
        [0, 'waiting', 'two'],
        [0, 'waiting', 'three'],
        [0, 'waiting', 'request'],
      ],
    )
    const id = ({ crossing }: OutgoingEntry) => crossing.envelope.id
    t.same(
      spool.drop((entry) => id(entry) === 'at the guard'),
      [],
      'not what is in flight',
    )
    t.same(spool.drop((entry) => id(entry) === 'two').map(id), ['two'])
    now += 60_000
    spool.tick()
    t.same(gone, ['dropped two', 'expired request'])
    await until(() => spool.entries().length === 3)
    await spool.close()

    const other = makeProducer(makeFarSide())
    const again = open(folder, other, options)
    t.teardown(again.close)
    const known: [string, string | undefined][] = []
    again.begin((entry, number) => known.push([formatNumber(number), id(entry)]))
    t.same(known, [['3.1', 'at the guard']], 'a restart knows what was sent, under its number')
    other.connect()
    t.equal(other.unanswered(), 1, 'and sends it again')
    await until(() => other.unanswered() === 3)
    t.same(
      again.entries().map((entry) => [entry.count, id(entry)]),
      [
        [1, 'at the guard'],
        [2, 'one'],
        [3, 'three'],
      ],
    )
    now += 600_000
    again.tick()
    t.equal(gone.length, 2, 'what has its number does not expire')
  },
)

t.test('a request stays until its reply has come', async (t) => {
  const folder = folderOf(t)
  const answered = (spool: OutgoingSpool) => until(() => spool.entries()[0]?.state === 'awaits its reply')
  const options: Options = { assign: ({ crossing }) => ({ octets: crossing.octets, answer: 'r1' }) }
  const producer = makeProducer(makeFarSide())
  const spool = open(folder, producer, options)
  spool.begin(() => {})
  producer.connect()
  push(spool, PEERS[0]!, 'request', () => {}, 'iq')
  await until(() => producer.unanswered() === 1)
  producer.carry(1)
  producer.answer(1)
  t.ok(await answered(spool))
  await spool.close()
  const other = makeProducer(makeFarSide())
  const again = open(folder, other, options)
  const known: (string | undefined)[] = []
  again.begin(({ answer }) => known.push(answer))
  t.same(known, ['r1'])
  other.connect()
  t.equal(other.unanswered(), 0, 'it is not sent again')
  again.replied(again.entries()[0]!.ticket)
  t.ok(await until(() => again.entries().length === 0))
  await again.close()
  const last = open(folder, makeProducer(makeFarSide()), options)
  t.teardown(last.close)
  t.equal(last.entries().length, 0)
  t.equal(last.next().count, 2, 'its number is not given again')
})

t.test('a spool of another generation, or with a gap, is refused', async (t) => {
  const folder = folderOf(t)
  const producer = makeProducer(makeFarSide())
  const spool = open(folder, producer)
  spool.begin(() => {})
  producer.connect()
  for (let i = 0; i < 3; i++) push(spool, PEERS[0]!, `n${i}`)
  await until(() => producer.unanswered() === 3)
  await spool.close()
  t.throws(() => open(folder, producer, { generation: 4 }), {
    message: /it is of generation 3, the state folder of 4: look at the disk; then "sallyport edge restored"/,
  })
})
