import fc from 'fast-check'
import t from 'tap'
import { checkResource, checkText } from '../../rules/text/content.ts'

const LINES = { max: 1000, lines: true }
const LINE = { max: 1000, lines: false }

const show = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`)

t.test('what people write crosses', async (t) => {
  const texts = {
    English: 'Hello, "world" & <all>',
    German: 'Straße, Ärger, ½ €',
    French: 'l’été — déjà vu…',
    Vietnamese: 'Tiếng Việt',
    Polish: 'Zażółć gęślą jaźń',
    Russian: 'Привет, мир',
    Greek: 'Καλημέρα',
    'Russian and Latin words': 'Файл README готов',
    Arabic: 'مرحبا بالعالم',
    'Persian with a non-joiner': 'می\u200cخواهم',
    'Hindi with a joiner': 'क्\u200dष',
    'Sinhala with a joiner': 'ශ්\u200dරී',
    'Bengali with a non-joiner': 'র্\u200cয',
    'Arabic with a joiner behind an inherited mark': 'ب\u064e\u200dب',
    Hebrew: 'שָׁלוֹם',
    Thai: 'สวัสดีที่นี่',
    Chinese: '你好，世界',
    Japanese: 'こんにちは　ﾊﾟｲ',
    Korean: '안녕하세요',
    Mongolian: 'ᠮᠣᠩᠭᠣᠯ',
    emoji: '👍 😀 ❤️ ☎️',
    'a skin tone': '👍🏽',
    'a joined emoji': '👩‍💻',
    'a joined emoji with a skin tone': '👩🏽‍💻',
    'a family': '👨‍👩‍👧‍👦',
    'a heart on fire': '❤️‍🔥',
    'a flag': '🇨🇭',
    'a keycap': '1️⃣',
    'four marks': 'a\u0316\u0317\u0318\u0319',
    mathematics: '∀x∈ℝ: √x² = |x|',
    'Latin and numbers': 'ⅷ №5 x₂',
  }
  for (const [name, text] of Object.entries(texts)) t.ok(checkText(text, LINE), name)
})

t.test('what cannot be seen, or deceives, does not', async (t) => {
  const texts: Record<string, string> = {
    nothing: '',
    NUL: '\0',
    'a control': 'a\x07',
    DEL: '\x7f',
    'a C1 control': '\x85',
    'a carriage return': 'a\r\n',
    'a no-break space': 'a\u00a0b',
    'an en space': 'a\u2002b',
    'a thin no-break space': 'a\u202fb',
    'an ogham space': '\u1680',
    'a line separator': 'a\u2028b',
    'a paragraph separator': 'a\u2029b',
    'a zero width space': 'a\u200bb',
    'a byte order mark': '\ufeffa',
    'a word joiner': 'a\u2060b',
    'a soft hyphen': 'a\u00adb',
    'a joiner in Latin': 'a\u200db',
    'a non-joiner in Latin': 'a\u200cb',
    'a joiner at the beginning': '\u200dक',
    'a joiner at the end': 'क्\u200d',
    'a joiner before a blank': 'क्\u200d ',
    'a joiner before a digit': 'क्\u200d५',
    'a joiner behind a digit': '५\u200dक',
    'two joiners': 'क्\u200d\u200dष',
    'a non-joiner in emoji': '👩\u200c💻',
    'a joiner before no emoji': '👩\u200da',
    'a joiner behind no emoji': 'a\u200d💻',
    'a joiner in Hebrew': 'ש\u200dל',
    'a joiner between a Latin mark and Arabic': 'a\u064e\u200dب',
    'a joiner from Arabic to Latin': 'ب\u200da',
    'a variation selector behind a letter': 'a\ufe0f',
    'two variation selectors': '❤\ufe0f\ufe0f',
    'a text variation selector': '❤\ufe0e',
    'a variation selector of ideographs': '葛\u{e0100}',
    'a Mongolian variation selector': 'ᠮ\u180b',
    'a Mongolian vowel separator': 'ᠮ\u180eᠣ',
    'a tag': '🏴\u{e0067}\u{e007f}',
    'an override': 'a\u202eb',
    'an embedding': '\u202ba\u202c',
    'an isolate': '\u2067a\u2069',
    'a mark of direction': 'a\u200eb',
    'an Arabic letter mark': 'a\u061cb',
    'a grapheme joiner': 'a\u034fb',
    'a Hangul filler': '\u3164',
    'a half width Hangul filler': '\uffa0',
    'a Khmer inherent vowel': 'ក\u17b4',
    'a shorthand control': '\u{1bca0}',
    'a musical control': '\u{1d173}',
    'an interlinear annotation': '\ufff9a\ufffb',
    'an object replacement that is a format': '\u2065',
    'private use': '\ue000',
    'private use beyond': '\u{10fffd}',
    'a noncharacter': '\ufdd0',
    'a noncharacter beyond': '\u{1ffff}',
    'an unassigned code point': '\u0378',
    'a lone high surrogate': 'a\ud83d',
    'a lone low surrogate': '\ude00a',
    'a mark at the beginning': '\u0301a',
    'five marks': 'a\u0316\u0317\u0318\u0319\u031a',
    'a variation selector and four marks': '❤\ufe0f\u0316\u0317\u0318\u0319',
    'another normal form': 'e\u0301',
    'a compatibility ideograph': '\uf900',
    'the Ångström sign': '\u212b',
    'marks in another order': 'a\u0301\u0316',
    'a Cyrillic letter in a Latin word': 'p\u0430ypal',
    'a Greek letter in a Latin word': '\u03bfrder',
    'a Latin letter in a Cyrillic word': 'Привeт',
    'a Latin letter behind a mark': 'д\u0316a',
  }
  for (const [name, text] of Object.entries(texts)) t.notOk(checkText(text, LINES), `${name}: ${show(text)}`)
})

t.test('line ends and tabs only in lines', async (t) => {
  t.ok(checkText('a\n\tb', LINES))
  t.notOk(checkText('a\nb', LINE))
  t.notOk(checkText('a\tb', LINE))
  t.ok(checkText('é\n\tb', LINES))
  t.notOk(checkText('é\nb', LINE))
})

t.test('lengths are code points', async (t) => {
  t.ok(checkText('aaaa', { max: 4, lines: false }))
  t.notOk(checkText('aaaaa', { max: 4, lines: false }))
  t.ok(checkText('😀😀😀😀', { max: 4, lines: false }))
  t.notOk(checkText('😀😀😀😀😀', { max: 4, lines: false }))
  t.notOk(checkText('ääääa', { max: 4, lines: false }))
})

t.test('a resource', async (t) => {
  for (const good of ['desk', 'Jürgen & Co', 'a/b@c', 'x'.repeat(1023), 'é'.repeat(511)])
    t.ok(checkResource(good, 1023), good.slice(0, 20))
  for (const bad of ['', 'a\nb', 'a\tb', 'a\u3000b', 'é\n', 'x'.repeat(1024), 'é'.repeat(512), 'a\u00a0b']) {
    t.notOk(checkResource(bad, 1023), show(bad).slice(0, 20))
  }
  for (const good of ['desk', 'Büro', '😀😀😀😀']) t.ok(checkResource(good, 4), good)
  for (const bad of ['desk1', 'Büro1', '😀😀😀😀😀']) t.notOk(checkResource(bad, 4), bad)
})

t.test('every code point by itself: the rules as they are written, one regular expression', async (t) => {
  const visible = /^[\p{L}\p{N}\p{P}\p{S}\u0020\u3000]$/u // a mark may not be the first
  const ignorable = /^[\p{Default_Ignorable_Code_Point}\u2800]$/u
  const wrong: string[] = []
  for (let point = 0; point <= 0x10ffff; point++) {
    if (point === 0xd800) point = 0xe000
    const text = String.fromCodePoint(point)
    const wanted = visible.test(text) && !ignorable.test(text) && text.normalize('NFC') === text
    if (checkText(text, LINE) !== wanted) wrong.push(point.toString(16))
  }
  t.same(wrong, [])
})

t.test('what passes stays within the rules, whatever is put together', async (t) => {
  const pieces = [
    'a',
    'д',
    'α',
    'ب',
    'क',
    '्',
    '\u0301',
    '\u064e',
    '\u200c',
    '\u200d',
    '\ufe0f',
    '❤',
    '💻',
    '🏽',
    '1',
    ' ',
    '\u0345',
    'é',
  ]
  let passed = 0
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 7 }), (parts) => {
      const text = parts.join('')
      if (!checkText(text, LINE)) return
      passed++
      if (/^\p{M}|\p{M}{5}/u.test(text)) throw new Error('marks')
      if (/(?<!\p{Emoji})\ufe0f/u.test(text)) throw new Error('a selector without emoji')
      if (/(?<![\p{L}\p{M}])\u200c|\u200c(?![\p{L}\p{M}])/u.test(text))
        throw new Error('a non-joiner outside of a word')
      if (/[a\u00e9]\p{M}*[дα]|[дα]\p{M}*[a\u00e9]/u.test(text)) throw new Error('mixed scripts')
      if (/[\u200c\u200d]{2}|[\u200c\u200d]$/.test(text)) throw new Error('joiners without something to join')
      if (text.normalize('NFC') !== text) throw new Error('not in NFC')
    }),
    { numRuns: 20_000 },
  )
  t.ok(passed > 1000, `${passed} passed`)
})
