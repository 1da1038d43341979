/**
 * One adapter an operation of the conformance cases: does what the case says and gives what came out, by the names of
 * its expectations. An expectation that an adapter gives no value for fails the test.
 */
import { access } from '../../../rules/clearance/access.ts'
import { clearance4774Of, x501Of } from '../../../rules/clearance/clearance.ts'
import { read4774Clearance, write4774Clearance } from '../../../rules/clearance/stanag4774.ts'
import {
  decodeConstraints,
  decodeX501,
  encodeX501,
  type X501Clearance,
} from '../../../rules/clearance/x501.ts'
import { essOf, informationOf } from '../../../rules/label/bind.ts'
import { catalogRefusal, readCatalog } from '../../../rules/label/catalog.ts'
import type { SecurityCategory } from '../../../rules/label/category.ts'
import { readDer, readString } from '../../../rules/label/der.ts'
import { effectiveLabel } from '../../../rules/label/effective.ts'
import { decodeEquivalentLabels, decodeEss, type EssLabel, encodeEss } from '../../../rules/label/ess.ts'
import { KINDS } from '../../../rules/label/kind.ts'
import { isProblem, type Label, labelKey } from '../../../rules/label/label.ts'
import { type Label4774, read4774, write4774 } from '../../../rules/label/stanag4774.ts'
import { readBindingData, readBindingInformation } from '../../../rules/label/stanag4778.ts'
import { PAYLOADS, readSecurityLabel, type SecurityLabel } from '../../../rules/label/xep0258.ts'
import { selectableTagSets, selectableValues } from '../../../rules/spif/composition.ts'
import { dominate } from '../../../rules/spif/dominance.ts'
import { mapIncoming } from '../../../rules/spif/incoming.ts'
import { loadSpif } from '../../../rules/spif/load.ts'
import { mapOutgoing } from '../../../rules/spif/mapping.ts'
import { clearanceMarking, marking } from '../../../rules/spif/marking.ts'
import type { Location, Spif } from '../../../rules/spif/spif.ts'
import { validate } from '../../../rules/spif/validity.ts'
import { child, elements, text, type XmlElement } from '../../../rules/xml/node.ts'
import { serialise } from '../../../rules/xml/write.ts'
import * as inputs from './inputs.ts'
import { type Case, clearanceOf, type Input, labelOf, Refused, spifsOf, xmlOf } from './inputs.ts'
import { readSpiffyPayload, SPIFFY_NS } from './spiffy.ts'

export type Outcome = Readonly<Record<string, unknown>>

export const OPERATIONS: ReadonlyMap<string, (testCase: Case) => Outcome> = new Map([
  ['load-spif', loadSpifs],
  ['load-spif-set', loadSpifs],
  ['load-spif-report', loadReport],
  ['schema', schema],
  ['parse-label', parseLabel],
  ['parse-clearance', parseClearance],
  ['decode-ess', decodeLabel],
  ['decode-ess-equivalent', decodeEquivalents],
  ['decode-clearance', decodeOneClearance],
  ['decode-clearance-constraints', decodeClearances],
  ['encode-ess', encodeLabel],
  ['encode-clearance', encodeClearance],
  ['round-trip-label', roundTripLabel],
  ['round-trip-clearance', roundTripClearance],
  ['validate', validity],
  ['access', accessDecision],
  ['guard-check', guardCheck],
  ['marking', labelMarking],
  ['clearance-marking', markClearance],
  ['map-outgoing', outgoing],
  ['map-incoming', incoming],
  ['dominate', dominance],
  ['check-envelope', checkEnvelope],
  ['parse-envelope', parseEnvelope],
  ['parse-message', parseMessage],
  ['parse-catalog', parseCatalog],
  ['parse-binding', parseBinding],
  ['catalog-request', catalogRequest],
  ['selectable-tagsets', tagSets],
  ['selectable-values', values],
  ['selectable-classifications', classes],
])

