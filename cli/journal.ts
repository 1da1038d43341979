/**
 * sallyport journal: verifies and reads the audit journal of a guard, and makes its keys.
 *
 * A journal shows by itself that it was changed; that its end was cut off shows by `head.json`, and surely only by a head that
 * was kept on another host: SEQ is the metric sallyport_guard_journal_records, HASH the first 12 or more hexadecimal digits of the
 * chain value of that record (the metric sallyport_guard_journal_head_prefix, in hexadecimal).
 *
 * Exits    0 sound, done or found; 1 not sound, damaged or not found; 2 the command line is wrong or files cannot be read
 */
import { cannotRead } from '../rules/unreadable.ts'
import { UsageError } from './usage.ts'

type Action = Readonly<{
  usage: string
  summary: string
  load: () => Promise<(argv: string[]) => number | Promise<number>>
}>

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  [
    'verify',
    {
      usage: 'DIR [--public-key FILE …] [--head SEQ:HASH …]',
      summary:
        'every record unchanged, in its place, none missing; checkpoints signed by one of the keys; kept contents unchanged',
      load: async () => (await import('./journal-verify.ts')).verifyCommand,
    },
  ],
  [
    'show',
    {
      usage: 'DIR [--last N] [--outcome released|refused|disagreement] [--from TIME] [--to TIME] [--json]',
      summary: 'records, one a line',
      load: async () => (await import('./journal-show.ts')).showCommand,
    },
  ],
  [
    'trace',
    {
      usage: 'DIR … [--number G.N] [--address JID] [--from TIME] [--to TIME] [--edge DIR …] [--json]',
      summary:
        'what became of a number, of the stanzas of an address, or in a time: from all directories, in order of time',
      load: async () => (await import('./journal-trace.ts')).traceCommand,
    },
  ],
  [
    'open',
    {
      usage: 'DIR NUMBER --key FILE [--record SEQ] [-o FILE]',
      summary: 'the kept content of a stanza, with the private key for which it was sealed',
      load: async () => (await import('./journal-open.ts')).openCommand,
    },
  ],
  [
    'export',
    {
      usage: '[check] --config FILE',
      summary:
        'sends it to a syslog collector, to a witness, or to both, until it is stopped; check: whether it could',
      load: async () => (await import('./journal-export.ts')).exportCommand,
    },
  ],
  [
    'witness',
    {
      usage: '[check] --config FILE | show PATH [--key FILE]',
      summary:
        'holds the heads of journals of other hosts, until it is stopped; check: whether it could; show: the heads in its state folder, or in the witness.json of an export, for verify --head',
      load: async () => (await import('./journal-witness.ts')).witnessCommand,
    },
  ],
  [
    'key',
    {
      usage: 'FILE',
      summary: 'makes the key of the digests',
      load: async () => (await import('./journal-keys.ts')).digestKeyCommand,
    },
  ],
  [
    'signing-key',
    {
      usage: 'FILE',
      summary: 'makes the key that signs checkpoints, and FILE.pub to verify them with; says its fingerprint',
      load: async () => (await import('./journal-keys.ts')).signingKeyCommand,
    },
  ],
  [
    'content-key',
    {
      usage: 'FILE',
      summary:
        'makes the key that opens kept contents, and FILE.pub for which they are sealed; says its fingerprint',
      load: async () => (await import('./journal-keys.ts')).contentKeyCommand,
    },
  ],
])

export async function journalCommand(argv: string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--help' || name === '-h') {
    process.stdout.write(help())
    return 0
  }
  const action = name === undefined ? undefined : ACTIONS.get(name)
  if (action === undefined) {
    const known = [...ACTIONS.keys()].join(', ')
    throw new UsageError(
      name === undefined ? `say one of ${known}` : `unknown action "${name}"; say one of ${known}`,
    )
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`usage: sallyport journal ${name} ${action.usage}\n\n${action.summary}\n`)
    return 0
  }
  const run = await action.load()
  try {
    return await run(rest)
  } catch (error) {
    const { code, path, syscall } = error as NodeJS.ErrnoException
    if (code === undefined || syscall === undefined) throw error
    process.stderr.write(`${path}: ${cannotRead(error, 'give the directory of a journal')}\n`)
    return 2
  }
}

function help(): string {
  const lines = [...ACTIONS].map(([name, { usage, summary }]) => `  ${name} ${usage}\n            ${summary}`)
  return `usage: sallyport journal ACTION …

DIR is the directory of a journal (journal.directory in guard.yaml). TIME is such as 2026-01-31 or 2026-01-31T23:59:59Z.

${lines.join('\n')}
`
}
