/**
 * The cases by which mutants are told from the program: hostile ones from elsewhere, values at every bound, what rules/examples and
 * rules/self-test make of each bundle, and random ones. Bundles are those of the examples, and some made so that every rule, slot,
 * kind of label and narrowing is in one.
 */
import type { Bundle, ElementRule, LabelRow, StanzaForm, ValueRule } from '../../rules/bundle/bundle.ts'
import { formProbes } from '../../rules/examples/probe.ts'
import { fill } from '../../rules/label/template.ts'
import { SELF_TEST_NUMBER, SELF_TEST_SECOND, selfTest } from '../../rules/self-test/self-test.ts'
import { formatDate } from '../../rules/text/date.ts'
import type { StanzaNumber } from '../../rules/text/numbered.ts'
import { makeGenerator } from '../differential/generate.ts'
import { NUMBER } from '../support/number.ts'
import { everyPair, pairRulesets } from '../support/pairs.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { bundle as byHand } from '../verify/fixture.ts'
import { mutate } from '../verify/mutate.ts'
import { random } from '../verify/random.ts'
import { HOSTILE } from '../xml/hostile.ts'
import * as bounds from './boundaries.ts'
import type { Case } from './cases.ts'
import { bundleFiles } from './files.ts'
import { hostileSample } from './sample.ts'
import type { Side } from './targets.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const SERVER = 'xmlns="jabber:server"'

export type Corpus = Readonly<{ bundles: readonly Bundle[]; cases: readonly Case[] }>

type Stanza = Extract<Case, { kind: 'stanza' }>

/** The cases for `side`; `count` random ones a bundle. The same each time. */
export function makeCorpus(side: Side, count: number): Corpus {
  const { labels, limits } = compiled(exampleSources('acme-to-coalition')).bundle
  const full: Bundle = { ...byHand, labels, limits }
  const narrow = narrowed(full)
  const typed = everyRule(full)
  const sample = hostileSample()
  const small = tight(full)
  const flat: Bundle[] = [1, 2, 3, 4].map((depth) => ({
    ...full,
    limits: { ...limits, depth },
    labels: { ...labels, rows: [] },
  }))
  const rulesets = [
    ...exampleNames().map((name) => compiled(exampleSources(name)).bundle),
    compiled(pairRulesets('4774-4778+alternative').out).bundle,
    compiled(everyPair()).bundle,
  ]
  const own = side === 'verify' ? [byHand, twins()] : []
  const bundles = [full, ...(sample === undefined ? [] : [sample.bundle]), small, ...rulesets, ...own]
  bundles.push(...typed, ...flat, ...narrow)

  const cases: Case[] = []
  const add = (bundle: Bundle, stanza: string | Uint8Array, other: Partial<Stanza> = {}) =>
    cases.push({
      kind: 'stanza',
      bundle: bundles.indexOf(bundle),
      stanza: Buffer.from(stanza as string),
      second: SECOND,
      number: NUMBER,
      hostile: false,
      alone: own.includes(bundle),
      ...other,
    })

  for (const stanza of sample?.stanzas ?? []) add(sample!.bundle, stanza, { hostile: true })
  for (const { octets } of HOSTILE) add(full, octets, { hostile: true })
  for (const stanza of valueStanzas(full)) add(full, stanza)
  for (const bundle of flat) for (const stanza of NESTED) add(bundle, stanza)
  for (const bundle of narrow) for (const stanza of narrowStanzas(bundle)) add(bundle, stanza)
  for (const bundle of typed)
    for (const [stanza, number] of typedStanzas(bundle)) add(bundle, stanza, { number })
  for (const [index, bundle] of [full, ...rulesets, ...own].entries())
    for (const [stanza, second] of labelStanzas(bundle, index === 0)) add(bundle, stanza, { second })
  for (const bundle of bundles) {
    if (narrow.slice(1).includes(bundle) || flat.includes(bundle) || own.includes(bundle)) continue
    for (const { stanza, accepted } of selfTest(bundle))
      add(bundle, stanza, {
        second: SELF_TEST_SECOND,
        number: SELF_TEST_NUMBER,
        hostile: accepted === undefined && (bundle === full || bundle === sample?.bundle),
      })
  }
  for (const bundle of [full, ...typed, small])
    for (const { stanza } of formProbes(bundle, SECOND)) add(bundle, stanza)
  for (const [index, bundle] of [full, narrow[0]!, ...rulesets].entries())
    for (const stanza of randomStanzas(bundle, count, index)) add(bundle, stanza)
  cases.push(...pipes(side, bundles, cases))
  if (side === 'verify') cases.push(...bundleFiles())
  return { bundles, cases: scattered(cases) }
}

