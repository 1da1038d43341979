/** The four classes by which verdicts are counted apart, for audit: what passed, and what a label kept from passing. */
import type { Reason } from '../../rules/reasons.ts'
import type { Outcome } from './record.ts'

export const VERDICT_CLASSES = ['passed', 'label-invalid', 'label-missing', 'other'] as const
export type VerdictClass = (typeof VERDICT_CLASSES)[number]

/** The class of a refusal, by the reason that inspect gave. */
export function refusalClass(reason: Reason): Exclude<VerdictClass, 'passed'> {
  switch (reason) {
    case 'label-missing':
      return 'label-missing'
    case 'label-unexpected':
    case 'label-repeated':
    case 'label-malformed':
    case 'label-unlisted':
    case 'label-date':
      return 'label-invalid'
    default:
      return 'other'
  }
}

/** The class of a verdict. What the verifiers disagree on is `other`. */
export function verdictClass(outcome: Outcome, reason: Reason): VerdictClass {
  if (outcome === 'released') return 'passed'
  return outcome === 'refused' ? refusalClass(reason) : 'other'
}
