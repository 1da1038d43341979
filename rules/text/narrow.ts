/**
 * What a ruleset takes away from the content rules (doc/formats.md §2, "Narrower content"): scripts, categories, joiners, marks,
 * words of two scripts, links and listed words.
 *
 * It only ever refuses more. Each code point is looked up once and its answer kept; a text is walked once.
 */
import type { ContentChoice } from '../bundle/bundle.ts'
import { SCRIPTS } from './names.ts'
import { LETTER, MARK, properties } from './points.ts'

/** Whether a text, which the content rules admit, is still admitted. */
export type Narrowing = (value: string) => boolean

/** Beginnings of what programs make into a link; compared in small letters. */
const LINKS = ['://', 'data:', 'mailto:', 'www.', 'xmpp:']

const BLANKS = new Set([0x09, 0x0a, 0x20, 0x3000])
const JOINERS = new Set([0x200c, 0x200d])
const EMOJI_STYLE = 0xfe0f

/** Scripts that stand together in one word. */
const EAST_ASIAN = ['Bopomofo', 'Han', 'Hangul', 'Hiragana', 'Katakana']

const ANY_SCRIPT = /^[\p{Script=Common}\p{Script=Inherited}]$/u
const NUMBER = /^\p{N}$/u

export function createNarrowing(choice: ContentChoice | undefined): Narrowing {
  if (choice === undefined) return () => true
  const checks: Narrowing[] = []
  const { categories, scripts, joiners, marks, mixedWords, links, words } = choice
  if (categories !== undefined || scripts !== undefined || joiners === false)
    checks.push(eachPoint(pointCheck(choice)))
  if (marks !== undefined) checks.push((value) => longestRun(value) <= marks)
  if (mixedWords === false) checks.push(ofOneScript)
  if (links === false) {
    checks.push((value) => {
      const small = inSmallAscii(value)
      return !LINKS.some((link) => small.includes(link))
    })
  }
  if (words !== undefined) {
    const refused = new Set(words)
    checks.push((value) => !tokensOf(value).some((token) => refused.has(token)))
  }
  return (value) => checks.every((check) => check(value))
}

/** Runs of letters, marks and numbers, with ASCII capitals in small letters. */
export function tokensOf(value: string): string[] {
  const tokens: string[] = []
  let token = ''
  for (const character of value) {
    if ((properties(character.codePointAt(0)!) & (LETTER | MARK)) !== 0 || NUMBER.test(character))
      token += character
    else if (token !== '') {
      tokens.push(inSmallAscii(token))
      token = ''
    }
  }
  if (token !== '') tokens.push(inSmallAscii(token))
  return tokens
}

function inSmallAscii(value: string): string {
  return value.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** A check of each code point, its answers kept. */
function eachPoint(admits: (point: number) => boolean): Narrowing {
  const known = new Map<number, boolean>()
  return (value) => {
    for (const character of value) {
      const point = character.codePointAt(0)!
      let answer = known.get(point)
      if (answer === undefined) known.set(point, (answer = admits(point)))
      if (!answer) return false
    }
    return true
  }
}

function pointCheck({ categories, scripts, joiners }: ContentChoice): (point: number) => boolean {
  const category =
    categories === undefined ? undefined : oneOf(categories.map((name) => `\\p{General_Category=${name}}`))
  const script = scripts === undefined ? undefined : oneOf(scripts.map((name) => `\\p{Script=${name}}`))
  return (point) => {
    if (BLANKS.has(point)) return true
    if (JOINERS.has(point)) return joiners !== false
    if (joiners === false && point === EMOJI_STYLE) return false
    const character = String.fromCodePoint(point)
    if (category !== undefined && !category.test(character)) return false
    return script === undefined || script.test(character) || ANY_SCRIPT.test(character)
  }
}

function oneOf(classes: readonly string[]): RegExp {
  return new RegExp(classes.length === 0 ? '^(?!)$' : `^[${classes.join('')}]$`, 'u')
}

/** The longest run of marks. */
function longestRun(value: string): number {
  let longest = 0
  let run = 0
  for (const character of value) {
    run = (properties(character.codePointAt(0)!) & MARK) !== 0 ? run + 1 : 0
    if (run > longest) longest = run
  }
  return longest
}

/** Whether no run of letters and marks has two scripts; those of East Asia are one, Common and Inherited are none. */
function ofOneScript(value: string): boolean {
  let script = ''
  for (const character of value) {
    if ((properties(character.codePointAt(0)!) & (LETTER | MARK)) === 0) {
      script = ''
      continue
    }
    const own = scriptOf(character)
    if (own === '') continue
    if (script !== '' && script !== own) return false
    script = own
  }
  return true
}

const SCRIPT_TESTS = SCRIPTS.map(
  (name) =>
    [EAST_ASIAN.includes(name) ? 'East Asian' : name, new RegExp(`^\\p{Script=${name}}$`, 'u')] as const,
)
const scriptsSeen = new Map<string, string>()

/** A name of the script, the same for those of East Asia; '' for Common and Inherited, 'other' for what has no name here. */
function scriptOf(character: string): string {
  const known = scriptsSeen.get(character)
  if (known !== undefined) return known
  let script = 'other'
  if (ANY_SCRIPT.test(character)) script = ''
  else for (const [name, test] of SCRIPT_TESTS) if (test.test(character)) script = name
  scriptsSeen.set(character, script)
  return script
}
