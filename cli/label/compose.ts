/** compose: what may be chosen next, or all valid labels that a clearance admits. */
import { access } from '../../rules/clearance/access.ts'
import type { Clearance } from '../../rules/clearance/clearance.ts'
import { classificationNamed } from '../../rules/label/bind.ts'
import { type Label, type LabelCategory, labelKey } from '../../rules/label/label.ts'
import {
  type ComposeOptions,
  enumerateLabels,
  selectableClasses,
  selectableValues,
} from '../../rules/spif/composition.ts'
import type { Spif, TagSet } from '../../rules/spif/spif.ts'
import { validate } from '../../rules/spif/validity.ts'
import {
  type Arguments,
  answer,
  type GivenLabel,
  labelOf,
  limitOf,
  momentOf,
  no,
  note,
  spifsOf,
} from './arguments.ts'
import { heldUnder, type Subject, subjectOf } from './clearance.ts'
import * as show from './show.ts'
import { Unusable } from './unusable.ts'
import { spell } from './words.ts'

/** Combinations looked at before an enumeration gives up. */
const STEPS = 2_000_000

export function composeAction(args: Arguments): number {
  const spifs = spifsOf(args)
  const subject = subjectOf(args)
  const at = momentOf(args)
  if (args.all === true) {
    if (subject === undefined) throw new Unusable('--all needs --clearance')
    return listAll(args, admitted(spifs, subject, at, limitOf(args)))
  }
  const spif = spifs[0]!
  if (args.classification === undefined && args.operand === undefined) {
    const held = subject === undefined ? undefined : heldUnder(spif, subject)
    return classes(args, spif, at, held)
  }
  const given = labelOf(args, spifs)
  if ('problem' in given) {
    const isClassKnown =
      args.classification !== undefined && classificationNamed(spif, args.classification) !== undefined
    const problem = show.visible(given.problem)
    throw new Unusable(`the label: ${isClassKnown ? problem : `${spif.name} has no such label: ${problem}`}`)
  }
  return next(args, given, at, subject)
}

/** For each clearance the options; without subject those for anyone. */
function optionsFor(at: string, held: readonly Clearance[] | undefined): readonly ComposeOptions[] {
  return held === undefined ? [{ at }] : held.map((clearance) => ({ at, clearance }))
}

function classes(
  args: Arguments,
  spif: Spif,
  at: string,
  held: ReturnType<typeof heldUnder> | undefined,
): number {
  const options = optionsFor(at, held?.held)
  const found = new Set(options.flatMap((each) => selectableClasses(spif, each)))
  const names = spif.classifications.filter((c) => found.has(c)).map((c) => c.name)
  answer(args, { at, classifications: names }, names.map(show.visible).join('\n'))
  if (names.length > 0) return 0
  return no(held?.held.length === 0 ? held.reason : `nothing of ${spif.name} may be chosen at ${at}`)
}

/** Values of one tag that may be chosen. */
type Offer = Readonly<{ tagSet: TagSet; tag: LabelCategory['tag']; values: string[] }>

function next(
  args: Arguments,
  { label, spif }: GivenLabel,
  at: string,
  subject: Subject | undefined,
): number {
  const held = subject === undefined ? undefined : heldUnder(spif, subject)
  const found = new Set(
    optionsFor(at, held?.held).flatMap((each) => selectableValues(spif, label, each).map((c) => c.value)),
  )
  const offers: Offer[] = []
  for (const tagSet of spif.tagSets) {
    for (const tag of tagSet.tags) {
      const values = tag.values.filter((value) => found.has(value)).map((value) => value.name)
      if (values.length > 0) offers.push({ tagSet, tag, values })
    }
  }
  const lacks = [...validate(label, spif, { isNew: true, at }), ...denials(label, spif, held)]
  const lines = new Map<string, string[]>()
  for (const offer of offers)
    lines.set(nameOf(offer), [...(lines.get(nameOf(offer)) ?? []), ...offer.values.map(spell)])
  const text = show.lines([
    ...[...lines].map(([name, values]) => [name, show.visible(values.join(', '))] as const),
    ['', ''] as const,
    ...lacks.map((i) => [`(${i.problem})`, show.visible(i.detail)] as const),
  ])
  const selectable = offers.map(({ tagSet, tag, values }) => ({
    tagSet: tagSet.name,
    tag: tag.name ?? null,
    kind: tag.kind,
    values,
  }))
  answer(args, { at, selectable, invalid: lacks }, text.trimEnd())
  return lacks.length === 0 ? 0 : 1
}

/** The tag set, and the tag where another of the set has a value of one of these names. */
function nameOf({ tagSet, tag, values }: Offer): string {
  const isShared = tagSet.tags.some(
    (other) => other !== tag && other.values.some((v) => values.includes(v.name)),
  )
  return show.visible(isShared ? `${spell(tagSet.name)}::${spell(tag.name ?? '')}` : spell(tagSet.name))
}

/** Why none of the clearances admits the label. */
function denials(
  label: Label,
  spif: Spif,
  held: ReturnType<typeof heldUnder> | undefined,
): readonly Readonly<{ problem: string; detail: string }>[] {
  if (held === undefined) return []
  if (held.held.length === 0) return [{ problem: 'other-policy', detail: held.reason }]
  const decisions = held.held.map((clearance) => access(label, clearance, spif))
  if (decisions.some((decision) => decision.permit)) return []
  return decisions.flatMap((d) => (d.permit ? [] : [{ problem: d.reason, detail: d.detail }]))
}

/** Labels that a subject may be given, with their policies; `reason` when it holds nothing of any. */
export type Admitted = Readonly<{ labels: readonly GivenLabel[]; complete: boolean; reason?: string }>

/** All valid labels of the policies that one of the subject's clearances admits, each once, up to a limit. */
export function admitted(spifs: readonly Spif[], subject: Subject, at: string, limit: number): Admitted {
  const found = new Map<string, GivenLabel>()
  const reasons: string[] = []
  let complete = true
  for (const spif of spifs) {
    const { held, reason } = heldUnder(spif, subject)
    if (held.length === 0) reasons.push(reason)
    for (const clearance of held) {
      const made = enumerateLabels(spif, clearance, { labels: limit, steps: STEPS }, { at })
      complete &&= made.complete
      for (const label of made.labels) found.set(labelKey(label), { label, spif })
    }
  }
  const labels = [...found.values()].slice(0, limit)
  const isWithout = reasons.length === spifs.length
  return {
    labels,
    complete: complete && labels.length === found.size,
    ...(isWithout ? { reason: reasons.join('; ') } : {}),
  }
}

function listAll(args: Arguments, { labels, complete, reason }: Admitted): number {
  answer(
    args,
    { complete, labels: labels.map(({ label }) => show.labelJson(label)) },
    labels.map(({ label }) => show.oneLine(label)).join('\n'),
  )
  if (!complete) note(`there are more than these ${labels.length}; --limit gives more`)
  return labels.length > 0 ? 0 : no(reason ?? 'the clearance admits no label')
}
