/** What a label input is: found out from its octets, decoded, and bound to a policy. */

import { CLEARANCE_NS, type Clearance4774, read4774Clearance } from '../../rules/clearance/stanag4774.ts'
import {
  decodeClearanceAttribute,
  decodeConstraints,
  decodeX501,
  type X501Clearance,
} from '../../rules/clearance/x501.ts'
import { bindPayload } from '../../rules/label/bind.ts'
import { CATALOG_NS, type ReadCatalog, readCatalog } from '../../rules/label/catalog.ts'
import { readDer, readOid, TAG } from '../../rules/label/der.ts'
import { decodeEquivalentLabels, decodeEss, type EssLabel } from '../../rules/label/ess.ts'
import { isProblem, type Label } from '../../rules/label/label.ts'
import { located, problemAt } from '../../rules/label/reading.ts'
import { LABEL_NS } from '../../rules/label/stanag4774.ts'
import {
  type BindingNamespaces,
  readBindingData,
  readBindingInformation,
} from '../../rules/label/stanag4778.ts'
import {
  ESS_NS,
  PAYLOADS,
  type Payload,
  read4774Payload,
  readSecurityLabel,
  SEC_LABEL_NS,
  type SecurityLabel,
  withoutBlanks,
} from '../../rules/label/xep0258.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { parseDocument } from '../../rules/spif/xml.ts'
import { decodeBase64 } from '../../rules/text/base64.ts'
import { elements, type XmlElement } from '../../rules/xml/node.ts'

/** A label as found: in what, the deciding payload, and others beside it. */
export type DecodedLabel = Readonly<{
  kind: 'label'
  carrier: 'plain' | 'securitylabel' | 'BindingData' | 'BindingInformation'
  payload: Payload | undefined
  others: readonly Payload[]
  displayMarking?: SecurityLabel['displayMarking']
  findings: readonly string[]
}>

/** A clearance as it is encoded. */
export type EncodedClearance = Readonly<{ x501: X501Clearance }> | Readonly<{ stanag4774: Clearance4774 }>

export type Decoded =
  | DecodedLabel
  | Readonly<{
      kind: 'clearance'
      /** One, all that an attribute holds, or what an authority may give (RFC 5913). */
      form: 'one' | 'attribute' | 'constraints'
      encoded: readonly EncodedClearance[]
      findings: readonly string[]
    }>
  | Readonly<{ kind: 'list of labels'; labels: readonly EssLabel[]; findings: readonly string[] }>
  | Readonly<{ kind: 'catalog'; catalog: ReadCatalog; findings: readonly string[] }>

/** Why an input cannot be used; the line (XML) or octet (BER) where it is wrong, and what it was taken for. */
export type InputProblem = Readonly<{ problem: string; line?: number; at?: number; taken?: string }>
type Problem = Readonly<{ problem: string }>
type Mode = Readonly<{ mode: 'strict' | 'lenient'; namespaces: BindingNamespaces }>

/** Decodes whatever the octets are: XML, BER, or BER in hex or base64. */
export function decodeInput(
  octets: Uint8Array,
  mode: 'strict' | 'lenient',
  namespaces: BindingNamespaces,
): Decoded | InputProblem {
  if (octets.length === 0) return { problem: 'the input is empty' }
  if (octets[0] === 0x31 || octets[0] === 0x30) {
    const binary = decodeBinary(octets)
    if (!('problem' in binary)) return binary
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(octets)
  } catch {
    return decodeBinary(octets)
  }
  const compact = withoutBlanks(text)
  if (compact.startsWith('<')) return decodeXml(text, { mode, namespaces })
  const isHex = compact.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(compact)
  const binary = isHex
    ? Buffer.from(compact, 'hex')
    : decodeBase64(compact + '='.repeat((4 - (compact.length % 4)) % 4))
  if (binary !== undefined && binary.length > 0 && binary[0] !== 0x3c) {
    const decoded = decodeBinary(binary)
    return 'problem' in decoded ? { ...decoded, taken: isHex ? 'hex' : 'base64' } : decoded
  }
  const url = Buffer.from(compact, 'base64url')
  if (url.toString('base64url') === compact.replace(/=+$/, '') && url[0] === 0x3c)
    return decodeInput(url, mode, namespaces)
  return { problem: 'the input is no XML, no hex and no base64' }
}

