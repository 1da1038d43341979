/** What a ruleset takes away from texts, and the pacing of one-way links. */

import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import { findNarrowed, makeNarrow } from '../../guard/verify/narrow.ts'
import type { ContentChoice } from '../../rules/bundle/bundle.ts'
import { loadBundle } from '../../rules/bundle/load.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { CATEGORIES, SCRIPTS } from '../../rules/text/names.ts'
import { createNarrowing } from '../../rules/text/narrow.ts'
import { NUMBER } from '../support/number.ts'
import { changedSources, compiled, problemsOf } from '../support/ruleset.ts'
import { random } from '../verify/random.ts'

const withContent = (lines: string) =>
  changedSources('minimal-chat', 'ruleset.yaml', '\nlabels:', `\n${lines}\n\nlabels:`)

/** Both verifiers' own reading of the same choice. */
function both(choice: ContentChoice): (text: string) => string {
  const inspect = createNarrowing(choice)
  const narrow = makeNarrow({
    scripts: choice.scripts,
    categories: choice.categories,
    joiners: choice.joiners ?? true,
    marks: choice.marks ?? 99,
    mixedWords: choice.mixedWords ?? true,
    links: choice.links ?? true,
    words: choice.words ?? [],
  })
  return (text) => {
    const points = Uint32Array.from(text, (character) => character.codePointAt(0)!)
    const verify = findNarrowed(narrow, points, points.length) < 0
    return inspect(text) === verify ? (verify ? 'admitted' : 'refused') : 'verifiers differ'
  }
}

t.test('each member takes away what it says, in both verifiers', (t) => {
  const cases: readonly [ContentChoice, readonly string[], readonly string[]][] = [
    [
      { scripts: ['Latin'] },
      ['Grüße 1!', 'e\u0301', '😀\tx\ny', '\u3000'],
      ['Привет', '日本', 'aα', '\u{17000}'],
    ],
    [{ scripts: ['Latin', 'Han'] }, ['日本 a'], ['ひ', 'я']],
    [{ categories: ['Ll', 'Po'] }, ['abc, d\n'], ['A', '1', '-', '😀', 'e\u0301']],
    [{ joiners: false }, ['👩', 'e\u0301'], ['👩\u200d💻', 'می\u200cخواهم', '❤\ufe0f']],
    [{ marks: 1 }, ['a\u0301b\u0301'], ['a\u0301\u0302']],
    [{ marks: 0 }, ['á'], ['a\u0301']],
    [
      { mixedWords: false },
      ['αβγ abc', '日本ひらカタ한', 'a1', 'é', 'a-я'],
      ['aα', 'aא', 'ไa', 'a\u{17000}'],
    ],
    [
      { links: false },
      ['http: //x', 'wwwx', 'see the data'],
      ['http://x', 'WWW.x', 'xMailto:a', 'xmpp:a@b', 'DATA:,'],
    ],
    [
      { words: ['noforn', 'größe'] },
      ['noforns', 'xnoforn', 'no forn', 'GRÖSSE', 'größe1'],
      ['NoForn.', '(größe)', 'a\nnoforn'],
    ],
    [{}, ['anything at all: http://я日'], []],
  ]
  for (const [choice, admitted, refused] of cases) {
    const said = both(choice)
    for (const text of admitted) t.equal(said(text), 'admitted', `${JSON.stringify(choice)} ${text}`)
    for (const text of refused) t.equal(said(text), 'refused', `${JSON.stringify(choice)} ${text}`)
  }
  t.end()
})

t.test('both verifiers know the same script and category of every code point', (t) => {
  for (const choice of [
    ...CATEGORIES.map((name): ContentChoice => ({ categories: [name] })),
    ...SCRIPTS.map((name): ContentChoice => ({ scripts: [name] })),
  ]) {
    const said = both(choice)
    // Steps that are coprime to the length of blocks meet every block from many sides.
    for (let point = 0x21; point < 0x110000; point += 97) {
      if (point >= 0xd800 && point <= 0xdfff) continue
      if (said(String.fromCodePoint(point)) === 'verifiers differ')
        t.fail(`${point.toString(16)} ${JSON.stringify(choice)}`)
    }
  }
  t.pass('none differs')
  t.end()
})

