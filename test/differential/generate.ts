/** Stanzas made at random from a bundle's own forms: most are what it admits, some are wrong in one value. */
import type {
  AttributeRule,
  Bundle,
  ElementRule,
  InputTemplate,
  Slot,
  StanzaForm,
  ValueRule,
} from '../../rules/bundle/bundle.ts'
import { formatReference } from '../../rules/text/numbered.ts'
import { NUMBER } from '../support/number.ts'
import type { random } from '../verify/random.ts'

type Random = ReturnType<typeof random>

const SERVER = 'jabber:server'

const WORDS = [
  ...[
    'Hello',
    'Grüße',
    'привет',
    'κόσμε',
    'می‌خواهم',
    'हिन्दी',
    'क्‍ष',
    '한국어',
    '日本語　テキスト',
    'ภาษาไทย',
    '😀👍🏽',
    '👩‍❤️‍👨',
    '1️⃣',
  ],
  ...[
    'a & b',
    '<x>',
    '"q"',
    "it's",
    ']]>',
    '{}',
    'x²',
    '  ',
    ' ',
    '!',
    'é',
    '\u00c5',
    '(c)',
    '©',
    'ﬁ',
    '\u0958',
    'ǆ',
    'ß',
  ],
]
const ODD = [
  ...[
    '\u0301',
    'e\u0301',
    '\u200b',
    '\u200d',
    '\ufe0f',
    '\u202e',
    '\u00a0',
    '\u00ad',
    '\ue000',
    '\u0378',
    '\ufeff',
    '\u2028',
    '\u0085',
    '\u007f',
  ],
  ...[
    'pаypal',
    'aα',
    '\n',
    '\t',
    'x\u0323\u0323\u0323\u0323\u0323',
    '\u1100\u1161',
    '\u{e0041}',
    '\u{1fffe}',
    '\u034f',
    '\u115f',
    '\u17b4',
    '\u212b',
    '\ufb01',
    '\u3000',
  ],
]
const LOCALS = [
  'ann',
  'bob.smith',
  'zoë',
  'straße',
  'анна',
  'φως',
  'a+b_c~1',
  'ǆ',
  'كلمة',
  '日本',
  'नमस्ते',
  "o'neil",
  'Ann',
  'a b',
  'ﬁn',
  '\u212a',
  'a@b',
  'e\u0301',
  'ٱ',
  'ª',
  '\u0958',
  'x\u200dy',
  'a\u05d0b',
  '\u05d01b',
  '\u05d0\u05d1',
  '\u0628\u0661\u06f1',
  '\u06f1a',
  'x'.repeat(64),
  'é'.repeat(65),
  'ς',
  '٣',
  '१',
  '',
]
const RESOURCES = [
  'pc',
  'Phone 1',
  'a/b@c',
  'Ω 3',
  '日本　語',
  'é',
  'e\u0301',
  '😀',
  "'",
  '<&">',
  '',
  ' ',
  '\u00a0',
  '\u200d',
  'x'.repeat(128),
  'é'.repeat(129),
  '😀'.repeat(12),
]

/** Of the number that stanzas are judged under, others, and spellings that are not the one. */
const OWN = formatReference({ own: true, number: NUMBER })
const NUMBERS = [
  ...[
    'o1.1',
    'o1.2',
    'o1.3',
    'r1.2',
    'o0.2',
    'o2.1',
    'r0.1',
    'O1.2',
    'R1.2',
    'o01.2',
    'o1.02',
    'o1.0',
    'r0.0',
  ],
  ...[
    'o65536.1',
    'r65536.1',
    'r0.281474976710656',
    'o1.281474976710656',
    'o1',
    'o1.',
    'o.2',
    'r1.2.3',
    'o-1.2',
  ],
  ...[
    'o1.2 ',
    ' o1.2',
    'o1.\u0662',
    'о1.2',
    'o1․2',
    'o1,2',
    'o+1.2',
    'o1.2e0',
    'o0x1.2',
    'oo1.2',
    'x1.2',
    '',
  ],
  ...[`r1.${'9'.repeat(15)}`, `r1.${'1'.repeat(17)}`, `o${'1'.repeat(400)}.2`],
]

