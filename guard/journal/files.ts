/**
 * The files of a journal: segments `journal-<number of the first record>.jsonl`, and `head.json`.
 *
 * Each segment begins with a record of type `segment`, which repeats what is needed to read it alone: the chain value before
 * it, and the highest numbers seen and confirmed. `head.json` holds the head of about a second ago.
 */
import { constants, readdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Head } from './line.ts'

const { O_WRONLY, O_CREAT, O_TRUNC, O_DSYNC } = constants
const PREFIX = 'journal-'
const SUFFIX = '.jsonl'

export function segmentName(firstSeq: number): string {
  return `${PREFIX}${String(firstSeq).padStart(16, '0')}${SUFFIX}`
}

/** The segments of a journal in order, with the number of their first record. Throws when the directory cannot be read. */
export function listSegments(directory: string): Readonly<{ name: string; first: number }>[] {
  return readdirSync(directory)
    .map((name) => ({ name, first: Number(name.slice(PREFIX.length, -SUFFIX.length)) }))
    .filter(({ name, first }) => Number.isSafeInteger(first) && name === segmentName(first))
    .sort((a, b) => a.first - b.first)
}

/** The head that `head.json` holds; undefined without a readable one. */
export function readHeadFile(directory: string): Head | undefined {
  try {
    const { seq, chain } = JSON.parse(readFileSync(join(directory, 'head.json'), 'latin1'))
    if (Number.isSafeInteger(seq) && typeof chain === 'string' && /^[0-9a-f]{64}$/.test(chain))
      return { seq, chain }
  } catch {}
  return undefined
}

/** Writes `head.json` anew: whole, or not at all. The head must be durable in the log. */
export async function writeHeadFile(directory: string, head: Head): Promise<void> {
  const path = join(directory, 'head.json')
  const file = await open(`${path}.new`, O_WRONLY | O_CREAT | O_TRUNC | O_DSYNC, 0o640)
  try {
    await file.writeFile(`${JSON.stringify(head)}\n`)
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}
