/**
 * Categories in words, as `--category` has them and `compose` shows them: "TAG SET=VALUE,VALUE", or "TAG SET::TAG=VALUE"
 * where a value stands in two tags. A backslash makes a plain character of `\`, `,`, `=` and `:`.
 */
import type { LabelNames } from '../../rules/label/bind.ts'
import { Unusable } from './unusable.ts'

type Category = NonNullable<LabelNames['categories']>[number]

/** The category that an option spells. */
export function readCategory(text: string): Category {
  const [head, ...rest] = split(text, '=')
  if (head === undefined || rest.length === 0 || plainly(head, text) === '')
    throw new Unusable(`not a category: --category "${text}"; write "TAG SET=VALUE,VALUE"`)
  const [tagSet, tag, more] = split(head, '::')
  if (more !== undefined || tagSet === undefined)
    throw new Unusable(`not a category: --category "${text}"; write "TAG SET::TAG=VALUE,VALUE"`)
  const values = split(rest.join('='), ',').map((value) => plainly(value, text))
  return {
    tagSet: plainly(tagSet, text),
    ...(tag === undefined ? {} : { tag: plainly(tag, text) }),
    values,
  }
}

/** The parts between dividers that no backslash stands before. */
function split(text: string, divider: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at += 1
    else if (text.startsWith(divider, at)) {
      parts.push(text.slice(start, at))
      start = at + divider.length
      at = start - 1
    }
  }
  return [...parts, text.slice(start)]
}

function plainly(part: string, whole: string): string {
  let out = ''
  for (let at = 0; at < part.length; at++) {
    if (part[at] !== '\\') out += part[at]
    else {
      at += 1
      if (part[at] === undefined || !'\\,=:'.includes(part[at]!))
        throw new Unusable(`a backslash before nothing special in --category "${whole}"; write \\\\ for one`)
      out += part[at]
    }
  }
  return out
}

/** A name so that `readCategory` reads it back. */
export function spell(name: string): string {
  return name.replaceAll(/[\\,=]|:(?=:)|:$/g, (character) => `\\${character}`)
}
