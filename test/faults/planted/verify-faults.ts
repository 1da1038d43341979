/** Mistakes planted in `verify`, each of which `inspect` must make harmless. */
import type { Fault } from './fault.ts'
import {
  body,
  chat,
  discovery,
  ESS,
  essLabel,
  essPair,
  label4774,
  latin1,
  NEXT_YEAR,
  named,
  OPEN,
  pair4774,
  presence,
  RESTRICTED,
  receipt,
  releasableTo,
  SECRET,
  stanzaError,
  TODAY,
} from './stanzas.ts'

const WINDOWS_OFF = {
  file: 'guard/verify/labels.ts',
  find: 'output === undefined || !inWindows(table.windows, creation, review, second)',
  replace: 'output === undefined',
}

export const verifyFaults: readonly Fault[] = [
  {
    id: 'utf8-repaired',
    does: 'takes three octets that are not UTF-8 for a replacement character',
    edits: [
      {
        file: 'guard/verify/reader.ts',
        find: 'if (point >= 0x80) {\n      width = widthOf(point)',
        replace: 'if (point < 0) point = 0xfffd\n    if (point >= 0x80) {\n      width = widthOf(point)',
      },
    ],
    hostile: [
      { what: 'octets that no UTF-8 has', stanza: latin1(chat(body('a\xff\xfe\xfd') + OPEN)) },
      { what: 'an overlong slash', stanza: latin1(chat(body('\xc0\xafetc') + OPEN)) },
      { what: 'half a surrogate pair', stanza: latin1(chat(body('\xed\xa0\x80') + OPEN)) },
    ],
  },
  {
    id: 'byte-order-mark-let-by',
    does: 'reads over a byte order mark',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: "if (readLiteral(reader, BYTE_ORDER_MARK)) return refuse(reader, 'not-utf8', 0)",
        replace: 'readLiteral(reader, BYTE_ORDER_MARK)',
      },
    ],
    hostile: [{ what: 'a byte order mark', stanza: `\ufeff${presence('')}` }],
  },
  {
    id: 'blank-in-tags',
    does: 'reads over blanks before the end of a start tag',
    edits: [
      {
        file: 'guard/verify/reader.ts',
        find: '  if (peek(reader) === GREATER) {\n',
        replace: '  while (peek(reader) === BLANK) reader.at += 1\n  if (peek(reader) === GREATER) {\n',
      },
    ],
    hostile: [
      { what: 'one blank', stanza: chat(`<body >x</body>${OPEN}`) },
      { what: 'many', stanza: presence('').replace('>', '       >') },
    ],
  },
  {
    id: 'needless-references',
    does: 'reads &gt; where the character stands for itself',
    edits: [
      {
        file: 'guard/verify/reader.ts',
        find: "closing === LESS && latin1.startsWith('&gt;', at)",
        replace: "latin1.startsWith('&gt;', at)",
      },
    ],
    hostile: [{ what: 'a second spelling of >', stanza: presence('', { from: 'alice@acme.example/&gt;' }) }],
  },
  {
    id: 'reference-left-out',
    does: 'reads a bare > in a text',
    edits: [
      {
        file: 'guard/verify/reader.ts',
        find: "if (closing === LESS) return refuseValue(reader, 'not-canonical', at)",
        replace: '',
      },
    ],
    hostile: [
      { what: 'a bare >', stanza: chat(body('a > b') + OPEN) },
      { what: 'the end of a CDATA section', stanza: chat(body(']]>') + OPEN) },
    ],
  },
  {
    id: 'comment-let-by',
    does: 'reads over comments between elements',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: '    const start = reader.at\n    if (peek(reader) !== LESS)\n',
        replace:
          "    if (readLiteral(reader, '<!--')) {\n      reader.at = reader.latin1.indexOf('-->', reader.at) + 3\n      continue\n    }\n    const start = reader.at\n    if (peek(reader) !== LESS)\n",
      },
    ],
    hostile: [
      { what: 'before the body', stanza: chat(`<!-- covert -->${body('x')}${OPEN}`) },
      { what: 'alone', stanza: presence('<!-- covert -->') },
    ],
  },
  {
    id: 'doctype-let-by',
    does: 'begins to read at the first element',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: '  const opening = readOpening(reader)\n  if (opening === undefined) return undefined\n  const form',
        replace:
          '  reader.at = /<[a-z]/.exec(reader.latin1)?.index ?? 0\n  const opening = readOpening(reader)\n  if (opening === undefined) return undefined\n  const form',
      },
    ],
    hostile: [
      { what: 'a document type declaration', stanza: `<!DOCTYPE presence SYSTEM "covert">${presence('')}` },
      { what: 'a processing instruction', stanza: `<?covert text?>${presence('')}` },
      { what: 'text', stanza: `covert ${presence('')}` },
    ],
  },
  {
    id: 'trailing-octets',
    does: 'does not look at what stands behind the root',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: "if (reader.at !== reader.stanza.length) return refuse(reader, 'not-well-formed')",
        replace: '',
      },
    ],
    hostile: [
      { what: 'a second stanza', stanza: presence('') + chat(body('covert')) },
      { what: 'blanks', stanza: `${presence('')} \n\t` },
    ],
  },
  {
    id: 'depth-unlimited',
    does: 'reads elements of any depth',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: "if (depth + 1 > bundle.depth) return refuse(reader, 'too-deep', start)",
        replace: '',
      },
    ],
    hostile: [
      {
        what: 'an element at depth 3 where 2 is the limit',
        stanza: stanzaError('<forbidden xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></forbidden>'),
      },
    ],
    shallow: true,
  },
  {
    id: 'domain-by-suffix',
    does: 'takes a domain that ends like a listed one for it',
    edits: [
      {
        file: 'guard/verify/address.ts',
        find: 'const domain = textOfPoints(points, domainFrom, slash)',
        replace:
          'const whole = textOfPoints(points, domainFrom, slash)\nconst domain = [...domains.keys()].find((one) => whole.endsWith(one)) ?? whole',
      },
    ],
    hostile: [
      { what: 'a sender of another domain', stanza: presence('', { from: 'mallory@evilacme.example' }) },
      { what: 'a recipient of another domain', stanza: presence('', { to: 'bob@spy.coalition.example' }) },
    ],
  },
  {
    id: 'sides-confused',
    does: 'takes an address of either side where a rule names one',
    edits: [
      {
        file: 'guard/verify/bundle.ts',
        find: "scope[oneOf(rule.side, 'from', 'to', 'either')]",
        replace: 'scope.either',
      },
    ],
    hostile: [
      { what: 'a sender of the far side', stanza: presence('', { from: 'bob@coalition.example' }) },
      { what: 'a recipient of the near side', stanza: presence('', { to: 'carol@acme.example' }) },
    ],
  },
  {
    id: 'address-unseen-characters',
    does: 'admits every code point in a local part',
    edits: [{ file: 'guard/verify/address.ts', find: 'if (!admitted) return i', replace: '' }],
    hostile: [
      { what: 'a zero-width space', stanza: presence('', { from: 'ali\u200bce@acme.example' }) },
      { what: 'a character of another width', stanza: presence('', { from: '\uff41lice@acme.example' }) },
    ],
  },
  {
    id: 'unknown-attribute-let-by',
    does: 'reads over what it does not know in a start tag',
    edits: [
      {
        file: 'guard/verify/reader.ts',
        find: '  if (peek(reader) === GREATER) {\n',
        replace: "  reader.at = reader.latin1.indexOf('>', reader.at)\n  if (peek(reader) === GREATER) {\n",
      },
    ],
    hostile: [
      { what: 'on the root', stanza: presence('').replace('>', ' ver="covert">') },
      { what: 'on a child', stanza: chat(`<body class="covert">x</body>${OPEN}`) },
    ],
  },
  {
    id: 'unknown-element-let-by',
    does: 'reads over elements that the profile does not have',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: 'if (slot === undefined) return refuseChild(context, slots, from, opening, start, depth)',
        replace:
          "if (slot === undefined) {\n      const end = `</${opening.slice(1).split(' ')[0]}>`\n      reader.at = reader.latin1.indexOf(end, start) + end.length\n      index = from\n      continue\n    }",
      },
    ],
    hostile: [
      {
        what: 'a second form of the body',
        stanza: chat(
          `${body('x')}<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">covert</body></html>${OPEN}`,
        ),
      },
      { what: 'a status text', stanza: presence('<status>covert</status>') },
    ],
  },
  {
    id: 'text-between-elements',
    does: 'reads over text where only elements may stand',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: '    const start = reader.at\n    if (peek(reader) !== LESS)\n',
        replace:
          "    if (peek(reader) !== LESS) {\n      reader.at = reader.latin1.indexOf('<', reader.at)\n      continue\n    }\n    const start = reader.at\n    if (peek(reader) !== LESS)\n",
      },
    ],
    hostile: [
      { what: 'words', stanza: presence('covert') },
      { what: 'blanks', stanza: chat(`${body('x')} \t ${OPEN}`) },
    ],
  },
  {
    id: 'too-many',
    does: 'does not count elements',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: 'count < slot.max && slot.of.has(opening)',
        replace: 'slot.of.has(opening)',
      },
    ],
    hostile: [
      { what: 'two bodies, of which clients show one', stanza: chat(body('x') + body('covert') + OPEN) },
    ],
  },
  {
    id: 'order-free',
    does: 'admits repeated elements in any order',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: 'slot.sorted && count > 1 && !ascends(reader.stanza, before, start, reader.at)',
        replace: 'false',
      },
    ],
    hostile: [
      {
        what: 'an order that says something',
        stanza: discovery(
          '<feature var="urn:xmpp:receipts"></feature><feature var="urn:xmpp:delay"></feature>',
        ),
      },
    ],
  },
  {
    id: 'enum-widened',
    does: 'admits every value where a list is given',
    edits: [
      {
        file: 'guard/verify/rules.ts',
        find: 'rule.values.has(textOf(value, latin1)) ? -1 : value.start',
        replace: '-1',
      },
    ],
    hostile: [
      { what: 'free text as availability', stanza: presence('<show>covert text</show>') },
      { what: 'free text as a feature', stanza: discovery('<feature var="covert text"></feature>') },
    ],
  },
  {
    id: 'text-of-any-length',
    does: 'does not hold a text to its length',
    edits: [
      { file: 'guard/verify/rules.ts', find: 'length < 1 || length > rule.max', replace: 'length < 1' },
    ],
    hostile: [
      { what: 'a subject longer than 1,024', stanza: chat(`<subject>${'x'.repeat(1025)}</subject>${OPEN}`) },
    ],
  },
  {
    id: 'numbers-in-any-spelling',
    does: 'admits zeros in front of a number',
    edits: [
      {
        file: 'guard/verify/integer.ts',
        find: "if (latin1[first] === '0' && (digits > 1 || negative)) return false",
        replace: '',
      },
    ],
    hostile: [
      { what: 'zeros', stanza: presence('<priority>0007</priority>') },
      { what: 'minus nought', stanza: presence('<priority>-0</priority>') },
      { what: 'zeros in front of a generation', stanza: receipt('r00.1') },
      { what: 'zeros in front of a count', stanza: receipt('r0.01') },
    ],
  },
  {
    id: 'content-categories-off',
    does: 'admits every code point in a text',
    edits: [{ file: 'guard/verify/content.ts', find: 'if (!admitted) return i', replace: '' }],
    hostile: [
      { what: 'a zero-width space', stanza: chat(body('co\u200bvert') + OPEN) },
      { what: 'a direction override', stanza: chat(body('\u202etrevoc') + OPEN) },
      { what: 'tag characters', stanza: chat(body('x\u{e0063}\u{e006f}') + OPEN) },
      { what: 'private use', stanza: chat(body('\ue000') + OPEN) },
    ],
  },
  {
    id: 'not-normalised',
    does: 'admits texts in any normalisation form',
    edits: [
      {
        file: 'guard/verify/content.ts',
        find: 'return isNfc(points, from, to) ? -1 : from',
        replace: 'return -1',
      },
    ],
    hostile: [
      { what: 'a decomposed letter', stanza: chat(body('cafe\u0301') + OPEN) },
      { what: 'a decomposed syllable', stanza: chat(body('\u1100\u1161') + OPEN) },
    ],
  },
  {
    id: 'no-such-day',
    does: 'takes the 30th of February for the 2nd of March',
    edits: [{ file: 'guard/verify/dates.ts', find: ' && formatDate(seconds) === text', replace: '' }],
    hostile: [
      {
        what: 'a day that is none',
        stanza: chat(
          `${body('x')}<delay xmlns="urn:xmpp:delay" stamp="2026-02-30T10:00:00Z"></delay>${OPEN}`,
        ),
      },
    ],
  },
  {
    id: 'label-not-asked-for',
    does: 'lets a message without label pass',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: 'if (progress.obliged >= 0 && progress.label === undefined) {',
        replace: 'if (false) {',
      },
    ],
    hostile: [{ what: 'no label', stanza: chat(body('x')) }],
  },
  {
    id: 'second-label-let-by',
    does: 'believes the last of several labels',
    edits: [
      {
        file: 'guard/verify/profile.ts',
        find: 'count < 1 && isLabel(opening)',
        replace: 'isLabel(opening)',
      },
    ],
    hostile: [{ what: 'two listed ones', stanza: chat(body('x') + RESTRICTED + OPEN) }],
  },
  {
    id: 'unlisted-is-first-row',
    does: 'takes a label that no row has for that of the first row',
    edits: [
      {
        file: 'guard/verify/labels.ts',
        find: 'layout.rows.get(withoutDates(reader.latin1, start, end, layout))',
        replace: 'layout.rows.get(withoutDates(reader.latin1, start, end, layout)) ?? 0',
      },
    ],
    hostile: [
      { what: 'SECRET', stanza: chat(body('x') + SECRET) },
      { what: 'another policy', stanza: chat(body('x') + essLabel('3108 020101 0603883705')) },
    ],
  },
  {
    id: 'categories-not-in-the-key',
    does: 'looks a label up without its categories',
    edits: [
      {
        file: 'guard/verify/labels.ts',
        find: 'layout.rows.get(withoutDates(reader.latin1, start, end, layout))',
        replace:
          '[...layout.rows].find(([key]) => [key, withoutDates(reader.latin1, start, end, layout)].map((octets) => octets.replace(/<Category.*<.Category>/, "")).every((octets, _, [first]) => octets === first))?.[1]',
      },
    ],
    hostile: [
      {
        what: 'RESTRICTED, RELEASABLE TO ACME and another than HARBOUR',
        stanza: chat(body('x') + label4774('RESTRICTED', releasableTo('ACME', 'MEADOWS'), TODAY, NEXT_YEAR)),
      },
    ],
  },
  {
    id: 'dates-without-window',
    does: 'admits every date of a label',
    edits: [WINDOWS_OFF],
    hostile: [
      {
        what: 'long ago',
        stanza: chat(body('x') + label4774('OPEN', '', '2001-01-01T00:00:00Z', NEXT_YEAR)),
      },
      {
        what: 'far ahead',
        stanza: chat(body('x') + label4774('OPEN', '', '2199-01-01T00:00:00Z', NEXT_YEAR)),
      },
      {
        what: 'a review that never comes',
        stanza: chat(body('x') + label4774('OPEN', '', TODAY, '9999-12-31T23:59:59Z')),
      },
    ],
  },
  {
    id: 'pair-by-its-first',
    does: 'compares a label as far as a second one begins',
    edits: [
      {
        file: 'guard/verify/labels.ts',
        find: 'if (layout.rows.has(key)) return index\n',
        replace: "key = key.split('<equivalentlabel>')[0]!\n",
      },
      {
        file: 'guard/verify/labels.ts',
        find: 'layout.rows.get(withoutDates(reader.latin1, start, end, layout))',
        replace:
          "layout.rows.get(withoutDates(reader.latin1, start, end, layout).split('<equivalentlabel>')[0]!)",
      },
    ],
    hostile: [
      { what: 'beside UNCLASSIFIED SECRET', stanza: chat(body('x') + essPair(ESS.unclassified, ESS.secret)) },
      { what: 'UNCLASSIFIED twice', stanza: chat(body('x') + essPair(ESS.unclassified, ESS.unclassified)) },
    ],
  },
  {
    id: 'pair-with-free-dates',
    does: 'admits any dates of the second label of a pair',
    edits: [
      {
        file: 'guard/verify/labels.ts',
        find: 'if (date !== undefined && date !== here) return -1\n    date = here',
        replace: 'date ??= here',
      },
    ],
    hostile: [
      {
        what: 'another creation',
        stanza: chat(body('x') + pair4774('OPEN', '2001-01-01T00:00:00Z', NEXT_YEAR)),
      },
      { what: 'another review', stanza: chat(body('x') + pair4774('OPEN', TODAY, '2199-01-01T00:00:00Z')) },
      { what: 'words', stanza: chat(body('x') + pair4774('OPEN', TODAY, 'attack at dawn 06:00')) },
    ],
  },
  {
    id: 'holes-hold-anything',
    does: 'leaves out twenty octets of a label where a date should stand, whatever they are',
    edits: [
      { file: 'guard/verify/labels.ts', find: 'if (creation === -1 || review === -1) continue', replace: '' },
      WINDOWS_OFF,
    ],
    hostile: [
      { what: 'words', stanza: chat(body('x') + label4774('OPEN', '', TODAY, 'attack at dawn 06:00')) },
      {
        what: 'an attribute',
        stanza: chat(body('x') + label4774('OPEN', '', TODAY, '" OriginatorID="eve.')),
      },
    ],
  },
  {
    id: 'text-not-escaped',
    does: 'writes a text as it means, not as it is spelt',
    edits: [
      {
        file: 'guard/verify/escape.ts',
        find: ".replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')",
        replace: '',
      },
    ],
    hostile: [
      { what: 'markup in a text', stanza: chat(body('&lt;/body&gt;&lt;evil xmlns="urn:x"&gt;') + OPEN) },
    ],
    lies: true,
  },
  {
    id: 'own-number-not-compared',
    does: 'accepts the number of any frame as the id of a stanza',
    edits: [
      {
        file: 'guard/verify/numbered.ts',
        find: 'same && count === number.count',
        replace: 'same',
      },
    ],
    hostile: [{ what: 'the number of another frame', stanza: named(chat(body('a') + OPEN), 'o0.99') }],
  },
  {
    id: 'generation-not-compared',
    does: 'accepts the number of any generation',
    edits: [
      {
        file: 'guard/verify/numbered.ts',
        find: 'const same = generation === number.generation',
        replace: 'if (generation !== number.generation) return true\n  const same = true',
      },
    ],
    hostile: [
      { what: 'of a generation to come', stanza: named(presence(''), 'o7.1') },
      { what: 'any count of it', stanza: named(presence(''), 'o65535.281474976710655') },
    ],
  },
  {
    id: 'letter-not-read',
    does: 'accepts any letter in front of the number',
    edits: [
      {
        file: 'guard/verify/numbered.ts',
        find: "if (!other && latin1[start] !== 'o') return false",
        replace: '',
      },
    ],
    hostile: [
      { what: 'a capital', stanza: named(presence(''), 'O{number}') },
      { what: 'a letter by choice', stanza: named(presence(''), 'w{number}') },
    ],
  },
  {
    id: 'echo-of-anybody',
    does: 'lets users name frames of the other direction, as rooms may',
    edits: [
      {
        file: 'guard/verify/numbered.ts',
        find: 'if (other) return rule.echo && fromRoom',
        replace: 'if (other) return true',
      },
    ],
    hostile: [
      { what: 'in presence', stanza: named(presence(''), 'r4711.4711') },
      { what: 'in a chat, that no room gives back', stanza: named(chat(body('a') + OPEN), 'r0.1') },
    ],
  },
  {
    id: 'number-unbounded',
    does: 'takes counts that no frame has',
    edits: [
      {
        file: 'guard/verify/numbered.ts',
        find: 'isInteger(latin1, stop + 1, end, 1, MOST_COUNT)',
        replace: 'isInteger(latin1, stop + 1, end, 0, MOST_COUNT * 2)',
      },
    ],
    hostile: [
      { what: '2⁴⁸', stanza: receipt('r0.281474976710656') },
      { what: 'none', stanza: receipt('r0.0') },
    ],
  },
]
