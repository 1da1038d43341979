/**
 * Binding: what is encoded becomes a label of a policy, and back.
 *
 * ESS knows numbers and STANAG 4774 knows names; only the policy's SPIF relates them, so both directions need it. What
 * the policy does not define, and what it defines more than once where only one can be meant, is a problem, never a guess.
 * Names are compared without regard to case and to blanks at the ends (ADatP-4774 value domains).
 */
import { lookup, placesNamed, placesNumbered, type TagSetLookup } from '../spif/lookup.ts'
import type { Classification, Spif, Tag, TagSet } from '../spif/spif.ts'
import { fitsInput } from '../spif/user-input.ts'
import { isXmlText } from '../xml/write.ts'
import { trimBlanks } from './blanks.ts'
import { MAX_BIT, type MissiTag, type SecurityCategory } from './category.ts'
import { type EssLabel, fitsPrivacyMark, MAX_PRIVACY_MARK, privacyMarkType } from './ess.ts'
import { fold } from './fold.ts'
import { type CategoryKind, type CategoryType, categoryType, compareNumbers, KINDS } from './kind.ts'
import {
  type BindingCode,
  type BindingProblem,
  isProblem,
  type Label,
  type LabelCategory,
  makeLabel,
  nameOf,
} from './label.ts'
import { isCanonicalNumber } from './oid.ts'
import type { Category4774, Information4774, Label4774 } from './stanag4774.ts'
import type { Payload } from './xep0258.ts'

function problem(code: BindingCode, detail: string): BindingProblem {
  return { problem: code, detail }
}

/** The label that an ESS label is under `spif`. */
export function bindEss(spif: Spif, ess: EssLabel): Label | BindingProblem {
  if (ess.policy !== spif.id) return problem('wrong-policy', ess.policy ?? 'no policy')
  if (ess.classification === undefined)
    return problem('missing-classification', 'the label has no classification')
  const lacv = String(ess.classification)
  const classification = lookup(spif).classNumbered.get(lacv)
  if (classification === undefined) return problem('unknown-classification', lacv)
  const categories = bindCategories(spif, ess.categories, lacv)
  if (isProblem(categories)) return categories
  return makeLabel(spif, classification, categories, ess.privacyMark?.text)
}

/** The categories of encoded ones, each defined by the policy. `level` is what a MISSI security level must repeat. */
export function bindCategories(
  spif: Spif,
  encoded: readonly SecurityCategory[],
  level?: string,
): readonly LabelCategory[] | BindingProblem {
  const categories: LabelCategory[] = []
  for (const category of encoded) {
    const bound = bindCategory(spif, category, level)
    if (isProblem(bound)) return bound
    categories.push(...bound)
  }
  return categories
}

function bindCategory(
  spif: Spif,
  category: SecurityCategory,
  level: string | undefined,
): readonly LabelCategory[] | BindingProblem {
  if (category.syntax === 'acp145') {
    const { kind, encoding, tagSet: id, values } = category
    return bindNumbers(spif, id, [kind], encoding, values)
  }
  if (category.syntax !== 'missi')
    return problem('unknown-syntax', category.syntax === 'text' ? 'text' : category.type)
  if (spif.syntax !== 'missi')
    return problem('unknown-syntax', 'MISSI categories under a policy without them')
  if (category.policy !== undefined && category.policy !== spif.id)
    return problem('wrong-policy', category.policy)
  const categories: LabelCategory[] = []
  for (const { tagSet, tags } of category.tagSets) {
    for (const tag of tags) {
      if (tag.level !== undefined && level !== undefined && tag.level !== level) {
        return problem('unknown-classification', `security level ${tag.level} in ${tagSet}`)
      }
      const bound = bindNumbers(spif, tagSet, missiKinds(tag.kind), tag.encoding, tag.values)
      if (isProblem(bound)) return bound
      categories.push(...bound)
    }
  }
  return categories
}

function missiKind(kind: CategoryKind): MissiTag['kind'] {
  return kind === 'enumerated-permissive' || kind === 'enumerated-restrictive' ? 'enumerated' : kind
}

function missiKinds(kind: MissiTag['kind']): readonly CategoryKind[] {
  return kind === 'enumerated' ? ['enumerated-permissive', 'enumerated-restrictive'] : [kind]
}

