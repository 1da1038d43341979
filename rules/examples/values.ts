/** Values at the edges of a value rule, inside and outside: what shows that a rule is what it says. */
import { domainOf } from '../address/jid.ts'
import type { Bundle, Domain, ValueRule } from '../bundle/bundle.ts'
import { formatDate } from '../text/date.ts'
import { formatReference, type StanzaNumber } from '../text/numbered.ts'
import type { Setting } from './setting.ts'

/** What values are made for: the stanza in which they stand, and a second for dates. */
export type ValueContext = Readonly<{
  bundle: Bundle
  setting: Setting
  second: number
}>

/** The number under which samples are judged: one that has an earlier one. */
export const SAMPLE_NUMBER: StanzaNumber = { generation: 1, count: 2 }
const EARLIER: StanzaNumber = { generation: 1, count: 1 }

/** That of the sample, its neighbours, and others on both sides of each bound and of each spelling. */
const NUMBERS = [
  ...['1.2', '1.1', '1.3', '0.281474976710655', '0.281474976710656', '2.1', '65535.1', '65536.1', '1.0'],
  ...['01.1', '1.02', '1.1.1', '1.', '1', '+1.1', '1.1e0', ' 1.1', '1.١'],
]

/** A value that the rule admits, in a stanza of `SAMPLE_NUMBER`. */
export function sampleValue(rule: ValueRule, { setting, second }: ValueContext): string {
  switch (rule.type) {
    case 'text':
      return setting.texts.sample(rule.max)
    case 'address':
      return sampleAddress(rule, setting)
    default:
      return plainSample(rule, second, SAMPLE_NUMBER)
  }
}

/** The same for what does not depend on who sends what to whom; `number` is that of the frame. */
export function plainSample(
  rule: Exclude<ValueRule, { type: 'text' | 'address' }>,
  second: number,
  number: StanzaNumber,
): string {
  switch (rule.type) {
    case 'enum':
      return rule.values[0] ?? ''
    case 'identifier':
      return 'o1'.slice(0, rule.max)
    case 'own-number':
      return formatReference({ own: true, number })
    case 'answer-number':
      return formatReference({ own: false, number: SAMPLE_NUMBER })
    case 'earlier-number':
      return formatReference({ own: true, number: EARLIER })
    case 'date':
      return formatDate(second)
    case 'integer':
      return String(Math.min(Math.max(0, rule.min), rule.max))
    case 'resource':
      return 'nick'.slice(0, rule.max)
  }
}

function sampleAddress(
  { side, local }: Extract<ValueRule, { type: 'address' }>,
  { from, to }: Setting,
): string {
  const address = side === 'to' ? to : from
  return local === 0 ? domainOf(address) : address
}

/** Values on both sides of each bound of the rule. */
export function edgeValues(rule: ValueRule, context: ValueContext): string[] {
  switch (rule.type) {
    case 'enum':
      return [...rule.values, '', 'no-such-value']
    case 'identifier':
      return ['~', 'x'.repeat(rule.max), 'x'.repeat(rule.max + 1), '', 'a b', 'a&b', 'é']
    case 'own-number':
    case 'answer-number':
    case 'earlier-number':
      return ['o', 'r']
        .flatMap((letter) => NUMBERS.map((number) => letter + number))
        .concat('', 'x0.1', '0.1')
    case 'text':
      return textEdges(rule.max, context.setting.texts)
    case 'date':
      return [...['1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-29T00:00:00Z']].concat(
        ...['2026-11-22T10:00:00.5Z', '2026-11-22T10:00:00+00:00'],
      )
    case 'integer':
      return [rule.min, rule.max, rule.min - 1, rule.max + 1].map(String).concat('-0', '01', '')
    case 'resource':
      return ['r', 'x'.repeat(rule.max), 'x'.repeat(rule.max + 1), 'a\nb', '']
    case 'address':
      return domainsNear(context)
        .flatMap(({ name, locals }) => [
          ...[name, `user@${name}`, `${locals?.[0] ?? 'ann'}@${name}/desk`, `User@${name}`],
          ...[rule.local, rule.local + 1].map((length) => `${'x'.repeat(length)}@${name}`),
          ...[rule.resource, rule.resource + 1].map((length) => `${name}/${'x'.repeat(length)}`),
        ])
        .concat('user@elsewhere.example', `sub.${domainOf(context.setting.from)}`)
  }
}

function textEdges(max: number, { filled, sample }: Setting['texts']): string[] {
  const word = sample(1)
  return [...[max, max + 1].map(filled), `${word}\n${word}`, `${word}\t${word}`, ' ', '\u200b', 'Grüße']
}

/** So many domains are tried in an address. */
const DOMAINS = 8

/** Those of the stanza first. */
function domainsNear({ bundle, setting }: ValueContext): readonly Domain[] {
  const own = new Set([setting.from, setting.to].map(domainOf))
  const all = [...bundle.from.domains, ...bundle.to.domains]
  return [...all.filter(({ name }) => own.has(name)), ...all.filter(({ name }) => !own.has(name))].slice(
    0,
    DOMAINS,
  )
}

/** Up to `count` different values that the rule admits. */
export function manyValues(rule: ValueRule, count: number, context: ValueContext): string[] {
  const numbered = (make: (index: number) => string): string[] =>
    Array.from({ length: count }, (_, i) => make(i))
  switch (rule.type) {
    case 'enum':
      return rule.values.slice(0, count)
    case 'integer':
      return numbered((i) => String(rule.min + i)).slice(0, rule.max - rule.min + 1)
    case 'date':
      return numbered((i) => formatDate(context.second - i))
    case 'address': {
      const domain = sampleValue(rule, context).replace(/^[^@]*@/, '')
      return numbered((i) => `user${i}@${domain}`)
    }
    case 'own-number':
      return [sampleValue(rule, context)]
    case 'answer-number':
      return numbered((i) => formatReference({ own: false, number: { generation: 0, count: i + 1 } }))
    case 'earlier-number':
      return numbered((i) => formatReference({ own: true, number: { generation: 0, count: i + 1 } })).slice(
        0,
        EARLIER.count,
      )
    case 'identifier':
      return numbered((i) => `x${i}`).filter((value) => value.length <= rule.max)
    case 'text':
      return numbered((i) => context.setting.texts.filled(i + 1)).slice(0, rule.max)
    case 'resource':
      return numbered((i) => `x${i}`)
  }
}
