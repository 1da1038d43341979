/**
 * The `securitylabel` element of XEP-0258 and its payloads.
 *
 *   <securitylabel xmlns='urn:xmpp:sec-label:0'>
 *     <displaymarking fgcolor='…' bgcolor='…'>text</displaymarking>   0..1, for display only
 *     <label> one payload, or nothing: the default label </label>      1
 *     <equivalentlabel> one payload </equivalentlabel>                 0..n
 *   </securitylabel>
 *
 * Payloads are known by namespace and name from a list; another one is refused, never skipped.
 */

import type { Spif } from '../spif/spif.ts'
import { decodeBase64 } from '../text/base64.ts'
import { attribute, elements, text, type XmlElement } from '../xml/node.ts'
import { isBlank, trimBlanks } from './blanks.ts'
import { decodeEss, type EssLabel } from './ess.ts'
import type { BindingProblem, Label } from './label.ts'
import type { LabelProblem } from './reading.ts'
import { LABEL_NS, type Label4774, read4774 } from './stanag4774.ts'

export const SEC_LABEL_NS = 'urn:xmpp:sec-label:0'
export const ESS_NS = 'urn:xmpp:sec-label:ess:0'
/** Longest base64 of an ESS label, in characters: some 6,000 octets, where real ones have a few hundred. */
export const MAX_BASE64 = 8192

/** What a label element holds, decoded but not bound. `other`: of a format that the caller registered. */
export type Payload =
  | Readonly<{ format: 'ess'; label: EssLabel }>
  | Readonly<{ format: '4774'; label: Label4774; findings: readonly string[] }>
  | Readonly<{ format: 'other'; bind: (spif: Spif) => Label | BindingProblem }>

export type SecurityLabel = Readonly<{
  displayMarking?: Readonly<{ text: string; fgcolor?: string; bgcolor?: string }>
  /** Undefined: `<label/>`, the default label of the policy. */
  label: Payload | undefined
  equivalents: readonly Payload[]
}>

/** Reads a payload element, or says why not. */
export type PayloadReader = (element: XmlElement) => Payload | LabelProblem

/** The payloads of the field, by namespace. More can be given to `readSecurityLabel`. */
export const PAYLOADS: ReadonlyMap<string, PayloadReader> = new Map([
  [ESS_NS, readEssPayload],
  [LABEL_NS, read4774Payload],
])

/** Reads a whole securitylabel as clients send it. Unknown elements, payloads and text beside them are refused. */
export function readSecurityLabel(
  node: XmlElement,
  payloads: ReadonlyMap<string, PayloadReader> = PAYLOADS,
): SecurityLabel | LabelProblem {
  if (node.ns !== SEC_LABEL_NS || node.name !== 'securitylabel') return { problem: 'not a securitylabel' }
  if (hasText(node)) return { problem: 'text in securitylabel' }
  if (node.attributes.length > 0) return { problem: 'an attribute on securitylabel' }
  const children = elements(node)
  if (children.some((child) => child.ns !== SEC_LABEL_NS))
    return { problem: 'an unknown element in securitylabel' }
  const marking = children[0]?.name === 'displaymarking' ? children.shift() : undefined
  const [first, ...rest] = children
  if (first?.name !== 'label') return { problem: 'no label in securitylabel' }
  if (rest.some((child) => child.name !== 'equivalentlabel'))
    return { problem: 'a wrong element behind label' }
  const displayMarking = marking === undefined ? undefined : readMarking(marking)
  if (displayMarking !== undefined && 'problem' in displayMarking) return displayMarking
  const label = isEmpty(first) ? undefined : readHolder(first, payloads)
  if (label !== undefined && 'problem' in label) return label
  const equivalents: Payload[] = []
  for (const holder of rest) {
    const payload = readHolder(holder, payloads)
    if ('problem' in payload) return payload
    equivalents.push(payload)
  }
  return { ...(displayMarking === undefined ? {} : { displayMarking }), label, equivalents }
}

function readMarking(node: XmlElement): NonNullable<SecurityLabel['displayMarking']> | LabelProblem {
  if (elements(node).length > 0) return { problem: 'an element in displaymarking' }
  const fgcolor = attribute(node, 'fgcolor')
  const bgcolor = attribute(node, 'bgcolor')
  if (node.attributes.length > Number(fgcolor !== undefined) + Number(bgcolor !== undefined)) {
    return { problem: 'an unknown attribute on displaymarking' }
  }
  return {
    text: text(node),
    ...(fgcolor === undefined ? {} : { fgcolor }),
    ...(bgcolor === undefined ? {} : { bgcolor }),
  }
}

function hasText(node: XmlElement): boolean {
  return node.children.some((child) => typeof child === 'string' && trimBlanks(child) !== '')
}

function isEmpty(node: XmlElement): boolean {
  return elements(node).length === 0 && !hasText(node) && node.attributes.length === 0
}

function readHolder(node: XmlElement, payloads: ReadonlyMap<string, PayloadReader>): Payload | LabelProblem {
  const [payload, second] = elements(node)
  if (hasText(node)) return { problem: `text in ${node.name}` }
  if (node.attributes.length > 0) return { problem: `an attribute on ${node.name}` }
  if (payload === undefined || second !== undefined) return { problem: `not one payload in ${node.name}` }
  const read = payloads.get(payload.ns)
  return read === undefined ? { problem: 'an unknown kind of label' } : read(payload)
}

function readEssPayload(node: XmlElement): Payload | LabelProblem {
  const octets = readEssOctets(node, 'padding optional')
  if ('problem' in octets) return octets
  const label = decodeEss(octets, 'ber')
  return 'problem' in label ? { problem: label.problem } : { format: 'ess', label }
}

/** The octets of an esssecuritylabel: base64, with white space wherever it likes (an example of XEP-0258 lacks padding). */
export function readEssOctets(node: XmlElement, padding?: 'padding optional'): Uint8Array | LabelProblem {
  if (node.name !== 'esssecuritylabel') return { problem: 'not an esssecuritylabel' }
  if (node.attributes.length > 0 || elements(node).length > 0) return { problem: 'not plain base64' }
  const base64 = withoutBlanks(text(node))
  if (base64.length > MAX_BASE64) return { problem: 'too long' }
  const missing = padding === undefined ? '' : '='.repeat((4 - (base64.length % 4)) % 4)
  const octets = decodeBase64(base64 + missing)
  return octets === undefined || octets.length === 0 ? { problem: 'not base64' } : octets
}

/** `value` without any XML blank. */
export function withoutBlanks(value: string): string {
  let out = ''
  let start = 0
  for (let i = 0; i < value.length; i++) {
    if (!isBlank(value.charCodeAt(i))) continue
    out += value.slice(start, i)
    start = i + 1
  }
  return out + value.slice(start)
}

function read4774Payload(node: XmlElement): Payload | LabelProblem {
  const read = read4774(node, 'lenient')
  if ('problem' in read) return read
  return { format: '4774', label: read.label, findings: read.findings.map((f) => f.finding) }
}
