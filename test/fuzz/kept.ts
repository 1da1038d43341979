/**
 * The kept corpus: of all inputs that were found, a few small ones that together run what all of them run. It is in the
 * source tree, and `npm test` runs it.
 */
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TargetName } from './targets.ts'

/** Octets of the longest input that is kept. */
const MOST_OCTETS = 4096
/** Findings that were mended have names that begin so, and are never dropped. */
const FINDING = 'finding-'

/** How often a branch ran matters by these steps; that it ran at all, most: what adds less than that is not kept. */
const STEPS = [1, 2, 8, 64]
const BRANCH = 20
const worth = (feature: number): number => (feature % STEPS.length === 0 ? BRANCH : 1)

export type Input = Readonly<{ name: string; octets: Buffer }>

export function keptDirectory(target: TargetName): string {
  return fileURLToPath(new URL(`corpus/${target}`, import.meta.url))
}

export function readInputs(directory: string): Input[] {
  if (!existsSync(directory)) return []
  const names = readdirSync(directory).sort()
  return names.map((name) => ({ name, octets: readFileSync(join(directory, name)) }))
}

/**
 * Chooses at most `most` from what is kept and what was found, and writes the choice; what is kept stays as it is when nothing
 * that was found runs more. Gives how many are kept.
 * @param run gives the counters of the branches after an input, by module
 */
export function keep(
  target: TargetName,
  most: number,
  found: readonly Input[],
  run: (octets: Buffer) => readonly Uint8Array[],
): number {
  const directory = keptDirectory(target)
  const kept = readInputs(directory)
  const fits = [...kept, ...found].filter(
    ({ name, octets }) => octets.length <= MOST_OCTETS || name.startsWith(FINDING),
  )
  const candidates = fits.map((input) => ({ ...input, features: featuresOf(run(input.octets)) }))
  const chosen = choose(candidates, most)
  if (worthOf(chosen) <= worthOf(candidates.slice(0, kept.length))) return kept.length
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const { name, octets } of chosen) {
    const digest = hash('sha256', octets).slice(0, 16)
    writeFileSync(join(directory, name.startsWith(FINDING) ? name : digest), octets)
  }
  return chosen.length
}

type Candidate = Input & Readonly<{ features: readonly number[] }>

/** Findings first; then always the one that adds most, of equals the smallest. */
function choose(candidates: readonly Candidate[], most: number): Candidate[] {
  const chosen = candidates.filter(({ name }) => name.startsWith(FINDING))
  const reached = new Set(chosen.flatMap(({ features }) => features))
  let left = candidates.filter((candidate) => !chosen.includes(candidate))
  while (chosen.length < most) {
    let best: Candidate | undefined
    let gain = 0
    const useful: Candidate[] = []
    for (const candidate of left) {
      let added = 0
      for (const feature of candidate.features) if (!reached.has(feature)) added += worth(feature)
      if (added > 0) useful.push(candidate)
      const smaller = added === gain && candidate.octets.length < (best?.octets.length ?? 0)
      if (added > gain || smaller) [best, gain] = [candidate, added]
    }
    if (best === undefined || gain < BRANCH) break
    chosen.push(best)
    for (const feature of best.features) reached.add(feature)
    left = useful
  }
  return chosen
}

function worthOf(candidates: readonly Candidate[]): number {
  let sum = 0
  for (const feature of new Set(candidates.flatMap(({ features }) => features))) sum += worth(feature)
  return sum
}

function featuresOf(modules: readonly Uint8Array[]): number[] {
  const features: number[] = []
  let before = 0
  for (const counters of modules) {
    for (const [index, count] of counters.entries()) {
      if (count === 0) continue
      for (const [step, least] of STEPS.entries()) {
        if (count >= least) features.push((before + index) * STEPS.length + step)
      }
    }
    before += counters.length
  }
  return features
}
