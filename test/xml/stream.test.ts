import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { refused } from '../../rules/reasons.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { attribute, element } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { createStreamReader, type StreamFault } from '../../rules/xml/stream.ts'
import { serialise } from '../../rules/xml/write.ts'
import { HOSTILE, HOSTILE_LIMITS, ODD } from './hostile.ts'
import { anyTree, plain } from './trees.ts'

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' " +
  "xmlns:db='jabber:server:dialback' from='high.example' to='low.example' version='1.0'>"

type Event =
  | ['open', XmlElement]
  | ['element', XmlElement, number]
  | ['close']
  | ['error', StreamFault, number]
  | ['spoilt', XmlElement, number, string]

/** All that a reader tells of octets that come in chunks of such sizes, over and over. */
function read(
  octets: Uint8Array,
  sizes: readonly number[] = [octets.length || 1],
  limits = HOSTILE_LIMITS,
  hardBytes?: number,
): Event[] {
  const events: Event[] = []
  const reader = createStreamReader({
    limits,
    ...(hardBytes !== undefined && {
      tolerance: {
        hardBytes,
        onSpoilt: (element: XmlElement, reason: string, size: number) =>
          events.push(['spoilt', element, size, reason]),
      },
    }),
    onOpen: (header) => events.push(['open', header]),
    onElement: (element, size) => events.push(['element', element, size]),
    onClose: () => events.push(['close']),
    onError: (reason, at) => events.push(['error', reason, at]),
  })
  for (let at = 0, i = 0; at < octets.length; i++) {
    const size = sizes[i % sizes.length]!
    reader.write(octets.subarray(at, at + size))
    at += size
  }
  return events
}

const stream = (...parts: (string | Uint8Array)[]): Uint8Array =>
  Buffer.concat([HEADER, ...parts].map((part) => Buffer.from(part as string)))

const kinds = (events: Event[]): string[] => events.map(([kind]) => kind)
/** What matters of events: an error's reason and place may depend on how much had been read. */
const essence = (events: Event[]): string =>
  JSON.stringify(
    events.map((event) =>
      event[0] === 'element' || event[0] === 'spoilt'
        ? [event[0], plain(event[1]), event[2]]
        : event[0] === 'open'
          ? plain(event[1])
          : event[0],
    ),
  )

t.test('what streams may not hold is told from what is not XML', async (t) => {
  for (const [text, fault] of [
    ['<!-- x -->', 'restricted-xml'],
    ['<message><body>x<!-- y -->', 'restricted-xml'],
    ['<?x?>', 'restricted-xml'],
    ['<message><?x y?></message>', 'restricted-xml'],
    ['<!DOCTYPE x>', 'restricted-xml'],
    ["<message><!DOCTYPE x [<!ENTITY a 'b'>]>", 'restricted-xml'],
    ['<!DOCTYP x>', 'not-well-formed'],
    ['<!doctype x>', 'not-well-formed'],
    ['<message><![CDATA[x]]></massage>', 'not-well-formed'],
    ['x&', 'not-well-formed'],
    ['<![CDATA[x', 'not-well-formed'],
  ] as const) {
    for (const sizes of [[1], [3, 2], [1000]])
      t.match(read(stream(text), sizes).at(-1), ['error', fault], text)
  }
  t.match(read(Buffer.from('<!DOCTYPE x><stream/>')), [['error', 'restricted-xml']], 'before the header')
})

t.test('a stream: header, children, end', async (t) => {
  const events = read(
    stream(
      "\n<message id='é'><body>ü</body></message> \t\r\n<presence/><db:result/>",
      '</stream:stream><x/>',
    ),
  )
  t.same(kinds(events), ['open', 'element', 'element', 'element', 'close'])
  const [open, message, presence, dialback] = events as [Event, Event, Event, Event]
  t.equal((open[1] as XmlElement).ns, 'http://etherx.jabber.org/streams')
  t.equal(attribute(open[1] as XmlElement, 'from'), 'high.example')
  t.equal((message[1] as XmlElement).ns, 'jabber:server')
  t.equal(message[2], Buffer.byteLength("<message id='é'><body>ü</body></message>"), 'size in octets')
  t.equal(presence[2], '<presence/>'.length)
  t.equal((dialback[1] as XmlElement).ns, 'jabber:server:dialback', 'prefixes of the header are known')
})

