/** Reads one XML fragment into `ltx` elements with `saxes`, for tests and demo (ltx's own parser repairs, so it is not used). */
import { Element } from 'ltx'
import { SaxesParser } from 'saxes'

/** Parses one element, namespace declarations kept as attributes. Throws on what is not well-formed. */
export function readXml(text: string): Element {
  const parser = new SaxesParser({ fragment: true })
  let root: Element | undefined
  let current: Element | null = null
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', (tag) => {
    const made = new Element(tag.name, tag.attributes as Record<string, string>)
    if (current === null) root = made
    else current.cnode(made)
    current = made
  })
  parser.on('text', (value) => {
    current?.t(value)
  })
  parser.on('closetag', () => {
    current = current?.parent ?? null
  })
  parser.write(text).close()
  if (root === undefined) throw new Error('peer: no element')
  return root
}
