/** What verify accepts, what it refuses and for which reason: every rule type, every deviation from the canonical form. */
import t from 'tap'
import type { REASONS } from '../../guard/verify/reasons.ts'
import { bundle, CREATION, chat, decide, disco, labelOf, NOW, presence, REVIEW, say } from './fixture.ts'

const body = '<body>Hi</body>'
const label = labelOf(0)
const good = chat(`${body}${label}`)
const delay = (attributes: string) =>
  chat(`<body>Hi</body><delay xmlns="urn:xmpp:delay"${attributes}></delay>${label}`)
const from = (address: string) =>
  `<presence xmlns="jabber:server" from="${address}" to="bob@low.example"></presence>`
const to = (address: string) =>
  `<presence xmlns="jabber:server" from="ann@high.example" to="${address}"></presence>`
const nick = (value: string) =>
  presence(
    `<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="none" nick="${value}"></item></x>`,
  )
const features = (...names: string[]) =>
  disco(names.map((name) => `<feature var="${name}"></feature>`).join(''), label)
const hours = (text: string) => `2026-11-22T${text}Z`

type Table = Record<string, string | Uint8Array>

function holds(name: string, expected: string, table: Table): void {
  t.test(name, async (t) => {
    for (const [what, stanza] of Object.entries(table)) t.equal(say(stanza), expected, what)
  })
}

t.test('accepted stanzas are written as they came, but for the label', async (t) => {
  const table: [string, string][] = [
    [chat(`${body}`), ''],
    [chat(`<body>a &amp; b &lt; c &gt; d " ' é 😀\n\tnew line</body>`), ''],
    [chat(`<subject>S</subject><subject xml:lang="de">B</subject><body xml:lang="sr-Latn-RS">x</body>`), ''],
    [chat(`${body}<thread>t!1</thread><paused xmlns="http://jabber.org/protocol/chatstates"></paused>`), ''],
    [chat(body, ' from="high.example" to="low.example/r &amp;&lt;&quot;>\'é" type="chat" xml:lang="en"'), ''],
    [chat(`${body}<delay xmlns="urn:xmpp:delay" from="low.example" stamp="${CREATION}"></delay>`), ''],
  ]
  for (const [stanza] of table) {
    for (const row of [0, 1, 2, 3]) {
      const verdict = decide(stanza.replace('</message>', `${labelOf(row)}</message>`))
      t.ok(verdict.accepted, stanza)
      if (!verdict.accepted) continue
      t.equal(verdict.row, row)
      t.equal(verdict.form, 'message-chat')
      const [before, after] = [stanza.replace('</message>', ''), '</message>']
      t.ok(verdict.output.startsWith(before) && verdict.output.endsWith(after), stanza)
      t.match(verdict.output.slice(before.length, -after.length), /^<(securitylabel|BindingData) /)
    }
  }
  for (const stanza of [
    presence(''),
    presence('<show></show>'),
    presence('<show>dnd</show><priority>-128</priority>'),
    presence(
      '<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="a &amp; &quot;b&quot; &lt; c > d"></item><item affiliation="none" nick="é x"><reason></reason></item></x>',
    ),
    disco(''),
    from('high.example'),
    from('rooms.high.example/nick name'),
    from('ann@few.example/x'),
    from('few.example/x'),
    from('zoë@high.example/Ω 3@/x'),
    from('a!#$%()*+,-.;=?[\\]^_`{|}~@high.example'),
    to('low.example'),
  ]) {
    const verdict = decide(stanza)
    t.ok(verdict.accepted && verdict.output === stanza && verdict.row === 0xffffffff, stanza)
  }
})

t.test('an answer has what was known', async (t) => {
  t.match(decide(good), { form: 'message-chat', from: 'ann@high.example/pc', to: 'bob@low.example' })
  t.match(decide(from('x@other.example')), { form: 'presence', from: '', to: '' })
  t.match(decide(to('x@other.example')), { form: 'presence', from: 'ann@high.example', to: '' })
  t.match(decide(chat('<body></body>')), {
    form: 'message-chat',
    from: 'ann@high.example/pc',
    to: 'bob@low.example',
  })
  t.match(decide('<message xmlns="jabber:client"></message>'), { form: '', from: '', to: '' })
})

