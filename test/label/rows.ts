/** Rows as the compiler makes them, and elements as a stanza holds them, for tests. */
import type { LabelForm, LabelRow } from '../../rules/bundle/bundle.ts'
import { isProblem, type Label } from '../../rules/label/label.ts'
import { fill, releaseTemplate, wireTemplate } from '../../rules/label/template.ts'
import { marking } from '../../rules/spif/marking.ts'
import type { Spif } from '../../rules/spif/spif.ts'

export const FORMS: readonly LabelForm[] = ['ess-0258', '4774-0258', '4774-4778']
export const DATES = { creation: '2026-01-02T03:04:05Z', review: '2030-01-01T00:00:00Z', now: 1_767_323_045 }

/** A row that accepts `label` in `form` and releases `released` (itself unless given) in `releaseForm`. */
export function row(
  label: Label,
  spif: Spif,
  form: LabelForm,
  {
    released = label,
    target = spif,
    releaseForm = form,
  }: { released?: Label; target?: Spif; releaseForm?: LabelForm } = {},
): LabelRow {
  const input = wireTemplate(label, spif, form)
  if (isProblem(input)) throw new Error(input.detail)
  const made = marking(released, target)
  const keeps = form !== 'ess-0258'
  const output = releaseTemplate(released, target, releaseForm, {
    ...(releaseForm === '4774-4778' ? {} : { marking: made }),
    creation: keeps ? { hole: 'creation' } : { hole: 'now' },
    review: keeps ? { hole: 'review' } : { hole: 'now-plus', seconds: 86_400 },
  })
  if (isProblem(output)) throw new Error(output.detail)
  return {
    name: 'test',
    input: { form, value: input.value, marking: marking(label, spif).text, template: input.template },
    output: { form: releaseForm, marking: made.text, template: output },
  }
}

/** The octets of a row's input, with dates. */
export function spelling({ input }: LabelRow): string {
  return fill(input.template, DATES)!
}
