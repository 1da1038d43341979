/**
 * Pairs in a label set: the mapped label added to the accepted one (`mode`), and pairs accepted as the other direction
 * releases them (`accept`).
 *
 * A pair says that both labels are the same, so each must map to the other: what a room gives back could not be judged
 * otherwise, and what is lost on the way would be denied by the label beside it.
 */
import type { Beside, LabelRow, OutputTemplate, RowForm } from '../bundle/bundle.ts'
import { type BindingProblem, type Label, sameLabel } from '../label/label.ts'
import { isPair, pairForm } from '../label/pair.ts'
import {
  pairTemplate,
  type ReleaseOptions,
  releasePair,
  releaseTemplate,
  type WireTemplate,
  wireTemplate,
} from '../label/template.ts'
import { mapIncoming, mapOutgoing } from '../spif/index.ts'
import type { Spif } from '../spif/spif.ts'
import type { Problem } from './problem.ts'
import type { LabelSetSource } from './schema.ts'
import type { Path, YamlSource } from './yaml.ts'

/** A label of a set, under the policy of the sending side, and what it becomes under the other. */
export type Crossing = Readonly<{ label: Label; policy: Spif; released: Label; target: Spif }>

/** What is wrong with the modes and forms of a set, whatever its labels. */
export function checkPairs(source: LabelSetSource, yaml: YamlSource, path: Path): Problem[] {
  const { mode, release, target, accept } = source
  const problems: Problem[] = []
  if (mode !== 'replace') {
    const at = [...path, 'mode']
    if (target === undefined)
      problems.push(
        yaml.problem(
          at,
          `"${mode}" adds the label under another policy; add the target, or write mode: replace`,
        ),
      )
    if (pairForm(release, mode) === undefined) {
      const advice =
        mode === 'alternative'
          ? 'an ESS label knows no alternative; write mode: equivalentlabel, or another release'
          : 'a binding of STANAG 4778 has no equivalentlabel; write mode: alternative, or another release'
      problems.push(yaml.problem(at, `"${mode}" cannot be released as ${release}: ${advice}`))
    }
  }
  for (const [index, form] of accept.entries()) {
    if (!isPair(form) || target !== undefined) continue
    const message = `without "target" there is no other label that could stand beside; remove ${form}, or add the target`
    problems.push(yaml.problem([...path, 'accept', index], message))
  }
  return problems
}

/** Whether labels of the set are accepted or released as pairs. */
export function hasPairs({ mode, accept }: LabelSetSource): boolean {
  return mode !== 'replace' || accept.some(isPair)
}

/** Whether what the label becomes is the label again, by the equivalences of either policy. */
export function mapsBack({ label, policy, released, target }: Crossing): boolean {
  const back = [mapOutgoing(released, target, policy), mapIncoming(released, policy)]
  return back.some((one) => !('problem' in one) && sameLabel(one, label))
}

/** How a label is accepted: by itself, or behind what it becomes, as a room of the sending side gives it back. */
export function acceptedAs(
  { label, policy, released, target }: Crossing,
  form: RowForm,
): WireTemplate | BindingProblem {
  if (!isPair(form)) return wireTemplate(label, policy, form)
  return pairTemplate({ label: released, spif: target }, { label, spif: policy }, form)
}

/** The form in which a set releases its labels. */
export function releaseForm({ mode, release }: LabelSetSource): RowForm {
  return (mode === 'replace' ? undefined : pairForm(release, mode)) ?? release
}

/** How a label that was accepted in `form` is released: what came first stays first, since an originator's label is never overwritten. */
export function releasedAs(
  { label, policy, released, target }: Crossing,
  source: LabelSetSource,
  form: RowForm,
  options: ReleaseOptions,
): OutputTemplate | BindingProblem {
  const as = releaseForm(source)
  if (!isPair(as)) return releaseTemplate(released, target, source.release, options)
  const [own, other] = [
    { label, spif: policy },
    { label: released, spif: target },
  ]
  return isPair(form) ? releasePair(other, own, as, options) : releasePair(own, other, as, options)
}

/** What stands beside the deciding label, and beside the released one, for people. */
export function besides(
  source: LabelSetSource,
  form: RowForm,
  label: Omit<Beside, 'place'>,
  released: Omit<Beside, 'place'>,
): Readonly<{ input: Pick<LabelRow['input'], 'beside'>; output: Pick<LabelRow['output'], 'beside'> }> {
  const adds = source.mode !== 'replace'
  return {
    input: isPair(form) ? { beside: { place: 'first', ...released } } : {},
    output: adds ? { beside: { place: isPair(form) ? 'second' : 'first', ...label } } : {},
  }
}
