/**
 * The STANAG 4778 binding of labels to an XMPP stanza (ADatP-4778.2 ch. 4), as `BindingData`.
 *
 *   BindingData / BindingDataObject                                  the XMPP profile's namespace
 *     BindingInformation / MetadataBindingContainer / MetadataBinding
 *       Metadata (one STANAG 4774 label)+   DataReference URI=""     the binding's namespace
 *
 * `Metadata` and `DataReference` may say their media type (`xmime:contentType`, nl-mb.xsd 1.4), which is not read: what the
 * metadata is, its element says. `encoding` is refused: it would make something else of the content.
 *
 * `URI=""` is the stanza as a whole. A reference to a part of it or to anything else, metadata by reference, embedded
 * data, transforms and signatures are refused: what is not covered would travel unlabelled, what is elsewhere is not seen.
 */
import { attribute, element, elements, type XmlElement } from '../xml/node.ts'
import { trimBlanks } from './blanks.ts'
import { type LabelProblem, problemAt } from './reading.ts'

const XMIME_NS = 'http://www.w3.org/2005/05/xmlmime'
/** The profile's namespace in XMPP, and the binding's: the one pair accepted unless configured otherwise. */
export const XMPP_PROFILE_NS = 'urn:nato:stanag:4778:profile:xmpp:1:0'
export const BINDING_NS = 'urn:nato:stanag:4778:bindinginformation:1:0'

/** The namespaces, of whichever versions, that are accepted; those of one BindingData are each taken by itself. */
export type BindingNamespaces = Readonly<{ profile: readonly string[]; binding: readonly string[] }>

export const BINDING_NAMESPACES: BindingNamespaces = { profile: [XMPP_PROFILE_NS], binding: [BINDING_NS] }

/** The metadata elements of a BindingData whose binding covers the whole stanza, in order: at least one. */
export function readBindingData(
  node: XmlElement,
  namespaces: BindingNamespaces = BINDING_NAMESPACES,
): readonly XmlElement[] | LabelProblem {
  if (node.name !== 'BindingData' || !namespaces.profile.includes(node.ns))
    return problemAt(node, `not BindingData in ${namespaces.profile.join(' or ')}`)
  const object = only(node, node.ns, 'BindingDataObject')
  if ('problem' in object) return object
  const binding = elements(object)[0]?.ns ?? ''
  if (!namespaces.binding.includes(binding))
    return problemAt(object, `not BindingInformation in ${namespaces.binding.join(' or ')}`)
  const information = only(object, binding, 'BindingInformation')
  if ('problem' in information) return information
  const container = only(information, binding, 'MetadataBindingContainer')
  if ('problem' in container) return container
  const metadataBinding = only(container, binding, 'MetadataBinding')
  if ('problem' in metadataBinding) return metadataBinding
  return readMetadataBinding(metadataBinding)
}

function readMetadataBinding(node: XmlElement): readonly XmlElement[] | LabelProblem {
  if (hasText(node) || !hasNoneBut(node, ['Id'])) return problemAt(node, 'something beside the binding')
  const children = elements(node)
  const last = children.pop()
  if (last?.name !== 'DataReference' || last.ns !== node.ns)
    return problemAt(last ?? node, 'not one reference to data')
  const uri = attribute(last, 'URI')
  if (uri === undefined || !hasNoneBut(last, ['URI'], true) || elements(last).length > 0 || hasText(last)) {
    return problemAt(last, 'not a plain reference to data')
  }
  if (uri !== '') return problemAt(last, 'a reference to something other than the whole stanza')
  const metadata: XmlElement[] = []
  for (const child of children) {
    if (child.name !== 'Metadata' || child.ns !== node.ns)
      return problemAt(child, `${child.name} is not allowed`)
    const [item, another] = elements(child)
    if (!hasNoneBut(child, [], true) || hasText(child))
      return problemAt(child, 'something beside the metadata')
    if (item === undefined || another !== undefined) return problemAt(child, 'not one item in Metadata')
    metadata.push(item)
  }
  return metadata.length === 0 ? problemAt(node, 'no Metadata') : metadata
}

/** The one child element, which must be of that name. */
function only(node: XmlElement, ns: string, name: string): XmlElement | LabelProblem {
  const [child, second] = elements(node)
  if (child?.name !== name || child.ns !== ns) return problemAt(node, `no ${name} in ${node.name}`)
  if (second !== undefined) return problemAt(second, `more than one element in ${node.name}`)
  if (hasText(node) || !hasNoneBut(node, node.name === 'MetadataBindingContainer' ? ['Id'] : [])) {
    return problemAt(node, `something beside ${name}`)
  }
  return child
}

function hasText(node: XmlElement): boolean {
  return node.children.some((child) => typeof child === 'string' && trimBlanks(child) !== '')
}

/** Whether an element has none but those attributes, and perhaps a media type. */
function hasNoneBut(node: XmlElement, names: readonly string[], mayHaveType = false): boolean {
  return node.attributes.every(
    (a) =>
      (a.ns === '' && names.includes(a.name)) ||
      (mayHaveType && a.ns === XMIME_NS && a.name === 'contentType'),
  )
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
  namespaces: BindingNamespaces = BINDING_NAMESPACES,
): Readonly<{ bindings: readonly Binding[]; findings: readonly string[] }> | LabelProblem {
  if (node.name !== 'BindingInformation' || !namespaces.binding.includes(node.ns))
    return problemAt(node, `not BindingInformation in ${namespaces.binding.join(' or ')}`)
  const findings: string[] = []
  const bindings: Binding[] = []
  for (const container of elements(node)) {
    if (container.name !== 'MetadataBindingContainer' || container.ns !== node.ns) {
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
            return problemAt(child, 'not one item in Metadata')
          if (items.length !== 1) findings.push(`${items.length} items in one Metadata`)
          metadata.push(...items)
        } else if (child.name === 'DataReference') references.push(attribute(child, 'URI') ?? '')
        else findings.push(`${child.name} is not read`)
      }
      if (metadata.length === 0 || references.length === 0)
        return problemAt(binding, 'a binding without metadata or data')
      bindings.push({ metadata, references })
    }
  }
  return bindings.length === 0 ? problemAt(node, 'no binding') : { bindings, findings }
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
