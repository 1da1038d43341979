/**
 * Hostile stanzas, each made from a benign one by spoiling one thing: its spelling, its octets, its text, or what it says.
 *
 * Each is one that no bundle admits. They do not replace the tests of the verifiers: they show that those which are installed, with the Node
 * that is installed, still see what they must.
 */
import type { Bundle, LabelRow, ValueRule } from '../bundle/bundle.ts'
import { fill } from '../label/template.ts'
import { formatDate, LAST_SECOND } from '../text/date.ts'
import { type Benign, labelOf } from './benign.ts'

/** What is wrong with it, and its octets. */
export type Spoilt = Readonly<{ what: string; stanza: string | Uint8Array }>

/** The last end tag, with all before it in front; a stanza without children has none. */
const END_TAG = /^(.*)(<\/[a-z]+>)$/su
const NAMESPACE = ' xmlns="jabber:server"'

/** Spellings of a stanza that are not well-formed, not XMPP, or not canonical. */
export function misspelt(stanza: string): Spoilt[] {
  const out: Spoilt[] = []
  const add = (what: string, spoilt: string | Uint8Array) => out.push({ what, stanza: spoilt })
  const name = /^<([a-z]+)/u.exec(stanza)?.[1] ?? ''
  add('a byte order mark', `\ufeff${stanza}`)
  add('an XML declaration', `<?xml version="1.0"?>${stanza}`)
  add('a DOCTYPE', `<!DOCTYPE ${name}>${stanza}`)
  add('a DOCTYPE with an entity', `<!DOCTYPE ${name} [<!ENTITY e "e">]>${stanza}`)
  add('a comment before it', `<!--c-->${stanza}`)
  add('a processing instruction before it', `<?p i?>${stanza}`)
  add('a blank before it', ` ${stanza}`)
  add('a comment behind it', `${stanza}<!--c-->`)
  add('a line feed behind it', `${stanza}\n`)
  add('text behind it', `${stanza}x`)
  add('U+0000 behind it', `${stanza}\0`)
  add('two roots', stanza + stanza)
  add('its last octet missing', stanza.slice(0, -1))
  add('nothing', '')
  const respelt = (what: string, namespace: string) => add(what, stanza.replace(NAMESPACE, namespace))
  respelt('no namespace', '')
  respelt('another namespace', ' xmlns="jabber:client"')
  respelt('the namespace twice', NAMESPACE + NAMESPACE)
  respelt('single quotes', ` xmlns='jabber:server'`)
  respelt('two blanks between attributes', ` ${NAMESPACE}`)
  respelt('a line feed between attributes', `\n${NAMESPACE.slice(1)}`)
  respelt('a blank before an equals sign', ' xmlns ="jabber:server"')
  respelt('a character reference in an attribute', ' xmlns="jabber:serve&#114;"')
  respelt('a prefix that is declared and not used', `${NAMESPACE} xmlns:x="urn:x"`)
  respelt('an attribute with a prefix', `${NAMESPACE} xmlns:x="urn:x" x:y="z"`)
  respelt('an attribute with a prefix that is not declared', `${NAMESPACE} x:y="z"`)
  respelt('an unknown attribute', `${NAMESPACE} aaa="z"`)
  const endOfTag = stanza.search(/\/?>/u)
  if (endOfTag >= 0) {
    const atEnd = (what: string, put: string) =>
      add(what, stanza.slice(0, endOfTag) + put + stanza.slice(endOfTag))
    atEnd('an unknown attribute at the end', ' zzz="z"')
    atEnd('a blank at the end of a start tag', ' ')
  }
  const [, start, end] = END_TAG.exec(stanza) ?? []
  if (start !== undefined && end !== undefined) {
    add(
      'a prefixed root',
      `${start.replace(`<${name}${NAMESPACE}`, `<p:${name} xmlns:p="jabber:server"`)}</p:${name}>`,
    )
    add('another end tag', `${start}</${name}x>`)
    add('a blank in the end tag', `${start}</${name} >`)
    for (const [what, inside] of INSIDE) add(`${what} in it`, start + inside + end)
  }
  return out
}

