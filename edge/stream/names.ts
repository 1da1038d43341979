/** Namespaces of an XMPP server stream (RFC 6120 §4.8, §5.4, §6.4; XEP-0220). */

export const STREAMS_NS = 'http://etherx.jabber.org/streams'
export const STREAM_ERRORS_NS = 'urn:ietf:params:xml:ns:xmpp-streams'
export const STANZA_ERRORS_NS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
export const TLS_NS = 'urn:ietf:params:xml:ns:xmpp-tls'
export const SASL_NS = 'urn:ietf:params:xml:ns:xmpp-sasl'
export const DIALBACK_NS = 'jabber:server:dialback'
