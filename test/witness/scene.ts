/** A witness of two guards as a process, and exports and senders by hand that speak to it. */
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { createFrameReader } from '../../guard/common/frames.ts'
import { type Head, writeLine } from '../../guard/journal/line.ts'
import {
  decodeMessage,
  encodeMessage,
  FROM_WITNESS_OCTETS,
  type WitnessMessage,
} from '../../guard/witness/protocol.ts'
import { type Folder, makeFolder, makeSigningKey, type Running, start, type Writer } from '../export/site.ts'
import { freePorts, until } from '../guard/harness.ts'

export const GUARDS = ['high-to-low', 'low-to-high'] as const
export type GuardName = (typeof GUARDS)[number]
const ENDS = {
  witness: { dns: ['witness.example'] },
  'high-to-low': { dns: ['high-to-low.export.example'] },
  'low-to-high': { dns: ['low-to-high.export.example'] },
  both: { dns: ['high-to-low.export.example', 'low-to-high.export.example'] },
  stranger: { dns: ['stranger.example'] },
  expired: { dns: ['high-to-low.export.example'], period: 'expired' as const },
}

export type Scene = Readonly<{
  folder: Folder
  port: number
  page: number
  config: string
  state: string
  /** The key of the checkpoints of both guards. */
  key: KeyObject
}>

export async function scene(t: Test): Promise<Scene> {
  const folder = await makeFolder(ENDS)
  t.teardown(folder.remove)
  const [port, page] = (await freePorts(2)) as [number, number]
  makeSigningKey(join(folder.path, 'sign.key'))
  const key = makeSigningKey(join(folder.path, 'checkpoints.key'))
  const config = folder.write('witness.yaml', {
    listen: `127.0.0.1:${port}`,
    ...folder.tls('witness'),
    sign: 'sign.key',
    state: 'witness',
    guards: GUARDS.map((name) => ({
      name,
      peer: `${name}.export.example`,
      checkpoints: 'checkpoints.key.pub',
    })),
    metrics: { listen: `127.0.0.1:${page}` },
  })
  return { folder, port, page, config, state: join(folder.path, 'witness'), key }
}

export function witness(t: Test, { config }: Scene): Running {
  const running = start('witness', '--config', config)
  t.teardown(() => running.kill())
  return running
}

/** An exporter that shows `journal` to the witness. */
export function show(t: Test, { folder, port }: Scene, guard: GuardName, journal: string): Running {
  const config = folder.write(`${guard}.yaml`, {
    guard,
    journal,
    state: `state-${guard}`,
    witness: { connect: `127.0.0.1:${port}`, peer: 'witness.example', ...folder.tls(guard) },
  })
  const running = start('export', '--config', config)
  t.teardown(() => running.kill())
  return running
}

export type Known = {
  signed?: { seq: number; chain: string }
  begins: number
  checkpoint: number
  incidents: { finding: string; seq: number; held: number }[]
  more: number
}

export function known({ state }: Scene, guard: GuardName): Known | undefined {
  try {
    return JSON.parse(readFileSync(join(state, `${guard}.json`), 'utf8'))
  } catch {
    return undefined
  }
}

export const held = (here: Scene, guard: GuardName) => known(here, guard)?.signed?.seq ?? 0
export const found = (here: Scene, guard: GuardName) =>
  (known(here, guard)?.incidents ?? []).map(({ finding, seq, held }) => `${finding} ${seq} ${held}`)

export async function command(...args: string[]): Promise<{ status: number | null; said: string }> {
  const running = start(...args)
  return { status: await running.exit, said: running.said() }
}

export async function holds(
  here: Scene,
  guard: GuardName,
  journal: Writer,
  said: () => string,
): Promise<void> {
  await until(() => held(here, guard) === journal.head().seq, 30_000, said)
}

/** A sender made by hand. */
export type Sender = Readonly<{
  socket: TLSSocket
  messages: WitnessMessage[]
  ended: Promise<void>
  send(message: WitnessMessage): void
}>

export function sender({ folder, port }: Scene, end: string): Sender {
  const file = (name: string) => readFileSync(join(folder.path, name))
  const messages: WitnessMessage[] = []
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    cert: file(`${end}.pem`),
    key: file(`${end}.key`),
    ca: file('ca.pem'),
    checkServerIdentity: () => undefined,
  })
  const frames = createFrameReader(FROM_WITNESS_OCTETS)
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    frames.feed(chunk)
    for (let rest = frames.read(); rest !== undefined; rest = frames.read())
      messages.push(decodeMessage(rest)!)
  })
  return {
    socket,
    messages,
    ended: new Promise((resolve) => socket.once('close', () => resolve())),
    send: (message) => void socket.write(encodeMessage(message)),
  }
}

/** Lines that chain behind `head`. */
export function lines(head: Head, records: readonly object[]): { lines: Buffer[]; head: Head } {
  const made: Buffer[] = []
  for (const record of records) {
    const written = writeLine(head, record)
    head = written.head
    made.push(Buffer.from(written.line.trimEnd()))
  }
  return { lines: made, head }
}