const INSIDE: readonly [string, string][] = [
  ['a comment', '<!--c-->'],
  ['a processing instruction', '<?p i?>'],
  ['CDATA', '<![CDATA[x]]>'],
  ['text', 'x'],
  ['a line feed', '\n'],
  ['an entity that is not declared', '&nope;'],
  ['a character reference', '&#32;'],
  ['an element without a namespace', '<unknown xmlns=""></unknown>'],
  ['an empty-element tag', '<unknown xmlns="urn:example:unknown"/>'],
  ['an element that does not end', '<unknown xmlns="urn:example:unknown">'],
  ['a lone less-than sign', '<'],
  ['a lone ampersand', '&'],
]

/** What stands in the place of a text; `#` is the text. */
const TEXTS: readonly [string, string][] = [
  ['CDATA', '<![CDATA[#]]>'],
  ['a comment', '#<!--c-->'],
  ['an element', '#<b></b>'],
  ['a decimal character reference', '#&#72;'],
  ['a hexadecimal character reference', '#&#x48;'],
  ['a quotation mark as an entity', '#&quot;'],
  ['a greater-than sign as it is', '#>'],
  ['a reference to U+0000', '#&#0;'],
  ['a carriage return', '#\r#'],
  ['a reference to a carriage return', '#&#xD;'],
  ['U+0001', '#\u0001'],
  ['U+007F', '#\u007f'],
  ['U+FFFE', '#\ufffe'],
  ['a byte order mark', '#\ufeff'],
  ['a zero width space', '#\u200b'],
  ['a right-to-left override', '#\u202e'],
  ['a line separator', '#\u2028'],
  ['a tag character', '#\u{e0041}'],
  ['a variation selector', '#\ufe00'],
  ['a private use character', '#\ue000'],
  ['an unassigned code point', '#\u0378'],
  ['no NFC', '# e\u0301'],
  ['a mark at its start', '\u0301#'],
  ['a pile of marks', '# x\u0305\u0305\u0305\u0305\u0305'],
  ['a word of Latin and Cyrillic', '# a\u0430'],
]

/** Octets behind a text that are not UTF-8. */
const OCTETS: readonly [string, string][] = [
  ['an octet that no UTF-8 has', 'ff'],
  ['a lone continuation octet', '80'],
  ['an overlong slash', 'c0af'],
  ['an overlong U+0000', 'c080'],
  ['an overlong sequence of three', 'e080af'],
  ['half a surrogate pair', 'eda080'],
  ['a code point beyond U+10FFFF', 'f4908080'],
  ['a sequence cut short', 'e282'],
]

/** Texts that none may be, in the place of the one in the stanza. */
export function miswritten({ stanza, text }: Benign): Spoilt[] {
  if (text === '') return []
  const [before, behind] = stanza.split(`>${text}<`) as [string, string]
  const out: Spoilt[] = TEXTS.map(([what, written]) => ({
    what: `${what} in a text`,
    stanza: `${before}>${written.replaceAll('#', text)}<${behind}`,
  }))
  for (const [what, octets] of OCTETS) {
    const parts = [Buffer.from(`${before}>${text}`), Buffer.from(octets, 'hex'), Buffer.from(`<${behind}`)]
    out.push({ what: `${what} in a text`, stanza: Buffer.concat(parts) })
  }
  return out
}

/** A stanza in canonical form that says what no bundle, or not this one, admits. */
export function forbidden(bundle: Bundle, benign: Benign, second: number): Spoilt[] {
  const { stanza, before, behind, label, owes, form, once } = benign
  const out: Spoilt[] = []
  const add = (what: string, spoilt: string) => out.push({ what, stanza: spoilt })
  const unknown = '<unknown xmlns="urn:example:unknown"></unknown>'
  const [, start, end] = END_TAG.exec(stanza) ?? []
  if (start !== undefined && end !== undefined) add('an unknown element', start + unknown + end)
  for (const name of ['from', 'to']) {
    const found = new RegExp(`^<[^>]*?( ${name}="[^"]*")`, 'u').exec(stanza)
    const needed = form.attributes.some((rule) => rule.name === name && rule.required)
    if (found !== null && needed) add(`no "${name}"`, stanza.replace(found[1]!, ''))
  }
  if (once !== '') add('a child twice', stanza.replace(once, once + once))
  const child = /^<[^>]*><([a-z]+)( xmlns="[^"]*")?/u.exec(stanza)
  if (child !== null) {
    const whole = child[0]
    const renamed = `${whole.slice(0, whole.length - (child[2] ?? '').length)} xmlns="urn:example:other"`
    add('a child of another namespace', renamed + stanza.slice(whole.length))
  }
  if (label === '') {
    const [first] = bundle.labels.rows
    const one = first && labelOf(first, { creation: second, review: second })
    const slot = form.slots.some(({ type }) => type === 'label')
    if (one !== undefined && !slot && start !== undefined && end !== undefined)
      add('a label where none may be', start + one + end)
    return out
  }
  for (const [what, other] of mislabelled(bundle, benign, second)) add(what, before + other + behind)
  add('a label twice', before + label + label + behind)
  add('a label with a blank in it', before + label.replace('</', ' </') + behind)
  add('a label cut short', before + label.slice(0, label.lastIndexOf('</')) + behind)
  add('an empty label', before + EMPTY_LABEL + behind)
  const strange = STRANGE_LABELS.find(
    (one) => !bundle.labels.rows.some(({ input }) => input.template.join('') === one),
  )
  if (strange !== undefined) add('a label that is not listed', before + strange + behind)
  if (owes) add('no label', before + behind)
  return out
}

