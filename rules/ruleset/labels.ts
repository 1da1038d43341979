/**
 * The label sets of a ruleset, worked out: for each listed label what it is, what it becomes, and how both are written.
 *
 * One row for each listed label in each form that is accepted. Every contradiction is a problem: a label that its policy
 * calls invalid, that does not map, that maps to an invalid one, that is listed twice.
 */
import type { LabelForm, LabelRow, LabelWords } from '../bundle/bundle.ts'
import { isProblem, type Label, sameLabel } from '../label/label.ts'
import { releaseTemplate, wireTemplate } from '../label/template.ts'
import type { Spif } from '../spif/index.ts'
import { loadSpif, mapIncoming, mapOutgoing, marking, validate } from '../spif/index.ts'
import type { Marking } from '../spif/marking.ts'
import type { Sources } from './directory.ts'
import { seconds } from './duration.ts'
import { labelOf } from './names.ts'
import type { Problem } from './problem.ts'
import type { LabelSetSource, LabelSource, RulesetSource } from './schema.ts'
import { decodeSource } from './source.ts'
import type { Path, YamlSource } from './yaml.ts'

export type CompiledLabels = Readonly<{
  rows: readonly LabelRow[]
  problems: readonly Problem[]
  /** What the SPIFs have that is odd and does no harm. */
  notes: readonly Problem[]
}>

/** What the work on all sets has in common. */
type Work = Readonly<{
  ruleset: RulesetSource
  yaml: YamlSource
  sources: Sources
  spifs: Map<string, Spif | undefined>
  /** Where each accepted label was listed first. */
  listed: Map<string, string>
  rows: LabelRow[]
  problems: Problem[]
  notes: Problem[]
}>

/** A label set with its policies loaded. */
type Set4 = Readonly<{ source: LabelSetSource; path: Path; policy: Spif; target: Spif }>

export function compileLabels(ruleset: RulesetSource, yaml: YamlSource, sources: Sources): CompiledLabels {
  const work: Work = {
    ruleset,
    yaml,
    sources,
    spifs: new Map(),
    listed: new Map(),
    rows: [],
    problems: [],
    notes: [],
  }
  const names = new Map<string, number>()
  for (const [index, source] of ruleset.labels.sets.entries()) {
    const path = ['labels', 'sets', index]
    uniqueName(work, names, source.name, [...path, 'name'], index)
    compileSet(work, source, path)
  }
  return { rows: work.rows, problems: work.problems, notes: work.notes }
}

function uniqueName(work: Work, names: Map<string, number>, name: string, path: Path, index: number): void {
  if (names.has(name)) {
    work.problems.push(
      work.yaml.problem(path, `the name "${name}" is taken; the journal tells labels apart by it`),
    )
  }
  names.set(name, index)
}

function compileSet(work: Work, source: LabelSetSource, path: Path): void {
  const { yaml, problems } = work
  const policy = spifOf(work, source.policy, [...path, 'policy'])
  const target = source.target === undefined ? policy : spifOf(work, source.target, [...path, 'target'])
  if (source.target !== undefined && source.equivalences === undefined) {
    problems.push(
      yaml.problem(
        path,
        `with "target", say whose equivalences map the labels; add equivalences: policy or target`,
      ),
    )
  }
  if (source.target === undefined && source.equivalences !== undefined) {
    problems.push(
      yaml.problemOfKey(
        [...path, 'equivalences'],
        'without "target" nothing is mapped; remove it, or add the target',
      ),
    )
  }
  checkReview(work, source, path)
  if (policy === undefined || target === undefined) return
  if (source.target !== undefined && policy.id === target.id) {
    problems.push(
      yaml.problem(
        [...path, 'target'],
        `both files are the policy ${policy.name} (${policy.id}); leave "target" out`,
      ),
    )
    return
  }
  const names = new Map<string, number>()
  for (const [index, entry] of source.allow.entries()) {
    const here = [...path, 'allow', index]
    uniqueName(work, names, entry.name, [...here, 'name'], index)
    compileEntry(work, { source, path, policy, target }, entry, here)
  }
}

