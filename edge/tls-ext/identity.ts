/**
 * Which XMPP domain a certificate proves (RFC 6120 §13.7.1.2).
 *
 * Node checks a name for servers only and takes more kinds of name than are wanted, so the name is compared here: one of
 * the subjectAltName's DNS-ID, SRV-ID (RFC 4985, `_xmpp-server.`) or id-on-xmppAddr must be the claimed domain. No
 * wildcard, no common name, no prefix.
 */
import type { X509Certificate } from 'node:crypto'
import { domainToASCII } from 'node:url'
import { readCertificateFacts } from './certificate.ts'

/** Whether the certificate's names hold `domain` (as the bundle writes it). */
export function provesDomain(certificate: X509Certificate, domain: string): boolean {
  const facts = readCertificateFacts(certificate.raw)
  const ascii = domainToASCII(domain)
  if (facts === undefined || ascii === '') return false
  return facts.names.some(
    ({ kind, value }) =>
      (kind === 'dns' && value.toLowerCase() === ascii) ||
      (kind === 'srv' && value.toLowerCase() === `_xmpp-server.${ascii}`) ||
      (kind === 'xmpp' && value === domain),
  )
}
