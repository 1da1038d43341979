/** The accepted labels as a reviewer sees them: what comes in, what goes out, what is lost on the way. */
import type { LabelRow, LabelWords, OutputTemplate } from '../bundle/bundle.ts'
import { isPair, singleForm } from '../label/pair.ts'
import { fill } from '../label/template.ts'
import { readWireLabel } from '../label/wire.ts'
import { refused } from '../reasons.ts'
import { parseStanza } from '../xml/parse.ts'
import {
  type Block,
  type Cell,
  code,
  heading,
  type Inline,
  type Line,
  paragraph,
  piecesOf,
  subheading,
  table,
  warning,
} from './page.ts'
import { andList, duration, labelFormName, number } from './words.ts'

const SOME_DATE = '2000-01-01T00:00:00Z'

/** The sections on labels. */
export function labelSections(rows: readonly LabelRow[]): Block[] {
  const labels = Map.groupBy(rows, labelKey)
  const losses = createLosses(rows)
  const pairs = [...labels.values()].filter(([row]) => isPair(row!.input.form)).length
  const counted = [`${number(labels.size - pairs)} labels`, ...(pairs > 0 ? [`${number(pairs)} pairs`] : [])]
  const released = new Set(rows.map(({ output }) => JSON.stringify(labelsOf(output))))
  return [
    heading('Labels that are accepted, and what is released'),
    paragraph(
      `${andList(counted)} are accepted, in ${number(rows.length)} spellings; ${number(released.size)} different ones are released. `,
      'A label that is not in this table refuses its stanza. Equality decides: there is no range and no “or lower”. Every marking is made ',
      'anew from the policy; markings and colours that come with a stanza are not believed.',
    ),
    ...(pairs > 0
      ? [
          paragraph(
            'A pair is two labels in one stanza that say the same under two policies, as a room of the sending side gives back what the ',
            'receiving side has said there. Both must be those of one line, in that order and with the same dates; any other two refuse ',
            'their stanza, whatever each is by itself.',
          ),
        ]
      : []),
    table(
      ['Entry', 'Accepted', 'Released', 'On the way'],
      [...labels.values()].map((same) => labelRow(same, losses)),
    ),
    subheading('The same labels as they are written in stanzas'),
    paragraph(
      'What the guard compares, octet for octet, read back from the templates of the bundle and not from the words above. Compare policy, ',
      'class and categories with the policy document.',
    ),
    table(
      ['Entry', 'Accepted form', 'Accepted value', 'Released value'],
      rows.map((row) => [
        row.name,
        labelFormName(row.input.form),
        writtenValue(row.input.template),
        writtenValue(row.output.template),
      ]),
    ),
  ]
}

/** Spellings of one label that become the same are one line. */
function labelKey({ name, input, output, discarded }: LabelRow): string {
  return JSON.stringify([name, labelsOf(input), output.form, labelsOf(output), discarded])
}

function labelRow(rows: readonly LabelRow[], losses: Losses): Cell[] {
  const { name, input, output } = rows[0]!
  return [
    name,
    { lines: [...labelLines(input, ', which decides'), formsLine(rows)] },
    {
      lines: [
        ...labelLines(output, hasMarking(output) ? ', whose marking is shown' : ''),
        labelFormName(output.form),
      ],
    },
    { lines: changes(rows, losses) },
  ]
}

type Side = LabelRow['input'] | LabelRow['output']
type Shown = Readonly<{ marking: string; words: LabelWords | undefined; own: boolean }>

/** The one label of a side of a row, or both in the order in which they stand. */
function labelsOf({ marking, words, beside }: Side): readonly Shown[] {
  const own = { marking, words, own: true }
  if (beside === undefined) return [own]
  const other = { marking: beside.marking, words: beside.words, own: false }
  return beside.place === 'first' ? [other, own] : [own, other]
}

/** Markings side by side, then each label in words; `role` is said of the one that a pair is there for. */
function labelLines(side: Side, role: string): Line[] {
  const [first, second] = labelsOf(side)
  if (second === undefined) return [markingOf(first!.marking, first!.words), wordsLine(first!.words)]
  const line = (place: string, { words, own }: Shown): Line => [
    `${place}${own ? role : ''}: `,
    ...piecesOf(wordsLine(words)),
  ]
  return [
    [markingOf(first!.marking, first!.words), ' and ', markingOf(second.marking, second.words)],
    line('first', first!),
    line('second', second),
  ]
}

/** A binding of STANAG 4778 has none. */
function hasMarking({ form }: Side): boolean {
  return singleForm(form) !== '4774-4778'
}

/** A side of a row in a few words. */
export function sideWords(side: Side): string {
  return labelsOf(side)
    .map(({ marking, words }) => `${marking} (${wordsLine(words)})`)
    .join(' and ')
}

function markingOf(marking: string, words: LabelWords | undefined): Inline {
  return {
    marking: marking === '' ? '(no marking)' : marking,
    fgcolor: words?.fgcolor ?? '#000000',
    bgcolor: words?.bgcolor ?? '#ffffff',
  }
}

/** A label in the words of its policy. */
function wordsLine(words: LabelWords | undefined): Line {
  if (words === undefined) return ''
  const categories = words.categories.map(({ tagSet, values }) => `${tagSet}: ${values.join(', ')}`)
  const mark = words.privacyMark === undefined ? [] : [`mark “${words.privacyMark}”`]
  return [`${words.policy} ${words.classification}`, ...categories, ...mark].join('; ')
}

