/** The content rules against an oracle of regular expressions with \p{}, written from doc/formats.md §2 for this test. */
import t from 'tap'
import { findBadAddress } from '../../guard/verify/address.ts'
import { findBadContent } from '../../guard/verify/content.ts'
import { makeValue } from '../../guard/verify/value.ts'
import { random } from './random.ts'
import { RIGHT_TO_LEFT } from './scripts.ts'

const LAST = 0x10ffff
const isSurrogate = (point: number) => point >= 0xd800 && point <= 0xdfff
const pointsOf = (text: string) => Uint32Array.from(text, (character) => character.codePointAt(0)!)
const show = (text: string) => Array.from(text, (c) => c.codePointAt(0)!.toString(16)).join(' ')

const admits = (text: string, lines: boolean, ideographic = true) => {
  const points = pointsOf(text)
  return findBadContent(points, 0, points.length, { lines, ideographic }) < 0
}

const JOINING =
  /[\p{sc=Arabic}\p{sc=Syriac}\p{sc=Devanagari}\p{sc=Bengali}\p{sc=Gurmukhi}\p{sc=Gujarati}\p{sc=Oriya}\p{sc=Tamil}\p{sc=Telugu}\p{sc=Kannada}\p{sc=Malayalam}\p{sc=Sinhala}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Mongolian}]/u

/** Rules 1 to 7, each by itself, in the order of the page. */
function oracle(text: string, lines: boolean, ideographic = true): boolean {
  const characters = Array.from(text)
  for (const [index, character] of characters.entries()) {
    const before = characters[index - 1]
    const after = characters[index + 1]
    if (character === '\u200c' || character === '\u200d') {
      if (before === undefined || after === undefined) return false
      const scripted = joins(characters, index - 1) && joins(characters, index + 1)
      const pictured =
        character === '\u200d' &&
        (/\p{ExtPict}|\p{Emoji_Modifier}/u.test(before) || before === '\ufe0f') &&
        /\p{ExtPict}/u.test(after)
      if (!scripted && !pictured) return false
    } else if (character === '\ufe0f') {
      if (before === undefined || !/\p{Emoji}/u.test(before)) return false
    } else if (/\p{DI}|\u2800/u.test(character)) {
      return false
    } else if (!/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) {
      const blank = character === ' ' || (ideographic && character === '\u3000')
      if (!blank && !(lines && (character === '\n' || character === '\t'))) return false
    }
  }
  return marksAndScripts(text) && text.normalize('NFC') === text
}

function joins(characters: string[], index: number): boolean {
  const character = characters[index]!
  if (!/[\p{L}\p{M}]/u.test(character)) return false
  if (!/\p{M}/u.test(character) || !/\p{sc=Inherited}/u.test(character)) return JOINING.test(character)
  const base = characters.slice(0, index).findLast((one) => !/\p{sc=Inherited}/u.test(one))
  return base !== undefined && JOINING.test(base)
}

function marksAndScripts(text: string): boolean {
  if (/^\p{M}|\p{M}{5}/u.test(text)) return false
  return (text.match(/[\p{L}\p{M}]+/gu) ?? []).every(
    (run) => !(/\p{sc=Latin}/u.test(run) && /[\p{sc=Cyrillic}\p{sc=Greek}]/u.test(run)),
  )
}

function localOracle(text: string): boolean {
  if (text === '' || Buffer.byteLength(text) > 1023) return false
  for (const character of text) {
    const ascii = /^[!#-%(-.0-9;=?[-~]$/.test(character)
    const beyond =
      character > '\x7f' &&
      /^(?!\p{DI})[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]$/u.test(character) &&
      character.normalize('NFKC') === character &&
      character.toLowerCase() === character
    if (!ascii && !beyond) return false
  }
  if (RIGHT_TO_LEFT.test(text) && /[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}]/u.test(text)) return false
  if (/[\u0660-\u0669]/.test(text) && /[\u06f0-\u06f9]/.test(text)) return false
  return marksAndScripts(text) && text.normalize('NFC') === text
}

const domains = new Map([['d.example', undefined]])
const value = makeValue(5000)
value.plain = false
function admitsAddress(text: string): boolean {
  value.points.set(pointsOf(text))
  value.length = pointsOf(text).length
  return findBadAddress(value, domains, { local: 1023, resource: 1023 }) < 0
}

