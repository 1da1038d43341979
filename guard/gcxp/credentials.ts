/**
 * The certificate, key and trusted CA with which one end of a GCXP connection shows itself, read from files and checked
 * before they are used, so that a mistake is found at start and said in one line.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cannotRead } from '../../rules/unreadable.ts'

/** Paths of PEM files: own certificate (then its intermediates), its private key, the CAs that a peer may come from. */
export type CredentialFiles = Readonly<{ certificate: string; key: string; ca: string }>

/** PEM texts that fit together. `notAfter` of the own certificate, in milliseconds since 1970. */
export type Credentials = Readonly<{ certificate: string; key: string; ca: string; notAfter: number }>

/** What is wrong with one of the files, in one line: what, where, how to mend. */
export type CredentialProblem = Readonly<{ part: keyof CredentialFiles; problem: string }>

/** Reads and checks the files. `now` in milliseconds since 1970. */
export function readCredentials(files: CredentialFiles, now: number): Credentials | CredentialProblem {
  const texts = { certificate: '', key: '', ca: '' }
  const wrong = (part: keyof CredentialFiles, what: string): CredentialProblem => ({
    part,
    problem: `${part} ${files[part]}: ${what}`,
  })
  for (const part of ['certificate', 'key', 'ca'] as const) {
    try {
      texts[part] = readFileSync(files[part], 'latin1')
    } catch (error) {
      return wrong(part, cannotRead(error, 'give the path of a PEM file'))
    }
  }
  const own = readCertificates(texts.certificate)?.[0]
  if (own === undefined) return wrong('certificate', 'holds no PEM certificate: give the own certificate')
  const problem = validityProblem(own, now)
  if (problem !== undefined) return wrong('certificate', `${problem}: have it renewed`)
  if (dnsNames(own) === undefined)
    return wrong('certificate', 'has no readable DNS name: have it issued with one')
  try {
    if (!own.checkPrivateKey(createPrivateKey(texts.key)))
      return wrong('key', `is not the key of ${files.certificate}: give the key that belongs to it`)
  } catch {
    return wrong('key', 'holds no usable PEM private key: give one without passphrase')
  }
  const authorities = readCertificates(texts.ca)
  if (authorities === undefined)
    return wrong('ca', "holds no PEM certificate: give the CA of the peer's certificate")
  for (const authority of authorities) {
    const problem = validityProblem(authority, now)
    if (problem !== undefined) return wrong('ca', `${problem}: replace it`)
  }
  return { ...texts, notAfter: own.validToDate.getTime() }
}

/** What is wrong once the own certificate has expired, in one line, or undefined. `now` in milliseconds since 1970. */
export function expiredProblem(
  files: Pick<CredentialFiles, 'certificate'>,
  { notAfter }: Credentials,
  now: number,
): string | undefined {
  if (now <= notAfter) return undefined
  return `certificate ${files.certificate}: expired on ${new Date(notAfter).toUTCString()}: have it renewed`
}

/** Whole and part days until `notAfter`; negative when it has passed. */
export function daysLeft(notAfter: number, now: number): number {
  return (notAfter - now) / 86_400_000
}

/** Why a certificate is not valid at `now`, or undefined. */
export function validityProblem(certificate: X509Certificate, now: number): string | undefined {
  if (now < certificate.validFromDate.getTime()) return `is not valid before ${certificate.validFrom}`
  if (now > certificate.validToDate.getTime()) return `expired on ${certificate.validTo}`
  return undefined
}

/** The certificates of a PEM text, in order; undefined when there is none or one of them is broken. */
export function readCertificates(pem: string): X509Certificate[] | undefined {
  const begin = '-----BEGIN CERTIFICATE-----'
  const end = '-----END CERTIFICATE-----'
  const found: X509Certificate[] = []
  for (let at = pem.indexOf(begin); at !== -1; ) {
    const stop = pem.indexOf(end, at)
    if (stop === -1) return undefined
    try {
      found.push(new X509Certificate(pem.slice(at, stop + end.length)))
    } catch {
      return undefined
    }
    at = pem.indexOf(begin, stop)
  }
  return found.length === 0 ? undefined : found
}

/**
 * The DNS names among a certificate's subject alternative names (RFC 5280 §4.2.1.6), as they stand in it; undefined
 * when there is none or the list does not read strictly.
 *
 * Node gives the list as text, `DNS:a.example, othername:"XmppAddr:a\u002cb"`: each entry a type, a colon and a value; a
 * value with a character that could mislead is a JSON string. So an entry's end is certain, whatever a value holds.
 */
export function dnsNames(certificate: X509Certificate): string[] | undefined {
  const text = certificate.subjectAltName
  if (text === undefined) return undefined
  const names: string[] = []
  for (let at = 0; at < text.length; ) {
    const colon = text.indexOf(':', at)
    if (colon === -1) return undefined
    const type = text.slice(at, colon)
    let end: number
    if (text[colon + 1] === '"') {
      end = closingQuote(text, colon + 1) + 1
      if (end === 0) return undefined
    } else {
      end = text.indexOf(', ', colon)
      if (end === -1) end = text.length
      if (type === 'DNS') names.push(text.slice(colon + 1, end))
    }
    if (end !== text.length && !text.startsWith(', ', end)) return undefined
    at = end === text.length ? end : end + 2
  }
  return names.length === 0 ? undefined : names
}

function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return -1
}