/** Runs; a refused input is `accepted: false` and its like. */
export function run(testCase: Case): Outcome {
  const operation = OPERATIONS.get(testCase.operation)
  if (operation === undefined) throw new Error(`no adapter for ${testCase.operation}`)
  try {
    return operation(testCase)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const refused: { [key: string]: unknown } = { problem: error.message }
    for (const key of ['accepted', 'decoded', 'encoded', 'valid', 'permit', 'mapped', 'stable'])
      refused[key] = false
    return refused
  }
}

function input(testCase: Case, name = 'label'): Input {
  return testCase[name] as Input
}

/** Whether to read strictly. Cases about rules use labels of real products, which lack dates; those about syntax say. */
function isStrict(testCase: Case): boolean {
  return testCase.strict !== false
}

const LENIENT = false

function loadSpifs(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  const clash = spifs.some((a, i) => spifs.some((b, j) => i !== j && (a.id === b.id || a.name === b.name)))
  return { accepted: !clash }
}

function loadReport(testCase: Case): Outcome {
  const loaded = loadSpif(inputs.readText(testCase.spifs![0]!), { strict: true })
  const findings = 'spif' in loaded ? loaded.findings : []
  return {
    schemaValid: 'spif' in loaded,
    findings: findings.map(({ kind, tagSet, lacv, names }) =>
      kind === 'untrimmed-name'
        ? { kind, name: names![0] }
        : { kind, tagSet, ...(lacv === undefined ? {} : { lacv }), names },
    ),
  }
}

/** Kinds of findings that XML Schema does not know of. */
const BEYOND_SCHEMA = new Set([
  'duplicate-excluded-class',
  'dangling-category',
  'bad-selection',
  'lacv-and-all',
  'neither-lacv-nor-all',
  'duplicate-policy',
])

/** Of what a lenient reader forgives, what XML Schema does not. */
const AGAINST_SCHEMA = /^no CreationDateTime|^no SuccessionDateTime|out of order$/

/** Our own structural check in place of a schema processor. */
function schema(testCase: Case): Outcome {
  const document = inputs.readText(testCase['document'] as string)
  const file = testCase['schema'] as string
  if (file.includes('xmlspif')) {
    const loaded = loadSpif(document, { strict: true })
    return { schemaValid: 'spif' in loaded || loaded.problems.every((p) => BEYOND_SCHEMA.has(p.kind)) }
  }
  const root = xmlOf(document)
  if (file.includes('4778') || file.includes('nl-mb'))
    return { schemaValid: !('problem' in readBindingInformation(root, 'strict')) }
  if (file.includes('clearance')) return { schemaValid: !('problem' in read4774Clearance(root, 'strict')) }
  const read = read4774(root, 'lenient')
  return { schemaValid: !('problem' in read) && !read.findings.some((f) => AGAINST_SCHEMA.test(f.finding)) }
}

function describeLabel(label: Label): Outcome {
  return {
    policyId: label.policy.id,
    policyName: label.policy.name,
    classification: Number(label.classification.lacv),
    classificationName: label.classification.name,
    categories: label.categories.map(({ tagSet, tag, value }) => ({
      tagSetId: tagSet.id,
      type: tag.kind,
      lacv: value.lacv,
    })),
    ...(label.privacyMark === undefined ? {} : { privacyMark: label.privacyMark }),
  }
}

function parseLabel(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  if (spifs.length === 0) {
    const payload = inputs.payloadOf(input(testCase), isStrict(testCase))
    return { accepted: true, ...(payload.format === '4774' ? describe4774(payload.label) : {}) }
  }
  const { label, spif } = labelOf(input(testCase), spifs, isStrict(testCase))
  const ess = essOf(spif, label)
  return {
    accepted: true,
    ...describeLabel(label),
    ...(isProblem(ess) ? {} : { reencodedDer: hex(encodeEss(ess)) }),
  }
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex')
}