/** A review date is made exactly where a STANAG 4774 label is made of one without dates. */
function checkReview(work: Work, source: LabelSetSource, path: Path): void {
  const needed = source.release !== 'ess-0258' && source.accept.includes('ess-0258')
  const stated = source['review-after'] !== undefined
  if (needed && !stated) {
    const message = `an ESS label has no dates and is released as ${source.release}; add review-after, such as 365d`
    work.problems.push(work.yaml.problem(path, message))
  }
  if (stated && !needed) {
    const message = 'no label of this set needs a review date made; remove review-after'
    work.problems.push(work.yaml.problemOfKey([...path, 'review-after'], message))
  }
}

function compileEntry(work: Work, set: Set4, entry: LabelSetSource['allow'][number], path: Path): void {
  const { problems, yaml } = work
  const { source, policy, target } = set
  const label = checkedLabel(work, policy, entry, path)
  const released = label === undefined ? undefined : releasedLabel(work, set, label, path)
  if (entry.becomes !== undefined) checkBecomes(work, target, entry.becomes, released, [...path, 'becomes'])
  if (label === undefined || released === undefined) return

  const outMarking = marking(released, target, { language: source['marking-language'] })
  const inMarking = marking(label, policy, { language: source['marking-language'] })
  for (const form of source.accept) {
    const input = wireTemplate(label, policy, form)
    if (isProblem(input)) {
      const message = `this label cannot be written as ${form} (${input.problem}: ${input.detail}); take it out, or the form out of accept`
      problems.push(yaml.problem(path, message))
      continue
    }
    const output = releaseTemplate(released, target, source.release, {
      ...(source.release === '4774-4778' ? {} : { marking: outMarking }),
      ...releaseDates(source, form),
    })
    if (isProblem(output)) {
      const message = `what this label becomes cannot be written as ${source.release} (${output.problem}: ${output.detail}); take it out, or choose another release`
      problems.push(yaml.problem(path, message))
      break
    }
    const name = `${source.name}/${entry.name}`
    if (isListed(work, form, input.value, name, path)) continue
    checkRoom(work, form, input.template, path)
    work.rows.push({
      name,
      input: {
        form,
        value: input.value,
        marking: inMarking.text,
        template: input.template,
        words: wordsOf(label, inMarking),
      },
      output: {
        form: source.release,
        marking: outMarking.text,
        template: output,
        words: wordsOf(released, outMarking),
      },
      ...(released.discarded.length === 0 ? {} : { discarded: released.discarded }),
    })
  }
}

/** The label of these words, valid under its policy. */
function checkedLabel(work: Work, spif: Spif, source: LabelSource, path: Path): Label | undefined {
  const label = labelOf(spif, source, work.yaml, path)
  if ('problems' in label) {
    work.problems.push(...label.problems)
    return undefined
  }
  for (const finding of validate(label, spif)) {
    work.problems.push(
      work.yaml.problem(
        path,
        `${spif.name} calls this label invalid: ${describe(finding)}; list a valid one`,
      ),
    )
    return undefined
  }
  return label
}

/** A released label, and the categories that its policy drops on the way. */
type Released = Label & Readonly<{ discarded: readonly string[] }>

/** What the label becomes: itself, or what the equivalences make of it, valid under the other policy. */
function releasedLabel(work: Work, set: Set4, label: Label, path: Path): Released | undefined {
  const { source, policy, target } = set
  if (source.target === undefined) return { ...label, discarded: [] }
  const mapped =
    source.equivalences === 'target' ? mapIncoming(label, target) : mapOutgoing(label, policy, target)
  if ('problem' in mapped) {
    work.problems.push(
      work.yaml.problem(
        path,
        `this label has no equivalent in ${target.name}: ${describe(mapped)}; take it out, or complete the equivalences`,
      ),
    )
    return undefined
  }
  for (const finding of mapped.invalid) {
    work.problems.push(
      work.yaml.problem(
        path,
        `${target.name} calls what this label becomes invalid: ${describe(finding)}; take it out`,
      ),
    )
    return undefined
  }
  return mapped
}

function checkBecomes(
  work: Work,
  target: Spif,
  stated: LabelSource,
  released: Label | undefined,
  path: Path,
): void {
  const becomes = labelOf(target, stated, work.yaml, path)
  if ('problems' in becomes) work.problems.push(...becomes.problems)
  else if (released !== undefined && !sameLabel(becomes, released)) {
    work.problems.push(
      work.yaml.problem(
        path,
        `the SPIFs derive ${inWords(released)}, not ${inWords(becomes)}; write what is derived`,
      ),
    )
  }
}

