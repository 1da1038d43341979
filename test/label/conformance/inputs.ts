/** What the conformance cases give as inputs: SPIFs, labels and clearances in their several forms, from files or inline. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bind4774Clearance, bindX501, type Clearance } from '../../../rules/clearance/clearance.ts'
import { read4774Clearance } from '../../../rules/clearance/stanag4774.ts'
import { decodeX501 } from '../../../rules/clearance/x501.ts'
import { bindPayload } from '../../../rules/label/bind.ts'
import { decodeEss } from '../../../rules/label/ess.ts'
import { isProblem, type Label } from '../../../rules/label/label.ts'
import { read4774 } from '../../../rules/label/stanag4774.ts'
import type { Payload } from '../../../rules/label/xep0258.ts'
import { loadSpif } from '../../../rules/spif/load.ts'
import type { Spif } from '../../../rules/spif/spif.ts'
import { type DocumentElement, parseDocument } from '../../../rules/spif/xml.ts'
import { decodeBase64 } from '../../../rules/text/base64.ts'
import {
  bindModel,
  bindModelClearance,
  kindNamed,
  type Model,
  readSpiffy,
  readSpiffyPayload,
} from './spiffy.ts'

/** The conformance data beside the project; clones do not have it. */
const DIRECTORY = fileURLToPath(new URL('../../../../shared/conformance/labels/', import.meta.url))

export const hasCases = existsSync(`${DIRECTORY}cases.json`)

export type Input = Readonly<{
  format?: string
  file?: string
  text?: string
  hex?: string
  base64?: string
  model?: Readonly<{
    policyId: string
    classification?: number | string
    classifications?: readonly (number | string)[]
    categories: readonly Readonly<{ tagSetId: string; type: string; lacv: string }>[]
  }>
}>

export type Case = Readonly<{
  id: string
  operation: string
  basis: string
  strict?: boolean
  spifs?: readonly string[]
  expected: Readonly<Record<string, unknown>>
  [key: string]: unknown
}>

export function readCases(): readonly Case[] {
  return (JSON.parse(readText('cases.json')) as { cases: Case[] }).cases
}

export function readText(file: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(DIRECTORY + file))
}

/** Something that was refused: thrown, so that adapters read straight on; each says whether it may be. */
export class Refused extends Error {}

function refuse(problem: string): never {
  throw new Refused(problem)
}

const loaded = new Map<string, Spif>()

function spifFrom(file: string, strict: boolean): Spif {
  const key = `${strict} ${file}`
  const known = loaded.get(key)
  if (known !== undefined) return known
  const result = loadSpif(readText(file), { strict })
  if ('problems' in result) refuse(`${file}: ${result.problems[0]!.message}`)
  loaded.set(key, result.spif)
  return result.spif
}

export function spifsOf(testCase: Case): readonly Spif[] {
  return (testCase.spifs ?? []).map((file) => spifFrom(file, testCase.strict !== false))
}

export function xmlOf(text: string): DocumentElement {
  const root = parseDocument(text)
  return 'problem' in root ? refuse(root.problem) : root
}

export function octetsOf(input: Input): Uint8Array {
  if (input.hex !== undefined) return Buffer.from(input.hex, 'hex')
  if (input.base64 !== undefined) return decodeBase64(input.base64) ?? refuse('not base64')
  if (input.file !== undefined) return readFileSync(DIRECTORY + input.file)
  return new TextEncoder().encode(input.text ?? '')
}

function textOf(input: Input): string {
  return input.text ?? readText(input.file!)
}

/** A label before it is bound. */
export function payloadOf(input: Input, strict: boolean): Payload {
  switch (input.format) {
    case 'spiffy-xml': {
      const payload = readSpiffyPayload(xmlOf(textOf(input)))
      return 'problem' in payload ? refuse(payload.problem) : payload
    }
    case 'stanag4774-xml': {
      const read = read4774(xmlOf(textOf(input)), strict ? 'strict' : 'lenient')
      if ('problem' in read) refuse(read.problem)
      return { format: '4774', label: read.label, findings: read.findings.map((f) => f.finding) }
    }
    case 'model':
      return { format: 'other', bind: (spif) => bindModel(spif, modelOf(input)) }
    case 'ess-der':
    case 'ess-ber':
    case 'ess-base64':
    case 'der':
    case 'any': {
      const label = decodeEss(octetsOf(input), input.format === 'ess-der' ? 'der' : 'ber')
      return 'problem' in label ? refuse(label.problem) : { format: 'ess', label }
    }
    default:
      throw new Error(`no reader for the label format ${input.format}`)
  }
}

export function modelOf({ model }: Input): Model {
  if (model === undefined) throw new Error('no model')
  const classes = model.classifications ?? (model.classification === undefined ? [] : [model.classification])
  return {
    policyId: model.policyId,
    classifications: classes.map(String),
    categories: model.categories.map(({ tagSetId, type, lacv }) => {
      const kind = kindNamed(type)
      if (kind === undefined) throw new Error(`no kind ${type}`)
      return { tagSetId, kind, lacv }
    }),
  }
}

/** The label with the one of `spifs` that it is of. */
export function labelOf(
  input: Input,
  spifs: readonly Spif[],
  strict: boolean,
): Readonly<{ label: Label; spif: Spif }> {
  const payload = payloadOf(input, strict)
  let problem = 'no SPIF'
  for (const spif of spifs) {
    const label = bindPayload(payload, spif)
    if (!isProblem(label)) return { label, spif }
    problem = `${label.problem} ${label.detail}`
    if (label.problem !== 'wrong-policy') break
  }
  return refuse(problem)
}

export function clearanceOf(
  input: Input,
  spifs: readonly Spif[],
  strict: boolean,
): Readonly<{ clearance: Clearance; spif: Spif }> {
  for (const spif of spifs) {
    const clearance = bindClearance(input, spif, strict)
    if (!isProblem(clearance)) return { clearance, spif }
    if (clearance.problem !== 'wrong-policy') refuse(`${clearance.problem} ${clearance.detail}`)
  }
  return refuse('a clearance of no policy at hand')
}

function bindClearance(input: Input, spif: Spif, strict: boolean): ReturnType<typeof bindX501> {
  switch (input.format) {
    case 'spiffy-xml': {
      const model = readSpiffy(xmlOf(textOf(input)), 'clearance')
      return 'problem' in model ? refuse(model.problem) : bindModelClearance(spif, model)
    }
    case 'stanag4774-clearance-xml': {
      const read = read4774Clearance(xmlOf(textOf(input)), strict ? 'strict' : 'lenient')
      return 'problem' in read ? refuse(read.problem) : bind4774Clearance(spif, read.clearance)
    }
    case 'model':
      return bindModelClearance(spif, modelOf(input))
    case 'clearance-der':
    case 'clearance-ber':
    case 'der': {
      const decoded = decodeX501(octetsOf(input))
      return 'problem' in decoded ? refuse(decoded.problem) : bindX501(spif, decoded)
    }
    default:
      throw new Error(`no reader for the clearance format ${input.format}`)
  }
}
