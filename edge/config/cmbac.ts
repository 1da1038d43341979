/**
 * The part `cmbac` of edge.yaml, and the files that it names: policies, clearances, users, what a directory needs.
 *
 * Everything is proven as far as that goes without a network: each word of a clearance is one of its policy, each domain and
 * room is of the bundles. Passwords are in the result: never to be shown.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { normaliseJid } from '../../rules/address/jid.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import type { Clearance } from '../../rules/clearance/clearance.ts'
import type { BoundLabel } from '../../rules/label/template.ts'
import { readChecked } from '../../rules/ruleset/file.ts'
import { clearanceOf, labelOf } from '../../rules/ruleset/names.ts'
import { listed, type Problem } from '../../rules/ruleset/problem.ts'
import { decodeSource } from '../../rules/ruleset/source.ts'
import type { Path } from '../../rules/ruleset/yaml.ts'
import { loadSpif } from '../../rules/spif/load.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { cannotRead } from '../../rules/unreadable.ts'
import type { Clearances, Level, Levels } from '../cmbac/checks.ts'
import { rowsFor } from '../cmbac/default-label.ts'
import { createLabelReader } from '../cmbac/labels.ts'
import { readClearances } from '../cmbac/value.ts'
import { type LdapConfig, type LdapSite, type Places, resolveLdap } from './ldap.ts'
import { type ClearanceEntry, type CmbacSource, checkUsersSource, type LabelEntry } from './schema.ts'

export type CmbacConfig = Readonly<{
  policies: readonly Spif[]
  levels: Levels
  /** By bare address of a room of the far side. */
  defaultLabels: ReadonlyMap<string, BoundLabel>
  users: UsersConfig
}>

export type UsersConfig = Readonly<{
  domains: ReadonlySet<string>
  /** By bare address. */
  listed: ReadonlyMap<string, Clearances>
  fallback: Clearances | undefined
  ldap: LdapConfig | undefined
}>

/** What goes with the file, and the outgoing bundle. */
export type CmbacSite = LdapSite & Readonly<{ out: Bundle }>

