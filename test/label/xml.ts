/** Elements from text, for tests. */
import { parseDocument } from '../../rules/spif/xml.ts'
import type { XmlElement } from '../../rules/xml/node.ts'

export function parse(text: string): XmlElement {
  const root = parseDocument(text)
  if ('problem' in root) throw new Error(root.problem)
  return root
}
