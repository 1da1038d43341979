/** Mistakes planted in `inspect`, each of which `verify` must make harmless. */
import type { Fault } from './fault.ts'
import {
  base64Label,
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
  SECRET,
  stanzaError,
  TODAY,
} from './stanzas.ts'

/** Gates of inspect behind its readers: with them a stanza or a label has one spelling, whatever a reader forgives. */
const SPELLING_NOT_COMPARED = {
  file: 'rules/decide/canonical.ts',
  find: 'return spelling === text ? root :',
  replace: 'return true ? root :',
}
const TEMPLATE_NOT_COMPARED = {
  file: 'rules/decide/label.ts',
  find: '(candidate) => fillInput(rows[candidate]!.input.template, dates) === found',
  replace: '() => true',
}

export const inspectFaults: readonly Fault[] = [
  {
    id: 'utf8-repaired',
    does: 'decodes what is not UTF-8 with replacement characters',
    edits: [{ file: 'rules/xml/parse.ts', find: 'fatal: true', replace: 'fatal: false' }],
    hostile: [
      { what: 'octets that no UTF-8 has', stanza: latin1(chat(body('a\xff\xfe') + OPEN)) },
      { what: 'an overlong slash', stanza: latin1(chat(body('\xc0\xafetc') + OPEN)) },
      { what: 'half a surrogate pair', stanza: latin1(chat(body('\xed\xa0\x80') + OPEN)) },
    ],
  },
  {
    id: 'spelling-not-compared',
    does: 'accepts every spelling of a stanza',
    edits: [SPELLING_NOT_COMPARED],
    hostile: [
      { what: 'a blank in a tag', stanza: chat(`<body >hidden bit</body>${OPEN}`) },
      {
        what: 'another quote',
        stanza: presence('').replace('from="alice@acme.example/desk"', "from='acme.example'"),
      },
      {
        what: 'a tag that closes itself',
        stanza: chat('<active xmlns="http://jabber.org/protocol/chatstates"/>'),
      },
      { what: 'a CDATA section', stanza: chat(body('<![CDATA[plain]]>') + OPEN) },
      { what: 'a prefix', stanza: chat(`<p:body xmlns:p="jabber:server">x</p:body>${OPEN}`) },
      { what: 'a needless reference', stanza: chat(body('it&apos;s') + OPEN) },
      { what: 'blanks behind the root', stanza: `${presence('')} \n ` },
    ],
  },
  {
    id: 'comment-let-by',
    does: 'reads over comments',
    edits: [
      {
        file: 'rules/xml/tree.ts',
        find: '  override sComment(): void {\n    throw new Restricted()\n  }\n',
        replace: '',
      },
      SPELLING_NOT_COMPARED,
    ],
    hostile: [
      { what: 'a comment between elements', stanza: chat(`<!-- covert -->${body('x')}${OPEN}`) },
      { what: 'a comment in a text', stanza: chat(body('x<!-- covert -->y') + OPEN) },
      { what: 'a comment before the root', stanza: `<!-- covert -->${presence('')}` },
    ],
  },
  {
    id: 'doctype-let-by',
    does: 'reads over a document type declaration',
    edits: [
      {
        file: 'rules/xml/tree.ts',
        find: '  override sDoctype(): void {\n    throw new Restricted()\n  }\n',
        replace: '',
      },
      SPELLING_NOT_COMPARED,
    ],
    hostile: [
      {
        what: 'an external subset',
        stanza: `<!DOCTYPE presence SYSTEM "http://acme.example/x">${presence('')}`,
      },
      { what: 'an entity', stanza: `<!DOCTYPE presence [<!ENTITY covert "text">]>${presence('')}` },
    ],
  },
  {
    id: 'depth-unlimited',
    does: 'reads elements of any depth',
    edits: [
      {
        file: 'rules/xml/tree.ts',
        find: "if (inside === depth) this.spoil('too-deep')",
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
        file: 'rules/decide/value.ts',
        find: 'domains.get(jid.domain)',
        replace: '[...domains].find(([domain]) => jid.domain.endsWith(domain))?.[1]',
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
    edits: [{ file: 'rules/decide/value.ts', find: 'scope[rule.side]', replace: 'scope.either' }],
    hostile: [
      { what: 'a sender of the far side', stanza: presence('', { from: 'bob@coalition.example' }) },
      { what: 'a recipient of the near side', stanza: presence('', { to: 'carol@acme.example' }) },
    ],
  },
  {
    id: 'address-unseen-characters',
    does: 'admits every code point in a local part',
    edits: [
      {
        file: 'rules/address/jid.ts',
        find: 'if (point < 0x80 ? !ASCII_LOCAL.test(local[i]!) : (is & LOCAL) === 0) return false',
        replace: '',
      },
    ],
    hostile: [
      { what: 'a zero-width space', stanza: presence('', { from: 'ali\u200bce@acme.example' }) },
      { what: 'a character of another width', stanza: presence('', { from: '\uff41lice@acme.example' }) },
    ],
  },
  {
    id: 'unknown-attribute-let-by',
    does: 'reads over attributes that the profile does not have',
    edits: [
      {
        file: 'rules/decide/profile.ts',
        find: "if (rule === undefined || rule.index < next) return fault('unknown-attribute', node)",
        replace: 'if (rule === undefined) continue',
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
        file: 'rules/decide/profile.ts',
        find: 'if (check === undefined) return fault(whyNowhere(child, before, labelled, seen), child)',
        replace: 'if (check === undefined) continue',
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
    id: 'namespace-not-looked-at',
    does: 'knows elements by their names alone',
    edits: [
      {
        file: 'rules/decide/profile.ts',
        find: 'if (name === node.name && ns === node.ns) return check',
        replace: 'if (name === node.name) return check',
      },
    ],
    hostile: [
      {
        what: 'a namespace that says something',
        stanza: presence('<show xmlns="urn:covert:text">away</show>'),
      },
    ],
  },
  {
    id: 'text-between-elements',
    does: 'reads over text where only elements may stand',
    edits: [
      {
        file: 'rules/decide/profile.ts',
        find: "if (typeof child === 'string') return fault('unexpected-text', parent)",
        replace: "if (typeof child === 'string') continue",
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
        file: 'rules/decide/profile.ts',
        find: 'const full = at === slot && taken === slots[at]!.max',
        replace: 'const full = false',
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
        file: 'rules/decide/profile.ts',
        find: '&& !ascending(before!, child, parent.ns)',
        replace: '&& false',
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
    edits: [{ file: 'rules/decide/value.ts', find: '(value) => values.has(value)', replace: '() => true' }],
    hostile: [
      { what: 'free text as availability', stanza: presence('<show>covert text</show>') },
      { what: 'free text as a feature', stanza: discovery('<feature var="covert text"></feature>') },
    ],
  },
  {
    id: 'text-of-any-length',
    does: 'does not hold ASCII to its length',
    edits: [
      { file: 'rules/text/content.ts', find: 'return value.length <= rule.max\n', replace: 'return true\n' },
    ],
    hostile: [
      { what: 'a subject longer than 1,024', stanza: chat(`<subject>${'x'.repeat(1025)}</subject>${OPEN}`) },
    ],
  },
  {
    id: 'content-categories-off',
    does: 'admits every code point in a text',
    edits: [{ file: 'rules/text/content.ts', find: 'if (!admitted) return false', replace: '' }],
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
        file: 'rules/text/content.ts',
        find: "return value.normalize('NFC') === value",
        replace: 'return true',
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
    edits: [{ file: 'rules/text/date.ts', find: 'day > days ||', replace: '' }],
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
        file: 'rules/decide/profile.ts',
        find: "if (seen.owesLabel && seen.label === undefined) return fault('label-missing', root)",
        replace: '',
      },
    ],
    hostile: [{ what: 'no label', stanza: chat(body('x')) }],
  },
  {
    id: 'second-label-let-by',
    does: 'believes the first of several labels',
    edits: [
      {
        file: 'rules/decide/profile.ts',
        find: 'min: 0, max: 1, sorted: false',
        replace: 'min: 0, max: 2, sorted: false',
      },
      {
        file: 'rules/decide/profile.ts',
        find: "if (seen.label !== undefined) return fault('label-repeated', node)",
        replace: 'if (seen.label !== undefined) return undefined',
      },
    ],
    hostile: [
      { what: 'a listed one and SECRET', stanza: chat(body('x') + OPEN + SECRET) },
      { what: 'two listed ones', stanza: chat(body('x') + OPEN + RESTRICTED) },
    ],
  },
  {
    id: 'categories-not-in-the-key',
    does: 'looks a label up without its categories',
    edits: [
      {
        file: 'rules/label/wire.ts',
        find: 'label.categories.map((category) => JSON.stringify(category)).sort()',
        replace: '[]',
      },
      TEMPLATE_NOT_COMPARED,
    ],
    hostile: [
      {
        what: 'OPEN, RELEASABLE TO ACME, which is not listed',
        stanza: chat(
          body('x') +
            essLabel(
              '3127 020101 0603883701 311d 301b 800a60864801650201080301 a10d 300b 060488370101 3103 02010a',
            ),
        ),
      },
    ],
  },
  {
    id: 'label-in-ber',
    does: 'reads a label in BER, and octets behind it',
    edits: [
      { file: 'rules/label/wire.ts', find: "decodeEss(octets, 'der')", replace: "decodeEss(octets, 'ber')" },
      {
        file: 'rules/label/der.ts',
        find: "if (reader.at !== octets.length) return { problem: 'octets behind the value', at: reader.at }",
        replace: '',
      },
      TEMPLATE_NOT_COMPARED,
    ],
    hostile: [
      {
        what: 'octets behind the label',
        stanza: chat(body('x') + essLabel('3108 020101 0603883701 c0ffee')),
      },
      { what: 'another order', stanza: chat(body('x') + essLabel('3108 0603883701 020101')) },
      { what: 'an indefinite length', stanza: chat(body('x') + essLabel('3180 020101 0603883701 0000')) },
      { what: 'a padded length', stanza: chat(body('x') + essLabel('318108 020101 0603883701')) },
    ],
  },
  {
    id: 'base64-repaired',
    does: 'reads base64 as leniently as Node does',
    edits: [
      {
        file: 'rules/text/base64.ts',
        find: "octets.toString('base64') === text ? octets : undefined",
        replace: 'octets',
      },
      TEMPLATE_NOT_COMPARED,
    ],
    hostile: [
      { what: 'spare bits that are set', stanza: chat(body('x') + base64Label('MQgCAQEGA4g3AR==')) },
      { what: 'no padding', stanza: chat(body('x') + base64Label('MQgCAQEGA4g3AQ')) },
      { what: 'characters behind the end', stanza: chat(body('x') + base64Label('MQgCAQEGA4g3AQ==covert')) },
    ],
  },
  {
    id: 'pair-read-as-one',
    does: 'reads the first of two labels and believes that it is alone',
    edits: [
      { file: 'rules/label/wire.ts', find: 'if (second === undefined) return', replace: 'if (true) return' },
      TEMPLATE_NOT_COMPARED,
    ],
    hostile: [
      { what: 'OPEN, and beside it SECRET', stanza: chat(body('x') + essPair(ESS.open, ESS.secret)) },
      { what: 'OPEN twice', stanza: chat(body('x') + essPair(ESS.open, ESS.open)) },
    ],
  },
  {
    id: 'pair-by-its-second',
    does: 'looks a pair up by the label that decides, whatever the other is',
    edits: [
      {
        file: 'rules/decide/label.ts',
        find: 'index.get(read.form)?.get(read.value) ??',
        replace:
          'index.get(read.form)?.get(read.value) ?? [...(index.get(read.form) ?? [])].find(([value]) => read.form.includes("+") && JSON.parse(value)[1] === JSON.parse(read.value)[1])?.[1] ??',
      },
      TEMPLATE_NOT_COMPARED,
    ],
    hostile: [
      {
        what: 'OPEN, which is UNCLASSIFIED to the coalition, as LIMITED',
        stanza: chat(body('x') + essPair(ESS.limited, ESS.open)),
      },
      { what: 'OPEN as itself', stanza: chat(body('x') + essPair(ESS.open, ESS.open)) },
    ],
  },
  {
    id: 'pair-with-free-dates',
    does: 'admits any dates of the second label of a pair',
    edits: [
      {
        file: 'rules/label/wire.ts',
        find: 'if (second.creation !== label.creation || second.review !== label.review) return MALFORMED',
        replace: '',
      },
      TEMPLATE_NOT_COMPARED,
    ],
    hostile: [
      {
        what: 'another creation',
        stanza: chat(body('x') + pair4774('OPEN', '2001-01-01T00:00:00Z', NEXT_YEAR)),
      },
      { what: 'another review', stanza: chat(body('x') + pair4774('OPEN', TODAY, '2199-01-01T00:00:00Z')) },
    ],
  },
  {
    id: 'dates-without-window',
    does: 'admits every date of a label',
    edits: [
      {
        file: 'rules/decide/label.ts',
        find: "if (!withinWindows(dates, windows, second)) return { reason: 'label-date' }",
        replace: '',
      },
    ],
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
    id: 'label-not-mapped',
    does: "leaves the sending side's label in what it writes",
    edits: [
      {
        file: 'rules/decide/decide.ts',
        find: 'serialiseReplacing(root, element, label.spelling)',
        replace: 'serialise(root)',
      },
    ],
    hostile: [{ what: 'a listed label', stanza: chat(body('x') + RESTRICTED) }],
    lies: true,
  },
  {
    id: 'own-number-not-compared',
    does: 'accepts any id that begins like a number of this direction',
    edits: [
      {
        file: 'rules/decide/value.ts',
        find: "value === 'o' + formatNumber(bearer.number) ||",
        replace: "value.startsWith('o') ||",
      },
    ],
    hostile: [
      { what: 'words in an id', stanza: named(presence(''), 'over-the-bridge-at-nine') },
      { what: 'the number of another frame', stanza: named(chat(body('a') + OPEN), 'o0.99') },
      { what: 'a zero in front', stanza: named(presence(''), 'o0.0{number}') },
    ],
  },
  {
    id: 'echo-of-anybody',
    does: 'lets users name frames of the other direction, as rooms may',
    edits: [
      {
        file: 'rules/decide/value.ts',
        find: 'return rooms.has(domainOf(from)) && parseReference(value)?.own === false',
        replace: 'return parseReference(value)?.own === false',
      },
    ],
    hostile: [{ what: 'a number by choice', stanza: named(presence(''), 'r4711.4711') }],
  },
  {
    id: 'number-by-value',
    does: 'accepts every spelling of a number',
    edits: [
      {
        file: 'rules/text/numbered.ts',
        find: 'return formatNumber(number) === text ? number : undefined',
        replace: 'return number',
      },
    ],
    hostile: [
      { what: 'a zero in front of the generation', stanza: receipt('r00.1') },
      { what: 'a zero in front of the count', stanza: receipt('r0.01') },
      { what: 'another base', stanza: receipt('r0x1.0b1') },
      { what: 'another notation', stanza: receipt('r0.1e3') },
    ],
  },
  {
    id: 'number-unbounded',
    does: 'takes counts that no frame has',
    edits: [
      {
        file: 'rules/text/numbered.ts',
        find: 'number.count < 0 || number.count >= COUNTS',
        replace: 'number.count < 0',
      },
      {
        file: 'rules/text/numbered.ts',
        find: 'number === undefined || number.count === 0 ?',
        replace: 'number === undefined ?',
      },
    ],
    hostile: [
      { what: '2⁴⁸', stanza: receipt('r0.281474976710656') },
      { what: 'none', stanza: receipt('r0.0') },
    ],
  },
]
