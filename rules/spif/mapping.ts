/**
 * Mapping a label from one policy to another by the equivalences of a SPIF (ADatP-4774.1 §4.3, Open XML SPIF 2.1).
 *
 * Outgoing uses the sender's own SPIF, which says what each of its classes and values is elsewhere (`applied` encrypt or
 * both), and what must be there besides. Incoming uses the recipient's own SPIF in reverse (decrypt or both): a label with
 * what the equivalence of its class or tag set requires is the equivalent one, a label without it is not. (What an
 * equivalentPolicy requires is for "mapping into" that policy only, as the schema says.) Exactly one class must answer. Every
 * category must answer; it is left out only where the policy says `discard` *and* the caller allows it, and what was
 * left out is reported. A text of the user's stands for nothing elsewhere. Nothing is guessed; the result is checked against its own policy.
 */

import { trimBlanks } from '../label/blanks.ts'
import { fold } from '../label/fold.ts'
import { type CategoryKind, isEnumerated } from '../label/kind.ts'
import { type Label, type LabelCategory, makeLabel, nameOf } from '../label/label.ts'
import { kindIn, lookup } from './lookup.ts'
import type {
  Applied,
  CategoryValue,
  Classification,
  Spif,
  StatedKind,
  Tag,
  TagSet,
  TargetRequirement,
} from './spif.ts'
import { type Invalidity, type Moment, matches, validate } from './validity.ts'

export type MappingOptions = Readonly<{
  /** Whether categories that the policy says to discard may be left out; else they stop the mapping. */
  discard?: boolean
  /** A privacy mark has no equivalence: it stops the mapping unless it may be kept as it is, or dropped. */
  privacyMark?: 'refuse' | 'keep' | 'drop'
  /** The moment at which the result is to be valid, as `validate` has it. */
  at?: Moment
}>

/** A label under the other policy, with what was left out on the way and what its own policy has against it. */
export type MappedLabel = Label &
  Readonly<{
    discarded: readonly string[]
    /** As `validate` has it; a label with any must not be used. */
    invalid: readonly Invalidity[]
  }>

export type MappingProblem = Readonly<{ problem: MappingCode; detail: string }>

export type MappingCode =
  | 'no-equivalent-policy'
  | 'no-equivalent-class'
  | 'ambiguous-class'
  | 'no-equivalent-category'
  | 'ambiguous-category'
  | 'discard-not-allowed'
  | 'unknown-target' // an equivalence that names what the target policy does not have
  | 'required-category' // which of several to add cannot be known; incoming: what makes the label the equivalent is not there
  | 'privacy-mark'

/** A label as numbers, of a policy whose SPIF need not be at hand. Names of tag sets are needed where requirements name them. */
export type NumberedLabel = Readonly<{
  policy: string
  classification: string
  categories: readonly Readonly<{ tagSetId: string; tagSetName?: string; kind: CategoryKind; lacv: string }>[]
  privacyMark?: string | undefined
}>

function problem(code: MappingCode, detail: string): MappingProblem {
  return { problem: code, detail }
}

type Found = { readonly categories: LabelCategory[]; readonly discarded: string[] }

/** The label under `target` that `spif`, its own policy, says it is. */
export function mapOutgoing(
  label: Label,
  spif: Spif,
  target: Spif,
  options: MappingOptions = {},
): MappedLabel | MappingProblem {
  const policy = spif.equivalentPolicies.find((p) => p.id === target.id)
  if (policy === undefined) return problem('no-equivalent-policy', `${spif.name} knows no ${target.name}`)
  const classes = label.classification.equivalents.filter(
    (e) => e.policy === target.id && appliesTo(e.applied, 'encrypt'),
  )
  if (classes.length > 1) return problem('ambiguous-class', label.classification.name)
  const equivalent = classes[0]
  if (equivalent === undefined) return problem('no-equivalent-class', label.classification.name)
  const classification = target.classifications.find((c) => c.lacv === equivalent.lacv)
  if (classification === undefined)
    return problem('unknown-target', `class ${equivalent.lacv} in ${target.name}`)

  const found: Found = { categories: [], discarded: [] }
  const required: TargetRequirement[] = [...equivalent.required, ...policy.required]
  const written = label.categories.find((category) => category.input !== undefined)
  if (written !== undefined) return problem('no-equivalent-category', `the user's own ${nameOf(written)}`)
  for (const category of label.categories) {
    const wrong = mapCategory(category, target, options, found, required)
    if (wrong !== undefined) return wrong
  }
  const unmet = addRequired(target, required, found)
  if (unmet !== undefined) return unmet
  return finish(target, classification, found, label.privacyMark, options)
}

function appliesTo(applied: Applied, direction: 'encrypt' | 'decrypt'): boolean {
  return applied === direction || applied === 'both'
}

