/**
 * A stanza for the eyes of the operator: its form, its addresses and its labels, and of everything that a user wrote the length.
 *
 * What is shown is listed; what is not listed is hidden. Names of elements and namespaces show, for without them nobody could say
 * why a stanza is refused.
 */
import { SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import { STANZA_ERRORS_NS } from '../stream/names.ts'

/** Labels show whole. */
const LABEL_NAMESPACES: ReadonlySet<string> = new Set([
  'urn:xmpp:sec-label:0',
  'urn:nato:stanag:4778:bindinginformation:1:0',
])
/** Attributes that hold addresses, or words of closed lists. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['from', 'to', 'jid', 'type', 'affiliation', 'role', 'stamp', 'code', 'by', 'lang'],
])
/** How much of a shown value is shown. */
const LONGEST = 400

/** One line of XML. */
export function redact(stanza: XmlElement): string {
  return write(stanza, '', false)
}

function write(node: XmlElement, parentNs: string, isLabel: boolean): string {
  const label = isLabel || LABEL_NAMESPACES.has(node.ns)
  const ns = node.ns === parentNs ? '' : ` xmlns="${escaped(node.ns)}"`
  const attributes = node.attributes
    .map(({ name, value }) => ` ${name}="${label || isShown(node, name) ? escaped(value) : hidden(value)}"`)
    .join('')
  const content = node.children
    .map((child) =>
      typeof child !== 'string'
        ? write(child, node.ns, label)
        : label || child.trim() === ''
          ? escaped(child)
          : hidden(child),
    )
    .join('')
  const open = `<${node.name}${ns}${attributes}`
  return content === '' ? `${open}/>` : `${open}>${content}</${node.name}>`
}

/** The id of a stanza shows, so that an answer can be told from another; other ids name what users did. */
function isShown(node: XmlElement, name: string): boolean {
  return SHOWN.has(name) || (name === 'id' && node.ns === SERVER_NS) || node.ns === STANZA_ERRORS_NS
}

function hidden(text: string): string {
  return `[${text.length}]`
}

/** Nothing that ends a line, or steers a terminal. */
function escaped(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return cut
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
}
