/**
 * sallyport rules explain: why a bundle accepts or refuses a stanza.
 *
 * Reads    the bundle, and a file with the octets of one stanza as a guard gets it (one LF at the end is left off); at
 *          which second (--at, else now) and in which frame (--number, else 0.1) it reaches the guard
 * Writes   a line for each check, in order: its outcome, what was found, and where the rule was written
 * Exits    0 accepted, 1 refused
 */
import { parseArgs } from 'node:util'
import { explain } from '../rules/explain/explain.ts'
import { visible } from '../rules/review/visible.ts'
import { parseDate } from '../rules/text/date.ts'
import { parseNumber, type StanzaNumber } from '../rules/text/numbered.ts'
import { readNamedBundle, readNamedFile } from './rules-bundle.ts'
import { UsageError } from './usage.ts'

export function explainRules(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { at: { type: 'string' }, number: { type: 'string' } },
    allowPositionals: true,
  })
  const [file, stanza, ...more] = positionals
  if (file === undefined || stanza === undefined || more.length > 0)
    throw new UsageError('explain needs one bundle and one file with a stanza')
  const { bundle } = readNamedBundle(file)
  const { verdict, steps } = explain(
    bundle,
    readStanza(stanza),
    secondOf(values.at),
    numberOf(values.number ?? '0.1'),
  )
  for (const { check, outcome, found, place } of steps) {
    const mark = outcome === 'passed' ? 'ok   ' : 'FAIL '
    process.stdout.write(
      `${mark} ${visible(check)}: ${visible(found)}${place === '' ? '' : `  [${place}]`}\n`,
    )
  }
  process.stdout.write(
    verdict.accepted ? 'accepted\n' : `refused: ${verdict.reason} at octet ${verdict.at}\n`,
  )
  return verdict.accepted ? 0 : 1
}

/** The octets of a stanza in a file, without the LF that editors put at the end. */
export function readStanza(file: string): Uint8Array {
  const octets = readNamedFile(file, 'give a file with one stanza')
  return octets.at(-1) === 0x0a ? octets.subarray(0, -1) : octets
}

/** The second that `--at` names, else now. */
export function secondOf(at: string | undefined): number {
  if (at === undefined) return Math.floor(Date.now() / 1000)
  const second = parseDate(at)
  if (second === undefined) throw new UsageError(`--at ${at} is no date; write such as 2026-11-22T10:00:00Z`)
  return second
}

function numberOf(text: string): StanzaNumber {
  const number = parseNumber(text)
  if (number === undefined)
    throw new UsageError(`--number ${text} is no number of a frame; write such as 0.17`)
  return number
}
