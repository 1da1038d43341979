/**
 * The effective label of a securitylabel element (XEP-0258 §4): the one that a policy's rules are applied to.
 *
 * It is the `label` when that is under the governing policy, else an `equivalentlabel` that is, else the default label
 * for an empty `<label/>`. A sender chooses its equivalentlabels, so each one is checked: it must be the label itself, or
 * what the governing policy's own equivalences make of it. The display marking plays no part.
 */

import { mapIncoming } from '../spif/incoming.ts'
import { mapOutgoing } from '../spif/mapping.ts'
import type { Spif } from '../spif/spif.ts'
import { bindPayload } from './bind.ts'
import { type BindingProblem, isProblem, type Label, sameLabel } from './label.ts'
import type { Payload, SecurityLabel } from './xep0258.ts'

export type EffectiveLabel = Readonly<{ label: Label; from: 'label' | 'equivalentlabel' | 'default' }>

export type NoEffectiveLabel = Readonly<{
  problem: 'no-label' | 'not-appropriate' | 'not-equivalent'
  detail: string
}>

/**
 * The effective label under `governing`. `others` are SPIFs by which labels of other policies can be read;
 * `defaultLabel` stands for an empty label (a guard has none).
 */
export function effectiveLabel(
  { label, equivalents }: SecurityLabel,
  governing: Spif,
  others: readonly Spif[] = [],
  defaultLabel?: Label,
): EffectiveLabel | NoEffectiveLabel {
  if (label === undefined) {
    if (equivalents.length > 0) return { problem: 'not-equivalent', detail: 'equivalents of no label' }
    if (defaultLabel === undefined) return { problem: 'no-label', detail: 'the label is empty' }
    return { label: defaultLabel, from: 'default' }
  }
  const spifs = [governing, ...others]
  const own = bound(label, spifs)
  if (isProblem(own)) return { problem: 'not-appropriate', detail: `${own.problem} ${own.detail}` }
  let chosen: EffectiveLabel | undefined =
    own.spif === governing ? { label: own.label, from: 'label' } : undefined
  for (const equivalent of equivalents) {
    const other = bound(equivalent, spifs)
    if (isProblem(other)) return { problem: 'not-appropriate', detail: `${other.problem} ${other.detail}` }
    if (!isEquivalent(own, other)) return { problem: 'not-equivalent', detail: other.label.policy.name }
    if (chosen === undefined && other.spif === governing)
      chosen = { label: other.label, from: 'equivalentlabel' }
  }
  return chosen ?? { problem: 'not-appropriate', detail: `no label under ${governing.name}` }
}

type Bound = Readonly<{ label: Label; spif: Spif }>

/** A payload under the one policy of which it is. */
function bound(payload: Payload, spifs: readonly Spif[]): Bound | BindingProblem {
  for (const spif of spifs) {
    const label = bindPayload(payload, spif)
    if (!isProblem(label)) return { label, spif }
    if (label.problem !== 'wrong-policy') return label
  }
  return { problem: 'wrong-policy', detail: `not of ${spifs.map((spif) => spif.name).join(', ')}` }
}

/** Equal, or mapped to each other by either policy. */
function isEquivalent(a: Bound, b: Bound): boolean {
  if (a.spif === b.spif) return sameLabel(a.label, b.label)
  const outgoing = mapOutgoing(a.label, a.spif, b.spif)
  if (!('problem' in outgoing) && sameLabel(outgoing, b.label)) return true
  const incoming = mapIncoming(a.label, b.spif)
  return !('problem' in incoming) && sameLabel(incoming, b.label)
}
