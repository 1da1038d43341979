/** What waits: seen and dropped by the operator, kept over a restart and a full disk, and shared fairly among peers. */
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { edgeCommand } from '../../cli/edge.ts'
import { issue } from '../pki/pki.ts'
import { essLabel } from './bundles.ts'
import { connectOpen } from './raw.ts'
import { OWN, startWorld, until, type World } from './world.ts'

const LABEL = essLabel()
const message = (name: string, more = '', from = 'alice@high.example/x', to = 'bob@low.example') =>
  `<message from='${from}' to='${to}' id='${name}' type='chat'><body>${name}</body>${more}${LABEL}</message>`
const released = (name: string) =>
  `<message xmlns="jabber:server" from="bob@low.example/y" id="${name}" to="alice@high.example/x" type="chat"><body>${name}</body></message>`
const bodies = (all: readonly { xml: string }[]) =>
  all.map(({ xml }) => /<body>(.*?)<\/body>/.exec(xml)?.[1]).filter((body) => body !== undefined)

async function queue(t: Test, world: World, ...argv: string[]): Promise<{ status: number; out: string }> {
  const said: string[] = []
  const write = (text: string) => said.push(text)
  const undo = [
    t.intercept(process, 'stdout', { value: { ...process.stdout, write } }),
    t.intercept(process, 'stderr', { value: { ...process.stderr, write } }),
  ]
  try {
    const config = ['--config', join(world.folder, 'edge.yaml')]
    return { status: await edgeCommand([...argv, ...config]), out: said.join('') }
  } finally {
    for (const { restore } of undo) restore()
  }
}

const waiting = async (world: World) =>
  Number(/queue\{queue="outgoing"\} (\d+)/.exec(await world.metrics())![1])

/** As `until`, of what must be asked for. */
async function eventually(condition: () => Promise<boolean>, ms = 5000): Promise<boolean> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) return false
    await until(() => false, 20)
  }
  return true
}

async function withoutGuard(t: Test, options: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  const world = await startWorld(options)
  t.teardown(() => world.close())
  await world.server.send(message('first'))
  t.ok(await world.guard.find((xml) => xml.includes('first')))
  t.ok(await eventually(async () => /queue\{queue="unanswered"\} 0\n/.test(await world.metrics())))
  world.guard.stop()
  t.ok(await until(() => world.log.some(({ message }) => message.startsWith('GCXP to'))))
  return world
}

