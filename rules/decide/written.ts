/**
 * The decision foretold by the one who has just written the stanza: what `decide.ts` will say of its octets, without
 * reading them again.
 *
 * For the sending edge, so that users hear at once of what will not pass. The guard believes nothing of it: `inspect` and
 * `verify` begin at the octets.
 */
import type { Bundle } from '../bundle/bundle.ts'
import type { Reason } from '../reasons.ts'
import type { StanzaNumber } from '../text/numbered.ts'
import type { XmlElement } from '../xml/node.ts'
import { parseText } from '../xml/parse.ts'
import { compileLabels } from './label.ts'
import { compileProfile } from './profile.ts'
import { nothingSeen } from './seen.ts'

/**
 * A stanza in canonical octets, and the tree that they were written from. Attributes of the tree stand in canonical
 * order; in the place of its label element, whatever that is like, the octets hold `label`.
 */
export type Written = Readonly<{ root: XmlElement; octets: string; label: string | undefined }>

/** Why a written stanza will be refused at that second and under that number; undefined when it will pass. */
export type WrittenDecider = (stanza: Written, second: number, number: StanzaNumber) => Reason | undefined

export function createWrittenDecider(bundle: Bundle): WrittenDecider {
  const { stanzaBytes, depth } = bundle.limits
  const checkProfile = compileProfile(bundle)
  const decideLabel = compileLabels(bundle.labels)

  return ({ root, octets, label }, second, number) => {
    const seen = nothingSeen(number)
    if (Buffer.byteLength(octets) > stanzaBytes) return 'too-big'
    if (octets.includes('&#')) return 'not-canonical' // the writer has it for what canonical values may not hold
    const fault = checkProfile(root, seen)
    if (fault !== undefined) return fault.reason
    if (depthOf(root, seen.label) > depth) return 'too-deep'
    if (label === undefined) return undefined
    const element = () => parseText(label, { stanzaBytes, depth: depth - 1 })
    const decided = decideLabel(label, element, second)
    return 'reason' in decided ? decided.reason : undefined
  }
}

/** Levels of elements, those in `label` left out: it is not what is written. */
function depthOf(node: XmlElement, label: XmlElement | undefined): number {
  let below = 0
  for (const child of node.children) {
    if (typeof child !== 'string' && child !== label) below = Math.max(below, depthOf(child, label))
  }
  return below + 1
}
