/** What the guards' journals say, read while they are written. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A verdict's line (doc/formats.md §6), as far as the demo shows it. */
export type JournalVerdict = Readonly<{
  seq: number
  number: string
  outcome: 'released' | 'refused' | 'disagreement'
  from: string
  to: string
  size: number
  inspect: Readonly<{ verdict: string; reason?: string }>
  verify: Readonly<{ verdict: string; reason?: string }>
  row?: string
  label?: string
  releasedLabel?: string
}>

/** The verdicts behind the first `skip` ones, in order; a line that is being written is left for the next time. */
export function readVerdicts(directory: string, skip = 0): JournalVerdict[] {
  const segments = readdirSync(directory).filter((name) => name.endsWith('.jsonl'))
  const text = segments
    .sort()
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('')
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
  const records = lines.map((line) => JSON.parse(line) as JournalVerdict & { type: string })
  return records.filter((record) => record.type === 'verdict').slice(skip)
}
