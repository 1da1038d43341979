/**
 * A page for people: headings, sentences, lists and tables, written once and shown as HTML (html.ts) and as plain text
 * (text.ts).
 */

/** A piece of a line: text, text as it stands in a stanza, text that must not be overlooked, or a marking in its colours. */
export type Inline =
  | string
  | Readonly<{ code: string }>
  | Readonly<{ strong: string }>
  | Readonly<{ warning: string }>
  | Readonly<{ marking: string; fgcolor: string; bgcolor: string }>

/** One or more pieces; in a table a cell may have several lines. */
export type Line = Inline | readonly Inline[]
export type Cell = Line | Readonly<{ lines: readonly Line[] }>

export type Block =
  | Readonly<{ type: 'heading'; level: 2 | 3; text: string }>
  | Readonly<{ type: 'paragraph'; line: Line }>
  | Readonly<{ type: 'list'; items: readonly Line[] }>
  | Readonly<{ type: 'table'; head: readonly string[]; rows: readonly (readonly Cell[])[] }>
  /** Octets as they are, such as a stanza. */
  | Readonly<{ type: 'verbatim'; text: string }>

export type Page = Readonly<{ title: string; subtitle: string; blocks: readonly Block[] }>

export const heading = (text: string): Block => ({ type: 'heading', level: 2, text })
export const subheading = (text: string): Block => ({ type: 'heading', level: 3, text })
export const paragraph = (...line: readonly Inline[]): Block => ({ type: 'paragraph', line })
export const list = (items: readonly Line[]): Block => ({ type: 'list', items })
export const table = (head: readonly string[], rows: readonly (readonly Cell[])[]): Block => ({
  type: 'table',
  head,
  rows,
})
export const verbatim = (text: string): Block => ({ type: 'verbatim', text })
export const code = (text: string): Inline => ({ code: text })
export const strong = (text: string): Inline => ({ strong: text })
export const warning = (text: string): Inline => ({ warning: text })

/** The pieces of a line. */
export function piecesOf(line: Line): readonly Inline[] {
  return Array.isArray(line) ? (line as readonly Inline[]) : [line as Inline]
}

/** The lines of a cell. */
export function linesOf(cell: Cell): readonly Line[] {
  return typeof cell === 'object' && 'lines' in cell ? cell.lines : [cell as Line]
}
