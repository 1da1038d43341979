/** Checks a whole journal: every record in its place, unchanged, none cut off, what is signed signed by the guard. */
import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { VERDICT_CLASSES, type VerdictClass } from '../common/verdict-class.ts'
import { readCheckpoint, verifyCheckpoint } from './checkpoint.ts'
import { listSegments } from './files.ts'
import { readHeadFile } from './head-file.ts'
import { readKept, readPlace } from './kept.ts'
import { type Head, NO_HEAD, readLine } from './line.ts'
import { classOf, fileLines, namedPrevious } from './read.ts'

/** A head that was kept elsewhere: the number of a record and the beginning of its chain value, in hexadecimal. */
export type KeptHead = Readonly<{ seq: number; chain: string; from: string }>

export type JournalFindings = Readonly<{
  /** What is wrong, in lines that name file and record; empty for a sound journal. */
  problems: readonly string[]
  /** What a reader should know although nothing is wrong. */
  notes: readonly string[]
  /** The guard, or the edge, that wrote it, as its last `start` or checkpoint says. */
  guard: string | undefined
  first: number
  head: Head
  /** The last record that a checkpoint stands behind. */
  signed: number | undefined
  verdicts: Readonly<Record<VerdictClass, number>>
}>

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads all segments. With `keys` (Ed25519 public keys) each checkpoint must be signed by one of them, and there must be one.
 * Throws what the file system says when they cannot be read.
 */
export function verifyJournal(
  directory: string,
  kept: readonly KeptHead[],
  keys: readonly KeyObject[] = [],
): JournalFindings {
  const problems: string[] = []
  const notes: string[] = []
  const segments = listSegments(directory)
  const headFile = readHeadFile(directory)
  const heads = headFile === undefined ? [...kept] : [...kept, { ...headFile, from: 'head.json' }]
  const checkpoints = createCheckpoints(keys)
  const removals = createRemovals()
  const contents = createContents(directory)
  const verdicts = Object.fromEntries(VERDICT_CLASSES.map((one) => [one, 0])) as Record<VerdictClass, number>
  const first = segments[0]?.first ?? 1
  let before: Head | undefined
  let head: Head | undefined
  if (segments.length === 0) problems.push(`${directory}: holds no journal`)
  if (headFile === undefined && kept.length > 0) notes.push('there is no head.json: it was taken away')

  for (const { name, first: firstSeq } of segments) {
    if (problems.length > 0) break
    if (head !== undefined && head.seq + 1 !== firstSeq) {
      problems.push(
        `${name}: begins with record ${firstSeq} where ${head.seq + 1} was due: records are missing`,
      )
      break
    }
    let line = 0
    for (const { text, whole } of fileLines(join(directory, name))) {
      line++
      head ??= { seq: firstSeq - 1, chain: namedPrevious(text ?? '') }
      before ??= head
      if (!whole && name === segments.at(-1)!.name) {
        notes.push(`${name}: an incomplete last line, as a crash leaves it; the next start cuts it off`)
        break
      }
      const read = readLine(head, text ?? '')
      const problem =
        'problem' in read
          ? read.problem
          : (line === 1) !== (read.fields['type'] === 'segment' && read.fields['previous'] === head.chain)
            ? 'is not where a file begins, or begins a file although it is no such record'
            : checkpoints.problemOf(read.fields, head)
      if (problem !== undefined || 'problem' in read) {
        problems.push(`${name}, line ${line}: record ${head.seq + 1} ${problem}`)
        break
      }
      head = read.head
      removals.follow(read.fields, head.seq)
      contents.look(read.fields, head.seq, firstSeq)
      const verdict = classOf(read.fields)
      if (verdict !== undefined) verdicts[verdict]++
      for (const one of heads) {
        if (one.seq === head.seq && !head.chain.startsWith(one.chain)) {
          problems.push(
            `${name}, line ${line}: record ${head.seq} is not the one of ${one.from}: the journal was forged`,
          )
        }
      }
      if (problems.length > 0) break
    }
  }

  const end = head ?? { seq: 0, chain: '' }
  if (problems.length === 0) {
    // Whoever has the disk and not the key can put in a record behind the last checkpoint.
    const believed = keys.length > 0 ? (checkpoints.signed() ?? 0) : end.seq
    problems.push(...contents.problems((seq) => removals.includes(seq, believed)))
    const start = before ?? NO_HEAD
    const known = heads.some((one) => one.seq === start.seq && start.chain.startsWith(one.chain))
    if (start.seq > 0 && !known && removals.end(start, end.seq) && !removals.end(start, believed)) {
      problems.push(
        `begins with record ${first}, and the record that says that those before were removed is behind the last checkpoint: nobody has signed it`,
      )
    } else if (start.seq > 0 && !removals.end(start, believed) && !known) {
      problems.push(
        `begins with record ${first}, and no record says that those before were removed: they are missing (a head of record ${start.seq} that was kept elsewhere, with --head, stands for them)`,
      )
    } else if (start.seq > 0) {
      notes.push(`begins with record ${first}: those before were removed`)
    }
    problems.push(...cutOff(directory, heads, end, notes))
    if (keys.length > 0 && checkpoints.signed() === undefined) {
      problems.push(
        'holds no checkpoint, so nothing in it is signed: the guard has no signing-key, or they were cut off',
      )
    }
  }
  const { guard, signed } = checkpoints
  return { problems, notes, guard: guard(), first, head: end, signed: signed(), verdicts }
}

