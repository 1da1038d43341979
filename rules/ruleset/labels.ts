/**
 * The label sets of a ruleset, worked out: for each listed label what it is, what it becomes, and how both are written.
 *
 * One row for each listed label in each form that is accepted; pairs.ts knows of two labels in one stanza. Every
 * contradiction is a problem: a label that its policy calls invalid, that does not map, that maps to an invalid one, that is
 * listed twice.
 */
import type { LabelForm, LabelRow, LabelWords, OutputTemplate, RowForm } from '../bundle/bundle.ts'
import { access } from '../clearance/access.ts'
import type { Clearance } from '../clearance/clearance.ts'
import { type BindingProblem, isProblem, type Label, sameLabel } from '../label/label.ts'
import { isPair, singleForm } from '../label/pair.ts'
import { type ReleaseOptions, type WireTemplate, wireTemplate } from '../label/template.ts'
import { enumerateLabels } from '../spif/composition.ts'
import type { Spif } from '../spif/index.ts'
import { loadSpif, mapIncoming, mapOutgoing, marking, validate } from '../spif/index.ts'
import type { Marking } from '../spif/marking.ts'
import type { Sources } from './directory.ts'
import { seconds } from './duration.ts'
import { clearanceOf, labelOf } from './names.ts'
import { acceptedAs, besides, checkPairs, hasPairs, mapsBack, releasedAs, releaseForm } from './pairs.ts'
import type { Problem } from './problem.ts'
import type { ClearanceSource, LabelSetSource, LabelSource, RulesetSource } from './schema.ts'
import { decodeSource } from './source.ts'
import type { Path, YamlSource } from './yaml.ts'

export type CompiledLabels = Readonly<{
  rows: readonly LabelRow[]
  /** For each row the values of the labels that say the same (`edge.equivalents`). */
  equivalents: readonly (readonly string[])[]
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
  /** What each row's label is, in the order of the rows. */
  labels: Readonly<{ label: Label; policy: Spif }>[]
  problems: Problem[]
  notes: Problem[]
}>

/** A label set with its policies loaded. */
type Set4 = Readonly<{
  source: LabelSetSource
  path: Path
  policy: Spif
  target: Spif
  /** What the receiving side may see, when the ruleset says so. */
  peer: Clearance | undefined
}>

/** Most combinations of categories that are looked at for one set. */
const MAX_STEPS = 2_000_000

/** A bundle has no moment: it is the same whenever it is compiled. What has a validity period is told in a note. */
const UNDATED = { at: 'any' }

export function compileLabels(ruleset: RulesetSource, yaml: YamlSource, sources: Sources): CompiledLabels {
  const work: Work = {
    ruleset,
    yaml,
    sources,
    spifs: new Map(),
    listed: new Map(),
    rows: [],
    labels: [],
    problems: [],
    notes: [],
  }
  const names = new Map<string, number>()
  for (const [index, source] of ruleset.labels.sets.entries()) {
    const path = ['labels', 'sets', index]
    uniqueName(work, names, source.name, [...path, 'name'], index)
    compileSet(work, source, path)
  }
  return { rows: work.rows, equivalents: equivalentsOf(work), problems: work.problems, notes: work.notes }
}

/** Forms that may stand in an equivalentlabel; a binding has the value of the label that is bound. */
const EQUIVALENT_FORMS: readonly LabelForm[] = ['ess-0258', '4774-0258']

/**
 * Each row's label in its other format, and what the policies of the ruleset make of it, either one's equivalences asked.
 * Beside a pair nothing stands.
 */
function equivalentsOf({ rows, labels, spifs }: Work): string[][] {
  const policies = [...spifs.values()].filter((spif) => spif !== undefined)
  const values = new Map<Label, ReadonlySet<string>>()
  return labels.map(({ label, policy }, index) => {
    if (isPair(rows[index]!.input.form)) return []
    const known = values.get(label) ?? equivalentValues(label, policy, policies)
    values.set(label, known)
    return [...known].filter((value) => value !== rows[index]!.input.value).sort()
  })
}

