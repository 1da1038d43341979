/** What a ruleset may take away beside its profile: users and rooms, pairs of domains, content of texts, pacing. */
import type { Bundle, ContentChoice, LabelRow, PairRule } from '../bundle/bundle.ts'
import { type Block, type Cell, code, heading, list, paragraph, table } from './page.ts'
import { formTitle, number } from './words.ts'

/** Users or rooms of a domain in words; '' where none are listed. */
export function localsWords({ locals, kind }: Bundle['from']['domains'][number]): string {
  if (locals === undefined) return ''
  return `only ${kind === 'im' ? 'the users' : 'the rooms'} ${locals.join(', ')} and the domain itself`
}

/** A default label in words. */
export function defaultWords(row: LabelRow | undefined): string {
  return row === undefined ? 'no label' : `${row.input.marking} (${row.input.form}, entry ${row.name})`
}

/** The forms of stanzas by name, in the words of the page. */
export function titlesOf(forms: Bundle['forms']): ReadonlyMap<string, string> {
  return new Map(forms.map((form) => [form.form, formTitle(form)]))
}

/** What a pair of domains exchanges, in words. */
export function pairWords({ forms, rate, burst }: PairRule, titles: ReadonlyMap<string, string>): string {
  const pace =
    rate === undefined || burst === undefined
      ? ''
      : `; at most ${number(rate)} a second, ${number(burst)} at once`
  return `${forms.map((form) => titles.get(form) ?? form).join('; ')}${pace}`
}

/** What is taken away from texts, a phrase each, by the member that says so. */
export function choiceWords(content: ContentChoice): ReadonlyMap<string, string> {
  const { scripts, categories, joiners, marks, mixedWords, links, words } = content
  const phrases = new Map<string, string>()
  if (scripts !== undefined) phrases.set('scripts', `Letters of these scripts only: ${scripts.join(', ')}.`)
  if (categories !== undefined)
    phrases.set('categories', `General categories of code points: ${categories.join(', ')}.`)
  if (joiners === false) phrases.set('joiners', 'No joiners and no emoji style (U+200C, U+200D, U+FE0F).')
  if (marks !== undefined) phrases.set('marks', `At most ${marks} combining marks in a row.`)
  if (mixedWords === false) phrases.set('mixedWords', 'No word with letters of two scripts.')
  if (links === false) phrases.set('links', 'No links: none of ://, www., mailto:, xmpp: and data:.')
  if (words !== undefined) phrases.set('words', `None of these words: ${words.join(', ')}.`)
  return phrases
}

/** The sections; of what a bundle does not say there is a sentence that it does not. */
export function choiceSections({ from, to, pairs, forms, content, pacing, edge, labels }: Bundle): Block[] {
  const defaults = edge.defaultLabels ?? []
  const listed = [...from.domains, ...to.domains].filter(({ locals }) => locals !== undefined)
  return [
    heading('Who may send to whom'),
    listed.length === 0
      ? paragraph('Every user and every room of the domains above.')
      : table(
          ['Domain', 'Who'],
          listed.map((domain): Cell[] => [code(domain.name), localsWords(domain)]),
        ),
    pairs === undefined
      ? paragraph(
          'Each domain of the sending side to each domain of the receiving side, in every form below.',
        )
      : table(
          ['From', 'To', 'Forms, and how many (more are delayed, not refused)'],
          pairs.map((pair): Cell[] => [code(pair.from), code(pair.to), pairWords(pair, titlesOf(forms))]),
        ),
    heading('What texts may hold'),
    paragraph(
      'In any case: visible characters of Unicode in Normalization Form C, at most four marks in a row, no word of Latin with Cyrillic or Greek letters.',
    ),
    content === undefined
      ? paragraph('Nothing more is taken away: every script, links, every word.')
      : list([...choiceWords(content).values()]),
    ...(defaults.length === 0
      ? []
      : [
          heading('Labels that the sending edge adds'),
          paragraph(
            'To what needs a label and has none. Here the edge speaks for a sender whose software knows no labels: the label says nothing of what was written.',
          ),
          table(
            ['From', 'Label'],
            defaults.map(({ from, row }): Cell[] => [code(from), defaultWords(labels.rows[row])]),
          ),
        ]),
    ...(pacing === undefined
      ? []
      : [
          heading('Pacing of the one-way link'),
          paragraph(
            `One frame is to leave every ${number(pacing.slotMilliseconds)} milliseconds, filled up to one of these sizes in octets: ${pacing.sizes.map(number).join(', ')}.`,
          ),
          paragraph(
            { warning: 'No program of this version keeps it.' },
            ' It is checked and shown, and counts for nothing in what is left of covert channels below.',
          ),
        ]),
  ]
}