t.test('each refusal says where', async (t) => {
  for (const [stanza, at] of [
    [chat(`<body>a${'\u202e'}</body>`), chat('<body>a').length - '</message>'.length],
    [chat('<body>é&apos;</body>'), Buffer.byteLength(chat('<body>é')) - '</message>'.length],
    [chat('<evil></evil>'), chat('').length - '</message>'.length],
    [from('ann@evil.example'), from('ann@').indexOf('@') + 1],
    [`${good}<`, Buffer.byteLength(good)],
  ] as const) {
    const verdict = decide(stanza)
    t.notOk(verdict.accepted)
    t.equal('at' in verdict && verdict.at, at, stanza)
  }
})

const withBytes = (before: string, octets: number[], after: string) =>
  Buffer.concat([Buffer.from(before), Buffer.from(octets), Buffer.from(after)])
const inBody = (...octets: number[]) =>
  withBytes(chat('<body>a').replace('</message>', ''), octets, `b</body>${label}</message>`)

holds('ill-formed UTF-8', 'not-utf8', {
  'lone continuation': inBody(0x80),
  'overlong NUL': inBody(0xc0, 0x80),
  'overlong slash': inBody(0xc0, 0xaf),
  'overlong in three': inBody(0xe0, 0x80, 0xaf),
  'overlong in four': inBody(0xf0, 0x80, 0x80, 0xaf),
  'last overlong of two': inBody(0xc1, 0xbf),
  'last overlong of three': inBody(0xe0, 0x9f, 0xbf),
  'last overlong of four': inBody(0xf0, 0x8f, 0xbf, 0xbf),
  'first surrogate': inBody(0xed, 0xa0, 0x80),
  'last surrogate': inBody(0xed, 0xbf, 0xbf),
  'pair of surrogates': inBody(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80),
  'above U+10FFFF': inBody(0xf4, 0x90, 0x80, 0x80),
  'five octets': inBody(0xf8, 0x88, 0x80, 0x80, 0x80),
  FE: inBody(0xfe),
  FF: inBody(0xff),
  'cut by the closing tag': inBody(0xe2, 0x82),
  'lead without continuation': inBody(0xeb),
  'byte order mark': Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]),
})

holds('not well-formed', 'not-well-formed', {
  nothing: '',
  'text only': 'hello',
  'blank before': ` ${good}`,
  'LF behind': `${good}\n`,
  'second root': good + good,
  'octet behind': `${good}x`,
  'NUL behind': `${good}\0`,
  'comment behind': `${good}<!---->`,
  cut: good.slice(0, -1),
  doctype: `<!DOCTYPE message>${good}`,
  comment: chat(`<!--x-->${body}${label}`),
  'processing instruction': chat(`<?x?>${body}${label}`),
  'control character': chat(`<body>a\u0001</body>${label}`),
  NUL: chat(`<body>a\0</body>${label}`),
  'U+FFFE': chat(`<body>a\ufffe</body>${label}`),
  'U+FFFF in an attribute': nick('\uffff'),
  'bare ampersand': chat(`<body>a & b</body>${label}`),
  entity: chat(`<body>&lol;</body>${label}`),
  'entity without end': chat(`<body>&amp</body>${label}`),
  'less-than in an attribute': nick('a<b'),
  'wrong end tag': chat(`<body>a</subject>${label}`),
  'blank in an end tag': chat(`<body>a</body >${label}`),
  'attribute in an end tag': chat(`<body>a</body x="y">${label}`),
  'no end of the root': good.slice(0, -10),
  'end of a namespace missing': '<message xmlns="jabber:server',
})

