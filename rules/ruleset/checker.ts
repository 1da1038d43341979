/**
 * A JSON Schema applied to a YAML file: every error with its place and what to write instead.
 *
 * The schemas are published with the product; `title` of each part is what an error says was expected there.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { listed, type Problem } from './problem.ts'
import type { Path, YamlSource } from './yaml.ts'

type SchemaPart = Readonly<{
  title?: string
  $ref?: string
  examples?: readonly unknown[]
  enum?: readonly unknown[]
  properties?: Readonly<Record<string, SchemaPart>>
  required?: readonly string[]
}>

type Schema = Readonly<{ $defs?: object }>

/**
 * What is wrong with a file. `mended` is what it would hold without its unknown keys and repeated entries, where nothing else is wrong:
 * not to be used but to look for more problems.
 */
export type WrongFile<T> = Readonly<{ problems: readonly Problem[]; mended?: T }>

/**
 * A check of one kind of file; the defaults of the schema are written into the value. `manual` is the page on it; `others` are
 * schemas that it refers to by their `$id`.
 */
export function schemaChecker<T>(
  schema: Schema,
  manual: string,
  others: Schema[] = [],
): (source: YamlSource) => T | WrongFile<T> {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true, schemas: others })
  const validate = ajv.compile(schema)
  const hint = (part: SchemaPart | undefined): string => hintOf(part, schema, manual)
  return (source) => {
    if (validate(source.value)) return source.value as T
    const errors = validate.errors ?? []
    const problems = errors.map((error) => describe(error, source, hint))
    const mended = withoutSurplus(source.value, errors)
    return mended !== undefined && validate(mended) ? { problems, mended: mended as T } : { problems }
  }
}

/** A copy without unknown keys and repeated entries, when nothing else is wrong. */
function withoutSurplus(value: unknown, errors: readonly ErrorObject[]): unknown {
  if (!errors.every(({ keyword }) => keyword === 'additionalProperties' || keyword === 'uniqueItems'))
    return undefined
  const copy: unknown = structuredClone(value)
  for (const { instancePath, keyword, params } of errors) {
    let here = copy
    for (const part of pathOf(instancePath, copy)) here = (here as Record<string | number, unknown>)[part]
    if (keyword === 'uniqueItems') (here as unknown[]).splice(Math.max(params['i'], params['j']), 1)
    else delete (here as Record<string, unknown>)[String(params['additionalProperty'])]
  }
  return copy
}

function describe(
  error: ErrorObject,
  source: YamlSource,
  hint: (part: SchemaPart | undefined) => string,
): Problem {
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
    default: {
      const keys = part.required ?? Object.keys(part.properties ?? {})
      const form = keys.length > 0 ? `, with ${listed(keys)}` : ''
      return source.problem(path, `${found} is not ${expected}; write ${hint(part)}${form}`)
    }
  }
}

/** What to write, from the schema of a value. */
function hintOf(part: SchemaPart | undefined, schema: Schema, manual: string): string {
  if (part === undefined) return `see ${manual}`
  const target = part.$ref === undefined ? part : { ...resolve(part.$ref, schema), ...part }
  const example = target.examples?.[0]
  return `${target.title ?? `see ${manual}`}${example === undefined ? '' : `, such as ${plain(example)}`}`
}

function resolve(ref: string, schema: Schema): SchemaPart {
  const parts = (schema.$defs ?? {}) as Readonly<Record<string, SchemaPart>>
  return parts[ref.replace('#/$defs/', '')] ?? {}
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
