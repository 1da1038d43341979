/**
 * Values and the content filter: for every kind of value rule, and for texts under several narrowings, both verifiers' code says
 * the same of each value.
 */
import assert from 'node:assert/strict'
import { makeNarrow } from '../../../guard/verify/narrow.ts'
import { LESS, makeReader, readValue } from '../../../guard/verify/reader.ts'
import { findBadValue, type ValueRule as Verified } from '../../../guard/verify/rules.ts'
import { makeValue } from '../../../guard/verify/value.ts'
import type { Bundle, ContentChoice, ValueRule } from '../../../rules/bundle/bundle.ts'
import { compileValue, scopeOf } from '../../../rules/decide/value.ts'
import { NUMBER } from '../../support/number.ts'
import type { Target } from '../target.ts'

const STANZA_OCTETS = 300_000
const value = makeValue(STANZA_OCTETS)

const CHOICES: readonly (ContentChoice | undefined)[] = [
  undefined,
  { scripts: ['Latin', 'Greek'], joiners: false },
  { categories: ['Lu', 'Ll', 'Lo', 'Nd', 'Po', 'Mn', 'So'], marks: 1 },
  { mixedWords: false, links: false },
  { words: ['secret', 'straße', '007', 'पद'], marks: 0 },
]

const DOMAINS = ['high.example', 'rooms.high.example', 'x']
const SIDE = { name: 'high', domains: DOMAINS.map((name) => ({ name, kind: 'im' as const })) }

/** Whether both say that a text stands; one function a rule and verifier. */
type Pair = Readonly<{ inspect(text: string): boolean; verify(octets: Buffer): boolean }>

const numbered = { number: NUMBER, fromRoom: false }

function pair(rule: ValueRule, other: Verified, content?: ContentChoice): Pair {
  const bundle = { from: SIDE, to: SIDE, ...(content === undefined ? {} : { content }) } as unknown as Bundle
  const check = compileValue(rule, scopeOf(bundle))
  return {
    inspect: (text) => check(text, { number: NUMBER, from: 'high.example' }),
    verify: (octets) => findBadValue(other, value, octets, octets.toString('latin1'), numbered) < 0,
  }
}

function texts(content: ContentChoice | undefined): Pair[] {
  const narrow =
    content &&
    makeNarrow({
      scripts: undefined,
      categories: undefined,
      joiners: true,
      marks: Number.MAX_SAFE_INTEGER,
      mixedWords: true,
      links: true,
      words: [],
      ...content,
    })
  return [5, 70_000].flatMap((max) =>
    [true, false].map((lines) =>
      pair(
        { type: 'text', max, lines },
        { type: 'text', max, blanks: { lines, ideographic: true }, narrow },
        content,
      ),
    ),
  )
}

const domains = new Map(DOMAINS.map((name) => [name, undefined]))

const PAIRS: readonly Pair[] = [
  ...CHOICES.flatMap(texts),
  pair({ type: 'resource', max: 1023 }, { type: 'resource', most: 1023 }),
  pair({ type: 'resource', max: 3 }, { type: 'resource', most: 3 }),
  pair(
    { type: 'address', side: 'either', local: 5, resource: 1023 },
    { type: 'address', domains, most: { local: 5, resource: 1023 } },
  ),
  pair({ type: 'enum', values: ['', 'a', 'é'] }, { type: 'enum', values: new Set(['', 'a', 'é']) }),
  pair({ type: 'identifier', max: 64 }, { type: 'identifier', max: 64 }),
  pair({ type: 'integer', min: -128, max: 2 ** 53 - 1 }, { type: 'integer', min: -128, max: 2 ** 53 - 1 }),
  pair({ type: 'date' }, { type: 'date' }),
  pair({ type: 'own-number', echo: false }, { type: 'own-number', echo: false }),
  pair({ type: 'answer-number' }, { type: 'answer-number' }),
  pair({ type: 'earlier-number', echo: false }, { type: 'earlier-number', echo: false }),
]

export const target: Target = {
  kept: 22,
  grown: 100_000,
  dictionary: [
    '\xcc\x81',
    '\xcc\xa3',
    '\xe2\x80\x8d',
    '\xe2\x80\x8c',
    '\xef\xb8\x8f',
    '\xe3\x80\x80',
    '\xf0\x9f\x91\x8d',
    '\xf0\x9f\x8f\xbd',
    '\xe2\x9d\xa4',
    '\xe0\xa4\x95\xe0\xa5\x8d',
    '\xd9\x85\xdb\x8c',
    '\xd0\xb0',
    '\xce\xb1',
    '\xe3\x82\xab',
    '\xed\x95\x9c',
    '\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8',
    '\xe0\xa5\x98',
    '\xe2\x84\xab',
    '\xf3\xa0\x81\x81',
    '\xe1\x85\x9f',
    'mailto:',
    '://',
    'www.',
    'secret',
    '\xe0\xa4\xaa\xe0\xa4\xa6',
    '2026-11-22T10:00:00Z',
    'o1.',
    'r1.',
    'high.example',
    '9007199254740991',
    '-128',
  ],
  seeds: () =>
    PAIRS.flatMap((_, index) =>
      [
        'Hello\n',
        'Grüße, привет, κόσμε',
        'می‌خواهم',
        'क्‍ष पद',
        '👩‍❤️‍👨 👍🏽 1️⃣',
        '日本語　한국어',
        'see www.x y://z',
        '2024-02-29T23:59:59Z',
        'o1.2',
        'r1.2',
        'a@high.example/b',
        '-12',
        'x\u0323\u0301y',
        'e\u0300\u0301\u0302\u0303',
        'x\u0316\u0317\u0318\u0319',
        'x\u0316\u0317\u0318\u0319\u031a',
      ].map((text) => Buffer.concat([Uint8Array.of(index), Buffer.from(text)])),
    ),
  check(input) {
    const { inspect, verify } = PAIRS[(input[0] ?? 0) % PAIRS.length]!
    const text = decode(input.subarray(1))
    if (text === undefined) return
    // Escaped as verify reads it; what XML cannot hold never gets to a value rule.
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    const octets = Buffer.from(`${escaped}<`)
    if (octets.length > STANZA_OCTETS || !readValue(makeReader(octets, value), LESS)) return
    const bad = verify(octets)
    assert.equal(bad, inspect(text), `verify says ${bad} of ${JSON.stringify(text)}`)
  },
}

function decode(octets: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return undefined
  }
}
