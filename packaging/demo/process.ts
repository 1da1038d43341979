/** The demo's programs: each started through the keeper, its output in a file, and what /proc says of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const KEEPER = fileURLToPath(new URL('./keeper.ts', import.meta.url))

/** A started program. `pid` is its keeper's; the program is that one's child. */
export type Program = Readonly<{
  name: string
  pid: number
  log: string
  /** Settles with the exit code once it has ended with all that it started. */
  ended: Promise<number>
  /** Ends it with all that it started. */
  stop(): Promise<void>
}>

/** An open descriptor. `target` is what /proc links it to, `way` how it was opened. */
export type Descriptor = Readonly<{ number: number; target: string; way: 'read' | 'write' | 'both' }>

/** One process as /proc shows it. */
export type Seen = Readonly<{
  pid: number
  parent: number
  user: string
  /** What the process was started with, interpreter left out. */
  args: readonly string[]
  /** In order of number. */
  descriptors: readonly Descriptor[]
  /** Seconds of processor time used so far. */
  cpu: number
}>

/** Starts `node ...args` with stdout and stderr appended to the file `log`. */
export function startProgram(name: string, args: readonly string[], log: string): Program {
  const out = openSync(log, 'a')
  const { NODE_OPTIONS: _, ...env } = process.env
  const child: ChildProcess = spawn(process.execPath, [KEEPER, process.execPath, ...args], {
    env,
    stdio: ['pipe', out, out],
  })
  closeSync(out)
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? 1)
  return {
    name,
    pid: child.pid!,
    log,
    ended,
    async stop() {
      child.stdin?.end()
      await ended
    },
  }
}

/** The process and all its descendants, parents first. Linux only. */
export function descendants(pid: number): Seen[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue
    const parent = statOf(Number(entry))?.parent
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const found: Seen[] = []
  const visit = (one: number) => {
    const seen = look(one)
    if (seen !== undefined) found.push(seen)
    for (const next of children.get(one) ?? []) visit(next)
  }
  visit(pid)
  return found
}

/** What /proc says of one process; undefined when it has ended or is not ours to look at. */
export function look(pid: number): Seen | undefined {
  try {
    const stat = statOf(pid)
    if (stat === undefined) return undefined
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const uid = /^Uid:\s+([0-9]+)/m.exec(status)?.[1] ?? '?'
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1, -1)
    const numbers = readdirSync(`/proc/${pid}/fd`).map(Number)
    const descriptors = numbers.sort((a, b) => a - b).flatMap((number) => describe(pid, number))
    return { pid, parent: stat.parent, user: userName(uid), args, descriptors, cpu: stat.cpu }
  } catch {
    return undefined
  }
}

function statOf(pid: number): { parent: number; cpu: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in parentheses may hold anything; fields are counted from behind it (proc(5)).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { parent: Number(fields[1]), cpu: (Number(fields[11]) + Number(fields[12])) / TICKS }
  } catch {
    return undefined
  }
}

/** Clock ticks a second of /proc/PID/stat: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS = 100

function describe(pid: number, number: number): Descriptor[] {
  try {
    const target = readlinkSync(`/proc/${pid}/fd/${number}`)
    const info = readFileSync(`/proc/${pid}/fdinfo/${number}`, 'latin1')
    const mode = Number.parseInt(/^flags:\s+([0-7]+)/m.exec(info)?.[1] ?? '2', 8) & 3
    return [{ number, target, way: (['read', 'write'] as const)[mode] ?? 'both' }]
  } catch {
    // It was closed meanwhile.
    return []
  }
}

function userName(uid: string): string {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[2] === uid)
  return line?.split(':')[0] ?? uid
}

/** The TCP sockets of this machine by inode: `listens on ADDRESS` or `ADDRESS to ADDRESS` (IPv4; proc(5), /proc/net/tcp). */
export function tcpSockets(): ReadonlyMap<string, string> {
  const address = (hex: string) => {
    const [host, port] = hex.split(':') as [string, string]
    const octets = host
      .match(/../g)!
      .reverse()
      .map((octet) => Number.parseInt(octet, 16))
    return `${octets.join('.')}:${Number.parseInt(port, 16)}`
  }
  const sockets = new Map<string, string>()
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const fields = line.trim().split(/ +/)
    const [, local, remote, state] = fields
    if (local === undefined || remote === undefined) continue
    const text = state === LISTEN ? `listens on ${address(local)}` : `${address(local)} to ${address(remote)}`
    sockets.set(fields[9]!, text)
  }
  return sockets
}

const LISTEN = '0A'