/** Adds what a category is under the target; tag-set equivalence is asked when the category has none of its own. */
function mapCategory(
  { tagSet, tag, value }: LabelCategory,
  target: Spif,
  options: MappingOptions,
  found: Found,
  required: TargetRequirement[],
): MappingProblem | undefined {
  const name = `${tagSet.name}: ${value.name}`
  const equivalents = value.equivalents.filter(
    (e) => e.policy === target.id && appliesTo(e.applied, 'encrypt'),
  )
  if (equivalents.length === 0) {
    const sets = tagSet.equivalents.filter((e) => e.policy === target.id)
    if (sets.length === 0) return problem('no-equivalent-category', name)
    for (const set of sets) {
      const targets = target.tagSets.filter((t) => isNamed(t, set))
      const category = targets.length === 1 ? numbered(targets[0]!, tag.kind, value.lacv) : undefined
      if (category === undefined) return problem('unknown-target', `${name} in ${target.name}`)
      found.categories.push(category)
      required.push(...set.required)
    }
    return undefined
  }
  const kept = equivalents.filter((e) => !e.discard)
  if (kept.length === 0) {
    if (options.discard !== true) return problem('discard-not-allowed', name)
    found.discarded.push(name)
  }
  for (const { tagSetId, kind, lacv } of kept) {
    const targetSet = target.tagSets.find((t) => t.id === tagSetId)
    const unclear = targetSet === undefined ? undefined : unclearKind(targetSet, kind, lacv)
    if (unclear !== undefined) return unclear
    const category = targetSet === undefined ? undefined : numbered(targetSet, kind, lacv)
    if (category === undefined)
      return problem('unknown-target', `${name} as ${lacv} of ${tagSetId} in ${target.name}`)
    found.categories.push(category)
  }
  return undefined
}

function isNamed(tagSet: TagSet, { id, name }: Readonly<{ id?: string; name?: string }>): boolean {
  if (id === undefined && name === undefined) return false
  return (id === undefined || tagSet.id === id) && (name === undefined || sameName(tagSet.name, name))
}

function sameName(a: string, b: string): boolean {
  return fold(trimBlanks(a)) === fold(trimBlanks(b))
}

/** An equivalence without enumType, where the tag set has enumerated tags of both kinds. */
function unclearKind(tagSet: TagSet, kind: StatedKind, lacv: string | undefined): MappingProblem | undefined {
  const tags = tagSet.tags.filter((tag) => isEnumerated(tag.kind))
  if (tags.length === 0 || kindIn(tagSet, kind, lacv) !== undefined) return undefined
  const names = tags.map((tag) => `${tag.name ?? '(tag without name)'}, ${tag.kind}`).join('; ')
  return problem('ambiguous-category', `${lacv ?? 'any'} of ${tagSet.name} without enumType: ${names}`)
}

/** The one value of a tag set with that kind and number. */
function numbered(tagSet: TagSet, stated: StatedKind, lacv: string | undefined): LabelCategory | undefined {
  const kind = kindIn(tagSet, stated, lacv)
  const hits = tagSet.tags.flatMap((tag: Tag) =>
    tag.kind === kind
      ? tag.values.filter((v) => v.lacv === lacv).map((value) => ({ tagSet, tag, value }))
      : [],
  )
  return hits.length === 1 ? hits[0] : undefined
}

/** Adds the categories that equivalences demand. With a choice among several, nobody but a person can make it. */
function addRequired(
  target: Spif,
  required: readonly TargetRequirement[],
  found: Found,
): MappingProblem | undefined {
  for (const { operation, groups } of required) {
    const tests = groups.flatMap(({ tagSetName, kind: stated, lacv }) => {
      const tagSet = lookup(target).setNamed.get(fold(tagSetName))?.tagSet
      const kind = tagSet === undefined ? undefined : kindIn(tagSet, stated, lacv)
      return tagSet === undefined || kind === undefined ? [] : [{ tagSet, tagSetId: tagSet.id, kind, lacv }]
    })
    if (tests.length < groups.length || tests.length === 0) {
      return problem('unknown-target', `required tag set in ${target.name}`)
    }
    const missing = tests.filter((test) => !found.categories.some((category) => matches(category, test)))
    const met = tests.length - missing.length
    if (operation === 'onlyOne' && met > 1) {
      return problem('required-category', 'more than one of a choice of one')
    }
    if (operation !== 'all' && met > 0) continue
    if (operation !== 'all' && missing.length > 1) {
      return problem('required-category', 'one of several must be chosen')
    }
    for (const { tagSet, kind, lacv } of missing) {
      const category = numbered(tagSet, kind, lacv)
      if (category === undefined)
        return problem('required-category', `a value of ${tagSet.name} must be chosen`)
      found.categories.push(category)
    }
  }
  return undefined
}

function finish(
  target: Spif,
  classification: Classification,
  found: Found,
  mark: string | undefined,
  { privacyMark = 'refuse', at }: MappingOptions,
): MappedLabel | MappingProblem {
  if (mark !== undefined && privacyMark === 'refuse') return problem('privacy-mark', mark)
  if (mark !== undefined && privacyMark === 'drop') found.discarded.push(`privacy mark ${mark}`)
  const label = makeLabel(target, classification, found.categories, privacyMark === 'keep' ? mark : undefined)
  return { ...label, discarded: found.discarded, invalid: validate(label, target, { at }) }
}

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
