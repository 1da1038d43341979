/**
 * The answer to server dialback (XEP-0220 §2.4): it is not allowed here, for a certificate is demanded.
 */
import { normaliseJid } from '../../rules/address/jid.ts'
import { attribute, element, type XmlElement } from '../../rules/xml/node.ts'
import { serialise } from '../../rules/xml/write.ts'
import { DIALBACK_NS, STANZA_ERRORS_NS } from './names.ts'

/**
 * The error for a `db:result` or `db:verify`, with the domains exchanged. A domain that is none is not written back: the
 * stream's own stands in its place.
 */
export function dialbackError(asked: XmlElement, stream: Readonly<{ from: string; to: string }>): string {
  const domain = (name: 'from' | 'to') => normaliseJid(attribute(asked, name) ?? '')?.domain ?? stream[name]
  const id = attribute(asked, 'id') ?? ''
  const attributes: Record<string, string> = { from: domain('to'), to: domain('from'), type: 'error' }
  // A verification is told apart by its id; what a server makes is of such characters.
  if (/^[A-Za-z0-9-]{1,64}$/.test(id)) attributes['id'] = id
  return serialise(
    element(DIALBACK_NS, asked.name === 'verify' ? 'verify' : 'result', attributes, [
      element(DIALBACK_NS, 'error', { type: 'cancel' }, [element(STANZA_ERRORS_NS, 'not-allowed')]),
    ]),
  )
}
