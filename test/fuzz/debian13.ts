/**
 * The C library that Jazzer.js needs. Its addon is built for glibc 2.38, and Debian 12 has 2.36: there, Node runs under the loader
 * and the libraries of a Debian 13 that `debootstrap` unpacks once. No chroot: paths are the machine's own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const NEEDED = [2, 38] as const
const CACHE = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
const DIRECTORY = join(CACHE, 'sallyport', 'debian13')

const [LOADER, LIBRARIES] =
  process.arch === 'arm64'
    ? (['lib/ld-linux-aarch64.so.1', 'usr/lib/aarch64-linux-gnu'] as const)
    : (['lib64/ld-linux-x86-64.so.2', 'usr/lib/x86_64-linux-gnu'] as const)

/** The words of a command that runs this Node with a new enough C library. Throws an Error that says what is missing. */
export function nodeCommand(): string[] {
  if (isNewEnough()) return [process.execPath]
  if (!existsSync(join(DIRECTORY, LOADER))) unpack()
  return [join(DIRECTORY, LOADER), '--library-path', join(DIRECTORY, LIBRARIES), process.execPath]
}

function isNewEnough(): boolean {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  const [major = 0, minor = 0] = (header.glibcVersionRuntime ?? '').split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

function unpack(): void {
  const partial = `${DIRECTORY}.partial`
  const words = ['--variant=minbase', '--include=libatomic1,libstdc++6', 'trixie', partial]
  console.error(
    `the C library of this machine is too old for Jazzer.js: unpacking a Debian 13 to ${DIRECTORY} …`,
  )
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  const { status, error } = spawnSync('debootstrap', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    throw new Error(
      `debootstrap failed (${error?.message ?? `exit code ${status}`}). It is Debian's package of that name, needs root and the ` +
        `Debian archive; on a machine with glibc ${NEEDED.join('.')} it is not needed. By hand: debootstrap ${words.join(' ')}, then rename to ${DIRECTORY}`,
    )
  }
  renameSync(partial, DIRECTORY)
}
