/**
 * The configuration of an edge, read and proven as far as that goes without a network: the file against its schema, every
 * other file that it names, the certificates against the domains, the bundles against the side.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Credentials, readCredentials, validityProblem } from '../../guard/gcxp/index.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { isNumbered } from '../../rules/bundle/identifiers.ts'
import { BundleError, loadBundle } from '../../rules/bundle/load.ts'
import { readChecked } from '../../rules/ruleset/file.ts'
import { formatProblem, type Problem, sortProblems } from '../../rules/ruleset/problem.ts'
import type { Path, YamlSource } from '../../rules/ruleset/yaml.ts'
import { cannotRead } from '../../rules/unreadable.ts'
import type { Address, Route } from '../outbound/route.ts'
import type { Manner } from '../outbound/stream.ts'
import { provesDomain } from '../tls-ext/identity.ts'
import type { DomainCertificate } from '../tls-ext/index.ts'
import { checkEdgeSource, type EdgeLimits, type EdgeSource } from './schema.ts'
import { checkStreams } from './streams.ts'

/** A configuration that can be run. Texts of files are in it, not their names; keys among them: never to be shown. */
export type EdgeConfig = Readonly<{
  name: string
  side: string
  state: string
  s2s: Readonly<{
    listen: Address
    ca: readonly string[]
    certificates: readonly (DomainCertificate & Readonly<{ notAfter: number }>)[]
    routes: readonly Route[]
    /** By own domain, where one is led otherwise than usual. */
    streams: ReadonlyMap<string, Manner>
  }>
  out: Readonly<{ guard: Address; peer: string; credentials: Credentials; bundle: Bundle; digest: string }>
  in: Readonly<{ listen: Address; peer: string; credentials: Credentials; bundle: Bundle; digest: string }>
  metrics: Address
  limits: EdgeLimits
}>

/** Reads `file`; a problem is one line that says what, where and how to mend. `now` in milliseconds since 1970. */
export function loadEdgeConfig(
  file: string,
  now: number,
): EdgeConfig | Readonly<{ problems: readonly string[] }> {
  const read = readChecked(file, 'give the path of edge.yaml', checkEdgeSource)
  return 'problems' in read ? read : resolveFiles(read.value, read.source, dirname(file), now)
}

function resolveFiles(
  config: EdgeSource,
  source: YamlSource,
  folder: string,
  now: number,
): EdgeConfig | Readonly<{ problems: readonly string[] }> {
  const problems: Problem[] = []
  const wrong = (path: Path, message: string) => void problems.push(source.problem(path, message))

  const bundle = (way: 'out' | 'in'): Bundle | undefined => {
    const { file, digest } = config.bundles[way]
    try {
      return loadBundle(readFileSync(resolve(folder, file)), digest)
    } catch (error) {
      if (error instanceof BundleError) wrong(['bundles', way], `${file}: ${error.message}`)
      else
        wrong(
          ['bundles', way, 'file'],
          `${file} ${cannotRead(error, 'give the path of the compiled bundle')}`,
        )
      return undefined
    }
  }
  const credentials = (way: 'out' | 'in'): Credentials | undefined => {
    const { certificate, key, ca } = config.gcxp[way]
    const files = {
      certificate: resolve(folder, certificate),
      key: resolve(folder, key),
      ca: resolve(folder, ca),
    }
    const read = readCredentials(files, now)
    if (!('problem' in read)) return read
    wrong(['gcxp', way, read.part], read.problem)
    return undefined
  }
  const address = (path: Path, listen: string): Address => {
    const colon = listen.lastIndexOf(':')
    const port = Number(listen.slice(colon + 1))
    if (port > 65535) wrong(path, `there is no port ${port}; write one up to 65535`)
    return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port }
  }
  const pem = (path: Path, file: string): string | undefined => {
    try {
      return readFileSync(resolve(folder, file), 'latin1')
    } catch (error) {
      wrong(path, `${file} ${cannotRead(error, 'give the path of a PEM file')}`)
      return undefined
    }
  }

  const out = { bundle: bundle('out'), credentials: credentials('out') }
  const into = { bundle: bundle('in'), credentials: credentials('in') }
  const ca = config.s2s.ca.map((file, i) => {
    const text = pem(['s2s', 'ca', i], file)
    const problem = text === undefined ? undefined : caProblem(text, now)
    if (problem !== undefined) wrong(['s2s', 'ca', i], `${file} ${problem}`)
    return text
  })
  const certificates = config.s2s.certificates.map(({ domains, ...files }, i) => {
    const path: Path = ['s2s', 'certificates', i]
    const certificate = pem([...path, 'certificate'], files.certificate)
    const key = pem([...path, 'key'], files.key)
    if (certificate === undefined || key === undefined) return undefined
    const problem = certificateProblem(certificate, key, domains, now)
    if (problem !== undefined) return wrong(path, `${files.certificate}: ${problem}`)
    return { domains, certificate, key, notAfter: new X509Certificate(certificate).validToDate.getTime() }
  })
  if (out.bundle !== undefined && into.bundle !== undefined)
    checkSides(config, out.bundle, into.bundle, wrong)
  if (out.bundle !== undefined) checkStreams(config, out.bundle, wrong)
  const listen = {
    s2s: address(['s2s', 'listen'], config.s2s.listen),
    in: address(['gcxp', 'in', 'listen'], config.gcxp.in.listen),
    metrics: address(['metrics', 'listen'], config.metrics.listen),
  }
  if (problems.length > 0) return { problems: sortProblems(problems).map(formatProblem) }
  return {
    name: config.name,
    side: config.side,
    state: resolve(folder, config.state),
    s2s: {
      listen: listen.s2s,
      ca: ca as string[],
      certificates: certificates as (DomainCertificate & { notAfter: number })[],
      routes: config.s2s.routes ?? [],
      streams: new Map((config.s2s.streams ?? []).map(({ domain, ...manner }) => [domain, manner])),
    },
    out: {
      guard: { host: config.gcxp.out.host, port: config.gcxp.out.port },
      peer: config.gcxp.out.peer,
      credentials: out.credentials!,
      bundle: out.bundle!,
      digest: config.bundles.out.digest,
    },
    in: {
      listen: listen.in,
      peer: config.gcxp.in.peer,
      credentials: into.credentials!,
      bundle: into.bundle!,
      digest: config.bundles.in.digest,
    },
    metrics: listen.metrics,
    limits: config.limits,
  }
}

