/**
 * What an edge remembers from one start to the next: the generation of its numbers (doc/formats.md §5).
 *
 * It is raised durably before the first number is given out, so that no number is ever given to two stanzas, whatever the
 * edge lost in between.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { cannotWrite } from '../rules/unreadable.ts'

const LAST = 0xffff

/** Why `raiseGeneration` could not write in `folder`; undefined when it can, as far as is known without writing. */
export function stateProblem(folder: string): string | undefined {
  // A folder that is not there is made, in the nearest one above that is.
  let there = folder
  while (!existsSync(there)) there = dirname(there)
  try {
    if (!statSync(there).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    accessSync(there, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `${folder}: ${cannotWrite(error, 'give the edge a state folder that it may write')}`
  }
}

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