/** The values of those numbers in a tag set, among its tags of those kinds. */
function bindNumbers(
  spif: Spif,
  id: string,
  kinds: readonly CategoryKind[],
  encoding: Tag['encoding'] | undefined,
  values: readonly string[],
): readonly LabelCategory[] | BindingProblem {
  const set = lookup(spif).setIdentified.get(id)
  if (set === undefined) return problem('unknown-tag-set', id)
  const { name, tags } = set.tagSet
  if (!tags.some((tag) => kinds.includes(tag.kind) && (encoding ?? tag.encoding) === tag.encoding)) {
    return problem('wrong-type', `${name} has no ${kinds.join(' or ')} tag`)
  }
  if (values.length === 0) return problem('empty-category', name)
  const encodings = encoding === undefined ? ENCODINGS : [encoding]
  const categories: LabelCategory[] = []
  for (const lacv of values) {
    const found = kinds.flatMap((kind) => encodings.flatMap((each) => placesNumbered(set, kind, each, lacv)))
    if (found.length === 0) return problem('unknown-category', `${lacv} in ${name}`)
    if (found.length > 1) return problem('ambiguous-category', `${lacv} in ${name}`)
    categories.push(found[0]!)
  }
  return categories
}

const ENCODINGS: readonly Tag['encoding'][] = ['bits', 'integers']

/** The classification of that name. */
export function classificationNamed(spif: Spif, name: string): Classification | undefined {
  return lookup(spif).classNamed.get(fold(trimBlanks(name)))
}

/** The label that STANAG 4774 ConfidentialityInformation is under `spif`. */
export function bind4774(spif: Spif, information: Information4774): Label | BindingProblem {
  const wrong = checkPolicy(spif, information.policyName, information.policy)
  if (wrong !== undefined) return wrong
  const classification = classificationNamed(spif, information.classification)
  if (classification === undefined) return problem('unknown-classification', information.classification)
  const categories: LabelCategory[] = []
  for (const category of information.categories) {
    const bound = bindCategory4774(spif, category)
    if (isProblem(bound)) return bound
    categories.push(...bound)
  }
  return makeLabel(spif, classification, categories, information.privacyMark)
}

/** The label that a whole STANAG 4774 label is under `spif`, with its origin. */
export function bindLabel4774(spif: Spif, { information, ...origin }: Label4774): Label | BindingProblem {
  const label = bind4774(spif, information)
  return isProblem(label) ? label : { ...label, origin }
}

/** A policy that is named and perhaps identified must be this one by both. */
export function checkPolicy(spif: Spif, name: string, id: string | undefined): BindingProblem | undefined {
  const named = fold(trimBlanks(name)) === fold(spif.name)
  if (named && (id === undefined || id === spif.id)) return undefined
  return problem(named || id === spif.id ? 'policy-conflict' : 'wrong-policy', `${name} ${id ?? ''}`)
}

/** The categories that one STANAG 4774 Category names, or why not. */
export function bindCategory4774(
  spif: Spif,
  category: Category4774,
): readonly LabelCategory[] | BindingProblem {
  const set = findTagSet(spif, category.tagName, category.tagSet)
  if (isProblem(set)) return set
  const { tagSet } = set
  const kinds = KINDS.filter((kind) => categoryType(kind) === category.type)
  if (!tagSet.tags.some((tag) => kinds.includes(tag.kind))) {
    return problem('wrong-type', `${tagSet.name} has no ${category.type} tag`)
  }
  const categories: LabelCategory[] = []
  for (const name of category.values) {
    const bound = valueNamed(set, category.type, name)
    if (isProblem(bound)) return bound
    categories.push(bound)
  }
  if (category.numbers.length === 0) return categories
  const numbered = bindNumbers(spif, tagSet.id, kinds, undefined, category.numbers)
  return isProblem(numbered) ? numbered : [...categories, ...numbered]
}

function findTagSet(spif: Spif, name: string, id: string | undefined): TagSetLookup | BindingProblem {
  const set = lookup(spif).setNamed.get(fold(trimBlanks(name)))
  if (set === undefined) return problem('unknown-tag-set', name)
  return id === undefined || id === set.tagSet.id ? set : problem('tag-set-conflict', `${name} ${id}`)
}

/**
 * The value of that name. Where a policy repeats a name in one tag (the published NATO policy does), the entries are one
 * value to whoever knows names only; the first stands for all. In two tags it would be two values: ambiguous. What is no name
 * may be a text of the user's, where the tag set has one value that leaves it to the user and that the text fits.
 */
function valueNamed(set: TagSetLookup, type: CategoryType, text: string): LabelCategory | BindingProblem {
  const name = trimBlanks(text)
  const found = placesNamed(set, type, name)
  const fitting = found.length > 0 ? found : writable(set, type, name)
  if (fitting.length > 1) return problem('ambiguous-category', `${name} in ${set.tagSet.name}`)
  return fitting[0] ?? problem('unknown-category', `${name} in ${set.tagSet.name}`)
}