function describe4774(label: Label4774): Outcome {
  const { information, role, originatorId, creation, review } = label
  return {
    kind: role,
    policyName: information.policyName,
    ...(information.policy === undefined ? {} : { policyId: information.policy }),
    classification: information.classification,
    ...(information.categories.length === 0
      ? {}
      : {
          categories: information.categories.map((c) => ({
            tagName: c.tagName,
            type: c.type,
            values: c.values,
          })),
        }),
    ...(originatorId === undefined ? {} : { originatorId }),
    ...(creation === undefined ? {} : { creationDateTime: creation }),
    ...(review === undefined ? {} : { reviewDateTime: review }),
  }
}

function parseClearance(testCase: Case): Outcome {
  const given = input(testCase, 'clearance')
  if (given.format === 'stanag4774-clearance-xml') {
    // The JWT claim aciClr holds the XML as it is, or in base64url.
    const source = given.text ?? inputs.readText(given.file!)
    const xml = source.trimStart().startsWith('<') ? source : Buffer.from(source, 'base64url').toString()
    const read = read4774Clearance(xmlOf(xml), isStrict(testCase) ? 'strict' : 'lenient')
    if ('problem' in read) throw new Refused(read.problem)
    const { policyName, policy, classifications, categories } = read.clearance
    return {
      accepted: true,
      policyName,
      policyId: policy,
      classificationNames: classifications,
      categories: categories.map((c) => ({ tagName: c.tagName, type: c.type, values: c.values })),
    }
  }
  const { clearance, spif } = clearanceOf(given, spifsOf(testCase), isStrict(testCase))
  const x501 = x501Of(spif, clearance)
  return {
    accepted: true,
    policyId: clearance.policy.id,
    classifications: clearance.classifications.map((c) => Number(c.lacv)),
    categories: clearance.categories.map(({ tagSet, tag, value }) => ({
      tagSetId: tagSet.id,
      type: tag.kind,
      lacv: value.lacv,
    })),
    ...(isProblem(x501) ? {} : { reencodedDer: hex(encodeX501(x501)) }),
  }
}

/** A category under each of the words that a case may use for its parts. */
function describeCategory(category: SecurityCategory): Outcome {
  switch (category.syntax) {
    case 'acp145': {
      const { kind, tagSet, values, encoding } = category
      const arc = KINDS.indexOf(kind)
      const numbers = values.map(Number)
      return {
        typeOid: `2.16.840.1.101.2.1.8.3.${arc}`,
        ...{ tagSetId: tagSet, tagSet, tagName: tagSet, type: kind, kind },
        ...{ values, lacv: values, lacvs: values },
        ...(encoding === 'bits' ? { bits: numbers } : { integers: numbers, attributes: numbers }),
      }
    }
    case 'text':
      return { typeOid: category.type, strings: category.strings }
    case 'unknown': {
      const value = readDer(category.octets, 'ber')
      const string = 'problem' in value ? undefined : readString(value)
      const raw = hex(category.octets)
      return {
        typeOid: category.type,
        hex: raw,
        valueHex: raw,
        value: string ?? raw,
        strings: string === undefined ? [] : [string],
      }
    }
    case 'missi':
      return { typeOid: '2.16.840.1.101.2.1.8.1', tagSets: category.tagSets }
  }
}

function describeEss(label: EssLabel): Outcome {
  return {
    policyId: label.policy ?? null,
    classification: label.classification ?? null,
    privacyMark: label.privacyMark?.text ?? null,
    categories: label.categories.map(describeCategory),
  }
}

function decodeLabel(testCase: Case): Outcome {
  const octets = inputs.octetsOf(input(testCase))
  const label = decodeEss(octets, 'ber')
  if ('problem' in label) throw new Refused(label.problem)
  return {
    decoded: true,
    hex: hex(octets),
    reencodedDer: hex(encodeEss(label)),
    ...describeEss(label),
    categories: withValueTags(label.categories.map(describeCategory), octets),
  }
}

