/**
 * The `s2s` part of edge.yaml: certificates, keys, CAs, CRLs and pins read and proven, routes and peers held against the
 * domains of the bundle.
 */
import { createPrivateKey, type X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { readCertificates, validityProblem } from '../../guard/gcxp/index.ts'
import type { Path } from '../../rules/ruleset/yaml.ts'
import { cannotRead } from '../../rules/unreadable.ts'
import type { Expiring } from '../expiry.ts'
import type { Address, Route } from '../outbound/route.ts'
import type { Manner } from '../stream/ends.ts'
import { type Crl, crlProblem, readCrls } from '../tls-ext/crl.ts'
import { provesDomain } from '../tls-ext/identity.ts'
import type { DomainCertificate } from '../tls-ext/index.ts'
import { type Authorities, type PeerTrust, readAuthorities } from '../tls-ext/trust.ts'
import type { PeerSource, S2sSource } from './schema.ts'

/** `trust` has each own domain. */
export type S2sConfig = Readonly<{
  listen: Address
  listenDirect: Address | undefined
  dns: boolean
  certificates: readonly (DomainCertificate & Readonly<{ notAfter: number }>)[]
  trust: ReadonlyMap<string, PeerTrust>
  routes: readonly Route[]
  inboundOnly: ReadonlySet<string>
  /** How streams are led, of each own domain. */
  manners: ReadonlyMap<string, Manner>
  /** The files of CAs and CRLs, with the time at which the first of what is in them runs out. */
  expiring: readonly Expiring[]
}>

const USUAL: Manner = { acknowledge: 'auto', bidirectional: false }

/** The other parts of the configuration that it is held against; `own` is undefined when the bundle cannot be read. */
export type S2sContext = Readonly<{
  folder: string
  now: number
  own: readonly string[] | undefined
  /** Own domains that are reached by the stream of another (a trunk), and so need no route. */
  carried: readonly string[]
  address(path: Path, listen: string): Address
  wrong(path: Path, message: string): void
}>

/** Reads all files of `s2s`. What is wrong is told to `wrong`; then the result is not to be used. */
export function readS2s(source: S2sSource, context: S2sContext): S2sConfig {
  const { folder, now, own = [], wrong } = context
  const expiring: Expiring[] = []
  const read = (path: Path, file: string, hint: string): Buffer | undefined => {
    try {
      return readFileSync(resolve(folder, file))
    } catch (error) {
      wrong(path, `${file} ${cannotRead(error, hint)}`)
      return undefined
    }
  }
  const pem = (path: Path, file: string) =>
    read(path, file, 'give the path of a PEM file')?.toString('latin1')

  const certificates = source.certificates.flatMap(({ domains, ...files }, i) => {
    const path: Path = ['s2s', 'certificates', i]
    const certificate = pem([...path, 'certificate'], files.certificate)
    const key = pem([...path, 'key'], files.key)
    if (certificate === undefined || key === undefined) return []
    const problem = certificateProblem(certificate, key, domains, now)
    if (problem !== undefined) {
      wrong(path, `${files.certificate}: ${problem}`)
      return []
    }
    return [{ domains, certificate, key, notAfter: firstEnd(certificate) }]
  })

  const readCa = (path: Path, files: readonly string[]): string[] =>
    files.flatMap((file, i) => {
      const text = pem([...path, i], file)
      if (text === undefined) return []
      const problem = caProblem(text, now)
      if (problem !== undefined) wrong([...path, i], `${file} ${problem}`)
      expiring.push({ kind: 'ca', name: file, until: firstEnd(text) })
      return problem === undefined ? [text] : []
    })
  const readLists = (path: Path, files: readonly string[], among: readonly X509Certificate[]): Crl[] =>
    files.flatMap((file, i) => {
      const octets = read([...path, i], file, 'give the path of a CRL, PEM or DER')
      if (octets === undefined) return []
      const crls = readCrls(octets)
      const problem =
        typeof crls === 'string' ? crls : crls.map((crl) => crlProblem(crl, among, now)).find(Boolean)
      if (problem !== undefined) wrong([...path, i], `${file} ${problem}: get the present CRL of the CA`)
      if (typeof crls === 'string') return []
      expiring.push({ kind: 'crl', name: file, until: Math.min(...crls.map(({ nextUpdate }) => nextUpdate)) })
      return [...crls]
    })
  /** OpenSSL wants a list of each CA once it has one, so that is said here and not at the first handshake. */
  const authorities = (
    path: Path,
    ca: readonly string[],
    lists: Path,
    crls: readonly string[],
  ): Authorities => {
    const texts = readCa(path, ca)
    const { certificates } = readAuthorities(texts)
    const read = readLists(lists, crls, certificates)
    const bare = certificates.filter((one) => crlsOf(read, one).length === 0)
    if (read.length > 0 && bare.length > 0)
      wrong(lists, `there is no CRL of ${shown(bare[0]!)}: give one of each CA, or of none`)
    return readAuthorities(texts, read)
  }

  const shared = authorities(['s2s', 'ca'], source.ca, ['s2s', 'crls'], source.crls)
  const standard: PeerTrust = { authorities: shared, pins: [], minVersion: 'TLSv1.3' }
  const trust = new Map<string, PeerTrust>(own.map((domain) => [domain, standard]))
  const manners = new Map<string, Manner>(own.map((domain) => [domain, USUAL]))
  const named = new Set<string>()
  for (const [i, peer] of source.peers.entries()) {
    const path: Path = ['s2s', 'peers', i]
    if (named.has(peer.domain))
      wrong([...path, 'domain'], `${peer.domain} stands here twice: make one entry of both`)
    named.add(peer.domain)
    checkOwn(peer.domain, path, context)
    if (peer.crls !== undefined && peer.ca === undefined)
      wrong(
        [...path, 'crls'],
        'CRLs go with the CA that they are of: name the ca here too, or the CRL in s2s.crls',
      )
    manners.set(peer.domain, { acknowledge: peer.acknowledge, bidirectional: peer.bidirectional })
    trust.set(peer.domain, {
      authorities:
        peer.ca === undefined
          ? shared
          : authorities([...path, 'ca'], peer.ca, [...path, 'crls'], peer.crls ?? []),
      pins: peer.pins ?? [],
      minVersion: peer.minVersion,
    })
  }
  const groups = new Set([...trust.values()].map(({ authorities }) => authorities))
  if (source.listenDirect !== undefined && new Set([...groups].map(({ crls }) => crls.length > 0)).size > 1)
    wrong(
      ['s2s', 'listenDirect'],
      'with direct TLS the CA is not known before the handshake: give CRLs of each CA of s2s.ca and s2s.peers, or of none',
    )
  const inboundOnly = new Set(
    source.peers.filter(({ inbound }) => inbound === 'only').map(({ domain }) => domain),
  )
  checkRoutes(source, inboundOnly, context)
  const direct = source.listenDirect
  return {
    listen: context.address(['s2s', 'listen'], source.listen),
    listenDirect: direct === undefined ? undefined : context.address(['s2s', 'listenDirect'], direct),
    dns: source.dns === 'on',
    certificates,
    trust,
    routes: source.routes,
    inboundOnly,
    manners,
    expiring,
  }
}

function checkRoutes(source: S2sSource, inboundOnly: ReadonlySet<string>, context: S2sContext): void {
  const { own, carried, wrong } = context
  for (const [i, { domain, host }] of source.routes.entries()) {
    const path: Path = ['s2s', 'routes', i]
    checkOwn(domain, path, context)
    if (inboundOnly.has(domain))
      wrong(path, `${domain} is inbound only in s2s.peers, so no route is ever used: remove one of the two`)
    if (source.dns === 'off' && isIP(host) === 0)
      wrong([...path, 'host'], `${host} is a name, and dns is off: write its address`)
  }
  if (source.dns === 'on') return
  for (const domain of own ?? []) {
    if (inboundOnly.has(domain) || carried.includes(domain)) continue
    if (source.routes.some((route) => route.domain === domain)) continue
    wrong(
      ['s2s', 'routes'],
      `${domain} has no route, and dns is off: add one, or make it inbound only in s2s.peers`,
    )
  }
}

function checkOwn(domain: PeerSource['domain'], path: Path, { own, wrong }: S2sContext): void {
  if (own !== undefined && !own.includes(domain))
    wrong([...path, 'domain'], `${domain} is not an own domain of the bundle: correct or remove it`)
}

function certificateProblem(
  certificate: string,
  key: string,
  domains: readonly string[],
  now: number,
): string | undefined {
  const [own, ...chain] = readCertificates(certificate) ?? []
  if (own === undefined) return 'holds no PEM certificate: give the certificate for these domains'
  for (const one of [own, ...chain]) {
    const validity = validityProblem(one, now)
    if (validity !== undefined) return `${validity}: have it renewed`
  }
  try {
    if (!own.checkPrivateKey(createPrivateKey(key)))
      return 'the key is not the one of this certificate: give the key that belongs to it'
  } catch {
    return 'the key file holds no usable PEM private key: give one without passphrase'
  }
  for (const domain of domains) {
    if (!provesDomain(own, domain)) return `is not for ${domain}: have it issued with that DNS name`
  }
  return undefined
}

/** When the first of the certificates of a PEM text runs out, in milliseconds since 1970. */
function firstEnd(pem: string): number {
  return Math.min(...(readCertificates(pem) ?? []).map(({ validToDate }) => validToDate.getTime()))
}

/** What is wrong with a file of CAs, in words that follow its name; undefined when nothing is. */
export function caProblem(text: string, now: number): string | undefined {
  const authorities = readCertificates(text)
  if (authorities === undefined) return 'holds no PEM certificate: give a CA'
  for (const one of authorities) {
    if (!one.ca) return 'holds a certificate that is no CA (basicConstraints): give a CA'
    const problem = validityProblem(one, now)
    if (problem !== undefined) return `${problem}: replace it`
  }
  return undefined
}

/** The lists that a CA signs. */
function crlsOf(crls: readonly Crl[], ca: X509Certificate): Crl[] {
  return crls.filter((crl) => crlProblem(crl, [ca], crl.thisUpdate) === undefined)
}

function shown({ subject }: X509Certificate): string {
  return subject.replaceAll('\n', ', ')
}
