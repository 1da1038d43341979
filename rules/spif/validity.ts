/**
 * Whether a label is one that its policy allows (Open XML SPIF 2.1: required, excluded, selection limits, validity).
 *
 * Validity and access are two questions: a label may be invalid and yet within a clearance. A guard asks both.
 * `all` in a categoryGroup or excludedCategory means "any value of that kind in that tag set".
 */
import { type Label, type LabelCategory, nameOf } from '../label/label.ts'
import { compareDateTimes } from '../text/datetime.ts'
import { lookup, testName } from './lookup.ts'
import type { CategoryTest, RequiredCategory, Spif, Tag } from './spif.ts'
import { fitsInput } from './user-input.ts'

/** One rule that a label breaks. */
export type Invalidity = Readonly<{ problem: InvalidityCode; detail: string }>

export type InvalidityCode =
  | 'foreign-label' // not bound to this policy
  | 'policy-not-in-force' // the SPIF is outside its own dates
  | 'required-category'
  | 'excluded-class'
  | 'required-class'
  | 'excluded-category'
  | 'too-many-selected'
  | 'too-few-selected'
  | 'not-in-force' // a value outside its dates
  | 'obsolete' // in a new label
  | 'user-input' // a value that leaves its text to the user, without a text that fits
  | 'unknown-privacy-mark'
  | 'privacy-mark-required'
  | 'privacy-mark-not-allowed'

/** A moment that validity periods are held against, as a canonical date; `any` says on purpose that they do not matter. */
export type Moment = string

export type ValidityOptions = Readonly<{
  /** Without a moment nothing that has a validity period is in force: a caller without a clock must say `any`. */
  at?: Moment | undefined
  /** A label that is being made: obsolete classes and values may be received, never given. */
  isNew?: boolean
}>

/** Every rule of `spif` that `label` breaks; none when it is valid. */
export function validate(label: Label, spif: Spif, options: ValidityOptions = {}): readonly Invalidity[] {
  const found: Invalidity[] = []
  const add = (problem: InvalidityCode, detail: string) => void found.push({ problem, detail })
  if (!isBoundTo(label, spif)) return [{ problem: 'foreign-label', detail: label.policy.name }]
  const { classification, categories } = label
  const { at } = options
  if (!isInForce(spif, at)) add('policy-not-in-force', `${spif.name} ${period(spif, at)}`)
  if (options.isNew === true && classification.obsolete) add('obsolete', classification.name)
  for (const required of classification.required) {
    if (!isMet(required, categories))
      add('required-category', `for ${classification.name}: ${describe(spif, required)}`)
  }
  for (const category of categories) {
    const { value } = category
    const name = `${category.tagSet.name}: ${nameOf(category)}`
    if (value.excludedClasses.includes(classification.name))
      add('excluded-class', `${name} with ${classification.name}`)
    if (value.requiredClass !== undefined && value.requiredClass !== classification.name) {
      add('required-class', `${name} without ${value.requiredClass}`)
    }
    for (const required of value.required) {
      if (!isMet(required, categories)) add('required-category', `for ${name}: ${describe(spif, required)}`)
    }
    for (const test of value.excluded) {
      const other = categories.find((c) => c !== category && matches(c, test))
      if (other !== undefined) add('excluded-category', `${name} with ${other.tagSet.name}: ${nameOf(other)}`)
    }
    if (!isInForce(value, at)) add('not-in-force', `${name} ${period(value, at)}`)
    if (options.isNew === true && value.obsolete) add('obsolete', name)
    if (!isWritten(category)) add('user-input', name)
  }
  for (const { name, tags } of spif.tagSets) {
    for (const tag of tags) {
      const count = categories.reduce((n, c) => n + (c.tag === tag ? 1 : 0), 0)
      if (count > mostOf(tag)) add('too-many-selected', `${count} of ${name}, at most ${mostOf(tag)}`)
      if (count < tag.minSelection)
        add('too-few-selected', `${count} of ${name}, at least ${tag.minSelection}`)
    }
  }
  checkPrivacyMark(label, spif, options, add)
  return found
}

/** Whether a value has the user's text just where the policy leaves it to the user, and one that fits. */
function isWritten({ value, input }: LabelCategory): boolean {
  return input === undefined ? value.userInput === undefined : fitsInput(value, input)
}

/** How many values of a tag a label may have. */
export function mostOf(tag: Tag): number {
  return tag.singleSelection ? Math.min(1, tag.maxSelection) : tag.maxSelection
}

function checkPrivacyMark(
  { privacyMark }: Label,
  { privacyMarks }: Spif,
  { isNew }: ValidityOptions,
  add: (problem: InvalidityCode, detail: string) => void,
): void {
  if (privacyMarks === undefined) return
  if (privacyMark === undefined) {
    if (privacyMarks.minSelection > 0) add('privacy-mark-required', 'the policy demands a privacy mark')
    return
  }
  if (privacyMarks.maxSelection < 1) add('privacy-mark-not-allowed', privacyMark)
  const known = privacyMarks.marks.find((mark) => mark.name === privacyMark)
  if (known === undefined) add('unknown-privacy-mark', privacyMark)
  else if (isNew === true && known.obsolete) add('obsolete', privacyMark)
}

/** Whether classification and categories are objects of this very policy, so that its rules speak of them. */
export function isBoundTo(
  label: Pick<Label, 'policy' | 'classification' | 'categories'>,
  spif: Spif,
): boolean {
  const { order } = lookup(spif)
  if (label.policy.id !== spif.id || !spif.classifications.includes(label.classification)) return false
  return label.categories.every((c) => order.has(c.value))
}

/** Whether one of the categories is what a test names. */
export function matches({ tagSet, tag, value }: LabelCategory, test: CategoryTest): boolean {
  return (
    tagSet.id === test.tagSetId &&
    tag.kind === test.kind &&
    (test.lacv === undefined || test.lacv === value.lacv)
  )
}

/** How many groups of a requirement are met. */
export function countMet({ groups }: RequiredCategory, categories: readonly LabelCategory[]): number {
  return groups.filter((test) => categories.some((category) => matches(category, test))).length
}

/** Whether a requirement is met: exactly one group, at least one, or every one. */
export function isMet(required: RequiredCategory, categories: readonly LabelCategory[]): boolean {
  const met = countMet(required, categories)
  if (required.operation === 'onlyOne') return met === 1
  return required.operation === 'oneOrMore' ? met > 0 : met === required.groups.length
}

type Period = Readonly<{ notBefore?: string; notAfter?: string }>

/** Whether a policy or value is in force; what has no period always is. */
export function isInForce({ notBefore, notAfter }: Period, at: Moment | undefined): boolean {
  if ((notBefore === undefined && notAfter === undefined) || at === 'any') return true
  if (at === undefined) return false
  if (notBefore !== undefined && compareDateTimes(at, notBefore) < 0) return false
  return notAfter === undefined || compareDateTimes(at, notAfter) <= 0
}

function period({ notBefore, notAfter }: Period, at: Moment | undefined): string {
  const from = notBefore === undefined ? '' : `from ${notBefore} `
  const until = notAfter === undefined ? '' : `until ${notAfter} `
  return `is in force ${from}${until}only, and ${at === undefined ? 'no moment was given' : `not at ${at}`}`
}

function describe(spif: Spif, { operation, groups }: RequiredCategory): string {
  const words = { onlyOne: 'exactly one of', oneOrMore: 'one or more of', all: 'all of' }
  return `${words[operation]} ${groups.map((test) => testName(spif, test)).join(', ')}`
}
