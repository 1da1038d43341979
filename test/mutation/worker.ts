/**
 * One thread that holds a mutated copy of a verifier and tries mutants on the corpus. A mutant that code outside of functions holds
 * acts when the module is loaded, so it needs a thread of its own: `only` names it, and it is on from the start.
 */
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import type { StanzaNumber } from '../../rules/text/numbered.ts'
import { NUMBER } from '../support/number.ts'
import { encodeBundle } from '../verify/fixture.ts'
import { type Frame, toldOf, type Verdict, verdictOf } from './corpus.ts'
import { ENTRY, type Side } from './targets.ts'

export type Work = Readonly<{
  side: Side
  tree: string
  bundles: readonly Bundle[]
  corpus: readonly Frame[]
  expected: readonly Expected[]
  only?: string
}>

/** What counts: verdict and octets, as the other verifier has them; and reason and place, as the program itself has them. */
export type Expected = Readonly<{ verdict: string; told: string; hostile: boolean }>

/** How a mutant was found out. `lenient`: it accepted what both honest verifiers refuse, before it was found out. */
export type Found = Readonly<{
  id: string
  by: 'verdict' | 'told' | 'exception' | 'nothing'
  lenient: boolean
  at?: number
}>

type Decider = (stanza: Buffer, second: number, number: StanzaNumber) => Verdict

const work = workerData as Work
// Buffers come out of the message as plain octets.
const corpus = work.corpus.map((frame) => ({ ...frame, stanza: Buffer.from(frame.stanza) }))
const stryker: {
  activeMutant?: string | undefined
  mutantCoverage?: { static: Record<string, number>; perTest: object }
  currentTestId?: string
} = {}
Object.assign(globalThis, { __stryker__: stryker })
if (work.only !== undefined) stryker.activeMutant = work.only

let make: ((bundle: Bundle) => Decider) | undefined
try {
  make = await load()
} catch {
  // A mutant that is on from the start may break the loading: the stage would not start.
}
const covered = { static: Object.keys(stryker.mutantCoverage?.static ?? {}) }
parentPort!.postMessage({ ready: covered.static })
parentPort!.on('message', ({ id }: { id: string }) => parentPort!.postMessage(attempt(id)))

async function load(): Promise<(bundle: Bundle) => Decider> {
  if (work.side === 'inspect') {
    const { createDecider } = (await import(
      join(work.tree, ENTRY.inspect)
    )) as typeof import('../../rules/decide/decide.ts')
    return createDecider
  }
  const { readBundle } = (await import(
    join(work.tree, 'guard/verify/bundle.ts')
  )) as typeof import('../../guard/verify/bundle.ts')
  const { makeDecider } = (await import(
    join(work.tree, ENTRY.verify)
  )) as typeof import('../../guard/verify/decide.ts')
  return (bundle) => {
    const { octets, digest } = encodeBundle(bundle)
    return makeDecider(readBundle(octets, digest)) as Decider
  }
}

function attempt(id: string): Found {
  stryker.activeMutant = id
  let at = 0
  let toldAt = -1
  const lenient = false
  try {
    if (make === undefined) return { id, by: 'exception', lenient }
    const deciders = work.bundles.map(make)
    for (const { bundle, stanza, second } of corpus) {
      const expected = work.expected[at]!
      const verdict = deciders[bundle]!(stanza, second, NUMBER)
      if (verdictOf(verdict) !== expected.verdict) {
        return { id, by: 'verdict', lenient: verdict.accepted && expected.hostile, at }
      }
      if (toldAt < 0 && toldOf(verdict) !== expected.told) toldAt = at
      at += 1
    }
  } catch {
    return { id, by: 'exception', lenient, at }
  } finally {
    stryker.activeMutant = undefined
  }
  return toldAt < 0 ? { id, by: 'nothing', lenient } : { id, by: 'told', lenient, at: toldAt }
}
