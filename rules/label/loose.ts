/**
 * Labels as clients and servers of the field write them, for the sending edge.
 *
 * What is forgiven is spelling only: a display marking (never believed), white space in base64 and around names, any
 * prefixes, absent URIs, dates with zone or fraction, order and case of names, the legacy root. ESS must be strict DER
 * even here. What is not forgiven is meaning: the finder gives a row only when policy, class, categories and mark are the
 * row's, and every identifier that the label does carry is the row's too. An equivalentlabel must be the label itself or
 * what the row releases; an OriginatorID must be the sender.
 */
import type { LabelForm, LabelRow } from '../bundle/bundle.ts'
import { type Refusal, refuse, refused } from '../reasons.ts'
import { SERVER_NS, type XmlElement } from '../xml/node.ts'
import { hasForeignAttribute, parseText } from '../xml/parse.ts'
import { serialiseInside } from '../xml/write.ts'
import { decodeEss } from './ess.ts'
import { fold } from './fold.ts'
import { createKnownLabels } from './known.ts'
import type { LabelProblem } from './reading.ts'
import { LABEL_NS, type Label4774, read4774 } from './stanag4774.ts'
import { readBindingData } from './stanag4778.ts'
import { fill } from './template.ts'
import { essValue, isComplete } from './wire.ts'
import { ESS_NS, type Payload, type PayloadReader, readEssOctets, readSecurityLabel } from './xep0258.ts'

/** The row that a label belongs to, and the label's own dates in canonical form. */
export type FoundLabel = Readonly<{ row: LabelRow; creation?: string; review?: string }>

/**
 * Makes a function that finds the row of a label element. `sender` is the bare address that an OriginatorID must name.
 * `label-malformed` when it cannot be read, `label-unlisted` when it is no row's (or could be two rows').
 */
export function createLabelFinder(
  rows: readonly LabelRow[],
): (node: XmlElement, sender: string) => FoundLabel | Refusal {
  const known = new Map<string, KnownRow[]>()
  for (const row of rows) {
    const [input, output] = [templateLabel(row.input.template), templateLabel(row.output.template)]
    const key = `${row.input.form} ${input.key}`
    known.set(key, [...(known.get(key) ?? []), { row, input, output }])
  }
  function read(node: XmlElement, sender: string): FoundLabel | Refusal {
    const loose = readLoose(node)
    if (loose === undefined || !isSender(loose.label, sender)) return refuse('label-malformed')
    const candidates = known.get(`${loose.form} ${loose.label.key}`) ?? []
    const fitting = candidates.filter(
      ({ input, output }) =>
        agrees(loose.label, input) &&
        loose.equivalents.every((e) => [input, output].some((own) => own.key === e.key && agrees(e, own))),
    )
    const found = fitting.length === 1 ? fitting[0] : undefined
    if (found === undefined) return refuse('label-unlisted')
    const { creation, review } = loose.label
    return {
      row: found.row,
      ...(creation === undefined ? {} : { creation }),
      ...(review === undefined ? {} : { review }),
    }
  }

  const written = createKnownLabels<LabelRow>()
  /** Rows of labels that hold nothing of one stanza only: no dates, and no originator. */
  const spellings = new Map<string, LabelRow>()
  return (node, sender) => {
    if (hasForeignAttribute(node)) return read(node, sender)
    const octets = serialiseInside(node, SERVER_NS)
    const row = spellings.get(octets)
    if (row !== undefined) return { row }
    const known = written.find(octets)
    if (known?.creation !== undefined && known.review !== undefined) {
      return { row: known.row, creation: known.creation, review: known.review }
    }
    const found = read(node, sender)
    if (refused(found)) return found
    const { form, template } = found.row.input
    if (form === 'ess-0258') {
      if (spellings.size === MAX_SPELLINGS) spellings.clear()
      if (octets.length <= MAX_SPELLING) spellings.set(octets, found.row)
    } else if (fill(template, found) === octets) written.learn(template, found.row)
    return found
  }
}

/** Spellings of labels that are kept, and characters of each. */
const MAX_SPELLINGS = 1024
const MAX_SPELLING = 2048

