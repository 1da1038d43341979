/**
 * sallyport guard: checks and runs the guard of one direction.
 *
 *   sallyport guard run --config FILE      run it in the foreground until SIGTERM or SIGINT
 *   sallyport guard check --config FILE    look at everything that `run` needs, and start nothing
 *
 * Exits    0 done, 1 something in the configuration is wrong (one line each on stderr), 2 the command line is wrong
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startGuard } from '../guard/launcher/launcher.ts'
import { loadGuardConfig } from './guard-config.ts'

const USAGE = `usage: sallyport guard run --config FILE      run the guard of one direction until it is stopped
       sallyport guard check --config FILE    check all that it needs, start nothing
`

export async function guardCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const [action] = positionals
  if ((action !== 'run' && action !== 'check') || positionals.length > 1 || values.config === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  const config = await loadGuardConfig(values.config, Date.now())
  if ('problems' in config) {
    for (const problem of config.problems) process.stderr.write(`${problem}\n`)
    return 1
  }
  if (action === 'check') {
    process.stdout.write(`${values.config}: the guard ${config.name} can start\n`)
    return 0
  }
  // Before the first child, so that a stop in the middle of the start is heard.
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  const guard = startGuard(config)
  await stop
  await guard.stop()
  return 0
}