holds('another spelling', 'not-canonical', {
  'XML declaration': `<?xml version="1.0"?>${good}`,
  'self-closing': presence('<show/>'),
  'CR in text': chat(`<body>a\rb</body>${label}`),
  'CRLF in text': chat(`<body>a\r\nb</body>${label}`),
  'raw > in text': chat(`<body>a > b</body>${label}`),
  'TAB in an attribute': nick('a\tb'),
  'LF in an attribute': nick('a\nb'),
  'CR in an attribute': nick('a\rb'),
  'decimal reference': chat(`<body>&#65;</body>${label}`),
  'hexadecimal reference': chat(`<body>&#x41;</body>${label}`),
  'reference to LF': chat(`<body>&#10;</body>${label}`),
  'reference to CR': chat(`<body>&#xD;</body>${label}`),
  'reference to &': chat(`<body>&#38;</body>${label}`),
  '&apos; in text': chat(`<body>&apos;</body>${label}`),
  '&quot; in text': chat(`<body>&quot;</body>${label}`),
  '&apos; in an attribute': nick('a&apos;b'),
  '&gt; in an attribute': nick('a&gt;b'),
  '&#9; in an attribute': nick('a&#x9;b'),
  CDATA: chat(`<![CDATA[<body>Hi</body>]]>${label}`),
  prefix: `<s:message xmlns:s="jabber:server" type="chat"></s:message>`,
  'prefixed child': chat(`<s:body>Hi</s:body>${label}`),
  'attributes in another order': chat(body, ' from="high.example" to="low.example" id="a" type="chat"'),
  'repeated attribute': chat(body, ' from="high.example" from="high.example" to="low.example" type="chat"'),
  'blank at the end of a start tag': chat(`<body >Hi</body>${label}`),
  'two blanks': chat(`<body  xml:lang="en">Hi</body>${label}`),
  'LF in a start tag': chat(`<body\nxml:lang="en">Hi</body>${label}`),
})

t.test('other spellings that look like something else', async (t) => {
  for (const [what, stanza] of Object.entries({
    'single quotes': good.replace('type="chat"', "type='chat'"),
    'single quotes around the namespace': good.replace('"jabber:server"', "'jabber:server'"),
    'blank before =': good.replace('type="chat"', 'type ="chat"'),
    'blank behind =': good.replace('type="chat"', 'type= "chat"'),
    'namespace behind the attributes':
      '<presence from="ann@high.example" to="low.example" xmlns="jabber:server"></presence>',
    'needless declaration': chat(`<body xmlns="jabber:server">Hi</body>${label}`),
    'declaration twice': chat(
      `<delay xmlns="urn:xmpp:delay" xmlns="urn:xmpp:delay" stamp="${CREATION}"></delay>`,
    ),
    'declaration of a prefix': chat(`<body xmlns:x="urn:x">Hi</body>${label}`),
    'undeclared namespace': chat(`<body xmlns="">Hi</body>${label}`),
    'namespace with a reference': good.replace('jabber:server', 'jabber&#58;server'),
    'namespace with a blank': good.replace('jabber:server', ' jabber:server'),
    'blank between elements': chat(`${body} ${label}`),
    'LF between elements': chat(`${body}\n${label}`),
    'blank before the end tag': chat(`${body}${label} `),
    'CDATA in a text': chat(`<body><![CDATA[Hi]]></body>${label}`),
    'comment in a text': chat(`<body>H<!---->i</body>${label}`),
    'upper-case tag': chat(`<BODY>Hi</BODY>${label}`),
    'xml:lang not last': good.replace(' id=', ' xml:lang="en" id='),
    'prefixed attribute': good.replace(' id=', ' x:id='),
    'attribute from __proto__': good.replace(' id="o1"', ' id="o1" __proto__="x"'),
    'cut in a value': good.slice(0, 60),
    'UTF-16': Buffer.from(good, 'utf16le'),
    'label self-closing': chat(`${body}<securitylabel xmlns="urn:xmpp:sec-label:0"/>`),
    'nested stanza': chat(`${good}`),
  })) {
    const verdict = decide(stanza as string)
    t.notOk(verdict.accepted, `${what}: ${verdict.accepted ? verdict.output : verdict.reason}`)
  }
})

