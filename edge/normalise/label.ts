/**
 * The label of a stanza as real clients write it, replaced by the bundle's own spelling of the same label.
 *
 * `rules/label/loose.ts` finds the row; what is written is the row's input template with the label's own dates. Display
 * markings, equivalents, prefixes, indentation and unusual date forms are gone with that.
 */
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createLabelFinder } from '../../rules/label/loose.ts'
import { fill } from '../../rules/label/template.ts'
import { type Refusal, refuse, refused } from '../../rules/reasons.ts'
import type { XmlElement } from '../../rules/xml/node.ts'

/** Writes a label element anew, or says why it is refused. `sender` is the bare address that it comes from. */
export type LabelWriter = (element: XmlElement, sender: string) => string | Refusal

export function createLabelWriter(bundle: Bundle): LabelWriter {
  const find = createLabelFinder(bundle.labels.rows)
  return (element, sender) => {
    const found = find(element, sender)
    if (refused(found)) return found
    // A row with a date that this label does not have is another label's.
    return fill(found.row.input.template, found) ?? refuse('label-unlisted')
  }
}
