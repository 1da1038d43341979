/**
 * A directory that is asked for clearances, over LDAP (RFC 4511): one connection, to the first of several servers that
 * can be had, opened when somebody is asked for and again when it is lost.
 *
 * Reads    one attribute of the one entry that a filter finds
 * Trusts   the servers as far as their certificates go; of what they say, sizes and numbers are bounded, and each value is
 *          read as one of a stranger (../value.ts)
 * Fails    by rejecting; a directory of which no server can be had is not asked again for some seconds
 */
import type { Jid } from '../../../rules/address/jid.ts'
import { connectLdap, type LdapServer } from './connect.ts'
import { readUserFilter } from './filter.ts'
import { type Entry, openSession, type SearchResult, type Session } from './session.ts'

export type DirectoryOptions = Readonly<{
  servers: readonly LdapServer[]
  /** PEM. */
  ca: readonly string[]
  bindDn: string
  password: string
  base: string
  /** A template (filter.ts). */
  filter: string
  attribute: string
  timeoutMs: number
  /** How long no server is tried after none could be had. */
  againMs: number
  /** In milliseconds, never going back. */
  now(): number
  /** It answers (undefined), or why it does not: one line. */
  onState(problem: string | undefined): void
}>

/** The values of a user's attribute, none where there is no entry; or why the entry cannot be used. */
export type Found = Readonly<{ values: readonly Uint8Array[] }> | Readonly<{ problem: string }>

export type Directory = Readonly<{
  /** Rejects when the directory cannot be asked now. */
  find(user: Jid): Promise<Found>
  close(): void
}>

type Opened = Readonly<{ where: string; session: Session }>

/** Searches that run at once. */
const SEARCHES = 32
/** Values of one user. */
const VALUES = 64

export function createDirectory(options: DirectoryOptions): Directory {
  const { servers, ca, bindDn, password, base, attribute, timeoutMs, againMs, now } = options
  const filter = readUserFilter(options.filter)
  if ('problem' in filter) throw new Error(`the filter ${filter.problem}`)
  const filterOf = filter.of
  let current: Promise<Opened> | undefined
  let awayUntil = Number.NEGATIVE_INFINITY
  let closed = false
  let running = 0
  const queue: (() => void)[] = []

  async function open(): Promise<Opened> {
    const problems: string[] = []
    for (const server of servers) {
      const where = `${server.host}:${server.port}`
      try {
        return { where, session: await openAt(server) }
      } catch (error) {
        problems.push(`${where} ${(error as Error).message}`)
      }
    }
    throw new Error(problems.join('; '))
  }

  async function openAt(server: LdapServer): Promise<Session> {
    const session = openSession(await connectLdap(server, ca, timeoutMs), timeoutMs)
    const code = await session.bind(bindDn, password)
    if (code === 0) return session
    session.close()
    throw new Error(`refuses the bind (code ${code}): correct bindDn, the password, or its rights`)
  }

  /** What came of a search, and where; a lost session is opened again once. */
  async function ask(user: Jid, attempts = 2): Promise<SearchResult & Pick<Opened, 'where'>> {
    if (closed || now() < awayUntil) throw new Error('the directory is away')
    const used = (current ??= open())
    let opened: Opened | undefined
    try {
      opened = await used
      const result = await opened.session.search({
        base,
        filter: filterOf(user),
        attribute,
        // One more than there may be, to see that there are more.
        entries: 2,
        seconds: Math.ceil(timeoutMs / 1000),
      })
      return { ...result, where: opened.where }
    } catch (error) {
      if (current === used) current = undefined
      if (opened !== undefined && attempts > 1) return ask(user, attempts - 1)
      // Of many searches that failed with one connection, one tells of it.
      if (now() >= awayUntil) {
        awayUntil = now() + againMs
        const { message } = error as Error
        options.onState(opened === undefined ? message : `${opened.where} ${message}`)
      }
      throw error
    }
  }

  async function search(user: Jid): Promise<Found> {
    const { code, entries, where } = await ask(user)
    if (code === SUCCESS || (code === SIZE_LIMIT && entries.length > 1)) {
      options.onState(undefined)
      return readEntries(entries, attribute)
    }
    const problem = `${where} refuses the search (code ${code}): correct base, filter, attribute or rights`
    options.onState(problem)
    throw new Error(problem)
  }

  async function find(user: Jid): Promise<Found> {
    if (running >= SEARCHES) await new Promise<void>((resolve) => void queue.push(resolve))
    else running++
    try {
      return await search(user)
    } finally {
      // Whoever waits takes the place over.
      const next = queue.shift()
      if (next === undefined) running--
      else next()
    }
  }

  return {
    find,
    close() {
      closed = true
      current?.then(({ session }) => session.close()).catch(() => {})
    },
  }
}

/** Result codes (RFC 4511 appendix A). */
const SUCCESS = 0
const SIZE_LIMIT = 4

/** What is asked for is one attribute, perhaps with an option behind `;` (RFC 4512 §2.5): `binary`. */
function readEntries(entries: readonly Entry[], attribute: string): Found {
  const [entry = [], another] = entries
  if (another !== undefined) return { problem: 'the filter finds more than one entry' }
  const wanted = attribute.toLowerCase()
  const values = entry
    .filter(({ name }) => name.toLowerCase().split(';', 1)[0] === wanted)
    .flatMap(({ values }) => values)
  return values.length > VALUES ? { problem: `has more than ${VALUES} values` } : { values }
}