/** Reads what `source` names. What is wrong has been reported; the result is to be used only when nothing was. */
export function resolveCmbac(source: CmbacSource, site: CmbacSite): CmbacConfig {
  const { out } = site
  const at: Path = ['cmbac']
  const wrong = (path: Path, message: string) => site.report(site.yaml.problem(path, message))
  const policies = source.policies.flatMap((file, i) => policyIn(file, [...at, 'policies', i], site) ?? [])
  for (const [i, { id, name }] of policies.entries()) {
    if (policies.findIndex((other) => other.id === id) < i)
      wrong([...at, 'policies'], `two files are the policy ${name} (${id}): remove one`)
  }
  const words: Words = { policies, isComplete: policies.length === source.policies.length, site }
  const kinds = new Map([...out.from.domains, ...out.to.domains].map(({ name, kind }) => [name, kind]))
  const known = (path: Path, domain: string, kind?: 'im') => {
    const found = kinds.get(domain)
    if (found === undefined) wrong(path, `${domain} is not a domain of the bundles: correct or remove it`)
    else if (kind !== undefined && found !== kind)
      wrong(path, `${domain} is a domain of rooms, which have no users of their own: remove it`)
  }
  const clearances = (path: Path, list: readonly ClearanceEntry[] | undefined) =>
    list === undefined ? undefined : clearancesIn(list, path, words, site.yaml, site.folder)
  const level = (path: Path, given: { clearance?: readonly ClearanceEntry[]; accessLabel?: LabelEntry }) => {
    const clearance = clearances([...path, 'clearance'], given.clearance)
    const label = given.accessLabel && labelIn(given.accessLabel, [...path, 'accessLabel'], words)
    return {
      ...(clearance === undefined ? {} : { clearance }),
      ...(label === undefined ? {} : { accessLabel: label }),
    } satisfies Level
  }

  const domains = new Map<string, Level>()
  for (const [i, entry] of (source.domains ?? []).entries()) {
    const path = [...at, 'domains', i]
    known([...path, 'domain'], entry.domain)
    once(domains, entry.domain, level(path, entry), () => wrong(path, twice(entry.domain)))
  }
  const rooms = new Map<string, Level>()
  const defaultLabels = new Map<string, BoundLabel>()
  const far = new Set(out.to.domains.map(({ name }) => name))
  const reader = createLabelReader(policies)
  for (const [i, entry] of (source.rooms ?? []).entries()) {
    const path = [...at, 'rooms', i]
    const room = normaliseJid(entry.room)
    if (
      room === undefined ||
      room.local === '' ||
      room.resource !== '' ||
      kinds.get(room.domain) !== 'rooms'
    ) {
      wrong([...path, 'room'], `${entry.room} is not the address of a room of the bundles: write ROOM@DOMAIN`)
      continue
    }
    once(rooms, room.text, level(path, entry), () => wrong(path, twice(entry.room)))
    if (entry.defaultLabel === undefined) continue
    const here = [...path, 'defaultLabel']
    const label = labelIn(entry.defaultLabel, here, words)
    if (!far.has(room.domain))
      wrong(
        here,
        `${entry.room} is a room of the own side: the edge of the other side shows its default label`,
      )
    else if (label !== undefined && rowsFor(label, out.labels.rows, reader).length === 0)
      wrong(here, 'no row of the outgoing bundle becomes this label: give one that may cross')
    else if (label !== undefined) defaultLabels.set(room.text, label)
  }
  const peers: Map<string, { entry?: Clearances; exit?: Clearances }> = new Map()
  for (const [i, { domain, ...entry }] of (source.peers ?? []).entries()) {
    const path = [...at, 'peers', i]
    known([...path, 'domain'], domain)
    const entering = clearances([...path, 'entry'], entry.entry)
    const leaving = clearances([...path, 'exit'], entry.exit)
    const peer = {
      ...(entering === undefined ? {} : { entry: entering }),
      ...(leaving === undefined ? {} : { exit: leaving }),
    }
    once(peers, domain, peer, () => wrong(path, twice(domain)))
  }

  const { users } = source
  const path = [...at, 'users']
  const covered = new Set(users?.domains ?? [])
  for (const [i, domain] of (users?.domains ?? []).entries()) known([...path, 'domains', i], domain, 'im')
  if (
    users !== undefined &&
    users.file === undefined &&
    users.ldap === undefined &&
    users.default === undefined
  )
    wrong(path, 'says not where clearances come from: add file, ldap or default')
  return {
    policies,
    levels: { server: level([...at, 'server'], source.server ?? {}), domains, rooms, peers },
    defaultLabels,
    users: {
      domains: covered,
      listed: users?.file === undefined ? new Map() : usersIn(users.file, [...path, 'file'], covered, words),
      fallback: clearances([...path, 'default'], users?.default),
      ldap:
        users?.ldap === undefined
          ? undefined
          : resolveLdap(users.ldap, [...path, 'ldap'], covered.size, site),
    },
  }
}

/** What words of clearances and labels are looked up in; not complete when a policy could not be read. */
type Words = Readonly<{ policies: readonly Spif[]; isComplete: boolean; site: CmbacSite }>

function twice(name: string): string {
  return `${name} stands here twice: put both together`
}

function once<T>(map: Map<string, T>, key: string, value: T, again: () => void): void {
  if (map.has(key)) again()
  map.set(key, value)
}

function policyIn(file: string, path: Path, { yaml, folder, report }: CmbacSite): Spif | undefined {
  let octets: Uint8Array
  try {
    octets = readFileSync(resolve(folder, file))
  } catch (error) {
    return void report(yaml.problem(path, `${file} ${cannotRead(error, 'give the path of a SPIF')}`))
  }
  const text = decodeSource(octets)
  if (text === undefined)
    return void report(yaml.problem(path, `${file} is not UTF-8: save the SPIF as UTF-8`))
  const loaded = loadSpif(text, { strict: true })
  if (!('problems' in loaded)) return loaded.spif
  for (const { line, message } of loaded.problems)
    report({ file: resolve(folder, file), line, column: 1, message: `SPIF: ${message}` })
  return undefined
}

