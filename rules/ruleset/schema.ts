/** The closed form of ruleset.yaml (ruleset.schema.json). */
import type { LabelForm, RowForm } from '../bundle/bundle.ts'
import type { PairMode } from '../label/pair.ts'
import type { CatalogueName, PresetName, UnlabelledName } from '../profile/catalogue.ts'
import type { IdentifierKind } from '../profile/identifiers.ts'
import type { StripName } from '../profile/strip.ts'
import type { CategoryName, ScriptName } from '../text/names.ts'
import { schemaChecker } from './checker.ts'
import schema from './ruleset.schema.json' with { type: 'json' }

export type DomainSource = Readonly<{
  name: string
  kind: 'im' | 'rooms'
  users?: readonly string[]
  rooms?: readonly string[]
}>

export type SideSource = Readonly<{ name: string; domains: readonly DomainSource[] }>

export type KindName =
  | 'messages'
  | 'groupchat'
  | 'presence'
  | 'subscriptions'
  | 'errors'
  | 'questions'
  | 'answers'

type PairSource = Readonly<{
  from: string
  to: string
  kinds: readonly KindName[]
  rate?: number
  burst?: number
}>

export type CategorySource = Readonly<{ 'tag-set': string; tag?: string; values: readonly string[] }>

export type LabelSource = Readonly<{
  classification: string
  categories?: readonly CategorySource[]
  'privacy-mark'?: string
}>

/** What somebody may see, in the words of a SPIF. */
export type ClearanceSource = Readonly<{
  classifications: readonly string[]
  categories?: readonly CategorySource[]
}>

export type LabelSetSource = Readonly<{
  name: string
  policy: string
  target?: string
  equivalences?: 'policy' | 'target'
  accept: readonly RowForm[]
  release: LabelForm
  mode: 'replace' | PairMode
  'marking-language': string
  'review-after'?: string
  discard?: readonly string[]
  'peer-clearance'?: ClearanceSource
  generate?: Readonly<{ clearance: ClearanceSource; categories: number; cap: number }>
  allow: readonly (LabelSource & Readonly<{ name: string; becomes?: LabelSource }>)[]
}>

type DefaultLabelSource = Readonly<{ from: string; label: string; form: LabelForm; 'review-after'?: string }>

/** ruleset.yaml after the schema: defaults filled in, nothing else in it. */
export type RulesetSource = Readonly<{
  format: 'sallyport-ruleset-1'
  name: string
  version: number
  from: SideSource
  to: SideSource
  profile: Readonly<Partial<Record<CatalogueName, boolean>> & { preset?: PresetName }>
  unlabelled: readonly UnlabelledName[]
  pairs?: readonly PairSource[]
  identifiers: IdentifierKind
  languages: readonly string[]
  content?: Readonly<{
    scripts?: readonly ScriptName[]
    categories?: readonly CategoryName[]
    joiners?: 'refuse' | 'allow'
    marks?: number
    'mixed-words'?: 'refuse' | 'allow'
    links?: 'refuse' | 'allow'
    words?: readonly string[]
  }>
  limits: Readonly<
    Record<
      | 'stanza-octets'
      | 'depth'
      | 'body-characters'
      | 'subject-characters'
      | 'thread-characters'
      | 'id-characters'
      | 'local-characters'
      | 'resource-characters'
      | 'discovery-items'
      | 'rate'
      | 'burst',
      number
    > & { 'pair-rate'?: number; 'pair-burst'?: number }
  >
  pacing?: Readonly<{ slot: number; sizes: readonly number[] }>
  labels: Readonly<{
    windows: Readonly<Record<'creation-past' | 'creation-future' | 'review-after-creation', string>>
    sets: readonly LabelSetSource[]
  }>
  edge: Readonly<{ strip: readonly StripName[]; 'default-labels'?: readonly DefaultLabelSource[] }>
  validity?: Readonly<{ 'not-before'?: string; 'not-after'?: string; replaces?: string }>
}>

/** Checks the value of ruleset.yaml; the defaults are written into it. */
export const checkRuleset = schemaChecker<RulesetSource>(schema, 'doc/ruleset.md')