/** All of a list in another order, neighbours far from each other: a mutant is found out sooner. */
function scattered<T>(list: readonly T[]): T[] {
  const step = 7919
  if (list.length % step === 0) throw new Error('as many cases as the step')
  return list.map((_, index) => list[(index * step) % list.length]!)
}

/** From one level to four. */
const NESTED = ['', '<show>away</show>', 'x', 'x/item', 'x/item/reason'].map((inside) => {
  const [x, item, reason] = inside.split('/')
  const deepest = reason === undefined ? '' : '<reason></reason>'
  const middle = item === undefined ? '' : `<item affiliation="none">${deepest}</item>`
  const outer = `<x xmlns="http://jabber.org/protocol/muc#user">${middle}</x>`
  return `<presence ${SERVER} from="high.example" to="low.example">${x === 'x' ? outer : inside}</presence>`
})

/** Whose limits stanzas of its own forms exceed. */
export function tight(bundle: Bundle): Bundle {
  const rows = bundle.labels.rows.filter(({ input }) => input.form === 'ess-0258')
  return {
    ...bundle,
    limits: { ...bundle.limits, depth: 4, stanzaBytes: 700 },
    labels: { ...bundle.labels, rows },
  }
}

/** With each narrowing of texts that a bundle can have, together and one by one. */
export function narrowed(bundle: Bundle): Bundle[] {
  const scripts = ['Latin', 'Greek', 'Han', 'Hiragana', 'Katakana']
  const categories = ['Lu', 'Ll', 'Lo', 'Lm', 'Mn', 'Nd', 'Po', 'Ps', 'Pe', 'So', 'Sk']
  const words = ['hello', 'z', 'é']
  const all = { scripts, categories, joiners: false, marks: 1, mixedWords: false, links: false, words }
  const single = Object.entries(all).map(([name, value]) => ({ [name]: value }))
  const open = { joiners: true, mixedWords: true, links: true, marks: 0 }
  return [all, ...single, open, { scripts: [], categories: ['Lu'] }, { categories: [] }, {}].map(
    (content) => ({
      ...bundle,
      content,
    }),
  )
}

/** Rows of equal length whose dates stand elsewhere, are others, or are more. */
function twins(): Bundle {
  const [start, end] = ['<securitylabel xmlns="urn:xmpp:sec-label:0">', '</securitylabel>']
  const around = (...parts: LabelRow['input']['template']) =>
    parts.map((part, index) => {
      if (typeof part !== 'string') return part
      return (index === 0 ? start : '') + part + (index === parts.length - 1 ? end : '')
    })
  const review = { hole: 'review' as const }
  const creation = { hole: 'creation' as const }
  const templates = [
    around('<a ReviewDateTime="', review, '"></a><bb></bb>'),
    around('<aa ReviewDateTime="', review, '"></aa><b></b>'),
    around('<a ReviewDateTime="', review, `"></a><c x="${'y'.repeat(33)}"></c>`),
    around('<a ReviewDateTime="', review, '"></a><c ReviewDateTime="', review, '"></c>'),
    around('<d ReviewDateTime="', review, '"></d><e ReviewDateTime="', review, '"></e>'),
    around('<d ReviewDateTime="', review, `"></d><e x="${'y'.repeat(33)}"></e>`),
    around('<aaa ReviewDateTime="', review, '"></aaa><ppppp></ppppp>'),
    around('<q><CreationDateTime>', creation, '</CreationDateTime></q>'),
  ]
  const rows = [
    ...templates,
    ...templates
      .toReversed()
      .map((template) =>
        template.map((part) =>
          typeof part === 'string' ? part.replaceAll('sec-label:0">', 'sec-label:0"><z></z>') : part,
        ),
      ),
  ]
  return {
    ...byHand,
    labels: {
      ...byHand.labels,
      rows: rows.map((template, index) => ({
        ...byHand.labels.rows[0]!,
        name: String(index),
        input: { form: '4774-0258', value: String(index), marking: '', template },
        output: { ...byHand.labels.rows[3]!.output },
      })),
    },
  }
}

