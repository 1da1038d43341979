/**
 * A subverted edge at intake: numbers, frames and answers that must not be, made by hand (doc/formats.md §5). After each it
 * is as it was, and the verifiers have seen nothing of it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { type Confirmation, encodeConfirmation } from '../../guard/common/confirmed.ts'
import { createFrameReader } from '../../guard/common/frames.ts'
import type { IntakeSnapshot } from '../../guard/common/metrics.ts'
import {
  encodeRequest,
  formatNumber,
  NO_NUMBER,
  PREAMBLE,
  type StanzaNumber,
} from '../../guard/gcxp/index.ts'
import { compareNumbers, readNumber } from '../../guard/gcxp/number.ts'
import { SELF_TEST_NUMBER } from '../../rules/self-test/self-test.ts'
import { makeSite, type Site, until } from './harness.ts'
import { connectRaw, numbered, type Raw } from './raw.ts'
import { configOf, type StartedStage, startStage } from './stage.ts'

const at = (count: number, generation = 3): StanzaNumber => ({ generation, count })

type Intake = Readonly<{
  stage: StartedStage
  connect(): Promise<Raw>
  confirm(kind: Confirmation['kind'], number: StanzaNumber): void
  /** Numbers and payloads of the frames that inspect got behind the self-test. */
  frames(): string[]
  snapshot(): IntakeSnapshot | undefined
  end(): Promise<void>
}>

async function startIntake(site: Site, bounds?: readonly [StanzaNumber, StanzaNumber]): Promise<Intake> {
  const stage = startStage('intake', await configOf(site))
  const confirm = (kind: Confirmation['kind'], number: StanzaNumber) =>
    void stage.to(3).write(encodeConfirmation({ kind, number }))
  if (bounds !== undefined) {
    confirm('seen', bounds[0])
    confirm('confirmed', bounds[1])
  }
  await until(() => stage.said().includes('listens on'), 10_000, stage.said)
  return {
    stage,
    connect: () => connectRaw(site.port.intake, site.credentials('high')),
    confirm,
    frames() {
      const reader = createFrameReader(100_000)
      reader.feed(stage.from(4))
      const found: string[] = []
      for (let rest = reader.read(); rest !== undefined; rest = reader.read()) {
        const number = readNumber(rest)
        if (compareNumbers(number, SELF_TEST_NUMBER) !== 0)
          found.push(`${formatNumber(number)} ${Buffer.from(rest.subarray(16))}`)
      }
      return found
    },
    snapshot() {
      const lines = stage.from(6).toString().trimEnd().split('\n')
      return lines.at(-1) === '' ? undefined : JSON.parse(lines.at(-1)!)
    },
    async end() {
      stage.process.kill()
      await stage.exit
    },
  }
}

const site = await makeSite()
t.teardown(site.remove)

t.test('numbers that must not come end their connection, and reach no verifier', async (t) => {
  const intake = await startIntake(site, [at(5020), at(5015)])
  const wrong: [string, StanzaNumber[], RegExp][] = [
    ['a wrong number', [at(2 ** 47)], /3\.140737488355328 begins a connection, outside/],
    ['a gap at the beginning', [at(5022)], /3\.5022 begins a connection, outside/],
    ['one from long ago', [at(1)], /3\.1 begins a connection, outside/],
    ['one that is repeated', [at(5016), at(5016)], /3\.5016 behind 3\.5016/],
    ['two the other way round', [at(5018), at(5017)], /3\.5017 behind 3\.5018/],
    ['a jump', [at(5016), at(5018)], /3\.5018 behind 3\.5016/],
    ['a generation that is over', [at(1, 2)], /2\.1 begins a connection, outside/],
    ['the middle of the next generation', [at(2, 4)], /4\.2 begins a generation in its middle/],
    ['another generation on the way', [at(5016), at(1, 4)], /4\.1 behind 3\.5016/],
    ['nought', [at(0)], /3\.0, a number that no stanza has/],
    ['that of the self-test', [SELF_TEST_NUMBER], /65535\.281474976710655, a number that no stanza has/],
  ]
  let good = 0
  for (const [what, numbers, why] of wrong) {
    const said = intake.stage.said().length
    const near = await intake.connect()
    // The last one is wrong, and something follows it in the same write.
    near.write(Buffer.concat([...numbers, at(5016)].map((number) => numbered(number, what))))
    await until(near.ended)
    await until(() => why.test(intake.stage.said().slice(said)), 5000, intake.stage.said)
    good += numbers.length - 1
    await until(() => intake.frames().length >= good)
    t.equal(intake.frames().length, good, `${what}: only what came before it went on`)
    t.same(near.answers, [])
    // A stage says no more than so many lines a second.
    await delay(150)
  }
  await until(() => intake.snapshot()?.violations === wrong.length)
  t.pass('each is counted')
  t.equal(intake.snapshot()?.received, good)
  await intake.end()
})

