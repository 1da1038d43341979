/**
 * One thread that holds a mutated copy of a verifier and tries mutants on the corpus. A mutant that acts when the module is
 * loaded, or whose module keeps what it computed, needs a thread of its own: `only` names it, and it is on from the start.
 *
 * Stryker's copy counts which mutants each case reaches, so a mutant meets first the cases that reach it. It counts too how often
 * a mutant is reached while it is on: far oftener than any case needs, and it hangs.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import type { Case } from './cases.ts'
import { HIT_LIMIT, loadSubject, type Said, type Subject } from './subject.ts'
import type { Side } from './targets.ts'

export type Work = Readonly<{
  side: Side
  tree: string
  bundles: readonly Bundle[]
  cases: readonly Case[]
  expected: readonly Expected[]
  only?: string
}>

/** What counts: verdict and octets, as the other verifier has them; and reason and place, as the program itself has them. */
export type Expected = Said

/**
 * How a mutant was found out, and by which case. `lenient`: hostile cases that it let through by itself. `tried`: hostile cases that
 * reach it; all of them are tried, whenever it was found out.
 */
export type Found = Readonly<{
  id: string
  by: 'verdict' | 'told' | 'exception' | 'hang' | 'nothing'
  at?: number
  tried: number
  lenient: number
  /** Hostile cases that would cross the pair. */
  leaks: number
}>

/** How often a mutant may be reached by one case, and while code is loaded and bundles are read. */
const MOST_HITS = 300_000
const MOST_HITS_AT_START = 60_000_000
/** Of refused cases that are not hostile by where they come from, one in so many is tried with every mutant. */
const SPARED = 101
/** Hostile cases of so many bundles are tried where bundles are read anew for each mutant. */
const FEW = 2
/** After so many cases at which a mutant falls silent, no more are tried. */
const ENOUGH = 20

const work = workerData as Work
// Buffers come out of the message as plain octets.
const cases = work.cases.map(
  (one) => Object.fromEntries(Object.entries(one).map(([name, value]) => [name, asBuffer(value)])) as Case,
)
const stryker: {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number
  hitLimit?: number
  mutantCoverage: { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
} = { mutantCoverage: { static: {}, perTest: {} }, hitCount: 0, hitLimit: MOST_HITS_AT_START }
Object.assign(globalThis, { __stryker__: stryker })
if (work.only !== undefined) stryker.activeMutant = work.only

let subject: Subject | undefined
let broken: Found['by'] = 'exception'
try {
  subject = await loadSubject(work.side, work.tree, work.bundles)
} catch (error) {
  // A mutant that is on from the start may break the loading: the stage would not start.
  broken = kindOf(error)
}

/** Indexes of the cases that reach a mutant, by its id; and the bundles that reach it when they are read. */
const reachedBy = new Map<string, number[]>()
const reachedByReading = new Map<string, Set<number>>()
if (work.only === undefined) {
  const reached = stryker.mutantCoverage.perTest
  for (const [index, one] of cases.entries()) {
    Object.assign(reached, { reading: {}, case: {} })
    stryker.currentTestId = 'reading'
    subject!.prepare(one)
    stryker.currentTestId = 'case'
    subject!.say(one)
    for (const id of Object.keys(reached['reading']!)) {
      if (one.kind !== 'bundle')
        reachedByReading.set(id, (reachedByReading.get(id) ?? new Set()).add(one.bundle))
    }
    for (const id of Object.keys(reached['case']!)) {
      const known = reachedBy.get(id)
      if (known === undefined) reachedBy.set(id, [index])
      else known.push(index)
    }
  }
  stryker.currentTestId = undefined
}
// Counting costs time: no more of it.
stryker.mutantCoverage.perTest = {}
parentPort!.postMessage({ ready: Object.keys(stryker.mutantCoverage.static) })
parentPort!.on('message', ({ id }: { id: string }) => parentPort!.postMessage(attempt(id)))

function asBuffer(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asBuffer)
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : value
}

