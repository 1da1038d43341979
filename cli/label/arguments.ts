/** The options of `sallyport label`, and what its actions share: policies, the label given, dates, answers. */
import { readFileSync } from 'node:fs'
import type { parseArgs } from 'node:util'
import { labelFromNames } from '../../rules/label/bind.ts'
import { isProblem, type Label } from '../../rules/label/label.ts'
import { loadSpif } from '../../rules/spif/load.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { formatDate, normaliseDate } from '../../rules/text/date.ts'
import { bindInput, type Decoded, decodeInput } from './input.ts'
import { visible } from './show.ts'

export const OPTIONS = {
  all: { type: 'boolean' },
  as: { type: 'string' },
  at: { type: 'string' },
  bundle: { type: 'string' },
  category: { type: 'string', multiple: true },
  classification: { type: 'string' },
  clearance: { type: 'string' },
  creation: { type: 'string' },
  default: { type: 'string' },
  desc: { type: 'string' },
  discard: { type: 'boolean' },
  format: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  incoming: { type: 'boolean' },
  json: { type: 'boolean' },
  language: { type: 'string' },
  lenient: { type: 'boolean' },
  limit: { type: 'string' },
  location: { type: 'string' },
  name: { type: 'string' },
  new: { type: 'boolean' },
  output: { type: 'string' },
  'privacy-mark': { type: 'string' },
  'privacy-mark-mapping': { type: 'string' },
  restrict: { type: 'boolean' },
  review: { type: 'string' },
  spif: { type: 'string', multiple: true },
  target: { type: 'string' },
  to: { type: 'string' },
} as const

export type Arguments = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] &
  Readonly<{ operand: string | undefined }>

/** Input that cannot be used: exit code 2, with one line that says what and how to mend it. */
export class Unusable extends Error {}

/** The octets that an argument names: a file, `-`, or the thing itself. */
function octetsOf(argument: string): Uint8Array {
  if (argument === '-') return readFileSync(0)
  if (argument.trimStart().startsWith('<')) return new TextEncoder().encode(argument)
  try {
    return readFileSync(argument)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT' && code !== 'ENAMETOOLONG') throw new Unusable(`cannot read ${argument} (${code})`)
    return new TextEncoder().encode(argument)
  }
}

/** The text of a SPIF file. */
export function readSource(file: string): string {
  let octets: Uint8Array
  try {
    octets = readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    throw new Unusable(`cannot read the SPIF ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets)
  } catch {
    throw new Unusable(`the SPIF ${file} is not UTF-8`)
  }
}

export function readSpif(file: string, lenient: boolean): Spif {
  const loaded = loadSpif(readSource(file), { strict: !lenient })
  if ('problems' in loaded) {
    const [first] = loaded.problems
    const hint = lenient ? '' : '; --lenient forgives some of it'
    throw new Unusable(`${file}:${first!.line}: ${visible(first!.message)}${hint}`)
  }
  for (const { line, message } of loaded.findings)
    process.stderr.write(`${file}:${line}: note: ${visible(message)}\n`)
  return loaded.spif
}

/** The policies given, at least one. */
export function spifsOf(args: Arguments): readonly Spif[] {
  const files = args.spif ?? []
  if (files.length === 0) throw new Unusable('a policy is needed: give --spif FILE')
  return files.map((file) => readSpif(file, args.lenient === true))
}

export type GivenLabel = Readonly<{ label: Label; spif: Spif; decoded?: Decoded }>

/**
 * The label that the arguments give, by encoding or in words, under the policy that it names. A label that its policy
 * does not know is an answer and no misuse: `problem`.
 */
export function labelOf(args: Arguments, spifs: readonly Spif[]): GivenLabel | Readonly<{ problem: string }> {
  if (args.operand === undefined) return labelInWords(args, spifs[0]!)
  const decoded = decodeOperand(args)
  if (decoded.kind !== 'label') throw new Unusable(`a label is needed, not a ${decoded.kind}`)
  const bound = bindInput(decoded, spifs)
  return 'problem' in bound ? bound : { ...bound, decoded }
}

/** What the operand holds, decoded. */
export function decodeOperand(args: Arguments): Decoded {
  if (args.operand === undefined) throw new Unusable('a label is missing: a file, - or the label itself')
  return decodeArgument(args.operand, args)
}

export function decodeArgument(argument: string, args: Arguments): Decoded {
  const decoded = decodeInput(octetsOf(argument), args.lenient === true ? 'lenient' : 'strict')
  if ('problem' in decoded) throw new Unusable(visible(decoded.problem))
  for (const finding of decoded.findings) process.stderr.write(`note: ${visible(finding)}\n`)
  return decoded
}

function labelInWords(args: Arguments, spif: Spif): GivenLabel | Readonly<{ problem: string }> {
  if (args.classification === undefined) throw new Unusable('give a label, or --classification NAME')
  const mark = args['privacy-mark']
  const label = labelFromNames(spif, {
    classification: args.classification,
    categories: (args.category ?? []).map(categoryInWords),
    ...(mark === undefined ? {} : { privacyMark: mark }),
  })
  return isProblem(label) ? { problem: `${label.problem}: ${label.detail}` } : { label, spif }
}

function categoryInWords(text: string): { tagSet: string; values: readonly string[] } {
  const at = text.indexOf('=')
  if (at < 1) throw new Unusable(`not a category: "${text}"; write "TAG SET=VALUE,VALUE"`)
  return { tagSet: text.slice(0, at), values: text.slice(at + 1).split(',') }
}

/** A date of an option in canonical form. */
export function dateOf(option: string, value: string): string {
  const date = normaliseDate(value)
  if (date === undefined)
    throw new Unusable(`--${option} ${value} is no date; write it as 2026-01-31T12:00:00Z`)
  return date
}

/** Dates for a STANAG 4774 label that is being made. */
export function datesOf(args: Arguments): Readonly<{ creation: string; review: string }> {
  if (args.review === undefined) throw new Unusable('a STANAG 4774 label needs --review DATE')
  const now = formatDate(Math.floor(Date.now() / 1000))
  return {
    creation: args.creation === undefined ? now : dateOf('creation', args.creation),
    review: dateOf('review', args.review),
  }
}

export function limitOf(args: Arguments): number {
  const text = args.limit ?? '1000'
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1) throw new Unusable(`--limit ${text} is not a positive number`)
  return limit
}

/** One of the words that an option may be. */
export function choice<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((word) => word === value)
  if (found === undefined) throw new Unusable(`--${option} "${value}" is not one of ${known.join(', ')}`)
  return found
}

/** Writes the answer, as JSON when asked for. */
export function answer(args: Arguments, json: unknown, text: string): void {
  process.stdout.write(args.json === true ? `${JSON.stringify(json, undefined, 2)}\n` : `${text}\n`)
}