const empty: ElementRule = {
  ns: 'urn:x',
  name: 'n',
  attributes: [],
  content: { type: 'empty' },
  labelling: 'never',
}
const SAFE = Number.MAX_SAFE_INTEGER
const RULES: readonly ValueRule[] = [
  { type: 'own-number', echo: true },
  { type: 'own-number', echo: false },
  { type: 'answer-number' },
  { type: 'earlier-number', echo: true },
  { type: 'earlier-number', echo: false },
  { type: 'integer', min: -SAFE, max: SAFE },
  { type: 'integer', min: -128, max: 127 },
  { type: 'integer', min: 5, max: 5 },
  { type: 'date' },
  { type: 'identifier', max: 8 },
  { type: 'resource', max: 12 },
  { type: 'resource', max: 2000 },
  { type: 'address', side: 'either', local: 0, resource: 5 },
  { type: 'address', side: 'either', local: 2000, resource: 2000 },
  { type: 'enum', values: ['a & "b" < c > d', 'é', 'x'] },
  { type: 'text', max: 9, lines: false },
  { type: 'text', max: 9, lines: true },
]

/** Every value rule by itself, as an attribute and as a text; with pairs and without. */
function everyRule(bundle: Bundle): Bundle[] {
  const presence = bundle.forms.find(({ form }) => form === 'presence') as StanzaForm
  const rules = RULES.map(
    (value, index): ElementRule => ({
      ...empty,
      name: `t${index}`,
      content: { type: 'value', value, mayBeEmpty: index % 2 === 0 },
    }),
  )
  const attributes = RULES.map(
    (value, index): ElementRule => ({
      ...empty,
      name: `a${index}`,
      attributes: [{ name: 'v', required: true, value }],
    }),
  )
  const one = (of: readonly ElementRule[]) => ({
    type: 'elements' as const,
    of,
    min: 0,
    max: 1,
    sorted: false,
  })
  const forms = [{ ...presence, slots: [one([...rules, ...attributes])] }]
  const wider: Bundle = {
    ...bundle,
    from: { ...bundle.from, domains: [...bundle.from.domains, { name: 'alone.example', kind: 'im' }] },
    to: { ...bundle.to, domains: [...bundle.to.domains, { name: 'other.example', kind: 'im' }] },
  }
  const { pairs: _, ...unpaired } = wider
  return [
    { ...wider, forms, pairs: bundle.pairs!.map((pair) => ({ ...pair, forms: ['presence'] })) },
    { ...unpaired, forms },
  ]
}

function typedStanzas({ pairs }: Bundle): [string, StanzaNumber][] {
  const out: [string, StanzaNumber][] = []
  const around = (inside: string, from = 'high.example') =>
    `<presence ${SERVER} from="${from}" to="low.example">${inside}</presence>`
  const asText = (index: number, value: string) => `<t${index} xmlns="urn:x">${escapeText(value)}</t${index}>`
  const asAttribute = (index: number, value: string) =>
    `<a${index} xmlns="urn:x" v="${escapeAttribute(value)}"></a${index}>`
  const rooms = ['rooms.high.example', 'a@rooms.high.example/r']
  for (const [index, rule] of RULES.entries()) {
    if (!rule.type.endsWith('-number')) {
      if (pairs !== undefined) continue
      for (const [at, value] of valuesOf(rule).entries())
        out.push([around((at + index) % 2 === 0 ? asText(index, value) : asAttribute(index, value)), NUMBER])
      continue
    }
    for (const [generation, count] of [
      [1, 2],
      [0, 1],
      [65_535, 281_474_976_710_655],
    ] as const)
      for (const [at, value] of bounds.references(generation, count).entries())
        for (const from of pairs === undefined ? [rooms[at % 2]] : ['high.example'])
          out.push([around(asText(index, value), from), { generation, count }])
  }
  for (const from of ['high.example', 'few.example', 'rooms.high.example', 'alone.example'])
    for (const to of ['low.example', 'a@low.example', 'a@low.example/b@c/d', 'other.example', 'high.example'])
      for (const local of ['', 'ann@', 'jürgen@', 'bob@'])
        for (const resource of ['', '/r@few.example', '/é'])
          out.push([`<presence ${SERVER} from="${local}${from}${resource}" to="${to}"></presence>`, NUMBER])
  return out
}

