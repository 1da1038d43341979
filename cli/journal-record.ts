/**
 * Records for people: read from a directory one by one, told in one line each, counted.
 *
 * Nothing of a record is believed. The directory may be a guard's journal or another that is written in the same lines; types
 * that are not known here are told by their members.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { VERDICT_CLASSES, type VerdictClass } from '../guard/common/verdict-class.ts'
import { classOf, fileLines, readFields } from '../guard/journal/read.ts'
import { UsageError } from './usage.ts'

export type Fields = Readonly<Record<string, unknown>>

/** A record as it stands in its line. */
export type ReadRecord = Readonly<{ fields: Fields; text: string }>

/** Collects what is no record, to be told in one line at the end. */
export type Damage = { count: number; first: string }

/** The records of a directory in their order; what is none is left out and counted. A last line without end, as a crash leaves it, is no damage. */
export function* readRecords(directory: string, damage: Damage): Generator<ReadRecord> {
  const files = readdirSync(directory).filter((name) => /^[a-z]{1,32}-[0-9]{16}\.jsonl$/.test(name))
  for (const name of files.sort()) {
    let line = 0
    for (const { text, whole } of fileLines(join(directory, name))) {
      line++
      if (!whole && text !== undefined) continue
      const fields = text === undefined ? undefined : readFields(text)
      if (fields !== undefined) yield { fields, text: text! }
      else if (damage.count++ === 0) damage.first = `${join(directory, name)}, line ${line}`
    }
  }
}

/** The exit code; says on stderr what was left out. */
export function tellDamage({ count, first }: Damage): number {
  if (count === 0) return 0
  const lines = count === 1 ? 'one line is no record' : `${count} lines are no records, the first`
  process.stderr.write(`${lines}: ${printable(first)}: run "sallyport journal verify"\n`)
  return 1
}

/** One record in one line. */
export function describeRecord(fields: Fields): string {
  const { seq, time, type, number, ...others } = fields
  const start = [seq, time, ...(type === 'verdict' ? [] : [type]), ...(number === undefined ? [] : [number])]
    .map(word)
    .join(' ')
  return printable(`${start}${type === 'verdict' ? verdictWords(fields) : otherWords(others)}`)
}

function verdictWords(fields: Fields): string {
  const { outcome, form, from, to, label, releasedLabel } = fields
  const opinion = (name: string) => {
    const { verdict, reason } = (fields[name] ?? {}) as Fields
    return `${name} ${word(verdict)}${reason === undefined ? '' : ` (${word(reason)})`}`
  }
  const labels = label === undefined ? '' : `, label ${word(label)} → ${word(releasedLabel)}`
  const again = fields['again'] === true ? ' again' : ''
  const content = fields['content'] === undefined ? '' : ', content kept'
  return `${again} ${word(outcome)}: ${word(form)} ${word(from)} → ${word(to)}${labels}; ${opinion('inspect')}, ${opinion('verify')}${content}`
}

/** Of the chain's own members nobody reads anything. */
const UNSAID: ReadonlySet<string> = new Set(['chain', 'previous', 'head', 'signature'])

function otherWords(others: Fields): string {
  const said = Object.entries(others)
    .filter(([name]) => !UNSAID.has(name))
    .map(([name, value]) => `${name} ${word(value)}`)
  return said.length === 0 ? '' : `: ${said.join(', ')}`
}

const LONGEST_WORD = 200

/** A value of a record, whatever it is. */
function word(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '-')
  return text.length > LONGEST_WORD ? `${text.slice(0, LONGEST_WORD)}…` : text
}

/** Addresses hold what users chose, damaged files anything: nothing that steers a terminal or ends a line is printed. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}

/** Counts verdicts by class, one record after the other. */
export function createCounts(): Readonly<{ add(fields: Fields): void; words(): string }> {
  const counts = Object.fromEntries(VERDICT_CLASSES.map((one) => [one, 0])) as Record<VerdictClass, number>
  return {
    add(fields) {
      const verdict = classOf(fields)
      if (verdict !== undefined) counts[verdict]++
    },
    words: () => classCounts(counts),
  }
}

export function classCounts(counts: Readonly<Record<VerdictClass, number>>): string {
  const { passed, 'label-invalid': invalid, 'label-missing': missing, other } = counts
  return `${passed} passed, ${invalid} with an invalid label, ${missing} without a label, ${other} other`
}

/** A span of time, both ends included, in milliseconds since 1970. */
export type Span = Readonly<{ from: number; to: number }>

/** Reads --from and --to. A day as the end of a span is that whole day. */
export function readSpan(from: string | undefined, to: string | undefined): Span | undefined {
  if (from === undefined && to === undefined) return undefined
  return {
    from: from === undefined ? Number.NEGATIVE_INFINITY : readTime('--from', from),
    to:
      to === undefined
        ? Number.POSITIVE_INFINITY
        : readTime('--to', to) + (to.length === 10 ? 86_399_999 : 0),
  }
}

const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?Z)?$/

function readTime(option: string, text: string): number {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new UsageError(`${option} ${text}: write such as 2026-01-31 or 2026-01-31T23:59:59Z`)
  return time
}

/** When a record was written, in milliseconds since 1970; undefined when it does not say. */
export function timeOf({ time }: Fields): number | undefined {
  const value = typeof time === 'string' && TIME.test(time) ? Date.parse(time) : Number.NaN
  return Number.isNaN(value) ? undefined : value
}

export function within(fields: Fields, span: Span | undefined): boolean {
  if (span === undefined) return true
  const time = timeOf(fields)
  return time !== undefined && time >= span.from && time <= span.to
}
