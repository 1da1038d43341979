/** What the commands that run until they are stopped have in common. */
import { parseArgs } from 'node:util'
import { UsageError } from './usage.ts'

/** `[check] --config FILE`. */
export function configured(argv: string[]): Readonly<{ file: string; check: boolean }> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { config: { type: 'string' } },
    allowPositionals: true,
  })
  const [verb, ...more] = positionals
  if ((verb !== undefined && verb !== 'check') || more.length > 0)
    throw new UsageError('say --config FILE, or check --config FILE')
  if (values.config === undefined) throw new UsageError('--config FILE is missing')
  return { file: values.config, check: verb === 'check' }
}

/** Aborted by SIGTERM or SIGINT. */
export function untilStopped(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}
