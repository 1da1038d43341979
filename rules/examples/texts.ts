/**
 * Texts by what content rules say of them: samples that two choices of content both admit, and texts that only one of both does.
 */
import type { ContentChoice } from '../bundle/bundle.ts'
import { checkText } from '../text/content.ts'
import { CATEGORIES, SCRIPTS } from '../text/names.ts'
import { createNarrowing, type Narrowing } from '../text/narrow.ts'
import { LETTER, MARK, properties, VISIBLE } from '../text/points.ts'

/** Words of several scripts in several cases; the last ones any choice of scripts admits, the very last any choice at all. */
const SAMPLES = [
  ...[
    'Hello',
    'HELLO',
    'hello',
    'Report',
    'report',
    'x',
    'X',
    'Привет',
    'привет',
    'ПРИВЕТ',
    'д',
    'γεια',
    'ΓΕΙΑ',
    'γ',
  ],
  ...[
    'سلام',
    'س',
    'שלום',
    'ש',
    'नमन',
    'न',
    'สวย',
    'ส',
    '你好',
    '你',
    '안녕',
    '안',
    'かな',
    'か',
    'カナ',
    'カ',
  ],
  ...['გზა', 'გ', 'բառ', 'բ', 'ሰላም', 'ሰ', '7', '.', '-', '+', '€', ' '],
]

/** What a text is filled up with, and what takes most octets in a stanza for each code point: first choice first. */
const FILLERS = ['x', 'X', 'д', 'Д', 'س', 'ש', 'न', '你', '안', '7', '.', '-', '+', '€', ' ']
const LARGE = ['&', '<', '😀', '你', 'न', 'д', 'x', 'X', '.', '7', ' ']

/** Texts that content rules admit, of at most so many code points. */
export type Texts = Readonly<{
  sample(most: number): string
  /** Exactly so many code points, all the same. */
  filled(count: number): string
  /** The same, of code points that take many octets. */
  large(count: number): string
}>

/** Texts that `own` admits, and `other` as well where that can be. */
export function textsOf(own: ContentChoice | undefined, other = own): Texts {
  const [admits, both] = [createNarrowing(own), allOf(createNarrowing(own), createNarrowing(other))]
  const first = (texts: readonly string[]): string => texts.find(both) ?? texts.find(admits) ?? ' '
  const repeated = (points: readonly string[], count: number): string => {
    if (count === 0) return ''
    const least = Math.min(count, 3)
    return [...first(points.map((point) => point.repeat(least)))][0]!.repeat(count)
  }
  return {
    sample: (most) => first(SAMPLES.filter((text) => text.length <= most)),
    filled: (count) => repeated(FILLERS, count),
    large: (count) => repeated(LARGE, count),
  }
}

/**
 * For each member in which two choices differ and each way that can be shown: a text that `accepting` admits, and that member of
 * `refusing` refuses. The shortest that was found.
 */
export function tellingTexts(accepting: ContentChoice, refusing: ContentChoice): string[] {
  const admits = createNarrowing(accepting)
  const found: string[] = []
  for (const member of Object.keys(refusing) as (keyof ContentChoice)[]) {
    if (JSON.stringify(refusing[member]) === JSON.stringify(accepting[member])) continue
    const still = createNarrowing({ [member]: refusing[member] })
    const telling = candidates(member, refusing).find(
      (text) => !still(text) && admits(text) && checkText(text, { max: text.length, lines: false }),
    )
    if (telling !== undefined) found.push(telling)
  }
  return found
}

/** Which members of a choice refuse a text. */
export function refusingMembers(choice: ContentChoice, text: string): (keyof ContentChoice)[] {
  return (Object.keys(choice) as (keyof ContentChoice)[]).filter(
    (member) => !createNarrowing({ [member]: choice[member] })(text),
  )
}

function allOf(...checks: readonly Narrowing[]): Narrowing {
  return (text) => checks.every((check) => check(text))
}

/** Texts that a rule on that member may refuse; among them one for each way in which the other members may be narrow. */
function candidates(member: keyof ContentChoice, { words = [] }: ContentChoice): string[] {
  switch (member) {
    case 'words':
      return words.flatMap((word) => [word, word.toUpperCase(), ` ${word}`])
    case 'links':
      return [
        'www.example',
        '://',
        'a://b',
        'xmpp:a',
        'XMPP:A',
        'WWW.A',
        'data:a',
        'DATA:A',
        'mailto:a',
      ].flatMap((link) => [link, link.replace(/[a-z]$/i, '')])
    case 'joiners':
      return [
        ...['می‌خواهم', 'क्‍ष', '❤️', '👩‍💻'],
        ...points().letters.flatMap((letter) => [`${letter}\u200c${letter}`, `${letter}\u200d${letter}`]),
      ]
    case 'scripts':
    case 'categories':
      return [...points().letters, ...points().others, ...marked(1)]
    case 'marks':
      return [1, 2, 3, 4].flatMap(marked)
    case 'mixedWords': {
      const { letters } = points()
      return [...letters.flatMap((one) => letters.map((other) => one + other)), ...marked(1)]
    }
  }
}

/** Each letter under each mark, so many times. */
function marked(times: number): string[] {
  const { letters, marks } = points()
  return letters.flatMap((letter) => marks.map((mark) => letter + mark.repeat(times)))
}

type Points = Readonly<{ letters: readonly string[]; marks: readonly string[]; others: readonly string[] }>

let known: Points | undefined

/** Of each script and category one code point of the Basic Multilingual Plane that a text may hold. */
function points(): Points {
  if (known !== undefined) return known
  const found = { letters: [] as string[], marks: [] as string[], others: [] as string[] }
  const seen = new Set<string>()
  for (let point = 0x21; point <= 0xfffd; point++) {
    if (isLikeItsNeighbours(point)) continue
    const is = properties(point)
    const character = String.fromCodePoint(point)
    if ((is & VISIBLE) === 0 || !admitted(character, is)) continue
    const key = `${nameOf(CATEGORY_TESTS, character)} ${nameOf(SCRIPT_TESTS, character)}`
    if (seen.has(key)) continue
    seen.add(key)
    const list = (is & LETTER) !== 0 ? found.letters : (is & MARK) !== 0 ? found.marks : found.others
    list.push(character)
  }
  known = found
  return known
}

/** Ideographs and syllables of Hangul beyond the first of their blocks. */
function isLikeItsNeighbours(point: number): boolean {
  return (
    (point > 0x3400 && point < 0x4dc0) ||
    (point > 0x4e00 && point < 0xa000) ||
    (point > 0xac00 && point < 0xd7a4) ||
    (point >= 0xd800 && point < 0xf900)
  )
}

function admitted(character: string, is: number): boolean {
  const text = (is & MARK) !== 0 ? `x${character}` : character
  return checkText(text, { max: 2, lines: false })
}

type Test = readonly [name: string, test: RegExp]

const CATEGORY_TESTS = CATEGORIES.map(
  (name): Test => [name, new RegExp(`^\\p{General_Category=${name}}$`, 'u')],
)
const SCRIPT_TESTS = [...SCRIPTS, 'Common', 'Inherited'].map(
  (name): Test => [name, new RegExp(`^\\p{Script=${name}}$`, 'u')],
)

function nameOf(tests: readonly Test[], character: string): string {
  return tests.find(([, test]) => test.test(character))?.[0] ?? ''
}
