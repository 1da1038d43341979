/**
 * One process of the fuzzer: libFuzzer, as Jazzer.js brings it, over one target; then the choice of what is kept.
 *
 *   node test/fuzz/engine.ts TARGET CORPUS FINDINGS REPORT LIBFUZZER-ARGUMENTS…
 *
 * What a target throws, or is slow with, is written to FINDINGS; a hang and memory without bound libFuzzer finds itself. The
 * exit code is 0 without a finding, 1 with one, and libFuzzer's own where that ends the process.
 */
import { writeFileSync } from 'node:fs'
import { fuzzer } from '@jazzer.js/fuzzer'
import { instrument } from './instrument.ts'
import type { TargetName } from './targets.ts'

export type EngineReport = Readonly<{
  /** Branches of what the target loads. */
  branches: number
  slowest: { ms: number; octets: number }
  /** Inputs in the kept corpus. */
  kept: number
}>

const [name, corpus, findings, report, ...words] = process.argv.slice(2) as [TargetName, ...string[]]
const modules = instrument()
const { loadTarget } = await import('./targets.ts')
const { Finding, watched, writeFinding } = await import('./watch.ts')
const { keep, readInputs } = await import('./kept.ts')

const target = await loadTarget(name)
const { check, slowest } = watched(target)
/** Takes the process out of libFuzzer. */
class Stopped extends Error {}
let stopped = false

try {
  await fuzzer.startFuzzing(
    (input: Buffer) => {
      if (stopped) throw new Stopped()
      check(input)
    },
    ['fuzz', ...words],
    () => {
      stopped = true
    },
  )
} catch (error) {
  if (error instanceof Finding) {
    writeFinding(findings!, error)
    console.error(error.message)
    process.exitCode = 1
  } else if (!(error instanceof Stopped)) throw error
}

const kept = keep(name, target.kept, readInputs(corpus!), (octets) => {
  for (const counters of modules) counters.fill(0)
  try {
    target.check(octets)
  } catch {
    // A finding; it is kept once it is mended.
  }
  return modules
})
const branches = modules.reduce((sum, { length }) => sum + length, 0)
writeFileSync(report!, JSON.stringify({ branches, slowest: slowest(), kept } satisfies EngineReport))
