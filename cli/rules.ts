/**
 * sallyport rules: from the sources of a ruleset to a signed bundle, and everything that a person asks of one.
 *
 * Finds the action and hands its arguments over; each is a file of its own, loaded when it is called.
 * `review`, `diff`, `explain`, `test` and `simulate` read bundles and never the sources.
 *
 * Exits    0 done, 1 the answer is no (problems, differences that were asked for, missing signatures), 2 the command line is wrong
 */
import { UsageError } from './usage.ts'

type Action = Readonly<{
  usage: string
  summary: string
  load: () => Promise<(argv: string[]) => number>
}>

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  [
    'check',
    {
      usage: 'DIRECTORY',
      summary: 'every problem of a ruleset, with file, line, column and what to write instead',
      load: async () => (await import('./rules-compile.ts')).checkRules,
    },
  ],
  [
    'compile',
    {
      usage: 'DIRECTORY -o FILE',
      summary:
        'the bundle, when there is no problem and every example is judged as expected; its digest on stdout',
      load: async () => (await import('./rules-compile.ts')).compileRules,
    },
  ],
  [
    'review',
    {
      usage: 'BUNDLE [--text] [-o FILE] [--signers FILE [--signature FILE …]]',
      summary: 'a page that says all that it lets through and what is released, as HTML or plain text',
      load: async () => (await import('./rules-review.ts')).reviewRules,
    },
  ],
  [
    'diff',
    {
      usage: 'OLD NEW [--html] [-o FILE]',
      summary:
        'what is now allowed, no longer allowed or changed, with a stanza for each; exit code 1 when they differ',
      load: async () => (await import('./rules-diff.ts')).diffRules,
    },
  ],
  [
    'test',
    {
      usage: 'BUNDLE [--examples BUNDLE]',
      summary:
        'the verdicts of the examples that it (or another) carries, and whether they are the expected ones',
      load: async () => (await import('./rules-test.ts')).testRules,
    },
  ],
  [
    'explain',
    {
      usage: 'BUNDLE STANZA.xml [--at DATE] [--number NUMBER]',
      summary: 'each check of a stanza in order, with its outcome and where its rule was written',
      load: async () => (await import('./rules-explain.ts')).explainRules,
    },
  ],
  [
    'simulate',
    {
      usage: 'BUNDLE FOLDER [--against BUNDLE] [--at DATE]',
      summary:
        'a folder of recorded stanzas under the bundle; verdicts that differ from the other bundle come first',
      load: async () => (await import('./rules-simulate.ts')).simulateRules,
    },
  ],
  [
    'export',
    {
      usage: 'BUNDLE --relaxng [-o FILE]',
      summary: 'its profile and accepted labels as a RELAX NG schema, for other tools',
      load: async () => (await import('./rules-export.ts')).exportRules,
    },
  ],
  [
    'sign',
    {
      usage: 'BUNDLE --key FILE [-o FILE]',
      summary: 'has ssh-keygen sign it; the signature is written beside it',
      load: async () => (await import('./rules-sign.ts')).signRules,
    },
  ],
  [
    'verify',
    {
      usage: 'BUNDLE --signers FILE [--signature FILE …] [--after BUNDLE] [--sources DIRECTORY]',
      summary: 'whether a guard that demands signatures would run it now',
      load: async () => (await import('./rules-verify.ts')).verifyRules,
    },
  ],
])

export async function rulesCommand(argv: string[]): Promise<number> {
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
    process.stdout.write(`usage: sallyport rules ${name} ${action.usage}\n\n${action.summary}\n`)
    return 0
  }
  const run = await action.load()
  return run(rest)
}

function help(): string {
  const lines = [...ACTIONS].map(([name, { usage, summary }]) => `  ${name} ${usage}\n            ${summary}`)
  return `usage: sallyport rules ACTION …

DIRECTORY holds ruleset.yaml, the SPIFs that it names, and examples.yaml (doc/ruleset.md). BUNDLE is a file that compile wrote.

${lines.join('\n')}
`
}
