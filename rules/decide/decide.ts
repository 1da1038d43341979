/**
 * The decision on one stanza: what `inspect` says of a frame, and what the sending edge asks before it sends one.
 *
 * A function of the bundle, the octets, the second and the number; no clock, no randomness. What is kept from one stanza to the next
 * (a parser, the rows of labels that have been decoded) makes it faster and changes no answer.
 */

import type { Bundle } from '../bundle/bundle.ts'
import { type Reason, refused } from '../reasons.ts'
import type { StanzaNumber } from '../text/numbered.ts'
import { SERVER_NS, type XmlElement } from '../xml/node.ts'
import { serialise, serialiseInside, serialiseReplacing } from '../xml/write.ts'
import { createCanonicalReader } from './canonical.ts'
import { compileLabels } from './label.ts'
import { compileProfile } from './profile.ts'
import { nothingSeen, type Seen } from './seen.ts'

/**
 * What a verifier says of one stanza. `row` is that of the label, -1 without one. In a refusal `form`, `from` and `to`
 * are what had been checked before it, else ''; `at` is the octet of the element, or nearer, at which it was seen.
 */
export type Verdict =
  | Readonly<{ accepted: true; row: number; form: string; from: string; to: string; output: string }>
  | Readonly<{ accepted: false; reason: Reason; at: number; form: string; from: string; to: string }>

/** Decides on the octets of one stanza, the payload of the frame of that number, at a second since 1970. Never throws on input. */
export type Decider = (payload: Uint8Array, second: number, number: StanzaNumber) => Verdict

/** Compiles a bundle. Throws when its tables contradict themselves. */
export function createDecider(bundle: Bundle): Decider {
  const readCanonical = createCanonicalReader(bundle.limits)
  const checkProfile = compileProfile(bundle)
  const decideLabel = compileLabels(bundle.labels)

  return (payload, second, number) => {
    const seen = nothingSeen(number)

    const root = readCanonical(payload) // within limits, well-formed, in the one spelling
    if (refused(root)) return refusal(root.refused, root.at, seen)

    const fault = checkProfile(root, seen) // every node known; addresses, texts and labelling checked
    if (fault !== undefined) return refusal(fault.reason, octetOf(fault.node, root), seen)

    const element = seen.label
    if (element === undefined) return acceptance(-1, serialise(root), seen)

    const octets = serialiseInside(element, SERVER_NS)
    const label = decideLabel(octets, () => element, second) // equal to a row, within the windows
    if ('reason' in label) return refusal(label.reason, octetOf(element, root), seen)

    return acceptance(label.row, serialiseReplacing(root, element, label.spelling), seen)
  }
}

function acceptance(row: number, output: string, { form, from, to }: Seen): Verdict {
  return { accepted: true, row, form, from, to, output }
}

function refusal(reason: Reason, at: number, { form, from, to }: Seen): Verdict {
  return { accepted: false, reason, at, form, from, to }
}

/** The octet at which an element of a canonical stanza begins. */
function octetOf(node: XmlElement, root: XmlElement): number {
  const marked = serialiseReplacing(root, node, '\0') // no stanza holds one
  return Buffer.byteLength(marked.slice(0, marked.indexOf('\0')))
}
