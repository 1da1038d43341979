/** An export of a journal that the test writes, to a collector that it plays. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { readLine } from '../../guard/journal/line.ts'
import { freePorts } from '../guard/harness.ts'
import type { Collector, Message } from './collector.ts'
import { type Folder, makeFolder, type Running, start, type Writer, writeJournal } from './site.ts'

export const ENDS = {
  guard: { dns: ['export.high.example'] },
  logs: { dns: ['logs.high.example'] },
  stranger: { dns: ['other.high.example'] },
}

export type Scene = Readonly<{ folder: Folder; journal: Writer; port: number; config: string; page: number }>

export async function scene(t: Test, more: object = {}, segmentRecords?: number): Promise<Scene> {
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

export function run(t: Test, { config }: Scene): Running {
  const running = start('export', '--config', config)
  t.teardown(() => running.kill())
  return running
}

export const has = (messages: readonly Message[], upTo: number) => {
  const seen = new Set(messages.map(({ parameters }) => Number(parameters.get('seq'))))
  for (let seq = 1; seq <= upTo; seq++) if (!seen.has(seq)) return false
  return true
}

/** Every record once at least, each copy the same octets, and the chain can be recomputed from the messages alone. */
export function sound(t: Test, collector: Collector, journal: Writer): void {
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
