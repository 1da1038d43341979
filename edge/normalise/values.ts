/**
 * Values in the one spelling that the profile admits (doc/formats.md §2), made from the spellings that are in use.
 *
 * Nothing is judged here: what has no canonical spelling is handed on as it is, and the decision refuses it. Only an
 * identifier that names nothing known is not handed on: it might be well-spelled.
 */
import { normaliseJid } from '../../rules/address/jid.ts'
import type { ValueRule } from '../../rules/bundle/bundle.ts'
import { normaliseDate } from '../../rules/text/date.ts'
import type { Naming } from './naming.ts'

/** The rules of what is numbered. */
export type NumberedRule = Extract<ValueRule, { type: 'own-number' | 'answer-number' | 'earlier-number' }>
type OtherRule = Exclude<ValueRule, NumberedRule>

export function isNumberedRule(rule: ValueRule): rule is NumberedRule {
  return rule.type === 'own-number' || rule.type === 'answer-number' || rule.type === 'earlier-number'
}

/** What an identifier of the own side is written as; undefined when it names nothing that is known. */
export function writeIdentifier(id: string, rule: NumberedRule, naming: Naming): string | undefined {
  switch (rule.type) {
    case 'own-number':
      return (rule.echo ? naming.echo(id) : undefined) ?? naming.own
    case 'answer-number':
      return naming.answer(id)
    case 'earlier-number':
      return (rule.echo ? naming.echo(id) : undefined) ?? naming.earlier(id)
  }
}

/** The canonical spelling of `value` under `rule`, or the value itself. */
export function normaliseValue(value: string, rule: OtherRule): string {
  switch (rule.type) {
    case 'text':
      return normaliseText(value)
    case 'resource':
      // OpaqueString (RFC 8265 §4.2.2): every space is U+0020.
      return normaliseText(value).replaceAll('\u3000', ' ')
    case 'address':
      return normaliseJid(value)?.text ?? value
    case 'date':
      return normaliseDate(trimBlanks(value)) ?? value
    case 'integer':
      return normaliseInteger(trimBlanks(value))
    case 'enum':
    case 'identifier':
      return trimBlanks(value)
  }
}

const PLAIN = /^[\t\n\x20-\x7e]*$/
/** General category Zs but for U+0020 and U+3000. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f]/g

function normaliseText(value: string): string {
  return PLAIN.test(value) ? value : value.normalize('NFC').replace(SPACES, ' ')
}

/** xs:byte and its kin may be written with `+`, with leading zeros and as `-0`. */
function normaliseInteger(value: string): string {
  if (!/^[+-]?[0-9]{1,9}$/.test(value)) return value
  return String(Number(value) || 0)
}

/** Takes the four blanks of XML off both ends; they are not part of a value that is not text (XML Schema §4.3.6). */
function trimBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return start === 0 && end === value.length ? value : value.slice(start, end)
}

/** Whether a text is white space of XML and nothing else (XML 1.0 §2.3). */
export function isBlanks(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (!isBlank(value.charCodeAt(i))) return false
  return true
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
