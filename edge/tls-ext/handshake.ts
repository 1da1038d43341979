/** Why a TLS handshake failed, in words for the operator. */

/** One line. The peer is not quoted: an error of OpenSSL's is one of its own codes. */
export function handshakeProblem(error: Error): string {
  return `TLS handshake failed: ${tlsProblem(error)}`
}

/** The same of a connection that stands: with TLS 1.3 a peer sees our certificate when the handshake is over for us. */
export function tlsProblem(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? error.message : (WORDS.get(code) ?? code)
}

const OLD = 'the peer does not speak TLS 1.3: update it, or permit it TLS 1.2 in s2s.peers'
const DISTRUST =
  'the peer does not accept our certificate: is it of a CA that the peer trusts, valid and for that name?'

const WORDS: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', OLD],
  ['ERR_SSL_VERSION_TOO_LOW', OLD],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'the peer does not speak TLS here, or an old version of it'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', OLD],
  [
    'ERR_SSL_NO_SHARED_CIPHER',
    'the peer names no far domain of this edge (SNI), or has no cipher suite that is permitted',
  ],
  [
    'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM',
    'the peer names no far domain of this edge (SNI), or takes no key like ours',
  ],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'the peer wants another protocol than xmpp-server (ALPN)'],
  [
    'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    'the peer does not speak xmpp-server there (ALPN): correct the route',
  ],
  [
    'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    'the peer does not know the name that it is asked for (SNI): correct the route',
  ],
  ['ERR_SSL_HTTP_REQUEST', 'the peer speaks HTTP'],
  ['ERR_SSL_EXCESSIVE_MESSAGE_SIZE', 'the peer sent a chain of certificates that is too large'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', DISTRUST],
  ['ERR_SSL_SSL/TLS_ALERT_UNKNOWN_CA', DISTRUST],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', DISTRUST],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', DISTRUST],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED', DISTRUST],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', DISTRUST],
  ['ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE', DISTRUST],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'the peer did not get our certificate'],
  ['ECONNRESET', 'the connection was closed'],
])
