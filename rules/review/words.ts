/** What the rules of a bundle are called when people read them. A form or namespace without a name here is shown as it is. */
import type { Bundle, ElementRule, RowForm, Slot, StanzaForm, ValueRule } from '../bundle/bundle.ts'
import { SERVER_NS } from '../xml/node.ts'
import type { Inline } from './page.ts'

const FORMS: ReadonlyMap<string, string> = new Map([
  ['message chat', 'Chat message'],
  ['message', 'Message (normal)'],
  ['message normal', 'Message (normal, stated)'],
  ['message groupchat', 'Room message'],
  ['message headline', 'Headline'],
  ['message error', 'Error about a message'],
  ['presence', 'Presence: available, or joining a room'],
  ['presence unavailable', 'Presence: unavailable, or leaving a room'],
  ['presence probe', 'Presence probe'],
  ['presence subscribe', 'Request to see presence'],
  ['presence subscribed', 'Permission to see presence'],
  ['presence unsubscribe', 'Presence no longer wanted'],
  ['presence unsubscribed', 'Permission withdrawn'],
  ['presence error', 'Error about presence'],
  ['iq get', 'Question (IQ get)'],
  ['iq set', 'Command (IQ set)'],
  ['iq result', 'Answer (IQ result)'],
  ['iq error', 'Error about a question'],
])

const STANDARDS: ReadonlyMap<string, string> = new Map([
  [SERVER_NS, 'RFC 6121'],
  ['urn:ietf:params:xml:ns:xmpp-stanzas', 'RFC 6120 error conditions'],
  ['jabber:x:data', 'XEP-0004 data forms'],
  ['http://jabber.org/protocol/disco#info', 'XEP-0030 what an entity supports'],
  ['http://jabber.org/protocol/disco#items', 'XEP-0030 which entities there are'],
  ['http://jabber.org/protocol/muc', 'XEP-0045 joining a room'],
  ['http://jabber.org/protocol/muc#user', 'XEP-0045 room occupants'],
  ['http://jabber.org/protocol/muc#admin', 'XEP-0045 room administration'],
  ['http://jabber.org/protocol/muc#owner', 'XEP-0045 room configuration'],
  ['vcard-temp', 'XEP-0054 vCard'],
  ['http://jabber.org/protocol/rsm', 'XEP-0059 paging'],
  ['jabber:x:oob', 'XEP-0066 links'],
  ['http://jabber.org/protocol/chatstates', 'XEP-0085 chat states'],
  ['jabber:iq:version', 'XEP-0092 software version'],
  ['http://jabber.org/protocol/caps', 'XEP-0115 entity capabilities'],
  ['http://jabber.org/protocol/nick', 'XEP-0172 nickname'],
  ['urn:xmpp:receipts', 'XEP-0184 delivery receipts'],
  ['urn:xmpp:ping', 'XEP-0199 ping'],
  ['urn:xmpp:time', 'XEP-0202 entity time'],
  ['urn:xmpp:delay', 'XEP-0203 delayed delivery'],
  ['jabber:x:conference', 'XEP-0249 direct invitation'],
  ['urn:xmpp:sec-label:0', 'XEP-0258 security label'],
  ['urn:xmpp:message-correct:0', 'XEP-0308 correction'],
  ['urn:xmpp:hats:0', 'XEP-0317 hats'],
  ['urn:xmpp:chat-markers:0', 'XEP-0333 chat markers'],
  // What an edge takes out, besides.
  ['jabber:x:signed', 'XEP-0027 OpenPGP signature'],
  ['http://jabber.org/protocol/xhtml-im', 'XEP-0071 XHTML'],
  ['vcard-temp:x:update', 'XEP-0153 avatar'],
  ['urn:xmpp:attention:0', 'XEP-0224 attention'],
  ['urn:xmpp:carbons:2', 'XEP-0280 carbons'],
  ['urn:xmpp:mam:tmp', 'XEP-0313 archive, before version 0.5'],
  ['urn:xmpp:idle:1', 'XEP-0319 idle time'],
  ['urn:xmpp:hints', 'XEP-0334 hints to servers'],
  ['urn:xmpp:sid:0', 'XEP-0359 stanza identifiers'],
  ['urn:xmpp:styling:0', 'XEP-0393 styling'],
  ['urn:xmpp:occupant-id:0', 'XEP-0421 occupant identifiers'],
])