function valuesOf(rule: ValueRule): string[] {
  switch (rule.type) {
    case 'integer':
      return bounds.integers(rule.min, rule.max)
    case 'date':
      return bounds.DATES
    case 'identifier':
      return bounds.identifiers(rule.max)
    case 'resource':
      return bounds.addresses('h', { local: 1, resource: rule.max }).map((address) => address.slice(2))
    case 'address':
      return ['high.example', 'low.example'].flatMap((domain) => bounds.addresses(domain, rule))
    case 'enum':
      return [...rule.values, '', 'X', 'xx', 'e', 'é é', '&', 'a & "b" < c > ']
    case 'text':
      return bounds.texts(rule.max)
    default:
      return []
  }
}

/** A label of the first row with dates in the middle of what is admitted. */
function labelOf(bundle: Bundle, row = 0, creation = SECOND - 2, review = SECOND + 86_400): string {
  const dates = { creation: formatDate(creation), review: formatDate(review) }
  return fill(bundle.labels.rows[row]!.input.template, dates) ?? ''
}

const ANN = 'from="ann@high.example/pc" to="bob@low.example"'

function* valueStanzas(bundle: Bundle): Generator<string | Uint8Array> {
  const label = labelOf(bundle)
  const chat = (inside: string, more = '') =>
    `<message ${SERVER} from="ann@high.example/pc"${more} to="bob@low.example" type="chat">${inside}</message>`
  for (const most of [{ local: 1023, resource: 1023 }]) {
    for (const from of bounds.addresses('high.example', most))
      yield `<presence ${SERVER} from="${escapeAttribute(from)}" to="low.example"></presence>`
  }
  for (const to of bounds.addresses('low.example', { local: 20, resource: 30 }))
    yield `<presence ${SERVER} from="high.example" to="${escapeAttribute(to)}"></presence>`
  for (const text of bounds.texts(100)) {
    yield chat(`<body>${escapeText(text)}</body>${label}`)
    yield `<iq ${SERVER} from="high.example" to="low.example" type="result"><query xmlns="http://jabber.org/protocol/disco#info"><feature var="${escapeAttribute(text)}"></feature></query>${label}</iq>`
  }
  for (const id of bounds.identifiers(64))
    yield chat(`<body>x</body>${label}`, ` id="${escapeAttribute(id)}"`)
  for (const octets of bounds.OCTETS) {
    for (const [before, after] of [
      [`<message ${SERVER} ${ANN} type="chat"><body>`, `</body>${label}</message>`],
      [`<message ${SERVER} ${ANN} type="chat"><body>x`, `y</body>${label}</message>`],
      [`<message ${SERVER} from="ann@high.example/`, `" to="bob@low.example" type="chat"></message>`],
      [`<message ${SERVER} from="high.example/`, ''],
      [`<message ${SERVER} ${ANN} type="chat"><body>é`, ''],
      [`<message ${SERVER} ${ANN} type="chat"><bo`, `dy>x</body>${label}</message>`],
      [`<message ${SERVER} ${ANN} type="chat"><body>x</body>`, '</message>'],
      [`<message ${SERVER} ${ANN} type="chat"`, '><body>x</body></message>'],
      ['', `<message ${SERVER} ${ANN} type="chat"></message>`],
      [`<message ${SERVER} ${ANN} type="chat"></message>`, ''],
    ] as const)
      yield Buffer.concat([Buffer.from(before), octets, Buffer.from(after)])
  }
  const inserts = [
    '<',
    '>',
    '"',
    '&',
    '/',
    ' ',
    '\t',
    '\n',
    '\r',
    'a',
    ':',
    "'",
    '=',
    '<x></x>',
    '<!---->',
    '<![CDATA[]]>',
    '<?xml ?>',
    '&gt;',
    '&quot;',
    '&apos;',
    '&#65;',
    ' a="b"',
    label,
  ]
  // Each place at which a stanza may end too early, and each octet doubled.
  const seeds = [
    chat(
      `<subject xml:lang="de">Ü</subject><body>a &amp; b é &lt; 😀\n</body><thread>t</thread><composing xmlns="http://jabber.org/protocol/chatstates"></composing><delay xmlns="urn:xmpp:delay" from="high.example" stamp="2026-11-22T09:59:58Z"></delay>${label}`,
      ' id="o1"',
    ),
    `<presence ${SERVER} from="high.example" to="low.example"><show>away</show><priority>-5</priority><x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="a &amp; &quot;b&quot; &lt; c > d" nick="n"><reason></reason></item></x></presence>`,
    `<iq ${SERVER} from="high.example" id="i" to="low.example" type="result"><query xmlns="http://jabber.org/protocol/disco#info"><feature var="a"></feature><feature var="b"></feature></query>${label}</iq>`,
    `<message ${SERVER} ${ANN}>${label}<body>x</body></message>`,
  ]
  for (const seed of seeds) {
    const octets = Buffer.from(seed)
    yield octets
    for (let at = 0; at <= octets.length; at += 1) {
      const [before, after] = [octets.subarray(0, at), octets.subarray(at)]
      yield before
      yield Buffer.concat([before, after.subarray(1)])
      yield Buffer.concat([before, after.subarray(0, 1), after])
      for (let turn = 0; turn < 3; turn += 1) {
        const insert = inserts[(at * 3 + turn) % inserts.length]!
        yield Buffer.concat([before, Buffer.from(insert), after])
      }
    }
  }
}