/** 4774 labels keep their dates; one made of ESS is created when it crosses. */
function releaseDates(
  source: LabelSetSource,
  form: LabelForm,
): Pick<Parameters<typeof releaseTemplate>[3], 'creation' | 'review'> {
  if (form !== 'ess-0258') return { creation: { hole: 'creation' }, review: { hole: 'review' } }
  const after = source['review-after'] === undefined ? 0 : seconds(source['review-after'])
  return { creation: { hole: 'now' }, review: { hole: 'now-plus', seconds: after } }
}

/** Whether an earlier entry accepts the same label in the same form. */
function isListed(work: Work, form: LabelForm, value: string, name: string, path: Path): boolean {
  const key = `${form} ${value}`
  const first = work.listed.get(key)
  if (first === undefined) {
    work.listed.set(key, name)
    return false
  }
  work.problems.push(
    work.yaml.problem(path, `this label is listed already, as ${first} in the form ${form}; remove one`),
  )
  return true
}

/** A label that no stanza within the limits has room for could never be accepted. */
function checkRoom(work: Work, form: LabelForm, template: LabelRow['input']['template'], path: Path): void {
  const limits = work.ruleset.limits
  let depth = 1
  let deepest = 1
  let octets = 0
  for (const part of template) {
    if (typeof part !== 'string') {
      octets += 20
      continue
    }
    octets += Buffer.byteLength(part)
    for (const tag of part.matchAll(/<(\/?)/g)) {
      depth += tag[1] === '/' ? -1 : 1
      deepest = Math.max(deepest, depth)
    }
  }
  if (deepest > limits.depth) {
    const message = `as ${form} this label reaches depth ${deepest}, and limits.depth is ${limits.depth}; raise the limit`
    work.problems.push(work.yaml.problem(path, message))
  }
  if (octets > limits['stanza-octets']) {
    const message = `as ${form} this label has ${octets} octets, and limits.stanza-octets is ${limits['stanza-octets']}; raise the limit`
    work.problems.push(work.yaml.problem(path, message))
  }
}

/** The policy of a file, loaded once; what is wrong with it is reported once. */
function spifOf(work: Work, file: string, path: Path): Spif | undefined {
  if (work.spifs.has(file)) return work.spifs.get(file)
  work.spifs.set(file, undefined)
  const octets = work.sources.get(file)
  if (octets === undefined) {
    work.problems.push(
      work.yaml.problem(path, `there is no file "${file}" in the directory of the ruleset; put it there`),
    )
    return undefined
  }
  const text = decodeSource(octets)
  if (text === undefined) {
    work.problems.push({ file, line: 1, column: 1, message: 'not UTF-8; save the SPIF as UTF-8' })
    return undefined
  }
  const loaded = loadSpif(text, { strict: true })
  if ('problems' in loaded) {
    work.problems.push(
      ...loaded.problems.map((f) => ({ file, line: f.line, column: 1, message: `SPIF: ${f.message}` })),
    )
    return undefined
  }
  work.notes.push(
    ...loaded.findings.map((f) => ({ file, line: f.line, column: 1, message: `SPIF: ${f.message}` })),
  )
  work.spifs.set(file, loaded.spif)
  return loaded.spif
}

/** A label in words and colours, for the people who review it. */
function wordsOf(label: Label, { fgcolor, bgcolor }: Marking): LabelWords {
  const categories = new Map<string, string[]>()
  for (const { tagSet, value } of label.categories) {
    categories.set(tagSet.name, [...(categories.get(tagSet.name) ?? []), value.name])
  }
  return {
    policy: label.policy.name,
    classification: label.classification.name,
    categories: [...categories].map(([tagSet, values]) => ({ tagSet, values })),
    ...(label.privacyMark === undefined ? {} : { privacyMark: label.privacyMark }),
    fgcolor,
    bgcolor,
  }
}

/** A label in words, for an error. */
function inWords(label: Label): string {
  const categories = label.categories.map(({ tagSet, value }) => `${tagSet.name}: ${value.name}`)
  const mark = label.privacyMark === undefined ? [] : [`mark ${label.privacyMark}`]
  return [`${label.policy.name} ${label.classification.name}`, ...categories, ...mark].join(', ')
}

function describe(finding: Readonly<{ problem: string; detail: string }>): string {
  return `${finding.problem} (${finding.detail})`
}