const essLabel = (base64: string) =>
  `<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${base64}</esssecuritylabel></label></securitylabel>`
const EMPTY_LABEL = '<securitylabel xmlns="urn:xmpp:sec-label:0"><label></label></securitylabel>'
/** Classifications 7 and 8 of a policy that nobody has, 2.999.99. */
const STRANGE_LABELS = [essLabel('MQgCAQcGA4g3Yw=='), essLabel('MQgCAQgGA4g3Yw==')]

/** Labels that are not quite the one of the stanza: other dates, categories, or octets. */
function mislabelled(bundle: Bundle, { row: number, label }: Benign, second: number): [string, string][] {
  const row = bundle.labels.rows[number]
  if (row === undefined) return []
  const out: [string, string][] = misdated(bundle, row, second)
  const listed = (one: string) =>
    bundle.labels.rows.some((other) => labelOf(other, { creation: second, review: second }) === one)
  const less = label.replace(/<Category .*?<\/Category>/u, '')
  if (less !== label && !listed(less)) out.push(['a label without a category', less])
  const [whole, base64] = /([A-Za-z0-9+/=]+)<\/esssecuritylabel>/u.exec(label) ?? []
  if (whole !== undefined && base64 !== undefined) {
    const der = Buffer.from(base64, 'base64')
    const other = (octets: Uint8Array) =>
      label.replace(whole, whole.replace(base64, Buffer.from(octets).toString('base64')))
    out.push(['an octet behind the DER of a label', other(Buffer.concat([der, Buffer.of(0)]))])
    if (der[1]! < 0x80)
      out.push([
        'a length that is no DER in a label',
        other(Buffer.concat([der.subarray(0, 1), Buffer.of(0x81), der.subarray(1)])),
      ])
  }
  return out
}

/** What stands before, in, between and behind the two labels of a pair. */
const PAIR =
  /^(.*?<(?:label|Metadata)>)(.*?)(<\/(?:label|Metadata)><(?:equivalentlabel|Metadata)>)(.*?)(<\/(?:equivalentlabel|Metadata)>.*)$/su

/** The stanza of a pair with two labels that are not those of one row, or not with the same dates. */
export function mispaired(bundle: Bundle, { before, behind, label }: Benign, second: number): Spoilt[] {
  const [, head, one, between, other, tail] = PAIR.exec(label) ?? []
  if (one === undefined || other === undefined) return []
  const dates = { creation: second, review: second }
  const rows = new Set(bundle.labels.rows.map((row) => labelOf(row, dates)))
  const today = formatDate(second)
  const pairs: [string, string, string][] = [
    ['in the other order', other, one],
    ['of its first label twice', one, one],
    ['of its second label twice', other, other],
    ['of two dates', one, other.replaceAll(today, formatDate(second - 1))],
  ]
  return pairs
    .map(([what, a, b]) => ({ what: `a pair ${what}`, label: `${head}${a}${between}${b}${tail}` }))
    .filter((spoilt) => !rows.has(spoilt.label))
    .map((spoilt) => ({ what: spoilt.what, stanza: before + spoilt.label + behind }))
}

