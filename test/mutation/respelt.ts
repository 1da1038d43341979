/** Labels that differ from one in a single node: what decodes a label must see each. */
import { type Refusal, refused } from '../../rules/reasons.ts'
import { attribute, element, type XmlElement, type XmlNode } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { serialiseInside } from '../../rules/xml/write.ts'

const SERVER_NS = 'jabber:server'
const LABEL_NS = 'urn:nato:stanag:4774:confidentialitymetadatalabel:1:0'
const DATE = '2026-11-22T09:59:59Z'

function read(label: string): XmlElement | Refusal {
  const limits = { stanzaBytes: 1_000_000, depth: 100 }
  return parseText(`<presence xmlns="${SERVER_NS}">${label}</presence>`, limits)
}

/** The element that those octets are in a stanza. */
export function elementOf(label: string): XmlElement {
  const root = read(label)
  if (refused(root)) throw new Error(`no label: ${label}`)
  return root.children[0] as XmlElement
}

/** Of a label element in canonical octets. */
export function respelt(label: string): string[] {
  const variants = [...changed(elementOf(label))].map((one) => serialiseInside(one, SERVER_NS))
  return [...new Set(variants)].filter((one) => !refused(read(one)))
}

/** An element in every other way that differs in one node. */
function* changed(node: XmlElement): Generator<XmlElement> {
  const { ns, name, attributes, children } = node
  const list = attributes.map(({ name, value }) => [name, value] as const)
  const made = (
    inside: readonly XmlNode[],
    own: readonly (readonly [string, string])[] = list,
    [otherNs, otherName] = [ns, name],
  ) => element(otherNs, otherName, Object.fromEntries(own), [...inside])

  yield made(children, list, [ns, `${name}x`])
  yield made(children, list, ['urn:x', name])
  yield made(['x'])
  if (ns !== LABEL_NS) yield made(children, list, [LABEL_NS, name])
  for (const more of ['Id', 'zz', 'URI', 'IDType', 'ReviewDateTime'])
    if (attribute(node, more) === undefined)
      yield made(children, [...list, [more, more === 'Id' ? 'a' : DATE]])
  for (const [index, [key, value]] of list.entries()) {
    yield made(children, list.toSpliced(index, 1))
    for (const other of valuesBeside(value)) yield made(children, list.toSpliced(index, 1, [key, other]))
  }
  const originator = element(LABEL_NS, 'OriginatorID', { IDType: 'rfc822Name' }, ['a@b'])
  const holder = element('urn:xmpp:sec-label:0', 'equivalentlabel', {}, [])
  const succession = element(LABEL_NS, 'SuccessionHandling', {}, [
    element(LABEL_NS, 'SuccessionDateTime', {}, [DATE]),
    element(LABEL_NS, 'SuccessorConfidentialityLabel', {}, children),
  ])
  for (let at = 0; at <= children.length; at += 1) {
    for (const more of ['x', element(ns, 'x', {}, []), originator, holder, succession])
      yield made(children.toSpliced(at, 0, more))
    const here = children[at]
    if (here === undefined) continue
    yield made(children.toSpliced(at, 1))
    yield made(children.toSpliced(at, 0, here))
    if (at > 0) yield made(children.toSpliced(at - 1, 2, here, children[at - 1]!))
    if (typeof here === 'string')
      for (const other of valuesBeside(here)) yield made(children.toSpliced(at, 1, other))
    else {
      // What is twice differs in one place the second time.
      for (const other of changed(here)) {
        yield made(children.toSpliced(at, 1, other))
        if (here.name === 'Category' || here.name.endsWith('label'))
          yield made(children.toSpliced(at + 1, 0, other))
      }
    }
  }
}

function valuesBeside(value: string): string[] {
  return [
    '',
    `${value}x`,
    ` ${value}`,
    value.toLowerCase(),
    value.slice(1),
    DATE,
    '1969-12-31T23:59:59Z',
    '1.2.3',
    'RESTRICTIVE',
  ]
}
