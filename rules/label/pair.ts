/**
 * Pairs: two labels under two policies that say the same, in one stanza.
 *
 *   +equivalentlabel   XEP-0258 §3: `label`, then `equivalentlabel`; each payload is a label by itself, so both have the
 *                      root that readers of the field look for
 *   +alternative       ADatP-4774.1 §4.3: the originator's label, then alternativeConfidentialityLabel. Bound by STANAG
 *                      4778 both are Metadata of one MetadataBinding; XEP-0258 has one payload for `label`, so there the
 *                      alternative is that of an `equivalentlabel`
 *
 * Both labels are of one format. Which of them decides is for the row to say, not for its place.
 */
import type { LabelForm, PairForm, RowForm } from '../bundle/bundle.ts'
import type { LabelRole } from './stanag4774.ts'

/** How a second label is added. */
export type PairMode = 'equivalentlabel' | 'alternative'

type Pair = Readonly<{ of: LabelForm; mode: PairMode }>

const PAIRS: ReadonlyMap<RowForm, Pair> = new Map<PairForm, Pair>([
  ['ess-0258+equivalentlabel', { of: 'ess-0258', mode: 'equivalentlabel' }],
  ['4774-0258+equivalentlabel', { of: '4774-0258', mode: 'equivalentlabel' }],
  ['4774-0258+alternative', { of: '4774-0258', mode: 'alternative' }],
  ['4774-4778+alternative', { of: '4774-4778', mode: 'alternative' }],
])

export function isPair(form: RowForm): form is PairForm {
  return PAIRS.has(form)
}

/** The form of each label of a pair; of one label its own. */
export function singleForm(form: RowForm): LabelForm {
  return PAIRS.get(form)?.of ?? (form as LabelForm)
}

/** The form of a pair; undefined when that form of label has no place for a second one of that kind. */
export function pairForm(of: LabelForm, mode: PairMode): PairForm | undefined {
  for (const [form, pair] of PAIRS) if (pair.of === of && pair.mode === mode) return form as PairForm
  return undefined
}

/** The form of the same labels where each has the form `of`: the second goes with the first in the same way, where there is one. */
export function formIn(of: LabelForm, form: RowForm): RowForm {
  const pair = PAIRS.get(form)
  if (pair === undefined) return of
  return (
    pairForm(of, pair.mode) ?? pairForm(of, pair.mode === 'alternative' ? 'equivalentlabel' : 'alternative')!
  )
}

/** The STANAG 4774 root of the second label of a pair. */
export function secondRole(form: PairForm): LabelRole {
  return PAIRS.get(form)!.mode === 'alternative' ? 'alternative' : 'originator'
}
