import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { encodeConfirmation } from '../../guard/common/confirmed.ts'
import { createFrameReader } from '../../guard/common/frames.ts'
import { formatNumber, NO_NUMBER, readNumber, type StanzaNumber } from '../../guard/gcxp/number.ts'
import { createGate } from '../../guard/intake/gate.ts'
import type { Turn } from '../../guard/intake/pace.ts'
import { createSequence } from '../../guard/intake/sequence.ts'
import { testBundle } from './bundle.ts'
import { makeSite, sendTo, until } from './harness.ts'
import { selfTestFrames } from './self-test-answers.ts'
import { configOf, type StartedStage, startStage } from './stage.ts'

const at = (generation: number, count: number): StanzaNumber => ({ generation, count })

t.test('which numbers a connection may begin and go on with', (t) => {
  // Seen 3.5020, confirmed 3.5015. Each row: the numbers of one connection, and which of them is refused (0: none).
  const rows: [string, [number, number][], number][] = [
    [
      'the first after the confirmed',
      [
        [3, 5016],
        [3, 5017],
      ],
      0,
    ],
    ['the last seen', [[3, 5020]], 0],
    [
      'the next new one',
      [
        [3, 5021],
        [3, 5022],
      ],
      0,
    ],
    [
      'the confirmed one, whose answer may be lost',
      [
        [3, 5015],
        [3, 5016],
      ],
      0,
    ],
    ['the oldest whose answer may be lost', [[3, 3992]], 0],
    ['one that is older', [[3, 3991]], 1],
    ['one long ago', [[3, 1]], 1],
    ['a gap', [[3, 5022]], 1],
    ['a jump far away', [[3, 2 ** 47]], 1],
    [
      'the start of the next generation',
      [
        [4, 1],
        [4, 2],
      ],
      0,
    ],
    ['the start of a far generation', [[65_535, 1]], 0],
    ['the second of the next generation', [[4, 2]], 1],
    ['a generation that is over', [[2, 1]], 1],
    ['an old generation, just behind', [[2, 5021]], 1],
    ['nought', [[3, 0]], 1],
    ['nought of a new generation', [[4, 0]], 1],
    [
      'a repeat',
      [
        [3, 5018],
        [3, 5018],
      ],
      2,
    ],
    [
      'a step back',
      [
        [3, 5018],
        [3, 5017],
      ],
      2,
    ],
    [
      'a hole',
      [
        [3, 5018],
        [3, 5020],
      ],
      2,
    ],
    [
      'another generation in the middle',
      [
        [3, 5018],
        [4, 1],
      ],
      2,
    ],
    [
      'the other generation at the next count',
      [
        [3, 5018],
        [4, 5019],
      ],
      2,
    ],
  ]
  for (const [what, numbers, refusedAt] of rows) {
    const sequence = createSequence(at(3, 5020), at(3, 5015))
    sequence.connected()
    const problems = numbers.map(([generation, count]) => sequence.next(at(generation, count)))
    const first = problems.findIndex((problem) => problem !== undefined) + 1
    t.equal(first, refusedAt, `${what}: ${problems.filter(Boolean).join('; ')}`)
  }
  const fresh = createSequence(NO_NUMBER, NO_NUMBER)
  fresh.connected()
  t.equal(fresh.next(at(7, 9000)), undefined, 'with an empty journal any number')
  fresh.confirm(at(7, 9000))
  fresh.connected()
  t.equal(fresh.next(at(7, 7977)), undefined)
  fresh.connected()
  t.type(fresh.next(at(7, 7976)), 'string', 'confirmation moves the bound')
  t.equal(fresh.next(at(7, 9001)), undefined)
  t.end()
})

/** A gate behind which stanzas come as fast as they may; `passed` counts them. */
function openGate(options: Partial<Parameters<typeof createGate>[0]>) {
  const state = { open: true, passed: 0 }
  const gate = createGate({
    rate: 1000,
    burst: 10,
    window: () => true,
    pipes: () => true,
    hold: () => {
      state.open = false
    },
    open: () => {
      state.open = true
      state.passed++
    },
    ...options,
  })
  return {
    state,
    gate,
    offer(turn?: Turn) {
      if (gate.arrived(turn)) state.passed++
    },
  }
}

t.test('the rate is kept by waiting', async (t) => {
  const { state, gate, offer } = openGate({ rate: 500, burst: 100 })
  for (const wave of [1, 2]) {
    // Before the second, long enough for more than a burst: what nobody used is not kept.
    if (wave === 2) await delay(600)
    const before = state.passed
    const began = performance.now()
    while (performance.now() - began < 1000) {
      while (state.open) offer()
      await delay(1)
    }
    const seconds = (performance.now() - began) / 1000
    const passed = state.passed - before
    t.ok(
      passed <= 100 + 500 * seconds + 1,
      `${passed} in ${seconds.toFixed(2)} s: never more than burst and rate`,
    )
    t.ok(passed >= 100 + 500 * seconds * 0.6, 'and not much less')
    while (!state.open) await delay(1)
  }
  t.ok(gate.held().rate > 600, `${gate.held().rate} ms of delay are counted`)
})

