/**
 * Error stanzas reduced to the bare condition (RFC 6120 §8.3).
 *
 * Servers return the refused stanza's content inside the error, body included: unlabelled, or under another label. So
 * everything beside `error` goes, and everything of `error` but its type and its defined condition.
 */
import { attribute, child, element, elements, SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import { STANZA_ERRORS_NS } from '../stream/names.ts'

const TYPES = new Set(['auth', 'cancel', 'continue', 'modify', 'wait'])

/** The stanza with nothing in it but `<error type><condition/></error>`. An error without condition gets `undefined-condition`. */
export function reduceError(stanza: XmlElement): XmlElement {
  const error = child(stanza, SERVER_NS, 'error')
  const given = error === undefined ? undefined : attribute(error, 'type')
  const type = given !== undefined && TYPES.has(given) ? given : 'cancel'
  const condition =
    (error === undefined ? [] : elements(error)).find((e) => e.ns === STANZA_ERRORS_NS && e.name !== 'text')
      ?.name ?? 'undefined-condition'
  return element(SERVER_NS, stanza.name, stanza.attributes, [
    element(SERVER_NS, 'error', { type }, [element(STANZA_ERRORS_NS, condition)]),
  ])
}
