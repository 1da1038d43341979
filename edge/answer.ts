/**
 * What an edge answers itself for the far domains, and what it keeps from crossing: queries to servers and to users.
 *
 * A far server is asked for a ping (XEP-0199), its version (XEP-0092), discovery (XEP-0030) and catalogs (XEP-0258); the
 * answers are made of the configuration and reveal nothing of either side. Queries to far users come from servers and clients by themselves
 * (capabilities, PEP, vCards); unless the profile has them, they get the answer of a server that does not have that service.
 */
import { type Jid, normaliseJid } from '../rules/address/jid.ts'
import type { Bundle } from '../rules/bundle/bundle.ts'
import { attribute, element, elements, SERVER_NS, type XmlElement } from '../rules/xml/node.ts'
import { serialise } from '../rules/xml/write.ts'
import { CATALOG_NS, type Catalogs } from './catalog.ts'
import { type Envelope, errorFor, NOT_FOUND, UNAVAILABLE } from './refusal.ts'

const PING_NS = 'urn:xmpp:ping'
const VERSION_NS = 'jabber:iq:version'
const INFO_NS = 'http://jabber.org/protocol/disco#info'
const ITEMS_NS = 'http://jabber.org/protocol/disco#items'

/** What a far domain says that it supports: what these edges do for it, and labels (XEP-0258 §6). */
const FEATURES = [
  INFO_NS,
  ITEMS_NS,
  VERSION_NS,
  'urn:nato:stanag:4774:confidentialitymetadatalabel:1:0',
  'urn:nato:stanag:4778:profile:xmpp:1:0',
  PING_NS,
  'urn:xmpp:sec-label:0',
  CATALOG_NS,
  'urn:xmpp:sec-label:ess:0',
]

/** What was asked for, as a closed set for the counters. */
export type Query = 'ping' | 'version' | 'info' | 'items' | 'catalog' | 'other'

export type Answer = Readonly<{ query: Query; stanza: string }>

/** What the answers of far domains are made of. */
export type FarSide = Readonly<{
  /** The room services. */
  rooms: readonly string[]
  catalogs: Catalogs
  /** Whether a domain is of the far side. */
  isFar(domain: string): boolean
}>

/** The answer of a far domain to an IQ of type get or set, of a stream of the own domain `by`; `now` in seconds since 1970. */
export function answerForServer(
  envelope: Envelope,
  stanza: XmlElement,
  { rooms, catalogs, isFar }: FarSide,
  by: string,
  now: number,
): Answer {
  const query = readQuery(envelope, stanza)
  const reply = (children: XmlElement[]): Answer => ({ query, stanza: result(envelope, children) })
  switch (query) {
    case 'ping':
      return reply([])
    case 'version':
      // Both are required (XEP-0092 §3); neither says anything.
      return reply([
        element(
          VERSION_NS,
          'query',
          [],
          [element(VERSION_NS, 'name', [], ['XMPP']), element(VERSION_NS, 'version', [], ['0'])],
        ),
      ])
    case 'info':
      return reply([
        element(
          INFO_NS,
          'query',
          [],
          [
            element(INFO_NS, 'identity', { category: 'server', type: 'im' }),
            ...FEATURES.map((feature) => element(INFO_NS, 'feature', { var: feature })),
          ],
        ),
      ])
    case 'items':
      return reply([
        element(
          ITEMS_NS,
          'query',
          [],
          rooms.map((jid) => element(ITEMS_NS, 'item', { jid })),
        ),
      ])
    case 'catalog': {
      const recipient = recipientOf(envelope, stanza)
      if (recipient === undefined || !isFar(recipient.domain))
        return { query, stanza: errorFor(envelope, NOT_FOUND) }
      return reply([catalogs(envelope.from, recipient, by, now)])
    }
    case 'other':
      return { query, stanza: errorFor(envelope, UNAVAILABLE) }
  }
}

/** For whom the labels are wanted: the address in the query, or else the domain that is asked. */
function recipientOf({ to }: Envelope, stanza: XmlElement): Jid | undefined {
  const given = attribute(elements(stanza)[0]!, 'to')
  return given === undefined ? to : normaliseJid(given)
}

/** The answer to any IQ of type get or set for a far user. */
export function answerForUser(envelope: Envelope, stanza: XmlElement): Answer {
  return { query: readQuery(envelope, stanza), stanza: errorFor(envelope, UNAVAILABLE) }
}

/**
 * Tells whether a question to a far user goes on to the guard: one that the profile has. Discovery does only to a client
 * (a full address): of accounts servers ask it by themselves, and what they have is not for the other side.
 */
export function asksUsers(bundle: Bundle): (envelope: Envelope, stanza: XmlElement) => boolean {
  const form = bundle.forms.find(({ element, type }) => element === 'iq' && type === 'get')
  const rules = (form?.slots ?? []).flatMap((slot) => (slot.type === 'label' ? [] : slot.of))
  return ({ type, to }, stanza) => {
    const payload = elements(stanza)[0]
    if (type !== 'get' || payload === undefined) return false
    const rule = rules.find(({ ns, name }) => ns === payload.ns && name === payload.name)
    if (rule === undefined || (rule.ns !== INFO_NS && rule.ns !== ITEMS_NS)) return rule !== undefined
    // Servers ask for the node of a capability that they were shown, which only a profile with capabilities lets them be.
    const nodes = rule.attributes.find(({ name }) => name === 'node')?.value.type
    return to.resource !== '' && (attribute(payload, 'node') === undefined || nodes === 'identifier')
  }
}

/** Whether a far domain of either kind is asked what its edge answers for it: a ping, its version, a catalog. What a room service has is asked of itself. */
export function asksServer(envelope: Envelope, stanza: XmlElement): boolean {
  const query = readQuery(envelope, stanza)
  return query === 'ping' || query === 'version' || query === 'catalog'
}

function readQuery({ type }: Envelope, stanza: XmlElement): Query {
  const payload = elements(stanza)[0]
  if (payload === undefined || type !== 'get') return 'other'
  if (payload.ns === PING_NS && payload.name === 'ping') return 'ping'
  if (payload.ns === CATALOG_NS && payload.name === 'catalog') return 'catalog'
  if (payload.name !== 'query' || attribute(payload, 'node') !== undefined) return 'other'
  switch (payload.ns) {
    case VERSION_NS:
      return 'version'
    case INFO_NS:
      return 'info'
    case ITEMS_NS:
      return 'items'
    default:
      return 'other'
  }
}

function result({ id, from, to }: Envelope, children: readonly XmlElement[]): string {
  return serialise(
    element(SERVER_NS, 'iq', { from: to.text, id: id ?? '', to: from.text, type: 'result' }, children),
  )
}
