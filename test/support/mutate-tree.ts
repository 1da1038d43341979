/** One change somewhere in the tree of a stanza, which stays well-formed. */
import { attribute, element, type XmlElement, type XmlNode } from '../../rules/xml/node.ts'
import type { random } from '../verify/random.ts'

type Random = ReturnType<typeof random>

const NAMES = ['body', 'subject', 'x', 'item', 'thread', 'delay', 'query', 'status', 'show', 'nosuch']
const NAMESPACES = [
  'jabber:server',
  'http://jabber.org/protocol/muc#user',
  'urn:xmpp:delay',
  'urn:example:other',
]
const VALUES = [
  'x',
  '',
  'chat',
  'groupchat',
  'error',
  'member',
  'anna@acme.example',
  '2026-01-01T00:00:00Z',
  '7',
  'en',
]
const ATTRIBUTES = ['id', 'type', 'from', 'to', 'stamp', 'code', 'jid', 'other']

export function mutateTree(root: XmlElement, chance: Random): XmlElement {
  const places = below(root)
  const place = chance.pick(places)
  return change(root, place, chance)
}

function below(node: XmlElement): XmlElement[] {
  return [node, ...node.children.flatMap((child) => (typeof child === 'string' ? [] : below(child)))]
}

/** The tree with `place` changed. */
function change(node: XmlElement, place: XmlElement, chance: Random): XmlElement {
  if (node === place) return changed(node, chance)
  const children = node.children.map((child) =>
    typeof child === 'string' ? child : change(child, place, chance),
  )
  return element(node.ns, node.name, node.attributes, children)
}

function changed(node: XmlElement, chance: Random): XmlElement {
  const { ns, name, attributes, children } = node
  const at = chance.below(children.length + 1)
  const withChildren = (nodes: readonly XmlNode[]) => element(ns, name, attributes, nodes)
  switch (chance.below(10)) {
    case 0:
      return withChildren(children.toSpliced(at, 1))
    case 1:
      return withChildren(children.toSpliced(at, 0, ...children.slice(at, at + 1)))
    case 2:
      return withChildren(children.toSpliced(at, 2, ...children.slice(at, at + 2).reverse()))
    case 3:
      return withChildren(
        children.toSpliced(at, 0, element(chance.pick(NAMESPACES), chance.pick(NAMES), [], [])),
      )
    case 4:
      return withChildren(children.toSpliced(at, 0, 'text'))
    case 5:
      return element(ns, chance.pick(NAMES), attributes, children)
    case 6:
      return element(chance.pick(NAMESPACES), name, attributes, children)
    case 7:
      return element(ns, name, attributes.toSpliced(chance.below(attributes.length + 1), 1), children)
    case 8: {
      const added = chance.pick(ATTRIBUTES)
      if (attribute(node, added) !== undefined) return node
      return element(ns, name, [...attributes, { ns: '', name: added, value: chance.pick(VALUES) }], children)
    }
    default: {
      const index = chance.below(attributes.length)
      const one = attributes[index]
      if (one === undefined) return node
      return element(ns, name, attributes.with(index, { ...one, value: chance.pick(VALUES) }), children)
    }
  }
}
