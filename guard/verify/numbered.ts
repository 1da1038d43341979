/**
 * Identifiers that are numbers of frames (doc/formats.md §2): `o` or `r`, generation, full stop, count.
 */
import { isInteger } from './integer.ts'

/** What a frame is called: u16 generation, u48 count. */
export type FrameNumber = Readonly<{ generation: number; count: number }>

/** The stanza whose identifiers are read: the number of its frame, and whether a room sends it. */
export type Bearer = Readonly<{ number: FrameNumber; fromRoom: boolean }>

export type NumberedRule =
  | Readonly<{ type: 'own-number'; echo: boolean }>
  | Readonly<{ type: 'answer-number' }>
  | Readonly<{ type: 'earlier-number'; echo: boolean }>

const MOST_GENERATION = 0xffff
const MOST_COUNT = 0xffff_ffff_ffff

/** Whether the octets from `start` to before `end`, which are a plain value, are what the rule admits there. */
export function isNumbered(
  rule: NumberedRule,
  latin1: string,
  start: number,
  end: number,
  { number, fromRoom }: Bearer,
): boolean {
  const stop = latin1.indexOf('.', start)
  if (!isInteger(latin1, start + 1, stop, 0, MOST_GENERATION)) return false
  if (!isInteger(latin1, stop + 1, end, 1, MOST_COUNT)) return false
  const other = latin1[start] === 'r'
  if (!other && latin1[start] !== 'o') return false
  if (rule.type === 'answer-number') return other
  if (other) return rule.echo && fromRoom

  const generation = Number(latin1.slice(start + 1, stop))
  const count = Number(latin1.slice(stop + 1, end))
  const same = generation === number.generation
  if (rule.type === 'own-number') return same && count === number.count
  return generation < number.generation || (same && count < number.count)
}
