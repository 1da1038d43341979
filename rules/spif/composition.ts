/**
 * Composing labels: what may be chosen next, and all valid labels that a clearance admits.
 *
 * What is offered can still become a valid label, and one that the clearance admits where there is one: the rest is shown by
 * looking for such a label, within `MAX_SEARCH` steps a value. A policy so tangled that they do not suffice gets the benefit
 * of the doubt; `validate` and `access` decide on what was chosen. Validity periods are held against the moment that the
 * caller gives, as `validate` does: without one, nothing with a period is offered.
 */
import { access, holder } from '../clearance/access.ts'
import type { Clearance } from '../clearance/clearance.ts'
import { allCategories, type Label, type LabelCategory, makeLabel } from '../label/label.ts'
import type { Classification, RequiredCategory, Spif, Tag, TagSet } from './spif.ts'
import { countMet, isInForce, isMet, type Moment, matches, mostOf, validate } from './validity.ts'

/** What has been chosen so far. */
export type Choice = Readonly<{ classification: Classification; categories: readonly LabelCategory[] }>

/** For when and for whom. */
export type ComposeOptions = Readonly<{
  /** As `validate` has it. */
  at?: Moment | undefined
  /** What is offered must be for someone with this clearance; without it, for anyone. */
  clearance?: Clearance | undefined
}>

/** Partial labels that are looked at to see whether one value can still become part of a label. */
const MAX_SEARCH = 1000

/** Classes that a new label may have. */
export function selectableClasses(spif: Spif, options: ComposeOptions = {}): readonly Classification[] {
  return newClasses(spif, options).filter((classification) =>
    isCompletable(spif, { classification, categories: [] }, options),
  )
}

function newClasses(spif: Spif, { at, clearance }: ComposeOptions): readonly Classification[] {
  if (!isInForce(spif, at)) return []
  const held = clearance?.classifications ?? spif.classifications
  return spif.classifications.filter((c) => !c.obsolete && held.includes(c))
}

/**
 * Values that may be added: in force, not obsolete, not excluded with the class or with what is chosen, the tag not full, and
 * with a way left to a valid label. What the choice still lacks `validate` says.
 */
export function selectableValues(
  spif: Spif,
  choice: Choice,
  options: ComposeOptions = {},
): readonly LabelCategory[] {
  if (!newClasses(spif, options).includes(choice.classification)) return []
  return candidatesOf(spif, options).filter(
    (category) =>
      isSelectable(category, choice) &&
      isCompletable(spif, { ...choice, categories: [...choice.categories, category] }, options),
  )
}

/** Tag sets that have a selectable value. */
export function selectableTagSets(
  spif: Spif,
  choice: Choice,
  options: ComposeOptions = {},
): readonly TagSet[] {
  const open = new Set(selectableValues(spif, choice, options).map((category) => category.tagSet))
  return spif.tagSets.filter((tagSet) => open.has(tagSet))
}

/** Values that may be offered: of those that a label may have, the ones whose text is not the user's. */
function candidatesOf(spif: Spif, options: ComposeOptions): readonly LabelCategory[] {
  return usableValues(spif, options).filter(({ value }) => value.userInput === undefined)
}

/** Values that a new label may have at all: those in force, and of restrictive tags those that the clearance has. */
function usableValues(spif: Spif, { at, clearance }: ComposeOptions): readonly LabelCategory[] {
  const held = clearance && new Set(clearance.categories.map((category) => category.value))
  return allCategories(spif).filter(({ tag, value }) => {
    if (value.obsolete || !isInForce(value, at)) return false
    const isRestrictive = tag.kind === 'restrictive' || tag.kind === 'enumerated-restrictive'
    return !isRestrictive || held === undefined || held.has(value)
  })
}

/** Whether adding a value breaks no rule that a later choice cannot mend. */
function isSelectable(category: LabelCategory, { classification, categories }: Choice): boolean {
  if (categories.some((c) => c.value === category.value)) return false
  if (!isCompatible(category, classification, categories)) return false
  if (countOf(categories, category.tag) >= mostOf(category.tag)) return false
  const all = [...categories, category]
  return requirementsOf(classification, all).every((r) => r.operation !== 'onlyOne' || countMet(r, all) <= 1)
}

function requirementsOf(
  classification: Classification,
  categories: readonly LabelCategory[],
): readonly RequiredCategory[] {
  return [...classification.required, ...categories.flatMap((c) => c.value.required)]
}

function countOf(categories: readonly LabelCategory[], tag: Tag): number {
  return categories.reduce((n, c) => n + (c.tag === tag ? 1 : 0), 0)
}

