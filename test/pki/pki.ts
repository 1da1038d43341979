/**
 * A throwaway PKI for tests and the demo: ECDSA P-256 authorities and certificates, good ones and each kind of bad
 * one, made with `@peculiar/x509` and the Web Cryptography of Node, so that neither openssl nor a network is needed.
 *
 * Not for operation: keys are made extractable and written as plain PEM.
 */
import './reflect.ts'
import type { webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

/** A certificate with its private key, both PEM (the key PKCS #8). */
export type Credentials = Readonly<{ certificate: string; key: string }>

type KeyPair = webcrypto.CryptoKeyPair

/** An authority that can issue. `certificate` is what peers trust. */
export type Ca = Credentials & Readonly<{ subject: string; keys: KeyPair }>

export type CertificateOptions = Readonly<{
  /** DNS names of the subjectAltName; none may be given when the other kinds of name are. */
  dns?: readonly string[]
  /** Names of the form id-on-xmppAddr (RFC 6120 §13.7.1.4). */
  xmppAddr?: readonly string[]
  /** Names of the form id-on-dnsSRV (RFC 4985), such as `_xmpp-server.high.example`. */
  srvName?: readonly string[]
  /** Common name of the subject; the first name of the subjectAltName otherwise. */
  commonName?: string
  /** `valid` (default): from an hour ago for 30 days; `expired`: ended yesterday; `future`: begins tomorrow. */
  period?: 'valid' | 'expired' | 'future'
  /** Instead of a period: valid from an hour ago for so many seconds from now. */
  seconds?: number
  /** False leaves the key usage clientAuth out, as public authorities now do. */
  clientAuth?: boolean
  /** False leaves the key usage serverAuth out. */
  serverAuth?: boolean
  /** Instead of a new key. */
  keys?: KeyPair
  /** Further octets in an extension of no meaning, so that the certificate is large. */
  ballast?: number
}>

export type AuthorityOptions = Readonly<{
  /** The authority that issues it; itself otherwise. */
  by?: Ca
  /** False leaves the basic constraints out, so that it is none. */
  basicConstraints?: boolean
}>

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY = 86_400_000
const ID_ON_XMPP_ADDR = '1.3.6.1.5.5.7.8.5'
const ID_ON_DNS_SRV = '1.3.6.1.5.5.7.8.7'

/** Makes an authority, self-signed unless told otherwise, valid for 60 days. */
export async function makeCa(
  name: string,
  { by, basicConstraints = true }: AuthorityOptions = {},
): Promise<Ca> {
  const keys = await makeKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: by?.subject ?? `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    notBefore: new Date(Date.now() - 40 * DAY),
    notAfter: new Date(Date.now() + 60 * DAY),
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...(basicConstraints ? [new x509.BasicConstraintsExtension(true, undefined, true)] : []),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ...(by === undefined ? [] : [await x509.AuthorityKeyIdentifierExtension.create(by.keys.publicKey)]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: pem(certificate), key: await privatePem(keys), subject: `CN=${name}`, keys }
}

/**
 * The PEM text of a revocation list of an authority, from an hour ago for a week; `period` as for certificates. `signedWith`
 * signs in its place.
 */
export async function makeCrl(
  ca: Ca,
  revoked: readonly Credentials[],
  {
    period = 'valid',
    signedWith = ca,
  }: Readonly<{ period?: CertificateOptions['period']; signedWith?: Ca }> = {},
): Promise<string> {
  const periods = { valid: [-DAY / 24, 7 * DAY], expired: [-8 * DAY, -DAY], future: [DAY, 7 * DAY] }
  const [from, to] = periods[period]
  const crl = await x509.X509CrlGenerator.create({
    issuer: ca.subject,
    thisUpdate: new Date(Date.now() + from!),
    nextUpdate: new Date(Date.now() + to!),
    entries: revoked.map(({ certificate }) => ({
      serialNumber: new x509.X509Certificate(certificate).serialNumber,
      revocationDate: new Date(Date.now() - DAY / 24),
    })),
    signingAlgorithm: ALGORITHM,
    signingKey: signedWith.keys.privateKey,
  })
  // The library writes another word than OpenSSL (RFC 7468 §7).
  return `${x509.PemConverter.encode(crl.rawData, 'X509 CRL')}\n`
}

/** Issues an end-entity certificate with a new key. */
export async function issue(ca: Ca, options: CertificateOptions): Promise<Credentials> {
  const { dns = [], xmppAddr = [], srvName = [], period = 'valid' } = options
  const keys = options.keys ?? (await makeKeys())
  const names = [
    ...dns.map((name) => der(0x82, ascii(name))),
    ...xmppAddr.map((name) => otherName(ID_ON_XMPP_ADDR, der(0x0c, Buffer.from(name)))),
    ...srvName.map((name) => otherName(ID_ON_DNS_SRV, der(0x16, ascii(name)))),
  ]
  const usages = [
    ...(options.serverAuth === false ? [] : [x509.ExtendedKeyUsage.serverAuth]),
    ...(options.clientAuth === false ? [] : [x509.ExtendedKeyUsage.clientAuth]),
  ]
  const periods = { valid: [-DAY / 24, 30 * DAY], expired: [-30 * DAY, -DAY], future: [DAY, 30 * DAY] }
  const [from, to] = options.seconds === undefined ? periods[period] : [-DAY / 24, options.seconds * 1000]
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [options.commonName ?? dns[0] ?? xmppAddr[0] ?? srvName[0] ?? 'nameless'] }],
    issuer: ca.subject,
    notBefore: new Date(Date.now() + from!),
    notAfter: new Date(Date.now() + to!),
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...(usages.length > 0 ? [new x509.ExtendedKeyUsageExtension(usages)] : []),
      ...(options.ballast === undefined
        ? []
        : [new x509.Extension('1.3.6.1.4.1.99999.1', false, new Uint8Array(options.ballast))]),
      ...(names.length > 0 ? [new x509.Extension('2.5.29.17', false, der(0x30, ...names))] : []),
      await x509.AuthorityKeyIdentifierExtension.create(ca.keys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: pem(certificate), key: await privatePem(keys) }
}

/** Writes `NAME.crt` and `NAME.key` (mode 0600) into a folder and returns their paths. */
export function writeCredentials(folder: string, name: string, credentials: Credentials) {
  const paths = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  writeFileSync(paths.certificate, credentials.certificate)
  writeFileSync(paths.key, credentials.key, { mode: 0o600 })
  return paths
}

/** A key pair for `CertificateOptions.keys`. */
export function makeKeys(): Promise<KeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

async function privatePem(keys: KeyPair): Promise<string> {
  const octets = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return `${x509.PemConverter.encode(octets, x509.PemConverter.PrivateKeyTag)}\n`
}

/** otherName of RFC 5280 §4.2.1.6, which the library does not write. */
function otherName(oid: string, value: Buffer): Buffer {
  const [first, second, ...rest] = oid.split('.').map(Number) as [number, number, ...number[]]
  return der(0xa0, der(0x06, Buffer.from([first * 40 + second, ...rest])), der(0xa0, value))
}

/** One DER value of at most 65,535 octets. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length = content.length
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
