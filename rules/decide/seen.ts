/** What has been learnt of a stanza so far: filled on the way through the checks, told in every verdict. */

import type { Reason } from '../reasons.ts'
import type { StanzaNumber } from '../text/numbered.ts'
import type { XmlElement } from '../xml/node.ts'

export type Seen = {
  /** Of the frame that the stanza came in. */
  readonly number: StanzaNumber
  /** The name of the form; the addresses of the root. '' until checked. */
  form: string
  from: string
  to: string
  /** The label element, still to be read. */
  label: XmlElement | undefined
  /** An element is there that obliges the stanza to carry a label. */
  owesLabel: boolean
}

/** Why a stanza is refused, and the element at which it was seen. */
export type Fault = Readonly<{ reason: Reason; node: XmlElement }>

export function nothingSeen(number: StanzaNumber): Seen {
  return { number, form: '', from: '', to: '', label: undefined, owesLabel: false }
}
