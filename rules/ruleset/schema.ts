/**
 * ruleset.schema.json applied: the closed form of ruleset.yaml, every error with its place and what to write instead.
 *
 * The schema is published with the product; `title` of each part is what an error says was expected there.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { LabelForm } from '../bundle/bundle.ts'
import type { CatalogueName, UnlabelledName } from '../profile/catalogue.ts'
import type { StripName } from '../profile/strip.ts'
import { listed, type Problem } from './problem.ts'
import schema from './ruleset.schema.json' with { type: 'json' }
import type { Path, YamlSource } from './yaml.ts'

export type SideSource = Readonly<{
  name: string
  domains: readonly Readonly<{ name: string; kind: 'im' | 'rooms' }>[]
}>

export type CategorySource = Readonly<{ 'tag-set': string; tag?: string; values: readonly string[] }>

export type LabelSource = Readonly<{
  classification: string
  categories?: readonly CategorySource[]
  'privacy-mark'?: string
}>

export type LabelSetSource = Readonly<{
  name: string
  policy: string
  target?: string
  equivalences?: 'policy' | 'target'
  accept: readonly LabelForm[]
  release: LabelForm
  mode: 'replace'
  'marking-language': string
  'review-after'?: string
  allow: readonly (LabelSource & Readonly<{ name: string; becomes?: LabelSource }>)[]
}>

/** ruleset.yaml after the schema: defaults filled in, nothing else in it. */
export type RulesetSource = Readonly<{
  format: 'sallyport-ruleset-1'
  name: string
  version: number
  from: SideSource
  to: SideSource
  profile: Readonly<Partial<Record<CatalogueName, boolean>>>
  unlabelled: readonly UnlabelledName[]
  limits: Readonly<
    Record<
      | 'stanza-octets'
      | 'depth'
      | 'body-characters'
      | 'subject-characters'
      | 'thread-characters'
      | 'id-characters'
      | 'rate'
      | 'burst',
      number
    >
  >
  labels: Readonly<{
    windows: Readonly<Record<'creation-past' | 'creation-future' | 'review-after-creation', string>>
    sets: readonly LabelSetSource[]
  }>
  edge: Readonly<{ strip: readonly StripName[] }>
}>

type SchemaPart = Readonly<{
  title?: string
  $ref?: string
  examples?: readonly unknown[]
  enum?: readonly unknown[]
  properties?: Readonly<Record<string, SchemaPart>>
}>

const validate = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true }).compile(schema)

/** Checks the value of ruleset.yaml; the defaults are written into it. */
export function checkRuleset(source: YamlSource): RulesetSource | Readonly<{ problems: readonly Problem[] }> {
  if (validate(source.value)) return source.value as RulesetSource
  return { problems: (validate.errors ?? []).map((error) => describe(error, source)) }
}

function describe(error: ErrorObject, source: YamlSource): Problem {
  const path = pathOf(error.instancePath, source.value)
  const part = error.parentSchema as SchemaPart
  const found = quoted(error.data)
  const expected = part.title ?? 'what belongs here'
  switch (error.keyword) {
    case 'required': {
      const key = String(error.params['missingProperty'])
      return source.problem(
        path,
        `"${key}" is missing in ${expected}; add it: ${hint(part.properties?.[key])}`,
      )
    }
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty'])
      const known = listed(Object.keys(part.properties ?? {}))
      return source.problemOfKey([...path, key], `unknown key "${key}" in ${expected}; known are ${known}`)
    }
    case 'enum':
      return source.problem(
        path,
        `${found} is not ${expected}; write one of ${listed((part.enum ?? []).map(String))}`,
      )
    case 'const':
      return source.problem(
        path,
        `${found} is not ${expected}; write ${String(error.params['allowedValue'])}`,
      )
    case 'minItems':
      return source.problem(path, `${expected} is empty; write at least one entry`)
    case 'uniqueItems': {
      const { i, j } = error.params as { i: number; j: number }
      return source.problem([...path, Math.max(i, j)], `${expected} has an entry twice; remove one`)
    }
    default:
      return source.problem(path, `${found} is not ${expected}; write ${hint(part)}`)
  }
}

/** What to write, from the schema of a value. */
function hint(part: SchemaPart | undefined): string {
  if (part === undefined) return 'see doc/ruleset.md'
  const target = part.$ref === undefined ? part : { ...resolve(part.$ref), ...part }
  const example = target.examples?.[0]
  return `${target.title ?? 'see doc/ruleset.md'}${example === undefined ? '' : `, such as ${plain(example)}`}`
}

function resolve(ref: string): SchemaPart {
  const name = ref.replace('#/$defs/', '') as keyof typeof schema.$defs
  return schema.$defs[name] as SchemaPart
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function quoted(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a table'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** A JSON pointer as keys and indices of `value`. */
function pathOf(pointer: string, value: unknown): Path {
  const path: (string | number)[] = []
  let here = value
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(here) ? Number(key) : key)
    here = (here as Record<string, unknown> | undefined)?.[key]
  }
  return path
}
