/** The mark of a stanza that is delivered late (XEP-0203). */

/**
 * The canonical stanza with a mark that it was taken over for its server at that time: in whole seconds, by the far domain. One
 * that has such a mark already keeps it, and requests and answers get none.
 * @param at milliseconds since 1970.
 */
export function delayed(stanza: string, domain: string, at: number): string {
  // No text holds an unescaped `<`.
  if (stanza.startsWith('<iq') || stanza.includes(DELAY)) return stanza
  const end = stanza.lastIndexOf('</')
  const stamp = `${new Date(at).toISOString().slice(0, 19)}Z`
  return `${stanza.slice(0, end)}${DELAY} from="${domain}" stamp="${stamp}"></delay>${stanza.slice(end)}`
}

const DELAY = '<delay xmlns="urn:xmpp:delay"'
