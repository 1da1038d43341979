/** Values at the edges of a value rule, inside and outside: what shows that a rule is what it says. */
import type { Bundle, ValueRule } from '../bundle/bundle.ts'
import { formatDate } from '../text/date.ts'
import { formatReference, type StanzaNumber } from '../text/numbered.ts'

/**
 * What values are made for: the domains of both sides, of which the first that fits is taken, a second for dates, and the number of the
 * frame (`SAMPLE_NUMBER`).
 */
export type ValueContext = Readonly<{
  bundle: Pick<Bundle, 'from' | 'to'>
  second: number
  number?: StanzaNumber
}>

/** The number under which samples are judged: one that has an earlier one. */
export const SAMPLE_NUMBER: StanzaNumber = { generation: 1, count: 2 }
const EARLIER: StanzaNumber = { generation: 1, count: 1 }

/** That of the sample, its neighbours, and others on both sides of each bound and of each spelling. */
const NUMBERS = [
  ...['1.2', '1.1', '1.3', '0.281474976710655', '0.281474976710656', '2.1', '65535.1', '65536.1', '1.0'],
  ...['01.1', '1.02', '1.1.1', '1.', '1', '+1.1', '1.1e0', ' 1.1', '1.١'],
]

/** A value that the rule admits. */
export function sampleValue(
  rule: ValueRule,
  { bundle, second, number = SAMPLE_NUMBER }: ValueContext,
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
    case 'text':
      return 'Hello'.slice(0, rule.max)
    case 'date':
      return formatDate(second)
    case 'integer':
      return String(Math.min(Math.max(0, rule.min), rule.max))
    case 'resource':
      return 'nick'.slice(0, rule.max)
    case 'address':
      return sampleAddress(rule, bundle)
  }
}

function sampleAddress(
  { side, local }: Extract<ValueRule, { type: 'address' }>,
  bundle: ValueContext['bundle'],
): string {
  const { domains } = bundle[side === 'to' ? 'to' : 'from']
  const domain = domains.find(({ kind }) => kind === 'im') ?? domains[0]
  const user =
    local === 0 ? '' : `${domain?.locals?.[0] ?? (side === 'to' ? 'ben' : 'anna').slice(0, local)}@`
  return `${user}${domain?.name ?? 'example'}`
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
      return ['x'.repeat(rule.max), 'x'.repeat(rule.max + 1), 'a\nb', 'a\tb', ' ', '\u200b', 'Grüße']
    case 'date':
      return [...['1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-29T00:00:00Z']].concat(
        ...['2026-11-22T10:00:00.5Z', '2026-11-22T10:00:00+00:00'],
      )
    case 'integer':
      return [rule.min, rule.max, rule.min - 1, rule.max + 1].map(String).concat('-0', '01', '')
    case 'resource':
      return ['r', 'x'.repeat(rule.max), 'x'.repeat(rule.max + 1), 'a\nb', '']
    case 'address':
      return [...context.bundle.from.domains, ...context.bundle.to.domains]
        .flatMap(({ name }) => [
          ...[name, `user@${name}`, `user@${name}/desk`, `User@${name}`],
          ...[rule.local, rule.local + 1].map((length) => `${'x'.repeat(length)}@${name}`),
          ...[rule.resource, rule.resource + 1].map((length) => `${name}/${'x'.repeat(length)}`),
        ])
        .concat('user@elsewhere.example', `sub.${context.bundle.from.domains[0]?.name ?? 'example'}`)
  }
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
    case 'text':
      return numbered((i) => `x${i}`).filter((value) => value.length <= rule.max)
    case 'resource':
      return numbered((i) => `x${i}`)
  }
}
