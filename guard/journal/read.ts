/**
 * Reading a journal from its files: what `journal` does with the last segment at start, and `sallyport journal` with all.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Reason } from '../../rules/reasons.ts'
import type { ApprovedBundle, Outcome } from '../common/record.ts'
import { type VerdictClass, verdictClass } from '../common/verdict-class.ts'
import { NO_NUMBER, parseNumber, type StanzaNumber } from '../gcxp/number.ts'
import { type Head, NO_HEAD, readLine } from './line.ts'

const LF = 10
const CHUNK = 1 << 20
/** Octets of the longest line, without LF. */
export const LONGEST_LINE = 1 << 20

/**
 * The lines of a file with the place behind each, as octets are there: `whole` is false for a last line without LF.
 * Not UTF-8, or longer than a line can be: `text` is undefined.
 */
export function* fileLines(
  file: string,
): Generator<Readonly<{ text: string | undefined; end: number; whole: boolean }>> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (octets: Uint8Array) => {
    try {
      return octets.length > LONGEST_LINE ? undefined : decoder.decode(octets)
    } catch {
      return undefined
    }
  }
  const fd = openSync(file, 'r')
  try {
    let kept: Buffer = Buffer.alloc(0)
    let end = 0
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK)
      const size = readSync(fd, chunk, 0, CHUNK, null)
      if (size === 0) break
      let octets = chunk.subarray(0, size)
      if (kept.length > 0) octets = Buffer.concat([kept, octets])
      let at = 0
      for (let lf = octets.indexOf(LF); lf !== -1; lf = octets.indexOf(LF, at)) {
        end += lf + 1 - at
        yield { text: decode(octets.subarray(at, lf)), end, whole: true }
        at = lf + 1
      }
      kept = octets.subarray(at)
      if (kept.length > LONGEST_LINE) break
    }
    if (kept.length > 0) yield { text: decode(kept), end: end + kept.length, whole: false }
  } finally {
    closeSync(fd)
  }
}

/** What a journal's records add up to so far. */
export type JournalState = {
  head: Head
  seen: StanzaNumber
  confirmed: StanzaNumber
  /** The last signed bundle that release went by. */
  approved?: ApprovedBundle
  /** When the segment was begun, as its first record says. */
  began?: string
  /** What became of the gate. */
  gateClosed?: boolean
}

/** Brings `state` up to date with the members of one more record. */
function follow(state: JournalState, fields: Readonly<Record<string, unknown>>, head: Head): void {
  state.head = head
  const number = (name: string) => {
    const value = fields[name]
    return (typeof value === 'string' ? parseNumber(value) : undefined) ?? NO_NUMBER
  }
  if (fields['type'] === 'verdict') {
    if (fields['again'] !== true) state.seen = number('number')
  } else if (fields['type'] === 'confirmed') {
    state.confirmed = number('number')
  } else if (fields['type'] === 'segment') {
    state.seen = number('seen')
    state.confirmed = number('confirmed')
    if (typeof fields['time'] === 'string') state.began = fields['time']
  }
  if (fields['type'] === 'gate') state.gateClosed = fields['state'] === 'closed'
  if (fields['type'] === 'segment' && fields['gate'] === 'closed') state.gateClosed = true
  if (fields['type'] === 'bundle' || fields['type'] === 'segment') {
    const { version, bundle: digest } = fields
    if (typeof version === 'number' && typeof digest === 'string') state.approved = { version, digest }
  }
}

/**
 * Reads one segment from its first record on. The head before it is that which the segment's first record names.
 * @returns the state behind its last whole record and the octets up to there, or why it is not sound.
 */
export function readSegment(
  directory: string,
  name: string,
  first: number,
): Readonly<{ state: JournalState; octets: number }> | Readonly<{ problem: string; empty?: true }> {
  let state: JournalState | undefined
  let octets = 0
  for (const { text, end, whole } of fileLines(join(directory, name))) {
    // Cut off by a crash: nothing was released on the strength of it.
    if (!whole) break
    const line = text ?? ''
    state ??= { head: { seq: first - 1, chain: namedPrevious(line) }, seen: NO_NUMBER, confirmed: NO_NUMBER }
    const read = readLine(state.head, line)
    if ('problem' in read) return { problem: `${name}: record ${state.head.seq + 1} ${read.problem}` }
    follow(state, read.fields, read.head)
    octets = end
  }
  if (state === undefined) return { problem: `${name}: holds no record`, empty: true }
  return { state, octets }
}

/** The chain value that a segment's first record says it follows. */
export function namedPrevious(line: string): string {
  const { type, previous } = readFields(line) ?? {}
  if (type === 'segment' && typeof previous === 'string' && /^[0-9a-f]{64}$/.test(previous)) return previous
  return NO_HEAD.chain
}

/** The members of a line, unchecked; undefined when it is no JSON object. */
export function readFields(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** The class of a verdict's record; undefined of any other. */
export function classOf(fields: Readonly<Record<string, unknown>>): VerdictClass | undefined {
  if (fields['type'] !== 'verdict') return undefined
  const { reason } = (fields['inspect'] ?? {}) as Record<string, unknown>
  return verdictClass(fields['outcome'] as Outcome, reason as Reason)
}
