/**
 * The security policy information file (SPIF) as a model: what a policy names, and what goes with what.
 *
 * Made by `loadSpif` only, from Open XML SPIF 1.0, 2.0 or 2.1. References by name are resolved; numbers (`lacv`) are
 * canonical decimal strings of any size, which is how equality is meant: never `number`, since values above
 * 2^64 occur. `hierarchy` orders classifications, `lacv` identifies them.
 */
import type { CategoryKind } from '../label/kind.ts'

/** A colour as written in the policy: `#rrggbb`, in small letters. */
export type Colour = string

/** The places a marking is for (Open XML SPIF 2.1 markingCode). */
export const LOCATIONS = [
  'pageTop',
  'pageBottom',
  'pageTopBottom',
  'documentStart',
  'documentEnd',
  'firstLineOfText',
  'lastLineOfText',
  'subject',
  'xHeader',
  'portionMarking',
  'inputTitle',
  'waterMark',
] as const
export type Location = (typeof LOCATIONS)[number]

/** Codes that say how, not where. */
export const DISPLAY_CODES = [
  'noNameDisplay',
  'noMarkingDisplay',
  'suppressClassName',
  'replacePolicy',
] as const
export type DisplayCode = (typeof DISPLAY_CODES)[number]

/** A phrase for a name. Without `phrase` the name itself is meant; without `language` it is for any. */
export type MarkingData = Readonly<{
  phrase?: string
  language?: string
  codes: readonly (Location | DisplayCode)[]
}>

/** Text around or between the values of a tag, or around the whole marking. */
export type Qualifier = Readonly<{
  code: 'prefix' | 'suffix' | 'separator'
  text: string
  language?: string
  /** The place that it is for; any when absent. */
  location?: Location | DisplayCode
}>

export type Markings = Readonly<{ data: readonly MarkingData[]; qualifiers: readonly Qualifier[] }>

/** "The label has this category", or with no `lacv` "any category of that kind in that tag set". */
export type CategoryTest = Readonly<{ tagSetId: string; kind: CategoryKind; lacv?: string | undefined }>

/** Categories that must be there. */
export type RequiredCategory = Readonly<{
  operation: 'onlyOne' | 'oneOrMore' | 'all'
  groups: readonly CategoryTest[]
}>

/** A kind as a policy gives it of another policy's tag set: `enumerated` where that tag set has to tell which. */
export type StatedKind = CategoryKind | 'enumerated'

/** Categories that a mapping must add, by tag sets of the *target* policy, named by name. */
export type TargetRequirement = Readonly<{
  operation: 'onlyOne' | 'oneOrMore' | 'all'
  groups: readonly Readonly<{ tagSetName: string; kind: StatedKind; lacv?: string }>[]
}>

export type Applied = 'encrypt' | 'decrypt' | 'both'

export type EquivalentClassification = Readonly<{
  /** Object identifier of the other policy. */
  policy: string
  lacv: string
  applied: Applied
  required: readonly TargetRequirement[]
}>

export type EquivalentCategory = Readonly<{
  policy: string
  tagSetId: string
  kind: StatedKind
  lacv: string
  applied: Applied
  /** The other policy has nothing for it, and it may be left out. */
  discard: boolean
}>

/** A whole tag set that stands with equal values in the other policy. */
export type EquivalentTagSet = Readonly<{
  policy: string
  name?: string
  id?: string
  required: readonly TargetRequirement[]
}>

export type EquivalentPolicy = Readonly<{ name: string; id: string; required: readonly TargetRequirement[] }>

export type Classification = Readonly<{
  name: string
  lacv: string
  /** Canonical decimal, may be negative; higher dominates. */
  hierarchy: string
  colour?: Colour
  obsolete: boolean
  equivalents: readonly EquivalentClassification[]
  markings: Markings
  required: readonly RequiredCategory[]
}>

export type CategoryValue = Readonly<{
  name: string
  /** Canonical decimal where the policy gives a number, else the text as it stands (usable by name only). */
  lacv: string
  obsolete: boolean
  /** The text of such a value is the user's, not the policy's. */
  userInput?: 'string' | 'integer' | 'date'
  dateFormat?: string
  /** Canonical dates (`rules/text/datetime.ts`). */
  notBefore?: string
  notAfter?: string
  requiredClass?: string
  excludedClasses: readonly string[]
  required: readonly RequiredCategory[]
  excluded: readonly CategoryTest[]
  equivalents: readonly EquivalentCategory[]
  markings: Markings
  /** Another value of the same kind in the tag set has the same number: it cannot be told apart in ESS. */
  ambiguous: boolean
}>

export type Tag = Readonly<{
  name?: string
  /** Position in the tag set; (tag set, index) is the tag's identity. */
  index: number
  kind: CategoryKind
  /** How an informative tag's values are encoded; of the other kinds the kind says it. */
  encoding: 'bits' | 'integers'
  singleSelection: boolean
  minSelection: number
  maxSelection: number
  values: readonly CategoryValue[]
  qualifiers: readonly Qualifier[]
}>

export type TagSet = Readonly<{
  name: string
  id: string
  tags: readonly Tag[]
  equivalents: readonly EquivalentTagSet[]
}>

export type PrivacyMark = Readonly<{ name: string; obsolete: boolean; markings: Markings }>

export type Spif = Readonly<{
  schemaVersion: '1.0' | '2.0' | '2.1'
  /** The version of the policy itself. */
  version: string
  creationDate: string
  originator: string
  name: string
  id: string
  defaultPolicy?: Readonly<{ name: string; id: string }>
  /** Category syntax of labels in ESS: MISSI where rbacId is 2.16.840.1.101.2.1.8.1, else ACP-145(A). */
  syntax: 'acp145' | 'missi'
  notBefore?: string
  notAfter?: string
  classifications: readonly Classification[]
  tagSets: readonly TagSet[]
  /** Undefined: the policy lists none, and any mark may be used. A label holds at most one. */
  privacyMarks?: Readonly<{ marks: readonly PrivacyMark[]; minSelection: number; maxSelection: number }>
  equivalentPolicies: readonly EquivalentPolicy[]
  /** Of the policy's name, of the whole marking, of all classifications, of all privacy marks. */
  markings: Readonly<{ policy: Markings; spif: Markings; classifications: Markings; privacyMarks: Markings }>
}>

/**
 * How one finding weighs: `refused` ends the loading always, `error` when strict, `warning` never.
 * `line` counts from 1.
 */
export type Finding = Readonly<{
  weight: 'refused' | 'error' | 'warning'
  kind: string
  message: string
  line: number
  /** For duplicates: what and where. */
  tagSet?: string
  lacv?: string
  names?: readonly string[]
}>
