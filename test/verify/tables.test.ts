/** The Unicode tables against their source and against the runtime, which `verify` itself never asks. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { isNfc } from '../../guard/verify/nfc.ts'
import { REASONS } from '../../guard/verify/reasons.ts'
import { Flag, UNICODE } from '../../guard/verify/tables/unicode.ts'
import { flagsOf } from '../../guard/verify/unicode.ts'
import { REASONS as RULES_REASONS } from '../../rules/reasons.ts'
import { makeTables } from '../../scripts/unicode.ts'
import { makeScriptTables } from '../../scripts/unicode-scripts.ts'
import { random } from './random.ts'
import { RIGHT_TO_LEFT } from './scripts.ts'

const LAST = 0x10ffff
const isSurrogate = (point: number) => point >= 0xd800 && point <= 0xdfff

t.test('the tables are what the generator makes', async (t) => {
  const url = new URL('../../guard/verify/tables/unicode.ts', import.meta.url)
  t.equal(readFileSync(url, 'utf8'), await makeTables())
  t.equal(UNICODE, process.versions.unicode)
})

t.test('so are the tables of scripts and categories', async (t) => {
  const url = new URL('../../guard/verify/tables/scripts.ts', import.meta.url)
  t.equal(readFileSync(url, 'utf8'), await makeScriptTables())
})

t.test('the reasons are those of rules/reasons', async (t) => {
  t.same(REASONS, RULES_REASONS)
})

t.test('every flag of every code point is what the runtime says', async (t) => {
  const joining =
    /^[\p{sc=Arabic}\p{sc=Syriac}\p{sc=Devanagari}\p{sc=Bengali}\p{sc=Gurmukhi}\p{sc=Gujarati}\p{sc=Oriya}\p{sc=Tamil}\p{sc=Telugu}\p{sc=Kannada}\p{sc=Malayalam}\p{sc=Sinhala}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Mongolian}]$/u
  const expected: [string, number, (text: string, point: number) => boolean][] = [
    ['GRAPHIC', Flag.GRAPHIC, (text) => /^(?!\p{DI}|\u2800)[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(text)],
    ['MARK', Flag.MARK, (text) => /^\p{M}$/u.test(text)],
    ['WORD', Flag.WORD, (text) => /^[\p{L}\p{M}]$/u.test(text)],
    ['JOINING', Flag.JOINING, (text) => joining.test(text)],
    ['INHERITED', Flag.INHERITED, (text) => /^\p{sc=Inherited}$/u.test(text)],
    ['LATIN', Flag.LATIN, (text) => /^\p{sc=Latin}$/u.test(text)],
    ['CYRILLIC_GREEK', Flag.CYRILLIC_GREEK, (text) => /^[\p{sc=Cyrillic}\p{sc=Greek}]$/u.test(text)],
    ['RIGHT_TO_LEFT', Flag.RIGHT_TO_LEFT, (text) => RIGHT_TO_LEFT.test(text)],
    ['EMOJI', Flag.EMOJI, (text) => /^\p{Emoji}$/u.test(text)],
    ['MODIFIER', Flag.MODIFIER, (text) => /^\p{Emoji_Modifier}$/u.test(text)],
    ['PICTOGRAPHIC', Flag.PICTOGRAPHIC, (text) => /^\p{ExtPict}$/u.test(text)],
    [
      'LOCAL',
      Flag.LOCAL,
      (text, point) =>
        point > 0x7f &&
        /^(?!\p{DI})[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]$/u.test(text) &&
        text.normalize('NFKC') === text &&
        text.toLowerCase() === text,
    ],
  ]
  for (const [name, flag, oracle] of expected) {
    const wrong: string[] = []
    for (let point = 0; point <= LAST; point += 1) {
      if (isSurrogate(point)) continue
      const has = (flagsOf[point]! & flag) !== 0
      if (has !== oracle(String.fromCodePoint(point), point)) wrong.push(point.toString(16))
    }
    t.same(wrong.slice(0, 10), [], name)
  }
  t.ok((flagsOf[0x200c]! & Flag.INHERITED) !== 0 && (flagsOf[0x200d]! & Flag.INHERITED) !== 0)
})

const nfc = (points: readonly number[]) => isNfc(Uint32Array.from(points), 0, points.length)
const nfcOracle = (points: readonly number[]) => {
  const text = String.fromCodePoint(...points)
  return text.normalize('NFC') === text
}

t.test('NFC of each code point alone, decomposed, and after a letter', async (t) => {
  const wrong: string[] = []
  let checked = 0
  for (let point = 0; point <= LAST; point += 1) {
    if (isSurrogate(point)) continue
    const text = String.fromCodePoint(point)
    const candidates = [[point], [0x61, point]]
    if (text.normalize('NFD') !== text)
      candidates.push(Array.from(text.normalize('NFD'), (c) => c.codePointAt(0)!))
    for (const points of candidates) {
      checked += 1
      if (nfc(points) !== nfcOracle(points)) wrong.push(points.map((p) => p.toString(16)).join('+'))
    }
  }
  t.same(wrong.slice(0, 10), [])
  t.ok(checked > 2_200_000)
})

t.test('NFC of random strings of what normalisation touches', async (t) => {
  // Everything that is decomposed, composed or reordered, and Hangul jamo and syllables.
  const touched: number[] = [0x61, 0x20, 0xac00, 0xac01, 0x1100, 0x1161, 0x11a7, 0x11a8, 0x1175, 0x11c2]
  for (let point = 0xa0; point <= LAST; point += 1) {
    if (isSurrogate(point) || (point >= 0xac00 && point <= 0xd7a3)) continue
    const text = String.fromCodePoint(point)
    if (/^\p{M}$/u.test(text) || text.normalize('NFD') !== text) touched.push(point)
  }
  const { below } = random(1)
  const wrong: string[] = []
  let normal = 0
  const ask = (points: number[]) => {
    const expected = nfcOracle(points)
    if (expected) normal += 1
    if (nfc(points) !== expected) wrong.push(points.map((p) => p.toString(16)).join('+'))
  }
  for (let n = 0; n < 100_000; n += 1) {
    const points = Array.from({ length: 1 + below(6) }, () => touched[below(touched.length)]!)
    ask(points)
    // Its own NFC must be found normal, and one exchange in that is the hardest case.
    const composed = Array.from(String.fromCodePoint(...points).normalize('NFC'), (c) => c.codePointAt(0)!)
    ask(composed)
    if (composed.length > 1) {
      const at = below(composed.length - 1)
      ask(composed.toSpliced(at, 2, composed[at + 1]!, composed[at]!))
    }
  }
  t.same(wrong.slice(0, 10), [])
  t.ok(normal > 100_000)
})
