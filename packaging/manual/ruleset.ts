/** The field reference of doc/ruleset.md, made from the published schema. */
import schema from '../../rules/ruleset/ruleset.schema.json' with { type: 'json' }

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
}>

/** Where the reference stands in the page. */
const BEGIN = '<!-- fields: made from ruleset.schema.json by scripts/manual.ts -->'
const END = '<!-- end of fields -->'

/** The page with the reference between its two marks made anew. */
export function withFields(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('doc/ruleset.md has lost the marks of its field reference')
  return `${page.slice(0, begin)}${BEGIN}\n\n${rulesetFields()}\n${page.slice(end)}`
}

/** One row a field, with its full path; `[]` is each entry of a list. */
function rulesetFields(): string {
  const rows: string[] = []
  walk(schema as unknown as Part, '', rows)
  return ['| field | | write | meaning |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function walk(part: Part, path: string, rows: string[]): void {
  for (const [name, unresolved] of Object.entries(part.properties ?? {})) {
    const field = resolve(unresolved)
    const here = path === '' ? name : `${path}.${name}`
    const status = part.required?.includes(name)
      ? 'required'
      : field.default === undefined || field.properties !== undefined
        ? 'optional'
        : `default ${JSON.stringify(field.default)}`
    rows.push(`| \`${here}\` | ${status} | ${value(field)} | ${field.description ?? ''} |`)
    inner(field, here, rows)
  }
}

function inner(field: Part, path: string, rows: string[]): void {
  if (field.properties !== undefined) walk(field, path, rows)
  if (field.items !== undefined) inner(resolve(field.items), `${path}[]`, rows)
}

function value(field: Part): string {
  if (field.const !== undefined) return `\`${field.const}\``
  if (field.enum !== undefined) return field.enum.map((v) => `\`${v}\``).join(', ')
  const items = field.items === undefined ? undefined : resolve(field.items)
  const choices = items?.enum === undefined ? '' : `: ${items.enum.map((v) => `\`${v}\``).join(', ')}`
  const example = field.examples?.[0]
  const such =
    example === undefined
      ? ''
      : `, such as \`${typeof example === 'string' ? example : JSON.stringify(example)}\``
  return `${field.title ?? ''}${choices}${such}`
}

function resolve(part: Part): Part {
  if (part.$ref === undefined) return part
  const name = part.$ref.replace('#/$defs/', '') as keyof typeof schema.$defs
  return { ...(schema.$defs[name] as Part), ...part }
}
