/** The field references of doc/ruleset.md, made from the published schemas. */
import examples from '../../rules/ruleset/examples.schema.json' with { type: 'json' }
import ruleset from '../../rules/ruleset/ruleset.schema.json' with { type: 'json' }

type Part = Readonly<{
  title?: string
  description?: string
  $ref?: string
  type?: string
  const?: string
  enum?: readonly string[]
  default?: unknown
  examples?: readonly unknown[]
  properties?: Readonly<Record<string, Part>>
  required?: readonly string[]
  items?: Part
  $defs?: Readonly<Record<string, Part>>
}>

/** Where each reference stands in the page: between these two. */
const REFERENCES: readonly Readonly<{ file: string; schema: Part; end: string }>[] = [
  { file: 'ruleset.schema.json', schema: ruleset as unknown as Part, end: '<!-- end of fields -->' },
  {
    file: 'examples.schema.json',
    schema: examples as unknown as Part,
    end: '<!-- end of example fields -->',
  },
]

/** The page with each reference between its two marks made anew. */
export function withFields(page: string): string {
  return REFERENCES.reduce((text, { file, schema, end }) => {
    const mark = `<!-- fields: made from ${file} by scripts/manual.ts -->`
    const from = text.indexOf(mark)
    const to = text.indexOf(end)
    if (from < 0 || to < from) throw new Error(`doc/ruleset.md has lost the marks of ${file}`)
    return `${text.slice(0, from)}${mark}\n\n${fields(schema)}\n${text.slice(to)}`
  }, page)
}

/** One row a field, with its full path; `[]` is each entry of a list. */
function fields(schema: Part): string {
  const rows: string[] = []
  walk(schema, '', schema, rows)
  return ['| field | | write | meaning |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function walk(part: Part, path: string, schema: Part, rows: string[]): void {
  for (const [name, unresolved] of Object.entries(part.properties ?? {})) {
    const field = resolve(unresolved, schema)
    const here = path === '' ? name : `${path}.${name}`
    const status = part.required?.includes(name)
      ? 'required'
      : field.default === undefined || field.properties !== undefined
        ? 'optional'
        : `default ${JSON.stringify(field.default)}`
    rows.push(`| \`${here}\` | ${status} | ${value(field, schema)} | ${field.description ?? ''} |`)
    inner(field, here, schema, rows)
  }
}

function inner(field: Part, path: string, schema: Part, rows: string[]): void {
  if (field.properties !== undefined) walk(field, path, schema, rows)
  if (field.items !== undefined) inner(resolve(field.items, schema), `${path}[]`, schema, rows)
}

function value(field: Part, schema: Part): string {
  if (field.const !== undefined) return `\`${field.const}\``
  if (field.enum !== undefined) return field.enum.map((v) => `\`${v}\``).join(', ')
  const items = field.items === undefined ? undefined : resolve(field.items, schema)
  const choices = items?.enum === undefined ? '' : `: ${items.enum.map((v) => `\`${v}\``).join(', ')}`
  const example = field.examples?.[0]
  const such =
    example === undefined
      ? ''
      : `, such as \`${typeof example === 'string' ? example : JSON.stringify(example)}\``
  return `${field.title ?? ''}${choices}${such}`
}

function resolve(part: Part, schema: Part): Part {
  if (part.$ref === undefined) return part
  return { ...schema.$defs?.[part.$ref.replace('#/$defs/', '')], ...part }
}
