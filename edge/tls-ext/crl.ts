/**
 * Certificate revocation lists (RFC 5280 §5), read so that the operator hears at once what is wrong with one, and so that a
 * standing stream can be asked again when a new list is there. In a handshake OpenSSL checks them by itself.
 */
import { type KeyObject, verify, type X509Certificate } from 'node:crypto'
import { rawTlv, readDer, TAG, type Tlv } from '../../rules/label/der.ts'
import { decodeOid } from '../../rules/label/oid.ts'
import { hex, isProblem, readCertificateFacts } from './certificate.ts'

export type Crl = Readonly<{
  pem: string
  /** The issuer's name and the revoked serial numbers, spelled as `CertificateFacts` has them. */
  issuer: string
  revoked: ReadonlySet<string>
  /** In milliseconds since 1970. */
  thisUpdate: number
  nextUpdate: number
  /** What is signed, the signature, and its digest: null where the algorithm has its own. */
  signed: Uint8Array
  signature: Uint8Array
  digest: string | null
}>

const BEGIN = '-----BEGIN X509 CRL-----'
const END = '-----END X509 CRL-----'
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

/** Digests of the signature algorithms in use (RFC 4055, RFC 5758, RFC 8410); null where the algorithm has its own. */
const DIGESTS: ReadonlyMap<string, string | null> = new Map([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.3.101.112', null],
  ['1.3.101.113', null],
])

/** The lists in a file, PEM (one behind the other) or DER (one); a sentence when one of them cannot be read. */
export function readCrls(octets: Buffer): readonly Crl[] | string {
  const text = octets.toString('latin1')
  if (!text.includes(BEGIN)) {
    const crl = readCrl(octets)
    return typeof crl === 'string' ? crl : [crl]
  }
  const found: Crl[] = []
  for (let at = text.indexOf(BEGIN); at !== -1; at = text.indexOf(BEGIN, at + 1)) {
    const stop = text.indexOf(END, at)
    if (stop === -1) return 'a list has no end'
    const crl = readCrl(Buffer.from(text.slice(at + BEGIN.length, stop), 'base64'))
    if (typeof crl === 'string') return crl
    found.push(crl)
  }
  return found
}

/** What is wrong with a list among these authorities, at this time, or undefined. */
export function crlProblem(
  crl: Crl,
  authorities: readonly X509Certificate[],
  now: number,
): string | undefined {
  const signers = authorities.filter((ca) => readCertificateFacts(ca.raw)?.subject === crl.issuer)
  if (signers.length === 0) return 'is not of a CA that is configured beside it'
  if (!signers.some(({ publicKey }) => isSignedWith(crl, publicKey)))
    return 'is not signed by the CA that it names'
  if (now < crl.thisUpdate) return `is not valid before ${new Date(crl.thisUpdate).toUTCString()}`
  if (now > crl.nextUpdate) return `expired on ${new Date(crl.nextUpdate).toUTCString()}`
  return undefined
}

function isSignedWith({ signed, signature, digest }: Crl, key: KeyObject): boolean {
  try {
    return verify(digest, signed, key, signature)
  } catch {
    return false
  }
}

/** CertificateList: what is signed, the algorithm, the signature (RFC 5280 §5.1). */
function readCrl(octets: Uint8Array): Crl | string {
  const list = readDer(octets, 'der')
  if (isProblem(list)) return `is no CRL (octet ${list.at}: ${list.problem})`
  const [tbs, algorithm, signature] = list.members
  const fields = tbs?.members ?? []
  // Version 1 leaves the number out; everything in use is version 2.
  const [version, inner, issuer, thisUpdate, nextUpdate, entries] = fields
  const digest = DIGESTS.get(decodeOid(algorithm?.members[0]?.content ?? new Uint8Array()) ?? '')
  const from = readTime(thisUpdate)
  const until = readTime(nextUpdate)
  if (version?.tag !== TAG.integer || inner?.tag !== TAG.sequence || issuer?.tag !== TAG.sequence)
    return 'is no CRL'
  if (from === undefined || until === undefined) return 'is a CRL without a time of the next one'
  if (tbs === undefined || signature?.tag !== TAG.bitString || digest === undefined)
    return 'is a CRL with a signature of an algorithm that is not used here'
  const revoked = new Set<string>()
  for (const { members } of entries?.tag === TAG.sequence ? entries.members : []) {
    if (members[0]?.tag !== TAG.integer) return 'is no CRL'
    revoked.add(hex(members[0]))
  }
  return {
    pem: `${BEGIN}\n${(
      Buffer.from(octets)
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    ).join('\n')}\n${END}\n`,
    issuer: hex(issuer),
    revoked,
    thisUpdate: from,
    nextUpdate: until,
    signed: rawTlv(tbs),
    signature: signature.content.subarray(1),
    digest,
  }
}

/** UTCTime `YYMMDDhhmmssZ` or GeneralizedTime `YYYYMMDDhhmmssZ`, the only forms that RFC 5280 §5.1.2.4 has. */
function readTime(tlv: Tlv | undefined): number | undefined {
  if (tlv === undefined || (tlv.tag !== UTC_TIME && tlv.tag !== GENERALIZED_TIME)) return undefined
  let text = Buffer.from(tlv.content).toString('latin1')
  if (tlv.tag === UTC_TIME) text = (text < '5' ? '20' : '19') + text
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return Date.UTC(year, month - 1, day, hour, minute, second)
}