function equivalentValues(label: Label, policy: Spif, policies: readonly Spif[]): Set<string> {
  const same: Readonly<{ label: Label; spif: Spif }>[] = [{ label, spif: policy }]
  for (const spif of policies) {
    if (spif.id === policy.id) continue
    for (const mapped of [mapOutgoing(label, policy, spif, UNDATED), mapIncoming(label, spif, UNDATED)]) {
      if (!('problem' in mapped) && mapped.invalid.length === 0) same.push({ label: mapped, spif })
    }
  }
  const values = new Set<string>()
  for (const { label, spif } of same) {
    for (const form of EQUIVALENT_FORMS) {
      const written = wireTemplate(label, spif, form)
      if (!isProblem(written)) values.add(written.value)
    }
  }
  return values
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
  problems.push(...checkPairs(source, yaml, path))
  checkReview(work, source, path)
  checkDiscard(work, source, policy, path)
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
  const peer = clearanceIn(work, target, source['peer-clearance'], [...path, 'peer-clearance'])
  const set: Set4 = { source, path, policy, target, peer }
  const names = new Map<string, number>()
  for (const [index, entry] of source.allow.entries()) {
    const here = [...path, 'allow', index]
    uniqueName(work, names, entry.name, [...here, 'name'], index)
    compileEntry(work, set, entry, here)
  }
  if (source.generate !== undefined) generate(work, set, source.generate, names)
}

function clearanceIn(
  work: Work,
  spif: Spif,
  source: ClearanceSource | undefined,
  path: Path,
): Clearance | undefined {
  if (source === undefined) return undefined
  const clearance = clearanceOf(spif, source, work.yaml, path)
  if (!('problems' in clearance)) return clearance
  work.problems.push(...clearance.problems)
  return undefined
}

/** Adds a row for each label that the clearance admits; those that cannot be released are left out, and told in a note. */
function generate(
  work: Work,
  set: Set4,
  { clearance: source, categories, cap }: NonNullable<LabelSetSource['generate']>,
  names: ReadonlyMap<string, number>,
): void {
  const { yaml, problems, notes } = work
  const path = [...set.path, 'generate']
  const clearance = clearanceIn(work, set.policy, source, [...path, 'clearance'])
  if (clearance === undefined) return
  const { labels, complete } = enumerateLabels(
    set.policy,
    clearance,
    {
      labels: cap,
      steps: MAX_STEPS,
      categories,
    },
    UNDATED,
  )
  if (!complete) {
    const message = `the clearance admits more than ${cap} labels; raise cap, or lower categories or the clearance`
    problems.push(yaml.problem([...path, 'cap'], message))
    return
  }
  const taken = new Set(names.keys())
  let leftOut = 0
  for (const label of labels) {
    const released = released4(set, label)
    if ('problem' in released || isProblem(outputOf(set, label, released))) {
      leftOut += 1
      continue
    }
    const name = freeName(taken, slug(label))
    for (const form of set.source.accept) {
      const input = acceptedAs({ ...set, label, released }, form)
      if (isProblem(input)) leftOut += 1
      else if (!work.listed.has(`${form} ${input.value}`))
        addRow(work, set, { name, label, released, form, input }, path)
    }
  }
  if (leftOut > 0) {
    notes.push(
      yaml.problem(
        path,
        `${leftOut} of ${labels.length} labels made here cannot be released and are left out`,
      ),
    )
  }
}

/** A name for the journal, from the words of a label. */
function slug(label: Label): string {
  const words = [label.classification.name, ...label.categories.map(({ value }) => value.name)]
  const plain = words
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
  return plain.replace(/^-/, '').slice(0, 56).replace(/-$/, '') || 'label'
}

function freeName(taken: Set<string>, wanted: string): string {
  let name = wanted
  for (let again = 2; taken.has(name); again++) name = `${wanted}-${again}`
  taken.add(name)
  return name
}

