/**
 * The part `cmbac.users.ldap` of edge.yaml: where the directory is, who the edge is there, and what it asks. The password is
 * in the result: never to be shown.
 */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Problem } from '../../rules/ruleset/problem.ts'
import { decodeSource } from '../../rules/ruleset/source.ts'
import type { Path, YamlSource } from '../../rules/ruleset/yaml.ts'
import { cannotRead } from '../../rules/unreadable.ts'
import type { DirectoryOptions } from '../cmbac/ldap/directory.ts'
import { readUserFilter } from '../cmbac/ldap/filter.ts'
import { caProblem } from './s2s.ts'
import type { LdapSource } from './schema.ts'

/** Where the directory is and what it is asked; texts of its files are in it. */
export type LdapConfig = Omit<DirectoryOptions, 'againMs' | 'now' | 'onState'> &
  Readonly<{ cacheMs: number; cacheUsers: number }>

/** Where in a file something stands. */
export type Places = Pick<YamlSource, 'problem'>

/** What goes with the file: its places, its folder, and who is told what is wrong. */
export type LdapSite = Readonly<{
  yaml: Places
  folder: string
  /** In milliseconds since 1970. */
  now: number
  report(problem: Problem): void
}>

/** Reads the files that `source` names; `domains` is how many it is asked for users of. What is wrong has been reported. */
export function resolveLdap(source: LdapSource, path: Path, domains: number, site: LdapSite): LdapConfig {
  const { yaml, folder, now } = site
  const wrong = (key: string | readonly (string | number)[], message: string) =>
    site.report(yaml.problem([...path, ...[key].flat()], message))
  const servers = source.servers.map((url, i) => {
    const direct = url.startsWith('ldaps:')
    const [, host, port] = /^ldaps?:\/\/(?:\[([^\]]*)\]|[^:[]*)(?::(\d+))?$/.exec(url) ?? []
    const name = host ?? url.replace(/^ldaps?:\/\//, '').replace(/:\d+$/, '')
    const number = port === undefined ? (direct ? 636 : 389) : Number(port)
    if (number < 1 || number > 65535)
      wrong(['servers', i], `there is no port ${number}; write one up to 65535`)
    return { host: name, port: number, tls: direct ? 'direct' : 'starttls' } as const
  })
  const ca = source.ca.flatMap((name, i) => {
    try {
      const text = readFileSync(resolve(folder, name), 'latin1')
      const problem = caProblem(text, now)
      if (problem === undefined) return [text]
      wrong(['ca', i], `${name} ${problem}`)
    } catch (error) {
      wrong(['ca', i], `${name} ${cannotRead(error, 'give the path of a PEM file')}`)
    }
    return []
  })
  const filter = readUserFilter(source.filter)
  if ('problem' in filter) wrong('filter', filter.problem)
  else if (domains > 1 && !filter.tells.has('{jid}') && !filter.tells.has('{domain}'))
    wrong('filter', 'takes users of two domains for one: compare something with {jid}, or with {domain} too')
  const file = resolve(folder, source.passwordFile)
  let password = ''
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      wrong('passwordFile', `${source.passwordFile} may be read by others: chmod 600 it`)
    password = decodeSource(readFileSync(file))?.replace(/\r?\n$/, '') ?? ''
    // Without password a bind says nothing of who one is (RFC 4513 §5.1.2).
    if (password === '')
      wrong('passwordFile', `${source.passwordFile} holds no password: write it there, as UTF-8`)
  } catch (error) {
    wrong(
      'passwordFile',
      `${source.passwordFile} ${cannotRead(error, 'give the path of a file with the password')}`,
    )
  }
  return {
    servers,
    ca,
    bindDn: source.bindDn,
    password,
    base: source.base,
    filter: source.filter,
    attribute: source.attribute,
    timeoutMs: source.timeoutSeconds * 1000,
    cacheMs: source.cacheSeconds * 1000,
    cacheUsers: source.cacheUsers,
  }
}