/** What the kept heads say of the end. */
function cutOff(directory: string, heads: readonly KeptHead[], end: Head, notes: string[]): string[] {
  if (heads.length === 0) {
    return [
      `${directory}: has no head.json, so records cut off at the end do not show: give a head from another host with --head`,
    ]
  }
  const known = Math.max(...heads.map(({ seq }) => seq))
  if (known < end.seq) {
    notes.push(
      `no head is known behind record ${known}: whether there were records behind ${end.seq} only a head from another host tells (--head)`,
    )
  }
  return heads
    .filter(({ seq }) => seq > end.seq)
    .map(
      ({ seq, from }) => `ends with record ${end.seq}, yet ${from} knows record ${seq}: records were cut off`,
    )
}

/** Holds every checkpoint to the chain before it, to the guard that was started, and to the keys. */
function createCheckpoints(keys: readonly KeyObject[]) {
  let guard: string | undefined
  let signed: number | undefined

  /** What is wrong with the record behind `head`, if it is a checkpoint. */
  function problemOf(fields: Fields, head: Head): string | undefined {
    const writer = fields['guard'] ?? fields['edge']
    if (fields['type'] === 'start' && typeof writer === 'string') guard = writer
    if (fields['type'] !== 'checkpoint') return undefined
    const checkpoint = readCheckpoint(fields)
    if (checkpoint === undefined) return 'is a checkpoint out of format'
    if (checkpoint.upTo !== head.seq || checkpoint.head !== head.chain)
      return 'is a checkpoint of another record than the one before it'
    guard ??= checkpoint.guard
    if (checkpoint.guard !== guard)
      return `is a checkpoint of ${checkpoint.guard}, in the journal of ${guard}`
    if (keys.length > 0 && !verifyCheckpoint(checkpoint, keys))
      return 'is a checkpoint that no given key has signed: it was forged, or signed with another key'
    signed = head.seq
    return undefined
  }

  return { problemOf, guard: () => guard, signed: () => signed }
}

/** The removals on record; asked of those that stand up to record `upTo`. */
function createRemovals() {
  const removed: { first: number; last: number; head: string; at: number }[] = []
  return {
    /** `at` is the number of the record. */
    follow({ type, first, last, head }: Fields, at: number): void {
      if (type !== 'removed' || typeof first !== 'number' || typeof last !== 'number') return
      if (typeof head === 'string') removed.push({ first, last, head, at })
    },
    /** Whether one of them ends with this record. */
    end: ({ seq, chain }: Head, upTo: number) =>
      removed.some(({ last, head, at }) => at <= upTo && last === seq && head === chain),
    includes: (seq: number, upTo: number) =>
      removed.some(({ first, last, at }) => at <= upTo && first <= seq && seq <= last),
  }
}

/** Looks at the kept contents; no key is needed, for their digests are in the chain. */
function createContents(directory: string) {
  /** The first one of each segment. */
  const found: { seq: number; first: number; problem: string }[] = []

  function problemOf(value: unknown, first: number): string | undefined {
    const place = readPlace(value, first)
    if (place === undefined) return 'names its content out of format'
    try {
      if (readKept(directory, place) !== undefined) return undefined
    } catch (error) {
      return `has its content in ${place.file}, which cannot be read (${(error as NodeJS.ErrnoException).code})`
    }
    return `has other content in ${place.file} than it names: it was changed, or cut off`
  }

  return {
    look({ type, content }: Fields, seq: number, first: number): void {
      if (type !== 'verdict' || content === undefined) return
      const problem = problemOf(content, first)
      if (problem !== undefined && found.at(-1)?.first !== first) found.push({ seq, first, problem })
    },
    /** Of records that were being removed with their contents when the guard ended nothing is said. */
    problems: (removed: (seq: number) => boolean) =>
      found.filter(({ seq }) => !removed(seq)).map(({ seq, problem }) => `record ${seq} ${problem}`),
  }
}