t.test('frames that must not come end their connection, before there is room for them', async (t) => {
  const intake = await startIntake(site, [NO_NUMBER, NO_NUMBER])
  const hostile: [string, Uint8Array, RegExp][] = [
    ['a head that promises 4 GiB', Buffer.from('d8185affffffff', 'hex'), /too big/],
    ['a head that promises one octet too many', Buffer.from('d8185900004110', 'hex'), /head is not|too big/],
    ['a request without payload', numbered(at(1)), /a request without payload/],
    ['a payload that is too long', numbered(at(1), 'x'.repeat(16_385)), /too big|one GCXP message/],
    [
      'an id of four octets',
      encodeRequest(Buffer.alloc(4, 1), Buffer.from('x')),
      /not a number of eight octets/,
    ],
    ['a response', Buffer.from('d818488303f54440404040', 'hex'), /a response came from a producer/],
    ['a second preamble', PREAMBLE, /head is not that/],
  ]
  for (const [what, octets, why] of hostile) {
    const said = intake.stage.said().length
    const near = await intake.connect()
    near.write(octets)
    await until(near.ended, 10_000, () => what)
    await until(
      () => why.test(intake.stage.said().slice(said)),
      5000,
      () => `${what}: ${intake.stage.said()}`,
    )
    t.pass(what)
    await delay(150)
  }
  t.same(intake.frames(), [])
  await until(() => intake.snapshot()?.violations === hostile.length)
  await intake.end()
})

t.test('more than a window is not taken, and a reset in the middle leaves nothing', async (t) => {
  const intake = await startIntake(site, [NO_NUMBER, NO_NUMBER])
  const near = await intake.connect()
  for (let i = 1; i <= 1500; i++) near.write(numbered(at(i), `n${i}`))
  await until(() => intake.frames().length === 1024)
  await delay(200)
  t.equal(intake.frames().length, 1024, 'a window')
  await until(() => intake.snapshot()!.held.window > 0)
  intake.confirm('released', at(1))
  intake.confirm('refused', at(2))
  await until(() => near.answers.length === 2 && intake.frames().length === 1026)
  t.same(near.answers, ['0003000000000001 true', '0003000000000002 false'])
  near.reset()
  await until(() => intake.stage.said().includes('disconnected') || /broke|closed/.test(intake.stage.said()))
  const half = await intake.connect()
  half.write(numbered(at(3), 'n3'.repeat(500)).subarray(0, 700))
  await delay(50)
  half.reset()
  for (let i = 3; i <= 1026; i++) intake.confirm('released', at(i))
  const again = await intake.connect()
  for (let i = 3; i <= 30; i++) again.write(numbered(at(i), `n${i}`))
  await until(() => intake.frames().at(-1) === '3.30 n30')
  const numbers = intake.frames().map((line) => line.split(' ')[0])
  t.equal(numbers.filter((number) => number === '3.3').length, 2, 'what was not answered is judged again')
  t.ok(
    intake.frames().every((line) => line === `${line.split(' ')[0]} n${line.split(' ')[0]!.slice(2)}`),
    'under its number, with its own octets',
  )
  await intake.end()
})

t.test('a pair that is too fast waits, and holds up what is behind it', async (t) => {
  const slow = await makeSite({ limits: { pairRate: 10, pairBurst: 5 } })
  const intake = await startIntake(slow, [NO_NUMBER, NO_NUMBER])
  const stanza = (from: string) =>
    `<message xmlns="jabber:server" from="${from}@high.example/x" id="o1" to="bob@low.example" type="chat"></message>`
  const near = await intake.connect()
  const began = performance.now()
  for (let i = 1; i <= 15; i++) near.write(numbered(at(i), stanza('alice')))
  near.write(numbered(at(16), stanza('carl')))
  await until(() => intake.frames().length >= 5)
  t.ok(intake.frames().length <= 5 + (10 * (performance.now() - began)) / 1000 + 1, 'a burst, then the rate')
  await until(() => intake.frames().length === 16)
  t.ok(performance.now() - began >= 950, 'ten more take a second')
  t.match(intake.frames()[15], /^3\.16 .*carl/, 'nothing is refused, nothing overtakes')
  await until(() => (intake.snapshot()?.held.pair ?? 0) > 500)
  t.equal(near.ended(), false)
  await intake.end()
  slow.remove()
})

