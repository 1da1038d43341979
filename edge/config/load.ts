/**
 * The configuration of an edge, read and proven as far as that goes without a network: the file against its schema, every
 * other file that it names, the certificates against the domains, the bundles against the side.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Credentials, readCredentials } from '../../guard/gcxp/index.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { isNumbered } from '../../rules/bundle/identifiers.ts'
import { BundleError, loadBundle } from '../../rules/bundle/load.ts'
import { formatProblem, type Problem, sortProblems } from '../../rules/ruleset/problem.ts'
import type { Path } from '../../rules/ruleset/yaml.ts'
import { cannotRead } from '../../rules/unreadable.ts'
import type { ControlSource } from '../controls.ts'
import type { PeerFormat } from '../formats/index.ts'
import type { Address } from '../outbound/route.ts'
import type { RecordSettings } from '../record/records.ts'
import { type CmbacConfig, resolveCmbac } from './cmbac.ts'
import { checkControls } from './controls.ts'
import { type EdgeFile, readEdgeFile } from './file.ts'
import { resolveLabels } from './labels.ts'
import { resolveRecords } from './records.ts'
import { readS2s, type S2sConfig } from './s2s.ts'
import type { EdgeLimits, EdgeSource, PresenceChoice, SpoolLimits, Unasked } from './schema.ts'
import { showConfig } from './shown.ts'

/** A configuration that can be run. Texts of files are in it, not their names; keys among them: never to be shown. */
export type EdgeConfig = Readonly<{
  name: string
  side: string
  state: string
  s2s: S2sConfig
  out: Readonly<{ guard: Address; peer: string; credentials: Credentials; bundle: Bundle; digest: string }>
  in: Readonly<{ listen: Address; peer: string; credentials: Credentials; bundle: Bundle; digest: string }>
  metrics: Address
  cmbac: CmbacConfig | undefined
  /** The label format that the server of an own domain speaks; none where nothing is to be changed. */
  labels: ReadonlyMap<string, PeerFormat>
  records: RecordSettings
  controls: readonly ControlSource[] | undefined
  unasked: Unasked
  presence: PresenceChoice
  spool: SpoolLimits
  limits: EdgeLimits
  /** All of it for people, without secrets. */
  shown: string
}>

/** Reads `file` and all that it names. `now` in milliseconds since 1970. */
export function loadEdgeConfig(
  file: string,
  now: number,
): EdgeConfig | Readonly<{ problems: readonly string[] }> {
  const read = readEdgeFile(file)
  return 'problems' in read ? read : resolveFiles(read, now)
}

function resolveFiles(file: EdgeFile, now: number): EdgeConfig | Readonly<{ problems: readonly string[] }> {
  const { source: config, folder } = file
  const problems: Problem[] = []
  const wrong = (path: Path, message: string) => void problems.push(file.problem(path, message))

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

  const out = { bundle: bundle('out'), credentials: credentials('out') }
  const into = { bundle: bundle('in'), credentials: credentials('in') }
  const own = out.bundle?.from.domains.map(({ name }) => name)
  const carried = (config.controls ?? []).flatMap(({ trunk }) => trunk)
  const s2s = readS2s(config.s2s, { folder, now, own, carried, address, wrong })
  if (own !== undefined) {
    const routed = config.s2s.routes.map(({ domain }) => domain)
    checkControls(config.controls, own, routed, wrong)
  }
  if (out.bundle !== undefined && into.bundle !== undefined)
    checkSides(config, out.bundle, into.bundle, wrong)
  if (out.bundle !== undefined) checkHardLimit(config.limits.hardOctets, out.bundle, wrong)
  const report = (problem: Problem) => void problems.push(problem)
  const cmbac =
    config.cmbac === undefined || out.bundle === undefined
      ? undefined
      : resolveCmbac(config.cmbac, { yaml: file, folder, now, out: out.bundle, report })
  const asked = config.cmbac?.policies.length ?? 0
  const policies = (cmbac?.policies.length ?? 0) === asked ? (cmbac?.policies ?? []) : undefined
  const labels =
    out.bundle === undefined || into.bundle === undefined
      ? new Map<string, PeerFormat>()
      : resolveLabels(config.labels, { out: out.bundle, into: into.bundle }, policies, wrong)
  const listen = {
    in: address(['gcxp', 'in', 'listen'], config.gcxp.in.listen),
    metrics: address(['metrics', 'listen'], config.metrics.listen),
  }
  const state = resolve(folder, config.state)
  const records = resolveRecords(config.records, folder, state, wrong)
  if (problems.length > 0) return { problems: sortProblems(problems).map(formatProblem) }
  return {
    name: config.name,
    side: config.side,
    state,
    s2s,
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
    cmbac,
    labels,
    records,
    controls: config.controls,
    // A foreign peer's ids may be of stanzas that went another way.
    unasked: config.unasked ?? (isNumbered(out.bundle!) ? 'refuse' : 'pass'),
    presence: config.presence,
    spool: config.spool,
    limits: config.limits,
    shown: showConfig(file),
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
}

/** What is refused with an answer must be below what ends a stream. */
function checkHardLimit(
  hardOctets: number,
  { limits: { stanzaBytes } }: Bundle,
  wrong: (path: Path, message: string) => void,
): void {
  if (hardOctets >= stanzaBytes) return
  wrong(
    ['limits', 'hardOctets'],
    `${hardOctets} is less than the ${stanzaBytes} octets that a stanza of the outgoing bundle may have: raise it`,
  )
}

function spelled({ domains }: Bundle['from']): string {
  return domains
    .map(({ name, kind }) => `${name} ${kind}`)
    .sort()
    .join('\n')
}
