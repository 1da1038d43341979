/**
 * sallyport guard: checks and runs the guard of one direction, and opens and closes its gate.
 *
 *   sallyport guard run --config FILE      run it in the foreground until SIGTERM or SIGINT
 *   sallyport guard check --config FILE    look at everything that `run` needs, and start nothing
 *   sallyport guard reload --config FILE   check as `check` does, then let the running guard go by what is there now
 *   sallyport guard close --config FILE --reason TEXT
 *                                          let nothing leave any more; returns when that is so
 *   sallyport guard open --config FILE --reason TEXT
 *                                          let stanzas leave again; asks a person on a terminal
 *   sallyport guard prepare --config FILE --runtime DIR
 *                                          check, then make in DIR what the units of systemd start the stages with; the
 *                                          last part of DIR is the name whose users get it
 *
 * Exits    0 done, 1 something in the configuration is wrong (one line each on stderr), 2 the command line is wrong
 */
import { once } from 'node:events'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startGuard } from '../guard/launcher/launcher.ts'
import { closeInherited } from '../guard/launcher/pipes.ts'
import { DIRECTION_CHARACTERS, prepareGuard, prepareJournal, stageUser } from '../guard/launcher/prepare.ts'
import type { GuardConfig, StageName } from '../guard/launcher/stages.ts'
import { loadGuardConfig, readGuardConfig } from './guard-config.ts'
import { checkReason, closeGate, openGate } from './guard-gate.ts'
import { guardRuns } from './guard-health.ts'
import { reloadGuard, reloadOnSignal } from './guard-reload.ts'
import { UsageError } from './usage.ts'

const USAGE = `usage: sallyport guard run --config FILE      run the guard of one direction until it is stopped
       sallyport guard check --config FILE    check all that it needs, start nothing
       sallyport guard reload --config FILE   check all that it needs, then let the running guard go by it
       sallyport guard close --config FILE --reason TEXT
                                              let nothing leave any more, now and after every restart
       sallyport guard open --config FILE --reason TEXT
                                              let stanzas leave again; asks a person on a terminal
       sallyport guard prepare --config FILE --runtime DIR
                                              check, then make pipes and start files for the units of systemd
`

/** What each action takes beside --config, and needs. */
const ACTIONS = {
  run: undefined,
  check: undefined,
  reload: undefined,
  close: 'reason',
  open: 'reason',
  prepare: 'runtime',
} as const
type Action = keyof typeof ACTIONS

export async function guardCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      config: { type: 'string' },
      runtime: { type: 'string' },
      reason: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [word = '', ...more] = positionals
  if (!Object.hasOwn(ACTIONS, word) || more.length > 0)
    throw new UsageError(`say one of ${Object.keys(ACTIONS).join(', ')}`)
  const action = word as Action
  if (values.config === undefined) throw new UsageError('--config FILE is missing')
  for (const [option, what] of [
    ['runtime', 'DIR'],
    ['reason', 'TEXT'],
  ] as const) {
    if (ACTIONS[action] === option && values[option] === undefined)
      throw new UsageError(`${action} needs --${option} ${what}`)
    if (ACTIONS[action] !== option && values[option] !== undefined)
      throw new UsageError(`${action} takes no --${option}`)
  }
  if (action === 'close' || action === 'open') {
    const reason = checkReason(values.reason ?? '')
    // The file alone: a gate can be closed whatever is wrong with what it names.
    const read = readGuardConfig(values.config)
    if ('problems' in read) return complain(read.problems)
    return action === 'close' ? closeGate(read.config, reason) : openGate(read.config, reason)
  }
  const runtime = values.runtime === undefined ? undefined : resolve(values.runtime)
  const direction = basename(runtime ?? '')
  if (direction.length > DIRECTION_CHARACTERS)
    throw new UsageError(`--runtime: ${direction} is longer than ${DIRECTION_CHARACTERS} characters`)
  const userOf = process.getuid?.() === 0 ? (stage: StageName) => stageUser(stage, direction) : undefined
  const config = await loadGuardConfig(
    values.config,
    Date.now(),
    (read) => {
      if (action === 'prepare') prepareJournal(read, userOf)
    },
    // The launcher that reloads knows its ports.
    action === 'check' ? guardRuns : action === 'reload' ? () => true : undefined,
  )
  if ('problems' in config) return complain(config.problems)
  if (action === 'check') {
    process.stdout.write(`${values.config}: the guard ${config.name} can start\n`)
    return 0
  }
  if (action === 'prepare' && config.jit)
    return complain([`${values.config}: jit: the units let no memory be written and run: leave it out`])
  if (action === 'reload') return reloadGuard(values.config, config)
  if (runtime !== undefined) {
    prepareGuard({ config, directory: runtime, ...(userOf && { userOf }) })
    return 0
  }
  return run(values.config, config)
}

async function run(file: string, config: GuardConfig): Promise<number> {
  // Of itself Node opens a debugger at this signal.
  process.on('SIGUSR1', () => {})
  closeInherited()
  // Before the first child, so that a stop in the middle of the start is heard.
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  const guard = startGuard(config)
  reloadOnSignal(file, config, guard)
  await stop
  await guard.stop()
  return 0
}

function complain(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  return 1
}
