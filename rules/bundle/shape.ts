/**
 * The shape of a bundle, field by field: what `loadBundle` insists on before a verifier trusts a table.
 *
 * Closed: an unknown field is as wrong as a missing one. Written by hand and small, since the guard carries no schema
 * machinery; the types are those of bundle.ts.
 */

import { CATEGORIES, SCRIPTS } from '../text/names.ts'
import { parseNumber } from '../text/numbered.ts'

/** Checks one value; `path` names it in the error. Throws a `ShapeError`. */
export type Check = (value: unknown, path: string) => void

/** A bundle that is not what it should be; the message names the field. */
export class ShapeError extends Error {}

const fail = (path: string, wanted: string): never => {
  throw new ShapeError(`${path.replace(/^\./, '') || 'the bundle'} is not ${wanted}`)
}

const string: Check = (value, path) => {
  if (typeof value !== 'string') fail(path, 'a text')
}

const boolean: Check = (value, path) => {
  if (typeof value !== 'boolean') fail(path, 'true or false')
}

/** Any whole number. */
const whole: Check = (value, path) => {
  if (!Number.isSafeInteger(value)) fail(path, 'a whole number')
}

const count: Check = (value, path) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) fail(path, 'a whole number from 0')
}

const oneOf =
  (...values: readonly unknown[]): Check =>
  (value, path) => {
    if (!values.includes(value)) fail(path, `one of ${values.join(', ')}`)
  }

const list =
  (item: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) fail(path, 'a list')
    for (const [index, entry] of (value as unknown[]).entries()) item(entry, `${path}[${index}]`)
  }

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An object of exactly these fields; those of `optional` may be absent. */
function record(
  fields: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  const known = new Map([...Object.entries(fields), ...Object.entries(optional)])
  return (value, path) => {
    if (!isRecord(value)) return fail(path, 'an object')
    for (const key of Object.keys(value)) if (!known.has(key)) fail(`${path}.${key}`, 'a known field')
    for (const key of Object.keys(fields)) if (!Object.hasOwn(value, key)) fail(`${path}.${key}`, 'there')
    for (const [key, field] of Object.entries(value)) known.get(key)?.(field, `${path}.${key}`)
  }
}

/** One of several objects, told apart by the field `type`. */
function tagged(kinds: Readonly<Record<string, Readonly<Record<string, Check>>>>): Check {
  const checks = new Map(
    Object.entries(kinds).map(([type, fields]) => [type, record({ type: oneOf(type), ...fields })]),
  )
  return (value, path) => {
    const type = isRecord(value) ? value['type'] : undefined
    const check = typeof type === 'string' ? checks.get(type) : undefined
    if (check === undefined) fail(`${path}.type`, `one of ${[...checks.keys()].join(', ')}`)
    else check(value, path)
  }
}

const valueRule = tagged({
  enum: { values: list(string) },
  identifier: { max: count },
  'own-number': { echo: boolean },
  'answer-number': {},
  'earlier-number': { echo: boolean },
  text: { max: count, lines: boolean },
  date: {},
  integer: { min: whole, max: whole },
  address: { side: oneOf('from', 'to', 'either'), local: count, resource: count },
  resource: { max: count },
})

const attributeRule = record({ name: string, required: boolean, value: valueRule })

const slots: Check = (value, path) => list(slot)(value, path)

const elementRule = record({
  ns: string,
  name: string,
  attributes: list(attributeRule),
  content: tagged({ empty: {}, value: { value: valueRule, mayBeEmpty: boolean }, elements: { slots } }),
  labelling: oneOf('always', 'unless-empty', 'never'),
})

const slot = tagged({
  elements: { of: list(elementRule), min: count, max: count, sorted: boolean },
  label: {},
})

const stanzaForm = record({
  form: string,
  element: oneOf('message', 'presence', 'iq'),
  type: (value, path) => {
    if (value !== null) string(value, path)
  },
  attributes: list(attributeRule),
  slots,
  content: boolean,
})