/** Categories with the tags of their values, which decoding forgets: found again in the octets. */
function withValueTags(described: readonly Outcome[], octets: Uint8Array): readonly Outcome[] {
  const outer = readDer(octets, 'ber')
  const set = 'problem' in outer ? undefined : outer.members.find((m) => m.members[0]?.members.length === 2)
  const tags = set?.members.map((m) => m.members[1]?.tag.toString(16)) ?? []
  return described.map((category, i) => ({ ...category, valueTag: tags[i] }))
}

function decodeEquivalents(testCase: Case): Outcome {
  const labels = decodeEquivalentLabels(inputs.octetsOf(input(testCase)))
  if ('problem' in labels) throw new Refused(labels.problem)
  return {
    decoded: true,
    count: labels.length,
    policyIds: labels.map((l) => l.policy),
    labels: labels.map(describeEss),
  }
}

function describeX501(clearance: X501Clearance): Outcome {
  return {
    policyId: clearance.policy,
    classifications: clearance.classifications,
    categories: clearance.categories.map(describeCategory),
  }
}

function decodeOneClearance(testCase: Case): Outcome {
  const octets = inputs.octetsOf(input(testCase, testCase['clearance'] === undefined ? 'label' : 'clearance'))
  const clearance = decodeX501(octets)
  if ('problem' in clearance) throw new Refused(clearance.problem)
  const categories = withValueTags(clearance.categories.map(describeCategory), octets)
  return { decoded: true, ...describeX501(clearance), categories, reencodedDer: hex(encodeX501(clearance)) }
}

function decodeClearances(testCase: Case): Outcome {
  const clearances = decodeConstraints(
    inputs.octetsOf(input(testCase, testCase['clearance'] === undefined ? 'label' : 'clearance')),
  )
  if ('problem' in clearances) throw new Refused(clearances.problem)
  return {
    decoded: true,
    count: clearances.length,
    policyIds: clearances.map((c) => c.policy),
    clearances: clearances.map(describeX501),
  }
}

function encodeLabel(testCase: Case): Outcome {
  const { label, spif } = labelOf(input(testCase), spifsOf(testCase), LENIENT)
  const ess = essOf(spif, label)
  if (isProblem(ess)) throw new Refused(ess.detail)
  const octets = encodeEss(ess)
  return { encoded: true, hex: hex(octets), base64: Buffer.from(octets).toString('base64') }
}

function encodeClearance(testCase: Case): Outcome {
  const { clearance, spif } = clearanceOf(input(testCase, 'clearance'), spifsOf(testCase), LENIENT)
  const x501 = x501Of(spif, clearance)
  if (isProblem(x501)) throw new Refused(x501.detail)
  const octets = encodeX501(x501)
  return { encoded: true, hex: hex(octets), base64: Buffer.from(octets).toString('base64') }
}

/** Encodes, decodes and encodes again. */
function roundTripLabel(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  const { label, spif } = labelOf(input(testCase), spifs, LENIENT)
  const encode = encoderVia(testCase['via'] as string, spif)
  const first = encode(label)
  const again = labelOf(first, spifs, LENIENT)
  return { stable: same(first, encode(again.label)) && labelKey(label) === labelKey(again.label) }
}

