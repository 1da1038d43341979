/**
 * Sets: repeated children whose order says nothing, such as the features of an entity. Each set has one spelling
 * (doc/formats.md §2), and of some a member may be left out without changing what the others say.
 */
import type { Bundle, ElementName, ElementRule, ValueRule } from '../../rules/bundle/bundle.ts'
import { compileValue, scopeOf, type ValueCheck } from '../../rules/decide/value.ts'
import { attribute, type XmlElement } from '../../rules/xml/node.ts'
import { serialiseInside } from '../../rules/xml/write.ts'

/** Members of a set that say less when they are left out, but nothing else. Those that the profile lacks are left out. */
export const LOSSY_SETS: readonly ElementName[] = [
  { ns: 'http://jabber.org/protocol/disco#info', name: 'feature' },
  { ns: 'http://jabber.org/protocol/disco#info', name: 'identity' },
  { ns: 'http://jabber.org/protocol/disco#items', name: 'item' },
  { ns: 'http://jabber.org/protocol/muc#user', name: 'status' },
  { ns: 'jabber:x:data', name: 'field' },
]

/** Neither kind of rule asks whose stanza it is. */
const NOBODY = { number: { generation: 0, count: 0 }, from: '' }

/** Tells whether the profile has a value, as far as enumerations and the domains and local parts of addresses go. */
export function createValueCheck(bundle: Bundle): (value: string, rule: ValueRule) => boolean {
  const scope = scopeOf(bundle)
  const compiled = new WeakMap<ValueRule, ValueCheck>()
  return (value, rule) => {
    if (rule.type !== 'enum' && rule.type !== 'address') return true
    const check = compiled.get(rule) ?? compileValue(rule, scope)
    compiled.set(rule, check)
    return check(value, NOBODY)
  }
}

/** Whether all attributes of a member are there and have values of the profile. */
export function isMember(
  node: XmlElement,
  rule: ElementRule,
  isAdmitted: (value: string, rule: ValueRule) => boolean,
): boolean {
  return rule.attributes.every(({ name, required, value }) => {
    const given = attribute(node, name)
    return given === undefined ? !required : isAdmitted(given, value)
  })
}

/** The members in the order of their octets, each once; `duplicates` counts the others. */
export function sortSet(
  members: readonly XmlElement[],
  parentNs: string,
): Readonly<{ sorted: XmlElement[]; duplicates: number }> {
  const spelled = members
    .map((node) => ({ node, octets: Buffer.from(serialiseInside(node, parentNs)) }))
    .sort((a, b) => Buffer.compare(a.octets, b.octets))
  const sorted = spelled
    .filter(({ octets }, i) => i === 0 || !octets.equals(spelled[i - 1]!.octets))
    .map(({ node }) => node)
  return { sorted, duplicates: members.length - sorted.length }
}