t.test('hostile input ends the stream in chunks of any size, and nothing of it is delivered', async (t) => {
  const before = "<presence id='before'/>"
  for (const { class: kind, name, octets } of HOSTILE) {
    const input = stream(before, octets, "<presence id='behind'/>", ' '.repeat(20), '</stream:stream>')
    for (const sizes of [[input.length], [1], [7, 1, 13]]) {
      t.same(kinds(read(input, sizes)), ['open', 'element', 'error'], `${kind}: ${name}, by ${sizes}`)
    }
  }
})

t.test('what a stream may not hold besides', async (t) => {
  const cases: Record<string, [string, string[]]> = {
    'text between stanzas': ['<a/>x<b/>', ['open', 'element', 'error']],
    'a reference between stanzas': ['<a/>&#120;<b/>', ['open', 'element', 'error']],
    'a blank as a reference between stanzas': ['<a/>&#32;<b/>', ['open', 'element', 'error']],
    'a line feed as a reference between stanzas': ['<a/>\n&#xA;\n<b/>', ['open', 'element', 'error']],
    'an empty CDATA section between stanzas': ['<a/><![CDATA[]]><b/>', ['open', 'element', 'error']],
    'a blank CDATA section between stanzas': ['<a/> <![CDATA[ ]]><b/>', ['open', 'element', 'error']],
    'CDATA between stanzas': ['<a/><![CDATA[x]]><b/>', ['open', 'element', 'error']],
    'U+FEFF between stanzas': ['<a/>\ufeff<b/>', ['open', 'element', 'error']],
    'U+00A0 between stanzas': ['<a/>\u00a0<b/>', ['open', 'element', 'error']],
    'a second header': [HEADER.slice(21), ['open', 'error']],
    'a second header, closed': [`${HEADER.slice(21)}</stream:stream>`, ['open', 'error']],
    'an end tag with another prefix': ['<a/></streams:stream>', ['open', 'element', 'error']],
    'a second declaration': ["<?xml version='1.0'?><a/>", ['open', 'error']],
  }
  for (const [name, [input, wanted]] of Object.entries(cases)) {
    for (const sizes of [[1000], [1]])
      t.same(kinds(read(stream(input), sizes)), wanted, `${name}, by ${sizes}`)
  }
  const headers = {
    'a byte order mark': `\ufeff${HEADER}`,
    'a DOCTYPE': `<!DOCTYPE stream:stream>${HEADER.slice(21)}`,
    'text before': `x${HEADER.slice(21)}`,
    'XML 1.1': HEADER.replace('1.0', '1.1'),
    'UTF-16 in the declaration': HEADER.replace("'?>", "' encoding='UTF-16'?>"),
    'ISO 8859-1 in the declaration': HEADER.replace("'?>", "' encoding='ISO-8859-1'?>"),
    'an undeclared prefix': '<stream:stream>',
    'a header without end': `<stream:stream x='${'x'.repeat(HOSTILE_LIMITS.stanzaBytes)}`,
  }
  for (const [name, header] of Object.entries(headers)) {
    for (const sizes of [[100_000], [1]])
      t.same(kinds(read(Buffer.from(header), sizes)), ['error'], `${name}, by ${sizes}`)
  }
})

t.test('an end tag of another name does not deliver its element first', async (t) => {
  for (const sizes of [[1000], [1]]) {
    t.same(kinds(read(stream('<message><body>x</body></messagf>'), sizes)), ['open', 'error'])
  }
})

