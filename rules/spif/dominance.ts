/**
 * One label for several things put together (ADatP-4774.1 §4.4).
 *
 * All labels are under one policy (others are mapped first). Class: the highest. Restrictive tags: union. Informative
 * tags: union. Permissive tags: intersection. The standard drops a permissive tag whose intersection is empty, or that
 * one of the labels lacks; that releases more than some of the labels do, so here it is a decision for a person, unless
 * the caller asks for the standard's rule. The result must be valid, else it is a decision for a person too.
 */
import { type Label, type LabelCategory, makeLabel, sameCategory } from '../label/label.ts'
import { compareHierarchy } from './marking.ts'
import type { Spif, Tag } from './spif.ts'
import { isBoundTo, type Moment, validate } from './validity.ts'

export type DominanceOptions = Readonly<{
  /** What becomes of a permissive tag in which the labels agree on no value. */
  noCommonValue?: 'refuse' | 'drop'
  /** As `validate` has it. */
  at?: Moment
}>

/** No label can be worked out: a person, or a rule such as system high, must decide. */
export type DecisionRequired = Readonly<{ problem: 'policy-decision-required'; detail: string }>

/** The label that dominates all of `labels` (at least one), each bound to `spif`. */
export function dominate(
  labels: readonly Label[],
  spif: Spif,
  { noCommonValue = 'refuse', at }: DominanceOptions = {},
): Label | DecisionRequired {
  if (labels.length === 0 || !labels.every((label) => isBoundTo(label, spif))) {
    return undecided('the labels are not all of the policy')
  }
  const classes = labels.map((label) => label.classification)
  const highest = [...classes].sort((a, b) => compareHierarchy(b.hierarchy, a.hierarchy))[0]!
  if (classes.some((c) => c !== highest && compareHierarchy(c.hierarchy, highest.hierarchy) === 0)) {
    return undecided(`another class is as high as ${highest.name}`)
  }
  const used = labels.flatMap((label) => label.categories)
  const agreed = [...new Set(used.map((category) => category.tag))].map((tag) => {
    const all = used.filter((category) => category.tag === tag)
    return {
      tagSet: all[0]!.tagSet,
      categories: isPermissive(tag) ? all.filter((c) => isCommon(c, labels)) : all,
    }
  })
  const apart = agreed.find(({ categories }) => categories.length === 0)
  if (apart !== undefined && noCommonValue === 'refuse') {
    return undecided(`no value of ${apart.tagSet.name} is in every label`)
  }
  const categories = agreed.flatMap((tag) => tag.categories)
  const marks = new Set(labels.map((label) => label.privacyMark))
  if (marks.size > 1) return undecided('the privacy marks differ')
  const label = makeLabel(spif, highest, categories, labels[0]!.privacyMark)
  const invalid = validate(label, spif, { at })[0]
  return invalid === undefined ? label : undecided(`${invalid.problem}: ${invalid.detail}`)
}

function isCommon(own: LabelCategory, labels: readonly Label[]): boolean {
  return labels.every((label) => label.categories.some((category) => sameCategory(category, own)))
}

function isPermissive(tag: Tag): boolean {
  return tag.kind === 'permissive' || tag.kind === 'enumerated-permissive'
}

function undecided(detail: string): DecisionRequired {
  return { problem: 'policy-decision-required', detail }
}
