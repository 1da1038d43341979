/**
 * Stanzas that no XMPP stream may hold, by class. Each stands for itself in a frame, or behind a stream header; each must
 * end the reading, and no element of it may be delivered.
 */

const text = (value: string): Uint8Array => Buffer.from(value)
const octets = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))
const message = (inner: string): Uint8Array => text(`<message xmlns='jabber:server'>${inner}</message>`)

export type Hostile = Readonly<{ class: string; name: string; octets: Uint8Array }>

const CLASSES: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>> = {
  'xml-restricted': {
    'a DOCTYPE': text("<!DOCTYPE m><message xmlns='jabber:server'/>"),
    'a DOCTYPE with an entity': text(
      "<!DOCTYPE m [<!ENTITY a 'x'>]><message xmlns='jabber:server'>&a;</message>",
    ),
    'a DOCTYPE with a system identifier': text(
      "<!DOCTYPE m SYSTEM 'file:///etc/passwd'><message xmlns='jabber:server'/>",
    ),
    'a DOCTYPE that does not end': text('<!DOCTYPE m ['),
    'a DOCTYPE inside': message('<!DOCTYPE m>'),
    'a comment before': text("<!-- x --><message xmlns='jabber:server'/>"),
    'a comment that does not end': message('<!-- '),
    'a comment inside': message('<body>SEC<!-- x -->RET</body>'),
    'an empty comment': message('<!---->'),
    'a comment for parsers that end it at ]]>': message("<!-- ]]><x xmlns='urn:smuggled'/><!-- -->"),
    'a processing instruction': message('<?php x?>'),
    'a processing instruction that does not end': message('<?php x'),
    'a processing instruction before': text("<?x?><message xmlns='jabber:server'/>"),
    'an XML declaration inside': message("<?xml version='1.0'?>"),
    'an XML declaration behind a blank': text(" <?xml version='1.0'?><message xmlns='jabber:server'/>"),
    'an HTML entity': message('<body>&nbsp;</body>'),
    'an entity named like a method': message('<body>&constructor;&__proto__;</body>'),
    'a conditional section': message('<![INCLUDE[x]]>'),
    'an ELEMENT declaration': message('<!ELEMENT m ANY>'),
  },
  'xml-malformed': {
    'an end tag of another name': text("<message xmlns='jabber:server'></messagf>"),
    'an end tag of another prefix': text("<a:m xmlns:a='urn:x' xmlns:b='urn:x'></b:m>"),
    'overlapping elements': message('<a><b></a></b>'),
    'an end tag too many': message('</x>'),
    'an end tag with an attribute': text("<message xmlns='jabber:server'></message x='1'>"),
    'an end tag behind a blank': text("<message xmlns='jabber:server'></ message>"),
    'a blank behind <': message('< body></body>'),
    'an empty tag': message('<></>'),
    'a slash in a tag': message('<a / >'),
    'an attribute twice': message("<a x='1' x='2'/>"),
    'an attribute twice by two prefixes': message("<a xmlns:p='urn:x' xmlns:q='urn:x' p:y='1' q:y='2'/>"),
    'a namespace declared twice': message("<a xmlns='urn:x' xmlns='urn:y'/>"),
    'an attribute without quotes': message('<a x=1/>'),
    'an attribute without value': message('<a x/>'),
    'no blank between attributes': message("<a x='1'y='2'/>"),
    '< in an attribute': message("<a x='<'/>"),
    'a bare &': message('<body>a & b</body>'),
    'a bare & in an attribute': message("<a x='a&b'/>"),
    'an unfinished reference': message('<body>&#38foo;</body>'),
    'an empty reference': message('<body>&;</body>'),
    'an empty character reference': message('<body>&#;</body>'),
    'an empty hexadecimal reference': message('<body>&#x;</body>'),
    'a reference with too many zeros': message('<body>&#00000000000000065;</body>'),
    'a reference with a capital X': message('<body>&#X41;</body>'),
    'a reference with a sign': message('<body>&#+65;</body>'),
    'a reference to NUL': message('<body>&#0;</body>'),
    'a reference to a control': message('<body>&#x1f;</body>'),
    'a reference to a surrogate': message('<body>&#xD800;</body>'),
    'references to a surrogate pair': message('<body>&#xD83D;&#xDE00;</body>'),
    'a reference to U+FFFE': message('<body>&#xFFFE;</body>'),
    'a reference beyond Unicode': message('<body>&#x110000;</body>'),
    'a reference beyond 32 bits': message('<body>&#x100000041;</body>'),
    'a reference to a control in an attribute': message("<a x='&#1;'/>"),
    ']]> in text': message('<body>]]></body>'),
    ']]> in pieces': message('<body>]]]]></body>'),
    'CDATA with a small letter': message('<body><![cdata[x]]></body>'),
    'CDATA in a tag': message("<a x='<![CDATA[1]]>'/>"),
    'a control character': octets("<message xmlns='jabber:server'><body>", [0x01], '</body></message>'),
    NUL: octets("<message xmlns='jabber:server'><body>", [0x00], '</body></message>'),
    'NUL in an attribute': octets("<message xmlns='jabber:server' id='", [0x00], "'/>"),
    'U+FFFF': message('<body>\uffff</body>'),
    'a name that begins with a digit': message('<1a/>'),
    'a name that begins with a hyphen': message('<-a/>'),
    'a local name that begins with a digit': message("<p:1a xmlns:p='urn:x'/>"),
    'a local name that begins with a hyphen': message("<p:-a xmlns:p='urn:x'/>"),
    'a local attribute name that begins with a digit': message("<a xmlns:p='urn:x' p:1b='1'/>"),
    'a declared prefix that begins with a digit': message("<a xmlns:1p='urn:x'/>"),
    'two colons': message("<p:a:b xmlns:p='urn:x'/>"),
    'a name that is a colon': message('<:/>'),
    'a prefix without name': message("<p: xmlns:p='urn:x'/>"),
    'a name without prefix': message('<:a/>'),
    'a prefix that is not declared': message('<p:a/>'),
    'a prefix that is no longer declared': message("<a xmlns:p='urn:x'/><p:b/>"),
    'an attribute prefix that is not declared': message("<a p:x='1'/>"),
    'a prefix undeclared': message("<a xmlns:p='urn:x'><b xmlns:p=''/></a>"),
    'the prefix xmlns': message('<xmlns:a/>'),
    'xmlns declared': message("<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>"),
    'xml bound to another namespace': message("<a xmlns:xml='urn:x'/>"),
    'the XML namespace bound to another prefix': message(
      "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
    ),
    'the XML namespace as default': message("<a xmlns='http://www.w3.org/XML/1998/namespace'/>"),
    'the xmlns namespace as default': message("<a xmlns='http://www.w3.org/2000/xmlns/'/>"),
    'the xmlns namespace bound': message("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>"),
  },
  // Legal in XML; here each namespace has one plain spelling, and saxes would trim.
  namespace: {
    'a namespace with a blank behind': message("<a xmlns='urn:xmpp:sec-label:0 '/>"),
    'a namespace with a blank before': message("<a xmlns=' urn:xmpp:sec-label:0'/>"),
    'a namespace with a line feed': message("<a xmlns='urn:x&#10;'/>"),
    'a namespace with U+00A0': message("<a xmlns='urn:x\u00a0'/>"),
    'a namespace with U+FEFF': message("<a xmlns='\ufeffurn:x'/>"),
    'a namespace with a blank on a prefix': message("<p:a xmlns:p='urn:x '/>"),
    'a namespace that is a blank': message("<a xmlns=' '/>"),
    'a namespace with a brace': message("<a xmlns='urn:x}y'/>"),
    'a namespace with <': message("<a xmlns='urn:&lt;'/>"),
    'a namespace beyond ASCII': message("<a xmlns='urn:ж'/>"),
  },
  encoding: {
    'a byte order mark': octets([0xef, 0xbb, 0xbf], "<message xmlns='jabber:server'/>"),
    'UTF-16': Buffer.from("\ufeff<message xmlns='jabber:server'/>", 'utf16le'),
    'an overlong slash': octets("<message xmlns='jabber:server' from='a@b", [0xc0, 0xaf], "c'/>"),
    'an overlong <': octets("<message xmlns='jabber:server'>", [0xe0, 0x80, 0xbc], 'x/></message>'),
    'CESU-8': octets(
      "<message xmlns='jabber:server'><body>",
      [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
      '</body></message>',
    ),
    'a lone surrogate': octets(
      "<message xmlns='jabber:server'><body>",
      [0xed, 0xa0, 0x80],
      '</body></message>',
    ),
    'a continuation alone': octets("<message xmlns='jabber:server'><body>", [0x80], '</body></message>'),
    'an unfinished character before <': octets(
      "<message xmlns='jabber:server'><bo",
      [0xeb, 0x3c],
      'dy/></message>',
    ),
    'an unfinished character in a name': octets("<message xmlns='jabber:server'><bo", [0xe2], '></message>'),
    'beyond U+10FFFF': octets(
      "<message xmlns='jabber:server'><body>",
      [0xf4, 0x90, 0x80, 0x80],
      '</body></message>',
    ),
    'five octets': octets(
      "<message xmlns='jabber:server'><body>",
      [0xf8, 0x88, 0x80, 0x80, 0x80],
      '</body></message>',
    ),
    'Latin-1': octets("<message xmlns='jabber:server'><body>Z", [0xfc], 'rich</body></message>'),
    FF: octets("<message xmlns='jabber:server'>", [0xff], '</message>'),
  },
  limits: {
    'too deep': message('<a>'.repeat(12) + '</a>'.repeat(12)),
    'too deep, never closed': text("<message xmlns='jabber:server'>" + '<a>'.repeat(500)),
    'too many attributes': message(`<a ${Array.from({ length: 17 }, (_, i) => `a${i}='1'`).join(' ')}/>`),
    'too many namespaces': message(
      `<a ${Array.from({ length: 17 }, (_, i) => `xmlns:a${i}='u:${i}'`).join(' ')}/>`,
    ),
    'too long a text': message(`<body>${'x'.repeat(10_000)}</body>`),
    'too long an attribute': message(`<a x='${'x'.repeat(10_000)}'/>`),
    'too long a name': message(`<${'x'.repeat(10_000)}/>`),
    'too long a run of blanks': message(' '.repeat(10_000)),
    'too long in octets, not in characters': message(`<body>${'\u{1f600}'.repeat(2500)}</body>`),
  },
}

export const HOSTILE_LIMITS = { stanzaBytes: 10_000, depth: 12 }

export const HOSTILE: readonly Hostile[] = Object.entries(CLASSES).flatMap(([name, entries]) =>
  Object.entries(entries).map(([what, octets]) => ({ class: name, name: what, octets })),
)

/** Stanzas that look odd and are well-formed: they must be read, and mean the same everywhere. */
export const ODD: readonly string[] = [
  "<message xmlns='jabber:server'/>",
  "<message xmlns='jabber:server'\n\tid = 'a'\r\n></message\n>",
  "<p:message xmlns:p='jabber:server'><p:body>x</p:body></p:message>",
  "<message xmlns='jabber:server'><body>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;&#000000000000065;&#x00000000000041;</body></message>",
  "<message xmlns='jabber:server'><body>a<![CDATA[<b>&amp;]]>]]&gt;<![CDATA[]]>c</body></message>",
  "<message xmlns='jabber:server'><body><![CDATA[]]></body></message>",
  "<message xmlns='jabber:server'><body>a\r\nb\rc&#13;d\n</body></message>",
  "<message xmlns='jabber:server' id='a\tb\nc&#9;&#10;&#13;d'/>",
  "<message xmlns='jabber:server' __proto__='1' constructor='2' toString='3'/>",
  "<__proto__ xmlns='urn:x'><constructor/><hasOwnProperty/></__proto__>",
  "<message xmlns='jabber:server' xml:lang='en' xml:space='preserve'/>",
  "<message xmlns='jabber:server'><a xmlns=''><b/></a></message>",
  "<message xmlns='jabber:server'><\u00e9l\u00e9ment \u00e4='1'/><_a.b-c1/></message>",
  "<message xmlns='jabber:server'><body>\u{1f600}\ud7ff\ue000\ufffd\u{10ffff}</body></message>",
  "<message xmlns='jabber:server'><body>]] ]&gt; > ]]&gt; \" '</body></message>",
  "<message xmlns='jabber:server' a='>' b=\"'\" c='\"'/>",
]