t.test(
  'a stanza that waits goes on although its connection has ended, and before what comes anew',
  async (t) => {
    const slow = await makeSite({ limits: { rate: 2, burst: 1 } })
    const intake = await startIntake(slow, [NO_NUMBER, NO_NUMBER])
    const near = await intake.connect()
    near.write(numbered(at(1), 'one'))
    near.write(numbered(at(2), 'two'))
    await until(() => intake.snapshot()?.received === 2)
    near.reset()
    const again = await intake.connect()
    again.write(numbered(at(1), 'one'))
    await until(() => intake.frames().length === 3)
    t.same(intake.frames(), ['3.1 one', '3.2 two', '3.1 one'])
    await intake.end()
    slow.remove()
  },
)

t.test('ids of a foreign producer stay here; the guard numbers its requests', async (t) => {
  const foreign = await makeSite({ intake: 'numbering: foreign' })
  t.teardown(foreign.remove)
  const ask = (id: string, payload?: string) =>
    encodeRequest(Buffer.from(id), payload === undefined ? undefined : Buffer.from(payload))
  let intake = await startIntake(foreign, [at(41), at(40)])
  let near = await intake.connect()
  near.write(ask('first', 'a'))
  near.write(ask(`secret ${'x'.repeat(249)}`, 'b'))
  await until(() => intake.frames().length === 2)
  t.same(intake.frames(), ['3.42 a', '3.43 b'], 'behind the head of the journal')
  intake.confirm('released', at(42))
  await until(() => near.answers.length === 1)
  t.same(near.answers, [`${Buffer.from('first').toString('hex')} true`])
  near.reset()
  near = await intake.connect()
  near.write(ask('first', 'a'))
  await until(() => intake.frames().length === 3)
  t.equal(intake.frames()[2], '3.44 a', 'a new connection goes on numbering')
  intake.confirm('released', at(43))
  intake.confirm('refused', at(44))
  await until(() => near.answers.length === 1)
  t.same(near.answers, [`${Buffer.from('first').toString('hex')} false`])
  for (const fd of [4, 5, 6]) t.notMatch(intake.stage.from(fd).toString('latin1'), /first|secret/)
  t.notMatch(intake.stage.said(), /first|secret/)

  near.write(ask('empty'))
  await until(near.ended)
  t.match(intake.stage.said(), /a request without payload/)
  near = await intake.connect()
  near.write(Buffer.concat([ask('x', 'c'), ask('x', 'd')]))
  await until(near.ended)
  t.match(intake.stage.said(), /a second request has the id of one that is not answered yet/)
  await until(() => intake.snapshot()?.violations === 2)
  t.equal(intake.frames()[3], '3.45 c')
  await intake.end()

  intake = await startIntake(foreign, [at(45), at(44)])
  near = await intake.connect()
  near.write(ask('x', 'c'))
  await until(() => intake.frames().length === 1)
  t.equal(intake.frames()[0], '3.46 c', 'and a new start too')
  await intake.end()

  const today = Math.floor(Date.now() / 86_400_000)
  intake = await startIntake(foreign, [NO_NUMBER, NO_NUMBER])
  near = await intake.connect()
  near.write(ask('x', 'c'))
  await until(() => intake.frames().length === 1)
  const [generation, count] = intake.frames()[0]!.split(' ')[0]!.split('.').map(Number)
  t.ok(
    generation === today || generation === today + 1,
    'a new journal begins above whatever an older one had',
  )
  t.ok(count! <= 86_400 * 1e6 && count! % 1e6 === 1)
  await intake.end()
})