function kindOf(error: unknown): 'hang' | 'exception' {
  return error instanceof Error && error.message.startsWith(HIT_LIMIT) ? 'hang' : 'exception'
}

function attempt(id: string): Found {
  if (subject === undefined) return { id, by: broken, tried: 0, lenient: 0, leaks: 0 }
  const reached = reachedBy.get(id) ?? []
  const bundles = reachedByReading.get(id)
  const anew = bundles !== undefined
  const first = work.only !== undefined ? [...cases.keys()] : anew ? casesUnder(bundles, reached) : reached
  if (anew) subject.forget()
  const found = tryCases(id, first) ?? tryRest(id)
  const { by, at } = found ?? { by: 'nothing' }
  const pair = tryHostile(id, anew ? first.filter((one) => placeOf(one) < FEW) : first)
  if (anew) subject.forget()
  return { id, by, ...(at === undefined ? {} : { at }), ...pair }
}

/** What a program keeps from one case to the next may hide that a case reaches a mutant: all cases, with nothing kept. */
function tryRest(id: string): Pick<Found, 'by' | 'at'> | undefined {
  if (work.side === 'verify' || work.only !== undefined) return undefined
  subject!.forget()
  const found = tryCases(id, [...cases.keys()])
  subject!.forget()
  return found
}

/** All cases under some bundles, and those `reached` besides. Files first; to read a bundle costs more than many cases, so its cases go together. */
function casesUnder(bundles: ReadonlySet<number>, reached: readonly number[]): number[] {
  const chosen = new Set(reached)
  for (const at of cases.keys()) if (bundles.has(placeOf(at))) chosen.add(at)
  return [...chosen].sort((a, b) => placeOf(a) - placeOf(b))
}

/** The number of a case's bundle; -1 for a file. */
function placeOf(at: number): number {
  const one = cases[at]!
  return one.kind === 'bundle' ? -1 : one.bundle
}

/** The first case that tells the mutant from the program, or undefined. */
function tryCases(id: string, indexes: readonly number[]): Pick<Found, 'by' | 'at'> | undefined {
  for (const at of indexes) {
    const said = sayAs(id, at)
    if (said === 'hang' || said === 'exception') return { by: said, at }
    if (said.verdict !== work.expected[at]!.verdict) return { by: 'verdict', at }
    if (said.told !== work.expected[at]!.told) return { by: 'told', at }
  }
  return undefined
}

/** What the mutant says of every hostile case that reaches it, and what would cross with the other verifier beside it. */
function tryHostile(id: string, reached: readonly number[]): Pick<Found, 'tried' | 'lenient' | 'leaks'> {
  let [tried, lenient, leaks, silent] = [0, 0, 0, 0]
  for (const at of reached) {
    const one = cases[at]!
    const other = work.expected[at]!
    if (one.kind !== 'stanza' || one.alone || (other.accepted && !one.hostile)) continue
    if (!one.hostile && at % SPARED !== 0) continue
    tried += 1
    const said = sayAs(id, at)
    if (typeof said === 'string') {
      // The stage is silent or gone, and nothing of this direction leaves.
      silent += 1
      if (silent === ENOUGH) break
      continue
    }
    if (said.accepted) lenient += 1
    // What `release` asks: both accept, and their octets are equal.
    if (said.accepted && other.accepted && said.verdict === other.verdict) leaks += 1
  }
  return { tried, lenient, leaks }
}

function sayAs(id: string, at: number): Said | 'hang' | 'exception' {
  const one = cases[at]!
  try {
    stryker.activeMutant = id
    stryker.hitCount = 0
    stryker.hitLimit = MOST_HITS_AT_START
    subject!.prepare(one)
    stryker.hitCount = 0
    stryker.hitLimit = MOST_HITS
    return subject!.say(one)
  } catch (error) {
    return kindOf(error)
  } finally {
    if (work.only === undefined) stryker.activeMutant = undefined
  }
}
