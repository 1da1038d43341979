/**
 * What a certificate says of itself, read strictly from its own DER (RFC 5280 §4.1): its names for XMPP, its serial number
 * and its issuer. Node shows names as text, in which each kind of name is spelled in its own way; here nothing is text
 * before its type is known.
 */

import { type DerProblem, readDer, TAG, type Tlv } from '../../rules/label/der.ts'
import { decodeOid } from '../../rules/label/oid.ts'

/** The kinds of name that can prove an XMPP domain (RFC 6120 §13.7.1.2): DNS-ID, SRV-ID (RFC 4985), id-on-xmppAddr. */
export type NameKind = 'dns' | 'srv' | 'xmpp'

export type CertificateFacts = Readonly<{
  /** Names of the subjectAltName of the three kinds, as they stand in it; other kinds are left out. */
  names: readonly Readonly<{ kind: NameKind; value: string }>[]
  /** The serial number's content octets, in hexadecimal. */
  serial: string
  /** Content octets of the issuer's and the subject's distinguished name, in hexadecimal. */
  issuer: string
  subject: string
}>

const VERSION = 0xa0
const EXTENSIONS = 0xa3
const OTHER_NAME = 0xa0
const DNS_NAME = 0x82
const IA5_STRING = 0x16
const BOOLEAN = 0x01
const SUBJECT_ALT_NAME = '2.5.29.17'
const XMPP_ADDR = '1.3.6.1.5.5.7.8.5'
const DNS_SRV = '1.3.6.1.5.5.7.8.7'

/** Reads a certificate (`X509Certificate.raw`); undefined when it, or one of the names of these kinds, is not as it must be. */
export function readCertificateFacts(octets: Uint8Array): CertificateFacts | undefined {
  const certificate = readDer(octets, 'der')
  if (isProblem(certificate) || certificate.tag !== TAG.sequence) return undefined
  const tbs = certificate.members[0]
  if (tbs?.tag !== TAG.sequence) return undefined
  const fields = tbs.members[0]?.tag === VERSION ? tbs.members.slice(1) : tbs.members
  const [serial, , issuer, , subject] = fields
  if (serial?.tag !== TAG.integer || issuer?.tag !== TAG.sequence || subject?.tag !== TAG.sequence)
    return undefined
  const list = fields.find(({ tag }) => tag === EXTENSIONS)?.members[0]
  const alternative = (list?.members ?? []).filter(
    ({ members: [oid] }) => oid?.tag === TAG.oid && decodeOid(oid.content) === SUBJECT_ALT_NAME,
  )
  if (alternative.length > 1) return undefined
  const names = alternative[0] === undefined ? [] : readNames(alternative[0])
  if (names === undefined) return undefined
  return { names, serial: hex(serial), issuer: hex(issuer), subject: hex(subject) }
}

/** Whether octets were not read. */
export function isProblem(read: Tlv | DerProblem): read is DerProblem {
  return 'problem' in read
}

/** The content octets of a value, to compare it with another. */
export function hex({ content }: Tlv): string {
  return Buffer.from(content).toString('hex')
}

/** The names of a subjectAltName extension: OID, criticality, the list in an OCTET STRING (RFC 5280 §4.2). */
function readNames({ members }: Tlv): CertificateFacts['names'] | undefined {
  const value = members[1]?.tag === BOOLEAN ? members[2] : members[1]
  if (value?.tag !== TAG.octetString || value !== members.at(-1)) return undefined
  const list = readDer(value.content, 'der')
  if (isProblem(list) || list.tag !== TAG.sequence) return undefined
  const names: { kind: NameKind; value: string }[] = []
  for (const name of list.members) {
    const read = readName(name)
    if (read === undefined) return undefined
    if (read !== 'other') names.push(read)
  }
  return names
}

function readName(name: Tlv): { kind: NameKind; value: string } | 'other' | undefined {
  if (name.tag === DNS_NAME) return named('dns', ascii(name))
  if (name.tag !== OTHER_NAME) return 'other'
  const [oid, wrapped] = name.members
  if (oid?.tag !== TAG.oid || wrapped?.tag !== 0xa0 || name.members.length !== 2) return undefined
  const kind = decodeOid(oid.content)
  if (kind !== XMPP_ADDR && kind !== DNS_SRV) return 'other'
  const [value] = wrapped.members
  if (value === undefined || wrapped.members.length !== 1) return undefined
  if (kind === XMPP_ADDR) return value.tag === TAG.utf8String ? named('xmpp', utf8(value)) : undefined
  return value.tag === IA5_STRING ? named('srv', ascii(value)) : undefined
}

function named(kind: NameKind, value: string | undefined) {
  return value === undefined ? undefined : { kind, value }
}

/** Visible characters of an IA5String: no name of a host has others, and a NUL is an attempt to end it early. */
function ascii({ content }: Tlv): string | undefined {
  return content.every((octet) => octet > 0x20 && octet < 0x7f)
    ? Buffer.from(content).toString('latin1')
    : undefined
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8({ content }: Tlv): string | undefined {
  try {
    return UTF8.decode(content)
  } catch {
    return undefined
  }
}
