/**
 * The verifiers under test: what both say of the self-test is held against what they must say, before the first stanza comes in.
 */
import { hash } from 'node:crypto'
import type { SelfTestCase } from '../../rules/self-test/self-test.ts'
import { NO_ROW } from '../common/record.ts'
import { selfTestFrame } from '../common/self-test.ts'
import type { Answer } from './answer.ts'
import { compareAnswers } from './compare.ts'

export type Examination = Readonly<{
  /** Whether there are cases that have not been answered. */
  open(): boolean
  /** Takes the answers to the next case. What is wrong with them, in one line; undefined when they are as they must be. */
  take(inspect: Answer, verify: Answer): string | undefined
}>

export function examine(cases: readonly SelfTestCase[]): Examination {
  let next = 0

  function problemOf(one: SelfTestCase, a: Answer, b: Answer): string | undefined {
    const outcome = compareAnswers(a, b)
    const asked = hash('sha256', selfTestFrame(one).subarray(4), 'buffer')
    if (outcome === 'other-frame' || Buffer.compare(a.digest, asked) !== 0) return 'was not what was answered'
    const { accepted } = one
    if (accepted === undefined) {
      return outcome === 'refused' ? undefined : `must be refused; ${both(a, b)}`
    }
    if (outcome !== 'released') return `must be accepted; ${both(a, b)}`
    const row = a.opinion.row === NO_ROW ? -1 : a.opinion.row
    const right = row === accepted.row && Buffer.compare(a.output, Buffer.from(accepted.output)) === 0
    return right ? undefined : 'must become something else'
  }

  return {
    open: () => next < cases.length,
    take(inspect, verify) {
      const one = cases[next++]!
      const problem = problemOf(one, inspect, verify)
      return problem === undefined
        ? undefined
        : `self-test: case ${next} of ${cases.length}, "${one.name}", ${problem}: nothing moves; report it`
    },
  }
}

function both(a: Answer, b: Answer): string {
  return `inspect ${spoken(a)}, verify ${spoken(b)}`
}

/** What a verifier said, in words. */
export function spoken({ opinion }: Answer): string {
  return opinion.accepted ? 'accepted it' : `refused it (${opinion.reason})`
}
