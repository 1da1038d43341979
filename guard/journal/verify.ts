/** Checks a whole journal: every record in its place, unchanged, and none cut off. */
import { join } from 'node:path'
import { listSegments } from './files.ts'
import { readHeadFile } from './head-file.ts'
import { type Head, readLine } from './line.ts'
import { fileLines, namedPrevious } from './read.ts'

/** A head that was kept elsewhere: the number of a record and the beginning of its chain value, in hexadecimal. */
export type KeptHead = Readonly<{ seq: number; chain: string; from: string }>

export type JournalFindings = Readonly<{
  /** What is wrong, in lines that name file and record; empty for a sound journal. */
  problems: readonly string[]
  /** What a reader should know although nothing is wrong. */
  notes: readonly string[]
  first: number
  head: Head
}>

/** Reads all segments. Throws what the file system says when they cannot be read. */
export function verifyJournal(directory: string, kept: readonly KeptHead[]): JournalFindings {
  const problems: string[] = []
  const notes: string[] = []
  const segments = listSegments(directory)
  const headFile = readHeadFile(directory)
  const heads = headFile === undefined ? [...kept] : [...kept, { ...headFile, from: 'head.json' }]
  const first = segments[0]?.first ?? 1
  let head: Head | undefined
  if (segments.length === 0) problems.push(`${directory}: holds no journal`)
  if (headFile === undefined && kept.length > 0) notes.push('there is no head.json: it was taken away')
  if (first > 1)
    notes.push(`begins with record ${first}: whether earlier ones are kept elsewhere is not known here`)

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
      if (!whole && name === segments.at(-1)!.name) {
        notes.push(`${name}: an incomplete last line, as a crash leaves it; the next start cuts it off`)
        break
      }
      const read = readLine(head, text ?? '')
      const problem =
        'problem' in read
          ? read.problem
          : (line === 1) === (read.fields['type'] === 'segment' && read.fields['previous'] === head.chain)
            ? undefined
            : 'is not where a file begins, or begins a file although it is no such record'
      if (problem !== undefined || 'problem' in read) {
        problems.push(`${name}, line ${line}: record ${head.seq + 1} ${problem}`)
        break
      }
      head = read.head
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
    for (const one of heads) {
      if (one.seq > end.seq) {
        problems.push(
          `ends with record ${end.seq}, yet ${one.from} knows record ${one.seq}: records were cut off`,
        )
      }
    }
    const known = Math.max(0, ...heads.map(({ seq }) => seq))
    if (heads.length === 0) {
      problems.push(
        `${directory}: has no head.json, so records cut off at the end do not show: give a head from another host with --head`,
      )
    } else if (known < end.seq) {
      notes.push(
        `no head is known behind record ${known}: whether there were records behind ${end.seq} only a head from another host tells (--head)`,
      )
    }
  }
  return { problems, notes, first, head: end }
}
