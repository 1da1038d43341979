/**
 * test: runs the project's checks and tests and closes with `N passed, N failed`.
 *
 *   npm test                        everything: tools, Debian packages when root, test files
 *   npm test -- guard/verify knip   only the checks and test files with one of these in their names
 *   npm test -- path/to/file.ts     exactly that file, whatever its name
 *
 * Options  --jobs N      test files at a time (2)
 *          --timeout N   seconds that a file may take (300; 600 in test/interop and test/faults)
 *          --verbose     the files' whole output
 *
 * Counted are: each tool check as one, and each top-level test of a test file as one. Failures too are
 * a test that asserts nothing, a file that runs no test, a file that ends with an exit code, a signal or
 * after its time, and processes that it leaves behind. Skipped tests are counted beside; under CI those of
 * test/interop are failures. Test files in test/interop and test/faults (but for planted faults) run alone, after the others. A whole run ends with the
 * page of properties (dist/properties.md): one that no test holds any more is a failure.
 */
import { existsSync, globSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Check, checks, debian } from './test/checks.ts'
import { type Outcome, runFile, stopAll } from './test/file.ts'
import { readOptions, UsageError } from './test/options.ts'
import { writeProperties } from './test/properties.ts'
import { pinnedNode } from './test/runtime.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const alone = /^test\/(interop|faults(?!\/planted))\//
const isRoot = process.getuid?.() === 0
const inCi = process.env['CI'] === 'true'
const started = performance.now()
const outcomes = new Map<string, Outcome>()
const total = { passed: 0, failed: 0, skipped: 0 }
let complete = false

// Said on the way out and nowhere else, so that it is the last line whatever happens before.
process.on('exit', (code) => {
  if (!complete) total.failed += 1
  if (total.failed > 0 && code === 0) process.exitCode = 1
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
})
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.on(signal, () => {
    stopAll()
    console.log(`stopped by ${signal}`)
    process.exit(128 + number)
  })
}
process.on('uncaughtException', (error) => {
  stopAll()
  console.log(error instanceof UsageError ? error.message : error)
  process.exit(1)
})

process.chdir(root)
await main()
complete = true
console.log(
  `\nran ${((performance.now() - started) / 1000).toFixed(1)} s under Node ${process.versions.node}`,
)

async function main(): Promise<void> {
  const { filters, jobs, timeout, verbose } = readOptions(process.argv.slice(2))
  if (process.versions.node !== pinnedNode(root)) {
    throw new UsageError(`this is Node ${process.versions.node}, not ${pinnedNode(root)}: run "npm test"`)
  }

  const { tools, files } = select(filters)
  if (tools.length + files.length === 0)
    throw new UsageError(`no check or test file has this in its name: ${filters.join(' ')}`)

  await inParallel(tools, jobs, async (check) => report(check.name, await check.run(root)))

  const run = async (file: string) => {
    const limit = timeout ?? (alone.test(file) ? 600 : 300)
    const possible = isRoot || !file.startsWith('test/interop/')
    const outcome = possible ? await runFile(root, file, limit, verbose) : notRun()
    outcomes.set(file, outcome)
    report(file, outcome)
  }
  await inParallel(
    files.filter((file) => !alone.test(file)),
    jobs,
    run,
  )
  await inParallel(
    files.filter((file) => alone.test(file)),
    1,
    run,
  )
  if (filters.length === 0) report('tools/properties (P01 to P44)', writeProperties(root, outcomes))
}

function select(filters: string[]): { tools: Check[]; files: string[] } {
  const files = globSync('test/**/*.test.ts', { cwd: root, exclude: ['**/fixtures/**'] }).sort()
  if (filters.length === 0) return { tools: checks, files }
  const wanted = filters.map((filter) => relative(root, filter) || filter)
  const exact = wanted.filter((filter) => filter.endsWith('.ts') && existsSync(filter))
  const parts = wanted.filter((filter) => !exact.includes(filter))
  const matches = (name: string) => parts.some((part) => name.includes(part))
  const chosen = [...new Set([...exact, ...files.filter(matches)])]
  const needy = chosen.some((file) => alone.test(file))
  const tools = checks.filter((check) => matches(check.name) || (needy && check === debian))
  return { tools, files: chosen }
}

function notRun(): Outcome {
  const why = 'needs root, for network namespaces and Debian packages'
  return { passed: 0, failed: 0, skipped: 1, ms: 0, notes: [], problems: [], skips: [why], tests: new Map() }
}

function report(name: string, outcome: Outcome): void {
  if (inCi && name.startsWith('test/interop/') && outcome.skipped > 0) {
    outcome.problems.push(`skipped under CI: ${outcome.skips.join('; ')}`)
    outcome.failed += outcome.skipped
    outcome.skipped = 0
  }
  total.passed += outcome.passed
  total.failed += outcome.failed
  total.skipped += outcome.skipped
  const count =
    outcome.failed > 0 ? `${outcome.passed} passed, ${outcome.failed} failed` : `${outcome.passed} passed`
  const mark = outcome.failed > 0 ? 'FAIL' : outcome.passed > 0 ? 'ok  ' : 'skip'
  const lines = [`${mark} ${name}: ${count}, ${(outcome.ms / 1000).toFixed(1)} s`]
  for (const skip of outcome.skips) lines.push(`  skipped: ${skip}`)
  for (const note of outcome.notes) lines.push(`  # ${note}`)
  for (const problem of outcome.problems.slice(0, 20)) lines.push(problem.trimEnd().replace(/^/gm, '  | '))
  if (outcome.problems.length > 20) lines.push(`  | and ${outcome.problems.length - 20} more`)
  console.log(lines.join('\n'))
}

async function inParallel<T>(items: T[], jobs: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: jobs }, worker))
}