t.test('limits hold while an element is read', async (t) => {
  const limits = { stanzaBytes: 500, depth: 3 }
  const exact = `<a>${'x'.repeat(493)}</a>`
  t.same(kinds(read(stream(exact), [1], limits)), ['open', 'element'])
  t.same(kinds(read(stream(exact.replace('x', 'xx')), [1000], limits)), ['open', 'error'])
  t.same(read(stream('<a>' + 'x'.repeat(900)), [1], limits).at(-1)?.[1], 'too-big')
  t.equal(read(stream('<a>' + 'x'.repeat(900)), [1], limits).at(-1)?.[2], HEADER.length + 501, 'at once')
  t.same(kinds(read(stream('<a><b><c/></b></a>'), [1], limits)), ['open', 'element'])
  t.same(read(stream('<a><b><c><d>'), [1], limits).at(-1)?.[1], 'too-deep')
})

const WHOSE = `from='a@high.example' to='b@low.example' id='m1' type='chat'`
const many = (count: number) => Array.from({ length: count }, (_, i) => `a${i}='x'`).join(' ')

t.test(
  'where the stream is tolerant, a stanza that breaks a limit is told as bare and the next one is read',
  async (t) => {
    const limits = { stanzaBytes: 500, depth: 3 }
    const whose = { from: 'a@high.example', to: 'b@low.example', id: 'm1', type: 'chat' }
    for (const [name, text, reason, kept] of [
      ['text', `<message ${WHOSE}><body>${'x'.repeat(900)}</body></message>`, 'too-big', whose],
      ['text at once behind the tag', `<message ${WHOSE}>${'x'.repeat(900)}</message>`, 'too-big', whose],
      ['CDATA', `<message ${WHOSE}><body><![CDATA[${'x'.repeat(900)}]]></body></message>`, 'too-big', whose],
      ['many small elements', `<message ${WHOSE}>${'<a>b</a>'.repeat(120)}</message>`, 'too-big', whose],
      ['an attribute', `<message ${WHOSE}><a b='${'x'.repeat(900)}'/></message>`, 'too-big', whose],
      ['an attribute of its own', `<message ${WHOSE} b='${'x'.repeat(900)}'/>`, 'too-big', whose],
      ['an endless id', `<message id='${'x'.repeat(4000)}'/>`, 'too-big', {}],
      ['depth', `<message ${WHOSE}><a><b><c><d/></c>x</b><e/></a><f/></message>`, 'too-deep', whose],
      ['attributes', `<message ${WHOSE}><a ${many(17)}>x</a>y</message>`, 'too-big', whose],
      ['attributes of its own', `<message ${many(17)} ${WHOSE}><a/></message>`, 'too-big', whose],
      [
        'a namespace',
        `<message ${WHOSE}><a xmlns='http://é.example/'><b/></a></message>`,
        'bad-attribute',
        whose,
      ],
      [
        'a namespace that is declared',
        `<message xmlns:x='[' ${WHOSE}><a/></message>`,
        'bad-attribute',
        whose,
      ],
    ] as const) {
      for (const sizes of [[10_000], [1], [7, 30]]) {
        const events = read(stream('<before/>', text, '<behind/>'), sizes, limits, 5000)
        t.same(kinds(events), ['open', 'element', 'spoilt', 'element'], `${name}, by ${sizes}`)
        const [, , spoilt] = events
        if (spoilt?.[0] !== 'spoilt') continue
        t.same(plain(spoilt[1]), plain(element('jabber:server', 'message', kept)), name)
        t.equal(spoilt[2], Buffer.byteLength(text))
        if (sizes[0] === 10_000) t.equal(spoilt[3], reason, name)
      }
    }
  },
)

