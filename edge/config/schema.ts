/**
 * edge.schema.json applied: the closed form of edge.yaml, each error with its place and what to write instead.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { listed, type Problem } from '../../rules/ruleset/problem.ts'
import type { Path, YamlSource } from '../../rules/ruleset/yaml.ts'
import schema from './edge.schema.json' with { type: 'json' }

type Tls = Readonly<{ peer: string; certificate: string; key: string; ca: string }>
type BundleRef = Readonly<{ file: string; digest: string }>

/** edge.yaml after the schema: defaults filled in, nothing else in it. */
export type EdgeSource = Readonly<{
  name: string
  side: string
  state: string
  s2s: Readonly<{
    listen: string
    ca: readonly string[]
    certificates: readonly Readonly<{ domains: readonly string[]; certificate: string; key: string }>[]
    routes?: readonly Readonly<{ domain: string; host: string; port: number }>[]
  }>
  gcxp: Readonly<{
    out: Tls & Readonly<{ host: string; port: number }>
    in: Tls & Readonly<{ listen: string }>
  }>
  bundles: Readonly<{ out: BundleRef; in: BundleRef }>
  metrics: Readonly<{ listen: string }>
  limits: EdgeLimits
}>

export type EdgeLimits = Readonly<{
  handshakeSeconds: number
  stanzaSeconds: number
  iqSeconds: number
  queueStanzas: number
}>

type Part = Readonly<{ title?: string; $ref?: string; properties?: Readonly<Record<string, Part>> }>

const validate = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true }).compile(schema)

/** Checks the value of edge.yaml; the defaults are written into it. */
export function checkEdgeSource(source: YamlSource): EdgeSource | readonly Problem[] {
  if (validate(source.value)) return source.value as EdgeSource
  return (validate.errors ?? []).map((error) => describe(error, source))
}

function describe(error: ErrorObject, source: YamlSource): Problem {
  const path = pathOf(error.instancePath, source.value)
  const part = error.parentSchema as Part
  const expected = titleOf(part)
  switch (error.keyword) {
    case 'required': {
      const key = String(error.params['missingProperty'])
      return source.problem(
        path,
        `"${key}" is missing in ${expected}; add it: ${titleOf(part.properties?.[key])}`,
      )
    }
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty'])
      const known = listed(Object.keys(part.properties ?? {}))
      return source.problemOfKey([...path, key], `unknown key "${key}" in ${expected}; known are ${known}`)
    }
    case 'minItems':
      return source.problem(path, `${expected} is empty; write at least one entry`)
    case 'uniqueItems':
      return source.problem(path, `${expected} has an entry twice; remove one`)
    default:
      return source.problem(path, `this is not ${expected}; write ${expected}`)
  }
}

function titleOf(part: Part | undefined): string {
  if (part?.title !== undefined) return part.title
  const name = part?.$ref?.replace('#/$defs/', '')
  const referred = name === undefined ? undefined : (schema.$defs as Readonly<Record<string, Part>>)[name]
  return referred?.title ?? 'what doc/edge.md says'
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
