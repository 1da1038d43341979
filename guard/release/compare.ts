/** What two answers to one frame come to. */
import type { Outcome } from '../common/record.ts'
import { compareNumbers } from '../gcxp/number.ts'
import type { Answer } from './answer.ts'

/**
 * `released` needs two acceptances that are equal in every octet. `other-frame`: the two do not speak of the same frame; no
 * verdict can be believed then.
 */
export function compareAnswers(a: Answer, b: Answer): Outcome | 'other-frame' {
  if (compareNumbers(a.number, b.number) !== 0 || Buffer.compare(a.digest, b.digest) !== 0)
    return 'other-frame'
  if (!a.opinion.accepted && !b.opinion.accepted) return 'refused'
  return a.opinion.accepted && b.opinion.accepted && Buffer.compare(a.rest, b.rest) === 0
    ? 'released'
    : 'disagreement'
}
