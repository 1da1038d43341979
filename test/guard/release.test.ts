import { hash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { decodeConfirmation } from '../../guard/common/confirmed.ts'
import { createFrameReader } from '../../guard/common/frames.ts'
import { decodeRecord, encodeHead, type JournalRecord, NO_ROW } from '../../guard/common/record.ts'
import { selfTestFrame } from '../../guard/common/self-test.ts'
import { encodeResponse } from '../../guard/gcxp/codec.ts'
import { formatNumber, NO_NUMBER, PREAMBLE, type StanzaNumber, writeNumber } from '../../guard/gcxp/index.ts'
import { idOf } from '../../guard/gcxp/numbering.ts'
import { SELF_TEST_NUMBER, selfTest } from '../../rules/self-test/self-test.ts'
import { testBundle } from './bundle.ts'
import { makeSite, receive, until } from './harness.ts'
import { selfTestAnswers } from './self-test-answers.ts'
import { configOf, type StartedStage, startStage } from './stage.ts'

const site = await makeSite()
const config = await configOf(site)
t.teardown(site.remove)

type Said = {
  number?: StanzaNumber
  frame?: string | Uint8Array
  accepted?: boolean
  row?: number
  position?: number
  reason?: string
  form?: string
  output?: string
}

/** An answer as a verifier writes it. */
function answer(count: number, said: Said = {}): Buffer {
  const accepted = said.accepted ?? true
  const parts: Buffer[] = [Buffer.alloc(49)]
  writeNumber(parts[0]!, 0, said.number ?? { generation: 0, count })
  parts[0]!.set(hash('sha256', said.frame ?? `frame ${count}`, 'buffer'), 8)
  parts[0]![40] = accepted ? 1 : 0
  parts[0]!.writeUInt32BE(said.row ?? (accepted ? 0 : NO_ROW), 41)
  parts[0]!.writeUInt32BE(said.position ?? 0, 45)
  for (const text of [
    said.reason ?? (accepted ? '' : 'label-missing'),
    said.form ?? 'chat',
    'a@high.example',
    'b@low.example',
  ]) {
    const octets = Buffer.from(text)
    parts.push(Buffer.from([octets.length >> 8, octets.length & 255]), octets)
  }
  const output = Buffer.from(said.output ?? (accepted ? `output ${count}` : ''))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(output.length)
  const rest = Buffer.concat([...parts, length, output])
  const head = Buffer.alloc(4)
  head.writeUInt32BE(rest.length)
  return Buffer.concat([head, rest])
}

const passed = selfTestAnswers(testBundle())

/** The bundle is the same on every site of these tests that has the same limits. */
const header = (digest = site.digest) => Buffer.concat([Buffer.from('SLY1'), Buffer.from(digest, 'hex')])

type Running = {
  stage: StartedStage
  answer(count: number, inspect?: Said, verify?: Said): void
  durable(count: number): void
  records(): JournalRecord[]
  confirmations(): string[]
  close(): Promise<void>
}

/** `tested`: what the verifiers say in the self-test; false: they do not speak at all. */
async function start(tested: readonly Buffer[] | false = passed, own = config): Promise<Running> {
  const begin = tested !== false
  const stage = startStage('release', own)
  if (begin) {
    for (const fd of [3, 4]) stage.to(fd).write(Buffer.concat([header(), ...tested]))
    stage
      .to(6)
      .write(
        encodeHead({ records: 5, seen: { generation: 0, count: 7 }, confirmed: { generation: 0, count: 3 } }),
      )
  }
  const running: Running = {
    stage,
    answer(count, inspect = {}, verify = inspect) {
      stage.to(3).write(answer(count, inspect))
      stage.to(4).write(answer(count, verify))
    },
    durable(count) {
      const octets = Buffer.alloc(8)
      // The first record is that of the self-test.
      octets.writeBigUInt64BE(BigInt(count + 1))
      stage.to(6).write(octets)
    },
    records() {
      const frames = createFrameReader(1_000_000)
      frames.feed(stage.from(5))
      const found: JournalRecord[] = []
      for (let rest = frames.read(); rest !== undefined; rest = frames.read()) found.push(decodeRecord(rest)!)
      return found.filter(({ kind }) => kind !== 'self-test')
    },
    confirmations() {
      const octets = stage.from(7)
      const found: string[] = []
      for (let at = 0; at + 16 <= octets.length; at += 16) {
        const confirmation = decodeConfirmation(octets, at)
        found.push(
          confirmation === undefined ? '?' : `${confirmation.kind} ${formatNumber(confirmation.number)}`,
        )
      }
      return found
    },
    async close() {
      stage.process.kill()
      await stage.exit
    },
  }
  const begun = () =>
    own.intake.responses ? running.confirmations().length === 2 : stage.said().includes('both verifiers have')
  if (begin) await until(begun, 10_000, stage.said)
  return running
}

t.test('a stanza moves when both say the same and its record is durable, not before', async (t) => {
  const far = receive(site)
  const release = await start()
  t.same(release.confirmations(), ['seen 0.7', 'confirmed 0.3'], 'the bounds of the journal go to intake')
  release.answer(8)
  release.answer(9)
  await until(() => release.records().length === 2)
  await delay(150)
  t.same(far.order, [], 'nothing leaves while the journal has not spoken')
  t.match(release.records()[0], {
    kind: 'verdict',
    outcome: 'released',
    size: 8,
    inspect: { accepted: true, row: 0 },
    verify: { accepted: true },
  })
  release.durable(1)
  await until(() => release.confirmations().length === 3)
  await delay(50)
  t.same(far.order, ['0.8'], 'only what is durable')
  t.equal(far.payloads.get('0.8'), 'output 8')
  release.durable(2)
  await until(() => release.confirmations().length === 4)
  t.same(release.confirmations().slice(2), ['released 0.8', 'released 0.9'])
  await until(() =>
    release.records().some((record) => record.kind === 'confirmed' && record.number.count === 9),
  )
  await release.close()
  far.close()
})

t.test('whatever differs stays, is recorded and told', async (t) => {
  const far = receive(site)
  const release = await start()
  const differences: [string, Said, Said][] = [
    ['verify refuses', {}, { accepted: false }],
    ['inspect refuses', { accepted: false }, {}],
    ['another output', {}, { output: 'output x' }],
    ['a longer output', {}, { output: 'output 1 ' }],
    ['another form', {}, { form: 'groupchat' }],
    ['another row', {}, { row: NO_ROW }],
  ]
  for (const [i, [, a, b]] of differences.entries()) release.answer(i + 1, a, b)
  await until(() => release.records().length === differences.length)
  release.durable(differences.length)
  await until(() => release.confirmations().length === 2 + differences.length)
  await delay(100)
  differences.forEach(([what], i) => {
    t.match(release.records()[i], { outcome: 'disagreement', number: { count: i + 1 }, size: 0 }, what)
    t.equal(release.confirmations()[i + 2], `refused 0.${i + 1}`, what)
  })
  t.same(far.order, [], 'nothing left')
  t.equal(release.stage.said().split('DISAGREEMENT on ').length - 1, differences.length)
  t.match(
    release.stage.said(),
    /DISAGREEMENT on 0\.1: inspect accepted it, verify refused it \(label-missing\)/,
  )
  await release.close()
  far.close()
})

t.test('both refuse, for whatever reasons: recorded, then confirmed as refused', async (t) => {
  const release = await start()
  release.answer(
    1,
    { accepted: false, reason: 'bad-text', position: 77 },
    { accepted: false, reason: 'not-canonical' },
  )
  await until(() => release.records().length === 1)
  t.match(release.records()[0], {
    outcome: 'refused',
    inspect: { accepted: false, reason: 'bad-text', position: 77 },
    verify: { accepted: false, reason: 'not-canonical' },
  })
  await delay(50)
  t.equal(release.confirmations().length, 2, 'not before it is durable')
  release.durable(1)
  await until(() => release.confirmations().length === 3)
  t.equal(release.confirmations()[2], 'refused 0.1')
  await release.close()
})

t.test('what ends the stage', async (t) => {
  const far = receive(site)
  const faults: [string, (release: Running) => void, RegExp, boolean?][] = [
    [
      'answers to different octets',
      (r) => r.answer(1, {}, { frame: 'another' }),
      /inspect answers to 0\.1, verify to 0\.1, or to other octets/,
    ],
    [
      'answers to different numbers',
      (r) => r.answer(1, {}, { number: { generation: 0, count: 2 } }),
      /verify to 0\.2/,
    ],
    [
      'a refusal with an output',
      (r) => r.answer(1, { accepted: false, output: 'x' }),
      /inspect: an answer does not fit/,
    ],
    ['an acceptance without output', (r) => r.answer(1, { output: '' }), /does not fit/],
    ['an acceptance with a reason', (r) => r.answer(1, { reason: 'bad-text' }), /does not fit/],
    [
      'a reason that is not on the list',
      (r) => r.answer(1, { accepted: false, reason: 'because' }),
      /does not fit/,
    ],
    ['a row that the bundle does not have', (r) => r.answer(1, { row: 1 }), /does not fit/],
    [
      'a frame that is too long',
      (r) => r.stage.to(4).write(Buffer.from('ffffffff', 'hex')),
      /verify: a frame of 4294967295 octets/,
    ],
    ['garbage', (r) => r.stage.to(3).write(Buffer.alloc(100)), /does not fit/],
    ['the end of inspect', (r) => r.stage.to(3).end(), /answers of inspect .* ended/],
    ['the end of verify', (r) => r.stage.to(4).end(), /answers of verify .* ended/],
    ['the end of the journal', (r) => r.stage.to(6).end(), /durable .* ended/],
    [
      'a journal that counts too many',
      (r) => r.durable(1),
      /the journal counts more records than it was given/,
    ],
    [
      'another bundle',
      (r) => r.stage.to(3).write(header('00'.repeat(32))),
      /inspect: has the bundle 0000.*, not /,
      false,
    ],
    [
      'no header',
      (r) => r.stage.to(4).write(Buffer.alloc(36)),
      /verify: does not begin with a header/,
      false,
    ],
  ]
  for (const [what, cause, message, begun] of faults) {
    const release = await start(begun === false ? false : passed)
    cause(release)
    t.not(await release.stage.exit, 0, what)
    t.match(release.stage.said(), message, what)
  }
  t.same(far.order, [], 'nothing left')
  far.close()
})

t.test('the self-test: whatever is not as it must be keeps the port closed', async (t) => {
  const cases = selfTest(testBundle())
  const benign = cases.findIndex(({ accepted }) => accepted !== undefined)
  const hostile = cases.findIndex(({ accepted }) => accepted === undefined)
  /** The set with other octets in place of those of one case. */
  const changed = (at: number, octets: Buffer): Buffer[] => passed.map((one, i) => (i === at ? octets : one))
  /** An answer to that case that says something else. */
  const lie = (at: number, said: Said): Buffer =>
    answer(0, { number: SELF_TEST_NUMBER, frame: selfTestFrame(cases[at]!).subarray(4), ...said })
  const output = cases[benign]!.accepted!.output
  const swapped = passed.with(0, passed[1]!).with(1, passed[0]!)
  const faults: [string, Buffer[], Buffer[], RegExp][] = [
    [
      'a benign stanza that one refuses',
      passed,
      changed(benign, lie(benign, { accepted: false })),
      /must be accepted; inspect accepted it, verify refused it \(label-missing\): nothing moves; report it/,
    ],
    [
      'a benign stanza that both refuse',
      changed(benign, lie(benign, { accepted: false })),
      changed(benign, lie(benign, { accepted: false })),
      /must be accepted; inspect refused it/,
    ],
    [
      'a hostile stanza that one accepts',
      changed(hostile, lie(hostile, {})),
      passed,
      /must be refused; inspect accepted it, verify refused it/,
    ],
    [
      'a hostile stanza that both accept',
      changed(hostile, lie(hostile, {})),
      changed(hostile, lie(hostile, {})),
      /must be refused; inspect accepted it, verify accepted it/,
    ],
    [
      'another output, equal from both',
      changed(benign, lie(benign, { output: output.replace('LOW', 'TOP') })),
      changed(benign, lie(benign, { output: output.replace('LOW', 'TOP') })),
      /chat.*must become something else/,
    ],
    [
      'the right output under no row',
      changed(benign, lie(benign, { output, row: NO_ROW })),
      changed(benign, lie(benign, { output, row: NO_ROW })),
      /must become something else/,
    ],
    [
      'other octets',
      changed(5, answer(0, { number: SELF_TEST_NUMBER })),
      passed,
      /was not what was answered/,
    ],
    [
      'other octets for both',
      changed(5, lie(6, { accepted: false })),
      changed(5, lie(6, { accepted: false })),
      /case 6 of [0-9]+, .*, was not what/,
    ],
    ['another order', swapped, swapped, /case 1 of .* was not what was answered/],
    ['another number', changed(5, answer(1)), changed(5, answer(1)), /was not what was answered/],
    [
      'one more than there is',
      [...passed, passed[0]!],
      [...passed, passed[0]!],
      /answered (before there was a frame|more of the self-test)/,
    ],
  ]
  for (const [what, inspect, verify, message] of faults) {
    const stage = startStage('release', config)
    stage.to(3).write(Buffer.concat([header(), ...inspect]))
    stage.to(4).write(Buffer.concat([header(), ...verify]))
    stage.to(6).write(encodeHead({ records: 0, seen: NO_NUMBER, confirmed: NO_NUMBER }))
    t.not(await stage.exit, 0, what)
    t.match(stage.said(), message, what)
    if (!what.startsWith('one more')) t.equal(stage.from(7).length, 0, `${what}: intake was told nothing`)
  }
  const short = startStage('release', config)
  for (const fd of [3, 4]) short.to(fd).write(Buffer.concat([header(), ...passed.slice(0, -1)]))
  short.to(6).write(encodeHead({ records: 0, seen: NO_NUMBER, confirmed: NO_NUMBER }))
  await delay(500)
  t.equal(short.from(7).length, 0, 'one less than there is: it waits')
  for (const fd of [3, 4]) short.to(fd).write(passed.at(-1)!)
  await until(() => short.from(7).length === 32, 10_000, short.said)
  const frames = createFrameReader(1000)
  frames.feed(short.from(5))
  t.same(decodeRecord(frames.read()!), { kind: 'self-test', cases: cases.length }, 'and it is on record')
  short.process.kill()
  await short.exit
})

t.test('a verifier that stays silent ends the stage, however much the other says', async (t) => {
  const release = await start()
  const began = performance.now()
  let count = 0
  const other = setInterval(() => release.stage.to(3).write(answer(++count)), 500)
  t.not(await release.stage.exit, 0)
  clearInterval(other)
  t.match(release.stage.said(), /verify has not answered for 5 s what inspect has answered/)
  t.ok(performance.now() - began < 8000)
})

t.test('a verifier that is far ahead waits for the other', async (t) => {
  const release = await start()
  const output = 'x'.repeat(100_000)
  let offered = 0
  let stopped = false
  for (let i = 1; i <= 400 && !stopped; i++) {
    if (!release.stage.to(3).write(answer(i, { output }))) {
      stopped = await Promise.race([
        new Promise<false>((resolve) => release.stage.to(3).once('drain', () => resolve(false))),
        delay(1000, true),
      ])
    }
    offered = i
  }
  t.ok(stopped, 'its pipe is not read any more')
  t.ok(offered > 150 && offered < 200, `after ${offered} answers of 100 kB`)
  for (let i = 1; i <= offered; i++) release.stage.to(4).write(answer(i, { output }))
  await until(() => release.records().length >= 150)
  t.pass('and goes on when the other has caught up')
  await release.close()
})

t.test("the consumer's refusal goes no further up; it is an alarm and counts as confirmed", async (t) => {
  const far = receive(site, (number, connection) => connection.answer(number, number.count !== 8))
  const release = await start()
  release.answer(8)
  release.answer(9)
  await until(() => release.records().length === 2)
  release.durable(2)
  await until(() => release.confirmations().length === 4)
  t.same(release.confirmations().slice(2), ['released 0.8', 'released 0.9'])
  await until(() => release.records().some(({ kind }) => kind === 'declined'))
  t.match(
    release.records().find(({ kind }) => kind === 'declined'),
    { number: { count: 8 } },
  )
  t.match(release.stage.said(), /edge\.low\.example answered .*refused.* to 0\.8/)
  await release.close()
  far.close()
})

t.test('answers of the consumer that are not due confirm nothing', async (t) => {
  const { certificate, key, ca } = site.credentials('low')
  const at = (count: number) => ({ generation: 0, count })
  const wrong: [string, Uint8Array][] = [
    ['the second first', encodeResponse(true, idOf(at(9)))],
    ['an unknown id', encodeResponse(true, idOf(at(10)))],
    ['an id of another form', encodeResponse(true, Buffer.from('x'))],
    ['no GCXP', Buffer.from('accepted')],
    ['half an answer, then the end', encodeResponse(true, idOf(at(8))).subarray(0, 9)],
  ]
  let connections = 0
  const requests: number[] = []
  const server = createTlsServer({ cert: certificate, key, ca, requestCert: true }, (socket) => {
    const octets = wrong[connections++]?.[1]
    socket.on('error', () => {})
    socket.write(PREAMBLE)
    let seen = 0
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length
      // Both requests are here.
      if (seen < 50) return
      requests.push(seen)
      seen = -1e9
      if (octets === undefined) {
        for (const count of [8, 9]) socket.write(encodeResponse(true, idOf(at(count))))
      } else if (octets.length === 9) socket.end(octets)
      else socket.write(octets)
    })
  })
  server.listen(site.port.release, '127.0.0.1')
  await once(server, 'listening')
  const release = await start()
  release.answer(8)
  release.answer(9)
  await until(() => release.records().length === 2)
  release.durable(2)
  await until(() => connections === wrong.length + 1, 20_000, release.stage.said)
  await until(() => release.confirmations().length === 4)
  t.same(release.confirmations().slice(2), ['released 0.8', 'released 0.9'], 'only the right answers count')
  t.equal(requests.length, wrong.length + 1, 'both were sent again each time')
  t.equal(new Set(requests).size, 1)
  t.match(release.stage.said(), /an answer came out of order \(waiting for 0\.8\)/)
  await release.close()
  server.close()
})

