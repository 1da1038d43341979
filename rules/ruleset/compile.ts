/**
 * The compiler: a ruleset's files in, one bundle out.
 *
 * All policy thinking is done here, before deployment. Pure: equal files give equal octets on any machine. Every problem
 * that can be seen is reported at once; a ruleset with a problem gives no bundle.
 */
import { createHash } from 'node:crypto'
import type { Bundle, StanzaForm, Validity } from '../bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../bundle/load.ts'
import {
  CATALOGUE,
  type CatalogueName,
  NEEDS,
  NEVER_LABELLED,
  PRESETS,
  type ProfileChoice,
  switchOf,
} from '../profile/catalogue.ts'
import { stanzaForms } from '../profile/forms.ts'
import { admitted, STRIP, type StripGroup, type StripName } from '../profile/strip.ts'
import { parseDate } from '../text/date.ts'
import { checkContent, contentOf } from './content.ts'
import { defaultLabelsOf } from './defaults.ts'
import { MAIN_FILE, type Sources } from './directory.ts'
import { checkDomains, checkPairLimits, checkPairs, pairsOf, sideOf } from './domains.ts'
import { seconds } from './duration.ts'
import { compileExamples, EXAMPLES_FILE, readExamples } from './examples.ts'
import { compileLabels } from './labels.ts'
import { originsOf, switchPath } from './origins.ts'
import { type Problem, sortProblems } from './problem.ts'
import { checkRuleset, type RulesetSource } from './schema.ts'
import { decodeSource } from './source.ts'
import { readYaml, type YamlSource } from './yaml.ts'

/** Of the tables behind the content rules (doc/formats.md §2); Node 26 has it built in. */
const UNICODE_VERSION = '17.0'

/** The bundle, its octets as they are written to a file, and their digest. `notes` are oddities that do no harm. */
export type Compiled = Readonly<{
  bundle: Bundle
  octets: Uint8Array
  digest: string
  notes: readonly Problem[]
}>

/** Compiles the files of a ruleset, by name. */
export function compileRuleset(sources: Sources): Compiled | Readonly<{ problems: readonly Problem[] }> {
  const main = readMain(sources)
  const read = readExamples(sources)
  if (main.ruleset === undefined) return { problems: sortProblems([...main.problems, ...read.problems]) }
  const { yaml, ruleset } = main

  const forms = stanzaForms(profileChoice(ruleset))
  const pairs = pairsOf(ruleset, forms)
  const content = contentOf(ruleset)
  const labels = compileLabels(ruleset, yaml, sources)
  const { defaults, problems: wrongDefaults } = defaultLabelsOf(ruleset, yaml, labels.rows)
  const validity = validityOf(ruleset, yaml)
  const problems = [
    ...main.problems,
    ...read.problems,
    ...checkDomains(ruleset, yaml),
    ...checkPairs(ruleset, yaml, forms),
    ...checkPairLimits(ruleset, yaml),
    ...checkContent(ruleset, yaml, forms),
    ...checkPacing(ruleset, yaml),
    ...checkProfile(ruleset, yaml, forms),
    ...validity.problems,
    ...labels.problems,
    ...(labels.problems.length === 0 ? wrongDefaults : []),
    ...checkFiles(ruleset, sources),
  ]
  if (problems.length > 0) return { problems: sortProblems(problems) }

  const { limits, pacing } = ruleset
  const rules: Bundle = {
    format: 'sallyport-bundle-1',
    name: ruleset.name,
    version: ruleset.version,
    unicode: UNICODE_VERSION,
    from: sideOf(ruleset.from),
    to: sideOf(ruleset.to),
    limits: {
      stanzaBytes: limits['stanza-octets'],
      depth: limits.depth,
      rate: limits.rate,
      burst: limits.burst,
      ...(limits['pair-rate'] === undefined ? {} : { pairRate: limits['pair-rate'] }),
      ...(limits['pair-burst'] === undefined ? {} : { pairBurst: limits['pair-burst'] }),
    },
    ...(pacing === undefined ? {} : { pacing: { slotMilliseconds: pacing.slot, sizes: pacing.sizes } }),
    forms,
    ...(pairs === undefined ? {} : { pairs }),
    ...(content === undefined ? {} : { content }),
    labels: {
      windows: {
        creationPast: seconds(ruleset.labels.windows['creation-past']),
        creationFuture: seconds(ruleset.labels.windows['creation-future']),
        reviewAfterCreation: seconds(ruleset.labels.windows['review-after-creation']),
      },
      rows: labels.rows,
    },
    edge: {
      ...stripLists(ruleset),
      equivalents: labels.equivalents,
      ...(defaults.length === 0 ? {} : { defaultLabels: defaults }),
    },
    ...(validity.validity === undefined ? {} : { validity: validity.validity }),
    sources: [...sources]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([file, octets]) => ({ file, sha256: createHash('sha256').update(octets).digest('hex') })),
  }
  const examples = compileExamples(rules, read)
  if ('problems' in examples) return { problems: sortProblems(examples.problems) }
  const bundle: Bundle = {
    ...rules,
    origins: originsOf(ruleset, yaml, rules.forms, switchedOn(ruleset), labels.rows),
    ...(examples.examples.length === 0 ? {} : { examples: examples.examples }),
  }
  const octets = bundleOctets(bundle)
  return { bundle, octets, digest: bundleDigest(octets), notes: sortProblems(labels.notes) }
}

