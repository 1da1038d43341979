/**
 * The reader of XML streams: the same events however the octets are cut, nothing beyond its limits, and each element that it
 * delivers is one that can be written and read again.
 */
import assert from 'node:assert/strict'
import { refused } from '../../../rules/reasons.ts'
import type { XmlElement } from '../../../rules/xml/node.ts'
import { parseText, type StanzaLimits } from '../../../rules/xml/parse.ts'
import { createStreamReader } from '../../../rules/xml/stream.ts'
import { serialise } from '../../../rules/xml/write.ts'
import { HOSTILE, ODD } from '../../xml/hostile.ts'
import { plain } from '../../xml/trees.ts'
import { pieces } from '../pieces.ts'
import type { Target } from '../target.ts'
import { isWritable } from '../writable.ts'
import { XML_TOKENS } from '../xml-tokens.ts'

/** Limits that inputs reach, and those under which a grown input is one element; the first octet chooses. */
const TIGHT = { stanzaBytes: 1000, depth: 6 }
const WIDE = { stanzaBytes: 300_000, depth: 64 }
const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' " +
  "xmlns:db='jabber:server:dialback' from='high.example' to='low.example' version='1.0'>"

export const target: Target = {
  kept: 34,
  grown: 60_000,
  dictionary: [
    ...XML_TOKENS,
    '</stream:stream>',
    '<stream:features>',
    '<db:result>',
    "<?xml version='1.0'?>",
  ],
  seeds() {
    const inside = [...HOSTILE.map(({ octets }) => octets), ...ODD.map((text) => Buffer.from(text))]
    const long = (octets: number) => Buffer.from(`\x80<a>${'x'.repeat(octets)}</a><b/>`, 'latin1')
    return [
      ...[0, 900, 993, 994, 1500].map(long),
      ...inside
        .filter(({ length }) => length < 3000)
        .flatMap((octets) => [0x80, 0xc0].map((choice) => Buffer.concat([Uint8Array.of(choice), octets]))),
      Buffer.concat([Uint8Array.of(1), Buffer.from(`${HEADER}<presence/> <a>é</a></stream:stream>x`)]),
    ]
  },
  check(input) {
    const [seed = 0] = input
    const octets = seed >= 0x80 ? Buffer.concat([Buffer.from(HEADER), input.subarray(1)]) : input.subarray(1)
    const limits = (seed & 0x40) === 0 ? TIGHT : WIDE
    const { events, delivered } = read([octets], limits)
    for (const cut of [pieces(octets, seed), pieces(octets, 1000 + seed)]) {
      assert.deepEqual(read(cut, limits).events, events, 'cut in pieces it is something else')
    }
    for (const element of delivered) {
      if (!isWritable(element)) continue
      const again = parseText(serialise(element), { stanzaBytes: 10_000_000, depth: limits.depth })
      assert.ok(!refused(again), 'what was delivered cannot be read again')
      assert.deepEqual(plain(again), plain(element), 'read again it is something else')
    }
  },
}

/** What matters: an error's reason and place may depend on how much had been read. */
function read(cut: readonly Buffer[], limits: StanzaLimits): { events: unknown[]; delivered: XmlElement[] } {
  const events: unknown[] = []
  const delivered: XmlElement[] = []
  let over = false
  const last = (kind: string) => () => {
    assert.ok(!over, 'an event behind the last')
    over = true
    events.push(kind)
  }
  const reader = createStreamReader({
    limits,
    onOpen(header) {
      assert.equal(events.length, 0, 'the header is not the first')
      events.push(plain(header))
    },
    onElement(element, size) {
      assert.ok(!over && size <= limits.stanzaBytes, 'an element beyond the limits')
      delivered.push(element)
      events.push([plain(element), size])
    },
    onClose: last('close'),
    onError: last('error'),
  })
  for (const piece of cut) {
    reader.write(piece)
    assert.ok(over || reader.pending() <= limits.stanzaBytes, 'more is held than the limit')
  }
  return { events, delivered }
}
