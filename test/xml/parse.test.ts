import { isDeepStrictEqual as deepEqual } from 'node:util'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import t from 'tap'
import { refused } from '../../rules/reasons.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { createTextParser, decodeStanza, parseStanza, parseText } from '../../rules/xml/parse.ts'
import { HOSTILE, HOSTILE_LIMITS, ODD } from './hostile.ts'
import { referee } from './referee.ts'
import { plain } from './trees.ts'

const parse = (octets: Uint8Array) => parseStanza(octets, HOSTILE_LIMITS)

const REASON: Readonly<Record<string, RegExp>> = {
  'xml-restricted': /^not-well-formed$/,
  'xml-malformed': /^not-well-formed$/,
  namespace: /^not-well-formed$/,
  encoding: /^(not-utf8|not-well-formed)$/,
  limits: /^too-/,
}

t.test('what no stream may hold is refused, at an octet of it', async (t) => {
  for (const { class: kind, name, octets } of HOSTILE) {
    const refusal = parse(octets)
    t.ok(refused(refusal), `${kind}: ${name}`)
    if (!refused(refusal)) continue
    t.match(refusal.refused, REASON[kind]!, `${name}: the reason`)
    t.ok(refusal.at >= 0 && refusal.at <= octets.length, `${name}: the position`)
  }
})

t.test('a frame holds one whole stanza', async (t) => {
  const stanza = "<message xmlns='jabber:server'></message>"
  for (const [name, frame] of Object.entries({
    nothing: '',
    'a blank': ' ',
    'text before': `x${stanza}`,
    'text behind': `${stanza}x`,
    'a byte order mark behind': `${stanza}\ufeff`,
    'a second stanza': stanza + stanza,
    'no end': stanza.slice(0, -1),
    'CDATA that does not end': stanza.replace('><', '><![CDATA[<'),
    'a declaration': `<?xml version='1.0'?>${stanza}`,
  })) {
    t.match(parse(Buffer.from(frame)), { refused: 'not-well-formed' }, name)
  }
})

t.test('what looks odd means what libxml2 says', async (t) => {
  for (const stanza of ODD) {
    const tree = parse(Buffer.from(stanza))
    const other = referee(Buffer.from(stanza))
    t.notOk(refused(tree), stanza)
    if (!refused(tree)) t.same(plain(tree), plain(other as XmlElement), stanza)
  }
})

t.test('an attribute of a foreign namespace has no spelling', async (t) => {
  const stanza = "<message xmlns='jabber:server'><a xmlns:p='urn:x' p:y='1'/></message>"
  t.match(parse(Buffer.from(stanza)), { refused: 'unknown-attribute' })
})

t.test('a tree is frozen', async (t) => {
  const tree = parse(Buffer.from("<a x='1'>y<b/></a>")) as XmlElement
  for (const part of [tree, tree.attributes, tree.attributes[0], tree.children, tree.children[1]]) {
    t.ok(Object.isFrozen(part))
  }
})

t.test('positions count octets', async (t) => {
  t.same(parse(Buffer.from('<a>ééé\u{1f600}<b></c></a>')), { refused: 'not-well-formed', at: 20 })
})

t.test('limits hold exactly', async (t) => {
  const stanza = Buffer.from('<a><b><c>é</c></b></a>')
  t.notOk(refused(parseStanza(stanza, { stanzaBytes: stanza.length, depth: 3 })))
  t.match(parseStanza(stanza, { stanzaBytes: stanza.length - 1, depth: 3 }), { refused: 'too-big' })
  t.match(parseStanza(stanza, { stanzaBytes: stanza.length, depth: 2 }), { refused: 'too-deep' })
})

