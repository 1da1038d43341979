/** decode, encode, mark, validate, check and map. */
import { access } from '../../rules/clearance/access.ts'
import { essOf, label4774Of, lostInEss } from '../../rules/label/bind.ts'
import { encodeEss } from '../../rules/label/ess.ts'
import { isProblem } from '../../rules/label/label.ts'
import { type Origin, read4774, write4774 } from '../../rules/label/stanag4774.ts'
import { writeBindingData } from '../../rules/label/stanag4778.ts'
import { writeEssPayload, writeSecurityLabel } from '../../rules/label/wire.ts'
import { mapIncoming } from '../../rules/spif/incoming.ts'
import { mapOutgoing } from '../../rules/spif/mapping.ts'
import { clearanceMarking, marking } from '../../rules/spif/marking.ts'
import { LOCATIONS, type Spif } from '../../rules/spif/spif.ts'
import { validate } from '../../rules/spif/validity.ts'
import { encodeBase64 } from '../../rules/text/base64.ts'
import { serialise } from '../../rules/xml/write.ts'
import {
  type Arguments,
  answer,
  choice,
  dateOf,
  decodeOperand,
  type GivenLabel,
  labelOf,
  momentOf,
  no,
  note,
  now,
  readSpif,
  spifsOf,
} from './arguments.ts'
import { bind, heldUnder, subjectOf } from './clearance.ts'
import { bindInput, type Decoded, type EncodedClearance } from './input.ts'
import * as show from './show.ts'
import { Unusable } from './unusable.ts'

export function decodeAction(args: Arguments): number {
  const decoded = decodeOperand(args)
  const spifs = args.spif === undefined ? [] : spifsOf(args)
  switch (decoded.kind) {
    case 'label': {
      const bound = spifs.length === 0 ? undefined : bindInput(decoded, spifs)
      return decodedLabel(args, decoded, bound)
    }
    case 'clearance':
      return decodedClearances(args, decoded.encoded, spifs)
    case 'list of labels':
      answer(
        args,
        decoded.labels.map((label) => show.payloadJson({ format: 'ess', label })),
        decoded.labels.map((l) => show.lines(show.essFields(l))).join('\n\n'),
      )
      return 0
    case 'catalog': {
      const { items } = decoded.catalog
      const text = items.map(
        (item) =>
          `${item.isDefault ? '*' : ' '} ${show.visible(item.selector ?? '')}  ${show.visible(item.label?.displayMarking?.text ?? '')}`,
      )
      answer(
        args,
        {
          ...decoded.catalog,
          items: items.map(({ label, ...item }) => ({
            ...item,
            ...(label?.displayMarking === undefined ? {} : { displayMarking: label.displayMarking }),
            label: show.payloadJson(label?.label),
            ...(label === undefined || label.equivalents.length === 0
              ? {}
              : { equivalents: label.equivalents.map(show.payloadJson) }),
          })),
        },
        text.join('\n'),
      )
      return 0
    }
  }
}

/** Each clearance, by names where a policy is at hand; one that is of none of them is a no. */
function decodedClearances(
  args: Arguments,
  encoded: readonly EncodedClearance[],
  spifs: readonly Spif[],
): number {
  const shown = encoded.map((each) => {
    if (spifs.length === 0) return { json: each, text: encodedText(each) }
    let wrong = ''
    for (const spif of spifs) {
      const clearance = bind(spif, each)
      if (isProblem(clearance)) {
        wrong = `${clearance.problem}: ${clearance.detail}`
        continue
      }
      const made = ['marking', show.visible(clearanceMarking(clearance, spif))] as const
      return {
        json: show.clearanceJson(clearance),
        text: show.lines([...show.clearanceFields(clearance), made]),
      }
    }
    return { json: each, text: encodedText(each), wrong }
  })
  const json = shown.map((each) => each.json)
  answer(args, json.length === 1 ? json[0] : json, shown.map((each) => each.text).join('\n\n'))
  const wrong = shown.flatMap((each) => each.wrong ?? [])
  for (const reason of wrong) no(reason)
  return wrong.length === 0 ? 0 : 1
}

