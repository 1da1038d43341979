/**
 * Reads the bundle's JSON with every member accounted for. A member that is not expected is a fault: it may be a
 * restriction of which this program knows nothing.
 */
import { Fault } from './reasons.ts'

/** A JSON value and where in the bundle it stands, for faults. */
export type Json = Readonly<{ value: unknown; path: string }>

/** Parses canonical JSON: UTF-8, keys in code-unit order, each once, no white space, one LF at the end. */
export function parseCanonical(octets: Buffer): Json {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  const value: unknown = JSON.parse(text)
  if (`${writeCanonical(value)}\n` !== text) throw new Fault('the bundle is not canonical JSON')
  return { value, path: 'bundle' }
}

/** The members of an object that has exactly these, `may` being those that it need not have. */
export function members<K extends string, M extends string = never>(
  json: Json,
  names: readonly K[],
  may: readonly M[] = [],
): Readonly<Record<K, Json> & Partial<Record<M, Json>>> {
  const object = asObject(json)
  for (const name of names) {
    if (!Object.hasOwn(object, name)) throw new Fault(`${json.path} has no member ${name}`)
  }
  const known: readonly string[] = [...names, ...may]
  const out = Object.create(null) as Record<K, Json> & Partial<Record<M, Json>>
  for (const [name, value] of Object.entries(object)) {
    if (!known.includes(name)) throw new Fault(`${json.path} has a member that verify does not know`)
    out[name as K] = { value, path: `${json.path}.${name}` } as (typeof out)[K]
  }
  return out
}

/** The object without members that are for people, or for another program: they restrict nothing here. */
export function without(json: Json, ...names: string[]): Json {
  const rest = Object.entries(asObject(json)).filter(([name]) => !names.includes(name))
  return { value: Object.fromEntries(rest), path: json.path }
}

/** The member of an object by which its other members go, such as `type`. */
export function kindOf<K extends string>(json: Json, name: string, ...kinds: K[]): K {
  const object = asObject(json)
  if (!Object.hasOwn(object, name)) throw new Fault(`${json.path} has no member ${name}`)
  return oneOf({ value: object[name], path: `${json.path}.${name}` }, ...kinds)
}

export function oneOf<K extends string>(json: Json, ...kinds: K[]): K {
  const kind = kinds.find((one) => one === json.value)
  if (kind === undefined) throw new Fault(`${json.path} is none of ${kinds.join(', ')}`)
  return kind
}

export function items(json: Json): Json[] {
  if (!Array.isArray(json.value)) throw new Fault(`${json.path} is no array`)
  return json.value.map((value: unknown, index) => ({ value, path: `${json.path}[${index}]` }))
}

export function string(json: Json): string {
  if (typeof json.value !== 'string' || !json.value.isWellFormed())
    throw new Fault(`${json.path} is no string`)
  return json.value
}

export function boolean(json: Json): boolean {
  if (typeof json.value !== 'boolean') throw new Fault(`${json.path} is neither true nor false`)
  return json.value
}

/** An integer from `least` to `most`. */
export function integer(json: Json, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const { value } = json
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new Fault(`${json.path} is no integer from ${least} to ${most}`)
  }
  return value
}

function asObject(json: Json): Record<string, unknown> {
  if (typeof json.value !== 'object' || json.value === null || Array.isArray(json.value)) {
    throw new Fault(`${json.path} is no object`)
  }
  return json.value as Record<string, unknown>
}

function writeCanonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeCanonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const object = value as Record<string, unknown>
  const out = Object.keys(object)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${writeCanonical(object[name])}`)
  return `{${out.join(',')}}`
}
