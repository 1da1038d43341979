/**
 * What the far side names, under the ids by which the own side knows it (edge/identifiers.ts).
 *
 * An error or what a room gives back is delivered even when nobody knows any more what it names, under the number: clients
 * take that for one that is not theirs. A receipt, a marker or a correction of the unknown says nothing, and is left out.
 */
import type { Jid } from '../../rules/address/jid.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import {
  compareNumbers,
  formatReference,
  parseReference,
  type StanzaNumber,
} from '../../rules/text/numbered.ts'
import { attribute, element, type XmlElement, type XmlNode } from '../../rules/xml/node.ts'
import type { Identifiers } from '../identifiers.ts'
import { isNumberedRule } from '../normalise/values.ts'

/** The stanza with ids of the own side, or that nothing is left of it. */
export type Restorer = (
  stanza: XmlElement,
  ends: Readonly<{ from: Jid; to: Jid }>,
) => XmlElement | 'unknown-reference'

export function createRestorer(bundle: Bundle, identifiers: Identifiers): Restorer {
  const naming = namingChildren(bundle)
  return (stanza, ends) => {
    const own = (id: string): string | undefined => {
      const reference = parseReference(id)
      if (reference === undefined || reference.own) return id
      return identifiers.restored(reference.number, ends)
    }
    const children = stanza.children.flatMap((child): XmlNode[] => {
      const name = typeof child === 'string' ? undefined : naming(child)
      if (typeof child === 'string' || name === undefined) return [child]
      const known = own(attribute(child, name) ?? '')
      if (known === undefined || known === '') return []
      const attributes = child.attributes.map((a) => (a.name === name ? { ...a, value: known } : a))
      return [element(child.ns, child.name, attributes, child.children)]
    })
    if (children.length < stanza.children.length && children.every(isLabel)) return 'unknown-reference'
    const id = attribute(stanza, 'id') ?? ''
    return withId(element(stanza.ns, stanza.name, stanza.attributes, children), own(id) ?? id)
  }
}

/** The stanza under another id; without one when that is absent or empty. */
export function withId(stanza: XmlElement, id: string | undefined): XmlElement {
  const attributes = stanza.attributes.flatMap((a) => {
    if (a.name !== 'id' || a.ns !== '') return [a]
    return id === undefined || id === '' ? [] : [{ ...a, value: id }]
  })
  return element(stanza.ns, stanza.name, attributes, stanza.children)
}

/** Whether a stanza of that frame may have the id: the guard has seen to it. */
export function fitsNumber(id: string, number: StanzaNumber): boolean {
  const reference = parseReference(id)
  return reference !== undefined && (!reference.own || compareNumbers(reference.number, number) === 0)
}

/** The id of what answers a stanza that came in under `id`. */
export function answering(id: string): string | undefined {
  const reference = parseReference(id)
  return reference?.own === true ? formatReference({ own: false, number: reference.number }) : undefined
}

/** The attribute by which a child of a stanza names another stanza. */
function namingChildren({ forms }: Bundle): (child: XmlElement) => string | undefined {
  const names = new Map<string, string>()
  for (const slot of forms.flatMap(({ slots }) => slots)) {
    for (const { ns, name, attributes } of slot.type === 'label' ? [] : slot.of) {
      const numbered = attributes.find(({ value }) => isNumberedRule(value))
      if (numbered !== undefined) names.set(`${name} ${ns}`, numbered.name)
    }
  }
  return ({ ns, name }) => names.get(`${name} ${ns}`)
}

function isLabel(node: XmlNode): boolean {
  return typeof node !== 'string' && (node.name === 'securitylabel' || node.name === 'BindingData')
}