function encodedText(encoded: EncodedClearance): string {
  return 'x501' in encoded
    ? show.lines([
        ['policy', encoded.x501.policy],
        ['classifications', encoded.x501.classifications.join(', ') || '(none)'],
        ['categories', JSON.stringify(encoded.x501.categories)],
      ])
    : show.lines([
        ['policy', show.visible(encoded.stanag4774.policyName)],
        ['classifications', show.visible(encoded.stanag4774.classifications.join(', '))],
        ...encoded.stanag4774.categories.map(
          (c) => [show.visible(c.tagName), show.visible(c.values.join(', '))] as const,
        ),
      ])
}

function decodedLabel(
  args: Arguments,
  decoded: Extract<Decoded, { kind: 'label' }>,
  bound: GivenLabel | Readonly<{ problem: string }> | undefined,
): number {
  const { payload, carrier, others, displayMarking } = decoded
  const known = bound !== undefined && !('problem' in bound) ? bound : undefined
  const made = known === undefined ? undefined : marking(known.label, known.spif, markingOptions(args))
  const fields = [
    ['carrier', carrier === 'plain' ? undefined : carrier] as const,
    ...(known === undefined
      ? show.payloadFields(payload)
      : [
          ...show.labelFields(known.label),
          ...(known.label.origin === undefined ? [] : show.originFields(known.label.origin)),
        ]),
    ['marking', made === undefined ? undefined : show.coloured(made)] as const,
    [
      'claimed marking',
      displayMarking === undefined ? undefined : `${show.visible(displayMarking.text)} (not believed)`,
    ] as const,
    ['other labels', others.length === 0 ? undefined : String(others.length)] as const,
  ]
  const json = {
    carrier,
    encoded: show.payloadJson(payload),
    ...(known === undefined ? {} : { label: show.labelJson(known.label), marking: made }),
    ...(displayMarking === undefined ? {} : { claimedMarking: displayMarking }),
    others: others.map(show.payloadJson),
    findings: decoded.findings,
  }
  answer(args, json, show.lines(fields))
  if (bound !== undefined && 'problem' in bound) return no(bound.problem)
  return 0
}

function markingOptions(args: Arguments): Parameters<typeof marking>[2] {
  return {
    language: args.language,
    location: args.location === undefined ? undefined : choice('location', args.location, LOCATIONS),
  }
}

const FORMS = ['ess', '4774', 'ess-0258', '4774-0258', '4774-4778'] as const

export function encodeAction(args: Arguments): number {
  if (args.as === undefined) throw new Unusable(`say what to encode as: --as ${FORMS.join(', ')}`)
  const form = choice('as', args.as, FORMS)
  const output = choice('output', args.output ?? 'base64', ['base64', 'hex'])
  const given = labelOf(args, spifsOf(args))
  if ('problem' in given) return no(given.problem)
  const encoded = encode(args, given, form, output)
  if (typeof encoded !== 'string') return no(encoded.problem)
  answer(args, { form, encoded }, encoded)
  return 0
}

function encode(
  args: Arguments,
  { label, spif }: GivenLabel,
  form: (typeof FORMS)[number],
  output: 'base64' | 'hex',
): string | Readonly<{ problem: string }> {
  if (form === 'ess' || form === 'ess-0258') {
    const ess = essOf(spif, label)
    if (isProblem(ess)) return { problem: `${ess.problem}: ${ess.detail}` }
    const lost = lostInEss(label)
    if (lost.length > 0) note(`an ESS label has no place for ${lost.join(', ')}; the label is without`)
    const octets = encodeEss(ess)
    return form === 'ess'
      ? Buffer.from(octets).toString(output)
      : serialise(writeSecurityLabel(writeEssPayload(encodeBase64(octets))))
  }
  const made = label4774Of(spif, withDates(args, label))
  if (isProblem(made)) return { problem: `${made.problem}: ${made.detail}` }
  const element = write4774(made)
  const strict = read4774(element, 'strict')
  if ('problem' in strict) note(`strict reading will refuse this label: ${strict.problem}`)
  if (form === '4774') return serialise(element)
  return serialise(form === '4774-0258' ? writeSecurityLabel(element) : writeBindingData([element]))
}

