/** decode, encode, mark, validate, check and map. */
import { access } from '../../rules/clearance/access.ts'
import { essOf, informationOf } from '../../rules/label/bind.ts'
import { encodeEss } from '../../rules/label/ess.ts'
import { isProblem } from '../../rules/label/label.ts'
import { write4774 } from '../../rules/label/stanag4774.ts'
import { fill, wireTemplate } from '../../rules/label/template.ts'
import { mapIncoming, mapOutgoing } from '../../rules/spif/mapping.ts'
import { clearanceMarking, marking } from '../../rules/spif/marking.ts'
import { LOCATIONS } from '../../rules/spif/spif.ts'
import { validate } from '../../rules/spif/validity.ts'
import { serialise } from '../../rules/xml/write.ts'
import {
  type Arguments,
  answer,
  choice,
  dateOf,
  datesOf,
  decodeArgument,
  decodeOperand,
  type GivenLabel,
  labelOf,
  readSpif,
  spifsOf,
  Unusable,
} from './arguments.ts'
import { bindClearance, bindInput, type Decoded } from './input.ts'
import * as show from './show.ts'

export function decodeAction(args: Arguments): number {
  const decoded = decodeOperand(args)
  const spifs = args.spif === undefined ? [] : spifsOf(args)
  switch (decoded.kind) {
    case 'label': {
      const bound = spifs.length === 0 ? undefined : bindInput(decoded, spifs)
      return decodedLabel(args, decoded, bound)
    }
    case 'clearance': {
      const bound = bindClearance(decoded, spifs)
      if (spifs.length === 0) return decodedClearance(args, decoded)
      if ('problem' in bound) return no(args, bound.problem)
      const fields = [
        ...show.clearanceFields(bound.clearance),
        ['marking', show.visible(clearanceMarking(bound.clearance, bound.spif))] as const,
      ]
      answer(args, show.clearanceJson(bound.clearance), show.lines(fields))
      return 0
    }
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
          items: items.map((item) => ({ ...item, label: show.payloadJson(item.label?.label) })),
        },
        text.join('\n'),
      )
      return 0
    }
  }
}

function decodedClearance(args: Arguments, { encoded }: Extract<Decoded, { kind: 'clearance' }>): number {
  const text =
    'x501' in encoded
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
  answer(args, encoded, text)
  return 0
}

function decodedLabel(
  args: Arguments,
  decoded: Extract<Decoded, { kind: 'label' }>,
  bound: GivenLabel | Readonly<{ problem: string }> | undefined,
): number {
  const { payload, carrier, others, displayMarking } = decoded
  const dates = payload?.format === '4774' ? show.dateFields(payload.label) : []
  const known = bound !== undefined && !('problem' in bound) ? bound : undefined
  const made = known === undefined ? undefined : marking(known.label, known.spif, markingOptions(args))
  const fields = [
    ['carrier', carrier === 'plain' ? undefined : carrier] as const,
    ...(known === undefined ? show.payloadFields(payload) : [...show.labelFields(known.label), ...dates]),
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
  if (bound !== undefined && 'problem' in bound) return no(args, bound.problem)
  return 0
}

/** Says why not, on stderr. */
function no(_args: Arguments, reason: string): number {
  process.stderr.write(`no: ${show.visible(reason)}\n`)
  return 1
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
  if ('problem' in given) return no(args, given.problem)
  const encoded = encode(args, given, form, output)
  if (typeof encoded !== 'string') return no(args, encoded.problem)
  answer(args, { form, encoded }, encoded)
  return 0
}

function encode(
  args: Arguments,
  { label, spif, decoded }: GivenLabel,
  form: (typeof FORMS)[number],
  output: 'base64' | 'hex',
): string | Readonly<{ problem: string }> {
  if (form === 'ess') {
    const ess = essOf(spif, label)
    return isProblem(ess) ? { problem: ess.detail } : Buffer.from(encodeEss(ess)).toString(output)
  }
  const kept =
    decoded?.kind === 'label' && decoded.payload?.format === '4774' ? decoded.payload.label : undefined
  const hasDates = kept?.creation !== undefined && kept.review !== undefined && args.review === undefined
  const dates =
    form === 'ess-0258' ? {} : hasDates ? { creation: kept.creation!, review: kept.review! } : datesOf(args)
  if (form === '4774') {
    const information = informationOf(spif, label)
    if (isProblem(information)) return { problem: information.detail }
    return serialise(write4774({ role: kept?.role ?? 'originator', information, ...dates }))
  }
  const template = wireTemplate(label, spif, form)
  return isProblem(template) ? { problem: template.detail } : fill(template.template, dates)!
}

export function markAction(args: Arguments): number {
  const given = labelOf(args, spifsOf(args))
  if ('problem' in given) return no(args, given.problem)
  const made = marking(given.label, given.spif, markingOptions(args))
  answer(args, made, show.coloured(made))
  return 0
}

function validityOptions(args: Arguments): Parameters<typeof validate>[2] {
  return { isNew: args.new === true, ...(args.at === undefined ? {} : { at: dateOf('at', args.at) }) }
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
  if (args.clearance === undefined) throw new Unusable('a clearance is needed: give --clearance')
  const spifs = spifsOf(args)
  const held = bindClearance(decodeArgument(args.clearance, args), spifs)
  if ('problem' in held) throw new Unusable(`the clearance: ${show.visible(held.problem)}`)
  const given = labelOf(args, spifs)
  if ('problem' in given) {
    answer(args, { permit: false, reason: given.problem }, `denied: ${show.visible(given.problem)}`)
    return 1
  }
  const decision = access(given.label, held.clearance, held.spif)
  const invalid = validate(given.label, given.spif, validityOptions(args))
  const reasons = [
    ...(decision.permit ? [] : [`${decision.reason}: ${show.visible(decision.detail)}`]),
    ...invalid.map((i) => `the label is invalid: ${i.problem}: ${show.visible(i.detail)}`),
  ]
  const permit = reasons.length === 0
  const { label, spif } = given
  const words = permit ? 'permitted' : reasons.map((reason) => `denied: ${reason}`).join('\n')
  answer(args, { permit, access: decision, invalid }, `${show.coloured(marking(label, spif))}\n${words}`)
  return permit ? 0 : 1
}

export function mapAction(args: Arguments): number {
  if (args.target === undefined) throw new Unusable('the other policy is needed: give --target SPIF')
  const target = readSpif(args.target, args.lenient === true)
  const given = labelOf(args, spifsOf(args))
  if ('problem' in given) return no(args, given.problem)
  const mark = args['privacy-mark-mapping']
  const options = {
    discard: args.discard === true,
    ...(mark === undefined ? {} : { privacyMark: choice('privacy-mark-mapping', mark, ['keep', 'drop']) }),
  }
  const mapped =
    args.incoming === true
      ? mapIncoming(given.label, target, options)
      : mapOutgoing(given.label, given.spif, target, options)
  if ('problem' in mapped) {
    if (args.json === true) answer(args, { mapped: false, ...mapped }, '')
    return no(args, `${mapped.problem}: ${mapped.detail}`)
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
  for (const { problem, detail } of invalid) no(args, `the result is invalid: ${problem}: ${detail}`)
  return invalid.length === 0 ? 0 : 1
}