const LABEL_FORMS: Readonly<Record<RowForm, string>> = {
  'ess-0258': 'ESS label in XEP-0258',
  '4774-0258': 'STANAG 4774 label in XEP-0258',
  '4774-4778': 'STANAG 4774 label bound by STANAG 4778',
  'ess-0258+equivalentlabel': 'ESS labels in XEP-0258, the second as equivalentlabel',
  '4774-0258+equivalentlabel': 'STANAG 4774 labels in XEP-0258, the second as equivalentlabel',
  '4774-0258+alternative':
    'STANAG 4774 labels in XEP-0258, the second as equivalentlabel and alternative label',
  '4774-4778+alternative': 'STANAG 4774 labels bound by STANAG 4778, the second as alternative label',
}

/** What a form of stanza is called. */
export function formTitle({ element, type }: Pick<StanzaForm, 'element' | 'type'>): string {
  const key = type === null ? element : `${element} ${type}`
  return FORMS.get(key) ?? (type === null ? `${element} without type` : `${element} of type ${type}`)
}

/** The standard that defines a namespace, or the namespace itself. */
export function standardOf(ns: string): string {
  return STANDARDS.get(ns) ?? ns
}

export function labelFormName(form: RowForm): string {
  return LABEL_FORMS[form]
}

const ECHO = '; from a room also “r” and the number of the frame that it gives back'

/** A closed list in words: many numbers in a row as the first and the last. */
export function listed(values: readonly string[]): string[] {
  const out: string[] = []
  for (let from = 0; from < values.length; ) {
    let to = from
    while (/^[0-9]{1,9}$/.test(values[to]!) && values[to + 1] === String(Number(values[to]) + 1)) to += 1
    if (to > from + 2) out.push(`${values[from]} to ${values[to]}`)
    else out.push(...values.slice(from, to + 1))
    from = to + 1
  }
  return out
}

/** What a value rule admits. */
export function valueWords(rule: ValueRule, bundle: Pick<Bundle, 'from' | 'to'>): string {
  switch (rule.type) {
    case 'enum':
      return rule.values.length === 1 ? `“${rule.values[0]}”` : `one of ${listed(rule.values).join(', ')}`
    case 'identifier':
      return `identifier of at most ${number(rule.max)} characters`
    case 'own-number':
      return `“o” and the number of the frame${rule.echo ? ECHO : ''}`
    case 'answer-number':
      return '“r” and the number of the answered frame'
    case 'earlier-number':
      return `“o” and the number of an earlier frame${rule.echo ? ECHO : ''}`
    case 'text':
      return `text of at most ${number(rule.max)} characters${rule.lines ? '' : ', one line'}`
    case 'integer':
      return `whole number from ${number(rule.min)} to ${number(rule.max)}`
    case 'date':
      return 'date and time'
    case 'resource':
      return `nickname or device name of at most ${number(rule.max)} characters`
    case 'address': {
      const at = rule.side === 'either' ? `${bundle.from.name} or ${bundle.to.name}` : bundle[rule.side].name
      const resource = rule.resource === 0 ? 'no resource' : `resource ${number(rule.resource)}`
      return `address at ${at}, local part of at most ${number(rule.local)} characters, ${resource}`
    }
  }
}

/** How many of a slot there may be. */
export function countWords(slot: Extract<Slot, { type: 'elements' }>): string {
  const { min, max, of } = slot
  const each = of.length > 1 ? ' in all' : ''
  if (min === max) return min === 1 ? `exactly one${each}` : `exactly ${number(min)}${each}`
  return min === 0
    ? `at most ${max === 1 ? 'one' : number(max)}${each}`
    : `${number(min)} to ${number(max)}${each}`
}

export function labellingWords(rule: ElementRule): Inline {
  const words = {
    always: 'only under a label',
    'unless-empty': 'only under a label, unless empty',
    never: '',
  }
  return words[rule.labelling] || { strong: 'without label' }
}

/** A number with commas, as people read it. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]

/** A duration in the largest unit that divides it. */
export function duration(seconds: number): string {
  const [size, unit] = UNITS.find(([length]) => seconds >= length && seconds % length === 0) ?? [1, 'second']
  const count = seconds / size
  return `${number(count)} ${unit}${count === 1 ? '' : 's'}`
}

/** ‘a, b and c’ */
export function andList(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** Elements that differ in nothing but their names stand together. */
export function alike(rules: readonly ElementRule[]): (readonly [ElementRule, readonly string[]])[] {
  const groups = new Map<string, [ElementRule, string[]]>()
  for (const rule of rules) {
    const key = JSON.stringify({ ...rule, name: '' })
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [rule, [rule.name]])
    else group[1].push(rule.name)
  }
  return [...groups.values()]
}