t.test('what is no XML, or beyond the hard limits, breaks a tolerant stream too', async (t) => {
  const limits = { stanzaBytes: 500, depth: 3 }
  const deep = '<a>'.repeat(4)
  for (const [name, text] of [
    ['a wrong end tag', `<message>${deep}</b>`],
    ['a comment', `<message>${deep}<!-- -->`],
    ['an undeclared prefix', `<message>${deep}<x:y/>`],
    ['an undeclared prefix of an attribute', `<message>${deep}<y x:z=''/>`],
    ['an attribute twice', `<message>${deep}<y z='' z=''/>`],
    ['an entity', `<message>${deep}&x;`],
    ['no UTF-8', Buffer.concat([Buffer.from(`<message>${deep}`), Buffer.from([0xff])])],
    ['a doubtful namespace of its own', `<message xmlns=' jabber:server '/>`],
    ['a doubtful prefix of its own', `<p:message xmlns:p=' jabber:server '/>`],
    ['octets', `<message>${'x'.repeat(5000)}</message>`],
    ['octets without end', `<message>${'x'.repeat(5000)}`],
    ['a name without end', `<${'x'.repeat(501)}`],
    ['depth without end', `<message>${'<a>'.repeat(300)}`],
    ['attributes without end', `<message ${many(300)}/>`],
    ['a header', HEADER.slice(21)],
  ] as const) {
    for (const sizes of [[10_000], [1]]) {
      const events = read(stream('<before/>', text, `<behind/>${' '.repeat(20)}`), sizes, limits, 5000)
      t.same(kinds(events), ['open', 'element', 'error'], `${name}, by ${sizes}`)
    }
  }
  const header = read(Buffer.from(`<stream:stream x='${'x'.repeat(600)}`), [1], limits, 5000)
  t.same(kinds(header), ['error'], 'a header beyond the first limit')
})

t.test('a spoilt stanza costs no memory while it is read', async (t) => {
  const reader = createStreamReader({
    limits: { stanzaBytes: 500, depth: 3 },
    tolerance: { hardBytes: 1 << 30, onSpoilt: () => {} },
    onOpen: () => {},
    onElement: () => {},
    onClose: () => {},
    onError: (fault) => t.fail(fault),
  })
  reader.write(stream(`<message ${WHOSE}>`))
  const chunk = Buffer.from(`<a b='c'>${'x'.repeat(65_000)}</a>${'y'.repeat(500)}`)
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 1000; i++) reader.write(chunk)
  t.equal(reader.pending() > 60_000_000, true, 'it is one stanza')
  t.ok(process.memoryUsage().heapUsed - before < 40_000_000, 'and was not kept')
})

t.test('blanks that keep a connection open may go on for ever', async (t) => {
  const limits = { stanzaBytes: 500, depth: 3 }
  const input = stream(
    ...Array.from({ length: 2000 }, () => ' \n'),
    '<a/>',
    '\r'.repeat(700),
    '<b/>',
    ' '.repeat(501),
  )
  for (const sizes of [[1], [2], [400]])
    t.same(kinds(read(input, sizes, limits)), ['open', 'element', 'element'], `${sizes}`)
})

t.test('after its end a reader is silent', async (t) => {
  const seen: string[] = []
  const reader = createStreamReader({
    limits: HOSTILE_LIMITS,
    onOpen: () => seen.push('open'),
    onElement: ({ name }) => {
      seen.push(name)
      if (name === 'starttls') reader.end()
    },
    onClose: () => seen.push('close'),
    onError: () => seen.push('error'),
  })
  reader.write(stream('<starttls/><message/></x>'))
  reader.write(Buffer.from('<message/>'))
  t.same(seen, ['open', 'starttls'])
})

t.test('what a callback throws is not taken for input', async (t) => {
  const reader = createStreamReader({
    limits: HOSTILE_LIMITS,
    onOpen: () => {
      throw new TypeError('ours')
    },
    onElement: () => {},
    onClose: () => {},
    onError: () => t.fail('told as an error of the stream'),
  })
  t.throws(() => reader.write(stream('<a/>')), { message: 'ours' })
})

