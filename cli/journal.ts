/**
 * sallyport journal: verifies and reads the audit journal of a guard, and makes the key of its digests.
 *
 *   sallyport journal verify DIR [--head SEQ:HASH …]   every record unchanged, in its place, none missing
 *   sallyport journal show DIR [--last N] [--json]     records for people, or as they stand
 *   sallyport journal key FILE                         a new key for the digests of content
 *   sallyport journal export …                         takes it to other hosts (journal-export.ts)
 *   sallyport journal witness …                        holds its heads on another host (journal-witness.ts)
 *
 * A journal shows by itself that it was changed; that its end was cut off shows by `head.json`, and surely only by a head that
 * was kept on another host: SEQ is the metric sallyport_guard_journal_records, HASH the first 12 or more hexadecimal digits of the
 * chain value of that record (the metric sallyport_guard_journal_head_prefix, in hexadecimal).
 *
 * Exits    0 sound (or done), 1 not sound, 2 the command line is wrong or the files cannot be read
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listSegments } from '../guard/journal/files.ts'
import { fileLines } from '../guard/journal/read.ts'
import { type KeptHead, verifyJournal } from '../guard/journal/verify.ts'
import { cannotRead, cannotWrite } from '../rules/unreadable.ts'
import { UsageError } from './usage.ts'

const USAGE = `usage: sallyport journal verify DIR [--head SEQ:HASH]…    check every record
       sallyport journal show DIR [--last N] [--json]     print records
       sallyport journal key FILE                         make the key of the digests
       sallyport journal export [check] --config FILE     send it to a collector and a witness; check: look whether it could
       sallyport journal witness [check] --config FILE    hold the heads of guards' journals; check: look whether it could
       sallyport journal witness show PATH [--key FILE]   print the heads of its state folder, or of the witness.json of export
`

export async function journalCommand(argv: string[]): Promise<number> {
  if (argv[0] === 'export') return (await import('./journal-export.ts')).exportCommand(argv.slice(1))
  if (argv[0] === 'witness') return (await import('./journal-witness.ts')).witnessCommand(argv.slice(1))
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      head: { type: 'string', multiple: true },
      last: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [action, path, ...more] = positionals
  if (action !== 'verify' && action !== 'show' && action !== 'key')
    throw new UsageError('say verify, show, key, export or witness')
  if (path === undefined || more.length > 0)
    throw new UsageError(`${action} needs one ${action === 'key' ? 'FILE' : 'DIR'}`)
  try {
    if (action === 'verify') return verify(path, values.head ?? [])
    return action === 'show' ? show(path, values.last, values.json === true) : makeKey(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    const why =
      action === 'key'
        ? cannotWrite(error, 'name a new file in a directory that is there')
        : cannotRead(error, 'give the directory of a journal')
    process.stderr.write(`${path}: ${why}\n`)
    return 2
  }
}

function verify(directory: string, given: readonly string[]): number {
  const kept: KeptHead[] = []
  for (const text of given) {
    const match = /^([1-9][0-9]{0,14}):([0-9a-f]{12,64})$/.exec(text)
    if (match === null)
      throw new UsageError(`--head ${text}: write SEQ:HASH, the hash as 12 to 64 small hexadecimal digits`)
    kept.push({ seq: Number(match[1]), chain: match[2]!, from: '--head' })
  }
  const { problems, notes, first, head } = verifyJournal(directory, kept)
  for (const note of notes) process.stdout.write(`note: ${note}\n`)
  for (const problem of problems) process.stdout.write(`NOT SOUND: ${problem}\n`)
  if (problems.length > 0) return 1
  process.stdout.write(`sound: records ${first} to ${head.seq}, head ${head.seq}:${head.chain}\n`)
  return 0
}

function show(directory: string, last: string | undefined, json: boolean): number {
  if (last !== undefined && !/^[1-9][0-9]{0,8}$/.test(last))
    throw new UsageError(`--last ${last}: write a number of records`)
  const keep = last === undefined ? Number.POSITIVE_INFINITY : Number(last)
  const lines: string[] = []
  const put = (line: string) => process.stdout.write(`${json ? line : describe(line)}\n`)
  for (const { name } of listSegments(directory)) {
    for (const { text, whole } of fileLines(join(directory, name))) {
      if (!whole || text === undefined) continue
      if (keep === Number.POSITIVE_INFINITY) put(text)
      else if (lines.push(text) > keep) lines.shift()
    }
  }
  lines.forEach(put)
  return 0
}

/** One record in one line. */
function describe(line: string): string {
  let record: Record<string, unknown>
  try {
    record = JSON.parse(line)
  } catch {
    return 'a line that is no record: run "sallyport journal verify"'
  }
  const { seq, time, type, number } = record
  const start = `${seq} ${time} `
  if (type !== 'verdict') return printable(`${start}${type}${number === undefined ? '' : ` ${number}`}`)
  const opinion = (name: string) => {
    const { verdict, reason } = record[name] as { verdict: string; reason?: string }
    return `${name} ${verdict}${reason === undefined ? '' : ` (${reason})`}`
  }
  const label = record['label'] === undefined ? '' : `, label ${record['label']} → ${record['releasedLabel']}`
  const again = record['again'] === true ? ' again' : ''
  return printable(
    `${start}${number}${again} ${record['outcome']}: ${record['form']} ${record['from']} → ${record['to']}${label}; ` +
      `${opinion('inspect')}, ${opinion('verify')}`,
  )
}

/** Addresses hold what users chose: nothing that steers a terminal is printed. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?')
}

function makeKey(file: string): number {
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  process.stdout.write(`${file}: made; let only the journal stage read it\n`)
  return 0
}