/** Both bundles must speak of the same two sides, and each far domain must have a certificate. */
function checkSides(
  config: EdgeSource,
  out: Bundle,
  into: Bundle,
  wrong: (path: Path, message: string) => void,
): void {
  if (out.from.name !== config.side) {
    wrong(
      ['bundles', 'out'],
      `the bundle leads away from the side "${out.from.name}", this edge is of "${config.side}": exchange the bundles, or correct side`,
    )
  }
  if (into.to.name !== config.side) {
    wrong(
      ['bundles', 'in'],
      `the bundle leads to the side "${into.to.name}", this edge is of "${config.side}": exchange the bundles, or correct side`,
    )
  }
  if (spelled(out.from) !== spelled(into.to) || spelled(out.to) !== spelled(into.from)) {
    wrong(['bundles'], 'the two bundles do not name the same domains: compile both from rulesets that agree')
  }
  if (isNumbered(out) !== isNumbered(into)) {
    wrong(
      ['bundles'],
      'identifiers are numbered in one of the two bundles only: compile both from rulesets with the same identifiers',
    )
  }
  const given = new Map<string, number>()
  for (const { domains } of config.s2s.certificates) {
    for (const domain of domains) given.set(domain, (given.get(domain) ?? 0) + 1)
  }
  for (const { name } of out.to.domains) {
    const times = given.get(name) ?? 0
    if (times !== 1) {
      wrong(
        ['s2s', 'certificates'],
        `the far domain ${name} has ${times} certificates here: name it in one of them`,
      )
    }
    given.delete(name)
  }
  for (const name of given.keys())
    wrong(['s2s', 'certificates'], `${name} is not a far domain of the bundle: remove it`)
  for (const [i, { domain }] of (config.s2s.routes ?? []).entries()) {
    if (!out.from.domains.some(({ name }) => name === domain)) {
      wrong(
        ['s2s', 'routes', i, 'domain'],
        `${domain} is not an own domain of the bundle: correct or remove it`,
      )
    }
  }
}

function spelled({ domains }: Bundle['from']): string {
  return domains
    .map(({ name, kind }) => `${name} ${kind}`)
    .sort()
    .join('\n')
}

function certificateProblem(
  certificate: string,
  key: string,
  domains: readonly string[],
  now: number,
): string | undefined {
  let own: X509Certificate
  try {
    own = new X509Certificate(certificate)
  } catch {
    return 'holds no PEM certificate: give the certificate for these domains'
  }
  const validity = validityProblem(own, now)
  if (validity !== undefined) return `${validity}: have it renewed`
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

function caProblem(text: string, now: number): string | undefined {
  try {
    const problem = validityProblem(new X509Certificate(text), now)
    return problem === undefined ? undefined : `${problem}: replace it`
  } catch {
    return 'holds no PEM certificate: give the CA of the own servers'
  }
}
