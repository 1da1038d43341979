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
import { loadSubject, type Said, type Subject } from './subject.ts'
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
const SPARED = 25
/** After so many cases at which a mutant falls silent, no more are tried. */
const ENOUGH = 20
/** What a mutated copy throws when it is reached oftener. */
const HIT_LIMIT = 'Stryker: Hit count limit reached'

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

/** Indexes of the cases that reach a mutant, by its id; and those that are reached when bundles are read. */
const reachedBy = new Map<string, number[]>()
const reachedByReading = new Set<string>()
if (work.only === undefined) {
  for (const [index, one] of cases.entries()) {
    stryker.currentTestId = 'reading'
    subject!.prepare(one)
    stryker.currentTestId = 'case'
    stryker.mutantCoverage.perTest['case'] = {}
    subject!.say(one)
    for (const id of Object.keys(stryker.mutantCoverage.perTest['case']!)) {
      const known = reachedBy.get(id)
      if (known === undefined) reachedBy.set(id, [index])
      else known.push(index)
    }
  }
  stryker.currentTestId = undefined
  for (const id of Object.keys(stryker.mutantCoverage.perTest['reading'] ?? {})) reachedByReading.add(id)
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
  const all = work.only !== undefined || reachedByReading.has(id)
  const first = all ? cases.keys() : reached
  let found = tryCases(id, first, all)
  // What a program keeps from one case to the next may hide that a case reaches a mutant.
  if (found === undefined && !all) found = tryCases(id, cases.keys(), true)
  const { by, at } = found ?? { by: 'nothing' }
  return { id, by, ...(at === undefined ? {} : { at }), ...tryHostile(id, all ? undefined : reached) }
}

/** The first case that tells the mutant from the program, or undefined. */
function tryCases(
  id: string,
  indexes: Iterable<number>,
  anew: boolean,
): Pick<Found, 'by' | 'at'> | undefined {
  if (anew) subject!.forget()
  try {
    for (const at of indexes) {
      const said = sayAs(id, at)
      if (said === 'hang' || said === 'exception') return { by: said, at }
      if (said.verdict !== work.expected[at]!.verdict) return { by: 'verdict', at }
      if (said.told !== work.expected[at]!.told) return { by: 'told', at }
    }
    return undefined
  } finally {
    if (anew) subject!.forget()
  }
}

/** What the mutant says of every hostile case that reaches it, and what would cross with the other verifier beside it. */
function tryHostile(
  id: string,
  reached: readonly number[] | undefined,
): Pick<Found, 'tried' | 'lenient' | 'leaks'> {
  let [tried, lenient, leaks, silent] = [0, 0, 0, 0]
  if (reached === undefined) subject!.forget()
  for (const at of reached ?? cases.keys()) {
    const one = cases[at]!
    const other = work.expected[at]!
    if (one.kind !== 'stanza' || (other.accepted && !one.hostile)) continue
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
  if (reached === undefined) subject!.forget()
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
