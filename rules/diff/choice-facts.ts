/** The facts of what a ruleset chose beside its profile: texts, default labels, rates of pairs, pacing. */
import type { Bundle, ContentChoice } from '../bundle/bundle.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import { choiceWords, defaultWords } from '../review/choices.ts'
import { duration, number } from '../review/words.ts'
import type { Fact } from './fact.ts'

/** Members of the content choice as people read them. */
const CONTENT: Readonly<Record<keyof ContentChoice, string>> = {
  scripts: 'scripts',
  categories: 'categories of code points',
  joiners: 'joiners',
  marks: 'combining marks in a row',
  mixedWords: 'words of two scripts',
  links: 'links',
  words: 'refused words',
}

export function choiceFacts({ pairs = [], content = {}, pacing, edge, labels }: Bundle): Fact[] {
  const paper = (name: string, where: string, what: string, meaning: unknown, value: string): Fact => ({
    kind: 'paper',
    name,
    where,
    what,
    meaning: canonicalJson(meaning),
    value,
  })
  const paced = pairs.filter(({ rate }) => rate !== undefined)
  return [
    ...contentFacts(content),
    ...(edge.defaultLabels ?? []).map(({ from, row, reviewAfter }): Fact => {
      const review = reviewAfter === undefined ? '' : `, review ${duration(reviewAfter)} later`
      return {
        kind: 'default',
        name: `default/${from}`,
        where: 'Sending edge',
        what: `label added to what has none, from ${from}`,
        meaning: canonicalJson([labels.rows[row]?.input.template ?? null, reviewAfter ?? null]),
        value: `${defaultWords(labels.rows[row])}${review}`,
      }
    }),
    ...paced.map(({ from, to, rate = 0, burst = 0 }) =>
      paper(
        `pace/${from}/${to}`,
        'Limits',
        `stanzas from ${from} to ${to}`,
        [rate, burst],
        `at most ${number(rate)} a second, ${number(burst)} at once`,
      ),
    ),
    ...(pacing === undefined
      ? []
      : [
          paper(
            'pacing',
            'Limits',
            'pacing of the one-way link',
            pacing,
            `a frame every ${number(pacing.slotMilliseconds)} ms, in sizes ${pacing.sizes.map(number).join(', ')}`,
          ),
        ]),
  ]
}

/** Each member in both bundles, so that what is not taken away is told as such. */
function contentFacts(content: ContentChoice): Fact[] {
  const words = choiceWords(content)
  return (Object.keys(CONTENT) as (keyof ContentChoice)[]).map((member): Fact => {
    const value = content[member]
    const listed = Array.isArray(value) ? (value as readonly string[]) : undefined
    return {
      kind: 'content',
      name: `content/${member}`,
      where: 'Texts',
      what: CONTENT[member],
      meaning: canonicalJson(value ?? null),
      value: words.get(member) ?? 'Nothing is taken away.',
      ...(listed === undefined
        ? {}
        : { values: listed, rest: member === 'words' ? 'refused' : 'only these' }),
    }
  })
}