/** The ruleset, also where it is only good for finding more problems. */
type Main =
  | Readonly<{ yaml: YamlSource; ruleset: RulesetSource; problems: readonly Problem[] }>
  | Readonly<{ ruleset?: undefined; problems: readonly Problem[] }>

function readMain(sources: Sources): Main {
  const whole = (message: string) => ({ problems: [{ file: MAIN_FILE, line: 1, column: 1, message }] })
  const octets = sources.get(MAIN_FILE)
  if (octets === undefined) return whole(`there is no such file; a ruleset begins with ${MAIN_FILE}`)
  const text = decodeSource(octets)
  if (text === undefined) return whole('not UTF-8, or a byte order mark; save the file as UTF-8')
  const yaml = readYaml(MAIN_FILE, text)
  if ('problems' in yaml) return yaml
  const ruleset = checkRuleset(yaml)
  if (!('problems' in ruleset)) return { yaml, ruleset, problems: [] }
  const { problems, mended } = ruleset
  return mended === undefined ? { problems } : { yaml, ruleset: mended, problems }
}

/** Each switch has what it needs, and what crosses without a label is said twice. */
function checkProfile(ruleset: RulesetSource, yaml: YamlSource, forms: readonly StanzaForm[]): Problem[] {
  const problems: Problem[] = []
  const { on, unlabelled } = profileChoice(ruleset)
  if (on.size === 0) problems.push(yaml.problem(['profile'], 'nothing is switched on; write messages: true'))
  for (const { name, needs } of NEEDS) {
    if (on.has(name) && !on.has(needs)) {
      problems.push(
        yaml.problemOfKey(switchPath(ruleset, name), `"${name}" needs "${needs}"; switch that on too`),
      )
    }
  }
  for (const { name, unlabelled: what } of NEVER_LABELLED) {
    if (on.has(name) && !unlabelled.has(what)) {
      problems.push(
        yaml.problemOfKey(
          switchPath(ruleset, name),
          `"${name}" carries no label; list "${what}" under unlabelled, or switch it off`,
        ),
      )
    }
  }
  for (const [index, what] of ruleset.unlabelled.entries()) {
    const needs = switchOf(what)
    if (!on.has(needs)) {
      problems.push(
        yaml.problem(
          ['unlabelled', index],
          `"${what}" may cross unlabelled, but "${needs}" is off; remove it here`,
        ),
      )
    }
  }
  for (const [index, name] of ruleset.edge.strip.entries()) {
    const both = admitted(STRIP[name], forms)
    if (both.length > 0) {
      problems.push(
        yaml.problem(
          ['edge', 'strip', index],
          `the profile lets ${both.join(', ')} through, and "${name}" takes it out; remove it here, or switch it off`,
        ),
      )
    }
  }
  const rows = ruleset.labels.sets.some((set) => set.allow.length > 0)
  if (rows && !on.has('messages') && !on.has('rooms')) {
    problems.push(
      yaml.problemOfKey(
        ['labels', 'sets'],
        'no stanza of the profile carries a label; switch messages or rooms on',
      ),
    )
  }
  return problems
}

/** Octets of a frame beside its stanza (GCXP, with an id of 8 octets), with room to spare. */
const FRAME_OCTETS = 64

