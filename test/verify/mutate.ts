/** Changes to stanzas that mean something to a parser, for tests of both verifiers. */
import type { random } from './random.ts'

/** Octets and sequences to put in. */
export const inserts: readonly Buffer[] = [
  ...['<', '>', '&', '"', "'", '=', '/', ' ', '\n', '\r', '\t', ':', ';', ']', '-', '0', 'Z', 'A', 'a', '\0'],
  ...[
    '&amp;',
    '&lt;',
    '&gt;',
    '&quot;',
    '&apos;',
    '&#65;',
    '<!---->',
    '<?x?>',
    '<![CDATA[]]>',
    '<x></x>',
    '<x/>',
  ],
  ...[' xmlns="jabber:server"', ' xmlns=""', ' id="o2"', ' xml:lang="en"', '<body>b</body>', '</body>', 'x:'],
  ...[
    '\u00a0',
    '\u0301',
    '\u200d',
    '\ufeff',
    '\u202e',
    '\u{1f600}',
    'е',
    '٣',
    '\u3000',
    '\uffff',
    '\u{1ffff}',
  ],
]
  .map((text) => Buffer.from(text, 'utf8'))
  .concat([0x80, 0xc0, 0xc3, 0xed, 0xf4, 0xff].map((octet) => Buffer.from([octet])))

/** One change at a random place: something taken out, put in, replaced, moved, or taken from another stanza. */
export function mutate(
  { below, pick }: ReturnType<typeof random>,
  stanza: Buffer,
  pool: readonly Buffer[],
): Buffer {
  const from = below(stanza.length + 1)
  const to = Math.min(stanza.length, from + below(30))
  const other = pick(pool)
  const cut = below(other.length)
  const between = pick([
    Buffer.alloc(0),
    pick(inserts),
    pick(inserts),
    stanza.subarray(from, to),
    other.subarray(cut, cut + below(60)),
    Buffer.from([below(256)]),
  ])
  const behind = pick([from, from + 1, to])
  return Buffer.concat([stanza.subarray(0, from), between, stanza.subarray(behind)])
}
