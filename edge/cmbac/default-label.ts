/**
 * The default label of a room of the far side, mapped: the rows of the outgoing bundle that become it, and so what a user of
 * this side writes for it.
 *
 * Discovery across the boundary cannot carry it (the profile has numbers and switches only), so it is configured on the side
 * that shows it, in the words of either policy, and shown as the default of the catalog for that room (XEP-0258 §5).
 */
import type { InputTemplate, LabelRow, OutputTemplate } from '../../rules/bundle/bundle.ts'
import { sameLabel } from '../../rules/label/label.ts'
import { type BoundLabel, fill } from '../../rules/label/template.ts'
import type { LabelReader } from './labels.ts'

/** The rows that become `label`; where there is none, those of which it is the label itself. */
export function rowsFor(
  { label }: BoundLabel,
  rows: readonly LabelRow[],
  read: LabelReader,
): readonly LabelRow[] {
  const holds = (template: InputTemplate | OutputTemplate): boolean => {
    const labels = read(spelled(template))
    return !('problem' in labels) && labels.some((one) => sameLabel(one.label, label))
  }
  const released = rows.filter(({ output }) => holds(output.template))
  return released.length > 0 ? released : rows.filter(({ input }) => holds(input.template))
}

/** A template with some date in its holes. */
export function spelled(template: InputTemplate | OutputTemplate): string {
  return fill(template, { creation: SOME_DATE, review: SOME_DATE, now: 0 })!
}

const SOME_DATE = '2000-01-01T00:00:00Z'