/** Sizes ascend and hold the largest stanza; the rate is one that the slots can carry. */
function checkPacing({ pacing, limits }: RulesetSource, yaml: YamlSource): Problem[] {
  if (pacing === undefined) return []
  const problems: Problem[] = []
  for (const [index, size] of pacing.sizes.entries()) {
    const before = pacing.sizes[index - 1] ?? 0
    if (size <= before) {
      const message = `${size} does not come after ${before}; write the sizes in ascending order`
      problems.push(yaml.problem(['pacing', 'sizes', index], message))
    }
  }
  const needed = limits['stanza-octets'] + FRAME_OCTETS
  if (Math.max(...pacing.sizes) < needed) {
    const message = `no size holds a stanza of limits.stanza-octets; add one of at least ${needed}`
    problems.push(yaml.problem(['pacing', 'sizes'], message))
  }
  if (limits.rate * pacing.slot > 1000) {
    const most = Math.max(1, Math.floor(1000 / pacing.slot))
    const message = `slots of ${pacing.slot} ms carry no ${limits.rate} stanzas a second; lower limits.rate to ${most}, or the slot`
    problems.push(yaml.problem(['pacing', 'slot'], message))
  }
  return problems
}

/** The validity in seconds, each date a real one and both in their order. */
function validityOf(
  { validity: stated }: RulesetSource,
  yaml: YamlSource,
): Readonly<{ validity?: Validity; problems: readonly Problem[] }> {
  if (stated === undefined) return { problems: [] }
  const problems: Problem[] = []
  const second = (key: 'not-before' | 'not-after'): number | undefined => {
    const date = stated[key]
    const parsed = date === undefined ? undefined : parseDate(date)
    if (date !== undefined && parsed === undefined)
      problems.push(
        yaml.problem(['validity', key], `${date} is no date; write one such as 2026-12-01T00:00:00Z`),
      )
    return parsed
  }
  const notBefore = second('not-before')
  const notAfter = second('not-after')
  if (notBefore !== undefined && notAfter !== undefined && notAfter <= notBefore) {
    problems.push(yaml.problem(['validity', 'not-after'], 'the end is not after the beginning; correct one'))
  }
  const validity = {
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(stated.replaces === undefined ? {} : { replaces: stated.replaces }),
  }
  return { validity, problems }
}

/** Every YAML and XML file in the directory is read: a file that is not might be thought to have an effect. */
function checkFiles(ruleset: RulesetSource, sources: Sources): Problem[] {
  const used = new Set([MAIN_FILE, EXAMPLES_FILE])
  for (const set of ruleset.labels.sets) {
    used.add(set.policy)
    if (set.target !== undefined) used.add(set.target)
  }
  return [...sources.keys()]
    .filter((file) => !used.has(file))
    .map((file) => ({
      file,
      line: 1,
      column: 1,
      message: `${MAIN_FILE} does not use this file; name it there or move it away`,
    }))
}

function profileChoice(ruleset: RulesetSource): ProfileChoice {
  const { limits } = ruleset
  return {
    on: switchedOn(ruleset),
    unlabelled: new Set(ruleset.unlabelled),
    limits: {
      body: limits['body-characters'],
      subject: limits['subject-characters'],
      thread: limits['thread-characters'],
      id: limits['id-characters'],
      local: limits['local-characters'],
      resource: limits['resource-characters'],
      items: limits['discovery-items'],
    },
    identifiers: ruleset.identifiers,
    languages: ruleset.languages,
  }
}

/** The switches that are on: those written, and those of the preset that are not written. */
function switchedOn({ profile }: RulesetSource): Set<CatalogueName> {
  const preset: readonly CatalogueName[] = profile.preset === undefined ? [] : PRESETS[profile.preset]
  const names = Object.keys(CATALOGUE) as CatalogueName[]
  return new Set(names.filter((name) => profile[name] ?? preset.includes(name)))
}

function stripLists(ruleset: RulesetSource): Bundle['edge'] {
  const groups = Object.entries<StripGroup>(STRIP)
    .filter(([name]) => ruleset.edge.strip.includes(name as StripName))
    .map(([, group]) => group)
  return {
    strip: groups.flatMap((group) => group.elements ?? []),
    stripInside: groups.flatMap((group) => group.inside ?? []),
    stripAttributes: groups.flatMap((group) => group.attributes ?? []),
  }
}
