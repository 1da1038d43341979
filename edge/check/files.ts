/**
 * What the files of a configuration are like beyond being usable: who may read the keys, whose the folders are, how long certificates
 * hold and what they are for, and whether the clock can be right.
 */
import { X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readCertificates } from '../../guard/gcxp/credentials.ts'
import { daysLeft } from '../../guard/gcxp/index.ts'
import { listSegments } from '../../guard/journal/files.ts'
import type { EdgeFile } from '../config/file.ts'
import type { EdgeConfig } from '../config/load.ts'
import { leaves } from '../config/shown.ts'
import { type Finding, problem, warning } from './finding.ts'

const WARN_DAYS = 30
/** How far clocks and file times may differ. */
const SLACK_MS = 300_000

/** `now` in milliseconds since 1970. */
export function checkFiles(file: string, read: EdgeFile, config: EdgeConfig, now: number): Finding[] {
  return [
    ...checkSecrets(read),
    ...checkFolders(config),
    ...checkCertificates(config, now),
    ...checkClock(file, read, config, now),
  ]
}

/** Private keys, and whatever else is secret, are for the user of the edge alone. */
function checkSecrets(read: EdgeFile): Finding[] {
  return leaves(read).flatMap(({ words, kind, value }) => {
    if (kind !== 'secret') return []
    const { mode, uid } = statSync(resolve(read.folder, value), { throwIfNoEntry: false }) ?? {
      mode: 0,
      uid: 0,
    }
    // As installed it is root's, and the group of the edge reads it (doc/install.md).
    const open = mode & (uid === 0 ? 0o037 : 0o077)
    if (open === 0) return []
    return [
      (open & 0o007) === 0
        ? warning(`${words} ${value}: its group may read or change it: chmod 600`)
        : problem(
            `${words} ${value}: everybody on this host may read or change it: chmod 600, and replace a key that others may have`,
          ),
    ]
  })
}

function checkFolders({ state, records }: EdgeConfig): Finding[] {
  return [
    ['state', state],
    ['records.folder', records.folder],
  ].flatMap(([words, path]) => {
    const mode = modeOf(path!)
    return mode === undefined || (mode & 0o077) === 0
      ? []
      : [problem(`${words} ${path}: others on this host may enter it: chmod 700`)]
  })
}

const SERVER_USE = '1.3.6.1.5.5.7.3.1'
const CLIENT_USE = '1.3.6.1.5.5.7.3.2'

function checkCertificates(config: EdgeConfig, now: number): Finding[] {
  const { s2s, out, in: into } = config
  const trusted = [...s2s.trust.values()].flatMap(({ authorities }) => authorities.certificates)
  const shown = [
    ...s2s.certificates.map(({ domains, certificate }) => ({
      words: `s2s.certificates for ${domains[0]}`,
      certificate,
      uses: [SERVER_USE, CLIENT_USE],
      cas: trusted,
    })),
    {
      words: 'gcxp.out.certificate',
      certificate: out.credentials.certificate,
      uses: [CLIENT_USE],
      cas: readCertificates(out.credentials.ca) ?? [],
    },
    {
      words: 'gcxp.in.certificate',
      certificate: into.credentials.certificate,
      uses: [SERVER_USE],
      cas: readCertificates(into.credentials.ca) ?? [],
    },
  ]
  const ends = shown.map(({ words, certificate }) => ({
    words,
    until: new X509Certificate(certificate).validToDate.getTime(),
  }))
  const others = s2s.expiring.map(({ kind, name, until }) => ({
    words: `${kind === 'ca' ? 'CA' : 'CRL'} ${name}`,
    until,
  }))
  return [
    ...shown.flatMap(({ words, certificate, uses, cas }) => [
      ...checkUses(words, new X509Certificate(certificate), uses),
      ...checkChain(words, certificate, cas),
    ]),
    ...[...ends, ...others.filter(({ words }) => words.startsWith('CA'))]
      .filter(({ until }) => daysLeft(until, now) < WARN_DAYS)
      .map(({ words, until }) =>
        warning(
          `${words}: expires on ${new Date(until).toUTCString()}, in ${Math.floor(daysLeft(until, now))} days: have it renewed`,
        ),
      ),
  ]
}

function checkUses(words: string, certificate: X509Certificate, uses: readonly string[]): Finding[] {
  // Without the extension it is for every use (RFC 5280 §4.2.1.12).
  const given = certificate.keyUsage as readonly string[] | undefined
  if (given === undefined) return []
  return uses
    .filter((use) => !given.includes(use))
    .map((use) =>
      warning(
        `${words}: is not for TLS ${use === CLIENT_USE ? 'clients' : 'servers'}: the peer may refuse it; have it issued with that extended key usage`,
      ),
    )
}

/** Whether one of the CAs that the peers' certificates come from stands behind ours: they are mostly the same. */
function checkChain(words: string, text: string, cas: readonly X509Certificate[]): Finding[] {
  const [own, ...between] = readCertificates(text) ?? []
  let one = own
  for (let length = 0; one !== undefined && length < 8; length++) {
    const subject = one
    const signs = (ca: X509Certificate) => subject.checkIssued(ca) && subject.verify(ca.publicKey)
    if (cas.some(signs)) return []
    one = between.find(signs)
  }
  return [
    warning(
      `${words}: is not of a CA that is configured here: if the peers do not trust another one, have it issued by theirs, and add what is between`,
    ),
  ]
}

function checkClock(
  file: string,
  { folder, source }: EdgeFile,
  { records }: EdgeConfig,
  now: number,
): Finding[] {
  const files = [
    file,
    resolve(folder, source.bundles.out.file),
    resolve(folder, source.bundles.in.file),
    ...lastRecords(records.folder),
  ]
  const newest = files
    .map((path) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .reduce((best, one) => (one.at > best.at ? one : best))
  return newest.at <= now + SLACK_MS
    ? []
    : [
        warning(
          `the clock says ${new Date(now).toISOString()}, yet ${newest.path} was written at ${new Date(newest.at).toISOString()}: set the clock`,
        ),
      ]
}

function lastRecords(folder: string): string[] {
  try {
    return listSegments(folder)
      .slice(-1)
      .map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode
}
