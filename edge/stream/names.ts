/** Namespaces of an XMPP server stream (RFC 6120 §4.8, §5.4, §6.4; XEP-0198, XEP-0220, XEP-0288). */

export const STREAMS_NS = 'http://etherx.jabber.org/streams'
export const STREAM_ERRORS_NS = 'urn:ietf:params:xml:ns:xmpp-streams'
export const STANZA_ERRORS_NS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
export const TLS_NS = 'urn:ietf:params:xml:ns:xmpp-tls'
export const SASL_NS = 'urn:ietf:params:xml:ns:xmpp-sasl'
export const DIALBACK_NS = 'jabber:server:dialback'
/** Stream management as it is offered here, and as older servers have it: on s2s there is no difference (XEP-0198). */
export const SM_NS = 'urn:xmpp:sm:3'
export const SM_OLD_NS = 'urn:xmpp:sm:2'
export const BIDI_NS = 'urn:xmpp:bidi'
export const BIDI_FEATURE_NS = 'urn:xmpp:features:bidi'
