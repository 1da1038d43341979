/** Short ways to write the rules of bundle.ts, so that a catalogue reads as a table. */
import type { AttributeRule, ContentRule, ElementRule, Labelling, Slot, ValueRule } from '../bundle/bundle.ts'

/** Nothing between the tags. */
export const empty: ContentRule = { type: 'empty' }

/** One text that is never empty. */
export function value(rule: ValueRule): ContentRule {
  return { type: 'value', value: rule, mayBeEmpty: false }
}

/** One text, or nothing. */
export function valueOrNothing(rule: ValueRule): ContentRule {
  return { type: 'value', value: rule, mayBeEmpty: true }
}

export function children(...slots: readonly Slot[]): ContentRule {
  return { type: 'elements', slots }
}

export function required(name: string, rule: ValueRule): AttributeRule {
  return { name, required: true, value: rule }
}

export function optional(name: string, rule: ValueRule): AttributeRule {
  return { name, required: false, value: rule }
}

/** An address of a user's device, an occupant or less. */
export function anyAddress(side: Side, { local, resource }: AddressLimits): ValueRule {
  return { type: 'address', side, local, resource }
}

/** An address without resource: of a user, a room or a server. */
export function bareAddress(side: Side, { local }: AddressLimits): ValueRule {
  return { type: 'address', side, local, resource: 0 }
}

type Side = Extract<ValueRule, { type: 'address' }>['side']

/** Greatest numbers of code points. */
export type AddressLimits = Readonly<{ local: number; resource: number }>

export function oneOf(...values: readonly string[]): ValueRule {
  return { type: 'enum', values }
}

/** An element rule; `labelling` says whether the element obliges its stanza to carry a label. */
export function elementRule(
  ns: string,
  name: string,
  attributes: readonly AttributeRule[],
  content: ContentRule,
  labelling: Labelling = 'never',
): ElementRule {
  return { ns, name, attributes, content, labelling }
}

/** A place for at most one element, any of `of`. */
export function atMostOne(...of: readonly ElementRule[]): Slot {
  return { type: 'elements', of, min: 0, max: 1, sorted: false }
}

/** A place for exactly one element, any of `of`. */
export function exactlyOne(...of: readonly ElementRule[]): Slot {
  return { type: 'elements', of, min: 1, max: 1, sorted: false }
}

/** A place for up to `max` elements in strictly ascending order, so that each set has one spelling. */
export function setOf(max: number, ...of: readonly ElementRule[]): Slot {
  return { type: 'elements', of, min: 0, max, sorted: true }
}
