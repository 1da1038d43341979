/**
 * fuzz: hostile octets for what reads octets, guided by coverage.
 *
 *   npm run fuzz                          every target, one hour each
 *   npm run fuzz -- --seconds 60 jid der  these targets, a minute each
 *   npm run fuzz -- --replay FILE jid     one input again, without the fuzzer
 *
 * What is found to run something new is in .fuzz/corpus, and a small choice of it in test/fuzz/corpus, which `npm test` runs. A
 * finding (an exception, a wrong answer, more than a second of processor time, memory without bound) is written to
 * .fuzz/findings, and the command ends with 1.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeCommand } from './debian13.ts'
import type { EngineReport } from './engine.ts'
import { keptDirectory } from './kept.ts'
import type { Target } from './target.ts'
import { loadTarget, TARGET_NAMES, type TargetName } from './targets.ts'
import { watched } from './watch.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WORK = join(ROOT, '.fuzz')
const ENGINE = fileURLToPath(new URL('engine.ts', import.meta.url))
/** Octets of the inputs that the fuzzer makes. */
const MOST_OCTETS = 4096
/** One input that never ends; what only takes too long, watch.ts sees. */
const HANGS_S = 20
const MOST_MEMORY_MB = 1500

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '3600' }, replay: { type: 'string' } },
  allowPositionals: true,
})
const names = positionals.length === 0 ? TARGET_NAMES : positionals.map(targetNamed)
const seconds = Number(values.seconds)
if (!Number.isInteger(seconds) || seconds < 1) fail('--seconds is a whole number from 1')

let interrupted = false
process.on('SIGINT', () => {
  interrupted = true // the engine has it too, and ends by itself
})

if (values.replay !== undefined) await replay(values.replay)
else {
  const node = nodeCommand()
  for (const name of names) {
    if (!interrupted && !(await fuzz(name, node))) process.exitCode = 1
  }
}

function targetNamed(word: string): TargetName {
  return TARGET_NAMES.find((name) => name === word) ?? fail(`no target "${word}": ${TARGET_NAMES.join(', ')}`)
}

function fail(what: string): never {
  console.error(what)
  process.exit(2)
}

async function replay(file: string): Promise<void> {
  if (positionals.length !== 1) fail('--replay FILE TARGET')
  const { check, slowest } = watched(await loadTarget(names[0]!))
  check(readFileSync(file))
  console.log(`${names[0]}: nothing wrong, ${slowest().ms.toFixed(0)} ms`)
}

/** Fuzzes one target and says what came of it; whether nothing was found. */
async function fuzz(name: TargetName, node: readonly string[]): Promise<boolean> {
  const [corpus, findings, seeds] = ['corpus', 'findings', 'seeds'].map((part) => join(WORK, part, name)) as [
    string,
    string,
    string,
  ]
  const target = await loadTarget(name)
  rmSync(seeds, { recursive: true, force: true })
  for (const directory of [corpus, findings, seeds, keptDirectory(name)])
    mkdirSync(directory, { recursive: true })
  for (const [index, seed] of target.seeds().entries()) writeFileSync(join(seeds, String(index)), seed)
  const dictionary = join(WORK, 'seeds', `${name}.dict`)
  writeFileSync(dictionary, dictionaryOf(target))
  const report = join(WORK, 'seeds', `${name}.report`)
  rmSync(report, { force: true })
  const before = new Set(readdirSync(findings))

  const [program, ...words] = node
  const engine = spawn(
    program!,
    [
      ...words,
      '--disable-warning=ExperimentalWarning',
      ...[ENGINE, name, corpus, findings, report, corpus, keptDirectory(name), seeds],
      `-max_total_time=${seconds}`,
      `-max_len=${MOST_OCTETS}`,
      `-timeout=${HANGS_S}`,
      `-rss_limit_mb=${MOST_MEMORY_MB}`,
      `-dict=${dictionary}`,
      `-artifact_prefix=${findings}/`,
      '-use_value_profile=1',
      '-print_final_stats=1',
      ...['int', 'term', 'segv'].map((signal) => `-handle_${signal}=0`),
    ],
    { stdio: ['ignore', 'inherit', 'pipe'] },
  )
  const ended = once(engine, 'close')
  const status = { inputs: 0, covered: 0, corpus: 0, memory: 0 }
  const said: string[] = []
  for await (const line of createInterface(engine.stderr)) {
    if (!readStatus(line, status) && !/^(INFO:|Dictionary:|#|")/.test(line)) said.push(line)
  }
  const [exit, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  const code = exit ?? signal

  const made = readdirSync(findings).filter((file) => !before.has(file))
  const done = code === 0 && made.length === 0 && status.inputs > 0
  const facts = [`${status.inputs} executions`, `peak memory ${status.memory} MB`]
  try {
    const { branches, slowest, kept } = JSON.parse(readFileSync(report, 'utf8')) as EngineReport
    facts.push(
      `${status.covered} of ${branches} branches loaded`,
      `${status.corpus} inputs in the corpus, ${kept} kept`,
    )
    facts.push(`slowest ${slowest.ms.toFixed(0)} ms (${slowest.octets} octets)`)
  } catch {
    facts.push('no report: libFuzzer ended the process')
  }
  console.log(`${done ? 'ok   ' : 'FOUND'} ${name}: ${facts.join(', ')}`)
  if (done) return true
  console.log(said.slice(-40).join('\n'))
  for (const file of made)
    console.log(`again: npm run fuzz -- --replay ${join('.fuzz/findings', name, file)} ${name}`)
  if (made.length === 0) console.log(`the engine ended with ${code}`)
  return false
}

/** Whether a line of libFuzzer's was one of figures, which are noted. */
function readStatus(
  line: string,
  status: { inputs: number; covered: number; corpus: number; memory: number },
): boolean {
  const figures = /^#(\d+)\s.* cov: (\d+) .*corp: (\d+)\/.* rss: (\d+)Mb/.exec(line)
  const final = /^stat::(\w+):\s+(\d+)/.exec(line)
  if (figures !== null) {
    const [inputs, covered, corpus, memory] = figures.slice(1).map(Number) as [number, number, number, number]
    Object.assign(status, { inputs, covered, corpus, memory: Math.max(memory, status.memory) })
  } else if (final?.[1] === 'number_of_executed_units') status.inputs = Number(final[2])
  else if (final?.[1] === 'peak_rss_mb') status.memory = Number(final[2])
  return figures !== null || final !== null
}

/** libFuzzer's form: a quoted token a line, octets that are not plain as \xHH. An empty file it takes for an error. */
function dictionaryOf(target: Target): string {
  const lines = target.dictionary.map((token) => {
    const quoted = Array.from(Buffer.from(token, 'latin1'), (octet) => {
      const plain = octet > 0x20 && octet < 0x7f && octet !== 0x22 && octet !== 0x5c
      return plain ? String.fromCharCode(octet) : `\\x${octet.toString(16).padStart(2, '0')}`
    })
    return `"${quoted.join('')}"`
  })
  return ['# tokens', ...lines, ''].join('\n')
}
