/** What a ruleset takes away from the content rules of texts. */
import type { ContentChoice, StanzaForm } from '../bundle/bundle.ts'
import { tokensOf } from '../text/narrow.ts'
import type { Problem } from './problem.ts'
import type { RulesetSource } from './schema.ts'
import type { YamlSource } from './yaml.ts'

const LINK_NS = 'jabber:x:oob'

/** As the bundle has it; undefined when nothing is taken away. */
export function contentOf({ content }: RulesetSource): ContentChoice | undefined {
  if (content === undefined) return undefined
  const { categories, scripts, marks, words, joiners, links } = content
  const choice: ContentChoice = {
    ...(categories === undefined ? {} : { categories: [...categories].sort() }),
    ...(scripts === undefined ? {} : { scripts: [...scripts].sort() }),
    ...(joiners === 'refuse' ? { joiners: false } : {}),
    ...(marks === undefined ? {} : { marks }),
    ...(content['mixed-words'] === 'refuse' ? { mixedWords: false } : {}),
    ...(links === 'refuse' ? { links: false } : {}),
    ...(words === undefined ? {} : { words: words.flatMap(tokensOf).sort() }),
  }
  return Object.keys(choice).length === 0 ? undefined : choice
}

/** Each word is one, and once; what is refused is not let through elsewhere. */
export function checkContent(
  { content }: RulesetSource,
  yaml: YamlSource,
  forms: readonly StanzaForm[],
): Problem[] {
  if (content === undefined) return []
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  for (const [index, word] of (content.words ?? []).entries()) {
    const [token, another] = tokensOf(word)
    const wrong = (message: string): void => {
      problems.push(yaml.problem(['content', 'words', index], message))
    }
    if (token === undefined || another !== undefined || token.length !== word.length) {
      wrong(`"${word}" is not one word of letters, marks and numbers; write each word by itself`)
    } else if (word.normalize('NFC') !== word) {
      wrong(`"${word}" is not in Normalization Form C, so it never stands in a text; write it composed`)
    } else if (seen.has(token)) wrong(`"${word}" is "${seen.get(token)}" again; ASCII capitals do not count`)
    if (token !== undefined) seen.set(token, word)
  }
  const hasLinks = forms.some(({ slots }) =>
    slots.some((slot) => slot.type === 'elements' && slot.of.some(({ ns }) => ns === LINK_NS)),
  )
  if (content.links === 'refuse' && hasLinks) {
    const message = 'links are refused in texts, but the profile has "links" on; allow them, or switch it off'
    problems.push(yaml.problem(['content', 'links'], message))
  }
  return problems
}
