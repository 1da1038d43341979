/**
 * Decides on one stanza: `verify`'s whole judgement, a function of the stanza's octets, the frame's second and number, and
 * the bundle.
 */
import type { Bundle } from './bundle.ts'
import type { FrameNumber } from './numbered.ts'
import { type Progress, recogniseStanza } from './profile.ts'
import { makeReader } from './reader.ts'
import type { Reason } from './reasons.ts'
import { makeValue } from './value.ts'
import { writeElement } from './write.ts'

/** The row of a stanza without label. */
export const NO_ROW = 0xffffffff

type Known = Readonly<{ form: string; from: string; to: string }>

export type Verdict =
  | (Known & Readonly<{ accepted: true; row: number; output: string }>)
  | (Known & Readonly<{ accepted: false; reason: Reason; at: number }>)

/** Makes the function that decides by `bundle`. It keeps nothing from one stanza to the next. */
export function makeDecider(
  bundle: Bundle,
): (stanza: Buffer, second: number, number: FrameNumber) => Verdict {
  const value = makeValue(bundle.stanzaBytes)
  return (stanza, second, number) => {
    if (stanza.length > bundle.stanzaBytes) {
      return { accepted: false, reason: 'too-big', at: bundle.stanzaBytes, form: '', from: '', to: '' }
    }
    const progress: Progress = {
      number,
      form: '',
      from: '',
      fromRoom: false,
      to: '',
      label: undefined,
      obliged: -1,
    }
    const reader = makeReader(stanza, value)
    const root = recogniseStanza({ reader, bundle, second, progress })
    const { form, from, to } = progress
    if (reader.refusal !== undefined) {
      const { reason, at } = reader.refusal
      return { accepted: false, reason, at, form, from, to }
    }
    return { accepted: true, row: progress.label?.row ?? NO_ROW, form, from, to, output: writeElement(root!) }
  }
}