t.test('the gate opens only when every cause is gone', (t) => {
  const room = { window: true, pipes: true }
  const { state, gate, offer } = openGate({ window: () => room.window, pipes: () => room.pipes })
  offer()
  t.equal(state.passed, 1)
  room.window = false
  room.pipes = false
  offer()
  t.notOk(state.open)
  room.pipes = true
  gate.look()
  t.notOk(state.open, 'the window is still full')
  state.open = true
  gate.connected()
  t.notOk(state.open, 'a new connection is held too')
  t.equal(state.passed, 1)
  room.window = true
  gate.look()
  t.ok(state.open)
  t.equal(state.passed, 2, 'and the stanza that waited goes on, once')
  gate.look()
  gate.connected()
  t.ok(state.open)
  t.equal(state.passed, 2)
  t.end()
})

const bounds = (stage: StartedStage) => {
  stage.to(3).write(encodeConfirmation({ kind: 'seen', number: NO_NUMBER }))
  stage.to(3).write(encodeConfirmation({ kind: 'confirmed', number: NO_NUMBER }))
}

t.test('both verifiers get the same octets: number, whole second, payload', async (t) => {
  const site = await makeSite()
  const intake = startStage('intake', await configOf(site))
  await delay(300)
  t.notMatch(intake.said(), /listens/, 'the port is closed until the bounds have come')
  bounds(intake)
  await until(() => intake.said().includes('listens on'))
  const near = sendTo(site)
  const before = Math.floor(Date.now() / 1000)
  const payloads = ['<a/>', 'é', '\0', 'x'.repeat(16_384)]
  for (const payload of payloads) await near.send(payload)
  const tested = selfTestFrames(testBundle())
  const octets = tested.length + 16_384 + 80
  await until(() => intake.from(5).length > octets && intake.from(4).length > octets)
  t.ok(intake.from(4).subarray(0, tested.length).equals(tested), 'first the self-test')
  t.ok(intake.from(4).equals(intake.from(5)), 'octet for octet')
  const frames = createFrameReader(20_000)
  frames.feed(intake.from(4).subarray(tested.length))
  for (const [i, payload] of payloads.entries()) {
    const rest = Buffer.from(frames.read()!)
    t.equal(formatNumber(readNumber(rest)), `0.${i + 1}`)
    const second = Number(rest.readBigUInt64BE(8))
    t.ok(second >= before && second <= Date.now() / 1000, `second ${second}`)
    t.equal(rest.toString('utf8', 16), payload)
  }
  intake.to(3).write(encodeConfirmation({ kind: 'refused', number: at(0, 1) }))
  intake.to(3).write(encodeConfirmation({ kind: 'released', number: at(0, 2) }))
  await until(() => near.answers.size === 2)
  t.same(
    [...near.answers],
    [
      ['0.1', false],
      ['0.2', true],
    ],
  )
  intake.to(3).write(encodeConfirmation({ kind: 'released', number: at(0, 4) }))
  t.not(await intake.exit, 0, 'a confirmation out of order ends the stage')
  t.match(intake.said(), /0\.4 is not the oldest frame/)
  near.producer.close()
  site.remove()
})

t.test('a verifier that does not read holds the producer back', async (t) => {
  const site = await makeSite()
  const intake = startStage('intake', await configOf(site))
  bounds(intake)
  await until(() => intake.said().includes('listens on'))
  // Only inspect reads: the test leaves the other pipe alone.
  intake.stopReading(5)
  const near = sendTo(site)
  let sent = 0
  while (
    sent < 1000 &&
    (await Promise.race([near.send('x'.repeat(16_000)).then(() => true), delay(300, false)]))
  )
    sent++
  await delay(300)
  const taken = intake.from(4).length / 16_020
  t.ok(taken < 60, `${Math.round(taken)} frames of 16 kB went to inspect, 1,000 were offered`)
  near.producer.close()
  intake.process.kill()
  await intake.exit
  site.remove()
})

t.test('what comes from release must fit', async (t) => {
  const site = await makeSite()
  const config = await configOf(site)
  const wrong: [string, Buffer, RegExp][] = [
    ['a wrong kind', Buffer.alloc(16, 9), /not a confirmation/],
    [
      'octets that must be nought',
      Buffer.from('02000000000001000000000000000000', 'hex'),
      /not a confirmation/,
    ],
    [
      'no bounds',
      Buffer.from(encodeConfirmation({ kind: 'released', number: at(0, 1) })),
      /does not begin with the two bounds/,
    ],
    [
      'bounds that contradict',
      Buffer.concat([
        encodeConfirmation({ kind: 'seen', number: at(0, 1) }),
        encodeConfirmation({ kind: 'confirmed', number: at(0, 2) }),
      ]),
      /does not begin with the two bounds/,
    ],
  ]
  for (const [what, octets, message] of wrong) {
    const intake = startStage('intake', config)
    intake.to(3).write(octets)
    t.not(await intake.exit, 0, what)
    t.match(intake.said(), message, what)
  }
  site.remove()
})