function formsLine(rows: readonly LabelRow[]): string {
  return `as ${andList([...new Set(rows.map((row) => labelFormName(row.input.form)))])}`
}

/** What differs between the accepted and the released label, worst first. */
function changes(rows: readonly LabelRow[], losses: Losses): Line[] {
  const { input, output } = rows[0]!
  const lines: Line[] = losses(rows[0]!).map((loss) => [warning(loss)])
  if (output.beside?.place === 'first') {
    lines.push('the accepted label stays and what it becomes is added: the receiving side sees both')
  } else if (output.beside !== undefined) lines.push('both labels stay: the receiving side sees both')
  else if (input.beside !== undefined) lines.push('the label that decides is left out')
  const [before, after] = [input.words, output.words]
  const stays = output.beside !== undefined
  if (before !== undefined && after !== undefined && before.policy !== after.policy && !stays) {
    const title = ({ policy, classification }: LabelWords): string => `${policy} ${classification}`
    lines.push(`${title(before)} becomes ${title(after)}`)
  }
  lines.push(...new Set(rows.map((row) => dateWords(row.output.template))))
  return lines
}

/** What a label loses on the way, a phrase each, worst first. */
export type Losses = (row: LabelRow) => string[]

/** `rows` are all of the bundle: where two classes become one, the difference between them is lost. */
export function createLosses(rows: readonly LabelRow[]): Losses {
  const key = (before: LabelWords, after: LabelWords): string =>
    JSON.stringify([before.policy, after.policy, after.classification])
  const classes = new Map<string, Set<string>>()
  for (const { input, output } of rows) {
    if (input.words === undefined || output.words === undefined) continue
    const found = classes.get(key(input.words, output.words)) ?? new Set()
    classes.set(key(input.words, output.words), found.add(input.words.classification))
  }
  return ({ input, output, discarded = [] }) => {
    const losses = discarded.map((category) => `category dropped: ${category}`)
    const [before, after] = [input.words, output.words]
    if (before === undefined || after === undefined) return losses
    const { classification, policy } = before
    if (policy === after.policy && classification !== after.classification)
      losses.push(`class ${classification} becomes ${after.classification} in the same policy`)
    const others = [...(classes.get(key(before, after)) ?? [])].filter((one) => one !== classification)
    if (others.length > 0 && policy !== after.policy)
      losses.push(`class ${classification} becomes ${after.classification}, and so does ${andList(others)}`)
    const [had, has] = [valueCount(before), valueCount(after)]
    if (has < had) losses.push(`${had} category values become ${has}`)
    if (before.privacyMark !== undefined && after.privacyMark === undefined)
      losses.push(`privacy mark “${before.privacyMark}” dropped`)
    return losses
  }
}

function valueCount({ categories }: LabelWords): number {
  return categories.reduce((sum, { values }) => sum + values.length, 0)
}

/** Whence the dates of a released label come. */
export function dateWords(template: OutputTemplate): string {
  const holes = template.flatMap((part) => (typeof part === 'string' ? [] : [part]))
  if (holes.length === 0) return 'no dates'
  const words = holes.map((hole) => {
    if (hole.hole === 'now') return 'created when it crosses'
    if (hole.hole === 'now-plus') return `review ${duration(hole.seconds)} after it crosses`
    return `${hole.hole} date kept`
  })
  return [...new Set(words)].toSorted().join(', ')
}

/** The value of a template as the label format has it: names or numbers, not the words of the bundle. */
function writtenValue(template: OutputTemplate): Line {
  const spelling = fill(template, { creation: SOME_DATE, review: SOME_DATE, now: 946_684_800 }) ?? ''
  const octets = Buffer.from(`<message xmlns="jabber:server">${unmarked(spelling)}</message>`)
  const root = parseStanza(octets, { stanzaBytes: octets.length, depth: 64 })
  const node = refused(root) ? undefined : root.children[0]
  const label = node === undefined || typeof node === 'string' ? undefined : readWireLabel(node)
  if (label === undefined || refused(label)) return warning('cannot be read')
  const parts = JSON.parse(label.value) as unknown[]
  if (!isPair(label.form)) return code(compact(parts))
  const [first, second] = (parts as string[]).map((part) => code(compact(JSON.parse(part) as unknown[])))
  return [first!, ' and ', second!]
}

/** A released XEP-0258 label without its marking, which is no part of the value. */
function unmarked(spelling: string): string {
  return spelling.replace(/<displaymarking[^>]*>[^<]*<\/displaymarking>/, '')
}

/** The parts of a value that say something, without quotes and brackets. */
function compact(parts: readonly unknown[]): string {
  return parts
    .slice(1)
    .map((part) => plain(part))
    .filter((part) => part !== '')
    .join(' · ')
}

function plain(part: unknown): string {
  if (part === null || part === undefined) return ''
  if (typeof part === 'string') {
    const inner = /^[[{]/.test(part) ? safeParse(part) : undefined
    return inner === undefined ? part : plain(inner)
  }
  if (Array.isArray(part))
    return part
      .map(plain)
      .filter((one) => one !== '')
      .join(' ')
  if (typeof part === 'object')
    return Object.entries(part)
      .map(([key, value]) => `${key}=${plain(value)}`)
      .join(' ')
  return String(part)
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
