/** Commands that a test has the stages started through (`runGuard`), each a file in the directory of the site. */
import { chmodSync, globSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Site } from '../guard/harness.ts'
import { launchedStages } from '../support/launched.ts'

const FALSIFY = join(import.meta.dirname, 'fixtures', 'falsify.ts')
const [FAKETIME] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')

/** Why the clock cannot be changed here; undefined where it can. */
export const noClock = FAKETIME === undefined ? 'needs libfaketime, which a run as root installs' : undefined

export type Clock = Readonly<{
  command: string
  /** From now on the stages' clock is so many seconds ahead of the true one. Their monotonic clock is left alone, as by a host's. */
  step(seconds: number): void
  /** Removes what libfaketime left of stages that were killed; `said` is what their launchers have said. */
  clean(said: string): void
}>

/** Gives the stages a clock of their own. Must not be called where `noClock` says why. */
export function ownClock(site: Site): Clock {
  const file = join(site.directory, 'clock')
  function step(seconds: number): void {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}`)
    renameSync(`${file}.new`, file)
  }
  step(0)
  const words = [
    `LD_PRELOAD='${FAKETIME}'`,
    `FAKETIME_TIMESTAMP_FILE='${file}'`,
    'FAKETIME_NO_CACHE=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
    `exec '${process.execPath}' "$@"`,
  ]
  return {
    command: script(site, 'with-clock', `#!/bin/sh\n${words.join(' ')}\n`),
    step,
    clean(said) {
      for (const line of said.split('\n').filter((line) => line.includes('"started '))) {
        for (const pid of Object.values(launchedStages(line))) {
          for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
            rmSync(join('/dev/shm', name), { force: true })
        }
      }
    },
  }
}

export type Falsifier = Readonly<{
  command: string
  /** The next answer of the verifier that fits is falsified in this way (fixtures/falsify.ts). */
  falsify(verifier: 'inspect' | 'verify', way: string): void
}>

/** Puts something between each verifier and release. */
export function falsifier(site: Site): Falsifier {
  const file = (verifier: string) => join(site.directory, `falsify-${verifier}`)
  const command = `#!/bin/bash
for word; do
  [[ $word =~ /guard/(inspect|verify)/main\\.[jt]s$ ]] || continue
  exec '${process.execPath}' "$@" 4> >(exec '${process.execPath}' '${FALSIFY}' '${site.directory}'/falsify-\${BASH_REMATCH[1]} 3<&- >&4 4>&-)
done
exec '${process.execPath}' "$@"
`
  return {
    command: script(site, 'falsified', command),
    falsify: (verifier, way) => writeFileSync(file(verifier), way),
  }
}

function script(site: Site, name: string, text: string): string {
  const path = join(site.directory, name)
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}
