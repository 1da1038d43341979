/**
 * Strict and lenient reading of the XML of STANAG 4774 labels and clearances.
 *
 * A reading function takes a reader and goes straight on: what cannot be read at all it ends with `fail`, what only a
 * lenient reader takes it hands to `forgive`. `reading` runs it and gives a problem or the value with its findings.
 */
import { normaliseDate } from '../text/date.ts'
import { elements, text, type XmlElement } from '../xml/node.ts'
import { trimBlanks } from './blanks.ts'

/** What a lenient reader forgave. */
export type LabelFinding = Readonly<{ finding: string }>
/** Why something was not read. */
export type LabelProblem = Readonly<{ problem: string }>

/** What a reading function passes on: how strict, and what was forgiven so far. */
export type Reader = { readonly strict: boolean; readonly findings: LabelFinding[] }

/** Ends a reading; caught in `reading`, never seen outside. */
class Unreadable extends Error {}

/** Runs a reading function of labels or clearances: a problem instead of its exception. */
export function reading<T>(
  mode: 'strict' | 'lenient',
  read: (reader: Reader) => T,
): Readonly<{ value: T; findings: readonly LabelFinding[] }> | LabelProblem {
  const reader: Reader = { strict: mode === 'strict', findings: [] }
  try {
    return { value: read(reader), findings: reader.findings }
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message }
    throw error
  }
}

/** Ends the reading with a problem, strict or not. */
export function fail(problem: string): never {
  throw new Unreadable(problem)
}

/** Refused when strict, a finding when lenient. */
export function forgive(reader: Reader, finding: string): void {
  if (reader.strict) fail(finding)
  reader.findings.push({ finding })
}

/** The element children; text between them other than XML blanks is refused. */
export function childElements(node: XmlElement): readonly XmlElement[] {
  for (const child of node.children) {
    if (typeof child === 'string' && trimBlanks(child) !== '') fail(`text in ${node.name}`)
  }
  return elements(node)
}

/** The text of an element without elements in it, without blanks at its ends. */
export function textOf(node: XmlElement): string {
  if (elements(node).length > 0) fail(`an element in ${node.name}`)
  return trimBlanks(text(node))
}

/** A text that may not be empty. Blanks around it are not part of it (xs:token; published examples break lines). */
export function nameOf(node: XmlElement): string {
  const name = textOf(node)
  if (name === '') fail(`empty ${node.name}`)
  return name
}

/** An attribute value that may not be empty, without blanks at its ends. */
export function trimmed(value: string, what: string): string {
  const name = trimBlanks(value)
  if (name === '') fail(`empty ${what}`)
  return name
}

/** A date in canonical form; without zone it is read as UTC, leniently. */
export function readDate(reader: Reader, value: string, what: string): string | undefined {
  const date = normaliseDate(trimBlanks(value))
  if (date !== undefined) return date
  const inUtc = normaliseDate(`${trimBlanks(value)}Z`)
  if (inUtc === undefined) fail(`a ${what} that is not a date`)
  forgive(reader, `${what} without zone, read as UTC`)
  return inUtc
}
