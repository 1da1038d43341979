/** Trees that have a canonical spelling: rules/xml/write.ts names what has none. */
import { XML_NS, type XmlElement } from '../../rules/xml/node.ts'
import { hasForeignAttribute } from '../../rules/xml/parse.ts'

export function isWritable(tree: XmlElement): boolean {
  return !hasForeignAttribute(tree) && !hasXmlElement(tree)
}

function hasXmlElement({ ns, children }: XmlElement): boolean {
  return ns === XML_NS || children.some((child) => typeof child !== 'string' && hasXmlElement(child))
}