t.test('the operator sees what waits, and drops of it what cannot have arrived', async (t) => {
  const world = await withoutGuard(t)
  for (const name of ['SECRET-1', 'SECRET-2']) await world.server.send(message(name))
  await world.server.send(message('SECRET-3', '', 'anna@high.example/z'))
  await world.server.send(message('SECRET-4', '', 'room@conference.high.example/n'))
  t.ok(await eventually(async () => (await waiting(world)) === 4))

  const list = await queue(t, world, 'queue', 'list')
  t.match(
    list.out,
    /^out-2: message from alice@high\.example\/x to bob@low\.example, \d+ octets, \d+ s, waiting\n/,
  )
  t.notMatch(list.out, /SECRET/)
  const items = (await queue(t, world, 'queue', 'list', '--json')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(items[0], { name: 'out-2', kind: 'message', state: 'waiting', since: /^20/, octets: Number })
  t.equal(items.length, 4)

  t.same(await queue(t, world, 'queue', 'drop', '--name', 'out-99'), { status: 1, out: '0 dropped\n' })
  t.match(await queue(t, world, 'queue', 'drop', '--name', 'out-2'), { status: 0, out: /\n1 dropped\n$/ })
  const told = await world.server.find((xml) => xml.includes('id="SECRET-1"'), 3000)
  t.match(told?.xml, /type="error"><error type="wait"><remote-server-timeout /, 'its sender hears of it')
  t.match(await queue(t, world, 'queue', 'drop', '--from', 'anna@high.example', '--to', 'bob@low.example'), {
    out: /^out-4: .*\n1 dropped\n$/,
  })
  t.match(await queue(t, world, 'queue', 'drop', '--domain', 'conference.high.example'), {
    out: /^out-5: .*\n1 dropped\n$/,
  })
  t.ok(await eventually(async () => (await waiting(world)) === 1))
  await world.guard.start()
  t.ok(await world.guard.find((xml) => xml.includes('SECRET-2')))
  t.same(bodies(world.guard.frames), ['first', 'SECRET-2'])
  t.match(await world.metrics(), /refused_total\{reason="dropped"\} 3\n/)

  await t.rejects(queue(t, world, 'queue', 'drop'), { message: /^say what to drop: --name NAME/ })
  await t.rejects(queue(t, world, 'queue', 'list', '--name', 'x'), { message: /takes no choice/ })
  await t.rejects(queue(t, world, 'queue', 'walk'), { message: 'say queue list, retry, drop' })
  await t.rejects(queue(t, world, 'queue', 'drop', '--from', '@'), { message: /"@" is no address/ })
  await t.rejects(queue(t, world, 'queue', 'drop', '--name', 'a', '--domain', 'b'), {
    message: /^say what to drop/,
  })
  await t.rejects(queue(t, world, 'restored'), { message: /another edge lives in this state folder/ })
})

t.test(
  'what waits for an own server is dropped too, and a server that is waited for is tried at once',
  async (t) => {
    const world = await startWorld()
    t.teardown(() => world.close())
    await world.server.close()
    for (const name of ['one', 'two', 'three']) world.release(released(name))
    t.ok(await until(() => world.answers.length === 3), 'the guard has heard that they are durable')
    t.match((await queue(t, world, 'queue', 'list')).out, /^in-1: .*, waiting, number 1\.1\nin-2: .*\nin-3: /)
    t.match((await queue(t, world, 'queue', 'drop', '--name', 'in-2')).out, /1 dropped/)
    t.ok(await world.guard.find((xml) => xml.includes('id="two"') && xml.includes('remote-server-timeout')))
    t.ok(await until(() => world.log.some(({ message }) => message.startsWith('s2s stream not there'))))
    const tries = () => world.log.filter(({ message }) => message.startsWith('s2s stream not there')).length
    // The wait between two tries has grown beyond what this test waits for.
    t.ok(await until(() => tries() >= 4, 10_000))
    const known = tries()
    t.equal((await queue(t, world, 'queue', 'retry')).out, '1 connections to servers are tried now\n')
    t.ok(await until(() => tries() > known, 1_500))
  },
)

t.test('a restart goes on with what waited, in order; what is delivered late says so', async (t) => {
  const world = await withoutGuard(t, { identifiers: 'numbered' })
  await world.server.send(message('original'))
  await world.server.send(message('other'))
  await world.server.send(message('better', '<replace xmlns="urn:xmpp:message-correct:0" id="original"/>'))
  t.ok(await eventually(async () => (await waiting(world)) === 3))
  const { port } = world.server
  await world.server.close()
  const numbered = (name: string, count: number) => released(name).replace(`id="${name}"`, `id="o1.${count}"`)
  for (const [i, name] of ['one', 'two', 'three'].entries())
    world.release(numbered(name, i + 1), { generation: 1, count: i + 1 })
  t.ok(await until(() => world.answers.length === 3))

  await world.restart(() => world.guard.start())
  t.ok(await world.guard.find((xml) => xml.includes('better')))
  t.same(
    world.guard.frames.map(({ number, xml }) => [
      `${number.generation}.${number.count}`,
      / id="([^"]*)"/.exec(xml)![1],
      /<replace [^>]*id="([^"]*)"/.exec(xml)?.[1],
    ]),
    [
      ['1.1', 'o1.1', undefined],
      ['1.2', 'o1.2', undefined],
      ['1.3', 'o1.3', undefined],
      ['1.4', 'o1.4', 'o1.2'],
    ],
    'numbers go on; a correction names what waited with it',
  )
  const { startDomain } = await import('../peer/domain.ts')
  const back = await startDomain({
    domains: OWN,
    credentials: await issue(world.ca, { dns: OWN }),
    ca: world.ca.certificate,
    route: () => ({ host: '127.0.0.1', port: world.edge.s2sPort }),
    port,
  })
  t.teardown(() => back.close())
  t.ok(await back.find((xml) => xml.includes('three'), 10_000))
  t.same(bodies(back.received), ['one', 'two', 'three'])
  for (const { xml } of back.received)
    t.match(
      xml,
      /<delay xmlns="urn:xmpp:delay" from="low\.example" stamp="20[0-9T:-]+Z"><\/delay><\/message>$/,
    )
  world.release(numbered('two', 2), { generation: 1, count: 2 })
  world.release(numbered('four', 4), { generation: 1, count: 4 })
  t.ok(await back.find((xml) => xml.includes('four'), 5000))
  t.same(bodies(back.received), ['one', 'two', 'three', 'four'], 'what was taken before is known')
})

