/**
 * Who is at the other end of a GCXP connection: asked of every connection, on both ends, by this code.
 *
 * TLS checks the chain. The name it does not check where the peer is a client (`checkServerIdentity` runs for servers
 * only), so the name is compared here, the same way on both ends: one DNS name of the certificate must equal the
 * configured peer's name, character for character. No wildcard, no common name, no other kind of name.
 */
import type { TLSSocket } from 'node:tls'
import { dnsNames, validityProblem } from './credentials.ts'

/** TLS as both ends use it. Tickets are off: every connection shows its certificate. */
export const TLS_VERSION = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const

/** Why the peer is not to be talked to, or undefined when it is `peer`. Call once the handshake is over. */
export function peerProblem(socket: TLSSocket, peer: string, now: number): string | undefined {
  if (!socket.authorized) return chainProblem(socket.authorizationError)
  if (socket.getProtocol() !== 'TLSv1.3') return 'the connection is not TLS 1.3'
  if (socket.isSessionReused()) return 'the connection resumes an earlier one, which is not done here'
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return 'the peer showed no certificate: give it one of the configured CA'
  const validity = validityProblem(certificate, now)
  if (validity !== undefined) return `the peer's certificate ${validity}: have it renewed`
  const names = dnsNames(certificate)
  if (names === undefined) return `the peer's certificate holds no DNS name: have it issued for ${peer}`
  if (!names.includes(peer)) {
    return `the peer's certificate is for ${names.map(printable).join(', ')}, not for ${peer}: wrong peer, or wrong name configured`
  }
  return undefined
}

/**
 * Why the peer is not to be talked to any longer, or undefined: a connection does not outlive a certificate of the chain that was
 * checked when it began.
 */
export function expiryProblem(socket: TLSSocket, now: number): string | undefined {
  for (let one = socket.getPeerX509Certificate(); one !== undefined; one = one.issuerCertificate) {
    const problem = validityProblem(one, now)
    if (problem !== undefined) return `the peer's certificate, or its CA, ${problem}: have it renewed`
  }
  return undefined
}

/** What OpenSSL's verification said, in words. */
export function chainProblem(error: unknown): string {
  const code =
    typeof error === 'string' ? error : ((error as { code?: string } | null)?.code ?? 'no certificate')
  const known: Record<string, string> = {
    CERT_HAS_EXPIRED: "the peer's certificate, or its CA, expired: have it renewed",
    CERT_NOT_YET_VALID: "the peer's certificate is not valid yet: check both clocks",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      "the peer's certificate is not of the configured CA: check ca on this end",
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      "the peer's certificate is not of the configured CA: check ca on this end",
    UNABLE_TO_GET_ISSUER_CERT: "the peer's certificate is not of the configured CA: check ca on this end",
    SELF_SIGNED_CERT_IN_CHAIN: "the peer's certificate is not of the configured CA: check ca on this end",
    DEPTH_ZERO_SELF_SIGNED_CERT: "the peer's certificate is self-signed: have it issued by the configured CA",
    INVALID_PURPOSE: "the peer's certificate is not for this use: have it issued for both client and server",
  }
  const words = Object.hasOwn(known, code) ? known[code] : undefined
  return words ?? `the peer's certificate was not accepted (${printable(code)})`
}

/** Names come from a certificate of the CA, yet go into a log line: letters, digits and `.-_*` only. */
function printable(name: string): string {
  return name.slice(0, 100).replace(/[^A-Za-z0-9._*-]/g, '?')
}
