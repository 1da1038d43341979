/**
 * What an edge remembers from one start to the next: both spools, and the generation of its numbers (doc/formats.md §5 and §9).
 *
 * Numbers go on where they were, so that what is sent again is known by its number. The generation is raised, durably and before the
 * first number is given out, when the outgoing spool is not there; then no number is ever given to two stanzas, whatever was lost.
 * A folder that was copied may be of a backup, whose numbers were given out since: that is for the operator to say.
 */
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { storeExists } from './spool/store.ts'

const LAST = 0xffff

/** Where the spools are in a state folder. */
export function spoolFolders(folder: string): Readonly<{ outgoing: string; incoming: string }> {
  return { outgoing: join(folder, 'outgoing'), incoming: join(folder, 'incoming') }
}

/**
 * Takes over a state folder, which is made when it is not there; gives the generation under which its numbers go on. `told` gets one
 * line when the generation was raised. Throws one line when it cannot be had, or was copied.
 */
export function takeState(folder: string, told: (line: string) => void): number {
  const { outgoing } = spoolFolders(folder)
  const state = readState(folder)
  if (state === undefined || !storeExists(outgoing)) {
    const generation = raiseGeneration(folder)
    if (state !== undefined) {
      told(
        `${outgoing}: there was no spool: what waited in it is lost; numbers go on in generation ${generation}`,
      )
    }
    return generation
  }
  if (state.place !== placeOf(outgoing)) {
    throw new Error(
      `${folder}: was copied. If it is of a backup, run "sallyport edge restored"; if it was moved here while the edge was stopped, and is the newest that there is, "sallyport edge restored --moved"`,
    )
  }
  return state.generation
}

/** Raises the generation that is kept in `folder`, which is made when it is not there, by so many, and returns it. */
export function raiseGeneration(folder: string, by = 1): number {
  const state = readState(folder)
  const generation = state === undefined ? 1 : state.generation + by
  if (generation > LAST) {
    throw new Error(
      `${fileOf(folder)}: all ${LAST} generations are used up: begin anew with an empty guard journal and state folder`,
    )
  }
  writeState(folder, generation)
  return generation
}

/** Takes the folder for the one that it was copied from. */
export function acceptPlace(folder: string): void {
  const state = readState(folder)
  if (state === undefined) return
  writeState(folder, state.generation)
  giveToOwner(folder)
}

/** Gives what is in a state folder to whom the folder belongs, after root has written in it. */
export function giveToOwner(folder: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(folder)
  const { outgoing, incoming } = spoolFolders(folder)
  for (const part of [outgoing, incoming]) {
    if (!existsSync(part)) continue
    chownSync(part, uid, gid)
    for (const name of readdirSync(part)) chownSync(join(part, name), uid, gid)
  }
  chownSync(fileOf(folder), uid, gid)
}

function fileOf(folder: string): string {
  return join(folder, 'generation')
}

/** What tells the spool's folder from every copy of it. */
function placeOf(outgoing: string): string {
  const { ino, birthtimeNs } = statSync(outgoing, { bigint: true })
  return `${ino}.${birthtimeNs}`
}

function readState(folder: string): Readonly<{ generation: number; place: string }> | undefined {
  const file = fileOf(folder)
  let text: string
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!existsSync(file)) return undefined
    text = readFileSync(file, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`${file}: cannot be used (${code}): give the edge a state folder that it may write`)
  }
  if (!/^[0-9]{1,5}\n([0-9.-]+\n)?$/.test(text)) {
    throw new Error(
      `${file}: does not hold a number: put in one that is higher than the generation in the guard's journal, then run "sallyport edge restored"`,
    )
  }
  const [generation = '', place = ''] = text.split('\n')
  return { generation: Number(generation), place }
}

function writeState(folder: string, generation: number): void {
  const { outgoing } = spoolFolders(folder)
  try {
    mkdirSync(outgoing, { recursive: true, mode: 0o700 })
    writeDurably(folder, fileOf(folder), `${generation}\n${placeOf(outgoing)}\n`)
  } catch (error) {
    throw new Error(
      `${fileOf(folder)}: cannot be written (${(error as NodeJS.ErrnoException).code}): give the edge a state folder that it may write`,
    )
  }
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
