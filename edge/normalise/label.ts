/**
 * The label of a stanza as real clients write it, replaced by the bundle's own spelling of the same label.
 *
 * `rules/label/loose.ts` finds the row; what is written is the row's input template with the label's own dates: one label, or
 * the pair that is listed. Display markings, other equivalents, prefixes, indentation and unusual date forms are gone with
 * that.
 */
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createLabelFinder } from '../../rules/label/loose.ts'
import { fill } from '../../rules/label/template.ts'
import { type Refusal, refuse, refused } from '../../rules/reasons.ts'
import type { XmlElement } from '../../rules/xml/node.ts'

/** A label element written anew, and how many equivalents of it were left out. */
export type WrittenLabel = Readonly<{ spelling: string; equivalents: number }>

/** Writes a label element anew, or says why it is refused. `sender` is the bare address that it comes from. */
export type LabelWriter = (element: XmlElement, sender: string) => WrittenLabel | Refusal

export function createLabelWriter(bundle: Bundle): LabelWriter {
  const find = createLabelFinder(bundle.labels.rows, bundle.edge.equivalents)
  return (element, sender) => {
    const found = find(element, sender)
    if (refused(found)) return found
    // A row with a date that this label does not have is another label's.
    const spelling = fill(found.row.input.template, found)
    return spelling === undefined ? refuse('label-unlisted') : { spelling, equivalents: found.equivalents }
  }
}
