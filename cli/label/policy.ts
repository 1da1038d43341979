/** policy: a SPIF as a person reads it. */

import { loadSpif } from '../../rules/spif/load.ts'
import { testName } from '../../rules/spif/lookup.ts'
import type { RequiredCategory, Spif, TargetRequirement } from '../../rules/spif/spif.ts'
import { type Arguments, answer, lenientHint, readSource } from './arguments.ts'
import { visible } from './show.ts'
import { Unusable } from './unusable.ts'

export function policyAction(args: Arguments): number {
  const file = args.operand ?? args.spif?.[0]
  if (file === undefined) throw new Unusable('the SPIF is missing: sallyport label policy FILE')
  const source = readSource(file)
  const loaded = loadSpif(source, { strict: args.lenient !== true })
  if ('problems' in loaded) {
    for (const { line, message } of loaded.problems)
      process.stderr.write(`${visible(file)}:${line}: ${visible(message)}\n`)
    if (args.json === true) answer(args, { loaded: false, problems: loaded.problems }, '')
    const count = loaded.problems.length === 1 ? 'one thing is' : `${loaded.problems.length} things are`
    throw new Unusable(
      `${visible(file)} is no SPIF that can be used: ${count} wrong${lenientHint(source, args.lenient === true)}`,
    )
  }
  const { spif, findings } = loaded
  const notes = findings.map((f) => `  line ${f.line}: ${f.message}`)
  answer(
    args,
    { loaded: true, spif, findings },
    visibleLines([...describe(spif), ...section('Findings', notes)]),
  )
  return 0
}

function visibleLines(text: readonly string[]): string {
  return text.map(visible).join('\n')
}

function section(title: string, body: readonly string[]): readonly string[] {
  return body.length === 0 ? [] : ['', title, ...body]
}

function describe(spif: Spif): readonly string[] {
  return [
    `Policy ${spif.name} (${spif.id}), version ${spif.version} of ${spif.creationDate || 'no date'}, SPIF ${spif.schemaVersion}`,
    `  by ${spif.originator || 'nobody named'}; ESS categories in ${spif.syntax === 'missi' ? 'MISSI' : 'ACP-145(A)'} syntax`,
    ...(spif.notBefore === undefined && spif.notAfter === undefined
      ? []
      : [`  in force ${spif.notBefore ?? 'always'} to ${spif.notAfter ?? 'always'}`]),
    ...section('Classifications (rank, number, name)', classes(spif)),
    ...section('Categories', categories(spif)),
    ...section(
      'Privacy marks',
      (spif.privacyMarks?.marks ?? []).map((m) => `  ${m.name}${m.obsolete ? ' (obsolete)' : ''}`),
    ),
    ...section('Equivalent policies', equivalents(spif)),
    ...section('Languages of markings', [`  ${languages(spif).join(', ') || 'none named'}`]),
  ]
}

function classes(spif: Spif): readonly string[] {
  return spif.classifications.flatMap((c) => [
    `  ${c.hierarchy.padStart(3)} ${c.lacv.padStart(5)}  ${c.name}${c.colour === undefined ? '' : ` ${c.colour}`}${c.obsolete ? ' (obsolete)' : ''}`,
    ...c.required.map((r) => `             needs ${required(spif, r)}`),
    ...c.equivalents.map(
      (e) =>
        `             is ${e.lacv} of ${policyName(spif, e.policy)} (${e.applied})${e.required.map((r) => `, adding ${target(r)}`).join('')}`,
    ),
  ])
}

function categories(spif: Spif): readonly string[] {
  return spif.tagSets.flatMap((set) => [
    `  ${set.name} (${set.id})`,
    ...set.equivalents.map(
      (e) => `      stands as ${e.name ?? e.id ?? '?'} of ${policyName(spif, e.policy)}`,
    ),
    ...set.tags.flatMap((tag) => [
      `    ${tag.name ?? '(tag without name)'}: ${tag.kind}${limits(tag)}`,
      ...tag.values.flatMap((v) => [
        `      ${v.lacv.padStart(8)}  ${v.name}${flags(v)}`,
        ...v.required.map((r) => `                needs ${required(spif, r)}`),
        ...v.excluded.map((x) => `                not with ${testName(spif, x)}`),
        ...v.equivalents.map(
          (e) =>
            `                ${e.discard ? 'is left out under' : `is ${e.lacv} of ${e.tagSetId} under`} ${policyName(spif, e.policy)} (${e.applied})`,
        ),
      ]),
    ]),
  ])
}

function limits(tag: Spif['tagSets'][number]['tags'][number]): string {
  const most = tag.singleSelection ? 1 : tag.maxSelection
  const least = tag.minSelection > 0 ? `, at least ${tag.minSelection}` : ''
  return `${least}${Number.isFinite(most) ? `, at most ${most}` : ''}`
}

function flags(value: Spif['tagSets'][number]['tags'][number]['values'][number]): string {
  const words = [
    ...(value.obsolete ? ['obsolete'] : []),
    ...(value.ambiguous ? ['number not unique: by name only'] : []),
    ...(value.userInput === undefined ? [] : [`the user's own ${value.userInput}`]),
    ...(value.requiredClass === undefined ? [] : [`only with ${value.requiredClass}`]),
    ...(value.excludedClasses.length === 0 ? [] : [`not with ${value.excludedClasses.join(', ')}`]),
    ...(value.notBefore === undefined ? [] : [`from ${value.notBefore}`]),
    ...(value.notAfter === undefined ? [] : [`until ${value.notAfter}`]),
  ]
  return words.length === 0 ? '' : ` (${words.join('; ')})`
}

function equivalents(spif: Spif): readonly string[] {
  return spif.equivalentPolicies.map(
    (p) => `  ${p.name} (${p.id})${p.required.map((r) => `, adding ${target(r)}`).join('')}`,
  )
}

function policyName(spif: Spif, id: string): string {
  return spif.equivalentPolicies.find((p) => p.id === id)?.name ?? id
}

const WORDS = { onlyOne: 'exactly one of', oneOrMore: 'one or more of', all: 'all of' }

function required(spif: Spif, { operation, groups }: RequiredCategory): string {
  return `${WORDS[operation]}: ${groups.map((group) => testName(spif, group)).join(', ') || '(nothing that could be met)'}`
}

function target({ operation, groups }: TargetRequirement): string {
  return `${WORDS[operation]}: ${groups.map((g) => `${g.tagSetName} ${g.lacv ?? 'any'}`).join(', ')}`
}

function languages(spif: Spif): readonly string[] {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, item] of Object.entries(value)) {
      if (key === 'language' && typeof item === 'string') found.add(item)
      else visit(item)
    }
  }
  visit(spif)
  return [...found].sort()
}
