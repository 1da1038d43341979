/** The options of `sallyport label`, and what its actions share: policies, the label given, dates, answers. */
import { readFileSync } from 'node:fs'
import type { parseArgs } from 'node:util'
import { labelFromNames } from '../../rules/label/bind.ts'
import { isProblem, type Label } from '../../rules/label/label.ts'
import { BINDING_NAMESPACES, type BindingNamespaces } from '../../rules/label/stanag4778.ts'
import { loadSpif } from '../../rules/spif/load.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { formatDate } from '../../rules/text/date.ts'
import { readDateTime } from '../../rules/text/datetime.ts'
import { bindInput, type Decoded, decodeInput, type InputProblem } from './input.ts'
import { visible } from './show.ts'
import { Unusable } from './unusable.ts'
import { readCategory } from './words.ts'

export const OPTIONS = {
  all: { type: 'boolean' },
  as: { type: 'string' },
  at: { type: 'string' },
  'binding-namespace': { type: 'string', multiple: true },
  bundle: { type: 'string' },
  category: { type: 'string', multiple: true },
  classification: { type: 'string' },
  clearance: { type: 'string', multiple: true },
  constraints: { type: 'string', multiple: true },
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
  'profile-namespace': { type: 'string', multiple: true },
  restrict: { type: 'boolean' },
  review: { type: 'string' },
  spif: { type: 'string', multiple: true },
  target: { type: 'string' },
  to: { type: 'string' },
} as const

export type Arguments = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] &
  Readonly<{ operand: string | undefined }>

/** The octets that an argument names, and by what name: a file, `-`, or the thing itself. */
type Source = Readonly<{ octets: Uint8Array; file?: string; isMissing?: boolean }>

function sourceOf(what: string, argument: string): Source {
  if (argument === '-') return { octets: readFileSync(0), file: 'standard input' }
  if (argument.trimStart().startsWith('<')) return { octets: new TextEncoder().encode(argument) }
  try {
    return { octets: readFileSync(argument), file: argument }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT' && code !== 'ENAMETOOLONG' && code !== 'ENOTDIR')
      throw new Unusable(`${what}: cannot read ${visible(argument)}: ${whyNot(error)}`)
    return { octets: new TextEncoder().encode(argument), isMissing: true }
  }
}

/** Why a file was not read, in words. */
export function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    ENOTDIR: 'there is no such file',
    EISDIR: 'it is a directory',
    EACCES: 'its rights do not allow it',
  }
  return (code === undefined ? undefined : words[code]) ?? code ?? message
}

/** The text of a SPIF file. */
export function readSource(file: string): string {
  let octets: Uint8Array
  try {
    octets = readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    throw new Unusable(`cannot read the SPIF ${visible(file)}: ${whyNot(error)}`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets)
  } catch {
    throw new Unusable(`the SPIF ${visible(file)} is not UTF-8; save it as UTF-8`)
  }
}

export function readSpif(file: string, lenient: boolean): Spif {
  const source = readSource(file)
  const loaded = loadSpif(source, { strict: !lenient })
  if ('problems' in loaded) {
    const [first, ...others] = loaded.problems
    const more = others.length === 0 ? '' : ` (and ${others.length} more; sallyport label policy lists them)`
    throw new Unusable(
      `${visible(file)}:${first!.line}: the SPIF: ${visible(first!.message)}${more}${lenientHint(source, lenient)}`,
    )
  }
  for (const { line, message } of loaded.findings)
    process.stderr.write(`${visible(file)}:${line}: note: ${visible(message)}\n`)
  return loaded.spif
}

/** That `--lenient` helps, where it does. */
export function lenientHint(source: string, lenient: boolean): string {
  const helps = !lenient && 'spif' in loadSpif(source, { strict: false })
  return helps ? '; --lenient forgives it' : ''
}

/** The policies given, at least one. */
export function spifsOf(args: Arguments): readonly Spif[] {
  const files = args.spif ?? []
  if (files.length === 0) throw new Unusable('a policy is needed: give --spif FILE')
  return files.map((file) => readSpif(file, args.lenient === true))
}

export type GivenLabel = Readonly<{ label: Label; spif: Spif }>

/**
 * The label that the arguments give, by encoding or in words, under the policy that it names. A label that its policy
 * does not know is an answer and no misuse: `problem`.
 */
export function labelOf(args: Arguments, spifs: readonly Spif[]): GivenLabel | Readonly<{ problem: string }> {
  if (args.operand === undefined) return labelInWords(args, spifs[0]!)
  const decoded = decodeOperand(args)
  if (decoded.kind !== 'label')
    throw new Unusable(`the label: ${visible(args.operand)} is a ${decoded.kind}; give a label`)
  return bindInput(decoded, spifs)
}