t.test('every code point in every neighbourhood that matters', async (t) => {
  const around: [string, string][] = [
    ['', ''],
    ['a', 'a'],
    ['α', ''],
    ['я', ''],
    ['ب', '\u200dب'],
    ['क', '\u200cक'],
    ['ب\u200c', ''],
    ['👍\u200d', ''],
    ['', '\ufe0f'],
    ['a', '\u200d❤'],
    ['a', '\u0301'],
    ['x\u0323\u0323\u0323\u0323', ''],
  ]
  for (const [before, after] of around) {
    const wrong: string[] = []
    let admitted = 0
    for (let point = 0; point <= LAST; point += 1) {
      if (isSurrogate(point)) continue
      // The large blocks in which all are alike: every 97th.
      if (before !== '' && ((point > 0x3500 && point < 0xa000) || point > 0x1fc00) && point % 97 !== 0)
        continue
      const text = before + String.fromCodePoint(point) + after
      const expected = oracle(text, true)
      if (expected) admitted += 1
      if (admits(text, true) !== expected) wrong.push(show(text))
    }
    t.same(wrong.slice(0, 5), [], show(before + '·' + after))
    t.ok(admitted > 0)
  }
})

t.test('every code point in a local part', async (t) => {
  for (const before of ['a', '\u05d0', '\u0661']) {
    const wrong: string[] = []
    let admitted = 0
    for (let point = 0; point <= LAST; point += 1) {
      if (isSurrogate(point)) continue
      const local = before + String.fromCodePoint(point)
      // A slash or an at sign ends the local part, so it must be the domain then that is wrong.
      const expected = localOracle(local)
      if (expected) admitted += 1
      if (admitsAddress(`${local}@d.example`) !== expected) wrong.push(show(local))
    }
    t.same(wrong.slice(0, 10), [], `behind ${show(before)}`)
    t.ok(admitted > 100_000)
  }
})

t.test('random texts of what the rules tell apart', async (t) => {
  const alphabet = [
    ...'a é ß Z α Ω я ё ب ت क ष ക ක က ᠠ 가 中 3 # ! - © ❤ 👍 🏽 👩 🇩 ⌚',
    ...'\u200c\u200d\u200c\u200d\ufe0f\ufe0f\u3000\n\t\r \u00a0\u0301\u0323\u0951\u094d\u093c\u064b\u0670\u0483\u0345\u20e3\u034f\u202e\u2066\ufeff\ue000\u0378\u115f\u17b4\u180b\u{e0100}\u{e0061}\u1100\u1161\u2028\u0000\u007f\u0085',
  ]
  const { below, pick } = random(2)
  const wrong: string[] = []
  const counts = { admitted: 0, refused: 0 }
  for (let n = 0; n < 60_000; n += 1) {
    const text = Array.from({ length: 1 + below(7) }, () => pick(alphabet)).join('')
    const lines = n % 2 === 0
    const ideographic = n % 3 === 0
    const expected = oracle(text, lines, ideographic)
    counts[expected ? 'admitted' : 'refused'] += 1
    if (admits(text, lines, ideographic) !== expected) wrong.push(show(text))
    const address = `${text}@d.example/${text}`
    const expectedAddress = localOracle(text) && oracle(text, false, false)
    if (admitsAddress(address) !== expectedAddress) wrong.push(show(address))
  }
  t.same(wrong.slice(0, 10), [])
  t.ok(counts.admitted > 3000 && counts.refused > 3000, JSON.stringify(counts))
})

t.test('what people write', async (t) => {
  for (const text of [
    'Grüße aus Köln – „bis morgen“',
    'Привет, как дела?',
    'Καλημέρα κόσμε',
    'می‌خواهم', // Persian with U+200C
    'क्‍ष हिन्दी',
    'ശ്രീ‍',
    '👩‍❤️‍👨 👩🏽‍🚒 🏳️‍🌈 1️⃣ ☎️',
    '한국어 조합',
    '日本語　テキスト',
    'ภาษาไทยน้ำ',
    'Tiếng Việt',
    'x² ≤ ½ € 5 %',
  ]) {
    t.equal(admits(text, false), oracle(text, false), text)
    if (!text.endsWith('\u200d')) t.ok(admits(text, false), text)
  }
})

t.test('long texts take linear time', async (t) => {
  const units = ['ب\u200d', 'क\u0951\u200d', '\u200da', 'a\u0323\u0301', '가', '👩\u200d', 'e\u0301\u0323']
  for (const unit of units) {
    const points = pointsOf(unit.repeat(Math.ceil(200_000 / unit.length)))
    const started = process.cpuUsage()
    findBadContent(points, 0, points.length, { lines: true, ideographic: true })
    // Quadratic time would be minutes of this processor's time, whatever else the machine does.
    const ms = process.cpuUsage(started).user / 1000
    t.ok(ms < 5_000, show(unit))
  }
})