t.test('the profile', async (t) => {
  const expected: Partial<Record<(typeof REASONS)[number], Table>> = {
    'too-big': { one: chat(`<body>${'x'.repeat(20_001)}</body>`) },
    'unknown-stanza': {
      'no such type': good.replace('"chat"', '"headline"'),
      'no type': '<iq xmlns="jabber:server" from="high.example" to="low.example"></iq>',
      'type that is no own':
        '<presence xmlns="jabber:server" from="high.example" to="low.example" type="constructor"></presence>',
      'other root': good.replaceAll('message', 'massage'),
      'other namespace': good.replace('jabber:server', 'jabber:client'),
      'type in another value': `<message xmlns="jabber:server" from="high.example' type='chat' " to="low.example" type="x"></message>`,
    },
    'unknown-attribute': {
      one: good.replace(' to=', ' job="x" to='),
      child: chat(`<thread parent="x">t</thread>`),
    },
    'missing-attribute': { one: good.replace(' from="ann@high.example/pc"', ''), child: delay('') },
    'bad-attribute': {
      'identifier with a blank': good.replace('o1', 'o 1'),
      'identifier with an apostrophe': good.replace('o1', "o'1"),
      'identifier with a reference': good.replace('o1', 'o&amp;1'),
      'identifier beyond ASCII': good.replace('o1', 'ö1'),
      'empty identifier': good.replace('o1', ''),
      'long identifier': good.replace('o1', 'x'.repeat(65)),
      enum: presence('<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="owner"></item></x>'),
      'enum in other case': presence(
        '<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="NONE"></item></x>',
      ),
      'empty resource': nick(''),
      'resource with U+3000': nick('a\u3000b'),
      'long resource': nick('é'.repeat(512)),
      'text with LF is impossible': features('a\u00a0b'),
      'address of nobody': delay(` from="x.example" stamp="${CREATION}"`),
      'empty address': delay(` from="" stamp="${CREATION}"`),
      'date with fraction': delay(' stamp="2026-11-22T09:59:58.0Z"'),
      'date with zone': delay(' stamp="2026-11-22T09:59:58+00:00"'),
      'no leap day': delay(' stamp="2026-02-29T00:00:00Z"'),
      'month 13': delay(' stamp="2026-13-01T00:00:00Z"'),
      'month 0': delay(' stamp="2026-00-01T00:00:00Z"'),
      'day 0': delay(' stamp="2026-01-00T00:00:00Z"'),
      'day 31 of April': delay(' stamp="2026-04-31T00:00:00Z"'),
      'hour 24': delay(` stamp="${hours('24:00:00')}"`),
      'minute 60': delay(` stamp="${hours('10:60:00')}"`),
      'leap second': delay(' stamp="2016-12-31T23:59:60Z"'),
      '1969': delay(' stamp="1969-12-31T23:59:59Z"'),
      'small t': delay(' stamp="2026-11-22t09:59:58Z"'),
      'small z': delay(' stamp="2026-11-22T09:59:58z"'),
      'octet behind a date': delay(` stamp="${CREATION}Z"`),
      'five digits': delay(' stamp="12026-11-22T09:59:58Z"'),
      'other digits': delay(' stamp="２026-11-22T09:59:58Z"'),
      'a language that is not listed': chat(`<body xml:lang="fr">x</body>`),
      'a region of a listed language': chat(`<body xml:lang="en-US">x</body>`),
      'the language of a listed region': chat(`<body xml:lang="sr-Latn">x</body>`),
      'language in capitals': chat(`<body xml:lang="EN">x</body>`),
      'private use': chat(`<body xml:lang="en-x-abc">x</body>`),
      'empty language': chat(`<body xml:lang="">x</body>`),
      'a resource where none may stand': delay(` from="high.example/x" stamp="${CREATION}"`),
      'a resource of a user': delay(` from="ann@high.example/x" stamp="${CREATION}"`),
      'a local part too long inside': delay(` from="${'a'.repeat(21)}@high.example" stamp="${CREATION}"`),
      'a nick too long': nick('é'.repeat(13)),
    },
    'unknown-element': {
      'no such element': chat(`${body}<html xmlns="http://jabber.org/protocol/xhtml-im"></html>${label}`),
      'other namespace': chat(`<body xmlns="urn:x">Hi</body>${label}`),
      'wrong order': chat(`${body}<subject>S</subject>${label}`),
      'behind the label': chat(`${label}${body}`),
      'two of a choice': chat(
        `${body}<active xmlns="http://jabber.org/protocol/chatstates"></active>${body}`,
      ),
      'element in a text': chat(`<body><b></b></body>${label}`),
      'element behind a text': chat(`<body>a<b></b></body>${label}`),
      'element in an empty one': chat(
        `<active xmlns="http://jabber.org/protocol/chatstates"><x></x></active>`,
      ),
      'prefix of a name': chat(`<bod>Hi</bod>${label}`),
      'longer name': chat(`<bodyx>Hi</bodyx>${label}`),
      constructor: chat(`<constructor></constructor>${label}`),
      'stanza in another form': presence(body),
    },
    'missing-element': {
      'at the end': '<message xmlns="jabber:server" from="high.example" to="low.example"></message>',
      inside: presence('<x xmlns="http://jabber.org/protocol/muc#user"></x>'),
      'before another':
        '<iq xmlns="jabber:server" from="high.example" to="low.example" type="result">' + label + '</iq>',
    },
    'too-many': {
      bodies: chat(`${body}${body}${body}${label}`),
      states: chat(
        '<active xmlns="http://jabber.org/protocol/chatstates"></active><active xmlns="http://jabber.org/protocol/chatstates"></active>',
      ),
      features: features(...Array.from({ length: 51 }, (_, n) => `f${100 + n}`)),
    },
    'out-of-order': {
      descending: features('b', 'a'),
      equal: features('a', 'a'),
      'prefix behind': features('ab', 'a'),
      'octets, not code units': features('\u{10000}', '\uff61'),
    },
    'unexpected-text': {
      'between elements': chat(`a${body}${label}`),
      'in an empty element': chat(`<active xmlns="http://jabber.org/protocol/chatstates">x</active>`),
      'blank in an empty element': chat(`<active xmlns="http://jabber.org/protocol/chatstates"> </active>`),
      reference: chat(`&amp;${body}`),
    },
    'bad-text': {
      empty: chat(`<body></body>${label}`),
      'too long': chat(`<body>${'x'.repeat(5001)}</body>${label}`),
      'too long in code points': chat(`<body>${'é'.repeat(5001)}</body>${label}`),
      'not NFC': chat(`<body>e\u0301</body>${label}`),
      'begins with a mark': chat(`<body>\u0301e</body>${label}`),
      'zero width': chat(`<body>a\u200bb</body>${label}`),
      bidi: chat(`<body>a\u202eb</body>${label}`),
      'tag characters': chat(`<body>a\u{e0041}b</body>${label}`),
      'private use': chat(`<body>a\ue000b</body>${label}`),
      DEL: chat(`<body>a\u007fb</body>${label}`),
      C1: chat(`<body>a\u0085b</body>${label}`),
      NBSP: chat(`<body>a\u00a0b</body>${label}`),
      'U+FEFF': chat(`<body>\ufeffb</body>${label}`),
      'mixed scripts': chat(`<body>pаypal</body>${label}`),
      'five marks': chat(`<body>x${'\u0323'.repeat(5)}</body>${label}`),
      'LF where no lines may be': presence(
        '<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="none"><reason>a\nb</reason></item></x>',
      ),
      'integer -0': presence('<priority>-0</priority>'),
      'integer with zero': presence('<priority>05</priority>'),
      'integer with plus': presence('<priority>+5</priority>'),
      'integer above': presence('<priority>128</priority>'),
      'integer below': presence('<priority>-129</priority>'),
      'integer of many digits': presence(`<priority>${'1'.repeat(400)}</priority>`),
      'integer with point': presence('<priority>5.0</priority>'),
      'no digits': presence('<priority>-</priority>'),
      'empty integer': presence('<priority></priority>'),
      'other digits': presence('<priority>５</priority>'),
      enum: presence('<show>chat</show>'),
    },
    'bad-from': {
      'of the far side': from('ann@low.example'),
      'not listed': from('bob@few.example'),
      'listed in part': from('an@few.example'),
      subdomain: from('ann@x.high.example'),
      suffix: from('ann@xhigh.example'),
      longer: from('ann@high.example.'),
      capital: from('ann@High.example'),
      homograph: from('ann@hіgh.example'),
      empty: from(''),
      'only local': from('ann@'),
      'only resource': from('/high.example'),
      'empty local': from('@high.example'),
      'empty resource': from('high.example/'),
      'domain in the resource': from('evil.example/@high.example'),
      'two at signs': from('ann@evil@high.example'),
      'capital in local': from('Ann@high.example'),
      'colon in local': from('a:b@high.example'),
      'blank in local': from('a b@high.example'),
      'quote in local': from('a&quot;b@high.example'),
      'Kelvin sign': from('\u212aelvin@high.example'),
      'full width': from('ａnn@high.example'),
      ligature: from('ﬁn@high.example'),
      'not NFC in local': from('e\u0301@high.example'),
      'not NFC in resource': from('high.example/e\u0301'),
      'mark at the start': from('\u0301a@high.example'),
      'long local': from(`${'a'.repeat(1024)}@high.example`),
      'long resource': from(`high.example/${'a'.repeat(1024)}`),
      'mixed scripts in local': from('annа@high.example'),
      'Hebrew in Latin': from('a\u05d0b@high.example'),
      'Latin behind Hebrew and a digit': from('\u05d01b@high.example'),
      'Cyrillic behind Arabic, apart': from('\u0628.\u044f@high.example'),
      'Greek before Thaana': from('\u03b1-\u0780@high.example'),
      'a Persian digit behind Latin': from('a\u06f1@high.example'),
      'two rows of Arabic digits': from('\u0628\u0661\u06f1@high.example'),
      'symbol in local': from('a☃@high.example'),
    },
    'bad-to': {
      'of the near side': to('x@high.example'),
      unknown: to('x@nowhere.example'),
      'local part beyond the rule': to(`${'a'.repeat(21)}@low.example`),
      'resource beyond the rule': to(`x@low.example/${'😀'.repeat(31)}`),
    },
    'bad-pair': {
      'two domains that do not chat': good.replace(/from="[^"]*"/, 'from="ann@few.example/x"'),
      'the domain itself': good.replace(/from="[^"]*"/, 'from="few.example"'),
    },
    'no-content': { nothing: chat(''), 'only a label': chat(label) },
    'label-missing': { body: chat(body), 'not empty': disco('<feature var="a"></feature>') },
    'label-unexpected': { presence: presence(label) },
    'label-repeated': {
      same: chat(`${body}${label}${label}`),
      other: chat(`${body}${label}${labelOf(1)}`),
      'before and behind': `<message xmlns="jabber:server" from="high.example" to="low.example">${label}<body>x</body>${label}</message>`,
    },
    'label-unlisted': {
      'other value': chat(`${body}${label.replace('GASk', 'GASl')}`),
      empty: chat(`${body}<securitylabel xmlns="urn:xmpp:sec-label:0"></securitylabel>`),
      'with a marking': chat(
        `${body}${label.replace('<label>', '<displaymarking>SECRET</displaymarking><label>')}`,
      ),
      'no date in its hole': chat(`${body}${labelOf(2, '2026-02-30T00:00:00Z')}`),
      'blank in the hole': chat(`${body}${labelOf(2, ' 2026-11-22T09:59:5Z')}`),
      attribute: chat(`${body}${label.replace('label:0"', 'label:0" id="x"')}`),
      nested: chat(`${body}<securitylabel xmlns="urn:xmpp:sec-label:0">${label}</securitylabel>`),
      'ill-formed UTF-8': Buffer.from(
        chat(`${body}${label.replace('MQYC', '\u00ff\u00fe\u0000')}`),
        'latin1',
      ),
    },
    'label-date': {
      old: chat(`${body}${labelOf(2, '2026-11-22T08:59:59Z')}`),
      'in the future': chat(`${body}${labelOf(2, '2026-11-22T10:01:01Z')}`),
      'review before creation': chat(`${body}${labelOf(2, CREATION, '2026-11-22T09:59:57Z')}`),
      'review too late': chat(`${body}${labelOf(2, CREATION, '2027-12-27T09:59:59Z')}`),
      'review before the second': chat(`${body}${labelOf(3, '', '2026-11-22T09:59:59Z')}`),
      'review too long behind the second': chat(`${body}${labelOf(3, '', '2027-12-27T10:00:01Z')}`),
    },
  }
  for (const [reason, table] of Object.entries(expected)) {
    for (const [what, stanza] of Object.entries(table)) t.equal(say(stanza), reason, `${reason}: ${what}`)
  }
})

