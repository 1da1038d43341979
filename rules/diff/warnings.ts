/** What must not be overlooked in a difference, in words. */
import type { Bundle, LabelRow, LabelWords } from '../bundle/bundle.ts'
import { createLosses } from '../review/labels.ts'
import type { Change } from './fact.ts'
import type { Shown } from './witness.ts'

type Warnings = (change: Change, shows: Shown) => readonly string[]

export function createWarnings(old: Bundle, fresh: Bundle): Warnings {
  const [had, has] = [createLosses(old.labels.rows), createLosses(fresh.labels.rows)]
  const rowWarnings = (before: LabelRow | undefined, after: LabelRow | undefined): string[] => {
    if (after === undefined) return []
    const known = new Set(before === undefined ? [] : had(before))
    const losses = has(after).filter((loss) => !known.has(loss))
    return before === undefined ? losses : [...releasedOtherwise(before, after), ...losses]
  }
  return ({ kind, name, rows }, { now, changed }) => {
    if (rows !== undefined) return rowWarnings(rows.before, rows.after)
    if (kind !== 'default') return []
    const from = name.slice(name.indexOf('/') + 1)
    if (now !== undefined)
      return [`What comes from ${from} without a label crosses now, as ${releasedAs(fresh, from)}.`]
    return changed === undefined
      ? []
      : [
          `What comes from ${from} without a label crosses as ${releasedAs(fresh, from)} now, as ${releasedAs(old, from)} before.`,
        ]
  }
}

/** What of the released label is another one than before, whatever the policy that was accepted. */
function releasedOtherwise({ output: was }: LabelRow, { output: is }: LabelRow): string[] {
  if (JSON.stringify(was.template) === JSON.stringify(is.template)) return []
  if (was.words === undefined || is.words === undefined)
    return [`released as ${is.marking} now, as ${was.marking} before`]
  const says = (what: string, of: (words: LabelWords) => string): string[] => {
    const [before, after] = [of(was.words!), of(is.words!)]
    return before === after ? [] : [`${what} released: ${after || 'none'} now, ${before || 'none'} before`]
  }
  return [
    ...says('class', ({ policy, classification }) => `${policy} ${classification}`),
    ...says('categories', ({ categories }) =>
      categories.map(({ tagSet, values }) => `${tagSet} ${values.join(', ')}`).join('; '),
    ),
    ...says('privacy mark', ({ privacyMark }) => privacyMark ?? ''),
  ]
}

/** The marking of the default label of an address or a domain, or of its domain's. */
function releasedAs({ edge, labels }: Bundle, from: string): string {
  const of = (name: string) => edge.defaultLabels?.find((one) => one.from === name)
  const found = of(from) ?? of(from.slice(from.indexOf('@') + 1))
  return (found === undefined ? undefined : labels.rows[found.row]?.output.marking) ?? 'nothing'
}