/** Documents near those above: one change, or a piece of one in another. */
const near = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...ODD).map((s) => Buffer.from(s)) },
      { weight: 1, arbitrary: fc.constantFrom(...HOSTILE.map((h) => Buffer.from(h.octets))) },
    ),
    fc.nat(),
    fc.nat(8),
  )
  .chain(([octets, at, cut]) => {
    const place = at % (octets.length + 1)
    return fc
      .oneof(
        fc.constantFrom(
          '<',
          '>',
          '/',
          '&',
          ';',
          '"',
          "'",
          '=',
          ' ',
          ':',
          'xmlns',
          ']]>',
          '<![CDATA[',
          '<!--',
          '\0',
        ),
        fc.constantFrom(...ODD).map((s) => s.slice(at % s.length, (at % s.length) + 12)),
        fc.string({ maxLength: 3 }),
      )
      .map((piece) =>
        Buffer.concat([octets.subarray(0, place), Buffer.from(piece), octets.subarray(place + cut)]).subarray(
          0,
          2000,
        ),
      )
  })

t.test('what is read, libxml2 reads as the same', async (t) => {
  let read = 0
  fc.assert(
    fc.property(near, (octets) => {
      const tree = parse(octets)
      if (refused(tree)) return
      const other = referee(octets)
      if (other === 'uri') return
      read++
      if (other === 'refused') throw new Error('libxml2 refuses it')
      if (JSON.stringify(plain(tree)) !== JSON.stringify(plain(other)))
        throw new Error('libxml2 sees another tree')
    }),
    { numRuns: 4000 },
  )
  t.ok(read > 300, `${read} documents were read by both`)
})

t.test('one that reads text after text reads each as if it were the first', async (t) => {
  const next = createTextParser(HOSTILE_LIMITS)
  const check = (octets: Uint8Array, name: string) => {
    const text = decodeStanza(octets, HOSTILE_LIMITS)
    if (refused(text)) return
    const [one, other] = [next(text), parseText(text, HOSTILE_LIMITS)]
    if (refused(one) || refused(other) ? !deepEqual(one, other) : !deepEqual(plain(one), plain(other))) {
      throw new Error(`${name}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`)
    }
  }
  const ends = [
    '',
    '</r>',
    '</r><r>',
    '<r>',
    ' ',
    '\r',
    '\r\n',
    'x',
    '>',
    ']',
    ']]',
    ']]>',
    '&',
    '&gt;',
    '\ufeff',
  ]
  for (const before of ends) {
    for (const behind of ends) {
      for (const stanza of [
        "<a b='1'>x</a>",
        "<r xmlns='urn:a'><r/></r>",
        '<a:b xmlns:a="urn:b">]]&gt;</a:b>',
      ]) {
        check(Buffer.from(before + stanza + behind), JSON.stringify([before, behind]))
      }
    }
  }
  for (const { name, octets } of HOSTILE) check(octets, name)
  fc.assert(
    fc.property(near, (octets) => check(octets, 'near')),
    { numRuns: 4000 },
  )
  t.pass('refusals with their places, and trees, are the same')
})

t.test('saxes is the version whose insides are used', async (t) => {
  const parser = new SaxesParser({ xmlns: true }) as unknown as Record<string, unknown>
  for (const field of ['state', 'tags', 'text', 'name', 'entity', 'position', 'chunk', 'i', 'forbiddenState'])
    t.ok(field in parser, field)
  for (const method of [
    'closeTag',
    'parseEntity',
    'captureNameChars',
    'sAttribValueQuoted',
    'handleTextInRoot',
  ])
    t.type(parser[method], 'function', method)
  for (const state of ['sDoctype', 'sComment', 'sPIBody', 'sPIEnding']) {
    t.ok((parser['stateTable'] as unknown[]).includes(parser[state]), state)
  }
  const handlers = ['openTagStart', 'attribute', 'openTag', 'text', 'cdata', 'closeTag', 'error', 'xmldecl']
  const called: string[] = []
  for (const handler of handlers) parser[`${handler}Handler`] = () => called.push(handler)
  const { write } = parser as unknown as { write: (text: string) => void }
  write.call(parser, "<?xml version='1.0'?><a b='1'>x<![CDATA[y]]>&no;</a>")
  t.same(called.toSorted(), [...handlers, 'text'].toSorted(), 'each handler is called by its name')
})