t.test('an asker hears of its request after a restart, and an answer finds its way', async (t) => {
  const world = await startWorld({ limits: { iqSeconds: 3 } })
  t.teardown(() => world.close())
  const query = (id: string) =>
    `<iq from='alice@high.example/x' to='room@conference.low.example' id='${id}' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`
  const answer = (id: string) =>
    `<iq xmlns="jabber:server" from="room@conference.low.example" id="${id}" to="alice@high.example/x" type="result"></iq>`
  await world.server.send(query('answered'))
  await world.server.send(query('not'))
  t.ok(await world.guard.find((xml) => xml.includes('id="not"')))
  const asked = `<iq xmlns="jabber:server" from="bob@low.example/y" id="theirs" to="room@conference.high.example" type="get"><query xmlns="http://jabber.org/protocol/disco#info"></query></iq>`
  world.release(asked)
  t.ok(await world.server.find((xml) => xml.includes('id="theirs"'), 3000))
  const isWith = async () =>
    (await queue(t, world, 'queue', 'list')).out.match(/awaits its reply/g)?.length === 3
  t.ok(await eventually(isWith), 'three wait for their replies')
  await world.restart()
  world.release(answer('answered'), { generation: 1, count: 2 })
  t.match((await world.server.find((xml) => xml.includes('id="answered"'), 3000))?.xml, /type="result"/)
  const late = await world.server.find((xml) => xml.includes('id="not"'), 8000)
  t.match(late?.xml, /<remote-server-timeout /)
  t.equal(world.server.received.filter(({ xml }) => xml.includes('id="theirs"')).length, 1, 'asked once')
})

t.test('what waits expires by its kind', async (t) => {
  const world = await withoutGuard(t, { more: { spool: { messageSeconds: 3, presenceSeconds: 1 } } })
  const begun = performance.now()
  await world.server.send(message('late'))
  await world.server.send(`<presence from='alice@high.example/x' to='bob@low.example'/>`)
  t.ok(await eventually(async () => (await waiting(world)) === 2))
  t.ok(await eventually(async () => (await waiting(world)) === 1))
  t.notOk(
    world.server.received.some(({ xml }) => xml.includes('late')),
    'presence first, without a word',
  )
  const told = await world.server.find((xml) => xml.includes('id="late"'), 8000)
  t.match(told?.xml, /<remote-server-timeout /)
  t.ok(performance.now() - begun >= 3000)
  t.equal(await waiting(world), 0)

  await world.server.close()
  world.release(released('undeliverable'))
  t.ok(
    await eventually(async () => (await waiting(world)) === 1, 10_000),
    'and its answer waits for the guard',
  )
  await world.guard.start()
  t.ok(
    await world.guard.find((xml) => xml.includes('undeliverable') && xml.includes('remote-server-timeout')),
  )
})

