/** An export whose collector or witness is not what it should be: it tries again, keeps its memory, and believes nothing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { createFrameReader } from '../../guard/common/frames.ts'
import { NO_HEAD } from '../../guard/journal/line.ts'
import { decodeMessage, encodeMessage, type WitnessMessage } from '../../guard/witness/protocol.ts'
import { freePorts, until } from '../guard/harness.ts'
import { type Folder, makeFolder, type Running, start, verdicts, writeJournal } from './site.ts'

t.setTimeout(110_000)

const folder = await makeFolder({ guard: { dns: ['export.example'] }, far: { dns: ['far.example'] } })
t.teardown(folder.remove)
const journal = await writeJournal(join(folder.path, 'journal'))
await journal.put(...verdicts(50))

type Far = Readonly<{ port: number; connections(): number; close(): void }>

/** A server with the right certificate that does as it likes. */
async function far(t: Test, { path }: Folder, serve: (socket: TLSSocket) => void): Promise<Far> {
  const [port] = (await freePorts(1)) as [number]
  const file = (name: string) => readFileSync(join(path, name))
  const sockets = new Set<TLSSocket>()
  let connections = 0
  const options = { cert: file('far.pem'), key: file('far.key'), ca: file('ca.pem'), requestCert: true }
  const server = createServer(options, (socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(close)
  return { port, connections: () => connections, close }
}

let exports = 0

function run(t: Test, destination: 'collector' | 'witness', port: number): Running {
  const config = folder.write(`export-${++exports}.yaml`, {
    guard: 'high-to-low',
    journal: 'journal',
    state: `state-${exports}`,
    [destination]: { connect: `127.0.0.1:${port}`, peer: 'far.example', ...folder.tls('guard') },
  })
  const running = start('export', '--config', config)
  t.teardown(() => running.kill())
  return running
}

const memory = (running: Running) =>
  Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${running.process.pid}/status`, 'latin1'))![1]) / 1024

t.test('what is no witness is tried again and believed nothing', async (t) => {
  const held = encodeMessage({ kind: 'held', head: NO_HEAD })
  const cases: [string, (socket: TLSSocket) => void][] = [
    ['a huge frame', (socket) => void socket.write(Buffer.from('7fffffff01', 'hex'))],
    ['a frame of nothing', (socket) => void socket.write(Buffer.alloc(4))],
    ['text', (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['two heads', (socket) => void socket.write(Buffer.concat([held, held]))],
    ['a message of a sender', (socket) => void socket.write(encodeMessage({ kind: 'begin', head: NO_HEAD }))],
    [
      'a durable head before any',
      (socket) =>
        void socket.write(
          encodeMessage({
            kind: 'durable',
            signed: { head: NO_HEAD, second: 0, signature: Buffer.alloc(64) },
          }),
        ),
    ],
    ['a greeting and the end', (socket) => void socket.end(held)],
  ]
  const each = async ([what, serve]: (typeof cases)[number]) => {
    const server = await far(t, folder, serve)
    const running = run(t, 'witness', server.port)
    await until(
      () => server.connections() >= 2 || /no witness|closed the connection/.test(running.said()),
      30_000,
      running.said,
    )
    t.equal(running.process.exitCode, null, `${what}: it goes on`)
    t.notMatch(running.said(), /ALARM/, what)
    await running.kill()
    server.close()
  }
  await Promise.all(cases.map(each))
})

t.test('a witness that claims a later head gets what there is, and its refusal is an alarm', async (t) => {
  const got: WitnessMessage[] = []
  const server = await far(t, folder, (socket) => {
    const frames = createFrameReader(1 << 21)
    socket.write(
      encodeMessage({ kind: 'held', head: { seq: Number.MAX_SAFE_INTEGER, chain: 'a'.repeat(64) } }),
    )
    socket.on('data', (chunk: Buffer) => {
      frames.feed(chunk)
      for (let rest = frames.read(); rest !== undefined; rest = frames.read()) got.push(decodeMessage(rest)!)
      socket.write(encodeMessage({ kind: 'refused', finding: 'shorter' }))
    })
  })
  const running = run(t, 'witness', server.port)
  t.equal(await running.exit, 1)
  t.same(got, [{ kind: 'begin', head: journal.head() }], 'no record is sent')
  t.match(
    running.said(),
    /ALARM: journal .*the witness, which holds record 9007199254740991, refuses: this journal ends before/,
  )
})

t.test('floods of either are read and dropped', async (t) => {
  const durable = encodeMessage({
    kind: 'durable',
    signed: { head: { seq: 7, chain: 'b'.repeat(64) }, second: 1, signature: Buffer.alloc(64) },
  })
  const flood = (what: Buffer) => (socket: TLSSocket) => {
    const more = () => {
      while (!socket.destroyed) {
        sent += what.length
        if (!socket.write(what)) return void socket.once('drain', more)
      }
    }
    socket.resume()
    more()
  }
  let sent = 0
  const block = Buffer.concat(Array(500).fill(durable))
  for (const [destination, serve] of [
    ['collector', flood(Buffer.alloc(60_000))],
    [
      'witness',
      (socket: TLSSocket) => {
        socket.write(encodeMessage({ kind: 'held', head: NO_HEAD }))
        flood(block)(socket)
      },
    ],
  ] as const) {
    let arrived = 0
    const server = await far(t, folder, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        arrived += chunk.length
      })
      serve(socket)
    })
    const running = run(t, destination, server.port)
    await until(() => arrived > 10_000, 30_000, running.said)
    const before = memory(running)
    sent = 0
    await until(() => sent > 300_000_000, 60_000)
    t.ok(memory(running) - before < 150, `${destination}: from ${before} MB to ${memory(running)} MB`)
    t.equal(await running.stop(), 0, running.said())
    server.close()
  }
})
