/**
 * sallyport demo: plays a labelled conversation through two edges and two guards on this machine.
 *
 * The demo makes its own PKI and XMPP domains with development packages, so it is part of the source tree only.
 *
 * Exits    0 every verdict was as expected, 1 not so or something did not start, 2 the command line is wrong
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { UsageError } from './usage.ts'

const HELP = `usage: sallyport demo [--stay] [--keep] [--quick] [--rules DIRECTORY]

  --stay             keep it running, and say how to join with a server of your own
  --keep             leave journals, configuration and logs behind
  --quick            without the throughput
  --rules DIRECTORY  use the rulesets acme-to-coalition and coalition-to-acme in DIRECTORY
`

const DEMO = new URL('../packaging/demo/run.ts', import.meta.url)

export async function demoCommand(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      stay: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rules: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { help, rules, ...rest } = values
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  for (const name of ['acme-to-coalition', 'coalition-to-acme']) {
    const file = join(rules ?? '', name, 'ruleset.yaml')
    if (rules !== undefined && !existsSync(file))
      throw new UsageError(`--rules ${rules}: there is no ${file}; give a copy of packaging/examples`)
  }
  if (!existsSync(fileURLToPath(DEMO))) {
    process.stderr.write(
      'sallyport demo: is in the source tree only; clone it and run "npm run demo" there\n',
    )
    return 1
  }
  const { runDemo } = (await import(DEMO.href)) as { runDemo: (options: object) => Promise<number> }
  return runDemo({ ...rest, ...(rules === undefined ? {} : { rules }) })
}
