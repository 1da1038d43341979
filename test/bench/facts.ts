/** The facts to print beside figures: processes, flags, file system, writes. */
import { readFileSync } from 'node:fs'
import { descendants, look } from '../../packaging/demo/process.ts'
import type { Subject } from './drive.ts'

/** The stages below a launcher's keeper. */
export function stagesOf(keeper: number): { name: string; pid: number }[] {
  return descendants(keeper).flatMap(({ pid, args }) => {
    const stage = args.map((argument) => /guard\/([a-z]+)\/main\.[jt]s$/.exec(argument)?.[1]).find(Boolean)
    return stage === undefined ? [] : [{ name: stage, pid }]
  })
}

/** Pid and Node's flags of each process; flags that all have stand in a line of their own. */
export function processFacts({ processes }: Subject): string[] {
  const all = processes.map(({ name, pid }) => {
    const args = look(pid)?.args ?? []
    const script = args.findIndex((argument) => !argument.startsWith('-'))
    const flags = args.slice(0, script).filter((flag) => !flag.startsWith('--allow-fs'))
    return { name, pid, flags }
  })
  const flagged = all.filter(({ flags }) => flags.includes('--permission'))
  const common = flagged[0]?.flags.filter((flag) => flagged.every(({ flags }) => flags.includes(flag))) ?? []
  const own = all.map(({ name, pid, flags }) => {
    const sandboxed = flags.includes('--permission')
    return [`${name} pid ${pid}`, ...flags.filter((flag) => !sandboxed || !common.includes(flag))].join(' ')
  })
  if (common.length === 0) return [own.join(', ')]
  return [own.join(', '), `${flagged.map(({ name }) => name).join(', ')} with ${common.join(' ')}`]
}

/** Megabytes of memory that each process holds (VmRSS of proc(5)). */
export function memoryOf({ processes }: Subject): Map<string, number> {
  return new Map(
    processes.map(({ name, pid }) => {
      const kilobytes = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
      return [name, Number(kilobytes) / 1024]
    }),
  )
}

/** How many records the journal holds, on what, and in how many synchronous writes. */
export async function journalFacts(journal: string, metrics: string): Promise<string> {
  // A snapshot a second reaches the metrics.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const text = await (await fetch(`${metrics}/metrics`)).text()
  const value = (name: string) => new RegExp(`^${name}\\{[^}]*\\} ([0-9.e+]+)$`, 'm').exec(text)?.[1] ?? '?'
  const records = value('sallyport_guard_journal_records')
  const writes = value('sallyport_guard_journal_flushes_total')
  return `journal on ${fileSystemOf(journal)}: ${records} records in ${writes} synchronous writes`
}

/** The type of the file system that a folder is on. */
export function fileSystemOf(folder: string): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [left, right] = line.split(' - ') as [string, string]
      return { at: left.split(' ')[4]!, type: right.split(' ')[0]! }
    })
    .filter(({ at }) => folder === at || folder.startsWith(at === '/' ? '/' : `${at}/`))
  return mounts.sort((a, b) => a.at.length - b.at.length).at(-1)?.type ?? 'unknown'
}