/** A review date is made exactly where a STANAG 4774 label is made of one without dates. */
function checkReview(work: Work, source: LabelSetSource, path: Path): void {
  const needed = source.release !== 'ess-0258' && source.accept.some(isUndated)
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

/** What may be lost in mapping is of the policy, and there is a mapping. */
function checkDiscard(
  { yaml, problems }: Work,
  source: LabelSetSource,
  policy: Spif | undefined,
  path: Path,
): void {
  if (source.discard === undefined) return
  if (source.target === undefined) {
    problems.push(
      yaml.problemOfKey(
        [...path, 'discard'],
        'without "target" nothing is mapped; remove it, or add the target',
      ),
    )
  }
  for (const [index, name] of source.discard.entries()) {
    if (policy === undefined || policy.tagSets.some((set) => set.name === name)) continue
    const names = policy.tagSets.map((set) => set.name).join(', ')
    problems.push(
      yaml.problem([...path, 'discard', index], `${policy.name} has no tag set "${name}"; it has ${names}`),
    )
  }
}

function compileEntry(work: Work, set: Set4, entry: LabelSetSource['allow'][number], path: Path): void {
  const { problems, yaml } = work
  const { source, policy, target } = set
  const label = checkedLabel(work, policy, entry, path)
  const released = label === undefined ? undefined : releasedLabel(work, set, label, path)
  if (entry.becomes !== undefined) checkBecomes(work, target, entry.becomes, released, [...path, 'becomes'])
  if (label === undefined || released === undefined) return

  const output = outputOf(set, label, released)
  if (isProblem(output)) {
    const message = `what this label becomes cannot be written as ${releaseForm(source)} (${output.problem}: ${output.detail}); take it out, or choose another release`
    problems.push(yaml.problem(path, message))
    return
  }
  for (const form of source.accept) {
    const input = acceptedAs({ ...set, label, released }, form)
    if (isProblem(input)) {
      const message = `this label cannot be written as ${form} (${input.problem}: ${input.detail}); take it out, or the form out of accept`
      problems.push(yaml.problem(path, message))
      continue
    }
    if (isListed(work, form, input.value, path)) continue
    addRow(work, set, { name: entry.name, label, released, form, input }, path)
  }
}

type NewRow = Readonly<{
  name: string
  label: Label
  released: Released
  form: RowForm
  input: WireTemplate
}>

/** Adds the row of one label in one form; `name` is that of its entry. */
function addRow(
  work: Work,
  set: Set4,
  { name: entry, label, released, form, input }: NewRow,
  path: Path,
): void {
  const { source, policy, target } = set
  notePeriods(work, [...label.categories, ...released.categories], path)
  const template = outputOf(set, label, released, form)
  if (isProblem(template)) throw new Error('an output that could be written for another form')
  const name = `${source.name}/${entry}`
  work.listed.set(`${form} ${input.value}`, name)
  checkRoom(work, form, input.template, path)
  const inMarking = marking(label, policy, { language: source['marking-language'] })
  const outMarking = marking(released, target, { language: source['marking-language'] })
  const accepted = { marking: inMarking.text, words: wordsOf(label, inMarking) }
  const becomes = { marking: outMarking.text, words: wordsOf(released, outMarking) }
  const beside = besides(source, form, accepted, becomes)
  work.labels.push({ label, policy })
  work.rows.push({
    name,
    input: { form, value: input.value, template: input.template, ...accepted, ...beside.input },
    output: { form: releaseForm(source), template, ...becomes, ...beside.output },
    ...(released.discarded.length === 0 ? {} : { discarded: released.discarded }),
  })
}

/** Tells of values that a policy gives a validity period: neither a bundle nor a guard looks at it. */
function notePeriods(work: Work, categories: Label['categories'], path: Path): void {
  for (const { tagSet, value } of categories) notePeriod(work, `${tagSet.name}: ${value.name}`, value, path)
}

function notePeriod(work: Work, name: string, { notBefore, notAfter }: Period, path: Path): void {
  if (notBefore === undefined && notAfter === undefined) return
  const from = notBefore === undefined ? '' : ` from ${notBefore}`
  const until = notAfter === undefined ? '' : ` until ${notAfter}`
  const message = `${name} is in force${from}${until} only, which the guard does not look at; change the ruleset in time`
  const note = work.yaml.problem(path, message)
  const isTold = work.notes.some((n) => n.message === message && n.line === note.line)
  if (!isTold) work.notes.push(note)
}

type Period = Readonly<{ notBefore?: string; notAfter?: string }>

/** How a label is released that was accepted in `form`; the marking is of what it becomes. */
function outputOf(
  set: Set4,
  label: Label,
  released: Label,
  form: RowForm = set.source.accept[0] ?? set.source.release,
): OutputTemplate | BindingProblem {
  const { source, target } = set
  const shown = marking(released, target, { language: source['marking-language'] })
  return releasedAs({ ...set, label, released }, source, form, {
    ...(source.release === '4774-4778' ? {} : { marking: shown }),
    ...releaseDates(source, form),
  })
}

/** The label of these words, valid under its policy. */
function checkedLabel(work: Work, spif: Spif, source: LabelSource, path: Path): Label | undefined {
  const label = labelOf(spif, source, work.yaml, path)
  if ('problems' in label) {
    work.problems.push(...label.problems)
    return undefined
  }
  for (const finding of validate(label, spif, UNDATED)) {
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

/** What the label becomes, or why nothing; what is wrong is reported. */
function releasedLabel(work: Work, set: Set4, label: Label, path: Path): Released | undefined {
  const released = released4(set, label)
  if (!('problem' in released)) return released
  work.problems.push(work.yaml.problem(path, released.problem))
  return undefined
}

/**
 * What the label becomes: itself, or what the equivalences make of it, valid under the other policy, and seen by a
 * receiving side of that clearance. Or a sentence on why it becomes nothing.
 */
function released4(
  { source, policy, target, peer }: Set4,
  label: Label,
): Released | Readonly<{ problem: string }> {
  let released: Released = { ...label, discarded: [] }
  if (source.target !== undefined) {
    const options = { ...UNDATED, discard: source.discard !== undefined }
    const mapped =
      source.equivalences === 'target'
        ? mapIncoming(label, target, options)
        : mapOutgoing(label, policy, target, options)
    if ('problem' in mapped) {
      const advice =
        mapped.problem === 'discard-not-allowed'
          ? 'list its tag set under discard, or take the label out'
          : 'take it out, or complete the equivalences'
      return { problem: `this label has no equivalent in ${target.name}: ${describe(mapped)}; ${advice}` }
    }
    const lost = label.categories.find(
      ({ tagSet, value }) =>
        !source.discard?.includes(tagSet.name) &&
        mapped.discarded.some((name) => name === `${tagSet.name}: ${value.name}`),
    )
    if (lost !== undefined) {
      const name = `${lost.tagSet.name}: ${lost.value.name}`
      return {
        problem: `mapping loses ${name}; list "${lost.tagSet.name}" under discard, or take the label out`,
      }
    }
    for (const finding of mapped.invalid) {
      return {
        problem: `${target.name} calls what this label becomes invalid: ${describe(finding)}; take it out`,
      }
    }
    released = mapped
    if (hasPairs(source) && !mapsBack({ label, policy, released, target })) {
      return {
        problem: `this label becomes ${inWords(released)}, which does not map back to it, and a pair says that both are the same; list it in a set with mode: replace and without pairs, or complete the equivalences`,
      }
    }
  }
  const seen = peer === undefined ? undefined : access(released, peer, target)
  if (seen !== undefined && !seen.permit) {
    return {
      problem: `the receiving side is not cleared for ${inWords(released)} (${seen.reason}: ${seen.detail}); take it out, or change peer-clearance`,
    }
  }
  return released
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

/** Whether a label of that form has no dates. */
function isUndated(form: RowForm): boolean {
  return singleForm(form) === 'ess-0258'
}

/** 4774 labels keep their dates, both of a pair the same; one made of ESS is created when it crosses. */
function releaseDates(source: LabelSetSource, form: RowForm): Pick<ReleaseOptions, 'creation' | 'review'> {
  if (!isUndated(form)) return { creation: { hole: 'creation' }, review: { hole: 'review' } }
  const after = source['review-after'] === undefined ? 0 : seconds(source['review-after'])
  return { creation: { hole: 'now' }, review: { hole: 'now-plus', seconds: after } }
}

/** Whether an earlier entry accepts the same label in the same form. */
function isListed(work: Work, form: RowForm, value: string, path: Path): boolean {
  const first = work.listed.get(`${form} ${value}`)
  if (first === undefined) return false
  work.problems.push(
    work.yaml.problem(path, `this label is listed already, as ${first} in the form ${form}; remove one`),
  )
  return true
}

/** A label that no stanza within the limits has room for could never be accepted. */
function checkRoom(work: Work, form: RowForm, template: LabelRow['input']['template'], path: Path): void {
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
  notePeriod(work, `the policy ${loaded.spif.name}`, loaded.spif, path)
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