/** The policy that is meant by a name, or by none where there is one only. */
function policyNamed(
  name: string | undefined,
  path: Path,
  { policies, isComplete }: Words,
  yaml: Places,
  report: (problem: Problem) => void,
): Spif | undefined {
  const found = name === undefined ? policies : policies.filter((spif) => spif.name === name)
  if (found.length === 1) return found[0]
  if (!isComplete) return undefined
  const names = listed(policies.map((spif) => spif.name))
  const message =
    name === undefined
      ? `of which policy? add policy: one of ${names}`
      : `no policy "${name}"; there are ${names}`
  report(yaml.problem(name === undefined ? path : [...path, 'policy'], message))
  return undefined
}

function labelIn(entry: LabelEntry, path: Path, words: Words): BoundLabel | undefined {
  const { yaml, report } = words.site
  const spif = policyNamed(entry.policy, path, words, yaml, report)
  if (spif === undefined) return undefined
  const label = labelOf(spif, entry, yaml, path)
  if (!('problems' in label)) return { label, spif }
  for (const problem of label.problems) report(problem)
  return undefined
}

function clearancesIn(
  entries: readonly ClearanceEntry[],
  path: Path,
  words: Words,
  yaml: Places,
  folder: string,
): Clearances {
  return entries.flatMap((entry, i) => clearanceIn(entry, [...path, i], words, yaml, folder))
}

function clearanceIn(
  entry: ClearanceEntry,
  path: Path,
  words: Words,
  yaml: Places,
  folder: string,
): readonly Clearance[] {
  const { report } = words.site
  const { file, policy, classifications, categories } = entry
  if (file !== undefined) {
    if (policy !== undefined || classifications !== undefined || categories !== undefined)
      report(yaml.problem(path, 'a file says all of its clearance: remove what stands beside "file"'))
    return clearanceFile(file, [...path, 'file'], words, yaml, folder)
  }
  if (classifications === undefined) {
    report(yaml.problem(path, 'a clearance has classifications, or stands in a file: add one of the two'))
    return []
  }
  const spif = policyNamed(policy, path, words, yaml, report)
  if (spif === undefined) return []
  const named = { classifications, ...(categories === undefined ? {} : { categories }) }
  const clearance = clearanceOf(spif, named, yaml, path)
  if (!('problems' in clearance)) return [clearance]
  for (const problem of clearance.problems) report(problem)
  return []
}

function clearanceFile(
  file: string,
  path: Path,
  { policies, isComplete, site: { report } }: Words,
  yaml: Places,
  folder: string,
): readonly Clearance[] {
  let octets: Uint8Array
  try {
    octets = readFileSync(resolve(folder, file))
  } catch (error) {
    report(yaml.problem(path, `${file} ${cannotRead(error, 'give the path of a clearance, in XML or BER')}`))
    return []
  }
  const { clearances, problems } = readClearances(octets, policies)
  // Words that a policy does not know grant nothing; here they are taken for slips.
  const slips = clearances.flatMap(({ ignored }) =>
    ignored.map((word) => `names what its policy has not (${word})`),
  )
  for (const problem of isComplete ? [...problems, ...slips] : [])
    report(yaml.problem(path, `${file} ${problem}: correct it`))
  return clearances
}

function usersIn(
  file: string,
  path: Path,
  domains: ReadonlySet<string>,
  words: Words,
): ReadonlyMap<string, Clearances> {
  const { yaml, folder, report } = words.site
  const name = resolve(folder, file)
  const read = readChecked(name, 'give the path of the file of users', checkUsersSource)
  const users = new Map<string, Clearances>()
  if ('problems' in read) {
    for (const problem of read.problems) report(yaml.problem(path, problem))
    return users
  }
  for (const [address, entries] of Object.entries(read.value)) {
    const jid = normaliseJid(address)
    const slip = (message: string) => report(read.source.problemOfKey([address], message))
    if (jid === undefined || jid.local === '' || jid.resource !== '')
      slip('is not an address: write USER@DOMAIN')
    else if (!domains.has(jid.domain)) slip(`${jid.domain} is not among the domains of users: add it there`)
    else if (users.has(jid.text)) slip(`${jid.text} stands here in two spellings: remove one`)
    else users.set(jid.text, clearancesIn(entries, [address], words, read.source, dirname(name)))
  }
  return users
}
