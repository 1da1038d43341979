/** `head.json`: the head of the journal about a second ago, by which an end that was cut off shows. */
import { constants, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotWrite } from '../../rules/unreadable.ts'
import type { Head } from './line.ts'

const { O_WRONLY, O_CREAT, O_TRUNC, O_DSYNC } = constants
const KEEP_MS = 1000

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

/**
 * Keeps `head.json` up with `durableHead`, about once a second; the result does so now. When it cannot be written, `onFailure` is told so
 * once, and what waits for it waits for ever.
 */
export function keepHeadFile(
  directory: string,
  durableHead: () => Head,
  onFailure: (problem: string) => void,
): () => Promise<void> {
  let written: Head | undefined
  let writing = Promise.resolve()
  let failed = false

  async function write(): Promise<void> {
    const head = durableHead()
    if (head === written) return
    await writeHeadFile(directory, head)
    written = head
  }

  /** One write at a time. */
  function keep(): Promise<void> {
    if (failed) return writing
    writing = writing.then(write).catch((error) => {
      failed = true
      onFailure(`${directory}/head.json: ${cannotWrite(error, 'let the user of this stage write it')}`)
      return new Promise<void>(() => {})
    })
    return writing
  }
  setInterval(keep, KEEP_MS)
  return keep
}
