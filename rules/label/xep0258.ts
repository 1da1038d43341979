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
import { type LabelProblem, located, problemAt } from './reading.ts'
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
  [LABEL_NS, (node) => read4774Payload(node)],
])

/** Reads a whole securitylabel as clients send it. Unknown elements, payloads and text beside them are refused. */
export function readSecurityLabel(
  node: XmlElement,
  payloads: ReadonlyMap<string, PayloadReader> = PAYLOADS,
): SecurityLabel | LabelProblem {
  if (node.ns !== SEC_LABEL_NS || node.name !== 'securitylabel') return problemAt(node, 'not a securitylabel')
  if (hasText(node)) return problemAt(node, 'text in securitylabel')
  if (node.attributes.length > 0) return problemAt(node, 'an attribute on securitylabel')
  const children = elements(node)
  const unknown = children.find((child) => child.ns !== SEC_LABEL_NS)
  if (unknown !== undefined) return problemAt(unknown, `an unknown element ${unknown.name} in securitylabel`)
  const marking = children[0]?.name === 'displaymarking' ? children.shift() : undefined
  const [first, ...rest] = children
  if (first?.name !== 'label') return problemAt(first ?? node, 'no label in securitylabel')
  const wrong = rest.find((child) => child.name !== 'equivalentlabel')
  if (wrong !== undefined) return problemAt(wrong, `${wrong.name} behind label`)
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
  if (elements(node).length > 0) return problemAt(node, 'an element in displaymarking')
  const fgcolor = attribute(node, 'fgcolor')
  const bgcolor = attribute(node, 'bgcolor')
  if (node.attributes.length > Number(fgcolor !== undefined) + Number(bgcolor !== undefined)) {
    return problemAt(node, 'an unknown attribute on displaymarking')
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
  if (hasText(node)) return problemAt(node, `text in ${node.name}`)
  if (node.attributes.length > 0) return problemAt(node, `an attribute on ${node.name}`)
  if (payload === undefined || second !== undefined)
    return problemAt(second ?? node, `not one payload in ${node.name}`)
  const read = payloads.get(payload.ns)
  return read === undefined
    ? problemAt(payload, `an unknown kind of label, ${payload.name} in ${payload.ns}`)
    : read(payload)
}

function readEssPayload(node: XmlElement): Payload | LabelProblem {
  const octets = readEssOctets(node, 'padding optional')
  if ('problem' in octets) return octets
  const label = decodeEss(octets, 'ber')
  return 'problem' in label ? problemAt(node, label.problem) : { format: 'ess', label }
}

/** The octets of an esssecuritylabel: base64, with white space wherever it likes (an example of XEP-0258 lacks padding). */
export function readEssOctets(node: XmlElement, padding?: 'padding optional'): Uint8Array | LabelProblem {
  if (node.name !== 'esssecuritylabel') return problemAt(node, 'not an esssecuritylabel')
  if (node.attributes.length > 0 || elements(node).length > 0) return problemAt(node, 'not plain base64')
  const base64 = withoutBlanks(text(node))
  if (base64.length > MAX_BASE64) return problemAt(node, 'too long')
  const missing = padding === undefined ? '' : '='.repeat((4 - (base64.length % 4)) % 4)
  const octets = decodeBase64(base64 + missing)
  return octets === undefined || octets.length === 0 ? problemAt(node, 'not base64') : octets
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

/** A STANAG 4774 payload; its findings with their lines, where there are lines. */
export function read4774Payload(
  node: XmlElement,
  mode: 'strict' | 'lenient' = 'lenient',
): Payload | LabelProblem {
  const read = read4774(node, mode)
  if ('problem' in read) return read
  return { format: '4774', label: read.label, findings: read.findings.map((f) => located(f.finding, f)) }
}
