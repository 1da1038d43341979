/**
 * Composing labels: what may be chosen next, and all valid labels that a clearance admits.
 */
import { access } from '../clearance/access.ts'
import type { Clearance } from '../clearance/clearance.ts'
import { allCategories, type Label, type LabelCategory, makeLabel } from '../label/label.ts'
import type { Classification, Spif, TagSet } from './spif.ts'
import { matches, mostOf, validate } from './validity.ts'

/** What has been chosen so far. */
export type Choice = Readonly<{ classification: Classification; categories: readonly LabelCategory[] }>

/** Classes that a new label may have. */
export function selectableClasses(spif: Spif): readonly Classification[] {
  return spif.classifications.filter((c) => !c.obsolete)
}

/**
 * Values that may be added without breaking a rule that no later choice can mend: not obsolete, not excluded with the
 * class or with what is chosen, the tag not full. What the choice still lacks `validate` says.
 */
export function selectableValues(spif: Spif, choice: Choice): readonly LabelCategory[] {
  return allCategories(spif).filter((category) => isSelectable(category, choice))
}

/** Tag sets that have a selectable value. */
export function selectableTagSets(spif: Spif, choice: Choice): readonly TagSet[] {
  const open = new Set(selectableValues(spif, choice).map((category) => category.tagSet))
  return spif.tagSets.filter((tagSet) => open.has(tagSet))
}

function isSelectable(category: LabelCategory, { classification, categories }: Choice): boolean {
  const { value, tag } = category
  if (value.obsolete || value.userInput !== undefined) return false
  if (categories.some((c) => c.value === value)) return false
  return isCompatible(category, classification, categories) && countOf(categories, tag) < mostOf(tag)
}

function countOf(categories: readonly LabelCategory[], tag: LabelCategory['tag']): number {
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

/** All valid new labels of a policy that a clearance admits, within limits. */
export function enumerateLabels(spif: Spif, clearance: Clearance, limits: EnumerationLimits): Enumeration {
  const found: Label[] = []
  const candidates = candidatesOf(spif, clearance)
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

  /** What is obsolete is not selectable and so not here. */
  function offer(label: Label): void {
    if (validate(label, spif).length > 0 || !access(label, clearance, spif).permit) return
    if (found.length >= limits.labels) isFull = true
    else found.push(label)
  }

  for (let count = 0; count <= most && !isFull; count++) {
    for (const classification of selectableClasses(spif)) {
      if (clearance.classifications.includes(classification)) extend(classification, [], 0, count)
    }
  }
  return { labels: found, complete: !isFull }
}

/** Values that a label may have and still be seen: of restrictive tags the held ones, of others any. */
function candidatesOf(spif: Spif, clearance: Clearance): readonly LabelCategory[] {
  const held = new Set(clearance.categories.map((category) => category.value))
  return allCategories(spif).filter(({ tag, value }) => {
    const isRestrictive = tag.kind === 'restrictive' || tag.kind === 'enumerated-restrictive'
    return !isRestrictive || held.has(value)
  })
}
