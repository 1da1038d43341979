/**
 * Runs one test file and counts what it says in TAP.
 *
 * The file runs as a plain `node file.test.ts` in a process group of its own: tap as a library, without
 * tap's runner and its loaders, so that what is tested runs as it does in production.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { type FinalResults, Parser, type Result } from 'tap-parser'

export type Outcome = {
  passed: number
  failed: number
  skipped: number
  ms: number
  /** Comments that the tests made (`t.comment`). */
  notes: string[]
  /** What went wrong, each with its evidence. */
  problems: string[]
  /** Why something was skipped. */
  skips: string[]
  /** What became of each top-level test, by its name. */
  tests: Map<string, TestResult>
}

export type TestResult = 'passed' | 'failed' | 'skipped'

const running = new Set<ChildProcess>()

/** Ends every test file that runs, with all that it started. */
export function stopAll(): void {
  for (const child of running) signalGroup(child, 'SIGKILL')
}

export async function runFile(
  root: string,
  file: string,
  seconds: number,
  verbose: boolean,
): Promise<Outcome> {
  const started = performance.now()
  const { NODE_OPTIONS: _, ...env } = process.env
  // tap ends a test that hangs and says which; the timer below ends what tap cannot end.
  env['TAP_TIMEOUT'] = String(Math.max(Math.ceil(seconds * 0.9), seconds - 10))
  const child = spawn(process.execPath, [file], {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)

  const tap = readTap()
  const stderr = lastLines(60)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (verbose) process.stdout.write(text)
    tap.parser.write(text)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (verbose) process.stderr.write(text)
    stderr.push(text)
  })
  let late = false
  const timer = globalThis.setTimeout(() => {
    late = true
    signalGroup(child, 'SIGKILL')
  }, seconds * 1000)

  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (...how) => resolve(how))
    child.once('error', (error) => {
      stderr.push(String(error))
      resolve([127, null])
    })
  })
  clearTimeout(timer)
  const leftBehind = !(await groupEnds(child, 2000))
  if (leftBehind) signalGroup(child, 'SIGKILL')
  await closed
  running.delete(child)
  const where = tap.where()
  tap.parser.end()

  const outcome: Outcome = { ...tap.counted, ms: performance.now() - started }
  const fault = (problem: string) => {
    outcome.failed += 1
    outcome.problems.push(problem)
  }
  if (late) fault(`did not end within ${seconds} s and was killed${where}`)
  else if (signal !== null) fault(`ended by ${signal}${where}`)
  else {
    for (const problem of tap.broken) fault(problem)
    if (code !== 0 && outcome.failed === 0) fault(`ended with exit code ${code}, though no test failed`)
  }
  if (leftBehind && !late) fault('left processes behind (killed now)')
  if (outcome.passed + outcome.failed + outcome.skipped === 0) fault('ran no test')
  if (outcome.failed > 0 && !verbose) {
    const rest = [tap.extra.text(), stderr.text()].filter((text) => text.trim() !== '')
    if (rest.length > 0) outcome.problems.push(`its other output:\n${rest.join('\n')}`)
  }
  return outcome
}

/** Counts top-level tests, and takes failures and comments from any depth. */
function readTap() {
  const parser = new Parser()
  const counted = {
    passed: 0,
    failed: 0,
    skipped: 0,
    notes: [] as string[],
    problems: [] as string[],
    skips: [] as string[],
    tests: new Map<string, TestResult>(),
  }
  const extra = lastLines(60)
  const broken: string[] = []
  let hollow: string[] = []
  let open: string[] = []

  const follow = (level: Parser, parents: string[]) => {
    let childFailed = false
    level.on('comment', (text: string) => {
      const comment = text.replace(/^\s*#\s*/, '').trim()
      if (comment !== '' && !/^(Subtest($|:)|time=|\{ total:|test count\(|failed \d+ of )/.test(comment))
        counted.notes.push(comment)
    })
    level.on('extra', (text: string) => extra.push(text))
    level.on('child', (child: Parser) => {
      const path = [...parents, child.name]
      open = path
      follow(child, path)
      child.on('complete', (results: FinalResults) => {
        childFailed = !results.ok
        open = parents
        if (results.count === 0 && results.plan.skipReason === '') hollow.push(path.join(' > '))
      })
    })
    level.on('assert', (result: Result) => {
      const name = [...parents, result.name].join(' > ')
      if (result.skip || result.todo) {
        const why = [result.skip, result.todo].find((text) => typeof text === 'string')
        counted.skips.push(why === undefined ? name : `${name}: ${why}`)
      } else if (!result.ok && !childFailed) {
        // After a failed child its parent's line only repeats it.
        counted.problems.push(`not ok: ${name}\n${describe(result.diag)}`)
      }
      childFailed = false
    })
  }
  follow(parser, [])

  parser.on('assert', (result: Result) => {
    const became =
      result.skip || result.todo ? 'skipped' : !result.ok || hollow.length > 0 ? 'failed' : 'passed'
    counted[became] += 1
    counted.tests.set(result.name, became)
    if (result.ok && became === 'failed')
      counted.problems.push(...hollow.map((path) => `asserts nothing: ${path}`))
    hollow = []
  })
  parser.on('bailout', (reason: string) => {
    counted.failed += 1
    counted.problems.push(`bailed out: ${reason}`)
  })
  parser.on('complete', (results: FinalResults) => {
    for (const failure of results.failures) {
      if (failure.tapError) broken.push(`broken TAP: ${failure.tapError}`)
    }
  })
  return {
    parser,
    counted,
    broken,
    extra,
    where: () => (open.length > 0 ? `, in "${open.join(' > ')}"` : ''),
  }
}

/** tap's diagnostics, without the source text that the place already tells. */
function describe(diag: unknown): string {
  if (typeof diag !== 'object' || diag === null) return ''
  const { at, source: _source, stack, ...rest } = diag as Record<string, unknown>
  const place = at as { fileName?: string; lineNumber?: number } | undefined
  const lines = place?.fileName === undefined ? [] : [`at ${place.fileName}:${place.lineNumber}`]
  if (typeof stack === 'string' && stack.trim().includes('\n')) lines.push(stack.trimEnd())
  for (const [key, value] of Object.entries(rest)) {
    lines.push(`${key}: ${typeof value === 'string' ? value : inspect(value, { depth: 6 })}`)
  }
  return lines.join('\n')
}

/** Keeps the last lines of a text that arrives in pieces. */
function lastLines(count: number) {
  let kept = ''
  return {
    push(text: string) {
      kept += text
      if (kept.length > count * 500) kept = kept.slice(-count * 250)
    },
    text: () => kept.split('\n').slice(-count).join('\n').trimEnd(),
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false
  try {
    return process.kill(-child.pid, signal)
  } catch {
    return false
  }
}

/** Waits until no process of the group is left; false when some are still there after the time. */
async function groupEnds(child: ChildProcess, ms: number): Promise<boolean> {
  for (const until = performance.now() + ms; signalGroup(child, 0); await setTimeout(20)) {
    if (performance.now() > until) return false
  }
  return true
}
