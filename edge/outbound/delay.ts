/**
 * What is sent again, because nobody knows whether the server had it (design §5; XEP-0203, XEP-0198 §5).
 *
 * A message or a presence says when it first came, so that one that arrives twice can be told for old. Of queries, those that ask
 * are asked again, and answers given again: to do so changes nothing, and an answer that nobody waits for is dropped. An IQ `set`
 * is not sent again, for it may have been done.
 */

import { refused } from '../../rules/reasons.ts'
import { attribute, child, element, type XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'

const DELAY_NS = 'urn:xmpp:delay'
/** Of stanzas that the edge itself wrote, so that there is nothing to fear of them. */
const LIMITS = { stanzaBytes: Number.MAX_SAFE_INTEGER, depth: 1000 }

/**
 * The stanza as it is sent again, `domain` being the far domain that it is from and `since` when it first came, in milliseconds
 * since 1970; undefined when it must not be.
 */
export function sentAgain(stanza: string, domain: string, since: number): string | undefined {
  const tree = parseText(stanza, LIMITS)
  if (refused(tree)) return stanza
  if (tree.name === 'iq') return attribute(tree, 'type') === 'set' ? undefined : stanza
  return child(tree, DELAY_NS, 'delay') === undefined ? serialise(delayed(tree, domain, since)) : stanza
}

function delayed(tree: XmlElement, domain: string, since: number): XmlElement {
  const stamp = `${new Date(since).toISOString().slice(0, 19)}Z`
  const delay = element(DELAY_NS, 'delay', { from: domain, stamp })
  return element(tree.ns, tree.name, tree.attributes, [...tree.children, delay])
}