function* narrowStanzas(bundle: Bundle): Generator<string> {
  const label = labelOf(bundle)
  // What one text leaves behind is no part of the next.
  yield `<message ${SERVER} ${ANN} type="chat"><subject>abc//</subject><body>ab:</body>${label}</message>`
  for (const text of [...bounds.NARROWED, ...bounds.JOINED, ...bounds.NORMAL.slice(0, 8)])
    yield `<message ${SERVER} ${ANN} type="chat"><body>${escapeText(text)}</body>${label}</message>`
}

/** Labels of every row at the bounds of the windows, and at seconds whose dates are special; `respelt`: and changed at every octet. */
function* labelStanzas(bundle: Bundle, respelt: boolean): Generator<[string, number]> {
  const { rows, windows } = bundle.labels
  const probes = formProbes(bundle, SECOND, rows[0]).map(({ stanza }) => stanza)
  const first = labelOf(bundle, 0, SECOND, SECOND)
  const carrier = probes.find((stanza) => stanza.includes(first))
  if (carrier === undefined) return
  const forms = new Set<string>()
  for (const [row, { input, output }] of rows.entries()) {
    const carry = (creation: number, review: number) =>
      carrier.replace(first, () => labelOf(bundle, row, creation, review))
    yield [carry(SECOND, SECOND), SECOND]
    const holes = input.template.map((part) => (typeof part === 'string' ? '' : part.hole))
    const form = [input.form, output.form, ...holes].join(' ')
    if (forms.has(form)) continue
    forms.add(form)
    const { creationPast, creationFuture, reviewAfterCreation } = windows
    for (const creation of [SECOND - creationPast, SECOND + creationFuture, SECOND])
      for (const off of [-1, 0, 1])
        for (const review of [0, reviewAfterCreation])
          for (const more of [-1, 0, 1]) yield [carry(creation + off, creation + off + review + more), SECOND]
    for (const second of bounds.SECONDS) {
      const last = bounds.SECONDS[8]!
      yield [carry(second, Math.min(second, last)), second]
      yield [carry(second, Math.min(second + reviewAfterCreation, last)), second]
      yield [carry(Math.max(second - 1, 0), Math.min(second + 1, last)), second]
    }
    const good = carry(SECOND, SECOND + 1)
    const [creation, review] = [formatDate(SECOND), formatDate(SECOND + 1)]
    for (const [at, date] of bounds.DATES.entries()) {
      if (respelt || at % 9 === 0) yield [good.replace(creation, date), SECOND]
      if (respelt || at % 9 === 1) yield [good.replace(review, date), SECOND]
      if (at % 9 === 2) yield [good.replaceAll(creation, date).replaceAll(review, date), SECOND]
    }
    yield [good.replaceAll(creation, review), SECOND]
    const label = labelOf(bundle, row, SECOND, SECOND + 1)
    for (let at = 0; respelt && at < label.length; at += 1) {
      const cut = (put: string, skip: number) =>
        good.replace(label, () => label.slice(0, at) + put + label.slice(at + skip))
      yield [[cut('', 1), cut('A', 0), cut(label[at] === 'A' ? 'B' : 'A', 1)][at % 3]!, SECOND]
    }
  }
}

