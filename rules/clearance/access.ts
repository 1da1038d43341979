/**
 * The access control decision function (ACDF): may someone with this clearance see what has this label?
 *
 * X.841, SDN.801c and ADatP-4774.1 agree: same policy; class listed; of restrictive tags every value of the label held; of
 * each permissive tag that the label uses at least one value held; informative tags do not matter. A label's validity is
 * another question (`rules/spif/validity.ts`).
 */
import { type Label, type LabelCategory, nameOf, sameCategory } from '../label/label.ts'
import type { Spif, Tag } from '../spif/spif.ts'
import { isBoundTo } from '../spif/validity.ts'
import type { Clearance } from './clearance.ts'

/** Yes, or no and why. */
export type Access =
  | Readonly<{ permit: true }>
  | Readonly<{ permit: false; reason: DenialReason; detail: string }>

export type DenialReason =
  | 'other-policy' // label, clearance and SPIF are not of one policy
  | 'class-not-held'
  | 'restrictive-not-held'
  | 'permissive-not-held'

/** Decides. Label and clearance must be bound to `spif`. */
export function access(label: Label, clearance: Clearance, spif: Spif): Access {
  if (clearance.policy.id !== spif.id || !isBoundTo(label, spif)) {
    return deny('other-policy', `${label.policy.name}, ${clearance.policy.name}, ${spif.name}`)
  }
  if (!clearance.classifications.includes(label.classification))
    return deny('class-not-held', label.classification.name)
  const holds = holder(clearance)
  const permissive = new Map<Tag, LabelCategory[]>()
  for (const category of label.categories) {
    const { tag } = category
    // Informative tags do not matter.
    switch (tag.kind) {
      case 'restrictive':
      case 'enumerated-restrictive':
        if (!holds(category)) return deny('restrictive-not-held', inWords(category))
        break
      case 'permissive':
      case 'enumerated-permissive':
        permissive.set(tag, [...(permissive.get(tag) ?? []), category])
        break
    }
  }
  for (const categories of permissive.values()) {
    if (!categories.some(holds)) {
      return deny('permissive-not-held', categories.map(inWords).join(' or '))
    }
  }
  return { permit: true }
}

function deny(reason: DenialReason, detail: string): Access {
  return { permit: false, reason, detail }
}

function inWords(category: LabelCategory): string {
  return `${category.tagSet.name}: ${nameOf(category)}`
}

/** Whether a clearance has a category: the value, and the text where it is the user's. */
export function holder({ categories }: Clearance): (category: LabelCategory) => boolean {
  const plain = new Set(categories.flatMap(({ value, input }) => (input === undefined ? value : [])))
  const written = categories.filter(({ input }) => input !== undefined)
  return (category) =>
    category.input === undefined
      ? plain.has(category.value)
      : written.some((other) => sameCategory(other, category))
}
