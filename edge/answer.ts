/**
 * What an edge answers itself for the far domains, and what it keeps from crossing: queries to servers and to users.
 *
 * A far server is asked for a ping (XEP-0199), its version (XEP-0092) and discovery (XEP-0030); the answers are constants of
 * the configuration and reveal nothing of either side. Queries to far users come from servers and clients by themselves
 * (capabilities, PEP, vCards); unless the profile has them, they get the answer of a server that does not have that service.
 */
import type { Bundle } from '../rules/bundle/bundle.ts'
import { attribute, element, elements, SERVER_NS, type XmlElement } from '../rules/xml/node.ts'
import { serialise } from '../rules/xml/write.ts'
import { type Envelope, errorFor, UNAVAILABLE } from './refusal.ts'

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
  'urn:xmpp:sec-label:ess:0',
]

/** What was asked for, as a closed set for the counters. */
export type Query = 'ping' | 'version' | 'info' | 'items' | 'other'

export type Answer = Readonly<{ query: Query; stanza: string }>

/** The answer of a far `im` domain to an IQ of type get or set; `rooms` are the room services beside it. */
export function answerForServer(envelope: Envelope, stanza: XmlElement, rooms: readonly string[]): Answer {
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
    case 'other':
      return { query, stanza: errorFor(envelope, UNAVAILABLE) }
  }
}

/** The answer to any IQ of type get or set for a far user. */
export function answerForUser(envelope: Envelope, stanza: XmlElement): Answer {
  return { query: readQuery(envelope, stanza), stanza: errorFor(envelope, UNAVAILABLE) }
}

/**
 * Tells whether a question to a far user goes on to the guard: one that the profile has. Discovery never does, since
 * servers and clients ask that of users by themselves.
 */
export function asksUsers(bundle: Bundle): (envelope: Envelope, stanza: XmlElement) => boolean {
  const form = bundle.forms.find(({ element, type }) => element === 'iq' && type === 'get')
  const rules = (form?.slots ?? []).flatMap((slot) => (slot.type === 'label' ? [] : slot.of))
  const known = rules.filter(({ ns }) => ns !== INFO_NS && ns !== ITEMS_NS)
  return ({ type }, stanza) => {
    const payload = elements(stanza)[0]
    return type === 'get' && known.some(({ ns, name }) => ns === payload?.ns && name === payload.name)
  }
}

/** Whether a far domain of either kind is asked what its edge answers for it: a ping, or its version. What a room service has is asked of itself. */
export function asksServer(envelope: Envelope, stanza: XmlElement): boolean {
  const query = readQuery(envelope, stanza)
  return query === 'ping' || query === 'version'
}

function readQuery({ type }: Envelope, stanza: XmlElement): Query {
  const payload = elements(stanza)[0]
  if (payload === undefined || type !== 'get') return 'other'
  if (payload.ns === PING_NS && payload.name === 'ping') return 'ping'
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
