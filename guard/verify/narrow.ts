/**
 * What the bundle takes away from the content rules (doc/formats.md §2, "Narrower content"), from tables of our own.
 *
 * Code points are judged by one octet each: bit 7 says that the code point may not stand, the other bits are a number of its
 * script, 0 where it has none of its own.
 */
import { CATEGORIES, SCRIPTS } from './tables/scripts.ts'
import { Flag } from './tables/unicode.ts'
import { eachRange, flagsOf } from './unicode.ts'

export type Narrow = Readonly<{
  /** One octet for each code point, as above. */
  points: Uint8Array
  marks: number
  mixedWords: boolean
  links: boolean
  words: ReadonlySet<string>
}>

const REFUSED = 0x80
const SCRIPT = 0x7f
const OTHER_SCRIPT = 0x7f

/** Blanks have no script and no category that counts. */
const BLANKS = [0x09, 0x0a, 0x20, 0x3000]
const JOINERS = [0x200c, 0x200d]
const EMOJI_STYLE = 0xfe0f

const LINKS = ['://', 'data:', 'mailto:', 'www.', 'xmpp:'].map((link) =>
  Array.from(link, (character) => character.codePointAt(0)!),
)

/** What has no numbers of its own: Common and Inherited. */
const SHARED = ['Common', 'Inherited']
/** These stand together in one word, so they have one number. */
const TOGETHER = ['Bopomofo', 'Han', 'Hangul', 'Hiragana', 'Katakana']

/** The choice of a bundle, where an absent list is `undefined`. */
export type Choice = Readonly<{
  scripts: readonly string[] | undefined
  categories: readonly string[] | undefined
  joiners: boolean
  marks: number
  mixedWords: boolean
  links: boolean
  words: readonly string[]
}>

export const SCRIPT_NAMES: readonly string[] = Object.keys(SCRIPTS).filter((name) => !SHARED.includes(name))
export const CATEGORY_NAMES: readonly string[] = Object.keys(CATEGORIES)

export function makeNarrow(choice: Choice): Narrow {
  const points = new Uint8Array(0x110000).fill(
    choice.scripts === undefined ? OTHER_SCRIPT : OTHER_SCRIPT | REFUSED,
  )
  for (const name of SHARED) fill(points, SCRIPTS[name]!, 0)
  let number = 1
  for (const name of SCRIPT_NAMES) {
    const own = TOGETHER.includes(name) ? 1 : (number += 1)
    const left = choice.scripts === undefined || choice.scripts.includes(name)
    fill(points, SCRIPTS[name]!, left ? own : own | REFUSED)
  }
  if (choice.categories !== undefined) {
    const left = new Uint8Array(0x110000)
    for (const name of choice.categories) fill(left, CATEGORIES[name]!, 1)
    for (let point = 0; point < points.length; point += 1) if (left[point] === 0) points[point]! |= REFUSED
  }
  for (const point of [...BLANKS, ...JOINERS]) points[point]! &= ~REFUSED
  if (!choice.joiners) for (const point of [...JOINERS, EMOJI_STYLE]) points[point]! |= REFUSED
  const { marks, mixedWords, links, words } = choice
  return { points, marks, mixedWords, links, words: new Set(words) }
}

function fill(points: Uint8Array, ranges: string, value: number): void {
  eachRange(ranges, (first, last) => points.fill(value, first, last + 1))
}

/** Index of a code point, of the first `length` of a text, at which the text is not admitted; -1 when it is. */
export function findNarrowed(narrow: Narrow, points: Uint32Array, length: number): number {
  let marks = 0
  let script = 0
  for (let i = 0; i < length; i += 1) {
    const judged = narrow.points[points[i]!]!
    if ((judged & REFUSED) !== 0) return i
    const flags = flagsOf[points[i]!]!
    marks = (flags & Flag.MARK) !== 0 ? marks + 1 : 0
    if (marks > narrow.marks) return i
    if ((flags & Flag.WORD) === 0) script = 0
    else if ((judged & SCRIPT) !== 0) {
      if (script !== 0 && script !== (judged & SCRIPT) && !narrow.mixedWords) return i
      script = judged & SCRIPT
    }
    if (!narrow.links && LINKS.some((link) => standsAt(link, points, i, length))) return i
  }
  return narrow.words.size === 0 ? -1 : findWord(narrow.words, points, length)
}

function standsAt(link: readonly number[], points: Uint32Array, at: number, length: number): boolean {
  if (at + link.length > length) return false
  for (let i = 0; i < link.length; i += 1) if (small(points[at + i]!) !== link[i]) return false
  return true
}

/** Index at which a refused word begins: a whole run of letters, marks and numbers. */
function findWord(words: ReadonlySet<string>, points: Uint32Array, length: number): number {
  let start = -1
  let word = ''
  for (let i = 0; i <= length; i += 1) {
    const point = i < length ? points[i]! : 0x20
    if ((flagsOf[point]! & Flag.WORD) !== 0 || isNumber(point)) {
      if (start < 0) start = i
      word += String.fromCodePoint(small(point))
    } else {
      if (start >= 0 && words.has(word)) return start
      start = -1
      word = ''
    }
  }
  return -1
}

/** An ASCII capital as its small letter. */
function small(point: number): number {
  return point >= 0x41 && point <= 0x5a ? point + 0x20 : point
}

const numbers = new Uint8Array(0x110000)
for (const name of ['Nd', 'Nl', 'No']) fill(numbers, CATEGORIES[name]!, 1)

function isNumber(point: number): boolean {
  return numbers[point] === 1
}
