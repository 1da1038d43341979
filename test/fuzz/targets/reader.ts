/**
 * verify's own reader against the parser of inspect, on an element with one attribute and a text: both take the same octets
 * for its canonical form and see the same values.
 */
import assert from 'node:assert/strict'
import {
  LESS,
  makeReader,
  QUOTE,
  readEndTag,
  readLiteral,
  readOpening,
  readStartTagEnd,
  readValue,
} from '../../../guard/verify/reader.ts'
import { makeValue, spread, textOf } from '../../../guard/verify/value.ts'
import { createCanonicalReader } from '../../../rules/decide/canonical.ts'
import { refused } from '../../../rules/reasons.ts'
import type { Target } from '../target.ts'
import { XML_TOKENS } from '../xml-tokens.ts'

const STANZA_OCTETS = 140_000
const OPENING = '<a xmlns="jabber:server"'
const value = makeValue(STANZA_OCTETS)
const readCanonical = createCanonicalReader({ stanzaBytes: STANZA_OCTETS, depth: 1 })

export const target: Target = {
  kept: 16,
  grown: STANZA_OCTETS - 100,
  dictionary: [...XML_TOKENS, '">', '</a>', '" c="'],
  seeds: () =>
    [
      '',
      'x',
      'a|b',
      'é\u{10ffff}|\ud7ff\ue000',
      '&amp;&lt;&quot;|&amp;&lt;&gt;"',
      '\t|\t\n',
      "'|'",
      '&#9;|&#13;',
      ...[
        '\r|\r',
        'x|\r',
        '\r|x',
        '\t|x',
        'x|\t',
        '\n|x',
        'x|>',
        '>|x',
        '&gt;|x',
        'x|&quot;',
        'x|&apos;',
        'x|<b></b>',
        '\ufffe|x',
        '\u{1f600}|\ufeff',
      ],
    ].map((text) => Buffer.from(text)),
  check(input) {
    // What is before the first bar is the attribute's, what is behind it the text.
    const bar = input.indexOf('|')
    const [attribute, text] =
      bar < 0 ? [input, input.subarray(0, 0)] : [input.subarray(0, bar), input.subarray(bar + 1)]
    const stanza = Buffer.concat([
      Buffer.from(`${OPENING} b="`),
      attribute,
      Buffer.from('">'),
      text,
      Buffer.from('</a>'),
    ])
    if (stanza.length <= STANZA_OCTETS) assert.deepEqual(verify(stanza), inspect(stanza))
  },
}

/** Attribute and text, or undefined when the stanza is not the canonical form of such an element. */
type Values = readonly [string, string] | undefined

function inspect(stanza: Buffer): Values {
  const tree = readCanonical(stanza)
  if (refused(tree)) return undefined
  const [only, second] = tree.attributes
  if (tree.name !== 'a' || tree.ns !== 'jabber:server' || second !== undefined || only?.name !== 'b')
    return undefined
  assert.ok(tree.children.length <= 1 && typeof (tree.children[0] ?? '') === 'string')
  return [only.value, (tree.children[0] ?? '') as string]
}

function verify(stanza: Buffer): Values {
  const reader = makeReader(stanza, value)
  const seen: string[] = []
  const note = () => {
    const quick = textOf(value, reader.latin1)
    spread(value, stanza)
    value.plain = false
    assert.equal(textOf(value, reader.latin1), quick, 'a plain value is another when spread')
    return seen.push(quick)
  }
  const isWhole =
    readOpening(reader) === OPENING &&
    readLiteral(reader, ' b="') &&
    readValue(reader, QUOTE) &&
    note() &&
    readLiteral(reader, '"') &&
    readStartTagEnd(reader, []) &&
    readValue(reader, LESS) &&
    note() &&
    readEndTag(reader, '</a>') &&
    reader.at === stanza.length
  assert.ok((reader.refusal?.at ?? 0) <= stanza.length, 'a position behind the end')
  return isWhole ? [seen[0]!, seen[1]!] : undefined
}
