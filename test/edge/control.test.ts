/** The control socket: whose it is, what a hostile client can do to it, and how its answers end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { askEdge } from '../../edge/control/client.ts'
import { REQUEST_OCTETS } from '../../edge/control/lines.ts'
import { type Command, ControlProblem, type ControlServer, listenControl } from '../../edge/control/server.ts'
import type { Log } from '../../edge/log.ts'
import { until } from './world.ts'

const logged: string[] = []
const say = (_: object, message: string) => void logged.push(message)
const log: Log = { info: say, warn: say, error: say }

/** Whether `waits` or `pours` is at work. */
let waiting = false
let pouring = false
const commands = new Map<string, Command>([
  [
    'two',
    {
      takes: { of: 'string' },
      run({ of }, asker) {
        asker.item({ n: 1, of })
        asker.item({ n: 2, of })
      },
    },
  ],
  ['refuses', { takes: {}, run: () => Promise.reject(new ControlProblem('not now: try later')) }],
  ['breaks', { takes: {}, run: () => Promise.reject(new Error('secret of ours')) }],
  [
    'waits',
    {
      takes: {},
      async run(_, { gone }) {
        waiting = true
        await once(gone, 'abort')
        waiting = false
      },
    },
  ],
  [
    'pours',
    {
      takes: { items: 'number' },
      async run({ items }, asker) {
        pouring = true
        for (let i = 0; i < Number(items); i++)
          if (!asker.item({ i, filler: 'x'.repeat(1000) })) await asker.room()
        pouring = false
      },
    },
  ],
])

const folder = mkdtempSync(join(tmpdir(), 'sallyport-control-'))
t.teardown(() => rmSync(folder, { recursive: true }))
let taken = 0
const newFolder = () => join(folder, `state-${taken++}`)

async function serve(
  t: Test,
  state = newFolder(),
  clocks?: Parameters<typeof listenControl>[3],
): Promise<{ state: string; server: ControlServer }> {
  const server = await listenControl(state, commands, log, clocks)
  t.teardown(() => server.close())
  return { state, server }
}

/** Asks and collects the items. */
async function ask(
  state: string,
  command: string,
  args: Parameters<typeof askEdge>[2] = {},
): Promise<object[]> {
  const items: object[] = []
  await askEdge(state, command, args, (item) => items.push(item))
  return items
}

/** A client without manners: what comes back is in `said`. */
async function raw(state: string): Promise<{ socket: Socket; said: () => string; closed: () => boolean }> {
  const socket = connect(join(state, 'control'))
  socket.on('error', () => {})
  await once(socket, 'connect')
  let said = ''
  let closed = false
  socket.on('data', (octets) => {
    said += octets
  })
  socket.on('close', () => {
    closed = true
  })
  return { socket, said: () => said, closed: () => closed }
}

t.test('a command is answered by its items, and ends', async (t) => {
  const { state } = await serve(t)
  t.same(await ask(state, 'two', { of: 'ä"\n' }), [
    { n: 1, of: 'ä"\n' },
    { n: 2, of: 'ä"\n' },
  ])
  await t.rejects(ask(state, 'refuses'), { message: 'not now: try later' })
  await t.rejects(ask(state, 'breaks'), { message: 'the command failed: the log of the edge says why' })
  t.match(logged, ['a command at the control socket failed'])
  t.equal((await ask(state, 'pours', { items: 3000 })).length, 3000, 'more than the system takes at once')
})

t.test('what is not in the closed set is refused', async (t) => {
  const { state } = await serve(t)
  const known = 'this edge knows two, refuses, breaks, waits, pours'
  for (const name of ['three', 'constructor', '__proto__', ''])
    await t.rejects(ask(state, name), { message: `no such command: ${known}` }, name)
  await t.rejects(ask(state, 'two', { from: 'x' }), { message: 'the command takes no such argument' })
  await t.rejects(ask(state, 'two', { constructor: 'x' }), { message: 'the command takes no such argument' })
  await t.rejects(ask(state, 'two', { of: 7 }), { message: 'the argument of is not a string' })
})

t.test('only its user may open it', async (t) => {
  const { state } = await serve(t)
  t.equal(statSync(state).mode & 0o777, 0o700)
  t.equal(statSync(join(state, 'control')).mode & 0o777, 0o600)
})

t.test('lines that are none end their connection and nothing else', async (t) => {
  const { state } = await serve(t)
  const notJson = 'a line that is no JSON object'
  for (const [what, octets, problem] of [
    ['no JSON', 'sessions\n', notJson],
    ['a list', '["two"]\n', notJson],
    ['null', 'null\n', notJson],
    ['an empty line', '\n', notJson],
    ['not UTF-8', Buffer.from('7b2261223a22ff227d0a', 'hex'), notJson],
    ['without command', '{"of":"x"}\n', 'no such command'],
    ['a number as command', '{"command":7}\n', 'no such command'],
    ['deep', `${'['.repeat(REQUEST_OCTETS - 1)}\n`, notJson],
    ['a huge line', 'x'.repeat(REQUEST_OCTETS + 1), `a line of more than ${REQUEST_OCTETS} octets`],
    ['a huge line with its end', `${'x'.repeat(1 << 20)}\n`, `a line of more than ${REQUEST_OCTETS} octets`],
  ] as const) {
    const client = await raw(state)
    client.socket.write(octets)
    t.ok(await until(client.closed), what)
    t.match(client.said(), problem, what)
    t.equal(client.said().split('\n').length, 2, `${what}: one line`)
  }
  t.equal((await ask(state, 'two')).length, 2)
})

