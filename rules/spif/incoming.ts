/**
 * Mapping a label that comes in, by the equivalences of the recipient's own SPIF read in reverse (`applied` decrypt or both).
 *
 * A label with what the equivalence of its class or tag set requires is the equivalent one, a label without it is not. (What
 * an equivalentPolicy requires is for "mapping into" that policy only, as the schema says.) What is required and added without
 * a choice needs no equivalent of its own. All else is as in `mapping.ts`.
 */
import { type CategoryKind, isEnumerated } from '../label/kind.ts'
import { type Label, type LabelCategory, nameOf } from '../label/label.ts'
import { kindIn } from './lookup.ts'
import {
  appliesTo,
  type Found,
  finish,
  type MappedLabel,
  type MappingOptions,
  type MappingProblem,
  numbered,
  problem,
  sameName,
} from './mapping.ts'
import type { CategoryValue, Spif, StatedKind, TagSet, TargetRequirement } from './spif.ts'

/** A label as numbers, of a policy whose SPIF need not be at hand. Names of tag sets are needed where requirements name them. */
export type NumberedLabel = Readonly<{
  policy: string
  classification: string
  categories: readonly Readonly<{ tagSetId: string; tagSetName?: string; kind: CategoryKind; lacv: string }>[]
  privacyMark?: string | undefined
}>

/** A foreign category: its numbers, what it is called, and its tag set where the foreign policy is at hand. */
type Foreign = NumberedLabel['categories'][number] & Readonly<{ name: string; tagSet?: TagSet }>

function foreignCategories(label: Label | NumberedLabel): readonly Foreign[] {
  if (!isBound(label)) return label.categories.map((c) => ({ ...c, name: `${c.lacv} of ${c.tagSetId}` }))
  return label.categories.map(({ tagSet, tag, value }) => ({
    tagSetId: tagSet.id,
    tagSetName: tagSet.name,
    kind: tag.kind,
    lacv: value.lacv,
    name: `${tagSet.name}: ${value.name}`,
    tagSet,
  }))
}

function isBound(label: Label | NumberedLabel): label is Label {
  return typeof label.policy !== 'string'
}

/** The label under `own` that a label of another policy is, by the equivalences of `own` read in reverse. */
export function mapIncoming(
  label: Label | NumberedLabel,
  own: Spif,
  options: MappingOptions = {},
): MappedLabel | MappingProblem {
  const [policyId, lacv] = isBound(label)
    ? [label.policy.id, label.classification.lacv]
    : [label.policy, label.classification]
  const policy = own.equivalentPolicies.find((p) => p.id === policyId)
  if (policy === undefined) return problem('no-equivalent-policy', `${own.name} knows no ${policyId}`)
  const written = isBound(label) ? label.categories.find((c) => c.input !== undefined) : undefined
  if (written !== undefined) return problem('no-equivalent-category', `the user's own ${nameOf(written)}`)
  const ambiguous = isBound(label) ? label.categories.find((c) => c.value.ambiguous) : undefined
  if (ambiguous !== undefined) return problem('ambiguous-category', ambiguous.value.name)
  const categories = foreignCategories(label)
  const unclear = categories.find((category) => isUnclear(own, policyId, category))
  if (unclear !== undefined)
    return problem('ambiguous-category', `${unclear.name} has equivalences without enumType; write it`)

  const answering = own.classifications.flatMap((classification) =>
    classification.equivalents
      .filter((e) => e.policy === policyId && e.lacv === lacv && appliesTo(e.applied, 'decrypt'))
      .map(({ required }) => ({ classification, required })),
  )
  const complete = answering.filter(({ required }) => required.every((r) => isThere(r, categories)))
  const [answer, second] = complete
  if (second !== undefined) return problem('ambiguous-class', lacv)
  if (answer === undefined) {
    const [partial] = answering
    return partial === undefined
      ? problem('no-equivalent-class', lacv)
      : problem(
          'required-category',
          `${partial.classification.name} is ${lacv} only with ${wanted(partial.required)}`,
        )
  }

  const reversed = categories.map((category) => ({ category, ...reverse(own, policyId, category) }))
  const bySets = reversed.flatMap((r) => r.required)
  const missing = bySets.filter((r) => !isThere(r, categories))
  if (missing.length > 0) return problem('required-category', `an equivalent label has ${wanted(missing)}`)
  const required = [...policy.required, ...answer.required, ...bySets]
  const found: Found = { categories: [], discarded: [] }
  for (const { category, hits, isDiscarded } of reversed) {
    const [hit, another] = hits
    if (another !== undefined) return problem('ambiguous-category', category.name)
    if (hit !== undefined) found.categories.push(hit)
    else if (isAdded(required, category) && !isSent(own, policyId, category)) continue
    else if (!isDiscarded) return problem('no-equivalent-category', category.name)
    else if (options.discard !== true) return problem('discard-not-allowed', category.name)
    else found.discarded.push(category.name)
  }
  return finish(own, answer.classification, found, label.privacyMark, options)
}

