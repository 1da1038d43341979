/**
 * The disk of the journal fills up, is mounted for reading, or fails to write: real file systems, in mounts of this file's own
 * (disk.test.ts).
 *
 * A disk that fails to write is a file system in a file that was promised more room than its disk has. The journal's writes
 * fail when its blocks are to be stored, as on a broken medium; what was written can still be read from memory until it is mounted
 * anew.
 */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { makeSite, until } from '../guard/harness.ts'
import { type Direction, underLoad } from './endure.ts'

t.setTimeout(600_000)

const run = (command: string, ...words: string[]) =>
  execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

const place = mkdtempSync(join(tmpdir(), 'sallyport-disk-'))
const [small, disk] = [join(place, 'small'), join(place, 'disk')]
const image = join(small, 'image')
for (const one of [small, disk]) mkdirSync(one)
run('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', small)
const noLoop = makeDisk()
t.teardown(() => {
  for (const one of [disk, small]) run('umount', '--recursive', one)
  rmSync(place, { recursive: true })
})

/** A file system of 16 MB in a file; a plain one in memory where this machine has no loop devices. Gives the reason then. */
function makeDisk(): string | undefined {
  try {
    run('truncate', '--size=16M', image)
    // All but its data has its place in the file from the beginning.
    const options = ['-E', 'nodiscard,lazy_itable_init=0', '-O', '^has_journal']
    run('mkfs.ext4', '-q', '-F', ...options, image)
    mountImage()
    return undefined
  } catch (error) {
    run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk)
    return String((error as { stderr?: unknown }).stderr ?? error).trim()
  }
}

function mountImage(): void {
  run('mount', '-o', 'loop,errors=remount-ro', image, disk)
}

/** A guard whose journal is in a folder of that disk: without the mount there is none, and no other journal is begun. */
async function onDisk(t: Test): Promise<Direction> {
  const site = await makeSite()
  const journal = join(disk, 'journal')
  mkdirSync(journal, { recursive: true })
  const text = readFileSync(site.config, 'utf8')
  writeFileSync(site.config, text.replace('directory: journal', `directory: ${journal}`))
  return underLoad(t, {
    site: { ...site, journal },
    atEnd: () => rmSync(journal, { recursive: true }),
  })
}

/** Takes all the room that is left on a file system; the result gives it back. */
function fill(folder: string): () => void {
  const ballast = join(folder, 'ballast')
  const fd = openSync(ballast, 'w')
  for (let size = 1 << 20; size >= 1024; ) {
    try {
      writeSync(fd, Buffer.alloc(size, 1))
    } catch {
      size /= 2
    }
  }
  closeSync(fd)
  return () => rmSync(ballast)
}

// First: only a block that was never written has no place yet.
t.test('the disk fails to write', { skip: noLoop ?? false }, async (t) => {
  const direction = await onDisk(t)
  await direction.endure(t, {
    name: 'writes fail when they reach the disk, then do not',
    health: /^journal ended with exit code 1/,
    async strike() {
      const mend = fill(small)
      await direction.healthSays(/^journal ended with exit code 1/)
      t.match(direction.guard().said(), /cannot be written \((EIO|ENOSPC)\)/)
      t.ok(await direction.standsStill(2_000), 'nothing moves')
      mend()
    },
  })
  await direction.guard().stop()
  await mountAnew()
  t.same(verifyJournal(direction.site.journal, []).problems, [], 'the journal as the medium has it is sound')
  t.ok(readdirSync(direction.site.journal).length > 0)
})

t.test('the disk is full', async (t) => {
  const direction = await onDisk(t)
  await direction.endure(t, {
    name: 'disk full, then room made',
    health: /^journal ended with exit code 1/,
    async strike() {
      const makeRoom = fill(disk)
      await direction.healthSays(/^journal ended with exit code 1/)
      t.match(direction.guard().said(), /cannot be written \(ENOSPC\)/)
      t.ok(await direction.standsStill(2_000), 'nothing moves')
      makeRoom()
    },
  })
})

t.test('the file system is read-only', async (t) => {
  const direction = await onDisk(t)
  await direction.endure(t, {
    name: 'file system read-only, then mounted anew',
    health: /^journal ended with exit code 1/,
    async strike() {
      await makeReadOnly(direction)
      await direction.healthSays(/^journal ended with exit code 1/)
      t.match(direction.guard().said(), /cannot be written \((EROFS|EIO)\)/)
      t.ok(await direction.standsStill(2_000), 'nothing moves')
      await mountAnew()
    },
  })
})

/** As the kernel does after an error; in memory, between two journals. */
async function makeReadOnly(direction: Direction): Promise<void> {
  if (noLoop === undefined) {
    const device = run('findmnt', '--noheadings', '--output', 'SOURCE', disk).replace('/dev/', '')
    writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'a fault of the test\n')
    return
  }
  process.kill(direction.guard().pids()['journal']!, 'SIGKILL')
  await until(() => succeeds(() => run('mount', '-o', 'remount,ro', disk)))
}

async function mountAnew(): Promise<void> {
  if (noLoop !== undefined) {
    run('mount', '-o', 'remount,rw', disk)
    return
  }
  // A journal that just tries holds it for a moment.
  await until(() => succeeds(() => run('umount', disk)), 30_000)
  succeeds(() => run('fsck.ext4', '-p', image))
  mountImage()
}

function succeeds(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}