/**
 * A SET is an ESS label. A SEQUENCE is a clearance, the attribute that holds clearances, constraints (a list of clearances) or
 * a list of equivalent labels: which, its first member says.
 */
function decodeBinary(octets: Uint8Array): Decoded | InputProblem {
  const value = readDer(octets, 'ber')
  if ('problem' in value) return value
  if (value.tag !== TAG.sequence) {
    const label = decodeEss(octets, 'ber')
    return 'problem' in label ? label : plain({ format: 'ess', label })
  }
  const [first] = value.members
  if (first?.tag === TAG.set) {
    const labels = decodeEquivalentLabels(octets)
    return 'problem' in labels ? labels : { kind: 'list of labels', labels, findings: [] }
  }
  if (first?.tag === TAG.sequence) return clearances('constraints', decodeConstraints(octets))
  if (ATTRIBUTE_ARCS.includes(readOid(first) ?? ''))
    return clearances('attribute', decodeClearanceAttribute(octets))
  const x501 = decodeX501(octets)
  return clearances('one', 'problem' in x501 ? x501 : [x501])
}

/** The types of the clearance attribute, which are no policies. */
const ATTRIBUTE_ARCS = ['2.5.4.55', '2.5.1.5.55']

function clearances(
  form: 'one' | 'attribute' | 'constraints',
  decoded: readonly X501Clearance[] | InputProblem,
): Decoded | InputProblem {
  if ('problem' in decoded) return decoded
  return { kind: 'clearance', form, encoded: decoded.map((x501) => ({ x501 })), findings: [] }
}

function plain(payload: Payload): DecodedLabel {
  return { kind: 'label', carrier: 'plain', payload, others: [], findings: findingsOf([payload]) }
}

function findingsOf(payloads: readonly (Payload | undefined)[]): readonly string[] {
  return payloads.flatMap((payload) => (payload?.format === '4774' ? payload.findings : []))
}

function decodeXml(text: string, mode: Mode): Decoded | InputProblem {
  const root = parseDocument(text)
  return 'problem' in root ? root : decodeElement(root, mode)
}

const STANZAS = new Set(['message', 'presence', 'iq'])

function decodeElement(root: XmlElement, mode: Mode): Decoded | InputProblem {
  const { namespaces } = mode
  if (root.ns === SEC_LABEL_NS && root.name === 'securitylabel') return decodeSecurityLabel(root, mode)
  if (root.name === 'BindingData' && !namespaces.profile.includes(root.ns))
    return problemAt(root, `BindingData in ${root.ns || 'no namespace'}; --profile-namespace accepts another`)
  if (root.name === 'BindingData')
    return decodeBinding(root, readBindingData(root, namespaces), 'BindingData', mode)
  if (root.name === 'BindingInformation' && !namespaces.binding.includes(root.ns))
    return problemAt(
      root,
      `BindingInformation in ${root.ns || 'no namespace'}; --binding-namespace accepts another`,
    )
  if (root.name === 'BindingInformation') {
    const read = readBindingInformation(root, mode.mode, namespaces)
    if ('problem' in read) return read
    const metadata = read.bindings.flatMap((b) => b.metadata)
    const decoded = decodeBinding(root, metadata, 'BindingInformation', mode)
    return 'problem' in decoded ? decoded : { ...decoded, findings: [...read.findings, ...decoded.findings] }
  }
  if (root.ns === LABEL_NS || root.ns === ESS_NS) {
    const payload = read(root, mode)
    return 'problem' in payload ? payload : plain(payload)
  }
  if (root.ns === CLEARANCE_NS) {
    const clearance = read4774Clearance(root, mode.mode)
    if ('problem' in clearance) return clearance
    const findings = clearance.findings.map((f) => located(f.finding, f))
    return { kind: 'clearance', form: 'one', encoded: [{ stanag4774: clearance.clearance }], findings }
  }
  if (root.ns === CATALOG_NS) {
    const catalog = readCatalog(root)
    return 'problem' in catalog ? catalog : { kind: 'catalog', catalog, findings: [] }
  }
  return STANZAS.has(root.name)
    ? decodeStanza(root, mode)
    : problemAt(root, `<${root.name}> is nothing that holds a label or clearance`)
}