t.test('more than intake lets in ends the direction; as much as it lets in does not', async (t) => {
  const slow = await makeSite({ limits: { rate: 5, burst: 20 } })
  t.teardown(slow.remove)
  const far = receive(slow)
  const own = await configOf(slow)
  const begin = async () => {
    const release = await start(false, own)
    for (const fd of [3, 4]) release.stage.to(fd).write(Buffer.concat([header(slow.digest), ...passed]))
    const none = { generation: 0, count: 0 }
    release.stage.to(6).write(encodeHead({ records: 0, seen: none, confirmed: none }))
    await until(() => release.confirmations().length === 2, 10_000, release.stage.said)
    return release
  }
  const fits = await begin()
  // Refused ones take nothing, however many there are.
  for (let i = 1; i <= 2000; i++) fits.answer(i, { accepted: false })
  for (let i = 2001; i <= 2000 + 20 + 1024; i++) fits.answer(i)
  await until(() => fits.records().length === 2000 + 20 + 1024)
  fits.durable(2000 + 20 + 1024)
  await until(() => fits.confirmations().length === 2 + 2000 + 20 + 1024)
  t.pass('a burst, and a window that was on its way')
  await delay(1000)
  for (let i = 4001; i <= 4004; i++) fits.answer(i)
  await delay(300)
  t.equal(fits.stage.process.exitCode, null, 'and what the rate has given since')
  for (let i = 5001; i <= 5100; i++) fits.answer(i)
  t.not(await fits.stage.exit, 0)
  t.match(
    fits.stage.said(),
    /more stanzas come than 5 a second and 20 at once: intake does not keep the rate/,
  )
  const known = far.order.length
  await delay(100)
  t.equal(far.order.length, known, 'what is too much does not leave')
  far.close()
})