/** What names the label (`key`), and the identifiers that it may leave out: of the policy and of tag sets by name. */
type Named = Readonly<{
  key: string
  identifiers: ReadonlyMap<string, string>
  originator?: Label4774['originatorId']
  creation?: string
  review?: string
}>

type KnownRow = Readonly<{ row: LabelRow; input: Named; output: Named }>

function isSender(label: Named, sender: string): boolean {
  const id = label.originator
  return id === undefined || (id.type === 'jID' && id.value === sender)
}

function agrees(loose: Named, row: Named): boolean {
  for (const [name, identifier] of loose.identifiers)
    if (row.identifiers.get(name) !== identifier) return false
  return true
}

type Loose = Readonly<{ form: LabelForm; label: Named; equivalents: readonly Named[] }>

function readLoose(node: XmlElement): Loose | undefined {
  if (node.name === 'BindingData') {
    const metadata = readBindingData(node)
    if ('problem' in metadata || metadata.length !== 1) return undefined
    const payload = strict4774(metadata[0]!)
    if ('problem' in payload) return undefined
    const label = named(payload)
    return label === undefined ? undefined : { form: '4774-4778', label, equivalents: [] }
  }
  const read = readSecurityLabel(node, STRICT_PAYLOADS)
  if ('problem' in read || read.label === undefined) return undefined
  const label = named(read.label)
  const equivalents = read.equivalents.map(named)
  if (label === undefined || !equivalents.every((e) => e !== undefined)) return undefined
  return { form: read.label.format === 'ess' ? 'ess-0258' : '4774-0258', label, equivalents }
}

const STRICT_PAYLOADS: ReadonlyMap<string, PayloadReader> = new Map([
  [ESS_NS, strictEss],
  [LABEL_NS, strict4774],
])

function strictEss(node: XmlElement): Payload | LabelProblem {
  const octets = readEssOctets(node)
  if ('problem' in octets) return octets
  const label = decodeEss(octets, 'der')
  if ('problem' in label || !isComplete(label)) return { problem: 'not a complete label in DER' }
  return { format: 'ess', label }
}

function strict4774(node: XmlElement): Payload | LabelProblem {
  const read = read4774(node, 'strict')
  return 'problem' in read ? read : { format: '4774', label: read.label, findings: [] }
}

function named(payload: Payload): Named | undefined {
  if (payload.format === 'other') return undefined
  if (payload.format === 'ess') return { key: essValue(payload.label), identifiers: NO_IDENTIFIERS }
  const { role, information, originatorId, creation, review, succession } = payload.label
  if (role === 'metadata' || succession !== undefined) return undefined
  const { policyName, policy, classification, privacyMark, categories } = information
  const identifiers = new Map<string, string>()
  if (policy !== undefined) identifiers.set('policy', policy)
  const names: string[] = []
  for (const { type, tagName, tagSet, values, numbers } of categories) {
    if (numbers.length > 0) return undefined
    if (tagSet !== undefined) identifiers.set(`tag set ${fold(tagName)}`, tagSet)
    names.push(JSON.stringify([fold(tagName), type, [...new Set(values.map(fold))].sort()]))
  }
  return {
    key: JSON.stringify(['4774', fold(policyName), fold(classification), privacyMark ?? null, names.sort()]),
    identifiers,
    ...(originatorId === undefined ? {} : { originator: originatorId }),
    ...(creation === undefined ? {} : { creation }),
    ...(review === undefined ? {} : { review }),
  }
}

const NO_IDENTIFIERS: ReadonlyMap<string, string> = new Map()

const SOME_DATE = { creation: '2000-01-01T00:00:00Z', review: '2000-01-01T00:00:00Z', now: 0 }
const TEMPLATE_LIMITS = { stanzaBytes: 1 << 20, depth: 16 }

/** The label of a template. The bundle's templates are the compiler's, so one that is none is a fault. */
function templateLabel(template: LabelRow['input']['template'] | LabelRow['output']['template']): Named {
  const octets = fill(template, SOME_DATE)
  const node = octets === undefined ? undefined : parseText(octets, TEMPLATE_LIMITS)
  const loose = node === undefined || refused(node) ? undefined : readLoose(node)
  if (loose === undefined) throw new Error('a label template of the bundle that is no label')
  return loose.label
}
