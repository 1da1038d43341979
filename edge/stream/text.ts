/**
 * What an edge says on a stream beside stanzas: constant texts, so that nothing of a peer's input is in them.
 */
import { BIDI_FEATURE_NS, BIDI_NS, SASL_NS, SM_NS, STREAM_ERRORS_NS, TLS_NS } from './names.ts'

/** The stream errors in use (RFC 6120 §4.9.3). */
export type StreamCondition =
  | 'bad-format'
  | 'conflict'
  | 'connection-timeout'
  | 'host-unknown'
  | 'improper-addressing'
  | 'internal-server-error'
  | 'invalid-from'
  | 'invalid-namespace'
  | 'not-authorized'
  | 'not-well-formed'
  | 'policy-violation'
  | 'reset'
  | 'restricted-xml'
  | 'system-shutdown'
  | 'undefined-condition'
  | 'unsupported-encoding'
  | 'unsupported-stanza-type'
  | 'unsupported-version'

export const STREAM_CLOSE = '</stream:stream>'

/** A stream error and the end of the stream; `detail` is an element of an extension's own (§4.9.4). */
export function streamError(condition: StreamCondition, detail = ''): string {
  return `<stream:error><${condition} xmlns='${STREAM_ERRORS_NS}'/>${detail}</stream:error>${STREAM_CLOSE}`
}

export const FEATURES_STARTTLS = `<stream:features><starttls xmlns='${TLS_NS}'><required/></starttls></stream:features>`
/** `bidirectional`: stanzas may go both ways on this stream (XEP-0288 §2.1). */
export function featuresExternal(bidirectional: boolean): string {
  const offer = bidirectional ? `<bidi xmlns='${BIDI_FEATURE_NS}'/>` : ''
  return `<stream:features><mechanisms xmlns='${SASL_NS}'><mechanism>EXTERNAL</mechanism></mechanisms>${offer}</stream:features>`
}
/** After authentication: stream management and nothing else, no dialback. */
export const FEATURES_FINAL = `<stream:features><sm xmlns='${SM_NS}'/></stream:features>`

export const STARTTLS = `<starttls xmlns='${TLS_NS}'/>`
export const PROCEED = `<proceed xmlns='${TLS_NS}'/>`
export const BIDI = `<bidi xmlns='${BIDI_NS}'/>`
export const SASL_SUCCESS = `<success xmlns='${SASL_NS}'/>`

/** Authentication by the certificate, for the stream's own domain (RFC 4422 appendix A, XEP-0178 §3). */
export function authExternal(domain: string): string {
  return `<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>${Buffer.from(domain, 'utf8').toString('base64')}</auth>`
}

/** The SASL failures in use (RFC 6120 §6.5), each followed by the end of the stream: there is no second try. */
export function saslFailure(condition: 'invalid-mechanism' | 'malformed-request' | 'not-authorized'): string {
  return `<failure xmlns='${SASL_NS}'><${condition}/></failure>${STREAM_CLOSE}`
}
