/**
 * examples.yaml: the author's example stanzas, put into the bundle with their labels written out, and judged by it.
 */
import type { Bundle, Example, LabelRow } from '../bundle/bundle.ts'
import { judgeExamples } from '../examples/judge.ts'
import { fill } from '../label/template.ts'
import { REASONS } from '../reasons.ts'
import { formatDate, parseDate } from '../text/date.ts'
import { parseNumber } from '../text/numbered.ts'
import { schemaChecker } from './checker.ts'
import type { Sources } from './directory.ts'
import schema from './examples.schema.json' with { type: 'json' }
import { listed, type Problem } from './problem.ts'
import { decodeSource } from './source.ts'
import { readYaml, type YamlSource } from './yaml.ts'

/** The file with the examples; a ruleset without it has none. */
export const EXAMPLES_FILE = 'examples.yaml'

type ExampleSource = Readonly<{
  name: string
  at?: string
  number?: string
  stanza: string
  label?: Readonly<{ row: string; form?: string; creation?: string; review?: string }>
  verdict: 'accepted' | 'refused'
  row?: string
  becomes?: string
  reason?: string
}>
type ExamplesSource = Readonly<{ at: string; examples: readonly ExampleSource[] }>

const checkExamples = schemaChecker<ExamplesSource>(schema, 'doc/ruleset.md')
const PLACE = '{label}'

/** The file as it was read; no `source` where a ruleset has no examples, or their form is wrong. */
export type ExamplesFile = Readonly<{
  yaml?: YamlSource
  source?: ExamplesSource
  problems: readonly Problem[]
}>

/** Reads the examples, without looking at the rules. */
export function readExamples(sources: Sources): ExamplesFile {
  const octets = sources.get(EXAMPLES_FILE)
  if (octets === undefined) return { problems: [] }
  const text = decodeSource(octets)
  if (text === undefined) {
    const message = 'not UTF-8, or a byte order mark; save the file as UTF-8'
    return { problems: [{ file: EXAMPLES_FILE, line: 1, column: 1, message }] }
  }
  const yaml = readYaml(EXAMPLES_FILE, text)
  if ('problems' in yaml) return yaml
  const source = checkExamples(yaml)
  return 'problems' in source ? { problems: source.problems } : { yaml, source, problems: [] }
}

/** The examples of a ruleset whose rules are those of `bundle`, or what is wrong with them, a differing verdict included. */
export function compileExamples(
  bundle: Bundle,
  { yaml, source }: ExamplesFile,
): Readonly<{ examples: readonly Example[] }> | Readonly<{ problems: readonly Problem[] }> {
  if (yaml === undefined || source === undefined) return { examples: [] }
  const problems: Problem[] = []
  const examples = source.examples.map((example, index) => {
    const wrong = (key: string, message: string): void => {
      problems.push(yaml.problem(['examples', index, ...(key === '' ? [] : [key])], message))
    }
    return exampleOf(example, source.at, bundle, wrong)
  })
  if (problems.length > 0) return { problems }
  return judged(bundle, examples as Example[], yaml)
}

function judged(
  bundle: Bundle,
  examples: readonly Example[],
  yaml: YamlSource,
): Readonly<{ examples: readonly Example[] }> | Readonly<{ problems: readonly Problem[] }> {
  const problems = judgeExamples(bundle, examples).flatMap(({ example, differs }, index) =>
    differs === undefined
      ? []
      : [
          yaml.problem(
            ['examples', index],
            `the example "${example.name}" fails: ${differs}; mend the rules or the example`,
          ),
        ],
  )
  return problems.length > 0 ? { problems } : { examples }
}

function exampleOf(
  source: ExampleSource,
  generalAt: string,
  bundle: Bundle,
  wrong: (key: string, message: string) => void,
): Example | undefined {
  const date = (text: string | undefined, key: string): number | undefined => {
    const second = text === undefined ? undefined : parseDate(text)
    if (text !== undefined && second === undefined)
      wrong(key, `${text} is no date; write such as 2026-11-22T10:00:00Z`)
    return second
  }
  const at = date(source.at ?? generalAt, 'at')
  const { number } = source
  if (number !== undefined && (parseNumber(number)?.count ?? 0) === 0)
    wrong('number', `${number} is the number of no frame; write such as 0.1`)
  const label = source.label
  for (const [key, text] of [
    ['creation', label?.creation],
    ['review', label?.review],
  ] as const) {
    if (date(text, 'label') === undefined && text !== undefined) wrong('label', `${key} is no date`)
  }
  const misplaced = source.verdict === 'accepted' ? (['reason'] as const) : (['row', 'becomes'] as const)
  for (const key of misplaced) {
    if (source[key] !== undefined) wrong(key, `"${key}" does not go with ${source.verdict}; remove it`)
  }
  if (source.reason !== undefined && !REASONS.some((reason) => reason === source.reason)) {
    wrong('reason', `"${source.reason}" is no reason; write one of ${REASONS.join(', ')}`)
  }
  let stanza = joinLines(source.stanza)
  const places = stanza.split(PLACE).length - 1
  if (label === undefined && places > 0) wrong('stanza', `{label} stands for no label; add label: { row: … }`)
  if (label !== undefined) {
    if (places === 0) wrong('label', 'the stanza has no {label}; write it where the label stands')
    const row = rowOf(bundle, label)
    if (row === undefined) {
      const names = listed([...new Set(bundle.labels.rows.map((r) => r.name))])
      wrong(
        'label',
        `no label "${label.row}" is accepted${label.form === undefined ? '' : ` as ${label.form}`}; there are ${names}`,
      )
    } else if (at !== undefined) {
      const creation = label.creation ?? formatDate(at)
      const spelling = fill(row.input.template, { creation, review: label.review ?? creation })
      stanza = stanza.replaceAll(PLACE, () => spelling ?? PLACE)
    }
  }
  if (at === undefined) return undefined
  const { name, row, becomes, reason } = source
  const judged = { name, at, ...(number === undefined ? {} : { number }), stanza }
  if (source.verdict === 'refused') {
    return { ...judged, verdict: 'refused', ...(reason === undefined ? {} : { reason }) }
  }
  return {
    ...judged,
    verdict: 'accepted',
    ...(row === undefined ? {} : { row }),
    ...(becomes === undefined ? {} : { becomes }),
  }
}

function rowOf(bundle: Bundle, { row, form }: NonNullable<ExampleSource['label']>): LabelRow | undefined {
  return bundle.labels.rows.find((r) => r.name === row && (form ?? r.input.form) === r.input.form)
}

/** A stanza of several lines, joined; one of a single line stands as it is. */
function joinLines(stanza: string): string {
  if (!stanza.includes('\n')) return stanza
  return stanza
    .split('\n')
    .map((line) => line.replace(/^[ \t]+/, '').replace(/[ \t]+$/, ''))
    .join('')
}
