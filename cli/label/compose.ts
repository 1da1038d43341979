/** compose: what may be chosen next, or all valid labels that a clearance admits. */
import { classificationNamed } from '../../rules/label/bind.ts'
import {
  type Choice,
  enumerateLabels,
  selectableClasses,
  selectableValues,
} from '../../rules/spif/composition.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { validate } from '../../rules/spif/validity.ts'
import { type Arguments, answer, decodeArgument, labelOf, limitOf, spifsOf, Unusable } from './arguments.ts'
import { bindClearance } from './input.ts'
import * as show from './show.ts'

/** Combinations looked at before an enumeration gives up. */
const STEPS = 2_000_000

export function composeAction(args: Arguments): number {
  const spifs = spifsOf(args)
  const spif = spifs[0]!
  if (args.all === true) return enumerate(args, spifs)
  if (args.classification === undefined && args.operand === undefined) {
    const names = selectableClasses(spif).map((c) => c.name)
    answer(args, { classifications: names }, names.map(show.visible).join('\n'))
    return 0
  }
  const given = labelOf(args, spifs)
  if ('problem' in given) {
    const isClassKnown =
      args.classification !== undefined && classificationNamed(spif, args.classification) !== undefined
    throw new Unusable(
      isClassKnown
        ? show.visible(given.problem)
        : `${spif.name} has no such label: ${show.visible(given.problem)}`,
    )
  }
  return next(
    args,
    given.spif,
    { classification: given.label.classification, categories: given.label.categories },
    given,
  )
}

function next(
  args: Arguments,
  spif: Spif,
  choice: Choice,
  { label }: { label: Parameters<typeof validate>[0] },
): number {
  const sets = new Map<string, string[]>()
  for (const { tagSet, value } of selectableValues(spif, choice)) {
    sets.set(tagSet.name, [...(sets.get(tagSet.name) ?? []), value.name])
  }
  const lacks = validate(label, spif, { isNew: true })
  const text = show.lines([
    ...[...sets].map(([name, values]) => [show.visible(name), show.visible(values.join(', '))] as const),
    ['', ''] as const,
    ...lacks.map((i) => [`(${i.problem})`, show.visible(i.detail)] as const),
  ])
  answer(args, { selectable: Object.fromEntries(sets), invalid: lacks }, text.trimEnd())
  return lacks.length === 0 ? 0 : 1
}

function enumerate(args: Arguments, spifs: readonly Spif[]): number {
  if (args.clearance === undefined) throw new Unusable('--all needs --clearance')
  const held = bindClearance(decodeArgument(args.clearance, args), spifs)
  if ('problem' in held) throw new Unusable(`the clearance: ${show.visible(held.problem)}`)
  const { labels, complete } = enumerateLabels(held.spif, held.clearance, {
    labels: limitOf(args),
    steps: STEPS,
  })
  answer(args, { complete, labels: labels.map(show.labelJson) }, labels.map(show.oneLine).join('\n'))
  if (!complete)
    process.stderr.write(`note: there are more than these ${labels.length}; --limit gives more\n`)
  return labels.length > 0 ? 0 : 1
}
