/**
 * What an edge remembers from one start to the next: the generation of its numbers (doc/formats.md §5).
 *
 * It is raised durably before the first number is given out, so that no number is ever given to two stanzas, whatever the
 * edge lost in between.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const LAST = 0xffff

/** Raises the generation that is kept in `folder`, which is made when it is not there, and returns it. */
export function raiseGeneration(folder: string): number {
  const file = join(folder, 'generation')
  let text: string | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    text = readFileSync(file, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT')
      throw new Error(`${file}: cannot be used (${code}): give the edge a state folder that it may write`)
  }
  if (text !== undefined && !/^[0-9]{1,5}\n$/.test(text)) {
    throw new Error(
      `${file}: does not hold a number: put in one that is higher than the generation in the guard's journal`,
    )
  }
  const generation = text === undefined ? 1 : Number(text) + 1
  if (generation > LAST) {
    throw new Error(
      `${file}: all ${LAST} generations are used up: begin anew with an empty guard journal and state folder`,
    )
  }
  try {
    writeDurably(folder, file, `${generation}\n`)
  } catch (error) {
    throw new Error(
      `${file}: cannot be written (${(error as NodeJS.ErrnoException).code}): give the edge a state folder that it may write`,
    )
  }
  return generation
}

function writeDurably(folder: string, file: string, text: string): void {
  const next = `${file}.new`
  const descriptor = openSync(next, 'w', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(next, file)
  const directory = openSync(folder, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
