/**
 * Writing the gate file: by the first start, and by a person on this host. No stage may.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { formatDate } from '../../rules/text/date.ts'
import { cannotWrite } from '../../rules/unreadable.ts'
import { encodeGate, type Gate, gateFile } from '../common/gate.ts'

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants

/**
 * Writes the gate file durably: whole, or not at all. Its directory is there. `time` is now. Throws what the file system says.
 */
export function writeGate(directory: string, gate: Omit<Gate, 'time'>): void {
  const text = encodeGate({ ...gate, time: formatDate(Math.floor(Date.now() / 1000)) })
  const file = gateFile(directory)
  const part = `${file}.part`
  const fd = openSync(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644)
  try {
    fchmodSync(fd, 0o644)
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(part, file)
  syncDirectory(directory)
}

/** Makes the gate of a direction that has none yet. A directory without the file is left as it is: that is a closed gate. */
export function makeGate(directory: string): void {
  if (existsSync(directory)) return
  const part = `${directory}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part)
  chmodSync(part, 0o755)
  writeGate(part, { state: 'new', by: 'sallyport', reason: 'first start' })
  renameSync(part, directory)
  syncDirectory(dirname(directory))
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** What stands against a gate directory; undefined for a sound one, or where there is none yet. */
export function gateProblem(directory: string): string | undefined {
  const found = statSync(directory, { throwIfNoEntry: false })
  if (found === undefined) {
    try {
      accessSync(dirname(directory), constants.W_OK | constants.X_OK)
      return undefined
    } catch (error) {
      return cannotWrite(error, 'make the directory around it, or name another')
    }
  }
  if (!found.isDirectory()) return 'is not a directory: remove it, or name another'
  const own = found.uid === 0 || found.uid === process.getuid?.()
  if (!own || (found.mode & 0o022) !== 0)
    return 'can be written by others, who could open the gate: give it to root, with mode 755'
  return undefined
}
