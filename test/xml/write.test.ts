import fc from 'fast-check'
import t from 'tap'
import { refused } from '../../rules/reasons.ts'
import { element, XML_NS, type XmlElement } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { serialise, serialiseInside, serialiseReplacing } from '../../rules/xml/write.ts'
import { referee } from './referee.ts'
import { anyTree, plain } from './trees.ts'

/** The binding of libxml2 loses a U+FEFF at the beginning of a value. */
const seenBy = (tree: XmlElement): string => JSON.stringify(plain(tree)).replaceAll('\ufeff', '')

const LIMITS = { stanzaBytes: 100_000, depth: 100 }

t.test('the canonical spelling', async (t) => {
  const inner = element('urn:a', 'x', [], ['<&>"\'\t\n\r'])
  const root = element(
    'jabber:server',
    'message',
    [
      { ns: XML_NS, name: 'lang', value: 'en' },
      { ns: '', name: 'to', value: '<&>"\'\t\n\r' },
      { ns: '', name: 'from', value: 'a' },
    ],
    [inner, element('jabber:server', 'body')],
  )
  const x = `<x xmlns="urn:a">&lt;&amp;&gt;"'\t\n&#xD;</x>`
  t.equal(
    serialise(root),
    `<message xmlns="jabber:server" from="a" to="&lt;&amp;>&quot;'&#x9;&#xA;&#xD;" xml:lang="en">${x}<body></body></message>`,
  )
  t.equal(serialiseInside(inner, 'jabber:server'), x)
  t.equal(serialiseInside(inner, 'urn:a'), `<x>${x.slice('<x xmlns="urn:a">'.length)}`)
  t.match(serialiseReplacing(root, inner, '<y></y>'), '><y></y><body>')
})

t.test('attributes stand in the order of code units, not of a language', async (t) => {
  const names = ['b', 'Z', 'é', 'a', '_', 'a-b', 'aB']
  const written = serialise(element('', 'x', Object.fromEntries(names.map((name) => [name, '']))))
  t.same([...written.matchAll(/ ([^ =]+)=""/g)].map((match) => match[1]).slice(0), [
    'xmlns',
    'Z',
    '_',
    'a',
    'a-b',
    'aB',
    'b',
    'é',
  ])
})

t.test('what cannot be written is a programming error', async (t) => {
  t.throws(() => serialise(element('', 'x y="1"><evil')), 'a name that is markup')
  t.throws(() => serialise(element('', '')), 'no name')
  t.throws(() => serialise(element('', 'p:x')), 'a prefix')
  t.throws(() => serialise(element('', 'x', { 'y="1" z': '' })), 'an attribute name that is markup')
  t.throws(() => serialise(element('', 'x', [{ ns: 'urn:a', name: 'y', value: '' }])), 'a foreign attribute')
  for (const bad of ['\0', '\x0b', '\x1f', '\ufffe', '\uffff', '\ud800', 'a\udc00']) {
    t.throws(() => serialise(element('', 'x', [], [bad])), `text ${JSON.stringify(bad)}`)
    t.throws(() => serialise(element('', 'x', { y: bad })), `attribute ${JSON.stringify(bad)}`)
  }
})

t.test('reading what was written gives the tree, to us and to libxml2', async (t) => {
  let trees = 0
  fc.assert(
    fc.property(anyTree, (tree) => {
      const spelling = serialise(tree)
      const read = parseStanza(Buffer.from(spelling), LIMITS)
      if (refused(read)) throw new Error(`refused: ${read.refused}`)
      const wanted = JSON.stringify(plain(tree))
      if (JSON.stringify(plain(read)) !== wanted) throw new Error('another tree')
      if (seenBy(referee(Buffer.from(spelling)) as XmlElement) !== seenBy(tree))
        throw new Error('another to libxml2')
      if (serialise(read) !== spelling) throw new Error('another spelling')
      trees++
    }),
    { numRuns: 1000 },
  )
  t.equal(trees, 1000)
})
