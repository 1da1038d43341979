/** The export of a journal to a collector: real processes, a strict collector, and everything that breaks. */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { syslogFrame } from '../../guard/export/syslog.ts'
import { segmentName } from '../../guard/journal/files.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import { readLine, writeLine } from '../../guard/journal/line.ts'
import { freePorts, until } from '../guard/harness.ts'
import { type Collector, collect, type Message, parseMessage } from './collector.ts'
import {
  type Folder,
  makeFolder,
  type Running,
  start,
  verdict,
  verdicts,
  type Writer,
  writeJournal,
} from './site.ts'

t.setTimeout(110_000)

const ENDS = {
  guard: { dns: ['export.high.example'] },
  logs: { dns: ['logs.high.example'] },
  stranger: { dns: ['other.high.example'] },
}

type Scene = Readonly<{ folder: Folder; journal: Writer; port: number; config: string; page: number }>

async function scene(t: Test, more: object = {}, segmentRecords?: number): Promise<Scene> {
  const folder = await makeFolder(ENDS)
  t.teardown(folder.remove)
  const journal = await writeJournal(join(folder.path, 'journal'), segmentRecords)
  const [port, page] = (await freePorts(2)) as [number, number]
  const config = folder.write('export.yaml', {
    guard: 'high-to-low',
    journal: 'journal',
    state: 'state',
    collector: { connect: `127.0.0.1:${port}`, peer: 'logs.high.example', ...folder.tls('guard'), ...more },
    metrics: { listen: `127.0.0.1:${page}` },
  })
  return { folder, journal, port, config, page }
}

function run(t: Test, { config }: Scene): Running {
  const running = start('export', '--config', config)
  t.teardown(() => running.kill())
  return running
}

const has = (messages: readonly Message[], upTo: number) => {
  const seen = new Set(messages.map(({ parameters }) => Number(parameters.get('seq'))))
  for (let seq = 1; seq <= upTo; seq++) if (!seen.has(seq)) return false
  return true
}

/** Every record once at least, each copy the same octets, and the chain can be recomputed from the messages alone. */
function sound(t: Test, collector: Collector, journal: Writer): void {
  t.same(collector.faults, [])
  const bySeq = new Map<number, Message>()
  for (const message of collector.messages) {
    const seq = Number(message.parameters.get('seq'))
    const first = bySeq.get(seq)
    if (first === undefined) bySeq.set(seq, message)
    else if (first.text !== message.text || first.priority !== message.priority)
      t.fail(`record ${seq} came as two messages`)
  }
  let head = { seq: 0, chain: '0'.repeat(64) }
  for (let seq = 1; seq <= journal.head().seq; seq++) {
    const read = readLine(head, bySeq.get(seq)?.text ?? '')
    if ('problem' in read) {
      t.fail(`record ${seq}: ${read.problem}`)
      return
    }
    head = read.head
  }
  t.same(head, journal.head(), 'the chain of the messages ends with the head of the journal')
}

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

