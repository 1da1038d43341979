/**
 * Fresh pipes for one run of a guard.
 *
 * Each is a FIFO, so truly one-way. It gets a name for the moment in which both ends are opened, in a directory that only
 * this user enters; after that nobody can open it again.
 */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GuardConfig, pipesOf, type StageName } from './stages.ts'

/**
 * Closes the descriptors that this process was given at its start beside the first three: a stage would inherit them. To be
 * called before anything is opened; what Node opens for itself is marked to be closed in children and stays.
 */
export function closeInherited(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd > 2 && isInherited(fd) && !isOfNode(fd)) closeSync(fd)
  }
}

/** Node reads the certificates of NODE_EXTRA_CA_CERTS in a thread of its own, at first, and closes the file by itself. */
function isOfNode(fd: number): boolean {
  const file = process.env['NODE_EXTRA_CA_CERTS']
  try {
    return file !== undefined && readlinkSync(`/proc/self/fd/${fd}`) === realpathSync(file)
  } catch {
    return false
  }
}

const O_CLOEXEC = 0o2000000

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0
  } catch {
    // The descriptor with which the directory itself was read.
    return false
  }
}

/** For each stage its descriptors from 3 on, as this process has them open; `ignore` where it has none. */
export type OpenPipes = Readonly<{ of(stage: StageName): (number | 'ignore')[]; close(): void }>

export function openPipes(config: GuardConfig): OpenPipes {
  const pipes = pipesOf(config)
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-'))
  const ends: { stage: StageName; fd: number; open: number }[] = []
  try {
    execFileSync('mkfifo', ['-m', '600', ...pipes.map(({ name }) => join(directory, name))], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    for (const { name, reader, writer } of pipes) {
      const path = join(directory, name)
      // The reading end first, and without waiting for a writer; then the writing end does not wait either.
      ends.push({ ...reader, open: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) })
      ends.push({ ...writer, open: openSync(path, constants.O_WRONLY) })
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
  return {
    of(stage) {
      const own = new Map(ends.filter((end) => end.stage === stage).map(({ fd, open }) => [fd, open]))
      return Array.from({ length: Math.max(...own.keys()) - 2 }, (_, i) => own.get(i + 3) ?? 'ignore')
    },
    close() {
      for (const { open } of ends.splice(0)) closeSync(open)
    },
  }
}
