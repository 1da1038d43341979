/** The page of properties after a whole run: each with the tests that hold it and what became of them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Evidence, PROPERTIES, type Property } from '../../test/properties/properties.ts'
import type { Outcome, TestResult } from './file.ts'

const PAGE = 'dist/properties.md'

/** Writes the page; one count as passed when no property has a test that failed or did not run. */
export function writeProperties(root: string, outcomes: ReadonlyMap<string, Outcome>): Outcome {
  const lines: string[] = []
  const problems: string[] = []
  const sums = { held: 0, partly: 0, others: 0 }
  for (const property of PROPERTIES) {
    const results = property.held.map((evidence) => ({ evidence, became: becameOf(evidence, outcomes) }))
    const wrong = results.filter(({ became }) => became === 'failed' || became === undefined)
    for (const { evidence, became } of wrong)
      problems.push(`${property.id}: ${named(evidence)} ${became ?? 'did not run'}`)
    if (property.held.length === 0) sums.others += 1
    else if (results.every(({ became }) => became === 'passed')) sums.held += 1
    else sums.partly += 1
    lines.push(lineOf(property, results))
  }
  mkdirSync(join(root, 'dist'), { recursive: true })
  const head = '# Properties, as this test run found them\n\n| | property | held by | |\n|---|---|---|---|'
  writeFileSync(join(root, PAGE), `${head}\n${lines.join('\n')}\n`)
  const ok = problems.length === 0
  return {
    passed: ok ? 1 : 0,
    failed: ok ? 0 : 1,
    skipped: 0,
    ms: 0,
    notes: [
      `${sums.held} held by tests that passed, ${sums.partly} by some that were skipped or failed, ${sums.others} not this project’s alone: ${PAGE}`,
    ],
    problems,
    skips: [],
    tests: new Map(),
  }
}

function becameOf({ file, test }: Evidence, outcomes: ReadonlyMap<string, Outcome>): TestResult | undefined {
  const outcome = outcomes.get(file)
  if (outcome === undefined) return undefined
  if (test !== undefined) return outcome.tests.get(test)
  return outcome.failed > 0 ? 'failed' : outcome.skipped > 0 ? 'skipped' : 'passed'
}

function lineOf(
  { id, says, rest }: Property,
  results: readonly Readonly<{ evidence: Evidence; became: TestResult | undefined }>[],
): string {
  const held = results.map(({ evidence, became }) => `${named(evidence)}: ${became ?? 'did not run'}`)
  return `| ${id} | ${says} | ${held.join('<br>')} | ${rest ?? ''} |`
}

function named({ file, test }: Evidence): string {
  return test === undefined ? file : `${file} “${test}”`
}
