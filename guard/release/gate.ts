/**
 * Whether the gate lets anything leave, as release sees it: looked at again and again, and closed whenever that cannot be told.
 *
 * What was closed is opened by a file that says `open`, which a person writes; not by one that a start has made anew. Where the
 * file cannot be read for want of what this host has no more of, nothing is known and nothing closed: the stage must end.
 */
import { type Gate, type GateProblem, readGate } from '../common/gate.ts'

/** How often the file is looked at when nothing else asks. */
const LOOK_MS = 100

/** What the file comes to, for journal and health; `problem` where it cannot be told. */
export type Position = Readonly<{
  closed: boolean
  time: string
  by: string
  reason: string
  problem: string
}>

export type GateWatch = Readonly<{
  /** Looks at the file; `turned` is called before this returns when it came to something else. */
  look(): void
  position(): Position
}>

/**
 * @param wasClosed the last that the journal knows; @param turned is not called for what it was at the beginning; @param hindered
 * is told why the file cannot be read for a while, and ends the stage: the next one reads it anew.
 */
export function watchGate(
  directory: string,
  wasClosed: boolean,
  turned: () => void,
  hindered: (problem: string) => never,
): GateWatch {
  let remembered = wasClosed
  let position = read()

  function read(): Position {
    const gate = readGate(directory)
    if ('problem' in gate && gate.passing) hindered(gate.problem)
    const found = positionOf(gate, remembered)
    remembered = found.closed
    return found
  }

  function look(): void {
    const found = read()
    const { closed, time, problem } = position
    if (found.closed === closed && found.time === time && found.problem === problem) return
    position = found
    turned()
  }

  setInterval(look, LOOK_MS)
  return { look, position: () => position }
}

function positionOf(gate: Gate | GateProblem, wasClosed: boolean): Position {
  if ('problem' in gate) return { closed: true, time: '', by: '', reason: '', problem: gate.problem }
  const { state, time, by, reason } = gate
  if (state === 'new' && wasClosed) {
    const problem = 'it was closed, and its file has been made anew since'
    return { closed: true, time: '', by: '', reason: '', problem }
  }
  return { closed: state === 'closed', time, by, reason, problem: '' }
}

/** Why nothing leaves, in one line; '' while the gate is open. */
export function closedBecause({ closed, time, by, reason, problem }: Position): string {
  if (!closed) return ''
  if (problem === '') return `the gate is closed since ${time} by ${by}: ${reason}`
  return `the gate is closed: ${problem}: a person opens it with "sallyport guard open"`
}
