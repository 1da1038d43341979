/**
 * What the sending edge takes out of a stanza before the guard sees it.
 *
 * Only what a stanza can lose without saying anything else than before: hints, identifiers that servers add, free text
 * beside the meaning. What changes the meaning when it is gone is not here, and refuses its stanza: encrypted payloads,
 * forwarded, carbon and archived messages, invitations, retractions, replies, reactions, files, forms, passwords.
 */

import type { ElementName, Slot, StanzaForm } from '../bundle/bundle.ts'
import { SERVER_NS } from '../xml/node.ts'

export type StripGroup = Readonly<{
  /** What it is, for the manual. */
  what: string
  /** Taken out wherever they stand outside of a label. */
  elements?: readonly ElementName[]
  /** Taken out as a child of `parent` only. */
  inside?: readonly Readonly<{ ns: string; name: string; parent: ElementName }>[]
  attributes?: readonly Readonly<{ ns: string; name: string; attribute: string }>[]
}>

/** XEP-0054 §4, but for what rules/profile/xep0054.ts admits. */
const VCARD_DETAILS = [
  ...[
    'ADR',
    'AGENT',
    'BDAY',
    'CATEGORIES',
    'CLASS',
    'DESC',
    'EMAIL',
    'GEO',
    'KEY',
    'LABEL',
    'LOGO',
    'MAILER',
    'N',
  ],
  ...['NOTE', 'PHOTO', 'PRODID', 'REV', 'SORT-STRING', 'SOUND', 'TEL', 'TZ', 'UID', 'URL', 'VERSION'],
]

const DATA_NS = 'jabber:x:data'
const INFO_NS = 'http://jabber.org/protocol/disco#info'
const ITEMS_NS = 'http://jabber.org/protocol/disco#items'
const MUC_NS = 'http://jabber.org/protocol/muc'
const USER_NS = 'http://jabber.org/protocol/muc#user'
const STANZAS_NS = 'urn:ietf:params:xml:ns:xmpp-stanzas'

const all = (ns: string, ...names: readonly string[]): ElementName[] => names.map((name) => ({ ns, name }))