/** The one label, or the one catalog, that is a direct child of a stanza. */
function decodeStanza(root: XmlElement, mode: Mode): Decoded | InputProblem {
  const labels = elements(root).filter(
    (e) =>
      (e.ns === SEC_LABEL_NS && e.name === 'securitylabel') ||
      e.name === 'BindingData' ||
      e.ns === CATALOG_NS,
  )
  if (labels[1] !== undefined) return problemAt(labels[1], 'the stanza has more than one label')
  return labels[0] === undefined ? problemAt(root, 'the stanza has no label') : decodeElement(labels[0], mode)
}

function decodeSecurityLabel(root: XmlElement, mode: Mode): Decoded | InputProblem {
  const payloads = new Map([...PAYLOADS, [LABEL_NS, (node: XmlElement) => read(node, mode)] as const])
  const label = readSecurityLabel(root, payloads)
  if ('problem' in label) return label
  return {
    kind: 'label',
    carrier: 'securitylabel',
    payload: label.label,
    others: label.equivalents,
    ...(label.displayMarking === undefined ? {} : { displayMarking: label.displayMarking }),
    findings: findingsOf([label.label, ...label.equivalents]),
  }
}

/** Of several labels the originator's decides; a file may hold other metadata, which says nothing here. */
function decodeBinding(
  root: XmlElement,
  metadata: readonly XmlElement[] | InputProblem,
  carrier: 'BindingData' | 'BindingInformation',
  mode: Mode,
): Decoded | InputProblem {
  if ('problem' in metadata) return metadata
  const payloads: Payload[] = []
  for (const node of metadata.filter((item) => item.ns === LABEL_NS)) {
    const payload = read(node, mode)
    if ('problem' in payload) return payload
    payloads.push(payload)
  }
  const own = payloads.filter(
    (p) => p.format === '4774' && (p.label.role === 'originator' || p.label.role === 'legacy'),
  )
  if (own.length !== 1) return problemAt(root, `${own.length} originator labels in ${carrier}, not one`)
  const others = payloads.filter((payload) => payload !== own[0])
  return { kind: 'label', carrier, payload: own[0], others, findings: findingsOf(payloads) }
}

function read(node: XmlElement, { mode }: Mode): Payload | InputProblem {
  return node.ns === ESS_NS ? PAYLOADS.get(ESS_NS)!(node) : read4774Payload(node, mode)
}

/**
 * The label under the one of `spifs` that it names, or why there is none. Where the originator's label is of no policy at
 * hand, an alternative label that is of one serves (ADatP-4774.1 §4.2).
 */
export function bindInput(
  { payload, others }: DecodedLabel,
  spifs: readonly Spif[],
): Readonly<{ label: Label; spif: Spif }> | Problem {
  if (payload === undefined) return { problem: 'the label is empty: the default label of a policy' }
  const alternatives = others.filter((other) => other.format === '4774' && other.label.role === 'alternative')
  let problem = 'no policy was given'
  for (const each of [payload, ...alternatives]) {
    for (const spif of spifs) {
      const label = bindPayload(each, spif)
      if (!isProblem(label)) return { label, spif }
      if (label.problem !== 'wrong-policy') return { problem: `${label.problem}: ${label.detail}` }
      problem = `${label.problem}: ${label.detail}`
    }
  }
  return { problem }
}
