/** A page as plain text of at most 100 columns, for terminals, mail and `diff`. */
import { type Block, type Cell, type Inline, type Line, linesOf, type Page, piecesOf } from './page.ts'
import { visible } from './visible.ts'

const COLUMNS = 100

/** The text, with one LF at the end. */
export function asText({ title, subtitle, blocks }: Page): string {
  const head = [visible(title), '='.repeat(Math.min(title.length, COLUMNS)), ...wrapped(subtitle, '', '')]
  return `${[...head, ...blocks.flatMap((one) => ['', ...block(one)])].join('\n')}\n`
}

function block(one: Block): string[] {
  switch (one.type) {
    case 'heading':
      return [visible(one.text), (one.level === 2 ? '-' : '.').repeat(Math.min(one.text.length, COLUMNS))]
    case 'paragraph':
      return wrapped(line(one.line), '', '')
    case 'list':
      return one.items.flatMap((item) => wrapped(line(item), '- ', '  '))
    case 'verbatim':
      return visible(one.text)
        .split('\n')
        .map((row) => `    ${row}`)
    case 'table':
      if (one.head.length === 2) return one.rows.flatMap(([name, item]) => pair(name ?? '', item ?? ''))
      return one.rows.flatMap((row, index) => [
        ...(index === 0 ? [] : ['']),
        ...row.flatMap((item, column) => field(one.head[column] ?? '', item, column)),
      ])
  }
}

/** A row of a table with two columns is one line. */
function pair(name: Cell, item: Cell): string[] {
  const [first = '', ...rest] = linesOf(item).map(line)
  return [
    ...wrapped(`${linesOf(name).map(line).join(' ')}: ${first}`, '* ', '    '),
    ...rest.flatMap((text) => wrapped(text, '    ', '      ')),
  ]
}

/** A row of a table is a paragraph: its first cell in front, every other one behind the name of its column. */
function field(name: string, item: Cell, column: number): string[] {
  const lines = linesOf(item)
    .map(line)
    .filter((text) => text !== '')
  const [first = '', ...rest] = lines
  if (column === 0)
    return [...wrapped(first, '* ', '  '), ...rest.flatMap((text) => wrapped(text, '  ', '  '))]
  if (lines.length === 0) return []
  const label = name === '' ? '' : `${name}: `
  if (rest.length === 0) return wrapped(label + first, '    ', '      ')
  return [
    ...wrapped(label.trimEnd(), '    ', '      '),
    ...lines.flatMap((text) => wrapped(text, '      ', '        ')),
  ]
}

function line(one: Line): string {
  return visible(piecesOf(one).map(inline).join(''))
}

function inline(one: Inline): string {
  if (typeof one === 'string') return one
  if ('code' in one) return one.code
  if ('strong' in one) return one.strong
  if ('warning' in one) return `!! ${one.warning} !!`
  return `[${one.marking}]`
}

function wrapped(text: string, first: string, rest: string): string[] {
  const out: string[] = []
  let current = first
  let empty = true
  for (const word of text.split(' ')) {
    if (!empty && current.length + 1 + word.length > COLUMNS) {
      out.push(current)
      current = rest
      empty = true
    }
    current += empty ? word : ` ${word}`
    empty = false
  }
  return [...out, current]
}
