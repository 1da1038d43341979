/** What Linux says of a running process: shown by the tests and the demo, and asserted. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export type Descriptor = Readonly<{
  fd: number
  /** `fifo`, `socket`, `file`, `null` or `other` (event descriptors and the like of the event loop). */
  kind: 'fifo' | 'socket' | 'file' | 'null' | 'other'
  way: 'read' | 'write' | 'both'
  target: string
}>

export type ProcessFacts = Readonly<{
  pid: number
  uid: number
  parent: number
  /** Flags of Node, in front of the program. */
  flags: readonly string[]
  program: string
  environment: readonly string[]
  descriptors: readonly Descriptor[]
}>

/** Reads /proc/PID. Throws when there is no such process. */
export function processFacts(pid: number): ProcessFacts {
  const text = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1')
  const status = text('status')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+([0-9]+)`, 'm').exec(status)![1])
  const args = text('cmdline').split('\0').slice(1, -1)
  const program = args.findIndex((arg) => !arg.startsWith('-'))
  const descriptors: Descriptor[] = []
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${name}`)
      const flags = Number.parseInt(/^flags:\s+([0-7]+)/m.exec(text(`fdinfo/${name}`))![1]!, 8) & 3
      descriptors.push({
        fd: Number(name),
        kind: kindOf(target),
        way: (['read', 'write', 'both'] as const)[flags]!,
        target,
      })
    } catch {
      // Closed between the two looks.
    }
  }
  return {
    pid,
    uid: field('Uid'),
    parent: field('PPid'),
    flags: args.slice(0, program),
    program: args[program] ?? '',
    environment: text('environ').split('\0').slice(0, -1),
    descriptors: descriptors.sort((a, b) => a.fd - b.fd),
  }
}

function kindOf(target: string): Descriptor['kind'] {
  if (target === '/dev/null') return 'null'
  if (target.startsWith('socket:')) return 'socket'
  if (target.startsWith('pipe:') || target.endsWith(' (deleted)')) return 'fifo'
  return target.startsWith('/') ? 'file' : 'other'
}

/** One line for people. */
export function describeProcess(name: string, facts: ProcessFacts): string {
  const open = facts.descriptors
    .filter(({ kind }) => kind !== 'other')
    .map(({ fd, kind, way }) => `${fd}${way === 'read' ? '←' : way === 'write' ? '→' : '↔'}${kind}`)
  const flags = facts.flags.filter((flag) => !flag.startsWith('--allow-fs-read'))
  return `${name}: pid ${facts.pid}, uid ${facts.uid}, ${flags.join(' ')}; ${open.join(' ')}`
}
