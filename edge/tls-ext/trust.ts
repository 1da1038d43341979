/**
 * Whether a peer is who it says: chain, name, pin and TLS version, asked of every s2s link by this code, accepted or opened.
 *
 * OpenSSL has checked the chain by the authorities of the connection. Those of one own domain may be narrower (a CA of its
 * own, where the port did not know yet who calls; a further domain that the same certificate proves), so the path to
 * *its* authorities is walked here once more. The same walk serves a standing stream after a reload.
 */
import { createHash, type X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { chainProblem } from '../../guard/gcxp/identity.ts'
import { readCertificates, validityProblem } from '../../guard/gcxp/index.ts'
import { readCertificateFacts } from './certificate.ts'
import type { Crl } from './crl.ts'
import { provesDomain } from './identity.ts'

/** CAs that certificates may come from, as PEM texts and read, and their CRLs: of none, or of each that signs. */
export type Authorities = Readonly<{
  ca: readonly string[]
  certificates: readonly X509Certificate[]
  crls: readonly Crl[]
}>

/** What the servers of an own domain must show. */
export type PeerTrust = Readonly<{
  authorities: Authorities
  /** SHA-256 digests (base64) of the keys that they may have (SubjectPublicKeyInfo, as in RFC 7469); empty: any. */
  pins: readonly string[]
  minVersion: 'TLSv1.2' | 'TLSv1.3'
}>

/** The authorities of these PEM texts. Throws when one holds no certificate. */
export function readAuthorities(ca: readonly string[], crls: readonly Crl[] = []): Authorities {
  const certificates = ca.flatMap((text) => {
    const read = readCertificates(text)
    if (read === undefined) throw new Error('a CA file holds no PEM certificate, or a broken one')
    return read
  })
  return { ca, certificates, crls }
}

/** Certificates between a peer's and the CA. */
const LONGEST_PATH = 8

/**
 * Asks once about a peer, call when the handshake is over: the answer says for each own domain why the peer is not that
 * domain, for the operator, or undefined. `now` in milliseconds since 1970.
 */
export function examinePeer(
  socket: TLSSocket,
  trustIn: ReadonlyMap<string, PeerTrust>,
  now: number,
): (domain: string) => string | undefined {
  const certificate = socket.getPeerX509Certificate()
  const general = generalProblem(socket, certificate)
  const paths = new Map<Authorities, string | undefined>()
  return (domain) => {
    const trust = trustIn.get(domain)
    if (certificate === undefined || general !== undefined) return general
    if (trust === undefined) return `${domain} is not an own domain`
    const version = socket.getProtocol()
    if (version !== 'TLSv1.3' && (version !== 'TLSv1.2' || trust.minVersion !== 'TLSv1.2'))
      return `the connection is ${version}: have the peer speak TLS 1.3, or permit it less in s2s.peers`
    const { authorities, pins } = trust
    if (!paths.has(authorities)) paths.set(authorities, pathProblem(certificate, authorities, now))
    const path = paths.get(authorities)
    if (path !== undefined) return path
    if (!provesDomain(certificate, domain)) return `the peer's certificate is not for ${domain}`
    const pin = pins.length > 0 ? keyDigest(certificate) : ''
    if (pins.length > 0 && !pins.includes(pin))
      return `the peer's key has the digest ${pin}, which is none of the pins of ${domain}: if the key was renewed as agreed, add it`
    return undefined
  }
}

/** SHA-256 of the SubjectPublicKeyInfo in base64 (RFC 7469 §2.4). */
export function keyDigest({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
}

function generalProblem(socket: TLSSocket, certificate: X509Certificate | undefined): string | undefined {
  if (certificate === undefined) return 'the peer showed no certificate: give it one of its CA'
  if (!socket.authorized) return unauthorised(socket.authorizationError)
  if (socket.isSessionReused()) return 'the connection resumes an earlier one, which is not done here'
  return undefined
}

/** Why no path leads from a certificate to one of the authorities, or a certificate on it does not hold. */
function pathProblem(leaf: X509Certificate, authorities: Authorities, now: number): string | undefined {
  let one = leaf
  for (let length = 0; length < LONGEST_PATH; length++) {
    const validity = validityProblem(one, now)
    if (validity !== undefined) return `the peer's certificate, or its CA, ${validity}: have it renewed`
    const anchor = authorities.certificates.find((ca) => isIssuer(ca, one))
    const issuer = anchor ?? one.issuerCertificate
    if (issuer === undefined || !isIssuer(issuer, one)) break
    if (!issuer.ca) return unauthorised('INVALID_CA')
    const revocation = revocationProblem(one, authorities.crls, now)
    if (revocation !== undefined) return revocation
    if (anchor !== undefined) {
      const expired = validityProblem(anchor, now)
      return expired === undefined ? undefined : `the CA of the peer's certificate ${expired}: replace it`
    }
    one = issuer
  }
  return unauthorised('UNABLE_TO_GET_ISSUER_CERT')
}

function isIssuer(ca: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(ca) && certificate.verify(ca.publicKey)
  } catch {
    // A peer may send along what it likes, such as a certificate of a kind of key that Node cannot read.
    return false
  }
}

function revocationProblem(
  certificate: X509Certificate,
  crls: readonly Crl[],
  now: number,
): string | undefined {
  if (crls.length === 0) return undefined
  const facts = readCertificateFacts(certificate.raw)
  const lists = crls.filter(({ issuer }) => issuer === facts?.issuer)
  if (facts === undefined || lists.length === 0) return unauthorised('UNABLE_TO_GET_CRL')
  if (lists.some(({ revoked }) => revoked.has(facts.serial))) return unauthorised('CERT_REVOKED')
  return lists.every(({ nextUpdate }) => nextUpdate < now) ? unauthorised('CRL_HAS_EXPIRED') : undefined
}

/** What OpenSSL's verification said, in words for s2s. */
function unauthorised(error: unknown): string {
  const code = typeof error === 'string' ? error : ((error as { code?: string } | null)?.code ?? '')
  return WORDS.get(code) ?? chainProblem(error)
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['CERT_REVOKED', "the peer's certificate is revoked by the CRL of its CA"],
  [
    'CRL_HAS_EXPIRED',
    "the CRL of the CA of the peer's certificate has expired: put the new one in its place and reload",
  ],
  ['CRL_NOT_YET_VALID', "the CRL of the CA of the peer's certificate is not valid yet: check the clock"],
  [
    'CRL_SIGNATURE_FAILURE',
    "the CRL of the CA of the peer's certificate is not signed by it: get the right one",
  ],
  [
    'UNABLE_TO_GET_CRL',
    "there is no CRL of the CA of the peer's certificate: add it to crls, as there is one of another CA",
  ],
  ['INVALID_CA', "the peer's certificate is not of a CA: what signed it may not sign (basicConstraints)"],
  ['PATH_LENGTH_EXCEEDED', "the peer's certificate is of a CA that its own CA does not permit (path length)"],
  ['CERT_SIGNATURE_FAILURE', "the peer's certificate is not signed by the CA that it names"],
])
