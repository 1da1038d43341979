/**
 * Value rules (doc/formats.md §2, "Values"): whether a value that was read is one that its rule admits.
 */
import { type Domains, findBadAddress, findBadResource, type MostPoints } from './address.ts'
import { type Blanks, findBadContent } from './content.ts'
import { DATE_LENGTH, parseDate } from './dates.ts'
import { isInteger } from './integer.ts'
import { findNarrowed, type Narrow } from './narrow.ts'
import { type Bearer, isNumbered, type NumberedRule } from './numbered.ts'
import { spread, textOf, type Value } from './value.ts'

/** The bundle's value rules, made ready: a set for the strings, the domains as code points. */
export type ValueRule =
  | Readonly<{ type: 'enum'; values: ReadonlySet<string> }>
  | Readonly<{ type: 'identifier'; max: number }>
  | Readonly<{ type: 'text'; max: number; blanks: Blanks; narrow: Narrow | undefined }>
  | Readonly<{ type: 'date' }>
  | Readonly<{ type: 'integer'; min: number; max: number }>
  | Readonly<{ type: 'address'; domains: Domains; most: MostPoints }>
  | Readonly<{ type: 'resource'; most: number }>
  | NumberedRule

/** The octet of the stanza at which the value breaks the rule; -1 when the rule admits it. */
export function findBadValue(
  rule: ValueRule,
  value: Value,
  stanza: Uint8Array,
  latin1: string,
  bearer: Bearer,
): number {
  switch (rule.type) {
    case 'enum':
      return rule.values.has(textOf(value, latin1)) ? -1 : value.start
    case 'identifier':
      return findBadIdentifier(rule.max, value, stanza)
    case 'text':
      return findBadText(rule, value, stanza)
    case 'date':
      return value.end - value.start === DATE_LENGTH && parseDate(latin1, value.start) >= 0 ? -1 : value.start
    case 'integer':
      return isInteger(latin1, value.start, value.end, rule.min, rule.max) ? -1 : value.start
    case 'own-number':
    case 'answer-number':
    case 'earlier-number':
      return value.plain && isNumbered(rule, latin1, value.start, value.end, bearer) ? -1 : value.start
    case 'address': {
      spread(value, stanza)
      return octetOf(value, findBadAddress(value, rule.domains, rule.most))
    }
    case 'resource': {
      spread(value, stanza)
      return octetOf(value, findBadResource(value.points, 0, value.length, rule.most))
    }
  }
}

/** 1 to `max` of U+0021–U+007E without `"` `&` `'` `<` `>`: a plain value without blank and apostrophe. */
function findBadIdentifier(max: number, value: Value, stanza: Uint8Array): number {
  const length = value.end - value.start
  if (!value.plain || length < 1 || length > max) return value.start
  for (let at = value.start; at < value.end; at += 1) {
    const octet = stanza[at]!
    if (octet <= 0x20 || octet === 0x27) return at
  }
  return -1
}

function findBadText(rule: Extract<ValueRule, { type: 'text' }>, value: Value, stanza: Uint8Array): number {
  const length = value.plain ? value.end - value.start : value.length
  if (length < 1 || length > rule.max) return value.start
  // Of the content rules, only that for LF and TAB can refuse a plain value.
  if (value.plain && value.lines && !rule.blanks.lines) return value.start
  const bad = value.plain ? -1 : findBadContent(value.points, 0, value.length, rule.blanks)
  if (bad >= 0 || rule.narrow === undefined) return octetOf(value, bad)
  spread(value, stanza)
  return octetOf(value, findNarrowed(rule.narrow, value.points, value.length))
}

function octetOf(value: Value, index: number): number {
  if (index < 0) return -1
  return index < value.length ? value.octets[index]! : value.start
}