t.test('one-way: numbers grow, what is missing is counted, and nothing comes back', async (t) => {
  const oneWay = await makeSite({ intake: 'responses: false' })
  t.teardown(oneWay.remove)
  const intake = await startIntake(oneWay)
  let near = await intake.connect()
  const send = (...counts: number[]) => {
    for (const count of counts) near.write(numbered(at(count), `n${count}`))
  }
  send(7, 8, 12)
  await until(() => intake.frames().length === 3)
  near.write(numbered(at(1, 4), 'n1'))
  await until(() => intake.frames().length === 4)
  t.same(intake.frames(), ['3.7 n7', '3.8 n8', '3.12 n12', '4.1 n1'])
  await until(() => intake.snapshot()?.missing === 3)
  for (const [count, generation] of [
    [1, 4],
    [9, 3],
    [0, 5],
    [SELF_TEST_NUMBER.count, SELF_TEST_NUMBER.generation],
  ] as const) {
    near.write(numbered(at(count, generation), 'again'))
    await until(near.ended)
    t.equal(near.received(), PREAMBLE.length)
    near = await intake.connect()
  }
  t.match(intake.stage.said(), /number 4\.1 behind 4\.1, not above it/)
  near.write(numbered(at(2, 4), 'n2'))
  await until(() => intake.frames().length === 5)
  for (let i = 3; i <= 5000; i++) near.write(numbered(at(i, 4), 'x'))
  await until(() => intake.frames().length === 5003)
  t.equal(near.received(), PREAMBLE.length, 'no window, no answer')
  t.equal(intake.snapshot()?.outstanding, 0)
  // A verifier that does not read is all that holds it back.
  intake.stage.stopReading(5)
  for (let i = 5001; i <= 6000; i++) near.write(numbered(at(i, 4), 'y'.repeat(2000)))
  await until(() => (intake.snapshot()?.held.pipes ?? 0) > 0)
  await delay(200)
  t.ok(intake.frames().length < 5003 + 300, `${intake.frames().length - 5003} more of 2,000 octets`)
  near.close()
  await intake.end()
})

t.test('where nothing was ever seen, any number may begin but that of the self-test', async (t) => {
  const intake = await startIntake(site, [NO_NUMBER, NO_NUMBER])
  const near = await intake.connect()
  near.write(numbered(SELF_TEST_NUMBER, 'x'))
  await until(near.ended)
  t.same(intake.frames(), [], 'release would end the direction for it')
  await intake.end()
})

t.test('one-way: what was sent before a clean end goes on, however long it takes', async (t) => {
  const slow = await makeSite({ intake: 'responses: false', limits: { rate: 200, burst: 10 } })
  const intake = await startIntake(slow)
  const near = await intake.connect()
  for (let i = 1; i <= 300; i++) near.write(numbered(at(i), `${i} ${'x'.repeat(1000)}`))
  near.end()
  await until(() => intake.frames().length === 300)
  t.equal(intake.frames().length, 300)
  await until(() => intake.stage.said().includes('the peer closed the connection'))
  await intake.end()
  slow.remove()
})

t.test('one-way: ids of a foreign producer mean nothing at all', async (t) => {
  const oneWay = await makeSite({ intake: 'responses: false\n  numbering: foreign' })
  const intake = await startIntake(oneWay)
  const near = await intake.connect()
  for (const payload of ['a', 'b', 'c']) near.write(encodeRequest(Buffer.from('same'), Buffer.from(payload)))
  await until(() => intake.frames().length === 3)
  const numbers = intake.frames().map((line) => Number(line.split(' ')[0]!.split('.')[1]))
  t.same([numbers[1]! - numbers[0]!, numbers[2]! - numbers[1]!], [1, 1])
  t.equal(near.received(), PREAMBLE.length)
  await intake.end()
  oneWay.remove()
})

t.test('intake ends when its own certificate has, and starts with the new one', async (t) => {
  const short = await makeSite({ more: { guard: { dns: ['guard.example'], seconds: 4 } } })
  const config = await configOf(short)
  const intake = await startIntake(short, [NO_NUMBER, NO_NUMBER])
  const near = await intake.connect()
  near.write(numbered(at(1), 'x'))
  await until(() => intake.frames().length === 1)
  t.not(await intake.stage.exit, 0)
  t.match(intake.stage.said(), /certificate .*guard\.pem: expired on .*: have it renewed/)
  const again = startStage('intake', config)
  t.not(await again.exit, 0, 'not with the old one')
  t.match(again.said(), /certificate .*guard\.pem: expired on .*: have it renewed/)
  await short.renew('guard', { dns: ['guard.example'] })
  const renewed = await startIntake(short, [NO_NUMBER, NO_NUMBER])
  await renewed.end()
  short.remove()
})
