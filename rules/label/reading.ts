/**
 * Strict and lenient reading of the XML of STANAG 4774 labels and clearances.
 *
 * A reading function takes a reader and goes straight on: what cannot be read at all it ends with `fail`, what only a
 * lenient reader takes it hands to `forgive`. `reading` runs it and gives a problem or the value with its findings.
 */
import { parseDate } from '../text/date.ts'
import { readDateTime } from '../text/datetime.ts'
import { elements, text, type XmlElement } from '../xml/node.ts'
import { trimBlanks } from './blanks.ts'

/** What a lenient reader forgave. `line` counts from 1, and is there where the tree came from a document. */
export type LabelFinding = Readonly<{ finding: string; line?: number }>
/** Why something was not read. */
export type LabelProblem = Readonly<{ problem: string; line?: number }>

/** A problem at an element, with its line where the tree has lines (`rules/spif/xml.ts`; stanzas have none). */
export function problemAt(node: XmlElement, problem: string): LabelProblem {
  return { problem, ...lineOf(node) }
}

function lineOf(node: XmlElement & { readonly line?: number }): { line?: number } {
  return node.line === undefined ? {} : { line: node.line }
}

/** A finding or problem in one line of text. */
export function located(text: string, { line }: Readonly<{ line?: number }>): string {
  return line === undefined ? text : `line ${line}: ${text}`
}

/** What a reading function passes on: how strict, and what was forgiven so far. */
export type Reader = { readonly strict: boolean; readonly findings: LabelFinding[] }

/** Ends a reading; caught in `reading`, never seen outside. */
class Unreadable extends Error {
  readonly found: LabelProblem
  constructor(found: LabelProblem) {
    super(found.problem)
    this.found = found
  }
}

/** Runs a reading function of labels or clearances: a problem instead of its exception. */
export function reading<T>(
  mode: 'strict' | 'lenient',
  read: (reader: Reader) => T,
): Readonly<{ value: T; findings: readonly LabelFinding[] }> | LabelProblem {
  const reader: Reader = { strict: mode === 'strict', findings: [] }
  try {
    return { value: read(reader), findings: reader.findings }
  } catch (error) {
    if (error instanceof Unreadable) return error.found
    throw error
  }
}

/** Ends the reading with a problem at an element, strict or not. */
export function fail(node: XmlElement, problem: string): never {
  throw new Unreadable(problemAt(node, problem))
}

/** Refused when strict, a finding when lenient. */
export function forgive(reader: Reader, node: XmlElement, finding: string): void {
  if (reader.strict) fail(node, finding)
  reader.findings.push({ finding, ...lineOf(node) })
}

/** The element children; text between them other than XML blanks is refused. */
export function childElements(node: XmlElement): readonly XmlElement[] {
  for (const child of node.children) {
    if (typeof child === 'string' && trimBlanks(child) !== '') fail(node, `text in ${node.name}`)
  }
  return elements(node)
}

/** The text of an element without elements in it, without blanks at its ends. */
export function textOf(node: XmlElement): string {
  if (elements(node).length > 0) fail(node, `an element in ${node.name}`)
  return trimBlanks(text(node))
}

/** A text that may not be empty. Blanks around it are not part of it (xs:token; published examples break lines). */
export function nameOf(node: XmlElement): string {
  const name = textOf(node)
  if (name === '') fail(node, `empty ${node.name}`)
  return name
}

/** A date in canonical form (`rules/text/datetime.ts`); without zone it is read as UTC, leniently. */
export function readDate(reader: Reader, node: XmlElement, value: string, what: string): string {
  const text = trimBlanks(value)
  const date = parseDate(text) === undefined ? readDateTime(text) : text
  if (date !== undefined) return date
  const inUtc = readDateTime(`${text}Z`)
  if (inUtc === undefined) fail(node, `a ${what} that is not a date`)
  forgive(reader, node, `${what} without zone, read as UTC`)
  return inUtc
}
