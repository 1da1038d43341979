/** The export of a journal to a collector: real processes, a strict collector, and what comes between them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { syslogFrame } from '../../guard/export/syslog.ts'
import { segmentName } from '../../guard/journal/files.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import { readLine, writeLine } from '../../guard/journal/line.ts'
import { until } from '../guard/harness.ts'
import { collect, type Message, parseMessage } from './collector.ts'
import { has, run, scene, sound } from './scene.ts'
import { verdict, verdicts } from './site.ts'

t.setTimeout(110_000)

t.test('every record arrives, while the journal grows and from file to file', async (t) => {
  const here = await scene(t)
  await here.journal.put(
    ...verdicts(250),
    verdict(251, { outcome: 'refused', from: 'a"b\\c]d\u0007@high.example' }),
    verdict(252, { outcome: 'disagreement', from: 'jürg@high.example' }),
    { type: 'declined', time: new Date().toISOString(), number: '0.9' },
    { type: 'confirmed', time: 'whenever', number: '0.9' },
    { type: 'no such type', number: '0.9' },
  )
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  const running = run(t, here)
  await until(() => has(collector.messages, here.journal.head().seq), 20_000, running.said)
  for (let i = 0; i < 5; i++) await here.journal.put(...verdicts(60, 1000 + 60 * i))
  await here.journal.rotate()
  await until(() => has(collector.messages, here.journal.head().seq), 20_000, running.said)
  sound(t, collector, here.journal)
  t.equal(collector.connections(), 1)
  t.equal(collector.messages.length, here.journal.head().seq, 'nothing came twice')

  const of = (seq: number) => collector.messages[seq - 1]!
  const first = of(2)
  t.match(first, {
    priority: 13 * 8 + 6,
    appName: 'sallyport',
    procId: '-',
    msgId: 'verdict',
    sdId: 'sallyport@32473',
    bom: false,
  })
  t.same([...first.parameters.keys()], ['guard', 'seq', 'chain', 'number', 'outcome', 'class', 'from', 'to'])
  t.equal(first.parameters.get('guard'), 'high-to-low')
  const by = (number: string) => collector.messages.find((one) => one.text.includes(`"number":"${number}"`))!
  t.match(by('0.251'), { priority: 13 * 8 + 4, bom: false })
  t.equal(by('0.251').parameters.get('from'), 'a"b\\c]d?@high.example', 'escaped, and no control character')
  t.match(by('0.252'), { priority: 13 * 8 + 2, bom: true })
  t.equal(by('0.252').parameters.get('from'), 'jürg@high.example')
  t.match(
    collector.messages.filter(({ text }) => text.includes('"number":"0.9"') && !text.includes('"verdict"')),
    [
      { msgId: 'declined', priority: 13 * 8 + 3 },
      { msgId: 'confirmed', priority: 13 * 8 + 6, timestamp: '-' },
      { msgId: '-', priority: 13 * 8 + 5 },
    ],
  )
  t.equal(await running.stop(), 0, running.said())
  t.ok(readdirSync(here.journal.directory).length > 5, 'several files')
})

t.test('nothing is sent before it is durable', async (t) => {
  const here = await scene(t)
  await here.journal.put(...verdicts(5))
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  const running = run(t, here)
  await until(() => has(collector.messages, 6), 20_000, running.said)
  await here.journal.putUnseen(...verdicts(5, 6))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  t.equal(collector.messages.length, 6, 'what stands behind head.json may never have been')
  // As after a loss of power: those records are gone, others are in their place.
  const file = join(here.journal.directory, segmentName(1))
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, 6)
  let { head } = { head: { seq: 6, chain: JSON.parse(lines[5]!).chain as string } }
  for (const record of verdicts(8, 100)) {
    const written = writeLine(head, record)
    head = written.head
    lines.push(written.line.trimEnd())
  }
  writeFileSync(file, `${lines.join('\n')}\n{"seq":15,"type"`)
  await writeHeadFile(here.journal.directory, head)
  await until(() => has(collector.messages, 14), 20_000, running.said)
  t.equal(JSON.parse(collector.messages[6]!.text).number, '0.100')
  t.same(collector.faults, [])
  t.equal(await running.stop(), 0)
})

t.test(
  'nothing is lost when the collector goes, comes back, stands still, and the exporter is killed',
  async (t) => {
    const here = await scene(t)
    let collector = await collect(here.folder, here.port)
    const all: Message[] = []
    const faults: string[] = []
    let running = run(t, here)
    let writing = true
    let written = 0
    const load = (async () => {
      while (writing) {
        await here.journal.put(...verdicts(40, written + 1))
        written += 40
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    })()
    const away = async () => {
      all.push(...collector.messages)
      faults.push(...collector.faults.filter((one) => !one.startsWith('not a frame')))
      await collector.close()
    }
    for (let round = 1; round <= 6; round++) {
      await new Promise((resolve) => setTimeout(resolve, 900))
      if (round % 3 === 0) {
        await running.kill()
        running = run(t, here)
      } else {
        // What the exporter writes from here on is taken by the hosts' buffers and lost with the collector.
        if (round % 2 === 0) collector.hold()
        await new Promise((resolve) => setTimeout(resolve, 500))
        await away()
        await new Promise((resolve) => setTimeout(resolve, 300))
        collector = await collect(here.folder, here.port)
      }
    }
    writing = false
    await load
    await until(() => has([...all, ...collector.messages], here.journal.head().seq), 40_000, running.said)
    all.push(...collector.messages)
    t.comment(`${here.journal.head().seq} records, ${all.length} messages`)
    sound(t, { ...collector, messages: all, faults }, here.journal)
    t.equal(await running.stop(), 0, running.said())
    await collector.close()
  },
)

t.test('the position outlives the exporter, and only the last records come again', async (t) => {
  const here = await scene(t, { again: 10 })
  await here.journal.put(...verdicts(200))
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  const position = join(here.folder.path, 'state', 'collector.json')
  const first = run(t, here)
  await until(
    () => {
      try {
        return JSON.parse(readFileSync(position, 'utf8')).seq === here.journal.head().seq
      } catch {
        return false
      }
    },
    30_000,
    first.said,
  )
  await first.kill()
  const known = here.journal.head().seq
  const before = collector.messages.length
  const second = run(t, here)
  await here.journal.put(...verdicts(50, 201))
  await until(() => has(collector.messages, here.journal.head().seq), 20_000, second.said)
  const again = collector.messages.slice(before).map(({ parameters }) => Number(parameters.get('seq')))
  t.equal(again[0], known - 9, 'ten records come again')
  t.equal(again.length, here.journal.head().seq - known + 10)
  sound(t, collector, here.journal)
  await second.stop()
  // After a loss of power head.json can be an older one until the journal starts; what was sent is in the files all the same.
  const head = here.journal.head()
  const line = readFileSync(join(here.journal.directory, segmentName(101)), 'utf8').split('\n')[50]!
  await writeHeadFile(here.journal.directory, { seq: 151, chain: JSON.parse(line).chain })
  const late = run(t, here)
  await until(() => late.said().includes('is connected'), 20_000, late.said)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  t.equal(late.process.exitCode, null, late.said())
  await here.journal.put(...verdicts(5, 301))
  await until(() => has(collector.messages, head.seq + 5), 20_000, late.said)
  sound(t, collector, here.journal)
  await late.stop()
  writeFileSync(position, '{"seq":1}')
  const third = run(t, here)
  t.equal(await third.exit, 1)
  t.match(third.said(), /collector\.json is not a position: move it away/)
})

t.test('a record of any content is one message of the grammar', (t) => {
  const nasty = [
    '"',
    '\\',
    ']',
    '\\"',
    ']]',
    'a=b',
    '\n',
    '\u0000',
    '\u2028',
    '\ud800',
    '\u202e',
    'ж',
    '😀',
    ' ',
    '',
  ]
  const origin = { hostname: 'guard.high.example', guard: 'high-to-low', enterprise: 4711 }
  let head = { seq: 0, chain: '0'.repeat(64) }
  for (const a of nasty) {
    for (const b of nasty) {
      const written = writeLine(head, {
        type: a + b,
        time: b,
        from: a + b,
        to: `${b}"]${a}`,
        label: a,
        outcome: b,
      })
      const line = written.line.slice(0, -1)
      const read = readLine(head, line)
      if ('problem' in read) throw new Error(read.problem)
      head = written.head
      const frame = syslogFrame(origin, { line, fields: read.fields, head })
      const space = frame.indexOf(32)
      const message = parseMessage(frame.subarray(space + 1))
      if (typeof message === 'string') {
        t.fail(`${JSON.stringify([a, b])}: ${message}`)
        continue
      }
      if (
        Number(frame.toString('latin1', 0, space)) !== message.octets ||
        message.text !== line ||
        message.sdId !== 'sallyport@4711'
      )
        t.fail(JSON.stringify([a, b]))
      if (/\p{C}/u.test(message.parameters.get('from')!))
        t.fail(`a control character in ${JSON.stringify(a + b)}`)
    }
  }
  t.pass(`${nasty.length ** 2} records`)
  const hostless = syslogFrame({ ...origin, hostname: 'no host' }, { line: '{}', fields: {}, head })
  t.match(parseMessage(hostless.subarray(hostless.indexOf(32) + 1)), {
    hostname: '-',
    msgId: '-',
    timestamp: '-',
  })
  t.end()
})
