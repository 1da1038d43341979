/**
 * Bundles for `verify` to read: a small one that has every member once, the same with each member missing, of another type or with
 * another beside it, and those with one thing wrong of test/verify.
 */
import { hash } from 'node:crypto'
import type { Bundle, ElementRule, ValueRule } from '../../rules/bundle/bundle.ts'
import { BAD_BUNDLES, changed } from '../verify/bad-bundles.ts'
import { bundle as byHand, encodeBundle } from '../verify/fixture.ts'
import type { Case } from './cases.ts'

type File = Extract<Case, { kind: 'bundle' }>

const VALUES: readonly ValueRule[] = [
  { type: 'enum', values: ['v'] },
  { type: 'identifier', max: 1 },
  { type: 'text', max: 1, lines: true },
  { type: 'date' },
  { type: 'integer', min: -1, max: 1 },
  { type: 'address', side: 'to', local: 0, resource: 0 },
  { type: 'resource', max: 1 },
  { type: 'own-number', echo: true },
  { type: 'answer-number' },
  { type: 'earlier-number', echo: true },
]

const element: ElementRule = {
  ns: 'urn:x',
  name: 'e',
  attributes: VALUES.map((value, index) => ({ name: `a${index}`, required: false, value })),
  content: { type: 'value', value: VALUES[0]!, mayBeEmpty: false },
  labelling: 'never',
}
const inner: ElementRule = { ...element, name: 'f', attributes: [], content: { type: 'empty' } }
const outer: ElementRule = {
  ...inner,
  name: 'g',
  content: { type: 'elements', slots: [{ type: 'elements', of: [inner], min: 0, max: 1, sorted: false }] },
}

const small: Bundle = {
  ...byHand,
  from: {
    name: 'a',
    domains: [
      { name: 'a', kind: 'im' },
      { name: 'c', kind: 'rooms', locals: ['l'] },
    ],
  },
  to: { name: 'b', domains: [{ name: 'b', kind: 'im' }] },
  pairs: [{ from: 'a', to: 'b', forms: ['f'], rate: 1, burst: 1 }],
  limits: { ...byHand.limits, pairRate: 1, pairBurst: 1 },
  content: {
    scripts: ['Latin'],
    categories: ['Lu'],
    joiners: true,
    marks: 1,
    mixedWords: true,
    links: true,
    words: ['x'],
  },
  forms: [
    {
      form: 'f',
      element: 'message',
      type: 'chat',
      attributes: [
        { name: 'from', required: true, value: { type: 'address', side: 'from', local: 1, resource: 1 } },
        { name: 'xml:lang', required: false, value: VALUES[0]! },
      ],
      slots: [{ type: 'elements', of: [element, outer], min: 0, max: 1, sorted: false }, { type: 'label' }],
      content: true,
    },
  ],
  labels: { windows: byHand.labels.windows, rows: [byHand.labels.rows[0]!, byHand.labels.rows[2]!] },
}

export function bundleFiles(): File[] {
  const file = (value: unknown): File => ({ kind: 'bundle', ...encodeBundle(value) })
  const { content: _, ...light } = small
  return [
    file(small),
    file(byHand),
    ...spellings(),
    ...[...wrongs(light)].map(file),
    ...[...wrongs(small.content)].map((content) => file({ ...small, content })),
    ...special().map(file),
    ...BAD_BUNDLES.map(([path, value]) => file(changed(path, value))),
  ]
}

/** Octets that are not those of the digest, or not the one spelling. */
function spellings(): File[] {
  const { octets, digest } = encodeBundle(small)
  const text = octets.toString('utf8')
  const other = (spelling: string | Buffer): File => {
    const octets = Buffer.from(spelling as string)
    return { kind: 'bundle', octets, digest: hash('sha256', octets, 'hex') }
  }
  return [
    { kind: 'bundle', octets, digest: digest.toUpperCase() },
    { kind: 'bundle', octets, digest: `${digest}0` },
    { kind: 'bundle', octets, digest: `0${digest}` },
    { kind: 'bundle', octets, digest: digest.slice(1) },
    { kind: 'bundle', octets, digest: digest.replace(/./, (one) => (one === '0' ? '1' : '0')) },
    ...[
      text.trimEnd(),
      `${text}\n`,
      ` ${text}`,
      `\ufeff${text}`,
      text.replace(':', ': '),
      '"x"\n',
      '7\n',
      'null\n',
      '[]\n',
    ].map(other),
    other(text.replace('{"content"', '{"version":1,"content"')),
    other(text.replace('"version":1', '"version":1,"version":1')),
    other(text.replace('"name":"test"', '"name":"t\\u0065st"')),
    other(text.replace('"version":1', '"version":1.0')),
    other(text.replace('"burst":100,"depth":10', '"depth":10,"burst":100')),
    other(Buffer.concat([octets.subarray(0, 20), Buffer.from([0xff]), octets.subarray(20)])),
  ]
}