/** The groups that a ruleset names, in the order of the manual. */
export const STRIP = {
  caps: {
    what: 'entity capabilities, a hash of what a client supports (XEP-0115)',
    elements: all('http://jabber.org/protocol/caps', 'c'),
  },
  avatars: { what: 'the hash of an avatar (XEP-0153)', elements: all('vcard-temp:x:update', 'x') },
  'status-text': {
    what: 'the free text of presence (RFC 6121 §4.7.2.2)',
    elements: all(SERVER_NS, 'status'),
  },
  nicknames: {
    what: 'a user’s nickname (XEP-0172)',
    elements: all('http://jabber.org/protocol/nick', 'nick'),
  },
  idle: { what: 'since when a user is idle (XEP-0319)', elements: all('urn:xmpp:idle:1', 'idle') },
  'signed-presence': {
    what: 'an OpenPGP signature of the status text (XEP-0027)',
    elements: all('jabber:x:signed', 'x'),
  },
  'presence-delay': {
    what: 'when presence was sent (XEP-0203)',
    inside: [{ ns: 'urn:xmpp:delay', name: 'delay', parent: { ns: SERVER_NS, name: 'presence' } }],
  },
  'stanza-ids': {
    what: 'identifiers of stanzas and occupants (XEP-0359, XEP-0421, XEP-0313 before version 0.5)',
    elements: [
      ...all('urn:xmpp:sid:0', 'stanza-id', 'origin-id'),
      ...all('urn:xmpp:occupant-id:0', 'occupant-id'),
      ...all('urn:xmpp:mam:tmp', 'archived'),
    ],
  },
  markers: {
    what: 'chat markers: that a message has been displayed (XEP-0333)',
    elements: all('urn:xmpp:chat-markers:0', 'markable', 'received', 'displayed', 'acknowledged'),
  },
  hints: {
    what: 'hints to servers on storing and copying (XEP-0334, XEP-0280 §9)',
    elements: [
      ...all('urn:xmpp:hints', 'no-copy', 'no-permanent-store', 'no-store', 'store'),
      ...all('urn:xmpp:carbons:2', 'private'),
    ],
  },
  corrections: {
    what: 'the reference to the message that this one corrects; it arrives as a new message (XEP-0308)',
    elements: all('urn:xmpp:message-correct:0', 'replace'),
  },
  presentation: {
    what: 'how a body is shown: attention, no styling, the same text as XHTML (XEP-0224, XEP-0393, XEP-0071)',
    elements: [
      ...all('urn:xmpp:attention:0', 'attention'),
      ...all('urn:xmpp:styling:0', 'unstyled'),
      ...all('http://jabber.org/protocol/xhtml-im', 'html'),
    ],
  },
  'thread-parent': {
    what: 'the parent of a thread (RFC 6121 §5.2.5)',
    attributes: [{ ns: SERVER_NS, name: 'thread', attribute: 'parent' }],
  },
  'room-details': {
    what: 'what a room tells of an occupant beyond role and affiliation: real address, who did it and why (XEP-0045)',
    elements: all(USER_NS, 'destroy'),
    inside: [
      { ns: USER_NS, name: 'actor', parent: { ns: USER_NS, name: 'item' } },
      { ns: USER_NS, name: 'reason', parent: { ns: USER_NS, name: 'item' } },
    ],
    attributes: [{ ns: USER_NS, name: 'item', attribute: 'jid' }],
  },
  'join-history': {
    what: 'how much history is wanted on joining a room (XEP-0045 §7.2.14)',
    elements: all(MUC_NS, 'history'),
  },
  'error-text': {
    what: 'the words, the origin and the old number of an error (RFC 6120 §8.3)',
    elements: all(STANZAS_NS, 'text'),
    attributes: [
      { ns: SERVER_NS, name: 'error', attribute: 'by' },
      { ns: SERVER_NS, name: 'error', attribute: 'code' },
    ],
  },
  'discovery-details': {
    what: 'names in discovery, and of the fields of its forms (XEP-0030, XEP-0004)',
    attributes: [
      { ns: DATA_NS, name: 'field', attribute: 'label' },
      { ns: INFO_NS, name: 'identity', attribute: 'name' },
      { ns: ITEMS_NS, name: 'item', attribute: 'name' },
    ],
  },
  'discovery-forms': {
    what: 'forms in discovery (XEP-0128)',
    inside: [{ ns: DATA_NS, name: 'x', parent: { ns: INFO_NS, name: 'query' } }],
  },
  'software-details': {
    what: 'the operating system under somebody’s software (XEP-0092)',
    elements: all('jabber:iq:version', 'os'),
  },
  'vcard-details': {
    what: 'what a vCard holds beside names, organisation and XMPP address (XEP-0054)',
    elements: all('vcard-temp', ...VCARD_DETAILS),
  },
} as const satisfies Readonly<Record<string, StripGroup>>

export type StripName = keyof typeof STRIP

/** The elements and attributes of a group that the forms admit: what is let through and taken out contradicts itself. */
export function admitted(group: StripGroup, forms: readonly StanzaForm[]): string[] {
  const found = new Set<string>()
  const named = (a: ElementName, b: ElementName): boolean => a.name === b.name && a.ns === b.ns
  const visit = (parent: ElementName, slots: readonly Slot[]): void => {
    for (const rule of slots.flatMap((slot) => (slot.type === 'label' ? [] : slot.of))) {
      const anywhere = group.elements?.some((one) => named(one, rule)) ?? false
      const here = group.inside?.some((one) => named(one, rule) && named(one.parent, parent)) ?? false
      if (anywhere || here) found.add(rule.name)
      for (const { name } of rule.attributes) {
        if (group.attributes?.some((one) => named(one, rule) && one.attribute === name))
          found.add(`${rule.name}@${name}`)
      }
      if (rule.content.type === 'elements') visit(rule, rule.content.slots)
    }
  }
  for (const { element, slots } of forms) visit({ ns: SERVER_NS, name: element }, slots)
  return [...found]
}
