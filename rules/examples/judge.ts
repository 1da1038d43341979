/** The author's examples held against the rules of the bundle that carries them. */
import type { Bundle, Example } from '../bundle/bundle.ts'
import { createDecider, type Verdict } from '../decide/decide.ts'
import { parseNumber } from '../text/numbered.ts'

/** The number of a frame in which a stanza is judged, when nobody says another. */
const FIRST = '0.1'

/** What became of an example: `differs` says in words what was expected and what was found. */
export type Judged = Readonly<{ example: Example; verdict: Verdict; differs?: string }>

/** Judges `examples`, by default those of the bundle, by the rules of the bundle. */
export function judgeExamples(
  bundle: Bundle,
  examples: readonly Example[] = bundle.examples ?? [],
): Judged[] {
  const decide = createDecider(bundle)
  return examples.map((example) => {
    const number = parseNumber(example.number ?? FIRST)
    if (number === undefined) throw new Error(`the example ${example.name} has a number that is none`)
    const verdict = decide(new TextEncoder().encode(example.stanza), example.at, number)
    const differs = difference(bundle, example, verdict)
    return differs === undefined ? { example, verdict } : { example, verdict, differs }
  })
}

/** A verdict in a few words. */
export function verdictWords(bundle: Bundle, verdict: Verdict): string {
  if (!verdict.accepted) return `refused (${verdict.reason})`
  const row = bundle.labels.rows[verdict.row]
  return row === undefined ? 'accepted, without a label' : `accepted as ${row.name}, ${row.output.marking}`
}

function difference(bundle: Bundle, example: Example, verdict: Verdict): string | undefined {
  const found = verdictWords(bundle, verdict)
  if (example.verdict === 'refused') {
    if (!verdict.accepted && (example.reason ?? verdict.reason) === verdict.reason) return undefined
    const reason = example.reason === undefined ? '' : ` (${example.reason})`
    return `expected refused${reason}, the rules say ${found}`
  }
  const row = verdict.accepted ? bundle.labels.rows[verdict.row] : undefined
  const asExpected =
    verdict.accepted &&
    (example.row ?? row?.name) === row?.name &&
    (example.becomes ?? row?.output.marking) === row?.output.marking
  if (asExpected) return undefined
  const as = example.row === undefined ? '' : ` as ${example.row}`
  const becomes = example.becomes === undefined ? '' : `, released as ${example.becomes}`
  return `expected accepted${as}${becomes}; the rules say ${found}`
}