/** The value with one thing wrong, at every place in turn. */
function* wrongs(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    yield { 0: 'no array' }
    for (const [index, one] of value.entries())
      for (const wrong of wrongs(one)) yield value.toSpliced(index, 1, wrong)
    if (value.length > 0) yield [...value, value[0]]
    return
  }
  if (typeof value === 'object' && value !== null) {
    yield []
    yield null
    yield { ...value, unknown: 1 }
    for (const [name, one] of Object.entries(value)) {
      const { [name]: _, ...rest } = value as Record<string, unknown>
      yield rest
      for (const wrong of wrongs(one)) yield { ...value, [name]: wrong }
    }
    return
  }
  if (typeof value === 'number') yield* [`${value}`, value + 0.5, -(2 ** 53), 2 ** 53, -1, 0, 1, 2]
  if (typeof value === 'string') yield* [7, '', `${value}x`, `x${value}`, '\ud800', value.slice(0, -1)]
  if (typeof value === 'boolean') yield* [`${value}`, !value, null]
}

/** What stands in no single place. */
function special(): unknown[] {
  const { content: _, ...light } = small
  const form = small.forms[0]!
  const of = (...rules: unknown[]) => ({ type: 'elements', of: rules, min: 0, max: 1, sorted: false })
  const withSlots = (...slots: unknown[]) => ({ ...light, forms: [{ ...form, slots }] })
  const withElement = (rule: object) => withSlots(of({ ...inner, ...rule }))
  const withAttributes = (...names: string[]) => {
    const attributes = names.map((name) => ({ name, required: false, value: VALUES[3] }))
    return [{ ...light, forms: [{ ...form, attributes }] }, withElement({ attributes })]
  }
  const withTemplate = (template: unknown, output: unknown = small.labels.rows[0]!.output.template) => {
    const [row] = small.labels.rows
    const rows = [
      { ...row, input: { ...row!.input, template }, output: { ...row!.output, template: output } },
    ]
    return { ...light, labels: { ...light.labels, rows } }
  }
  const around = (inside: string) => `<securitylabel xmlns="urn:xmpp:sec-label:0">${inside}</securitylabel>`
  const nested = (depth: number) => around('<a>'.repeat(depth) + '</a>'.repeat(depth))
  const elementTexts = [
    ...[
      '',
      'x',
      'é',
      '<a></a>',
      '<a></a><b></b>',
      '<a><b></b></a>',
      '<a>x</a>',
      '<a x="y"></a>',
      '<a x=""></a>',
      '<a x="&amp;"></a>',
      '<a x="y" y="z"></a>',
    ],
    ...[
      '<a y="z" x="y"></a>',
      '<a x="y" x="y"></a>',
      '<a x="y" xml:lang="en"></a>',
      '<a xml:lang="en" x="y"></a>',
      '<a xml:lang="en" xml:lang="en"></a>',
      '<a xml:base="en"></a>',
      '<a x:y="z"></a>',
      '<a xmlnsx="y"></a>',
    ],
    ...[
      '<a xmlns="urn:y"></a>',
      '<a xmlns="urn:xmpp:sec-label:0"></a>',
      '<a xmlns=""></a>',
      '<a xmlns="urn:y"><b xmlns="urn:y"></b></a>',
      '<a xmlns="urn:y"><b></b></a>',
      '<a xmlns="urn:y"><b xmlns="urn:xmpp:sec-label:0"></b></a>',
      '<a xmlns="urn:y" x="y"></a>',
      '<a x="y" xmlns="urn:y"></a>',
    ],
    ...[
      '<a>x<b></b></a>',
      '<a><b></b>x</a>',
      '<a></b>',
      '<a></a',
      '<a></a ',
      '<a x="y"',
      '<a x="y',
      '<a x=',
      '<a x',
      '<a',
      '<',
      '<a/>',
      '<a ></a>',
      '<a  x="y"></a>',
      "<a x='y'></a>",
      '<a x = "y"></a>',
      '<a 1x="y"></a>',
      '<a _x-.1="y"></a>',
      '<a x!="y"></a>',
    ],
    ...[
      '&',
      '&gt;',
      '>',
      '<!---->',
      '<a x="y"/>',
      '<a x="y" ></a>',
      '<a x="<"></a>',
      '<a é="y"></a>',
      '<é></é>',
      '<a:b></a:b>',
      '<a x="y"y="z"></a>',
      '<a xmlns="urn:y></a>',
      '</a>',
      '\r',
      '<a>\n</a>',
      '\uffff',
      '<a x="\n"></a>',
      '<a="y"></a>',
      '<a ="y"></a>',
      '</securitylabel>',
      '<securitylabel></securitylabel>',
    ],
  ]
  elementTexts.push(
    ...['<a><b xmlns="urn:xmpp:sec-label:0"></b></a>', '<a z="y" xml:lang="en"></a>', '<a x="</a>'],
  )
  const hole = (name: string) => ({ hole: name })
  const review = (before: string, after: string) =>
    withTemplate([
      `<securitylabel xmlns="urn:xmpp:sec-label:0"><a${before}`,
      hole('review'),
      `${after}></a></securitylabel>`,
    ])
  const creation = (before: string, after: string) =>
    withTemplate([
      `<securitylabel xmlns="urn:xmpp:sec-label:0"><CreationDateTime${before}`,
      hole('creation'),
      `${after}</securitylabel>`,
    ])
  const one = around('<label></label>')
  const emptied = one.replace('</securitylabel>', '')
  const dated = (name: 'review' | 'creation') =>
    name === 'review'
      ? [emptied + '<a ReviewDateTime="', hole(name), '"></a></securitylabel>']
      : [emptied + '<CreationDateTime>', hole(name), '</CreationDateTime></securitylabel>']
  return [
    withSlots(of(inner), of(inner)),
    withSlots(of(inner), { type: 'label' }, of(inner)),
    withSlots({ type: 'label' }, of(inner), { type: 'label' }),
    withSlots({ type: 'label' }),
    withSlots(),
    withSlots(of(inner, inner)),
    withSlots(of()),
    withElement({ name: 'securitylabel', ns: 'urn:xmpp:sec-label:0' }),
    withElement({ name: 'BindingData', ns: 'urn:nato:stanag:4778:profile:xmpp:1:0' }),
    withElement({ name: 'securitylabel' }),
    withElement({ ns: 'jabber:server' }),
    withElement({ content: { type: 'elements', slots: [{ type: 'label' }] } }),
    withElement({ content: { type: 'elements', slots: [of(inner)] } }),
    withElement({ content: { type: 'empty', more: 1 } }),
    ...[
      'urn:x y',
      'urn:x"',
      "urn:x'",
      'urn:<',
      'urn:>',
      'urn:&',
      'urn:é',
      ' urn:x',
      'urn:x ',
      '',
      '!',
      '~',
      'u\u007f',
      'u\n',
    ].map((ns) => withElement({ ns })),
    ...[
      'A',
      'Z',
      'a',
      'z',
      '_',
      '-',
      '.',
      '1',
      'a1',
      'a-',
      'a.',
      'a_',
      'a:',
      'a b',
      ' a',
      'a ',
      '@',
      '[',
      '`',
      '{',
      'a@',
      'a[',
      'a/',
      'aé',
      'é',
      '',
      'a\n',
      'xml:lang',
      'a0',
      'a9',
      'aZ',
      'az',
      'aA',
    ].flatMap((name) => [withElement({ name }), ...withAttributes(name)]),
    ...withAttributes('a', 'b'),
    ...withAttributes('b', 'a'),
    ...withAttributes('a', 'a'),
    ...withAttributes('a', 'xml:lang'),
    ...withAttributes('z', 'xml:lang'),
    ...withAttributes('xml:lang', 'a'),
    ...withAttributes('xml:lang', 'z'),
    ...withAttributes('xml:lang', 'xml:lang'),
    ...withAttributes('xmlns'),
    ...withAttributes('xml:base'),
    { ...light, forms: [form, { ...form, type: null }] },
    {
      ...light,
      forms: [
        { ...form, type: null },
        { ...form, type: null },
      ],
    },
    { ...light, forms: [form, { ...form, type: 'é' }, { ...form, element: 'iq' }] },
    {
      ...light,
      forms: [
        { ...form, type: '&' },
        { ...form, type: '&' },
      ],
    },
    { ...light, forms: [{ ...form, element: 'presence' }] },
    { ...light, pairs: [...light.pairs!, ...light.pairs!] },
    { ...light, pairs: [...light.pairs!, { from: 'a', to: 'c', forms: [] }] },
    { ...light, pairs: [] },
    { ...light, examples: [], origins: {}, pacing: {}, validity: {} },
    { ...light, limits: { ...light.limits, stanzaBytes: 16 * 1024 * 1024 } },
    { ...light, limits: { ...light.limits, stanzaBytes: 16 * 1024 * 1024 + 1 } },
    { ...light, limits: { ...light.limits, depth: 4 } },
    { ...light, limits: { ...light.limits, depth: 5 } },
    { ...light, limits: { ...light.limits, depth: 6 } },
    { ...light, content: {} },
    { ...light, content: { scripts: ['Common'] } },
    { ...light, content: { scripts: ['Inherited'] } },
    { ...light, content: { categories: ['Cn'] } },
    { ...light, from: { name: 'a', domains: [{ name: 'é', kind: 'im', locals: [] }] } },
    ...elementTexts.map((text) => withTemplate([around(text)])),
    ...elementTexts.map((text) => withTemplate([one], [around(text)])),
    withTemplate([around('<label>'), '</label></securitylabel>']),
    withTemplate([one.slice(0, 20), one.slice(20)]),
    withTemplate([one, '']),
    withTemplate([]),
    withTemplate([`${one} `]),
    withTemplate([` ${one}`]),
    withTemplate([one + one]),
    withTemplate([one.replaceAll('securitylabel', 'label')]),
    withTemplate(['<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"></BindingData>']),
    withTemplate(['<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"></securitylabel>']),
    withTemplate([around('é')]),
    withTemplate([around('<a></a>\ud800')]),
    withTemplate([one], [one, hole('now')]),
    withTemplate([one], [around('x').slice(0, -16), hole('now'), '</securitylabel>']),
    withTemplate([one], [around('x').slice(0, -16), { hole: 'now-plus', seconds: 1 }, '</securitylabel>']),
    withTemplate([one], [around('x').slice(0, -16), { hole: 'now-plus' }, '</securitylabel>']),
    withTemplate([one], [around('x').slice(0, -16), { hole: 'now', seconds: 1 }, '</securitylabel>']),
    withTemplate([one], [around('x').slice(0, -16), { hole: 'now-plus', seconds: -1 }, '</securitylabel>']),
    withTemplate([one], [around('x').slice(0, -16), hole('creation'), '</securitylabel>']),
    withTemplate([one], [around('x').slice(0, -16), hole('review'), '</securitylabel>']),
    ...[3, 7, 8, 9, 10].map((depth) => withTemplate([nested(depth)])),
    ...[8, 9, 10].map((depth) =>
      withTemplate([around(`${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}<b></b>`)]),
    ),
    review(' ReviewDateTime="', '"'),
    review(' ReviewDateTime="', ' "'),
    review(' ReviewDateTime=" ', '"'),
    review(' OtherDateTime="', '"'),
    review('ReviewDateTime="', '"'),
    withTemplate([hole('review')]),
    withTemplate([
      `<securitylabel xmlns="urn:xmpp:sec-label:0"><a ReviewDateTime="`,
      hole('review'),
      hole('review'),
      '"></a></securitylabel>',
    ]),
    withTemplate([`<securitylabel xmlns="urn:xmpp:sec-label:0"><a ReviewDateTime="`, hole('review')]),
    withTemplate([hole('review'), '"></a></securitylabel>']),
    creation('>', '</CreationDateTime>'),
    creation('>x', '</CreationDateTime>'),
    creation('>', 'x</CreationDateTime>'),
    withTemplate([around('<Other>').slice(0, -16), hole('creation'), '</Other></securitylabel>']),
    withTemplate([
      `<securitylabel xmlns="urn:xmpp:sec-label:0"><a ReviewDateTime="`,
      hole('creation'),
      '"></a></securitylabel>',
    ]),
    withTemplate(
      [
        `<securitylabel xmlns="urn:xmpp:sec-label:0"><a ReviewDateTime="`,
        hole('review'),
        '"></a><CreationDateTime>',
        hole('creation'),
        '</CreationDateTime></securitylabel>',
      ],
      [
        `<securitylabel xmlns="urn:xmpp:sec-label:0"><a ReviewDateTime="`,
        hole('creation'),
        '">',
        hole('review'),
        '</a></securitylabel>',
      ],
    ),
    ...['review', 'creation', 'now'].flatMap((name) => [
      withTemplate(dated('review'), [emptied, hole(name), '</securitylabel>']),
      withTemplate(dated('creation'), [emptied, hole(name), '</securitylabel>']),
    ]),
    { ...light, labels: { ...light.labels, rows: [light.labels.rows[0], light.labels.rows[0]] } },
    { ...light, labels: { ...light.labels, rows: [{ ...light.labels.rows[0], discarded: ['x'] }] } },
  ]
}
