import fc from 'fast-check'
import t from 'tap'
import { normaliseJid, parseJid } from '../../rules/address/jid.ts'

t.test('canonical addresses', async (t) => {
  const cases: Record<string, [local: string, domain: string, resource: string]> = {
    'high.example': ['', 'high.example', ''],
    'alice@high.example': ['alice', 'high.example', ''],
    'alice@high.example/desk': ['alice', 'high.example', 'desk'],
    'high.example/desk': ['', 'high.example', 'desk'],
    'a@b.c/d@e/f': ['a', 'b.c', 'd@e/f'],
    'low.example/a@high.example': ['', 'low.example', 'a@high.example'],
    'jürgen@high.example': ['jürgen', 'high.example', ''],
    'straße@high.example': ['straße', 'high.example', ''],
    'σοφός@high.example': ['σοφός', 'high.example', ''],
    'ユーザー@high.example/Ünï 1': ['ユーザー', 'high.example', 'Ünï 1'],
    'a!#$%()*+,-.09;=?[\\]^_`{|}~@h.example': ['a!#$%()*+,-.09;=?[\\]^_`{|}~', 'h.example', ''],
    'xn--bcher-kva.example': ['', 'xn--bcher-kva.example', ''],
    '192.0.2.1': ['', '192.0.2.1', ''],
  }
  for (const [text, [local, domain, resource]] of Object.entries(cases)) {
    t.same(parseJid(text), { text, local, domain, resource }, text)
    t.same(normaliseJid(text), parseJid(text), `${text} is prepared already`)
  }
})

t.test('what is no address, or not the one spelling of one', async (t) => {
  const cases: Record<string, string> = {
    nothing: '',
    'no domain': 'a@',
    'no local part': '@high.example',
    'no resource': 'high.example/',
    'only a resource': '/x',
    'a capital': 'Alice@high.example',
    'a capital in the domain': 'alice@High.example',
    'two @': 'a@b@high.example',
    'a blank': 'a b@high.example',
    'a quote': 'a"b@high.example',
    'an apostrophe': "a'b@high.example",
    'an ampersand': 'a&b@high.example',
    'a colon': 'a:b@high.example',
    '<': 'a<b@high.example',
    NUL: 'a\0@high.example',
    DEL: 'a\x7f@high.example',
    'a control': 'a\x80@high.example',
    'the Kelvin sign': '\u212a@high.example',
    'full width letters': 'ａ@high.example',
    'a ligature': 'ﬁ@high.example',
    'a capital beyond ASCII': 'Ärger@high.example',
    'a title case letter': 'ǅ@high.example',
    'a symbol': '☃@high.example',
    'a punctuation mark': 'a…b@high.example',
    'a letter number': 'ⅷ@high.example',
    'a mark at the beginning': '\u0301a@high.example',
    'five marks': 'a\u0316\u0317\u0318\u0319\u031a@high.example',
    'another normal form': 'e\u0301@high.example',
    'a zero width joiner': 'क्\u200dष@high.example',
    'an override': 'a\u202e@high.example',
    'a Hangul filler': '\u3164@high.example',
    'mixed scripts': 'p\u0430ypal@high.example',
    'Hebrew in Latin': 'a\u05d0b@high.example',
    'Latin behind Hebrew and a digit': '\u05d01b@high.example',
    'Cyrillic behind Arabic, apart': '\u0628.\u044f@high.example',
    'Greek before Thaana': '\u03b1-\u0780@high.example',
    "Latin behind N'Ko": '\u07ca_a@high.example',
    'two rows of Arabic digits': '\u0628\u0661\u06f1@high.example',
    'a lone surrogate': 'a\ud800@high.example',
    'two dots': 'high..example',
    'a dot at the end': 'high.example.',
    'a dot at the beginning': '.example',
    'a full width dot': 'high。example',
    'a letter beyond ASCII in the domain': 'bücher.example',
    'an underscore': 'a_b.example',
    'a hyphen at the beginning': '-a.example',
    'a hyphen at the end': 'a-.example',
    'a label too long': `${'a'.repeat(64)}.example`,
    'a domain too long': `${'a.'.repeat(127)}aa`,
    'an IPv6 address': '[::1]',
    'a domain with a blank': 'high.example ',
    'a domain with a line feed': 'high.example\n',
    'a local part too long': `${'a'.repeat(1024)}@high.example`,
    'a local part too long in octets': `${'é'.repeat(512)}@high.example`,
    'a resource too long': `high.example/${'a'.repeat(1024)}`,
    'a resource with a tab': 'high.example/a\tb',
    'a resource with a no-break space': 'high.example/a\u00a0b',
    'a resource with an override': 'high.example/a\u202eb',
  }
  for (const [name, text] of Object.entries(cases)) t.equal(parseJid(text), undefined, name)
})

t.test('addresses are prepared', async (t) => {
  const cases: Record<string, string | undefined> = {
    'Alice@High.EXAMPLE./Desk': 'alice@high.example/Desk',
    'ÄRGER@high.example': 'ärger@high.example',
    'ae\u0301@high.example': 'aé@high.example',
    'ＡＬＩＣＥ@high.example': 'alice@high.example',
    'ｱﾊﾟ@high.example': 'アパ@high.example',
    'ΣΟΦΟΣ@high.example': 'σοφος@high.example'.replace('σοφος', 'σοφο\u03c2'),
    'high.example/a\u00a0b\u3000c': 'high.example/a b c',
    'high.example/e\u0301': 'high.example/é',
    'high.example/Ａ': 'high.example/Ａ',
    '\u212a@high.example': undefined,
    'ǅ@high.example': undefined,
    'ﬁ@high.example': undefined,
    'ⅷ@high.example': undefined,
    'a＠b@high.example': undefined,
    'a／b@high.example': undefined,
    'a＆b@high.example': undefined,
    'a：b@high.example': undefined,
    'high．example': undefined,
    '\u212aelvin.example': undefined,
    'high.example..': undefined,
    '.': undefined,
    'a\u200bb@high.example': undefined,
  }
  for (const [text, wanted] of Object.entries(cases))
    t.equal(normaliseJid(text)?.text, wanted, JSON.stringify(text))
})

t.test(
  'preparing twice is preparing once, and gives a canonical address with the same separators',
  async (t) => {
    const part = fc.string({
      unit: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...'aZéÄ.-ＡｶﾞΣ') },
        { weight: 2, arbitrary: fc.constantFrom(...'@/:\u212a\u00a0') },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
      ),
      maxLength: 5,
    })
    const text = fc
      .tuple(part, fc.constantFrom('@high.example', '@High.example.', '@a.b/', '/', '@', ''), part)
      .map((p) => p.join(''))
    let prepared = 0
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseJid(given)
        if (parsed !== undefined && parsed.text !== given) throw new Error('parsed as another')
        const jid = normaliseJid(given)
        if (jid === undefined) {
          if (parsed !== undefined) throw new Error('canonical, but not prepared')
          return
        }
        prepared++
        if (JSON.stringify(parseJid(jid.text)) !== JSON.stringify(jid)) throw new Error('not canonical')
        const slash = given.indexOf('/')
        if (slash >= 0 !== (jid.resource !== '')) throw new Error('a separator came or went')
        if (given.slice(0, slash < 0 ? undefined : slash).includes('@') !== (jid.local !== ''))
          throw new Error('an @ came or went')
      }),
      { numRuns: 2500 },
    )
    t.ok(prepared > 80, `${prepared} were prepared`)
  },
)