t.test('one-way: each refused number goes downstream as a request without payload', async (t) => {
  const oneWay = await makeSite({ intake: 'responses: false', release: 'responses: false' })
  t.teardown(oneWay.remove)
  const release = await start(passed, await configOf(oneWay))
  for (let i = 1; i <= 6; i++) release.answer(i, i % 3 === 0 ? { accepted: false } : {})
  await until(() => release.records().length === 6)
  const far = receive(oneWay, () => {}, false)
  await delay(300)
  t.same(far.order, [], 'nothing before it is durable')
  release.durable(6)
  await until(() => far.order.length === 6)
  t.same(far.order, ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6'])
  t.same(
    far.order.filter((number) => far.payloads.get(number) === ''),
    ['0.3', '0.6'],
    'a refusal differs from a loss',
  )
  await until(() =>
    release.records().some((record) => record.kind === 'confirmed' && record.number.count === 6),
  )
  t.pass('what the connection took counts as confirmed')
  far.close()
  await release.close()
})

t.test(
  'one-way to the consumer only: intake is told when the connection took it, and what stayed',
  async (t) => {
    const oneWay = await makeSite({ release: 'responses: false' })
    t.teardown(oneWay.remove)
    const release = await start(passed, await configOf(oneWay))
    release.answer(8)
    release.answer(9, { accepted: false })
    await until(() => release.records().length === 2)
    release.durable(2)
    await delay(200)
    t.equal(release.confirmations().length, 2, 'not while there is nobody')
    const far = receive(oneWay, () => {}, false)
    await until(() => release.confirmations().length === 4)
    t.same(release.confirmations().slice(2), ['released 0.8', 'refused 0.9'])
    far.close()
    await release.close()
  },
)

t.test('a consumer that is away fills no memory where intake is not held by a window', async (t) => {
  const oneWay = await makeSite({ intake: 'responses: false', release: 'responses: false' })
  t.teardown(oneWay.remove)
  const release = await start(passed, await configOf(oneWay))
  const output = 'x'.repeat(100_000)
  let stopped = false
  let offered = 0
  for (let i = 1; i <= 400 && !stopped; i++) {
    release.stage.to(4).write(answer(i, { output }))
    if (!release.stage.to(3).write(answer(i, { output }))) {
      stopped = await Promise.race([
        new Promise<false>((resolve) => release.stage.to(3).once('drain', () => resolve(false))),
        delay(1000, true),
      ])
    }
    offered = i
    release.durable(release.records().length)
  }
  t.ok(stopped, 'no more answers are read')
  t.ok(offered > 150 && offered < 400, `after ${offered} of 100 kB`)
  const far = receive(oneWay, () => {}, false)
  await until(() => release.records().length >= offered - 3)
  await until(() => {
    release.durable(release.records().length)
    return far.order.length >= offered - 3
  }, 20_000)
  t.same(far.changed, [])
  far.close()
  await release.close()
})