/** What the operand holds, decoded. */
export function decodeOperand(args: Arguments): Decoded {
  if (args.operand === undefined)
    throw new Unusable('a label is missing: give a file, - for standard input, or the label itself')
  return decodeArgument('the label', args.operand, args)
}

/** What an argument holds, decoded; `what` is said where it cannot be used. */
export function decodeArgument(what: string, argument: string, args: Arguments): Decoded {
  const source = sourceOf(what, argument)
  const namespaces = namespacesOf(args)
  const decode = (mode: 'strict' | 'lenient') => decodeInput(source.octets, mode, namespaces)
  const decoded = decode(args.lenient === true ? 'lenient' : 'strict')
  if (!('problem' in decoded)) {
    for (const finding of decoded.findings) process.stderr.write(`note: ${what}: ${visible(finding)}\n`)
    return decoded
  }
  const helps = args.lenient !== true && !('problem' in decode('lenient'))
  throw new Unusable(`${described(what, argument, source, decoded)}${helps ? '; --lenient forgives it' : ''}`)
}

/** What is wrong with an input, and where. */
function described(what: string, argument: string, { file, isMissing }: Source, wrong: InputProblem): string {
  const place = wrong.line !== undefined ? `line ${wrong.line}` : wrong.at ? `octet ${wrong.at}` : ''
  const problem = `${place === '' ? '' : `${place}: `}${visible(wrong.problem)}`
  if (isMissing === true) {
    const name = argument.length > 60 ? `${argument.slice(0, 60)}…` : argument
    const taken =
      wrong.taken === undefined
        ? 'and it is no XML, hex or base64'
        : `and taken as ${wrong.taken} it is none: ${problem}`
    return `${what}: there is no file "${visible(name)}", ${taken}`
  }
  return `${what}${file === undefined ? '' : ` in ${visible(file)}`}: ${problem}`
}

/** The namespaces of STANAG 4778 bindings that are accepted: the known ones and those of the options. */
function namespacesOf(args: Arguments): BindingNamespaces {
  return {
    profile: [...BINDING_NAMESPACES.profile, ...(args['profile-namespace'] ?? [])],
    binding: [...BINDING_NAMESPACES.binding, ...(args['binding-namespace'] ?? [])],
  }
}

function labelInWords(args: Arguments, spif: Spif): GivenLabel | Readonly<{ problem: string }> {
  if (args.classification === undefined)
    throw new Unusable('a label is missing: give one, or in words --classification NAME')
  const mark = args['privacy-mark']
  const label = labelFromNames(spif, {
    classification: args.classification,
    categories: (args.category ?? []).map(readCategory),
    userInput: true,
    ...(mark === undefined ? {} : { privacyMark: mark }),
  })
  return isProblem(label) ? { problem: `${label.problem}: ${label.detail}` } : { label, spif }
}

/** A date of an option in canonical form. */
export function dateOf(option: string, value: string): string {
  const date = readDateTime(value)
  if (date === undefined)
    throw new Unusable(
      `--${option} ${visible(value)} is no date with a zone; write it as 2026-01-31T12:00:00Z`,
    )
  return date
}

export function now(): string {
  return formatDate(Math.floor(Date.now() / 1000))
}

/** The moment for which is asked: `--at`, else now. */
export function momentOf(args: Arguments): string {
  return args.at === undefined ? now() : dateOf('at', args.at)
}

/** Dates for a STANAG 4774 label that is being made. */
export function datesOf(args: Arguments): Readonly<{ creation: string; review: string }> {
  if (args.review === undefined) throw new Unusable('a STANAG 4774 label needs --review DATE')
  return {
    creation: args.creation === undefined ? now() : dateOf('creation', args.creation),
    review: dateOf('review', args.review),
  }
}

export function limitOf(args: Arguments): number {
  const text = args.limit ?? '1000'
  const limit = Number(text)
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(limit) || limit < 1)
    throw new Unusable(`--limit ${visible(text)} is not a positive number`)
  return limit
}

/** One of the words that an option may be. */
export function choice<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((word) => word === value)
  if (found === undefined)
    throw new Unusable(`--${option} "${visible(value)}" is not one of ${known.join(', ')}`)
  return found
}

/** Writes the answer, as JSON when asked for; a number without limit is "unlimited" there. */
export function answer(args: Arguments, json: unknown, text: string): void {
  const written = (_key: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? 'unlimited' : value)
  process.stdout.write(args.json === true ? `${JSON.stringify(json, written, 2)}\n` : `${text}\n`)
}

/** Says why not, on stderr. */
export function no(reason: string): number {
  process.stderr.write(`no: ${visible(reason)}\n`)
  return 1
}

/** Says what the answer does not show, on stderr. */
export function note(text: string): void {
  process.stderr.write(`note: ${visible(text)}\n`)
}