function encoderVia(via: string, spif: Spif): (label: Label) => Input {
  return (label) => {
    if (via.startsWith('ess')) {
      const ess = essOf(spif, label)
      if (isProblem(ess)) throw new Refused(ess.detail)
      return { format: 'ess-der', hex: hex(encodeEss(ess)) }
    }
    if (via !== 'stanag4774-xml') throw new Error(`no way via ${via}`)
    const information = informationOf(spif, label)
    if (isProblem(information)) throw new Refused(information.detail)
    const date = '2025-01-01T00:00:00Z'
    return {
      format: 'stanag4774-xml',
      text: serialise(write4774({ role: 'originator', information, creation: date, review: date })),
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function roundTripClearance(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  const { clearance, spif } = clearanceOf(input(testCase, 'clearance'), spifs, LENIENT)
  const via = testCase['via'] as string
  const encode = (c: typeof clearance): Input => {
    if (via.includes('4774')) {
      return {
        format: 'stanag4774-clearance-xml',
        text: serialise(write4774Clearance(clearance4774Of(spif, c))),
      }
    }
    const x501 = x501Of(spif, c)
    if (isProblem(x501)) throw new Refused(x501.detail)
    return { format: 'clearance-der', hex: hex(encodeX501(x501)) }
  }
  const first = encode(clearance)
  return { stable: same(first, encode(clearanceOf(first, spifs, LENIENT).clearance)) }
}

function validity(testCase: Case): Outcome {
  const { label, spif } = labelOf(input(testCase), spifsOf(testCase), LENIENT)
  return { valid: validate(label, spif).length === 0 }
}

function accessDecision(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  let { label, spif } = labelOf(input(testCase), spifs, LENIENT)
  const target = testCase['mapFirstTo'] as string | undefined
  if (target !== undefined) ({ label, spif } = mapTo(label, spif, spifs, target))
  const { clearance } = clearanceOf(input(testCase, 'clearance'), spifs, LENIENT)
  return { permit: access(label, clearance, spif).permit }
}

function mapTo(
  label: Label,
  spif: Spif,
  spifs: readonly Spif[],
  policy: string,
): { label: Label; spif: Spif } {
  const target = spifs.find((s) => s.id === policy)!
  const mapped = mapOutgoing(label, spif, target, { discard: true })
  if ('problem' in mapped) throw new Refused(mapped.detail)
  return { label: mapped, spif: target }
}

function guardCheck(testCase: Case): Outcome {
  const { valid } = validity(testCase)
  const { permit } = accessDecision(testCase)
  return { valid, permit, accepted: valid === true && permit === true }
}

function markingOptions(testCase: Case): { language?: string; location?: Location } {
  const { language, location } = testCase as unknown as { language?: string; location?: Location }
  return { ...(language === undefined ? {} : { language }), ...(location === undefined ? {} : { location }) }
}

function labelMarking(testCase: Case): Outcome {
  const { label, spif } = labelOf(input(testCase), spifsOf(testCase), LENIENT)
  const { text: made, fgcolor, bgcolor } = marking(label, spif, markingOptions(testCase))
  return { marking: made, fgcolor, bgcolor, colour: bgcolor, color: bgcolor }
}

function markClearance(testCase: Case): Outcome {
  const { clearance, spif } = clearanceOf(input(testCase, 'clearance'), spifsOf(testCase), LENIENT)
  return { marking: clearanceMarking(clearance, spif, markingOptions(testCase)) }
}

function outgoing(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  const { label, spif } = labelOf(input(testCase), spifs, LENIENT)
  const before = labelKey(label)
  const target = spifs.find((s) => s.id === testCase['targetPolicyId'])!
  const mapped = mapOutgoing(label, spif, target, { discard: true })
  if ('problem' in mapped) return { mapped: false }
  return {
    mapped: true,
    ...describeLabel(mapped),
    sourceUnchanged: labelKey(label) === before,
    targetValid: mapped.invalid.length === 0,
    targetMarking: marking(mapped, target).text,
    marking: marking(mapped, target).text,
  }
}

function incoming(testCase: Case): Outcome {
  const own = spifsOf(testCase).find((s) => s.id === testCase['ownPolicyId'])!
  const { policyId, classifications, categories } = inputs.modelOf(input(testCase))
  const mapped = mapIncoming({ policy: policyId, classification: classifications[0]!, categories }, own)
  if ('problem' in mapped) return { mapped: false }
  return {
    mapped: true,
    ...describeLabel(mapped),
    targetValid: mapped.invalid.length === 0,
    marking: marking(mapped, own).text,
  }
}

function dominance(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  const governing = spifs.find((s) => s.name === testCase['governingPolicy'])!
  const labels = (testCase['labels'] as Input[]).map((given) => {
    const { label, spif } = labelOf(given, spifs, LENIENT)
    return spif === governing ? label : mapAnyWay(label, spif, governing)
  })
  // ADatP-4774.1 itself drops a permissive tag without common value; a guard's own default is to refuse.
  const made = dominate(labels, governing, { noCommonValue: 'drop' })
  if ('problem' in made) return { rulesGive: { policyDecisionRequired: true }, policyDecisionRequired: true }
  const sets = new Map<string, string[]>()
  for (const { tagSet, value } of made.categories)
    sets.set(tagSet.name, [...(sets.get(tagSet.name) ?? []), value.name])
  return {
    classification: made.classification.name,
    categories: [...sets].map(([tagName, names]) => ({ tagName, values: names })),
    policyDecisionRequired: false,
  }
}

function mapAnyWay(label: Label, spif: Spif, governing: Spif): Label {
  const mapped = mapOutgoing(label, spif, governing)
  if (!('problem' in mapped)) return mapped
  const reverse = mapIncoming(label, governing)
  if ('problem' in reverse) throw new Refused(reverse.detail)
  return reverse
}

const WITH_SPIFFY = new Map([...PAYLOADS, [SPIFFY_NS, readSpiffyPayload]])
/** What the edge takes of one stanza. */
const LONGEST_LABEL = 65_536

type Envelope = Readonly<{ text?: string; file?: string }>
type Generator = Readonly<{
  kind: string
  element: string
  attribute: string
  length: number
  inside: string
  depth: number
}>

function envelopeText(testCase: Case): string {
  const generator = testCase['generator'] as Generator | undefined
  const envelope = testCase['envelope'] as Envelope | undefined
  if (generator === undefined) return envelope!.text ?? inputs.readText(envelope!.file!)
  if (generator.kind === 'attribute-padding') {
    const padding = 'x'.repeat(generator.length)
    return `<securitylabel xmlns='urn:xmpp:sec-label:0' ${generator.attribute}='${padding}'><label/></securitylabel>`
  }
  if (generator.kind !== 'nested-elements') throw new Error(`no generator ${generator.kind}`)
  const nest = `${'<x>'.repeat(generator.depth)}${'</x>'.repeat(generator.depth)}`
  return `<securitylabel xmlns='urn:xmpp:sec-label:0'><label>${nest}</label></securitylabel>`
}

function readEnvelope(source: string): SecurityLabel {
  if (source.length > LONGEST_LABEL) throw new Refused('too long')
  const read = readSecurityLabel(xmlOf(source), WITH_SPIFFY)
  if ('problem' in read) throw new Refused(read.problem)
  return read
}

/** The whole of XEP-0258: effective label, validity, access. */
function checkEnvelope(testCase: Case): Outcome {
  const spifs = spifsOf(testCase)
  const { clearance, spif } = clearanceOf(input(testCase, 'clearance'), spifs, LENIENT)
  const given = testCase['defaultLabel'] as Input | undefined
  const defaultLabel = given === undefined ? undefined : labelOf(given, spifs, LENIENT).label
  const others = spifs.filter((s) => s !== spif)
  const hasEnvelope = testCase['envelope'] !== undefined || testCase['generator'] !== undefined
  if (!hasEnvelope && defaultLabel === undefined) throw new Refused('no label and no default')
  const read: SecurityLabel = hasEnvelope
    ? readEnvelope(envelopeText(testCase))
    : { label: undefined, equivalents: [] }
  const effective = effectiveLabel(read, spif, others, defaultLabel)
  if ('problem' in effective) throw new Refused(`${effective.problem} ${effective.detail}`)
  const invalid = validate(effective.label, spif)
  const decision = access(effective.label, clearance, spif)
  return {
    accepted: invalid.length === 0 && decision.permit,
    effectiveLabel: effective.from,
    marking: marking(effective.label, spif).text,
  }
}

function parseEnvelope(testCase: Case): Outcome {
  return { accepted: true, ...describeSecurityLabel(readEnvelope(envelopeText(testCase))) }
}

function describeSecurityLabel(read: SecurityLabel): Outcome {
  const describePayload = (payload: SecurityLabel['label']): unknown => {
    if (payload === undefined) return null
    if (payload.format === '4774') return describe4774(payload.label)
    if (payload.format === 'other') return {}
    const { policyId, classification } = describeEss(payload.label)
    return { essHex: hex(encodeEss(payload.label)), policyId, classification }
  }
  return {
    displayMarking: read.displayMarking ?? null,
    label: describePayload(read.label),
    equivalentLabels: read.equivalents.map(describePayload),
    equivalents: read.equivalents.length,
  }
}

function parseMessage(testCase: Case): Outcome {
  const message = testCase['message'] as string
  const root = xmlOf(message.trimStart().startsWith('<') ? message : inputs.readText(message))
  const label = child(root, 'urn:xmpp:sec-label:0', 'securitylabel')
  if (label !== undefined) {
    const read = readSecurityLabel(label)
    if ('problem' in read) throw new Refused(read.problem)
    return { accepted: true, ...describeSecurityLabel(read) }
  }
  const binding = elements(root).find((e) => e.name === 'BindingData')
  if (binding === undefined) throw new Refused('no label')
  const metadata = readBindingData(binding)
  if ('problem' in metadata) throw new Refused(metadata.problem)
  const labels = metadata.map(describe4774Element)
  return { accepted: true, label: labels[0], labels, dataReference: '', wholeStanza: true }
}

function describe4774Element(node: XmlElement): Outcome {
  const read = read4774(node, 'lenient')
  if ('problem' in read) throw new Refused(read.problem)
  return describe4774(read.label)
}

function parseCatalog(testCase: Case): Outcome {
  const root = xmlOf(inputs.readText(testCase['catalog'] as string))
  const node = root.name === 'iq' ? elements(root)[0]! : root
  const read = readCatalog(node)
  if ('problem' in read) throw new Refused(read.problem)
  const payloadTexts = elements(node).map((item) => {
    const securityLabel = elements(item)[0]
    const payload =
      securityLabel === undefined
        ? undefined
        : elements(child(securityLabel, 'urn:xmpp:sec-label:0', 'label')!)[0]
    return payload === undefined ? null : text(payload).trim()
  })
  return {
    accepted: true,
    name: read.name,
    desc: read.desc,
    to: read.to,
    restrict: read.restrict,
    items: read.items.map((item, i) => ({
      selector: item.selector,
      default: item.isDefault,
      displayMarking: item.label?.displayMarking?.text ?? null,
      label: payloadTexts[i],
    })),
  }
}

function parseBinding(testCase: Case): Outcome {
  const root = xmlOf(inputs.readText(testCase['binding'] as string))
  const read = readBindingInformation(root, isStrict(testCase) ? 'strict' : 'lenient')
  if ('problem' in read) throw new Refused(read.problem)
  return {
    accepted: true,
    labels: read.bindings.flatMap((b) => b.metadata).map(describe4774Element),
    dataReference: read.bindings[0]!.references[0],
  }
}

function catalogRequest(testCase: Case): Outcome {
  const request = testCase['request'] as string
  return {
    errorCondition:
      catalogRefusal({
        type: request.startsWith('set') ? 'set' : 'get',
        requester: request.includes('remote') ? 'remote' : 'local',
        isConfigured: !/no |not |without|unconfigured/.test(request),
      }) ?? null,
  }
}

function choiceOf(testCase: Case): Parameters<typeof selectableValues> {
  const spif = spifsOf(testCase)[0]!
  const classification = spif.classifications.find((c) => c.name === testCase['classification'])!
  return [spif, { classification, categories: [] }]
}

/** Names, from which the test takes those that are to be there and those that are not. */
function tagSets(testCase: Case): Outcome {
  return { names: selectableTagSets(...choiceOf(testCase)).map((t) => t.name) }
}

function values(testCase: Case): Outcome {
  const found = selectableValues(...choiceOf(testCase)).filter((c) => c.tagSet.name === testCase['tagSet'])
  return { names: found.map((c) => c.value.name) }
}

function classes(testCase: Case): Outcome {
  return { names: spifsOf(testCase)[0]!.classifications.map((c) => c.name) }
}