export function makeGenerator(bundle: Bundle, chance: Random) {
  const { below, pick } = chance
  const rarely = () => below(40) === 0

  const text = (max: number, lines: boolean) => {
    let out = ''
    for (let n = 1 + below(4); n > 0; n -= 1) out += rarely() ? pick(ODD) : pick(WORDS)
    if (lines && below(8) === 0) out += '\n\tz'
    if (rarely()) out = out.repeat(Math.ceil(max / out.length) + below(2))
    return out
  }

  const address = (side: 'from' | 'to' | 'either') => {
    const wanted = side === 'either' ? pick(['from', 'to'] as const) : side
    const domain = pick(
      bundle[rarely() ? pick(['from', 'to'] as const) : wanted].domains.slice(0, below(4) === 0 ? 9 : 2),
    )
    let out = rarely() ? pick(['evil.example', 'x.y', '']) : domain.name
    if (rarely()) out = pick([out.toUpperCase(), `${out}.`, `x${out}`, `${out}/`])
    const locals = domain.locals ?? LOCALS.slice(0, below(4) === 0 ? LOCALS.length : 11)
    if (below(3) > 0) out = `${pick(rarely() ? LOCALS : locals)}@${out}`
    if (below(3) > 0) out = `${out}/${pick(RESOURCES.slice(0, below(4) === 0 ? RESOURCES.length : 4))}`
    return out
  }

  const date = () => {
    if (rarely()) {
      return pick([
        '2026-02-29T00:00:00Z',
        '1969-12-31T23:59:59Z',
        '2016-12-31T23:59:60Z',
        '2026-11-22T24:00:00Z',
        '2026-11-22T10:00:00.0Z',
        '10000-01-01T00:00:00Z',
        '2026-11-22T10:00:00+00:00',
        '2000-02-29T23:59:59Z',
        '2100-02-29T00:00:00Z',
      ])
    }
    return new Date(below(253_402_300) * 1_000_000).toISOString().replace('.000Z', 'Z')
  }

  const valueFor = (rule: ValueRule): string => {
    switch (rule.type) {
      case 'enum':
        return rarely() ? pick(['', 'x', rule.values[0]!.toUpperCase()]) : pick(rule.values)
      case 'identifier':
        return rarely()
          ? pick(['', 'a b', 'a"', "a'", 'é', 'x'.repeat(rule.max + below(2))])
          : pick(['o1', 'r22', 'a-b_c~!', '][', '0'])
      case 'own-number':
        return rarely() ? pick(NUMBERS) : rule.echo && rarely() ? 'r0.7' : OWN
      case 'answer-number':
        return rarely() ? pick(NUMBERS) : pick(['r0.1', 'r65535.281474976710655', OWN.replace('o', 'r')])
      case 'earlier-number':
        return rarely() ? pick(NUMBERS) : pick(['o1.1', 'o0.281474976710655', ...(rule.echo ? ['r0.1'] : [])])
      case 'integer':
        return rarely()
          ? pick(['-0', '00', '+1', '', '1.0', '9'.repeat(17), '9007199254740993', '٣', '-'])
          : String(
              pick(
                [rule.min, rule.max, rule.min - 1, rule.max + 1, 0, 1, -1, 5]
                  .filter((n) => below(8) === 0 || (n >= rule.min && n <= rule.max))
                  .concat(rule.max),
              ),
            )
      case 'date':
        return date()
      case 'text':
        return rule.lines ? text(rule.max, true) : text(rule.max, rarely())
      case 'resource':
        return pick(RESOURCES)
      case 'address':
        return address(rule.side)
    }
  }

  const attributesOf = (rules: readonly AttributeRule[]) => {
    let out = ''
    for (const rule of rules) {
      if (rule.required ? below(100) === 0 : below(2) === 0) continue
      const value = valueFor(rule.value)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('"', '&quot;')
      out += ` ${rule.name}="${value}"`
    }
    return out
  }

  const element = (rule: ElementRule, parent: string): string => {
    const start = `<${rule.name}${rule.ns === parent ? '' : ` xmlns="${rule.ns}"`}${attributesOf(rule.attributes)}>`
    let inside = ''
    if (rule.content.type === 'elements') inside = slotsOf(rule.content.slots, rule.ns)
    if (rule.content.type === 'value' && !(rule.content.mayBeEmpty ? below(2) === 0 : rarely())) {
      inside = valueFor(rule.content.value)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
    }
    return `${start}${inside}</${rule.name}>`
  }

  const label = () => {
    const template: InputTemplate = rarely() ? crossed() : pick(bundle.labels.rows).input.template
    const second = Date.UTC(2026, 10, 22, 10) / 1000
    const around = (limit: number) => second - 10 + below(rarely() ? limit : 12)
    const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
    const made = () => ({ creation: iso(around(500_000)), review: iso(around(500_000_000) + 86_400) })
    const dates = made()
    return template
      .map((part) => {
        if (typeof part === 'string') return part
        return below(100) === 0 ? pick([date(), made()[part.hole]]) : dates[part.hole]
      })
      .join('')
  }

  /** The first label of one pair before the second of another, where there are pairs. */
  const crossed = (): InputTemplate => {
    const pairs = bundle.labels.rows.filter(({ input }) => input.beside !== undefined)
    const [one, other] = [pick(bundle.labels.rows), pick(pairs.length > 0 ? pairs : bundle.labels.rows)]
    const half = (template: InputTemplate) => Math.floor(template.length / 2)
    if (one.input.form !== other.input.form) return other.input.template
    const [first, second] = [one.input.template, other.input.template]
    if (first.length > 1) return [...first.slice(0, half(first)), ...second.slice(half(second))]
    const [head, tail] = [String(first[0]).split('</label>'), String(second[0]).split('</label>')]
    return [`${head[0]}</label>${tail[1]}`]
  }

  const slotsOf = (slots: readonly Slot[], parent: string): string => {
    let out = ''
    for (const slot of slots) {
      if (slot.type === 'label') {
        if (below(5) > 0) out += label()
        if (below(100) === 0) out += label()
        continue
      }
      let count = slot.min + below(Math.min(slot.max - slot.min, 3) + 1)
      if (parent === SERVER && slot.min === 0 && below(2) === 0) count = 0
      if (rarely()) count += pick([-1, 1])
      const elements = Array.from({ length: Math.max(count, 0) }, () => element(pick(slot.of), parent))
      if (slot.sorted && !rarely()) {
        elements.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }
      out += (slot.sorted && !rarely() ? [...new Set(elements)] : elements).join('')
    }
    return out
  }

  return (): Buffer => {
    const form: StanzaForm = pick(bundle.forms)
    const inside = slotsOf(form.slots, SERVER)
    return Buffer.from(
      `<${form.element} xmlns="${SERVER}"${attributesOf(form.attributes)}>${inside}</${form.element}>`,
      'utf8',
    )
  }
}