const rowForm = oneOf(
  ...['ess-0258', '4774-0258', '4774-4778'],
  ...['ess-0258+equivalentlabel', '4774-0258+equivalentlabel'],
  ...['4774-0258+alternative', '4774-4778+alternative'],
)

const inputHole = record({ hole: oneOf('creation', 'review') })
const outputHole = record({ hole: oneOf('creation', 'review', 'now') })
const laterHole = record({ hole: oneOf('now-plus'), seconds: count })

const inputPart: Check = (value, path) => {
  if (typeof value !== 'string') inputHole(value, path)
}

const outputPart: Check = (value, path) => {
  if (typeof value === 'string') return
  if (isRecord(value) && value['hole'] === 'now-plus') laterHole(value, path)
  else outputHole(value, path)
}

const words = record(
  {
    policy: string,
    classification: string,
    categories: list(record({ tagSet: string, values: list(string) })),
    fgcolor: string,
    bgcolor: string,
  },
  { privacyMark: string },
)

const forPeople = {
  words,
  beside: record({ place: oneOf('first', 'second'), marking: string }, { words }),
}

const labelRow = record(
  {
    name: string,
    input: record({ form: rowForm, value: string, marking: string, template: list(inputPart) }, forPeople),
    output: record({ form: rowForm, marking: string, template: list(outputPart) }, forPeople),
  },
  { discarded: list(string) },
)

const stanzaNumber: Check = (value, path) => {
  if (typeof value !== 'string' || parseNumber(value) === undefined) fail(path, 'a number such as 0.1')
}

const example: Check = (value, path) => {
  const common = { name: string, at: count, stanza: string }
  const refusal = isRecord(value) && value['verdict'] === 'refused'
  const check = refusal
    ? record({ ...common, verdict: oneOf('refused') }, { number: stanzaNumber, reason: string })
    : record(
        { ...common, verdict: oneOf('accepted') },
        { number: stanzaNumber, row: string, becomes: string },
      )
  check(value, path)
}

const digest: Check = (value, path) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) fail(path, '64 small hexadecimal digits')
}

const side = record({
  name: string,
  domains: list(record({ name: string, kind: oneOf('im', 'rooms') }, { locals: list(string) })),
})

const elementName = { ns: string, name: string }

/** The shape of a whole bundle. */
export const bundleShape: Check = record(
  {
    format: oneOf('sallyport-bundle-1'),
    name: string,
    version: count,
    unicode: string,
    from: side,
    to: side,
    limits: record(
      { stanzaBytes: count, depth: count, rate: count, burst: count },
      { pairRate: count, pairBurst: count },
    ),
    forms: list(stanzaForm),
    labels: record({
      windows: record({ creationPast: count, creationFuture: count, reviewAfterCreation: count }),
      rows: list(labelRow),
    }),
    edge: record(
      { strip: list(record(elementName)) },
      {
        stripInside: list(record({ ...elementName, parent: record(elementName) })),
        defaultLabels: list(record({ from: string, row: count }, { reviewAfter: count })),
        stripAttributes: list(record({ ...elementName, attribute: string })),
        equivalents: list(list(string)),
      },
    ),
    sources: list(record({ file: string, sha256: string })),
  },
  {
    content: record(
      {},
      {
        scripts: list(oneOf(...SCRIPTS)),
        categories: list(oneOf(...CATEGORIES)),
        joiners: boolean,
        marks: count,
        mixedWords: boolean,
        links: boolean,
        words: list(string),
      },
    ),
    pacing: record({ slotMilliseconds: count, sizes: list(count) }),
    pairs: list(record({ from: string, to: string, forms: list(string) }, { rate: count, burst: count })),
    validity: record({}, { notBefore: count, notAfter: count, replaces: digest }),
    origins: list(record({ rule: string, file: string, line: count })),
    examples: list(example),
  },
)
