/** The checks by tools, each counted as one test. */
import { spawn } from 'node:child_process'
import type { Outcome } from './file.ts'

export type Check = { name: string; run: (root: string) => Promise<Outcome> }

/** On a fresh machine this takes longest, so it comes first; without root it says what is missing. */
export const debian = check(
  'tools/debian (packages for test/interop and test/faults)',
  'node',
  'scripts/debian.ts',
)

export const checks: Check[] = [
  debian,
  check('tools/tsc (types)', 'tsc', '--noEmit', '--pretty', 'false'),
  check(
    'tools/biome (lint and format)',
    'biome',
    'ci',
    '--colors=off',
    '--error-on-warnings',
    '--max-diagnostics=50',
  ),
  check('tools/layers (import rule)', 'node', 'scripts/layers.ts'),
  check('tools/knip (nothing unused)', 'knip', '--no-progress', '--no-config-hints'),
]

function check(name: string, program: string, ...args: string[]): Check {
  return { name, run: (root) => runTool(root, program, args) }
}

/** Passes when the tool ends with 0, is skipped on 77 (with its reason as output), and fails otherwise. */
async function runTool(root: string, program: string, args: string[]): Promise<Outcome> {
  const started = performance.now()
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env['PATH']}`, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const take = (text: string) => {
    if (output.length < 50_000) output += text
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(String(error)))
    child.once('close', (status, signal) => resolve(status ?? `ended by ${signal}`))
  })
  const said = shortened(output.trim().split('\n'))
  const outcome: Outcome = {
    passed: 0,
    failed: 0,
    skipped: 0,
    ms: performance.now() - started,
    notes: [],
    problems: [],
    skips: [],
    tests: new Map(),
  }
  if (code === 0) {
    outcome.passed = 1
    outcome.notes = said === '' ? [] : said.split('\n').slice(-12)
  } else if (code === 77) {
    outcome.skipped = 1
    outcome.skips = [said]
  } else {
    outcome.failed = 1
    outcome.problems = [typeof code === 'string' ? code : `exit code ${code}`, said]
  }
  return outcome
}

/** The first and last lines: tools put the summary at the end and the first fault first. */
function shortened(lines: string[]): string {
  if (lines.length <= 120) return lines.join('\n')
  return [...lines.slice(0, 80), `… ${lines.length - 110} lines left out …`, ...lines.slice(-30)].join('\n')
}