t.test('what waits is bounded in octets', async (t) => {
  const world = await withoutGuard(t, { more: { spool: { octets: 1_048_576 } } })
  const stream = await world.server.stream('high.example', 'low.example')
  for (let i = 0; i < 2_000; i++)
    stream.write(message(`long-${i}`).replace('<body>', `<body>${'x'.repeat(1000)}`))
  await eventually(async () => (await waiting(world)) > 350)
  await until(() => false, 500)
  const held = await waiting(world)
  // Half of it, and what one read brought beyond.
  t.ok(held > 350 && held < 600, `${held} of 1,400 octets wait`)
})

t.test('where nothing can be written nothing is taken, and it goes on by itself', async (t) => {
  const world = await startWorld()
  t.teardown(() => world.close())
  const inTheWay = join(world.config.state, 'outgoing', '0000000000000002.spool')
  mkdirSync(inTheWay)
  await world.server.send(message('before'))
  t.ok(await world.guard.find((xml) => xml.includes('before')))
  const health = async () =>
    (await (await fetch(`http://127.0.0.1:${world.edge.metricsPort}/healthz`)).json()) as {
      missing: string[]
    }
  const trouble = /^outgoing spool: the log in .* cannot be written \(EISDIR\): make room or mend the disk/
  t.ok(await until(() => world.log.some(({ message }) => message.includes('cannot be written')), 6000))
  t.ok((await health()).missing.some((line) => trouble.test(line)))
  await world.server.send(message('meanwhile'))
  await world.server.send(
    `<iq from='high.example' to='low.example' id='p' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
  )
  await until(() => false, 500)
  t.same(bodies(world.guard.frames), ['before'])
  t.same(world.server.received, [], 'nothing is answered')
  rmdirSync(inTheWay)
  t.ok(await world.guard.find((xml) => xml.includes('meanwhile'), 5000))
  t.ok(await world.server.find((xml) => xml.includes('id="p"'), 3000))
  t.notOk((await health()).missing.some((line) => trouble.test(line)))
})

t.test('a flood of one peer leaves another one its turns', async (t) => {
  const answers: (() => void)[] = []
  const world = await startWorld({ pace: (answer) => void answers.push(answer) })
  // A guard of some 2,000 stanzas a second.
  const guard = setInterval(() => {
    for (const answer of answers.splice(0, 10)) answer()
  }, 5)
  t.teardown(async () => {
    clearInterval(guard)
    await world.close()
  })
  const own = await issue(world.ca, { dns: ['high.example'] })
  const flood = await connectOpen(world.edge.s2sPort, world.ca.certificate, own)
  for (let i = 0; i < 30_000; i++) flood.write(message(`flood-${i}`))
  t.ok(await eventually(async () => (await waiting(world)) > 2_000, 10_000), 'it fills its share')
  const inFront: number[] = []
  for (let i = 0; i < 10; i++) {
    const known = world.guard.frames.length
    await world.server.send(message(`calm-${i}`, '', 'room@conference.high.example/n'))
    t.ok(await world.guard.find((xml) => xml.includes(`calm-${i}<`), 10_000))
    inFront.push(world.guard.frames.findIndex(({ xml }) => xml.includes(`calm-${i}<`)) - known)
  }
  const backlog = await waiting(world)
  t.comment(`in front of the quiet one: ${inFront.join(', ')}; of the other ${backlog} wait`)
  // The window of the guard, and a round of octets; the first one opens its stream besides.
  t.ok(Math.max(...inFront.slice(1)) <= 1024 + 64, 'no more than is on its way, and a round')
  t.ok(backlog > 2_000 && backlog <= 5_000 + 1_000, 'the flood goes on, within its share')
  flood.socket.destroy()
})
