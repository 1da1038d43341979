/**
 * Markings as the first line of text, for peers that know no labels (first line of text, FLOT).
 *
 * Towards the peer the line stands before each text that people read. Nobody can write one in its place: whatever the text
 * begins with, the true line is before it. What comes from the peer has its default label; a first line that reads as the
 * marking of another label is not let past that.
 */
import { collapseBlanks } from '../../rules/label/blanks.ts'
import { fold } from '../../rules/label/fold.ts'
import { makeLabel } from '../../rules/label/label.ts'
import { marking } from '../../rules/spif/marking.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { element, text, type XmlElement, type XmlNode } from '../../rules/xml/node.ts'
import { isOneOf } from '../normalise/strip.ts'
import { WORDS } from '../normalise/words.ts'
import type { RowLabels } from './rows.ts'

/** The line of a label, both markings of a pair; undefined where the policy shows nothing. */
export function lineOf(labels: RowLabels): string | undefined {
  const texts = labels.flatMap((bound) => (bound === undefined ? [] : [lineText(bound.label, bound.spif)]))
  return texts.includes('') ? undefined : texts.join(' | ')
}

function lineText(...[label, spif]: Parameters<typeof marking>): string {
  return collapseBlanks(marking(label, spif, { location: 'firstLineOfText' }).text)
}

/** The lines of each class alone, of those that show something. */
export function classLines(spif: Spif): string[] {
  return spif.classifications
    .map((classification) => lineText(makeLabel(spif, classification, []), spif))
    .filter((line) => line !== '')
}

/** The stanza with that line before each text; undefined where it has none. */
export function withLine(stanza: XmlElement, line: string): XmlElement | undefined {
  return changed(stanza, (said) => `${line}\n${said}`)
}

/** What the first lines of a stanza say, against the marking that is true of it. */
export type FirstLines = Readonly<{ stanza: XmlElement; taken: number }> | 'other'

/**
 * The stanza without first lines that are `own`, or that one of them is another of `known` (both as `readingOf` gives them). A
 * line that is all of its text stays.
 */
export function readLines(stanza: XmlElement, own: string, known: ReadonlySet<string>): FirstLines {
  let taken = 0
  let isOther = false
  const without = changed(stanza, (said) => {
    const { line, rest } = split(said)
    const reading = readingOf(line)
    if (reading !== own) {
      if (known.has(reading)) isOther = true
      return said
    }
    if (collapseBlanks(rest) === '') return said
    taken++
    return rest
  })
  return isOther ? 'other' : { stanza: without ?? stanza, taken }
}

/** How a line reads: blanks and case make no other marking. */
export function readingOf(line: string): string {
  return fold(collapseBlanks(line))
}

/**
 * The first line that is not blank, whatever ends it, and what is behind it. Each part of the expression takes all it can, and
 * never has to give back.
 */
function split(said: string): Readonly<{ line: string; rest: string }> {
  const [, line, rest] = FIRST_LINE.exec(said)!
  return { line: line!, rest: rest! }
}

const FIRST_LINE = /^\s*([^\n\r\u0085\u2028\u2029]*)(?:\r\n|[\n\r\u0085\u2028\u2029]|$)([\s\S]*)$/

/** The stanza with other texts; undefined where it has none. An empty one is no text. */
function changed(stanza: XmlElement, change: (said: string) => string): XmlElement | undefined {
  let has = false
  const children = stanza.children.map((node): XmlNode => {
    if (typeof node === 'string' || !isOneOf(WORDS, node)) return node
    const said = text(node)
    // Elements in a text are for the rules to refuse.
    if (said === '' || node.children.some((inner) => typeof inner !== 'string')) return node
    has = true
    const next = change(said)
    return next === said ? node : element(node.ns, node.name, node.attributes, [next])
  })
  return has ? element(stanza.ns, stanza.name, stanza.attributes, children) : undefined
}
