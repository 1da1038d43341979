/**
 * Which old segment may go: whole ones only, the oldest first, never the newest.
 *
 * `days` and `megabytes` say what is kept, each by itself: a segment goes when its last record is older than `days` (if given) and
 * `megabytes` of newer ones remain without it (if given). With neither nothing ever goes.
 */
import { existsSync, statSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotRead, cannotRemove } from '../../rules/unreadable.ts'
import type { Report } from '../common/report.ts'
import { contentName, fileOctets, listSegments } from './files.ts'
import { fileLines, readFields } from './read.ts'

export type Keep = Readonly<{ days?: number; megabytes?: number }>

/** The members of a `removed` record: the segment, its records, the chain value of the last, and why it goes. */
export type Removal = Readonly<{
  file: string
  content?: string
  first: number
  last: number
  head: string
  why: string
}>

const LOOK_MS = 60_000
const DAY_MS = 86_400_000
const MEGABYTE = 1024 * 1024

/**
 * The oldest segment when it may go at `now` (milliseconds since 1970). The end of its time is the start of the next one, or
 * when its file was last written, whichever is later: a clock that was set back makes it stay longer.
 * @returns a problem (one line) when the next segment does not begin as segments do: then nothing may go. Throws what the file system says.
 */
export function removable(
  directory: string,
  keep: Keep,
  now: number,
): Removal | Readonly<{ problem: string }> | undefined {
  const { days, megabytes } = keep
  const [oldest, next, ...rest] = listSegments(directory)
  if (oldest === undefined || next === undefined || (days === undefined && megabytes === undefined)) return
  const octets = ({ name, first }: { name: string; first: number }) =>
    fileOctets(join(directory, name)) + fileOctets(join(directory, contentName(first)))
  if (megabytes !== undefined) {
    const others = [next, ...rest].reduce((sum, segment) => sum + octets(segment), 0)
    if (others < megabytes * MEGABYTE) return
  }
  const { time, previous } = firstFields(join(directory, next.name))
  const began = typeof time === 'string' ? Date.parse(time) : Number.NaN
  if (Number.isNaN(began) || typeof previous !== 'string') {
    return { problem: `${next.name}: does not begin as a segment does: nothing older is removed` }
  }
  const ended = Math.max(began, statSync(join(directory, oldest.name)).mtimeMs)
  if (days !== undefined && now - ended < days * DAY_MS) return
  const content = contentName(oldest.first)
  return {
    file: oldest.name,
    ...(existsSync(join(directory, content)) ? { content } : {}),
    first: oldest.first,
    last: next.first - 1,
    head: previous,
    why: [
      ...(days === undefined ? [] : [`older than ${days} days`]),
      ...(megabytes === undefined ? [] : [`beyond ${megabytes} MB`]),
    ].join(', '),
  }
}

function firstFields(file: string): Readonly<Record<string, unknown>> {
  for (const { text } of fileLines(file)) return readFields(text ?? '') ?? {}
  return {}
}

/**
 * Looks from time to time, and when the result is called, and removes what may go, one segment behind the other. `record` writes the
 * record of a removal and calls back when it is durable; only then the files go. After a crash in between they are recorded again.
 */
export function startRetention(options: {
  directory: string
  keep: Keep
  report: Report
  record(removal: Removal, whenDurable: () => void): void
}): () => void {
  const { directory, keep, report } = options
  let removing = false

  function look(): void {
    const removal = removing ? undefined : find()
    if (removal === undefined) return
    removing = true
    options.record(removal, () => remove(removal))
  }

  function find(): Removal | undefined {
    try {
      const found = removable(directory, keep, Date.now())
      if (found === undefined || !('problem' in found)) return found
      report.problem(found.problem)
      return undefined
    } catch (error) {
      return report.fail(`journal ${directory}: ${cannotRead(error, 'let the user of this stage have it')}`)
    }
  }

  async function remove({ file, content, why }: Removal): Promise<void> {
    try {
      if (content !== undefined) await unlink(join(directory, content))
      await unlink(join(directory, file))
    } catch (error) {
      // Not tried again before the next start: each trial is a record.
      report.problem(`${file} ${cannotRemove(error, 'somebody else removes files of the journal')}`)
      return
    }
    report.info(`removed ${file}: ${why}`)
    removing = false
    look()
  }

  look()
  setInterval(look, LOOK_MS).unref()
  return look
}
