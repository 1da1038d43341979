/**
 * The tree that Sallyport judges: frozen elements with namespace and local name kept apart.
 *
 * Prefixes are gone after parsing (Namespaces in XML 1.0 §6); the writer declares namespaces anew. Namespace
 * declarations are therefore not attributes here.
 */

/** An attribute. `ns` is '' for an attribute without prefix, the XML namespace for `xml:lang`. */
export type XmlAttribute = Readonly<{ ns: string; name: string; value: string }>

/** An element. Adjacent text is one string; a text child is never ''. */
export type XmlElement = Readonly<{
  ns: string
  name: string
  attributes: readonly XmlAttribute[]
  children: readonly XmlNode[]
}>

export type XmlNode = XmlElement | string

/** The namespace of `xml:lang` (Namespaces in XML 1.0 §3). */
export const XML_NS = 'http://www.w3.org/XML/1998/namespace'
/** The content namespace of server-to-server streams (RFC 6120 §4.8.2). */
export const SERVER_NS = 'jabber:server'

/** Makes a frozen element; `children` may hold empty strings, which are left out. */
export function element(
  ns: string,
  name: string,
  attributes: readonly XmlAttribute[] | Readonly<Record<string, string>> = [],
  children: readonly XmlNode[] = [],
): XmlElement {
  const list = Array.isArray(attributes)
    ? (attributes as readonly XmlAttribute[])
    : Object.entries(attributes).map(([key, value]) => Object.freeze({ ns: '', name: key, value }))
  return Object.freeze({
    ns,
    name,
    attributes: Object.freeze([...list]),
    children: Object.freeze(children.filter((child) => child !== '')),
  })
}

/** The value of the attribute `name` in no namespace (or in `ns`), or undefined. */
export function attribute(node: XmlElement, name: string, ns = ''): string | undefined {
  for (const a of node.attributes) if (a.name === name && a.ns === ns) return a.value
  return undefined
}

/** The element children, in order. */
export function elements(node: XmlElement): XmlElement[] {
  return node.children.filter((child) => typeof child !== 'string') as XmlElement[]
}

/** The first child element of that name, or undefined. */
export function child(node: XmlElement, ns: string, name: string): XmlElement | undefined {
  for (const c of node.children) if (typeof c !== 'string' && c.name === name && c.ns === ns) return c
  return undefined
}

/** The direct text of an element; child elements contribute nothing. */
export function text(node: XmlElement): string {
  return node.children.filter((c) => typeof c === 'string').join('')
}
