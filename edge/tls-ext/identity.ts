/**
 * Which XMPP domain a peer's certificate proves (RFC 6120 §13.7.1.2), asked of every s2s link, accepted or opened.
 *
 * TLS checks the chain. Node checks a name for servers only and takes more kinds of name than are wanted, so the name
 * is compared here: one of the subjectAltName's DNS-ID, SRV-ID (RFC 4985, `_xmpp-server.`) or id-on-xmppAddr must be
 * the claimed domain. No wildcard, no common name, no prefix.
 */
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { domainToASCII } from 'node:url'
import { validityProblem } from '../../guard/gcxp/credentials.ts'
import { chainProblem } from '../../guard/gcxp/identity.ts'

/** Why the peer is not `domain`, for the operator, or undefined. Call when the handshake is over. */
export function domainProblem(socket: TLSSocket, domain: string, now: number): string | undefined {
  if (!socket.authorized) return chainProblem(socket.authorizationError)
  if (socket.getProtocol() !== 'TLSv1.3') return 'the connection is not TLS 1.3'
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return 'the peer showed no certificate'
  const validity = validityProblem(certificate, now)
  if (validity !== undefined) return `the peer's certificate ${validity}`
  if (!provesDomain(certificate, domain)) return `the peer's certificate is not for ${domain}`
  return undefined
}

/** Whether the certificate's names hold `domain` (as the bundle writes it). */
export function provesDomain(certificate: X509Certificate, domain: string): boolean {
  const names = alternativeNames(certificate.subjectAltName)
  const ascii = domainToASCII(domain)
  if (names === undefined || ascii === '') return false
  return names.some(
    ({ type, value }) =>
      (type === 'DNS' && value.toLowerCase() === ascii) ||
      (type === 'othername:SRVName' && value.toLowerCase() === `_xmpp-server.${ascii}`) ||
      (type === 'othername:XmppAddr' && value === domain),
  )
}

/** A name of a certificate; `type` as Node writes it, such as `DNS` or `othername:XmppAddr`. */
export type AlternativeName = Readonly<{ type: string; value: string }>

/**
 * Reads Node's text of a subjectAltName strictly; undefined when there is none or any part of it is not understood.
 *
 * Entries are joined by `, `; each is a type, a colon and a value, and a value with a character that could mislead is a
 * JSON string. Only types without a further colon are told apart, except `othername:`, whose kind belongs to the type.
 */
export function alternativeNames(text: string | undefined): AlternativeName[] | undefined {
  if (text === undefined) return undefined
  const names: AlternativeName[] = []
  for (let at = 0; at < text.length; ) {
    let colon = text.indexOf(':', at)
    if (colon === -1) return undefined
    if (text.slice(at, colon) === 'othername') {
      // An other name that Node does not know is `othername:<unsupported>`.
      if (text.startsWith('<unsupported>', colon + 1)) {
        const end = colon + 1 + '<unsupported>'.length
        if (end !== text.length && !text.startsWith(', ', end)) return undefined
        at = end === text.length ? end : end + 2
        continue
      }
      // Before the value stands the kind; in front of a quoted value the quote ends it: `othername:"XmppAddr:…"`.
      if (text[colon + 1] !== '"') colon = text.indexOf(':', colon + 1)
      if (colon === -1) return undefined
    }
    const type = text.slice(at, colon)
    let end: number
    if (text[colon + 1] === '"') {
      end = closingQuote(text, colon + 1)
      if (end === 0) return undefined
      const value = jsonString(text.slice(colon + 1, end))
      if (value === undefined) return undefined
      if (type === 'othername') {
        const split = value.indexOf(':')
        if (split === -1) return undefined
        names.push({ type: `othername:${value.slice(0, split)}`, value: value.slice(split + 1) })
      } else names.push({ type, value })
    } else {
      end = text.indexOf(', ', colon)
      if (end === -1) end = text.length
      names.push({ type, value: text.slice(colon + 1, end) })
    }
    if (end !== text.length && !text.startsWith(', ', end)) return undefined
    at = end === text.length ? end : end + 2
  }
  return names
}

/** The place behind the quote that closes the one at `open`, or 0. */
function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i + 1
  }
  return 0
}

function jsonString(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
