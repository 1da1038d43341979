/**
 * sallyport edge: runs and proves the edge of one side, and asks one that runs (doc/edge.md).
 *
 * Exits    0 done, 1 the configuration or the edge failed, 2 the command line is wrong
 */
import { parseArgs } from 'node:util'
import { UsageError } from './usage.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>
/** `takes` are its options beside --config, `words` what stands behind its name. */
type Action = Readonly<{
  usage: string
  summary: string
  takes: Readonly<Record<string, 'string' | 'boolean'>>
  words: number
  run(file: string, values: Values, words: readonly string[]): Promise<number>
}>

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  [
    'run',
    {
      usage: '--config FILE',
      summary: 'runs the edge until SIGTERM or SIGINT',
      takes: {},
      words: 0,
      run: async (file) => (await import('./edge-run.ts')).runCommand(file),
    },
  ],
  [
    'check',
    {
      usage: '--config FILE [--offline]',
      summary:
        'proves all that it needs: files, certificates, ports, and by the network names, own servers and the guard; one line a finding',
      takes: { offline: 'boolean' },
      words: 0,
      run: async (file, { offline }) =>
        (await import('./edge-check.ts')).checkCommand(file, offline === true),
    },
  ],
  [
    'reload',
    {
      usage: '--config FILE',
      summary: 'has the running edge go by its configuration as it is now; streams that stay allowed stay',
      takes: {},
      words: 0,
      run: async (file) => (await import('./edge-reload.ts')).reloadCommand(file),
    },
  ],
  [
    'config',
    {
      usage: '--config FILE [--running]',
      summary: 'shows the configuration with its defaults, or the one in force; no secret is in it',
      takes: { running: 'boolean' },
      words: 0,
      run: async (file, { running }) =>
        (await import('./edge-config.ts')).configCommand(file, running === true),
    },
  ],
  [
    'sessions',
    {
      usage: '--config FILE [--json]',
      summary: 'who is connected, by which certificate, how long and how much; who is not there, and why',
      takes: { json: 'boolean' },
      words: 0,
      run: async (file, { json }) =>
        (await import('./edge-sessions.ts')).sessionsCommand(file, json === true),
    },
  ],
  [
    'end',
    {
      usage: 'SESSION --config FILE',
      summary: 'ends one s2s stream; the server may open it again',
      takes: {},
      words: 1,
      run: async (file, _, [session]) => (await import('./edge-sessions.ts')).endCommand(file, session!),
    },
  ],
  [
    'queue',
    {
      usage:
        'list|retry|drop --config FILE [--json]; drop: --name NAME, or --from JID and --to JID, or --domain DOMAIN',
      summary:
        'what waits on the disk, never what it says; has absent servers tried at once; gives up what waits, as if it had expired',
      takes: { json: 'boolean', name: 'string', from: 'string', to: 'string', domain: 'string' },
      words: 1,
      run: async (file, values, [verb]) =>
        (await import('./edge-queue.ts')).queueCommand(file, verb!, values),
    },
  ],
  [
    'restored',
    {
      usage: '--config FILE [--moved]',
      summary:
        'after the state folder was restored from a backup: empties the spools and raises the generation of numbers; or, if it was moved while the edge was stopped, takes it as it is',
      takes: { moved: 'boolean' },
      words: 0,
      run: async (file, { moved }) =>
        (await import('./edge-restored.ts')).restoredCommand(file, moved === true),
    },
  ],
  [
    'explain',
    {
      usage: 'DOMAIN --config FILE',
      summary: 'which rule of controls holds for a domain, and why each other one does not',
      takes: {},
      words: 1,
      run: async (file, _, [domain]) => (await import('./edge-explain.ts')).explainCommand(file, domain!),
    },
  ],
  [
    'tap',
    {
      usage:
        '--config FILE [--from JID] [--to JID] [--kind message|presence|iq] [--count N] [--seconds N] [--json]',
      summary: 'shows stanzas as they pass, what users wrote hidden; for a minute unless told otherwise',
      takes: {
        ...{ from: 'string', to: 'string', kind: 'string', count: 'string', seconds: 'string' },
        json: 'boolean',
      },
      words: 0,
      run: async (file, values) => (await import('./edge-tap.ts')).tapCommand(file, values),
    },
  ],
])

export async function edgeCommand(argv: string[]): Promise<number> {
  const [name = '', ...rest] = argv
  if (name === '--help' || name === '-h') {
    process.stdout.write(help())
    return 0
  }
  const action = ACTIONS.get(name)
  if (action === undefined) throw new UsageError(`say one of ${[...ACTIONS.keys()].join(', ')}`)
  const options = Object.entries({ config: 'string' as const, ...action.takes })
  const { values, positionals } = parseArgs({
    args: rest,
    options: {
      ...Object.fromEntries(options.map(([option, type]) => [option, { type }])),
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  })
  if (values['help'] === true) {
    process.stdout.write(`usage: sallyport edge ${name} ${action.usage}\n\n${action.summary}\n`)
    return 0
  }
  const config = (values as Values)['config']
  if (positionals.length !== action.words)
    throw new UsageError(
      action.words === 0 ? `${name} takes no word` : `${name} needs one word: ${action.usage}`,
    )
  if (typeof config !== 'string') throw new UsageError('--config FILE is missing')
  return action.run(config, values as Values, positionals)
}

function help(): string {
  const lines = [...ACTIONS].map(([name, { usage, summary }]) => `  ${name} ${usage}\n            ${summary}`)
  return `usage: sallyport edge ACTION …\n\n${lines.join('\n')}\n`
}
