/**
 * Reloading a guard: SIGHUP to `sallyport guard run`, and the command that sends it when everything has been found right.
 *
 * What is there now is checked as at a start, signatures included. While anything is wrong the guard goes on as it is.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { createReport } from '../guard/common/report.ts'
import type { Guard } from '../guard/launcher/launcher.ts'
import type { GuardConfig } from '../guard/launcher/stages.ts'
import { loadGuardConfig } from './guard-config.ts'
import { hearGuard } from './guard-health.ts'

/** How long a guard has to settle what is on its way, and to start. */
const HEARD_MS = 30_000

/** From now on SIGHUP has the guard go by what `file` says then. */
export function reloadOnSignal(file: string, config: GuardConfig, guard: Guard): void {
  const report = createReport('launcher', config.name)
  let running = config
  let turn = Promise.resolve()
  const reload = async () => {
    const held = new Set([running.intake.listen, running.metrics.listen])
    const next = await loadGuardConfig(file, Date.now(), undefined, (_, listen) => held.has(listen))
    if ('problems' in next) {
      for (const problem of next.problems)
        report.problem(`reload refused, the guard goes on as it is: ${problem}`)
      return
    }
    running = next
    guard.reload(next)
  }
  process.on('SIGHUP', () => {
    turn = turn
      .then(reload)
      .catch((error: Error) => report.problem(`reload refused, the guard goes on as it is: ${error.message}`))
  })
}

/** Sends SIGHUP to the launcher that runs with `file`, and waits until the guard runs with `config`. Gives the exit code. */
export async function reloadGuard(file: string, config: GuardConfig): Promise<number> {
  const pid = findLauncher(resolve(file))
  if (pid === undefined) {
    process.stderr.write(
      `sallyport guard: no "sallyport guard run" has ${file}: start it; of units: systemctl restart sallyport-guard@NAME.target\n`,
    )
    return 1
  }
  const asked = Date.now() / 1000
  try {
    process.kill(pid, 'SIGHUP')
  } catch (error) {
    process.stderr.write(
      `sallyport guard: process ${pid} cannot be told (${(error as NodeJS.ErrnoException).code}): be its user, or root\n`,
    )
    return 1
  }
  const heard = await hearGuard(
    config,
    '/metrics',
    (text) => runsWith(text, config, asked),
    HEARD_MS,
    HEARD_MS,
  )
  if (heard.kind !== 'said') {
    process.stderr.write(
      `sallyport guard: ${config.name} does not run with the bundle ${config.bundle.digest} yet: look at its log\n`,
    )
    return 1
  }
  process.stdout.write(`${config.name}: runs with the bundle ${config.bundle.digest}\n`)
  return 0
}

/** Whether the figures are those of stages that were started after `asked`, and have the bundle. */
function runsWith(text: string, config: GuardConfig, asked: number): boolean {
  const started = /^sallyport_guard_start_time_seconds\{[^}]*\} ([0-9.]+)$/m.exec(text)?.[1]
  const listening = /^sallyport_guard_up\{[^}]*end="listening"[^}]*\} 1$/m.test(text)
  return Number(started) >= asked && listening && text.includes(`digest="${config.bundle.digest}"`)
}

/** The process id of the `sallyport guard run` with that configuration. */
function findLauncher(file: string): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^[1-9][0-9]*$/.test(name)) continue
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      const at = words.findIndex((word, i) => word === 'guard' && words[i + 1] === 'run')
      if (at < 0 || !/\bsallyport(\.[jt]s)?$/.test(words[at - 1] ?? '')) continue
      const option = words.findIndex((word) => word === '--config' || word.startsWith('--config='))
      const given =
        words[option] === '--config' ? words[option + 1] : words[option]?.slice('--config='.length)
      if (given !== undefined && resolve(readlinkSync(`/proc/${name}/cwd`), given) === file)
        return Number(name)
    } catch {
      // It has ended, or is another user's.
    }
  }
  return undefined
}