/** The label with the dates of the options, else its own, else one made now; a review or a succession it must have. */
function withDates(args: Arguments, label: GivenLabel['label']): GivenLabel['label'] {
  const own: Origin = label.origin ?? { role: 'originator' }
  const creation = args.creation === undefined ? (own.creation ?? now()) : dateOf('creation', args.creation)
  const review = args.review === undefined ? own.review : dateOf('review', args.review)
  if (review === undefined && own.succession === undefined)
    throw new Unusable('a STANAG 4774 label needs --review DATE')
  return { ...label, origin: { ...own, creation, ...(review === undefined ? {} : { review }) } }
}

export function markAction(args: Arguments): number {
  const given = labelOf(args, spifsOf(args))
  if ('problem' in given) return no(given.problem)
  const made = marking(given.label, given.spif, markingOptions(args))
  answer(args, made, show.coloured(made))
  return 0
}

function validityOptions(args: Arguments): Parameters<typeof validate>[2] {
  return { isNew: args.new === true, at: momentOf(args) }
}

export function validateAction(args: Arguments): number {
  const given = labelOf(args, spifsOf(args))
  if ('problem' in given) {
    answer(args, { valid: false, invalid: [given] }, `invalid: ${show.visible(given.problem)}`)
    return 1
  }
  const invalid = validate(given.label, given.spif, validityOptions(args))
  const reasons = invalid.map((i) => `invalid: ${i.problem}: ${show.visible(i.detail)}`)
  answer(args, { valid: invalid.length === 0, invalid }, reasons.join('\n') || 'valid')
  return invalid.length === 0 ? 0 : 1
}

export function checkAction(args: Arguments): number {
  const subject = subjectOf(args)
  if (subject === undefined) throw new Unusable('a clearance is needed: give --clearance')
  const spifs = spifsOf(args)
  const given = labelOf(args, spifs)
  if ('problem' in given) {
    answer(args, { permit: false, reason: given.problem }, `denied: ${show.visible(given.problem)}`)
    return 1
  }
  const { label, spif } = given
  const { held, reason } = heldUnder(spif, subject)
  const decisions = held.map((clearance) => access(label, clearance, spif))
  const decision = decisions.find((d) => d.permit) ??
    decisions[0] ?? { permit: false, reason: 'other-policy', detail: reason }
  const invalid = validate(label, spif, validityOptions(args))
  const denials = decision.permit
    ? []
    : (decisions.length === 0 ? [decision] : decisions).flatMap((d) => (d.permit ? [] : [d]))
  const reasons = [
    ...denials.map((d) => `${d.reason}: ${show.visible(d.detail)}`),
    ...invalid.map((i) => `the label is invalid: ${i.problem}: ${show.visible(i.detail)}`),
  ]
  const permit = reasons.length === 0
  const words = permit ? 'permitted' : reasons.map((each) => `denied: ${each}`).join('\n')
  answer(args, { permit, access: decision, invalid }, `${show.coloured(marking(label, spif))}\n${words}`)
  return permit ? 0 : 1
}

export function mapAction(args: Arguments): number {
  if (args.target === undefined) throw new Unusable('the other policy is needed: give --target SPIF')
  const target = readSpif(args.target, args.lenient === true)
  const given = labelOf(args, spifsOf(args))
  if ('problem' in given) return no(given.problem)
  const mark = args['privacy-mark-mapping']
  const options = {
    at: momentOf(args),
    discard: args.discard === true,
    ...(mark === undefined ? {} : { privacyMark: choice('privacy-mark-mapping', mark, ['keep', 'drop']) }),
  }
  const mapped =
    args.incoming === true
      ? mapIncoming(given.label, target, options)
      : mapOutgoing(given.label, given.spif, target, options)
  if ('problem' in mapped) {
    if (args.json === true) answer(args, { mapped: false, ...mapped }, '')
    return no(`${mapped.problem}: ${mapped.detail}`)
  }
  const { discarded, invalid } = mapped
  const made = marking(mapped, target, markingOptions(args))
  const fields = [
    ...show.labelFields(mapped),
    ['marking', show.coloured(made)] as const,
    ['left out', discarded.length === 0 ? undefined : show.visible(discarded.join(', '))] as const,
  ]
  answer(
    args,
    { mapped: true, label: show.labelJson(mapped), marking: made, discarded, invalid },
    show.lines(fields),
  )
  for (const { problem, detail } of invalid) no(`the result is invalid: ${problem}: ${detail}`)
  return invalid.length === 0 ? 0 : 1
}
