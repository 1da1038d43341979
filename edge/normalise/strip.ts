/**
 * What the edge leaves out of a stanza, and the names under which that is counted.
 */
import type { Bundle, ElementName } from '../../rules/bundle/bundle.ts'
import type { XmlElement } from '../../rules/xml/node.ts'

/** What the edge leaves out by itself, beside the strip lists of the bundle. */
const OWN_STRIPS = [
  'blanks', // white space between elements
  'empty', // an element without the text that its rule wants
  'error-payload', // what stands beside the error in an error stanza
  'delay-text', // the reason of a delay in words
  'delay-from', // who delayed, when it is not one of the sending side, and the resource of who is
  'language', // a language that the bundle does not list, or that differs from that of the stanza
  'default-label', // not left out but added: a label for one who sends none
  'label-form', // not left out but written anew: a label in the form that its peer speaks, in that of its row
  'first-line', // a first line of text that is the marking of the default label
  'duplicate', // a member of a set that is there already
  'set-member', // a member of a set that the profile does not have
  'equivalent-label', // another label beside the first that is what the policies derive of it, and no pair with it
  'occupant-nick', // the nick of an occupant who does not change it; the address has it
  'unknown-reference', // a receipt, marker or correction of what is not known, as far as identifiers are numbered
  'presence-detail', // how available somebody is, beyond there or away, and a priority
  'presence-repeated', // a presence that says nothing new so soon, or that a newer one took the place of
  'unlabelled-context', // what only goes with a message, such as thread and delay, of one without label
] as const
export type OwnStrip = (typeof OWN_STRIPS)[number]

/** The names that can be counted under this bundle. */
export function stripNames(bundle: Bundle): string[] {
  const { strip, stripInside = [], stripAttributes = [] } = bundle.edge
  return [
    ...OWN_STRIPS,
    ...strip.map(elementName),
    ...stripInside.map(elementName),
    ...stripAttributes.map((a) => `${elementName(a)}@${a.attribute}`),
  ]
}

/** The strip lists of a bundle; each look-up gives the name to count under, or undefined for what stays. */
export type StripLists = Readonly<{
  element(node: XmlElement, parent: XmlElement): string | undefined
  attribute(node: XmlElement, name: string): string | undefined
}>

export function readStripLists(bundle: Bundle): StripLists {
  const { strip, stripInside = [], stripAttributes = [] } = bundle.edge
  const anywhere = new Map<string, ElementName[]>()
  for (const entry of strip) anywhere.set(entry.name, [...(anywhere.get(entry.name) ?? []), entry])
  return {
    element(node, parent) {
      const listed = anywhere.get(node.name)
      if (listed !== undefined && isOneOf(listed, node)) return elementName(node)
      for (const entry of stripInside) {
        if (isNamed(entry, node) && isNamed(entry.parent, parent)) return elementName(entry)
      }
      return undefined
    },
    attribute(node, name) {
      for (const entry of stripAttributes) {
        if (entry.attribute === name && isNamed(entry, node)) return `${elementName(entry)}@${name}`
      }
      return undefined
    },
  }
}

export function isOneOf(list: readonly ElementName[], node: XmlElement): boolean {
  for (const entry of list) if (isNamed(entry, node)) return true
  return false
}

function isNamed({ ns, name }: ElementName, node: XmlElement): boolean {
  return name === node.name && ns === node.ns
}

function elementName({ ns, name }: ElementName): string {
  return `{${ns}}${name}`
}
