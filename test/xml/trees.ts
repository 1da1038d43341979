/** Arbitrary trees and stanzas for property tests. */

import fc from 'fast-check'
import { element, XML_NS, type XmlElement } from '../../rules/xml/node.ts'

const name = fc.constantFrom('a', 'body', 'x-1', '_y.z', 'élan', '__proto__', 'constructor')
const ns = fc.constantFrom('jabber:server', 'urn:a', 'urn:b?c=d#e', 'http://jabber.org/protocol/muc#user')

/** Any characters that XML admits, those that must be escaped more often than others. */
const characters = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '&',
        '<',
        '>',
        '"',
        "'",
        ']]>',
        '\t',
        '\n',
        '\r',
        ' ',
        '\u00a0',
        '\ufeff',
        '\u2028',
        '&amp;',
      ),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join('').replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, ''))

const attributes = fc
  .uniqueArray(fc.tuple(fc.constantFrom('from', 'to', 'id', 'type', 'é', '__proto__'), characters), {
    selector: ([key]) => key,
    maxLength: 4,
  })
  .chain((plain) =>
    fc
      .option(characters)
      .map((lang) => [
        ...plain.map(([key, value]) => ({ ns: '', name: key, value })),
        ...(lang === null ? [] : [{ ns: XML_NS, name: 'lang', value: lang }]),
      ]),
  )

/** A tree of which adjacent texts are one, as a parser makes them. */
export const anyTree: fc.Arbitrary<XmlElement> = fc.letrec<{ tree: XmlElement }>((tie) => ({
  tree: fc
    .tuple(
      ns,
      name,
      attributes,
      fc.array(fc.oneof({ maxDepth: 4 }, characters, tie('tree')), { maxLength: 4 }),
    )
    .map(([uri, local, list, children]) => {
      const joined: (XmlElement | string)[] = []
      for (const child of children) {
        const last = joined.at(-1)
        if (typeof child === 'string' && typeof last === 'string') joined[joined.length - 1] = last + child
        else joined.push(child)
      }
      return element(uri, local, list, joined)
    }),
})).tree

/** A copy without what `Object.freeze` and prototypes of attributes make different, attributes in canonical order. */
export function plain(node: XmlElement): unknown {
  const attributes = node.attributes.map(({ ns: uri, name: local, value }) => [uri, local, value])
  attributes.sort((a, b) => (a.join('\0') < b.join('\0') ? -1 : 1))
  return [node.ns, node.name, attributes, node.children.map((c) => (typeof c === 'string' ? c : plain(c)))]
}
