/**
 * The labels in a stanza's label element, under the policies that the edge has.
 *
 * A pair has two labels under two policies. Those that are of a policy at hand are judged; one of a policy that is not at hand
 * is left out as long as another is judged, since the rows of the bundle have both as one. What cannot be read, and what its
 * own policy does not know, is a problem, and a problem is denied.
 */
import { bindPayload } from '../../rules/label/bind.ts'
import { isProblem } from '../../rules/label/label.ts'
import { LABEL_NS } from '../../rules/label/stanag4774.ts'
import { readBindingData, XMPP_PROFILE_NS } from '../../rules/label/stanag4778.ts'
import type { BoundLabel } from '../../rules/label/template.ts'
import { type Payload, read4774Payload, readSecurityLabel, SEC_LABEL_NS } from '../../rules/label/xep0258.ts'
import { refused } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { elements, type XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'

/** At least one label, or why there is none that can be judged. */
export type ReadLabels = readonly BoundLabel[] | Readonly<{ problem: string }>

/** Reads the canonical octets of a label element. Never throws on input. */
export type LabelReader = (octets: string) => ReadLabels

/** Labels that are kept, and characters of each. */
const MOST = 1024
const LONGEST = 4096
const LIMITS = { stanzaBytes: 1 << 20, depth: 32 }

export function createLabelReader(policies: readonly Spif[]): LabelReader {
  const known = new Map<string, ReadLabels>()
  return (octets) => {
    const key = withoutDates(octets)
    const found = known.get(key)
    if (found !== undefined) return found
    const read = readLabels(octets, policies)
    if (known.size === MOST) known.clear()
    if (key.length <= LONGEST) known.set(key, read)
    return read
  }
}

/**
 * What a label says of who may see it: all but its two dates. Canonical octets have `<` in no text and `"` in no attribute, so
 * that neither can be anything else.
 */
function withoutDates(octets: string): string {
  return octets.replace(/<CreationDateTime>[0-9TZ:-]{20}<|ReviewDateTime="[0-9TZ:-]{20}">/g, '<')
}

function readLabels(octets: string, policies: readonly Spif[]): ReadLabels {
  const node = parseText(octets, LIMITS)
  if (refused(node)) return { problem: node.refused }
  const payloads = payloadsOf(node)
  if ('problem' in payloads) return payloads
  const bound: BoundLabel[] = []
  for (const payload of payloads) {
    for (const spif of policies) {
      const label = bindPayload(payload, spif)
      if (!isProblem(label)) bound.push({ label, spif })
      else if (label.problem !== 'wrong-policy') return { problem: `${label.problem}: ${label.detail}` }
    }
  }
  return bound.length > 0 ? bound : { problem: 'of no policy that is listed' }
}

function payloadsOf(node: XmlElement): readonly Payload[] | Readonly<{ problem: string }> {
  if (node.name !== 'BindingData') {
    const read = readSecurityLabel(node)
    if ('problem' in read) return read
    return read.label === undefined ? { problem: 'an empty label' } : [read.label, ...read.equivalents]
  }
  const metadata = readBindingData(node)
  if ('problem' in metadata) return metadata
  const payloads: Payload[] = []
  for (const item of metadata) {
    const payload = item.ns === LABEL_NS ? read4774Payload(item) : { problem: 'not a label' }
    if ('problem' in payload) return payload
    payloads.push(payload)
  }
  return payloads
}

/** The label is a child of the stanza in every form of the profile. */
export function labelIn(stanza: XmlElement): XmlElement | undefined {
  return elements(stanza).find(isLabel)
}

function isLabel({ ns, name }: XmlElement): boolean {
  return (
    (name === 'securitylabel' && ns === SEC_LABEL_NS) || (name === 'BindingData' && ns === XMPP_PROFILE_NS)
  )
}