function* randomStanzas(bundle: Bundle, count: number, seed: number): Generator<Buffer> {
  const chance = random(seed + 1)
  const generate = makeGenerator(bundle, chance)
  const pool = Array.from({ length: 50 }, generate)
  for (let n = 0; n < count; n += 1) {
    let stanza = generate()
    for (let changes = [0, 0, 1, 1, 2][n % 5]!; changes > 0; changes -= 1)
      stanza = mutate(chance, stanza, pool)
    yield stanza
  }
}

function frame(stanza: Buffer, second = SECOND, generation = 1, count = 2): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt32BE(16 + stanza.length, 0)
  head.writeUInt16BE(generation, 4)
  head.writeUIntBE(count, 6, 6)
  head.writeBigUInt64BE(BigInt(second), 12)
  return Buffer.concat([head, stanza])
}

/** Frames as they may come: whole, in pieces, several at once; and what is no frame, at which `verify` ends. */
function pipes(side: Side, bundles: readonly Bundle[], cases: readonly Case[]): Case[] {
  const out: Case[] = []
  const bundle = 0
  const most = bundles[bundle]!.limits.stanzaBytes
  const stanzas = cases.flatMap((one) => (one.kind === 'stanza' && one.bundle === bundle ? [one.stanza] : []))
  const some = stanzas.filter((_, index) => index % 997 === 0)
  const add = (...chunks: Buffer[]) => out.push({ kind: 'pipe', bundle, chunks })
  const accepted = Buffer.from(
    `<message ${SERVER} from="jürgen@high.example/é" to="bob@low.example" type="chat"><body>é</body>${labelOf(bundles[bundle]!)}</message>`,
  )
  const refused = Buffer.from(`<presence ${SERVER} from="é@high.example" to="low.example"><x></x></presence>`)
  for (const stanza of [...some, accepted, refused]) add(frame(stanza))
  const three = Buffer.concat([
    frame(accepted, SECOND, 65_535, 281_474_976_710_655),
    frame(refused),
    frame(Buffer.alloc(0)),
    frame(accepted, 253_402_300_799, 0, 0),
  ])
  add(three)
  for (const step of [1, 2, 3, 4, 5, 7, 19, 20, 21, 100, 333, 400, 1000]) {
    const chunks: Buffer[] = []
    for (let at = 0; at < three.length; at += step) chunks.push(three.subarray(at, at + step))
    add(...chunks)
  }
  for (let at = 0; at <= three.length; at += 1) add(three.subarray(0, at), three.subarray(at))
  add(Buffer.alloc(0), three, Buffer.alloc(0))
  // Numbers count where identifiers are made of them.
  const numbered = bundles.findIndex(({ forms }) => forms.length === 1 && forms[0]!.form === 'presence')
  for (const [generation, count] of [
    [1, 2],
    [258, 0x1_0203_0405],
    [65_535, 281_474_976_710_655],
  ] as const) {
    const stanza = `<presence ${SERVER} from="high.example" to="low.example"><t0 xmlns="urn:x">o${generation}.${count}</t0></presence>`
    const chunks = [frame(Buffer.from(stanza), SECOND, generation, count)]
    out.push({ kind: 'pipe', bundle: numbered, chunks })
  }
  add(frame(Buffer.alloc(most, 0x20)))
  add(frame(Buffer.alloc(most, 0x20)).subarray(0, most), frame(Buffer.alloc(most, 0x20)).subarray(most))
  if (side === 'inspect') {
    add(frame(accepted, 253_402_300_800))
    add(Buffer.from([0, 0, 0, 15, ...Buffer.alloc(15)]))
    return out
  }
  add(frame(accepted, 253_402_300_800))
  add(frame(accepted, 2 ** 53))
  add(frame(Buffer.alloc(most + 1)))
  add(frame(Buffer.alloc(most + 1)).subarray(0, 4))
  add(frame(Buffer.alloc(most + 1)).subarray(0, 3), frame(Buffer.alloc(most + 1)).subarray(3, 4))
  for (const length of [0, 1, 15]) add(Buffer.from([0, 0, 0, length, ...Buffer.alloc(length)]))
  add(Buffer.from([0, 0, 0]), Buffer.from([15]))
  add(Buffer.from('ffffffff', 'hex'))
  return out
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