t.test('windows include their ends', async (t) => {
  for (const [row, creation, review] of [
    [2, '2026-11-22T09:00:00Z', '2026-11-22T09:00:00Z'],
    [2, '2026-11-22T10:01:00Z', '2027-12-27T10:01:00Z'],
    [3, '', '2026-11-22T10:00:00Z'],
    [3, '', '2027-12-27T10:00:00Z'],
  ] as const) {
    t.equal(say(chat(`${body}${labelOf(row, creation, review)}`)), 'accepted', `${creation} ${review}`)
  }
})

t.test('dates of the output', async (t) => {
  const last = 253_402_300_799
  t.equal(say(chat(`${body}${labelOf(0)}`), last - 86_400), 'accepted')
  t.equal(say(chat(`${body}${labelOf(0)}`), last - 86_399), 'label-date')
  const at = (second: number) => {
    const verdict = decide(chat(`${body}${labelOf(0)}`), second)
    return verdict.accepted ? /<CreationDateTime>(.*)<\/CreationDateTime>/.exec(verdict.output)?.[1] : ''
  }
  for (let second = 0; second < last - 86_400; second += 86_400 * 91 + 34_567) {
    const expected = new Date(second * 1000).toISOString().replace('.000Z', 'Z')
    if (at(second) !== expected) t.equal(at(second), expected)
  }
  t.equal(at(NOW), '2026-11-22T10:00:00Z')
})

t.test('limits', async (t) => {
  const wide = chat(`<body>${'x'.repeat(5000)}</body>${label}`)
  t.equal(say(wide), 'accepted')
  t.equal(say(nick('é'.repeat(12))), 'accepted')
  t.equal(say(to(`${'é'.repeat(20)}@low.example/${'😀'.repeat(30)}`)), 'accepted')
  t.equal(say(from('\u05d0\u05d1.1@high.example/a\u05d0b')), 'accepted', 'a resource may mix')
  t.equal(say(from('\u0628\u06f1\u06f2@high.example')), 'accepted')
  t.equal(say(from('\u0628\u0661\u0662@high.example')), 'accepted')
  t.equal(say(from(`${'a'.repeat(1023)}@high.example/${'b'.repeat(1023)}`)), 'accepted')
  t.equal(say(chat(`<body>${'😀'.repeat(4000)}</body>${label}`)), 'accepted', 'code points, not code units')
  t.ok(bundle.limits.stanzaBytes >= Buffer.byteLength(wide))
  t.equal(REVIEW.length, 20)
})
