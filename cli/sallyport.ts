#!/usr/bin/env node
/**
 * sallyport: the one command of the product. Finds the subcommand and hands its arguments over.
 *
 * Reads    its arguments
 * Writes   help and version on stdout; what is wrong on stderr, one line
 * Trusts   whoever starts it
 * Exits    0 done, 1 the subcommand failed, 2 the command line is wrong
 *
 * A subcommand is loaded only when it is called, so that a guard stage or `rules check` loads nothing of an edge.
 */
import product from '../package.json' with { type: 'json' }
import { UsageError } from './usage.ts'

type Command = Readonly<{ summary: string; load: () => Promise<(argv: string[]) => Promise<number>> }>

const commands: ReadonlyMap<string, Command> = new Map([
  [
    'edge',
    {
      summary: 'run the edge of one side: XMPP server streams in and out, GCXP to and from the guards',
      load: async () => (await import('./edge.ts')).edgeCommand,
    },
  ],
  [
    'guard',
    {
      summary: 'run the guard of one direction: intake, inspect, verify, release, journal, metrics',
      load: async () => (await import('./guard.ts')).guardCommand,
    },
  ],
  [
    'rules',
    {
      summary: 'make a bundle of a ruleset; review, compare, test, explain, sign and verify bundles',
      load: async () => (await import('./rules.ts')).rulesCommand,
    },
  ],
  [
    'label',
    {
      summary: 'show, check and map security labels',
      load: async () => (await import('./label.ts')).labelCommand,
    },
  ],
  [
    'journal',
    {
      summary: 'verify and read the audit journal of a guard',
      load: async () => (await import('./journal.ts')).journalCommand,
    },
  ],
  [
    'demo',
    {
      summary: 'play a labelled conversation through two edges and two guards on this machine',
      load: async () => (await import('./demo.ts')).demoCommand,
    },
  ],
])

function help(): string {
  const lines = [...commands].map(([name, { summary }]) => `  ${name.padEnd(9)}${summary}`)
  return `sallyport ${product.version}: a guard for XMPP chat between two security domains

usage: sallyport COMMAND [ARGUMENT …]
       sallyport COMMAND --help
       sallyport --version

${lines.join('\n')}
`
}

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--version') {
    process.stdout.write(`${product.version}\n`)
    return 0
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help())
    return 0
  }
  const command = name === undefined ? undefined : commands.get(name)
  if (command === undefined) {
    const wrong =
      name === undefined
        ? 'a command is missing'
        : `unknown ${name.startsWith('-') ? 'option' : 'command'} ${JSON.stringify(name)}`
    process.stderr.write(`sallyport: ${wrong}; use one of ${[...commands.keys()].join(', ')}, or --help\n`)
    return 2
  }
  try {
    const run = await command.load()
    return await run(rest)
  } catch (error) {
    return complain(name as string, error)
  }
}

/** One line for what the caller can mend; a stack for a fault of ours. */
function complain(name: string, error: unknown): number {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')) {
    // Behind the first sentence parseArgs advises its caller, not ours.
    const wrong = error instanceof UsageError ? message : message.split('. ')[0]
    process.stderr.write(`sallyport ${name}: ${wrong} (see sallyport ${name} --help)\n`)
    return 2
  }
  process.stderr.write(`sallyport ${name}: ${message}\n`)
  if (code === '' && error instanceof Error && error.name !== 'Error')
    process.stderr.write(`${error.stack}\n`)
  return 1
}

// Whoever reads the output may have seen enough: `| head` is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
process.exitCode = await main(process.argv.slice(2))
