/**
 * The stream header (RFC 6120 §4.7), as both ends of a server stream write and read it.
 */
import { attribute, SERVER_NS, XML_NS, type XmlElement } from '../../rules/xml/node.ts'
import { STREAMS_NS } from './names.ts'
import type { StreamCondition } from './text.ts'

/** What a peer's header says. `from` and `to` are as written, '' when absent; not yet checked against anything. */
export type StreamHeader = Readonly<{ from: string; to: string; id: string; lang: string | undefined }>

/**
 * Reads the root of a peer's stream, or says with which stream error it is to be refused. Which default namespace it
 * declares is seen at its children, each of which must be in `jabber:server` or be what the negotiation awaits.
 */
export function readHeader(root: XmlElement): StreamHeader | StreamCondition {
  if (root.ns !== STREAMS_NS) return 'invalid-namespace'
  if (root.name !== 'stream') return 'bad-format'
  // A version of 1.x speaks TLS and SASL (§4.7.5); one digit each is all that is in use.
  const version = attribute(root, 'version')
  if (version === undefined || version.length !== 3 || !version.startsWith('1.')) return 'unsupported-version'
  return {
    from: attribute(root, 'from') ?? '',
    to: attribute(root, 'to') ?? '',
    id: attribute(root, 'id') ?? '',
    lang: attribute(root, 'lang', XML_NS),
  }
}

/**
 * The header that begins a stream of ours. The domains are of the bundle, `id` is hexadecimal; nothing needs escaping. A domain
 * that is '' is left out: an empty address is none (RFC 7622 §3.1), and ejabberd takes the error behind it for broken XML.
 */
export function openStream(from: string, to: string, id?: string): string {
  const attributes = Object.entries({ from, to, id: id ?? '' })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ` ${name}='${value}'`)
  return `<?xml version='1.0'?><stream:stream xmlns='${SERVER_NS}' xmlns:stream='${STREAMS_NS}'${attributes.join('')} version='1.0' xml:lang='en'>`
}
