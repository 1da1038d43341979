/**
 * The security label as Sallyport thinks of it: bound to a policy.
 *
 * Classification and categories are the policy's own objects (`rules/spif/spif.ts`), so a bound label holds nothing that
 * its policy does not define. What is encoded (`ess.ts`, `stanag4774.ts`) becomes such a label by `bindEss` and `bind4774`
 * and is encoded again by `essOf` and `informationOf`.
 */
import { lookup, type Place } from '../spif/lookup.ts'
import type { Classification, Spif } from '../spif/spif.ts'
import { fold } from './fold.ts'
import type { Origin } from './stanag4774.ts'

/**
 * A category of a label: the value, in its tag, in its tag set; and the user's text, where the policy leaves it to the user
 * (`rules/spif/user-input.ts`).
 */
export type LabelCategory = Place & Readonly<{ input?: string }>

/** What a category is called: by the policy, or by the user. */
export function nameOf({ value, input }: LabelCategory): string {
  return input ?? value.name
}

/** Whether two categories of one policy are the same: one value, and one text of the user's. */
export function sameCategory(a: LabelCategory, b: LabelCategory): boolean {
  return a.value === b.value && fold(a.input ?? '') === fold(b.input ?? '')
}

/** A label under the policy that it was bound to. Categories are unique and in the order of the policy. */
export type Label = Readonly<{
  policy: Readonly<{ name: string; id: string }>
  classification: Classification
  categories: readonly LabelCategory[]
  privacyMark?: string
  /**
   * Whose the label is and of when: originator, dates, succession. It says nothing of who may see, so it decides nothing and
   * makes no other label of it. ESS has no place for it; who makes a label of words, or by mapping, gives it none.
   */
  origin?: Origin
}>

/** Why something is not a label of the policy. */
export type BindingProblem = Readonly<{ problem: BindingCode; detail: string }>

export type BindingCode =
  | 'wrong-policy' // of another policy, or of none
  | 'policy-conflict' // name and identifier are of different policies
  | 'unknown-classification'
  | 'missing-classification'
  | 'unknown-tag-set'
  | 'tag-set-conflict' // name and identifier are of different tag sets
  | 'wrong-type' // the tag set has no tag of that type
  | 'unknown-category'
  | 'ambiguous-category' // several values of the policy could be meant
  | 'unknown-syntax' // a category syntax that is not the policy's
  | 'empty-category'
  | 'user-input' // a text of the user's, which the form cannot hold
  | 'bad-privacy-mark'

export function isProblem<T extends object>(value: T | BindingProblem): value is BindingProblem {
  return 'problem' in value
}

/** Categories that are the policy's, once each and in its order; a user's texts by code unit. What is not its own is left out. */
export function inOrder(spif: Spif, categories: Iterable<LabelCategory>): readonly LabelCategory[] {
  const { order, places } = lookup(spif)
  const positions = new Set<number>()
  const written: LabelCategory[] = []
  for (const category of categories) {
    const position = order.get(category.value)
    if (position === undefined) continue
    if (category.input === undefined) positions.add(position)
    else if (!written.some((other) => sameCategory(other, category))) written.push(category)
  }
  const plain: LabelCategory[] = [...positions].sort((a, b) => a - b).map((position) => places[position]!)
  if (written.length === 0) return plain
  return [...plain, ...written].sort(
    (a, b) => order.get(a.value)! - order.get(b.value)! || compareText(a.input ?? '', b.input ?? ''),
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Makes a label of parts that are the policy's: puts categories into the policy's order, once each. */
export function makeLabel(
  spif: Spif,
  classification: Classification,
  categories: Iterable<LabelCategory>,
  privacyMark?: string,
): Label {
  return {
    policy: { name: spif.name, id: spif.id },
    classification,
    categories: inOrder(spif, categories),
    ...(privacyMark === undefined ? {} : { privacyMark }),
  }
}

/** Every category of a policy, in its order. */
export function allCategories(spif: Spif): readonly LabelCategory[] {
  return lookup(spif).places
}

/** Whether two labels of one policy say the same, whatever their origin. */
export function sameLabel(a: Label, b: Label): boolean {
  return labelKey(a) === labelKey(b)
}

/** A string that is equal for labels that say the same, whatever their origin, and only for them. */
export function labelKey(label: Label): string {
  return JSON.stringify([
    label.policy.id,
    label.policy.name,
    label.classification.lacv,
    label.privacyMark ?? null,
    label.categories.map(({ tagSet, tag, value, input }) => [
      tagSet.id,
      tag.index,
      value.lacv,
      value.name,
      ...(input === undefined ? [] : [fold(input)]),
    ]),
  ])
}