/** Whether a value and what is chosen exclude each other. */
function isCompatible(
  category: LabelCategory,
  classification: Classification,
  chosen: readonly LabelCategory[],
): boolean {
  const { value } = category
  if (value.excludedClasses.includes(classification.name)) return false
  if (value.requiredClass !== undefined && value.requiredClass !== classification.name) return false
  return !chosen.some(
    (c) =>
      value.excluded.some((test) => matches(c, test)) ||
      c.value.excluded.some((test) => matches(category, test)),
  )
}

/**
 * Whether a choice that breaks no rule for good can become a label: something that it lacks is taken, each value that could
 * help is tried, until nothing is lacking. A lack is met only by what helps it, so that no label is overlooked.
 */
function isCompletable(spif: Spif, choice: Choice, options: ComposeOptions): boolean {
  const candidates = usableValues(spif, options)
  let steps = 0

  function complete(current: Choice): boolean {
    steps += 1
    if (steps > MAX_SEARCH) return true
    const helps = lackOf(spif, current, options.clearance)
    if (helps === undefined) return true
    return candidates.some(
      (category) =>
        helps(category) &&
        isSelectable(category, current) &&
        complete({ ...current, categories: [...current.categories, category] }),
    )
  }
  return complete(choice)
}

/** The first thing that a choice lacks, as the values that could help; undefined when it lacks nothing. */
function lackOf(
  spif: Spif,
  { classification, categories }: Choice,
  clearance: Clearance | undefined,
): ((category: LabelCategory) => boolean) | undefined {
  const unmet = requirementsOf(classification, categories).find((r) => !isMet(r, categories))
  if (unmet !== undefined) return (category) => unmet.groups.some((test) => matches(category, test))
  const short = spif.tagSets
    .flatMap((tagSet) => tagSet.tags)
    .find((tag) => countOf(categories, tag) < tag.minSelection)
  if (short !== undefined) return (category) => category.tag === short
  if (clearance === undefined) return undefined
  const holds = holder(clearance)
  const held = new Set(clearance.categories.map((category) => category.value))
  // A value that is still without the user's text can be written as the clearance has it.
  const isHeld = (category: LabelCategory) =>
    category.input === undefined ? held.has(category.value) : holds(category)
  const shut = categories.find(
    ({ tag }) => isPermissive(tag) && !categories.some((c) => c.tag === tag && isHeld(c)),
  )
  return shut === undefined ? undefined : ({ tag, value }) => tag === shut.tag && held.has(value)
}

function isPermissive(tag: Tag): boolean {
  return tag.kind === 'permissive' || tag.kind === 'enumerated-permissive'
}

export type EnumerationLimits = Readonly<{
  /** Most labels to give. */
  labels: number
  /** Most combinations to look at, valid or not. */
  steps: number
  /** Most categories in a label. */
  categories?: number
}>

/** Labels found, those with fewer categories first; `complete` when there are no others within `limits.categories`. */
export type Enumeration = Readonly<{ labels: readonly Label[]; complete: boolean }>

/** All valid new labels of a policy that a clearance admits at a moment (as `validate` has it), within limits. */
export function enumerateLabels(
  spif: Spif,
  clearance: Clearance,
  limits: EnumerationLimits,
  { at }: Pick<ComposeOptions, 'at'> = {},
): Enumeration {
  const found: Label[] = []
  const candidates = candidatesOf(spif, { at, clearance })
  const most = Math.min(limits.categories ?? candidates.length, candidates.length)
  let steps = 0
  let isFull = false

  /** Adds `wanted` more categories, from `start` on. */
  function extend(
    classification: Classification,
    chosen: LabelCategory[],
    start: number,
    wanted: number,
  ): void {
    steps += 1
    if (steps > limits.steps) {
      isFull = true
      return
    }
    if (wanted === 0) {
      offer(makeLabel(spif, classification, chosen))
      return
    }
    for (let i = start; i <= candidates.length - wanted && !isFull; i++) {
      const category = candidates[i]!
      if (!isSelectable(category, { classification, categories: chosen })) continue
      chosen.push(category)
      extend(classification, chosen, i + 1, wanted - 1)
      chosen.pop()
    }
  }

  /** What is obsolete or not in force is no candidate and so not here. */
  function offer(label: Label): void {
    if (validate(label, spif, { at }).length > 0 || !access(label, clearance, spif).permit) return
    if (found.length >= limits.labels) isFull = true
    else found.push(label)
  }

  const classes = newClasses(spif, { at, clearance })
  for (let count = 0; count <= most && !isFull; count++) {
    for (const classification of classes) extend(classification, [], 0, count)
  }
  return { labels: found, complete: !isFull }
}
