/**
 * The files of a journal: segments `journal-<number of the first record>.jsonl`, beside each the contents that its records name,
 * `content-<the same number>.sealed`, and `head.json` (head-file.ts).
 *
 * Each segment begins with a record of type `segment`, which repeats what is needed to read it alone: the chain value before
 * it, and the highest numbers seen and confirmed.
 */
import { readdirSync, statSync } from 'node:fs'

const PREFIX = 'journal-'
const SUFFIX = '.jsonl'

export function segmentName(firstSeq: number): string {
  return `${PREFIX}${digits(firstSeq)}${SUFFIX}`
}

/** The file of the sealed contents of the segment that begins with this record. */
export function contentName(firstSeq: number): string {
  return `content-${digits(firstSeq)}.sealed`
}

function digits(firstSeq: number): string {
  return String(firstSeq).padStart(16, '0')
}

/** The segments of a journal in order, with the number of their first record. Throws when the directory cannot be read. */
export function listSegments(directory: string): Readonly<{ name: string; first: number }>[] {
  return readdirSync(directory)
    .map((name) => ({ name, first: Number(name.slice(PREFIX.length, -SUFFIX.length)) }))
    .filter(({ name, first }) => Number.isSafeInteger(first) && name === segmentName(first))
    .sort((a, b) => a.first - b.first)
}

/** Octets of a file; 0 when there is none. */
export function fileOctets(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
