/**
 * A stanza for the eyes of the operator: its form, its addresses and its labels, and of everything that a user wrote the length.
 *
 * What is shown is listed; what is not listed is hidden. Names of elements and namespaces show, for without them nobody could say
 * why a stanza is refused.
 */
import { SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'

/** Labels show whole. */
const LABEL_NAMESPACES: ReadonlySet<string> = new Set([
  'urn:xmpp:sec-label:0',
  'urn:nato:stanag:4778:bindinginformation:1:0',
])
const ADDRESSES: ReadonlySet<string> = new Set(['from', 'to', 'jid', 'by'])
/** Attributes that hold words of closed lists, and what such a word looks like: a sentence does not. */
const WORDS: ReadonlySet<string> = new Set(['type', 'affiliation', 'role', 'stamp', 'code', 'lang'])
const WORD = /^[A-Za-z0-9:.+-]{1,30}$/
/** How much of a shown value is shown. */
const LONGEST = 400

/** Of one stanza: more does not help who looks. */
const LONGEST_STANZA = 20_000

/** One line of XML; cut off where it is too long to be read. */
export function redact(stanza: XmlElement): string {
  const text = write(stanza, '', false)
  return text.length > LONGEST_STANZA ? `${text.slice(0, LONGEST_STANZA)}…` : text
}

function write(node: XmlElement, parentNs: string, isLabel: boolean): string {
  const label = isLabel || LABEL_NAMESPACES.has(node.ns)
  const ns = node.ns === parentNs ? '' : ` xmlns="${escaped(node.ns)}"`
  const attributes = node.attributes
    .map(
      ({ name, value }) =>
        ` ${name}="${label || isShown(node, name, value) ? escaped(value) : hidden(value)}"`,
    )
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
function isShown({ ns }: XmlElement, name: string, value: string): boolean {
  if (ADDRESSES.has(name) || (name === 'id' && ns === SERVER_NS)) return true
  return WORDS.has(name) && WORD.test(value)
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