t.test('a line may come in pieces, and what is behind it is not followed', async (t) => {
  const { state } = await serve(t)
  const client = await raw(state)
  for (const octet of '{"command":"two"}') client.socket.write(octet)
  client.socket.write('\n{"command":"refuses"}\nrubbish')
  t.ok(await until(client.closed))
  t.equal(client.said(), '{"item":{"n":1}}\n{"item":{"n":2}}\n{"done":true}\n')
})

t.test('who goes away ends their command; half of the connection counts as gone', async (t) => {
  const { state } = await serve(t)
  for (const leave of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.end()]) {
    const client = await raw(state)
    client.socket.write('{"command":"waits"}\n')
    t.ok(await until(() => waiting))
    leave(client.socket)
    t.ok(await until(() => !waiting))
  }
})

t.test('connections are few', async (t) => {
  const { state } = await serve(t)
  const clients = await Promise.all(Array.from({ length: 8 }, () => raw(state)))
  const ninth = await raw(state)
  t.ok(await until(ninth.closed))
  t.equal(ninth.said(), '{"problem":"more than 8 commands at once: end one, then try again"}\n')
  clients[0]!.socket.destroy()
  t.ok(await until(clients[0]!.closed))
  t.equal((await ask(state, 'two')).length, 2)
  for (const { socket } of clients) socket.destroy()
})

t.test('who says nothing, or reads nothing, is cut off', async (t) => {
  const { state } = await serve(t, newFolder(), { requestMs: 300, stalledMs: 300 })
  const silent = await raw(state)
  const slow = await raw(state)
  const stalled = await raw(state)
  stalled.socket.pause()
  stalled.socket.write('{"command":"pours","items":100000}\n')
  const drip = setInterval(() => slow.socket.write('{'), 20)
  t.ok(await until(() => pouring))
  t.ok(await until(() => silent.closed() && slow.closed(), 5_000))
  clearInterval(drip)
  t.match(silent.said(), 'the command did not come in time')
  t.match(slow.said(), 'the command did not come in time')
  t.ok(await until(() => !pouring, 5_000))
  stalled.socket.destroy()
})

t.test('two edges do not share a state folder', async (t) => {
  const { state, server } = await serve(t)
  await t.rejects(listenControl(state, commands, log), {
    message: `${state}/control: another edge lives in this state folder: stop it, or give this one its own`,
  })
  t.equal((await ask(state, 'two')).length, 2, 'the first one goes on')
  server.close()
  await t.rejects(ask(state, 'two'), {
    message: `${state}/control: no edge runs in this state folder: start it, or give the configuration that it runs with`,
  })
  await serve(t, state)
  t.equal((await ask(state, 'two')).length, 2)
})

t.test('the socket of a killed edge is replaced; of several that start at once one wins', async (t) => {
  const state = newFolder()
  mkdirSync(state)
  await leaveStale(join(state, 'control'))
  const starts = await Promise.allSettled(
    Array.from({ length: 4 }, () => listenControl(state, commands, log)),
  )
  const won = starts.filter((start) => start.status === 'fulfilled')
  t.teardown(() => {
    for (const { value } of won) value.close()
  })
  t.equal(won.length, 1)
  t.equal((await ask(state, 'two')).length, 2)
})

t.test('a state folder with a long path does as well', async (t) => {
  const { state, server } = await serve(t, join(newFolder(), 'x'.repeat(100)))
  t.equal((await ask(state, 'two')).length, 2)
  await t.rejects(listenControl(state, commands, log), /another edge lives in this state folder/)
  server.close()
  t.ok(await until(() => !existsSync(join(state, 'control'))), 'and is left as it was')
  await t.rejects(ask(state, 'two'), /no edge runs in this state folder/)
})

t.test('what cannot be a socket is said in one line', async (t) => {
  const state = newFolder()
  mkdirSync(state)
  writeFileSync(join(state, 'control'), '')
  await t.rejects(listenControl(state, commands, log), {
    message: `${state}/control: is in the way of the control socket: it is no socket: remove it`,
  })
  const closed = newFolder()
  writeFileSync(closed, '')
  await t.rejects(
    listenControl(closed, commands, log),
    /cannot be made \(EEXIST\): give the edge a state folder/,
  )
  chmodSync(closed, 0)
})

/** A socket file whose process was killed. */
async function leaveStale(path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
  const child: ChildProcess = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  await once(child.stdout!, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}
