/**
 * The STANAG 4778 binding of labels to an XMPP stanza (ADatP-4778.2 ch. 4), as `BindingData`.
 *
 *   BindingData / BindingDataObject                                  the XMPP profile's namespace
 *     BindingInformation / MetadataBindingContainer / MetadataBinding
 *       Metadata (one STANAG 4774 label)+   DataReference URI=""     the binding's namespace
 *
 * `URI=""` is the stanza as a whole. A reference to a part of it or to anything else, metadata by reference, embedded
 * data, transforms and signatures are refused: what is not covered would travel unlabelled, what is elsewhere is not seen.
 */
import { attribute, element, elements, type XmlElement } from '../xml/node.ts'
import { trimBlanks } from './blanks.ts'
import type { LabelProblem } from './reading.ts'

/** The profile's namespace in XMPP, and the binding's: the one pair accepted unless configured otherwise. */
export const XMPP_PROFILE_NS = 'urn:nato:stanag:4778:profile:xmpp:1:0'
export const BINDING_NS = 'urn:nato:stanag:4778:bindinginformation:1:0'

export type BindingNamespaces = Readonly<{ profile: readonly string[]; binding: readonly string[] }>

const BINDING_NAMESPACES: BindingNamespaces = { profile: [XMPP_PROFILE_NS], binding: [BINDING_NS] }

/** The metadata elements of a BindingData whose binding covers the whole stanza, in order: at least one. */
export function readBindingData(
  node: XmlElement,
  namespaces: BindingNamespaces = BINDING_NAMESPACES,
): readonly XmlElement[] | LabelProblem {
  if (node.name !== 'BindingData' || !namespaces.profile.includes(node.ns))
    return { problem: 'not BindingData' }
  const object = only(node, node.ns, 'BindingDataObject')
  if ('problem' in object) return object
  const binding = elements(object)[0]?.ns ?? ''
  if (!namespaces.binding.includes(binding)) return { problem: 'not BindingInformation' }
  const information = only(object, binding, 'BindingInformation')
  if ('problem' in information) return information
  const container = only(information, binding, 'MetadataBindingContainer')
  if ('problem' in container) return container
  const metadataBinding = only(container, binding, 'MetadataBinding')
  if ('problem' in metadataBinding) return metadataBinding
  return readMetadataBinding(metadataBinding)
}

function readMetadataBinding(node: XmlElement): readonly XmlElement[] | LabelProblem {
  if (hasText(node) || !hasNoneBut(node, ['Id'])) return { problem: 'something beside the binding' }
  const children = elements(node)
  const last = children.pop()
  if (last?.name !== 'DataReference' || last.ns !== node.ns) return { problem: 'not one reference to data' }
  const [uri, second] = last.attributes
  if (
    uri?.name !== 'URI' ||
    uri.ns !== '' ||
    second !== undefined ||
    elements(last).length > 0 ||
    hasText(last)
  ) {
    return { problem: 'not a plain reference to data' }
  }
  if (uri.value !== '') return { problem: 'a reference to something other than the whole stanza' }
  const metadata: XmlElement[] = []
  for (const child of children) {
    if (child.name !== 'Metadata' || child.ns !== node.ns) return { problem: `${child.name} is not allowed` }
    const [item, another] = elements(child)
    if (child.attributes.length > 0 || hasText(child)) return { problem: 'something beside the metadata' }
    if (item === undefined || another !== undefined) return { problem: 'not one item in Metadata' }
    metadata.push(item)
  }
  return metadata.length === 0 ? { problem: 'no Metadata' } : metadata
}

/** The one child element, which must be of that name. */
function only(node: XmlElement, ns: string, name: string): XmlElement | LabelProblem {
  const [child, second] = elements(node)
  if (child?.name !== name || child.ns !== ns) return { problem: `no ${name} in ${node.name}` }
  if (second !== undefined) return { problem: `more than one element in ${node.name}` }
  if (hasText(node) || !hasNoneBut(node, node.name === 'MetadataBindingContainer' ? ['Id'] : [])) {
    return { problem: `something beside ${name}` }
  }
  return child
}

function hasText(node: XmlElement): boolean {
  return node.children.some((child) => typeof child === 'string' && trimBlanks(child) !== '')
}

function hasNoneBut(node: XmlElement, names: readonly string[]): boolean {
  return node.attributes.every((a) => a.ns === '' && names.includes(a.name))
}

/** A BindingInformation as files have it: what is bound to what, whatever that is. For people, not for a decision. */
export type Binding = Readonly<{ metadata: readonly XmlElement[]; references: readonly string[] }>

/**
 * Reads a BindingInformation of any profile. Two items in one Metadata, which the schema forbids and published examples
 * have, are a finding when lenient. Signatures, embedded data and metadata by reference are findings always, and not read.
 */
export function readBindingInformation(
  node: XmlElement,
  mode: 'strict' | 'lenient',
): Readonly<{ bindings: readonly Binding[]; findings: readonly string[] }> | LabelProblem {
  if (node.name !== 'BindingInformation' || node.ns !== BINDING_NS)
    return { problem: 'not BindingInformation' }
  const findings: string[] = []
  const bindings: Binding[] = []
  for (const container of elements(node)) {
    if (container.name !== 'MetadataBindingContainer' || container.ns !== BINDING_NS) {
      findings.push(`${container.name} is not read`)
      continue
    }
    for (const binding of elements(container)) {
      const metadata: XmlElement[] = []
      const references: string[] = []
      for (const child of elements(binding)) {
        const items = elements(child)
        if (child.name === 'Metadata') {
          if (items.length !== 1 && (mode === 'strict' || items.length === 0))
            return { problem: 'not one item in Metadata' }
          if (items.length !== 1) findings.push(`${items.length} items in one Metadata`)
          metadata.push(...items)
        } else if (child.name === 'DataReference') references.push(attribute(child, 'URI') ?? '')
        else findings.push(`${child.name} is not read`)
      }
      if (metadata.length === 0 || references.length === 0)
        return { problem: 'a binding without metadata or data' }
      bindings.push({ metadata, references })
    }
  }
  return bindings.length === 0 ? { problem: 'no binding' } : { bindings, findings }
}

/** BindingData that binds `labels` to the whole stanza. */
export function writeBindingData(labels: readonly XmlElement[]): XmlElement {
  const metadata = labels.map((label) => element(BINDING_NS, 'Metadata', [], [label]))
  const reference = element(BINDING_NS, 'DataReference', { URI: '' })
  const binding = element(BINDING_NS, 'MetadataBinding', [], [...metadata, reference])
  const container = element(BINDING_NS, 'MetadataBindingContainer', [], [binding])
  const information = element(BINDING_NS, 'BindingInformation', [], [container])
  const object = element(XMPP_PROFILE_NS, 'BindingDataObject', [], [information])
  return element(XMPP_PROFILE_NS, 'BindingData', [], [object])
}
