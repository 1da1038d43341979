/**
 * Mapping a label from one policy to another by the equivalences of a SPIF (ADatP-4774.1 §4.3, Open XML SPIF 2.1).
 *
 * Outgoing uses the sender's own SPIF, which says what each of its classes and values is elsewhere (`applied` encrypt or
 * both), and what must be there besides; incoming (`incoming.ts`) uses the recipient's. Exactly one class must answer. Every
 * category must answer; it is left out only where the policy says `discard` *and* the caller allows it, and what was
 * left out is reported. A text of the user's stands for nothing elsewhere. Nothing is guessed; the result is checked against
 * its own policy.
 */

import { trimBlanks } from '../label/blanks.ts'
import { fold } from '../label/fold.ts'
import { isEnumerated } from '../label/kind.ts'
import { type Label, type LabelCategory, makeLabel, nameOf } from '../label/label.ts'
import { kindIn, lookup } from './lookup.ts'
import type { Applied, Classification, Spif, StatedKind, Tag, TagSet, TargetRequirement } from './spif.ts'
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

export function problem(code: MappingCode, detail: string): MappingProblem {
  return { problem: code, detail }
}

/** What a mapping has found so far. */
export type Found = { readonly categories: LabelCategory[]; readonly discarded: string[] }

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

export function appliesTo(applied: Applied, direction: 'encrypt' | 'decrypt'): boolean {
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

export function sameName(a: string, b: string): boolean {
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
export function numbered(
  tagSet: TagSet,
  stated: StatedKind,
  lacv: string | undefined,
): LabelCategory | undefined {
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
      const kind = tagSet && kindIn(tagSet, stated, lacv)
      return kind === undefined ? [] : [{ tagSet: tagSet!, tagSetId: tagSet!.id, kind, lacv }]
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

export function finish(
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