t.test('a collector that takes nothing holds the reading back, not the memory', async (t) => {
  const here = await scene(t)
  const filler = 'x'.repeat(4000)
  for (let i = 0; i < 60; i++)
    await here.journal.put(...verdicts(100, 100 * i).map((one) => ({ ...one, filler })))
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  collector.hold()
  const running = run(t, here)
  await until(() => collector.connections() === 1, 20_000, running.said)
  const size = () =>
    Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${running.process.pid}/status`, 'latin1'))![1]) / 1024
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const before = size()
  // 60 MB more.
  for (let i = 0; i < 150; i++)
    await here.journal.put(...verdicts(100, 100 * i).map((one) => ({ ...one, filler })))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  t.ok(size() - before < 40, `from ${before} MB to ${size()} MB`)
  collector.letGo()
  await until(() => has(collector.messages, here.journal.head().seq), 60_000, running.said)
  sound(t, collector, here.journal)
  t.equal(await running.stop(), 0)
})

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
  writeFileSync(position, '{"seq":1}')
  const third = run(t, here)
  t.equal(await third.exit, 1)
  t.match(third.said(), /collector\.json is not a position: move it away/)
})

t.test('a journal that is not sound stops it, with an alarm', async (t) => {
  const cases: [string, (here: Scene) => Promise<void>, RegExp][] = [
    [
      'a record changed',
      async ({ journal }) => {
        const file = join(journal.directory, segmentName(101))
        writeFileSync(file, readFileSync(file, 'utf8').replace('"0.150"', '"0.151"'))
      },
      /ALARM: journal .*record 15[0-9] does not chain/,
    ],
    [
      'the end cut off, head.json with it',
      async ({ journal }) => {
        rmSync(join(journal.directory, segmentName(201)))
        const lines = readFileSync(join(journal.directory, segmentName(101)), 'utf8')
          .trimEnd()
          .split('\n')
        await writeHeadFile(journal.directory, { seq: 200, chain: JSON.parse(lines.at(-1)!).chain })
      },
      /ALARM: journal .*ends with record 200, yet record 25[0-9] was exported: records were cut off/,
    ],
    [
      'the end cut off',
      async ({ journal }) => rmSync(join(journal.directory, segmentName(201))),
      /ALARM: journal .*ends with record 200, yet record 25[0-9] was written: records were cut off/,
    ],
    [
      'a file removed',
      async ({ journal }) => rmSync(join(journal.directory, segmentName(101))),
      /ALARM: journal .*the next file begins with record 201: those between were removed/,
    ],
    [
      'written anew',
      async ({ journal, folder }) => {
        renameSync(journal.directory, join(folder.path, 'old'))
        const forged = await writeJournal(journal.directory)
        await forged.put(...verdicts(300, 5000))
      },
      /ALARM: journal .*record 25[0-9] is not the one that was exported: the journal was forged/,
    ],
  ]
  const each = async ([what, change, line]: (typeof cases)[number]) => {
    const here = await scene(t, { again: 200 })
    await here.journal.put(...verdicts(250))
    const collector = await collect(here.folder, here.port)
    const first = run(t, here)
    const position = join(here.folder.path, 'state', 'collector.json')
    await until(
      () => {
        try {
          return readFileSync(position, 'utf8').includes('"seq":25')
        } catch {
          return false
        }
      },
      30_000,
      first.said,
    )
    await first.stop()
    await change(here)
    const second = run(t, here)
    t.equal(await second.exit, 1, what)
    t.match(second.said(), line, what)
    await collector.close()
  }
  await Promise.all(cases.map(each))
})

t.test('records that were removed before they were sent are missed', async (t) => {
  const here = await scene(t, { again: 1 })
  await here.journal.put(...verdicts(350))
  rmSync(join(here.journal.directory, segmentName(1)))
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  const first = run(t, here)
  await until(
    () => collector.messages.some(({ parameters }) => parameters.get('seq') === '354'),
    20_000,
    first.said,
  )
  t.equal(collector.messages[0]!.parameters.get('seq'), '101')
  t.match(first.said(), /the journal begins with record 101: earlier ones cannot be sent/)
  await first.stop()
  mkdirSync(join(here.folder.path, 'state'), { recursive: true })
  const chain = JSON.parse(
    readFileSync(join(here.journal.directory, segmentName(101)), 'utf8').split('\n')[0]!,
  ).previous
  writeFileSync(join(here.folder.path, 'state', 'collector.json'), JSON.stringify({ seq: 90, chain }))
  const second = run(t, here)
  t.equal(await second.exit, 1)
  t.match(second.said(), /records 91 to 100 were removed before they were exported/)
})

t.test('who is at the other end, and who is not', async (t) => {
  const here = await scene(t)
  await here.journal.put(...verdicts(3))
  const stranger = await collect(here.folder, here.port, { end: 'stranger' })
  const running = run(t, here)
  await until(
    () => running.said().includes('is for other.high.example, not for logs.high.example'),
    20_000,
    running.said,
  )
  t.equal(stranger.messages.length, 0, 'a stranger gets nothing')
  const health = await (await fetch(`http://127.0.0.1:${here.page}/healthz`)).text()
  t.match(health, /^collector: .*not for logs\.high\.example/)
  await stranger.close()
  // A collector that does not know us: it ends the connection after we have written.
  const other = await makeFolder(ENDS)
  t.teardown(other.remove)
  copyFileSync(join(here.folder.path, 'logs.pem'), join(other.path, 'logs.pem'))
  copyFileSync(join(here.folder.path, 'logs.key'), join(other.path, 'logs.key'))
  const distrustful = await collect(other, here.port)
  await here.journal.put(...verdicts(30, 4))
  await until(
    () => /the peer broke the connection|TLS failed|closed the connection/.test(running.said()),
    20_000,
    running.said,
  )
  await new Promise((resolve) => setTimeout(resolve, 3000))
  await distrustful.close()
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  await until(() => has(collector.messages, here.journal.head().seq), 40_000, running.said)
  sound(t, collector, here.journal)
  const figures = await (await fetch(`http://127.0.0.1:${here.page}/metrics`)).text()
  t.match(figures, /^sallyport_export_connected\{destination="collector"\} 1$/m)
  t.match(figures, new RegExp(`^sallyport_export_journal_record ${here.journal.head().seq}$`, 'm'))
  t.match(await (await fetch(`http://127.0.0.1:${here.page}/healthz`)).text(), /^ready$/m)
  t.equal(await running.stop(), 0)
})

