/**
 * The parser of whole stanzas: the one that is kept from stanza to stanza reads as a fresh one, libxml2 sees the same tree in
 * all that it reads, and a tree that is written is read as itself and is canonical.
 */
import assert from 'node:assert/strict'
import { createCanonicalReader } from '../../../rules/decide/canonical.ts'
import { refused } from '../../../rules/reasons.ts'
import { createTextParser, decodeStanza, parseStanza, parseText } from '../../../rules/xml/parse.ts'
import { serialise } from '../../../rules/xml/write.ts'
import { HOSTILE, ODD } from '../../xml/hostile.ts'
import { referee } from '../../xml/referee.ts'
import { plain } from '../../xml/trees.ts'
import type { Target } from '../target.ts'
import { isWritable } from '../writable.ts'
import { XML_TOKENS } from '../xml-tokens.ts'

const LIMITS = { stanzaBytes: 140_000, depth: 8 }
/** Longer texts are not cut, for time. */
const MOST_CUT = 500
const readNext = createTextParser(LIMITS)
const readCanonical = createCanonicalReader(LIMITS)

export const target: Target = {
  kept: 26,
  grown: LIMITS.stanzaBytes,
  dictionary: XML_TOKENS,
  seeds: () =>
    [...HOSTILE.map(({ octets }) => octets), ...ODD.map((text) => Buffer.from(text))].filter(
      ({ length }) => length < 3000,
    ),
  check(input) {
    const tree = parseStanza(input, LIMITS)
    const text = decodeStanza(input, LIMITS)
    const next = refused(text) ? text : readNext(text)
    if (!refused(text) && text.length < MOST_CUT) checkParts(text)
    if (refused(tree)) {
      assert.deepEqual(next, tree, 'the kept parser refuses otherwise')
      assert.ok(tree.at <= input.length, 'a position behind the end')
      assert.ok(refused(readCanonical(input)), 'canonical, but no stanza')
      return
    }
    const seen = plain(tree)
    assert.ok(!refused(next), 'the kept parser refuses what a fresh one reads')
    assert.deepEqual(plain(next), seen, 'the kept parser sees another tree')

    const other = referee(input)
    if (other !== 'uri') {
      assert.notEqual(other, 'refused', 'libxml2 refuses what is read')
      assert.deepEqual(plain(other as typeof tree), seen, 'libxml2 sees another tree')
    }

    const canonical = !refused(readCanonical(input))
    if (!isWritable(tree)) return assert.ok(!canonical, 'canonical, but without spelling')
    const spelling = serialise(tree)
    const again = parseText(spelling, { ...LIMITS, stanzaBytes: 10_000_000 })
    assert.ok(!refused(again), 'what was written cannot be read')
    assert.deepEqual(plain(again), seen, 'what was written is read as something else')
    assert.equal(canonical, spelling === text && !spelling.includes('&#'), 'canonical')
  },
}

/** Cut behind one of its tags, which its length chooses: what the first part leaves open must not show in the second. */
function checkParts(text: string): void {
  const tags = text.split('>', 8)
  const readPart = createTextParser(LIMITS) // one that nothing has broken yet
  const end = tags.slice(0, 1 + (text.length % tags.length)).join('>').length + 1
  for (const part of [text.slice(0, end), text.slice(end)]) {
    const [kept, fresh] = [readPart(part), parseText(part, LIMITS)].map((read) =>
      refused(read) ? read : plain(read),
    )
    assert.deepEqual(kept, fresh, 'the kept parser remembers')
  }
}
