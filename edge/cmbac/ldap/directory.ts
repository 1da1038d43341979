/**
 * A directory that is asked for clearances, over LDAP (RFC 4511): one connection, to the first of several servers that
 * can be had, opened when somebody is asked for and again when it is lost.
 *
 * Reads    one attribute of the one entry that a filter finds
 * Trusts   the servers as far as their certificates go; of what they say, sizes and numbers are bounded, and each value is
 *          read as one of a stranger (../value.ts)
 * Fails    by rejecting; a directory of which no server can be had is not asked again for some seconds
 */
import { Client, ResultCodeError } from 'ldapts'
import type { Jid } from '../../../rules/address/jid.ts'
import { connectLdap, type LdapServer } from './connect.ts'
import type { UserFilter } from './filter.ts'

export type DirectoryOptions = Readonly<{
  servers: readonly LdapServer[]
  /** PEM. */
  ca: readonly string[]
  bindDn: string
  password: string
  base: string
  filter: UserFilter
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

/** Searches that run at once, and octets that may come between the ends of two of them. */
const SEARCHES = 32
const OCTETS = 8 << 20
/** Values of one user. */
const VALUES = 64

export function createDirectory(options: DirectoryOptions): Directory {
  const { servers, ca, bindDn, password, base, filter, attribute, timeoutMs, againMs, now } = options
  let current: Promise<Client> | undefined
  let awayUntil = Number.NEGATIVE_INFINITY
  let closed = false
  let running = 0
  /** Octets that have come since the last search ended. */
  let octets = 0
  const queue: (() => void)[] = []

  async function open(): Promise<Client> {
    const problems: string[] = []
    for (const server of servers) {
      try {
        return await openAt(server)
      } catch (error) {
        problems.push(`${server.host}:${server.port} ${lineOf(error)}`)
      }
    }
    throw new Error(problems.join('; '))
  }

  async function openAt(server: LdapServer): Promise<Client> {
    const socket = await connectLdap(server, ca, timeoutMs)
    octets = 0
    socket.on('data', (more: Buffer) => {
      octets += more.length
      if (octets > OCTETS) socket.destroy(new Error('sends more than was asked for'))
    })
    let used = false
    const client = new Client({
      url: 'ldap://directory',
      timeout: timeoutMs,
      // The client would connect again by itself: without TLS, and without saying who it is.
      createConnection: () => {
        if (used) throw new Error('the connection was lost')
        used = true
        return socket
      },
    })
    try {
      await client.bind(bindDn, password)
      return client
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  function connected(): Promise<Client> {
    current ??= open()
    return current
  }

  function drop(client: Promise<Client>): void {
    if (current === client) current = undefined
    client.then((it) => it.unbind()).catch(() => {})
  }

  async function search(user: Jid, attempts = 2): Promise<Found> {
    if (closed || now() < awayUntil) throw new Error('the directory is away')
    const used = connected()
    let client: Client
    try {
      client = await used
    } catch (error) {
      if (current === used) {
        current = undefined
        awayUntil = now() + againMs
        options.onState(lineOf(error))
      }
      throw error
    }
    try {
      if (!client.isConnected || !client.isBound) throw new Error('the connection was lost')
      const { searchEntries } = await client.search(base, {
        scope: 'sub',
        filter: filter.of(user),
        attributes: [attribute],
        sizeLimit: 2,
        timeLimit: Math.ceil(timeoutMs / 1000),
        explicitBufferAttributes: [attribute],
      })
      octets = 0
      options.onState(undefined)
      return readEntries(searchEntries, attribute)
    } catch (error) {
      // An answer, if not the one that was hoped for: the connection is good.
      if (error instanceof ResultCodeError) {
        options.onState(`answers ${lineOf(error)}: correct base, filter, attribute or rights`)
        throw error
      }
      drop(used)
      if (attempts > 1) return search(user, attempts - 1)
      awayUntil = now() + againMs
      options.onState(lineOf(error))
      throw error
    }
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
      if (current !== undefined) drop(current)
    },
  }
}

type Entry = Readonly<Record<string, Buffer | Buffer[] | string[] | string>>

/** What is asked for is one attribute, perhaps with an option behind `;` (RFC 4512 §2.5): `binary`. */
function readEntries(entries: readonly Entry[], attribute: string): Found {
  const [entry, another] = entries
  if (another !== undefined) return { problem: 'the filter finds more than one entry' }
  const wanted = attribute.toLowerCase()
  const values = Object.entries(entry ?? {}).flatMap(([name, value]) =>
    name.toLowerCase().split(';', 1)[0] === wanted && name !== 'dn' ? [value].flat() : [],
  )
  if (values.length > VALUES) return { problem: `has more than ${VALUES} values` }
  return { values: values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value)) }
}

/** What went wrong, in one line without what was sent. */
function lineOf(error: unknown): string {
  if (error instanceof ResultCodeError) return `${error.name} (code ${error.code})`
  return (error as Error).message.split('\n', 1)[0]!
}
