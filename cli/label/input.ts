/** What a label input is: found out from its octets, decoded, and bound to a policy. */

import { bind4774Clearance, bindX501, type Clearance } from '../../rules/clearance/clearance.ts'
import { CLEARANCE_NS, type Clearance4774, read4774Clearance } from '../../rules/clearance/stanag4774.ts'
import { decodeX501, type X501Clearance } from '../../rules/clearance/x501.ts'
import { bindPayload } from '../../rules/label/bind.ts'
import { CATALOG_NS, type ReadCatalog, readCatalog } from '../../rules/label/catalog.ts'
import { decodeEquivalentLabels, decodeEss, type EssLabel } from '../../rules/label/ess.ts'
import { isProblem, type Label } from '../../rules/label/label.ts'
import { LABEL_NS, read4774 } from '../../rules/label/stanag4774.ts'
import {
  BINDING_NS,
  readBindingData,
  readBindingInformation,
  XMPP_PROFILE_NS,
} from '../../rules/label/stanag4778.ts'
import {
  ESS_NS,
  PAYLOADS,
  type Payload,
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

export type Decoded =
  | DecodedLabel
  | Readonly<{
      kind: 'clearance'
      encoded: Readonly<{ x501: X501Clearance }> | Readonly<{ stanag4774: Clearance4774 }>
      findings: readonly string[]
    }>
  | Readonly<{ kind: 'list of labels'; labels: readonly EssLabel[]; findings: readonly string[] }>
  | Readonly<{ kind: 'catalog'; catalog: ReadCatalog; findings: readonly string[] }>

type Problem = Readonly<{ problem: string }>
type Mode = 'strict' | 'lenient'

/** Decodes whatever the octets are: XML, BER, or BER in hex or base64. */
export function decodeInput(octets: Uint8Array, mode: Mode): Decoded | Problem {
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
  if (compact.startsWith('<')) return decodeXml(text, mode)
  const isHex = compact.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(compact)
  const binary = isHex
    ? Buffer.from(compact, 'hex')
    : decodeBase64(compact + '='.repeat((4 - (compact.length % 4)) % 4))
  if (binary !== undefined && binary.length > 0) return decodeBinary(binary)
  const url = Buffer.from(compact, 'base64url')
  if (url.toString('base64url') === compact && url[0] === 0x3c) return decodeInput(url, mode)
  return { problem: 'the input is no file, no XML, no hex and no base64' }
}

/** A SET is an ESS label; a SEQUENCE is a clearance or a list of equivalent labels. */
function decodeBinary(octets: Uint8Array): Decoded | Problem {
  if (octets[0] === 0x30) {
    const x501 = decodeX501(octets)
    if (!('problem' in x501)) return { kind: 'clearance', encoded: { x501 }, findings: [] }
    const labels = decodeEquivalentLabels(octets)
    return 'problem' in labels ? x501 : { kind: 'list of labels', labels, findings: [] }
  }
  const label = decodeEss(octets, 'ber')
  return 'problem' in label ? label : plain({ format: 'ess', label })
}

function plain(payload: Payload): DecodedLabel {
  return { kind: 'label', carrier: 'plain', payload, others: [], findings: findingsOf([payload]) }
}

function findingsOf(payloads: readonly (Payload | undefined)[]): readonly string[] {
  return payloads.flatMap((payload) => (payload?.format === '4774' ? payload.findings : []))
}

function decodeXml(text: string, mode: Mode): Decoded | Problem {
  const root = parseDocument(text)
  return 'problem' in root ? { problem: `line ${root.line}: ${root.problem}` } : decodeElement(root, mode)
}

const STANZAS = new Set(['message', 'presence', 'iq'])

function decodeElement(root: XmlElement, mode: Mode): Decoded | Problem {
  if (root.ns === SEC_LABEL_NS && root.name === 'securitylabel') return decodeSecurityLabel(root, mode)
  if (root.ns === XMPP_PROFILE_NS) return decodeBinding(readBindingData(root), 'BindingData', mode)
  if (root.ns === BINDING_NS) {
    const read = readBindingInformation(root, mode)
    return decodeBinding(
      'problem' in read ? read : read.bindings.flatMap((b) => b.metadata),
      'BindingInformation',
      mode,
    )
  }
  if (root.ns === LABEL_NS || root.ns === ESS_NS) {
    const payload = read(root, mode)
    return 'problem' in payload ? payload : plain(payload)
  }
  if (root.ns === CLEARANCE_NS) {
    const clearance = read4774Clearance(root, mode)
    if ('problem' in clearance) return clearance
    const findings = clearance.findings.map((f) => f.finding)
    return { kind: 'clearance', encoded: { stanag4774: clearance.clearance }, findings }
  }
  if (root.ns === CATALOG_NS) {
    const catalog = readCatalog(root)
    return 'problem' in catalog ? catalog : { kind: 'catalog', catalog, findings: [] }
  }
  return STANZAS.has(root.name)
    ? decodeStanza(root, mode)
    : { problem: `<${root.name}> is nothing that holds a label` }
}

/** The one label, or the one catalog, that is a direct child of a stanza. */
function decodeStanza(root: XmlElement, mode: Mode): Decoded | Problem {
  const labels = elements(root).filter(
    (e) =>
      (e.ns === SEC_LABEL_NS && e.name === 'securitylabel') ||
      e.ns === XMPP_PROFILE_NS ||
      e.ns === CATALOG_NS,
  )
  if (labels.length > 1) return { problem: 'the stanza has more than one label' }
  return labels[0] === undefined ? { problem: 'the stanza has no label' } : decodeElement(labels[0], mode)
}

function decodeSecurityLabel(root: XmlElement, mode: Mode): Decoded | Problem {
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
  metadata: readonly XmlElement[] | Problem,
  carrier: 'BindingData' | 'BindingInformation',
  mode: Mode,
): Decoded | Problem {
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
  if (own.length !== 1) return { problem: `${own.length} originator labels in ${carrier}, not one` }
  const others = payloads.filter((payload) => payload !== own[0])
  return { kind: 'label', carrier, payload: own[0], others, findings: findingsOf(payloads) }
}

function read(node: XmlElement, mode: Mode): Payload | Problem {
  if (node.ns === ESS_NS) return PAYLOADS.get(ESS_NS)!(node)
  const label = read4774(node, mode)
  if ('problem' in label) return label
  return { format: '4774', label: label.label, findings: label.findings.map((f) => f.finding) }
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

/** The clearance under the one of `spifs` that it names. */
export function bindClearance(
  decoded: Decoded,
  spifs: readonly Spif[],
): Readonly<{ clearance: Clearance; spif: Spif }> | Problem {
  if (decoded.kind !== 'clearance') return { problem: `a clearance is needed, not a ${decoded.kind}` }
  const { encoded } = decoded
  let problem = 'no policy was given'
  for (const spif of spifs) {
    const clearance =
      'x501' in encoded ? bindX501(spif, encoded.x501) : bind4774Clearance(spif, encoded.stanag4774)
    if (!isProblem(clearance)) return { clearance, spif }
    problem = `${clearance.problem}: ${clearance.detail}`
  }
  return { problem }
}