/** The day that is none is the one of the self-test to whoever counts on. */
const NO_DATES: readonly [string, string][] = [
  ['a label of a day that is none', '2026-02-30T00:00:00Z'],
  ['a label of no date', '2026-03-02T00:00:00 '],
  ['a label of a date with a fraction', '2026-03-02T00:00:0.Z'],
]

/** The label of a row with dates outside of the windows. */
function misdated(bundle: Bundle, row: LabelRow, second: number): [string, string][] {
  const { creationPast, creationFuture, reviewAfterCreation } = bundle.labels.windows
  const has = (hole: string) =>
    row.input.template.some((part) => typeof part !== 'string' && part.hole === hole)
  const out: [string, string][] = []
  const add = (what: string, creation: number, review: number) => {
    const possible = [creation, review].every((date) => date >= 0 && date <= LAST_SECOND)
    const label = possible ? labelOf(row, { creation, review }) : undefined
    if (label !== undefined) out.push([what, label])
  }
  if (has('creation')) {
    add('a label that is too old', second - creationPast - 1, second - creationPast - 1)
    add('a label of the future', second + creationFuture + 1, second + creationFuture + 1)
  }
  if (has('review')) {
    add('a label whose review is too far away', second, second + reviewAfterCreation + 1)
    add('a label whose review is before its creation', second, second - 1)
  }
  for (const [what, date] of NO_DATES) {
    const label = fill(row.input.template, { creation: date, review: date })
    if (label !== undefined && (has('creation') || has('review'))) out.push([what, label])
  }
  return out
}

/** Values that the rule does not admit, whatever else the bundle says. */
export function badValues(rule: ValueRule, bundle: Pick<Bundle, 'from' | 'to'>): [string, string][] {
  const long = (most: number) => 'x'.repeat(most + 1)
  switch (rule.type) {
    case 'enum':
      return [['a value that is not listed', rule.values.includes('other') ? 'none' : 'other']]
    case 'integer':
      return [
        ['a number with a nought in front', `0${Math.max(rule.min, 0)}`],
        ['a number that is too high', String(rule.max + 1)],
        ['a number that is too low', String(rule.min - 1)],
      ]
    case 'date':
      return [['a day that is none', '2026-02-30T00:00:00Z']]
    case 'text':
      return [['a text that is too long', long(rule.max)]]
    case 'resource':
      return [['a resource that is too long', long(rule.max)]]
    case 'identifier':
      return [
        ['an identifier that is too long', long(rule.max)],
        ['an identifier with a blank', 'a b'],
      ]
    case 'own-number':
      return [['the number of another frame', 'o0.1'], ...NO_NUMBERS]
    case 'answer-number':
      return [['a number of the own direction', 'o0.1'], ...NO_NUMBERS]
    case 'earlier-number':
      return NO_NUMBERS
    case 'address':
      return badAddresses(rule, bundle)
  }
}

/** What is the number of no frame. */
const NO_NUMBERS: [string, string][] = [
  ['words for a number', 'attack-at-dawn'],
  ['a number with a nought in front', 'o00.1'],
  ['a number without a generation', 'o1'],
  ['a generation that is too high', 'r65536.1'],
  ['a number behind the last', 'r0.281474976710656'],
]

function badAddresses(
  { side, local, resource }: Extract<ValueRule, { type: 'address' }>,
  bundle: Pick<Bundle, 'from' | 'to'>,
): [string, string][] {
  const names = (end: 'from' | 'to') => bundle[end].domains.map(({ name }) => name)
  const known = side === 'either' ? [...names('from'), ...names('to')] : names(side)
  const [domain = 'example'] = known
  const other = [...names('from'), ...names('to')].find((name) => !known.includes(name))
  return [
    ['an address elsewhere', 'anna@elsewhere.invalid'],
    ['an address below a domain', `anna@sub.${domain}`],
    ['a domain in capitals', domain.toUpperCase()],
    ['a domain with a full stop behind it', `${domain}.`],
    ['a local part in capitals', `ANNA@${domain}`],
    ['a local part with what is not seen', `an\u200bna@${domain}`],
    ['a local part that is too long', `${'x'.repeat(local + 1)}@${domain}`],
    ['a resource that is too long', `${domain}/${'x'.repeat(resource + 1)}`],
    ...(other === undefined ? [] : ([['an address of the other side', other]] satisfies [string, string][])),
  ]
}
