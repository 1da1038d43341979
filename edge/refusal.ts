/**
 * What the sender of a refused stanza is told: design §6, as a table, and the answers it leads to.
 *
 * An answer holds nothing of the stanza but its kind, its id and its addresses: no payload, one constant text.
 */
import type { Jid } from '../rules/address/jid.ts'
import { child, element, elements, SERVER_NS, XML_NS, type XmlElement } from '../rules/xml/node.ts'
import { serialise } from '../rules/xml/write.ts'
import type { Denial } from './cmbac/checks.ts'
import { STANZA_ERRORS_NS } from './stream/names.ts'

/** Whom a stanza is from and to, its kind, type and id, read once and without trust in any of it. */
export type Envelope = Readonly<{
  kind: 'message' | 'presence' | 'iq'
  type: string
  id: string | undefined
  from: Jid
  to: Jid
}>

/** The errors that an edge makes (RFC 6120 §8.3.3), each with the type that goes with it. */
export type EdgeError =
  | Readonly<{ condition: 'policy-violation'; type: 'modify' }>
  | Readonly<{ condition: 'service-unavailable'; type: 'cancel' }>
  | Readonly<{ condition: 'item-not-found'; type: 'cancel' }>
  | Readonly<{ condition: 'resource-constraint'; type: 'wait' }>
  | Readonly<{ condition: 'remote-server-timeout'; type: 'wait' }>

export const POLICY: EdgeError = { condition: 'policy-violation', type: 'modify' }
export const UNAVAILABLE: EdgeError = { condition: 'service-unavailable', type: 'cancel' }
export const NOT_FOUND: EdgeError = { condition: 'item-not-found', type: 'cancel' }
export const CONSTRAINT: EdgeError = { condition: 'resource-constraint', type: 'wait' }
export const TIMEOUT: EdgeError = { condition: 'remote-server-timeout', type: 'wait' }

const TEXT = 'This does not cross the boundary.'

/**
 * Whether the sender of a refused stanza hears of it. `fromRoom`: the sender's domain is a room service, whose
 * errors would throw the occupant out. `stanza` is looked at for what a presence asks for.
 */
export function isAnswered({ kind, type, from }: Envelope, fromRoom: boolean, stanza: XmlElement): boolean {
  switch (kind) {
    case 'message':
      if (type === 'groupchat') return !fromRoom
      // A room itself (not an occupant's private message) does not want to hear of its recipients.
      if (fromRoom && from.resource === '') return false
      return (type === 'chat' || type === 'normal' || type === '') && hasText(stanza)
    case 'presence':
      return type === 'subscribe' || (type === '' && isJoin(stanza))
    case 'iq':
      return type === 'get' || type === 'set'
  }
}

/** The error of a stanza that clearances keep: it says whether to try again, and nothing of which clearance. */
export function errorOf({ reason }: Denial): EdgeError {
  return reason === 'clearance-unavailable' ? CONSTRAINT : POLICY
}

/** Whether an available presence asks to be let into a room (XEP-0045 §7.2). */
export function isJoin(presence: XmlElement): boolean {
  return child(presence, 'http://jabber.org/protocol/muc', 'x') !== undefined
}

/** Receipts, markers and chat states go unanswered: nobody wrote them. What holds anything else has a sender who waits. */
function hasText(stanza: XmlElement): boolean {
  return elements(stanza).some((node) => !SILENT.has(node.ns) && !isContext(node))
}

/** What clients and servers put beside a chat state or a receipt: where it belongs, and where it was. */
function isContext({ ns, name }: XmlElement): boolean {
  return ns === SERVER_NS && name === 'thread'
}

/** Namespaces of what nobody wrote, and of labels. */
const SILENT = new Set([
  'http://jabber.org/protocol/chatstates',
  'http://jabber.org/protocol/pubsub#event',
  'urn:nato:stanag:4778:profile:xmpp:1:0',
  'urn:xmpp:chat-markers:0',
  'urn:xmpp:delay',
  'urn:xmpp:hints',
  'urn:xmpp:receipts',
  'urn:xmpp:sec-label:0',
  'urn:xmpp:sid:0',
])

/** The error stanza that goes back to the sender, from the address that the refused stanza was for. */
export function errorFor({ kind, id, from, to }: Envelope, error: EdgeError): string {
  const attributes: Record<string, string> = { from: to.text, to: from.text, type: 'error' }
  if (id !== undefined) attributes['id'] = id
  return serialise(
    element(SERVER_NS, kind, attributes, [
      element(SERVER_NS, 'error', { type: error.type }, [
        element(STANZA_ERRORS_NS, error.condition),
        element(STANZA_ERRORS_NS, 'text', [{ ns: XML_NS, name: 'lang', value: 'en' }], [TEXT]),
      ]),
    ]),
  )
}