t.test('how much of an element waits', async (t) => {
  const reader = createStreamReader({
    limits: HOSTILE_LIMITS,
    onOpen: () => {},
    onElement: () => {},
    onClose: () => {},
    onError: () => {},
  })
  reader.write(stream(' '))
  t.equal(reader.pending(), 0)
  reader.write(Buffer.from('  <a>é'))
  t.equal(reader.pending(), 5)
  reader.write(Buffer.from('</a>'))
  t.equal(reader.pending(), 0)
})

t.test('what is delivered does not depend on the cuts', async (t) => {
  const stanza = fc.oneof(
    anyTree.map(serialise),
    fc.constantFrom(...ODD),
    fc.constantFrom(' ', '\n', '\r\n', '<a/>', 'x', '</a>', '<!---->', '</stream:stream>'),
    fc.constantFrom(...HOSTILE.filter((h) => h.octets.length < 500).map((h) => h.octets)),
  )
  let several = 0
  let spoilt = 0
  fc.assert(
    fc.property(
      fc.array(stanza, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (parts, sizes) => {
        const input = stream(...parts)
        const whole = read(input)
        if (whole.length > 3) several++
        if (essence(read(input, sizes)) !== essence(whole)) throw new Error(`cut by ${sizes}`)
        if (essence(read(input, [1])) !== essence(whole)) throw new Error('cut by 1')
        const tight = { stanzaBytes: 250, depth: 2 }
        const tolerated = essence(read(input, undefined, tight, 600))
        if (tolerated.includes('spoilt')) spoilt++
        if (essence(read(input, sizes, tight, 600)) !== tolerated)
          throw new Error(`tolerant, cut by ${sizes}`)
      },
    ),
    { numRuns: 300 },
  )
  t.ok(several > 20, `${several} streams held several stanzas`)
  t.ok(spoilt > 20, `${spoilt} held spoilt ones`)
})

t.test('a stanza means the same in a stream and in a frame', async (t) => {
  for (const odd of ODD) {
    const alone = parseStanza(Buffer.from(odd), HOSTILE_LIMITS)
    const event = read(stream(odd))[1]!
    if (refused(alone) || event[0] !== 'element') t.fail(odd)
    else t.same(plain(event[1]), plain(alone), odd)
  }
})

const corpus = new URL('../../../shared/conformance/stanzas/', import.meta.url)
t.test(
  'the conformance corpus',
  { skip: existsSync(corpus) ? false : 'shared/conformance is not here' },
  async (t) => {
    type Entry = { file: string; class: string; accept: string[]; must_never_appear_downstream: string }
    const hostile: Entry[] = JSON.parse(readFileSync(new URL('hostile/index.json', corpus), 'utf8'))
    const AT_THE_EDGE = ['0110-proceed-injected.xml'] // well-formed; the edge knows that it does not belong there
    const ended = hostile.filter(
      ({ class: kind, accept, file }) =>
        /^(xml-|encoding|stream-protocol)/.test(kind) &&
        accept.join() === 'stream-error' &&
        !AT_THE_EDGE.includes(file),
    )
    t.ok(ended.length > 15, 'there are some')
    for (const { file, must_never_appear_downstream: marker } of ended) {
      const octets = readFileSync(new URL(`hostile/${file}`, corpus))
      for (const sizes of [[octets.length + 1000], [1], [3, 50]]) {
        const events = read(stream(octets), sizes, { stanzaBytes: 65_536, depth: 12 })
        t.equal(events.at(-1)?.[0], 'error', `${file}, by ${sizes}`)
        t.notMatch(essence(events), marker, `${file}: nothing of it is delivered`)
      }
    }
    const benign: { file: string }[] = JSON.parse(readFileSync(new URL('benign/index.json', corpus), 'utf8'))
    for (const { file } of benign) {
      const events = read(stream(readFileSync(new URL(`benign/${file}`, corpus))), [5], {
        stanzaBytes: 65_536,
        depth: 12,
      })
      t.ok(events.length > 1 && !kinds(events).includes('error'), file)
    }
  },
)