/** Whether equivalences without enumType name a category whose tag set does not tell which kind they mean. */
function isUnclear(own: Spif, policy: string, { tagSetId, tagSet, kind, lacv }: Foreign): boolean {
  if (!isEnumerated(kind)) return false
  if (tagSet !== undefined && kindIn(tagSet, 'enumerated', lacv) !== undefined) return false
  return allEquivalents(own).some(
    (e) => e.policy === policy && e.kind === 'enumerated' && e.tagSetId === tagSetId && e.lacv === lacv,
  )
}

function allEquivalents(own: Spif): readonly CategoryValue['equivalents'][number][] {
  return own.tagSets.flatMap(({ tags }) => tags.flatMap(({ values }) => values.flatMap((v) => v.equivalents)))
}

/** Whether a category is of a kind; `enumerated` was found to be clear before. */
function isOfKind(category: Foreign, kind: StatedKind): boolean {
  return kind === category.kind || (kind === 'enumerated' && isEnumerated(category.kind))
}

type Group = TargetRequirement['groups'][number]

function isGroup(category: Foreign, { tagSetName, kind, lacv }: Group): boolean {
  if (category.tagSetName === undefined || !sameName(category.tagSetName, tagSetName)) return false
  if (
    kind === 'enumerated' &&
    (category.tagSet === undefined || kindIn(category.tagSet, kind, lacv) === undefined)
  )
    return false
  return isOfKind(category, kind) && (lacv === undefined || lacv === category.lacv)
}

/** Whether a label has what an equivalence requires of it. */
function isThere({ operation, groups }: TargetRequirement, categories: readonly Foreign[]): boolean {
  const met = groups.filter((group) => categories.some((category) => isGroup(category, group))).length
  if (operation === 'onlyOne') return met === 1
  return operation === 'oneOrMore' ? met > 0 : met === groups.length
}

function wanted(required: readonly TargetRequirement[]): string {
  const groups = required.flatMap((r) => r.groups)
  return (
    groups.map(({ tagSetName, lacv }) => `${tagSetName} ${lacv ?? 'any'}`).join(', ') || 'what is not said'
  )
}

/**
 * Whether a category is one that the equivalence adds on the way out without a choice (`addRequired`), so that it is no more
 * than part of what the class is elsewhere.
 */
function isAdded(required: readonly TargetRequirement[], category: Foreign): boolean {
  return required.some(
    ({ operation, groups }) =>
      (operation === 'all' || groups.length === 1) &&
      groups.some((group) => group.lacv !== undefined && isGroup(category, group)),
  )
}

/** Whether an own value becomes this category on the way out: on the way in it may not be lost. */
function isSent(own: Spif, policy: string, category: Foreign): boolean {
  const { kind, lacv } = category
  const bySet = own.tagSets.some(
    (set) =>
      set.equivalents.some((e) => e.policy === policy && isSetOf(e, category)) &&
      set.tags.some((tag) => tag.kind === kind && tag.values.some((value) => value.lacv === lacv)),
  )
  return bySet || allEquivalents(own).some((e) => !e.discard && isNamedBy(e, policy, category))
}

function isNamedBy(e: CategoryValue['equivalents'][number], policy: string, category: Foreign): boolean {
  return (
    e.policy === policy &&
    e.tagSetId === category.tagSetId &&
    e.lacv === category.lacv &&
    isOfKind(category, e.kind)
  )
}

type Reversed = Readonly<{
  /** Own values that the category stands for: by their own equivalences, else by those of whole tag sets. */
  hits: readonly LabelCategory[]
  /** What the equivalences of tag sets require. */
  required: readonly TargetRequirement[]
  /** Whether the policy says that the category may be left out. */
  isDiscarded: boolean
}>

function reverse(own: Spif, policy: string, category: Foreign): Reversed {
  const hits: LabelCategory[] = []
  let isDiscarded = false
  for (const tagSet of own.tagSets) {
    for (const tag of tagSet.tags) {
      for (const value of tag.values) {
        const naming = value.equivalents.filter(
          (e) => appliesTo(e.applied, 'decrypt') && isNamedBy(e, policy, category),
        )
        isDiscarded ||= naming.some((e) => e.discard)
        if (naming.some((e) => !e.discard)) hits.push({ tagSet, tag, value })
      }
    }
  }
  if (hits.length > 0) return { hits, required: [], isDiscarded }
  const sets = own.tagSets.flatMap((tagSet) => {
    const naming = tagSet.equivalents.filter((e) => e.policy === policy && isSetOf(e, category))
    const hit = naming.length === 0 ? undefined : numbered(tagSet, category.kind, category.lacv)
    return hit === undefined ? [] : [{ hit, required: naming.flatMap((e) => e.required) }]
  })
  return { hits: sets.map(({ hit }) => hit), required: sets.flatMap((e) => e.required), isDiscarded }
}

/** Whether an equivalent tag set is the one of a category: by identifier, and by name where that is not given. */
function isSetOf(
  { id, name }: Readonly<{ id?: string; name?: string }>,
  { tagSetId, tagSetName }: Foreign,
): boolean {
  if (id !== undefined) return id === tagSetId
  return name !== undefined && tagSetName !== undefined && sameName(name, tagSetName)
}
