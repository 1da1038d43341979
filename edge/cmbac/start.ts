/**
 * CMBAC of a running edge: the checks, the users' clearances and the directory behind them, and the order of stanzas that
 * wait for one.
 *
 * Each stream of an own server, and the connection of the incoming guard, is a line of its own: nothing in it is overtaken,
 * and what waits in one does not keep the others. A frame of the guard that waits is not confirmed yet.
 */
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { refused } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { createTextParser, decodeStanza } from '../../rules/xml/parse.ts'
import type { CmbacConfig } from '../config/cmbac.ts'
import type { LdapConfig } from '../config/ldap.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import { type Cmbac, createCmbac } from './index.ts'
import { createDirectory, type Directory } from './ldap/directory.ts'
import { createUsers } from './users.ts'
import { readClearances } from './value.ts'

export type RunningCmbac = Cmbac &
  Readonly<{
    /** Lets a stanza go on in its turn: `line` is what came before and after it, the stream or the connection. */
    take(line: object, octets: number, stanza: XmlElement | undefined, go: () => void): void
    /** The stanza in a frame of the guard, as far as that can be read. */
    stanzaIn(payload: Uint8Array | undefined): XmlElement | undefined
    /** Whether no more is to be read of a line. */
    isFull(line: object): boolean
    /** Ends the connection to the directory. */
    close(): void
  }>

export type CmbacEvents = Readonly<{
  /** There is room again in a line that was full. */
  onRoom(): void
  /** The directory answers (undefined), or why it does not. */
  onDirectory(problem: string | undefined): void
  /** What the directory has of a user cannot be used. */
  onUser(user: string, problem: string): void
}>

/** Octets of stanzas that may wait in one line. */
const BOUND = 512 * 1024
/** How long a directory that does not answer is left alone. */
const AGAIN_MS = 5_000
/** A released stanza may be longer than the limit of the sending side. */
const GROWTH = 8

export function startCmbac(
  { policies, levels, defaultLabels, users: source }: CmbacConfig,
  bundles: Readonly<{ out: Bundle; into: Bundle }>,
  events: CmbacEvents,
): RunningCmbac {
  const { out, into } = bundles
  const now = () => performance.now()
  const directory = source.ldap === undefined ? undefined : openDirectory(source.ldap, now, events)
  const users = createUsers({
    domains: source.domains,
    listed: source.listed,
    fallback: source.fallback,
    ask: directory === undefined ? undefined : asking(directory, policies),
    keepMs: source.ldap?.cacheMs ?? 0,
    againMs: AGAIN_MS,
    most: source.ldap?.cacheUsers ?? 0,
    now,
    onProblem: events.onUser,
  })
  const domains = [...out.from.domains, ...out.to.domains]
  const rooms = new Set(domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name))
  const cmbac = createCmbac({ policies, levels, users, defaultLabels, out, into, rooms })
  const limits = { stanzaBytes: into.limits.stanzaBytes * GROWTH, depth: into.limits.depth + 8 }
  const parse = createTextParser(limits)
  const lines = new WeakMap<object, Arrivals>()

  return {
    ...cmbac,
    take(line, octets, stanza, go) {
      let arrivals = lines.get(line)
      if (arrivals === undefined) lines.set(line, (arrivals = createArrivals(BOUND, events.onRoom)))
      arrivals.take(octets, () => (stanza === undefined ? undefined : cmbac.awaited(stanza)), go)
    },
    stanzaIn(payload) {
      const text = payload === undefined ? undefined : decodeStanza(payload, limits)
      const stanza = text === undefined || refused(text) ? undefined : parse(text)
      return stanza === undefined || refused(stanza) ? undefined : stanza
    },
    isFull: (line) => lines.get(line)?.isFull() ?? false,
    close: () => directory?.close(),
  }
}

function openDirectory(ldap: LdapConfig, now: () => number, events: CmbacEvents): Directory {
  return createDirectory({ ...ldap, againMs: AGAIN_MS, now, onState: events.onDirectory })
}

function asking({ find }: Directory, policies: readonly Spif[]): Parameters<typeof createUsers>[0]['ask'] {
  return async (user) => {
    const found = await find(user)
    if ('problem' in found) return { clearances: [], problems: [found.problem] }
    const read = found.values.map((value) => readClearances(value, policies))
    return {
      clearances: read.flatMap(({ clearances }) => clearances),
      problems: read.flatMap(({ problems }) => problems),
    }
  }
}