/** Values for which a user may write a text. */
function writable({ tagSet }: TagSetLookup, type: CategoryType, input: string): readonly LabelCategory[] {
  return tagSet.tags
    .filter((tag) => categoryType(tag.kind) === type)
    .flatMap((tag) =>
      tag.values.filter((value) => fitsInput(value, input)).map((value) => ({ tagSet, tag, value, input })),
    )
}

const CATEGORY_TYPES: readonly CategoryType[] = ['RESTRICTIVE', 'PERMISSIVE', 'INFORMATIVE']

/** Names as a ruleset or a person gives them. */
export type LabelNames = Readonly<{
  classification: string
  categories?: readonly Readonly<{ tagSet: string; tag?: string; values: readonly string[] }>[]
  privacyMark?: string
  /** Whether a value that is no name may be a text of the user's, where the policy has such: a misspelt name would be one. */
  userInput?: boolean
}>

/** The label of those names under `spif`; `tag` is needed only where a name stands in two tags of a tag set. */
export function labelFromNames(spif: Spif, names: LabelNames): Label | BindingProblem {
  const classification = classificationNamed(spif, names.classification)
  if (classification === undefined) return problem('unknown-classification', names.classification)
  const categories: LabelCategory[] = []
  for (const { tagSet: setName, tag: tagName, values } of names.categories ?? []) {
    const set = findTagSet(spif, setName, undefined)
    if (isProblem(set)) return set
    const { tagSet } = set
    const tags =
      tagName === undefined ? tagSet.tags : tagSet.tags.filter((t) => fold(t.name ?? '') === fold(tagName))
    if (tags.length === 0) return problem('wrong-type', `${tagSet.name} has no tag ${tagName ?? ''}`)
    if (values.length === 0) return problem('empty-category', tagSet.name)
    for (const name of values) {
      const isIn = ({ tag }: LabelCategory) => tags.includes(tag)
      let found = CATEGORY_TYPES.flatMap((type) => placesNamed(set, type, trimBlanks(name))).filter(isIn)
      if (found.length === 0 && names.userInput === true)
        found = CATEGORY_TYPES.flatMap((type) => writable(set, type, trimBlanks(name))).filter(isIn)
      if (found.length > 1) return problem('ambiguous-category', `${name} in ${tagSet.name}`)
      if (found.length === 0) return problem('unknown-category', `${name} in ${tagSet.name}`)
      categories.push(found[0]!)
    }
  }
  if (names.privacyMark !== undefined && !fitsPrivacyMark(names.privacyMark)) {
    return problem('bad-privacy-mark', `not 1 to ${MAX_PRIVACY_MARK} characters`)
  }
  return makeLabel(spif, classification, categories, names.privacyMark)
}

/**
 * The ESS form of a label. A problem when the policy's numbers do not say which category is meant, or do not fit. The
 * privacy mark is a PrintableString where it can be.
 */
export function essOf(spif: Spif, label: Label): EssLabel | BindingProblem {
  const lacv = label.classification.lacv
  if (lacv.length > 3 || Number(lacv) > 256) return problem('unknown-classification', `${lacv} is above 256`)
  const categories = encodeCategories(spif, label.categories)
  if (isProblem(categories)) return categories
  const mark = label.privacyMark
  if (mark !== undefined && !fitsPrivacyMark(mark))
    return problem('bad-privacy-mark', `not 1 to ${MAX_PRIVACY_MARK} characters`)
  return {
    policy: spif.id,
    classification: Number(lacv),
    ...(mark === undefined ? {} : { privacyMark: { text: mark, type: privacyMarkType(mark) } }),
    categories,
  }
}

/**
 * Categories in the policy's ESS syntax, one SecurityCategory a tag set and kind (MISSI: one in all). A problem when the
 * numbers would be read back as other categories, or as several.
 */
export function encodeCategories(
  spif: Spif,
  categories: readonly LabelCategory[],
): readonly SecurityCategory[] | BindingProblem {
  const groups = groupCategories(categories)
  if (isProblem(groups)) return groups
  const encoded = spif.syntax === 'acp145' ? groups.map(encodeAcp145) : encodeMissi(groups)
  if (isProblem(encoded)) return encoded
  const back = bindCategories(spif, encoded)
  return isProblem(back) ? back : encoded
}

type Group = Readonly<{ tagSet: TagSet; tag: Tag; values: readonly string[] }>

