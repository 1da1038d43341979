/** The command line of `npm test -- …`. */
import { parseArgs } from 'node:util'

export type Options = {
  filters: string[]
  jobs: number
  /** Seconds that a file may take, when not the default of its folder. */
  timeout: number | undefined
  verbose: boolean
}

/** A mistake of who calls, told in one line. */
export class UsageError extends Error {}

export function readOptions(args: string[]): Options {
  const { values, positionals } = parse(args)
  return {
    filters: positionals,
    jobs: wholeNumber('--jobs', values.jobs ?? process.env['SALLYPORT_TEST_JOBS']) ?? 2,
    timeout: wholeNumber('--timeout', values.timeout ?? process.env['SALLYPORT_TEST_TIMEOUT']),
    verbose: values.verbose,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        jobs: { type: 'string' },
        timeout: { type: 'string' },
        verbose: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message.split('. ')[0]}; there are --jobs, --timeout and --verbose`,
    )
  }
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9][0-9]{0,5}$/.test(text)) return text === undefined ? text : Number(text)
  throw new UsageError(`${option} takes a whole number above 0, not "${text}"`)
}
