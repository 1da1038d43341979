/**
 * A clearance under a policy: the classes and categories that a person, a peer or a channel may see.
 *
 * Classes are listed, not ranked: SECRET in a clearance says nothing of RESTRICTED (X.841, ADatP-4774.1). What a clearance
 * names and the policy does not know grants nothing; it is kept in `ignored` for people to see. A value that leaves its text
 * to the user is held with that very text.
 */
import {
  bindCategories,
  bindCategory4774,
  categories4774,
  checkPolicy,
  classificationNamed,
  encodeCategories,
} from '../label/bind.ts'
import type { SecurityCategory } from '../label/category.ts'
import { type BindingProblem, inOrder, isProblem, type LabelCategory, sameCategory } from '../label/label.ts'
import type { Category4774 } from '../label/stanag4774.ts'
import type { Classification, Spif } from '../spif/spif.ts'
import type { Clearance4774 } from './stanag4774.ts'
import type { X501Clearance } from './x501.ts'

export type Clearance = Readonly<{
  policy: Readonly<{ name: string; id: string }>
  classifications: readonly Classification[]
  categories: readonly LabelCategory[]
  /** What was named and not known. */
  ignored: readonly string[]
}>

/** The clearance that an X.501 attribute value is under `spif`. */
export function bindX501(spif: Spif, encoded: X501Clearance): Clearance | BindingProblem {
  if (encoded.policy !== spif.id) return { problem: 'wrong-policy', detail: encoded.policy }
  const numbers = encoded.classifications.map(String)
  return collect(
    spif,
    numbers,
    (number) => spif.classifications.find((c) => c.lacv === number),
    encoded.categories.flatMap(single),
    (c) => bindCategories(spif, [c]),
  )
}

/** The clearance that a STANAG 4774 ConfidentialityClearance is under `spif`. */
export function bind4774Clearance(spif: Spif, encoded: Clearance4774): Clearance | BindingProblem {
  const wrong = checkPolicy(spif, encoded.policyName, encoded.policy)
  if (wrong !== undefined) return wrong
  const categories = encoded.categories.flatMap(single4774)
  return collect(
    spif,
    encoded.classifications,
    (name) => classificationNamed(spif, name),
    categories,
    (c) => bindCategory4774(spif, c),
  )
}

function collect<C>(
  spif: Spif,
  classes: readonly string[],
  find: (name: string) => Classification | undefined,
  encoded: readonly C[],
  bind: (category: C) => readonly LabelCategory[] | BindingProblem,
): Clearance {
  const ignored: string[] = []
  const classifications = classes.flatMap((name) => {
    const found = find(name)
    if (found === undefined) ignored.push(`class ${name}`)
    return found ?? []
  })
  const categories = encoded.flatMap((category) => {
    const bound = bind(category)
    if (!isProblem(bound)) return bound
    ignored.push(`${bound.problem} ${bound.detail}`)
    return []
  })
  return makeClearance(spif, classifications, categories, ignored)
}

/** A clearance of parts that are the policy's, each once, in the order of the policy. */
export function makeClearance(
  spif: Spif,
  classifications: readonly Classification[],
  categories: readonly LabelCategory[],
  ignored: readonly string[] = [],
): Clearance {
  const wanted = new Set(classifications)
  return {
    policy: { name: spif.name, id: spif.id },
    classifications: spif.classifications.filter((c) => wanted.has(c)),
    categories: inOrder(spif, categories),
    ignored,
  }
}

/**
 * What a clearance is under a constraint of an authority (RFC 5913 §4): the classes and categories that both have. Both are
 * bound to `spif`.
 */
export function constrain(spif: Spif, clearance: Clearance, constraint: Clearance): Clearance {
  return makeClearance(
    spif,
    clearance.classifications.filter((c) => constraint.classifications.includes(c)),
    clearance.categories.filter((own) => constraint.categories.some((other) => sameCategory(own, other))),
    clearance.ignored,
  )
}

/** A category value by value, so that one that is not known does not hide the others. */
function single(category: SecurityCategory): readonly SecurityCategory[] {
  if (category.syntax === 'acp145') return category.values.map((value) => ({ ...category, values: [value] }))
  if (category.syntax !== 'missi') return [category]
  return category.tagSets.flatMap(({ tagSet, tags }) =>
    tags.flatMap((tag) =>
      tag.values.map((value) => ({
        ...category,
        tagSets: [{ tagSet, tags: [{ ...tag, values: [value] }] }],
      })),
    ),
  )
}

function single4774(category: Category4774): readonly Category4774[] {
  return [
    ...category.values.map((value) => ({ ...category, values: [value], numbers: [] })),
    ...category.numbers.map((number) => ({ ...category, values: [], numbers: [number] })),
  ]
}

/** The X.501 form of a clearance. MISSI has no informative categories in clearances: they have no effect, and are left out. */
export function x501Of(spif: Spif, clearance: Clearance): X501Clearance | BindingProblem {
  const classes = clearance.classifications.map((c) => c.lacv)
  const wrong = classes.find((lacv) => lacv.length > 3 || Number(lacv) > 256)
  if (wrong !== undefined) return { problem: 'unknown-classification', detail: `${wrong} is above 256` }
  const effective = clearance.categories.filter(
    (c) => spif.syntax === 'acp145' || c.tag.kind !== 'informative',
  )
  const categories = encodeCategories(spif, effective)
  if (isProblem(categories)) return categories
  return { policy: spif.id, classifications: classes.map(Number).sort((a, b) => a - b), categories }
}

/** The STANAG 4774 form of a clearance. */
export function clearance4774Of(spif: Spif, clearance: Clearance): Clearance4774 {
  return {
    policyName: spif.name,
    policy: spif.id,
    classifications: clearance.classifications.map((c) => c.name),
    categories: categories4774(clearance.categories),
  }
}