function groupCategories(categories: readonly LabelCategory[]): readonly Group[] | BindingProblem {
  const groups = new Map<string, { tagSet: TagSet; tag: Tag; values: string[] }>()
  for (const { tagSet, tag, value, input } of categories) {
    if (input !== undefined) return problem('user-input', `${input} in ${tagSet.name} is no number`)
    if (value.ambiguous || !isCanonicalNumber(value.lacv)) {
      return problem('ambiguous-category', `${value.name} (${value.lacv}) in ${tagSet.name}`)
    }
    if (tag.encoding === 'bits' && (value.lacv.length > 8 || Number(value.lacv) > MAX_BIT)) {
      return problem('unknown-category', `${value.name} is bit ${value.lacv}`)
    }
    const key = `${tagSet.id} ${tag.kind} ${tag.encoding}`
    const group = groups.get(key) ?? { tagSet, tag, values: [] }
    group.values.push(value.lacv)
    groups.set(key, group)
  }
  return [...groups.values()].map((group) => ({ ...group, values: group.values.sort(compareNumbers) }))
}

function encodeAcp145({ tagSet, tag, values }: Group): SecurityCategory {
  return { syntax: 'acp145', kind: tag.kind, tagSet: tagSet.id, encoding: tag.encoding, values }
}

function encodeMissi(groups: readonly Group[]): readonly SecurityCategory[] | BindingProblem {
  const tagSets: { tagSet: string; tags: MissiTag[] }[] = []
  for (const { tagSet, tag, values } of groups) {
    let set = tagSets.find((s) => s.tagSet === tagSet.id)
    if (set === undefined) tagSets.push((set = { tagSet: tagSet.id, tags: [] }))
    const kind = missiKind(tag.kind)
    // An enumerated tag does not say whether it restricts or permits, so one tag set can have one of them only.
    if (set.tags.some((t) => t.kind === kind && t.encoding === tag.encoding)) {
      return problem('ambiguous-category', `${tagSet.name} has two enumerated tags`)
    }
    set.tags.push({ kind, encoding: tag.encoding, values })
  }
  return tagSets.length === 0 ? [] : [{ syntax: 'missi', tagSets }]
}

/** What of a label ESS has no place for, in words. */
export function lostInEss({ origin }: Label): readonly string[] {
  if (origin === undefined) return []
  const { role, id, originatorId, creation, review, succession } = origin
  return [
    ...(role === 'originator' || role === 'legacy' ? [] : [`that it is the ${role} label`]),
    ...(id === undefined ? [] : ['Id']),
    ...(originatorId === undefined ? [] : ['OriginatorID']),
    ...(creation === undefined ? [] : ['CreationDateTime']),
    ...(review === undefined ? [] : ['ReviewDateTime']),
    ...(succession === undefined ? [] : ['SuccessionHandling']),
  ]
}

/** The whole STANAG 4774 form of a label: an originator's label without dates where it has no origin. */
export function label4774Of(spif: Spif, label: Label): Label4774 | BindingProblem {
  const information = informationOf(spif, label)
  return isProblem(information) ? information : { role: 'originator', ...label.origin, information }
}

/**
 * The STANAG 4774 form of what a label says: one Category a tag set and Type, with URIs. A problem when a name would be read
 * back as another category. Two Types in one tag set make a TagName twice, which only lenient reading takes.
 */
export function informationOf(spif: Spif, label: Label): Information4774 | BindingProblem {
  for (const category of label.categories) {
    const { tagSet, tag } = category
    const set = lookup(spif).setIdentified.get(tagSet.id)!
    const back = valueNamed(set, categoryType(tag.kind), nameOf(category))
    if (isProblem(back)) return back
  }
  if (label.privacyMark !== undefined && !isXmlText(label.privacyMark))
    return problem('bad-privacy-mark', 'a character that XML cannot hold')
  return {
    policyName: spif.name,
    policy: spif.id,
    classification: label.classification.name,
    ...(label.privacyMark === undefined ? {} : { privacyMark: label.privacyMark }),
    categories: categories4774(label.categories),
  }
}

/** Categories as STANAG 4774 has them. */
export function categories4774(categories: readonly LabelCategory[]): readonly Category4774[] {
  const groups = new Map<string, { tagSet: TagSet; type: CategoryType; values: string[] }>()
  for (const category of categories) {
    const { tagSet, tag } = category
    const type = categoryType(tag.kind)
    const key = `${tagSet.id} ${type}`
    const group = groups.get(key) ?? { tagSet, type, values: [] }
    if (!group.values.includes(nameOf(category))) group.values.push(nameOf(category))
    groups.set(key, group)
  }
  return [...groups.values()].map(({ tagSet, type, values }) => ({
    type,
    tagName: tagSet.name,
    tagSet: tagSet.id,
    values,
    numbers: [],
  }))
}

/** The label that a payload is under `spif`. */
export function bindPayload(payload: Payload, spif: Spif): Label | BindingProblem {
  if (payload.format === 'ess') return bindEss(spif, payload.label)
  return payload.format === '4774' ? bindLabel4774(spif, payload.label) : payload.bind(spif)
}