t.test('the configuration', async (t) => {
  const here = await scene(t)
  await here.journal.put(...verdicts(1))
  const good = JSON.parse(readFileSync(here.config, 'utf8'))
  const check = async (config: object) => {
    const file = here.folder.write('changed.yaml', config)
    const running = start('export', 'check', '--config', file)
    return { status: await running.exit, said: running.said() }
  }
  t.match(await check(good), { status: 0, said: /the journal of the guard high-to-low can be exported/ })
  const cases: [object, RegExp][] = [
    [
      { ...good, colector: {} },
      /:\d+:\d+: unknown key "colector" in the export of one guard's journal; known are/,
    ],
    [{ ...good, collector: undefined }, /names no destination: add collector, witness, or both/],
    [{ ...good, collector: { ...good.collector, again: 0 } }, /0 is not how many records are sent once more/],
    [
      { ...good, collector: { ...good.collector, enterprise: 'x' } },
      /"x" is not the private enterprise number/,
    ],
    [
      { ...good, collector: { ...good.collector, connect: '127.0.0.1:99999' } },
      /127\.0\.0\.1:99999 is not HOST:PORT/,
    ],
    [{ ...good, collector: { ...good.collector, key: 'logs.key' } }, /key .*logs\.key: is not the key of/],
    [
      { ...good, journal: 'nowhere' },
      /nowhere cannot be read \(ENOENT\): give journal\.directory of guard\.yaml/,
    ],
    [{ ...good, state: 'export.yaml/x' }, /cannot be written \(ENOTDIR\)/],
  ]
  for (const [config, line] of cases) t.match(await check(config), { status: 1, said: line })
  const usage = start('export')
  t.equal(await usage.exit, 2)
  t.match(usage.said(), /--config FILE is missing/)
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

t.test('a port that speaks no TLS, and one where nobody is', async (t) => {
  const here = await scene(t)
  await here.journal.put(...verdicts(3))
  const running = run(t, here)
  await until(() => running.said().includes('nobody listens there'), 20_000, running.said)
  t.equal(running.said().split('nobody listens there').length, 2, 'said once')
  t.equal(await running.stop(), 0)
  await new Promise<void>((resolve) => {
    const socket = connect(here.page, '127.0.0.1')
    socket.on('error', () => resolve())
    socket.on('connect', () => t.fail('the page is still there') ?? resolve())
  })
})