t.test('and say the same of random texts', (t) => {
  const { below } = random(7)
  const pieces = [
    'a',
    'Z',
    'я',
    'α',
    '日',
    'ひ',
    '한',
    'א',
    '\u0301',
    '1',
    '٣',
    ' ',
    '.',
    '://',
    'www.',
    'noforn',
    'NO',
    'forn',
    '\u200d',
    '👩',
    '\ufe0f',
    '\u{17000}',
    'xmpp',
    ':',
  ]
  const choices: ContentChoice[] = [
    { scripts: ['Latin', 'Hebrew'], mixedWords: false },
    { mixedWords: false, marks: 2 },
    { links: false, words: ['noforn', 'a'] },
    { joiners: false, categories: ['Ll', 'Lu', 'Lo', 'Nd', 'Po', 'So', 'Mn'] },
  ]
  const seen = new Set<string>()
  for (const choice of choices) {
    const said = both(choice)
    for (let n = 0; n < 5000; n += 1) {
      const verdict = said(Array.from({ length: 1 + below(8) }, () => pieces[below(pieces.length)]).join(''))
      seen.add(verdict)
    }
  }
  t.same([...seen].sort(), ['admitted', 'refused'])
  t.end()
})

t.test('a ruleset’s choice stands in the bundle, and both verifiers keep it', (t) => {
  const { bundle, octets, digest } = compiled(
    withContent(
      'content: { scripts: [Latin], joiners: refuse, marks: 2, mixed-words: refuse, links: refuse, words: [NOFORN] }\npacing: { slot: 20, sizes: [2048, 32768] }',
    ),
  )
  t.same(loadBundle(octets, digest), bundle)
  t.same(bundle.content, {
    scripts: ['Latin'],
    joiners: false,
    marks: 2,
    mixedWords: false,
    links: false,
    words: ['noforn'],
  })
  t.same(bundle.pacing, { slotMilliseconds: 20, sizes: [2048, 32768] })
  const [inspect, verify] = [createDecider(bundle), makeDecider(readBundle(Buffer.from(octets), digest))]
  const label = bundle.labels.rows[0]!.input.template.join('')
  const said = (body: string, subject = 'ok') => {
    const stanza = Buffer.from(
      `<message xmlns="jabber:server" from="a@plant.example" to="b@office.example" type="chat"><subject>${subject}</subject><body>${body}</body>${label}</message>`,
    )
    const [a, b] = [inspect(stanza, 0, NUMBER), verify(stanza, 0, NUMBER)]
    t.equal(a.accepted, b.accepted, body)
    return a.accepted ? 'accepted' : a.reason
  }
  t.equal(said('Grüße'), 'accepted')
  t.equal(said('Привет'), 'bad-text')
  t.equal(said('ok', 'see https://x.example/'), 'bad-text')
  t.equal(said('marked noforn'), 'bad-text')
  t.end()
})

t.test('contradictions have their place', (t) => {
  const told = (lines: string) => problemsOf(withContent(lines)).join('\n')
  t.match(told('content: { words: [no forn] }'), /"no forn" is not one word/)
  t.match(told('content: { words: [noforn, NOFORN] }'), /"NOFORN" is "noforn" again/)
  t.match(told('content: { scripts: [Latn] }'), /"Latn" is not the name of a script; write one of Arabic/)
  t.match(told('content: { wrods: [a] }'), /unknown key "wrods"/)
  t.match(told('pacing: { slot: 20, sizes: [2048] }'), /no size holds a stanza of limits\.stanza-octets/)
  t.match(told('pacing: { slot: 20, sizes: [32768, 2048] }'), /2048 does not come after 32768/)
  t.match(
    told('pacing: { slot: 100, sizes: [32768] }'),
    /slots of 100 ms carry no 50 stanzas a second; lower limits\.rate to 10/,
  )
  const linked = withContent('content: { links: refuse }')
  const text = new TextDecoder()
    .decode(linked.get('ruleset.yaml'))
    .replace('messages: true', 'messages: true\n  links: true')
  t.match(
    problemsOf(linked.set('ruleset.yaml', new TextEncoder().encode(text))).join(),
    /links are refused in texts/,
  )
  t.end()
})
