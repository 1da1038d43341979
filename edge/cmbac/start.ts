/**
 * CMBAC of a running edge: the checks, the users' clearances and the directory behind them, and the order of stanzas that
 * wait for one.
 *
 * Each stream of an own server, and the connection of the incoming guard, is a line of its own: nothing in it is overtaken,
 * and what waits in one does not keep the others. A frame of the guard that waits is not confirmed yet.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { refused } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { createTextParser, decodeStanza } from '../../rules/xml/parse.ts'
import type { CmbacConfig } from '../config/cmbac.ts'
import type { Health } from '../health.ts'
import type { Log } from '../log.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import type { Denial } from './checks.ts'
import { type Cmbac, createCmbac } from './index.ts'
import { createDirectory, type Directory } from './ldap/directory.ts'
import { createUsers } from './users.ts'
import { readClearances } from './value.ts'

export type RunningCmbac = Omit<Cmbac, 'awaited'> &
  Readonly<{
    /**
     * Lets a stanza go on in its turn: `line` is what came before and after it, the stream or the connection; `stanza` gives
     * it, or undefined when it cannot be read. False: no more is to be read of the line before `onRoom`.
     */
    take(line: object, octets: number, stanza: () => XmlElement | undefined, go: () => void): boolean
    isFull(line: object): boolean
    /** Stanzas that wait for a clearance, in all lines. */
    waiting(): number
    /** Goes by another configuration from now on, if it is another. What waits is judged by it too; what was known of users is asked for anew. */
    reload(config: CmbacConfig | undefined): void
    /** Ends the connection to the directory. */
    close(): void
  }>

export type CmbacSite = Readonly<{
  out: Bundle
  into: Bundle
  log: Log
  health: Pick<Health, 'directory'>
  /** There is room again in a line that was full. */
  onRoom(): void
}>

/** Octets of stanzas that may wait in one line. */
const BOUND = 512 * 1024
/** How long a directory that does not answer is left alone. */
const AGAIN_MS = 5_000
/** A released stanza may be longer than the limit of the sending side. */
const GROWTH = 8

/** Whatever is kept back is told to the operator here, with whose clearance and why; peers hear the error of their stanza. */
export function startCmbac(config: CmbacConfig | undefined, site: CmbacSite): RunningCmbac {
  let running = config
  let part = config === undefined ? NOTHING : build(config, site)
  const lines = new WeakMap<object, Arrivals>()
  let waiting = 0
  const told = (direction: 'out' | 'in', denial: Denial | undefined): Denial | undefined => {
    if (denial !== undefined) site.log.info({ direction, ...denial }, 'kept back by a clearance')
    return denial
  }

  return {
    outgoing: (stanza, label, ends) => told('out', part.cmbac?.outgoing(stanza, label, ends)),
    incoming: (stanza, ends, number) => told('in', part.cmbac?.incoming(stanza, ends, number)),
    permits: (row, ends) => part.cmbac?.permits(row, ends) ?? true,
    defaultLabelOf: (room) => part.cmbac?.defaultLabelOf(room) ?? [],
    take(line, octets, read, go) {
      let arrivals = lines.get(line)
      // What came while there was a directory goes first, whatever there is now.
      if (part.directory === undefined && arrivals === undefined) {
        go()
        return true
      }
      if (arrivals === undefined) lines.set(line, (arrivals = createArrivals(BOUND, site.onRoom)))
      const stanza = part.directory === undefined ? undefined : read()
      waiting++
      const awaited = () => (stanza === undefined ? undefined : part.cmbac?.awaited(stanza))
      arrivals.take(octets, awaited, () => {
        waiting--
        go()
      })
      return !arrivals.isFull()
    },
    isFull: (line) => lines.get(line)?.isFull() ?? false,
    waiting: () => waiting,
    reload(next) {
      if (isDeepStrictEqual(next, running)) return
      running = next
      const before = part
      part = next === undefined ? NOTHING : build(next, site)
      if (part.directory === undefined) site.health.directory(undefined)
      before.directory?.close()
    },
    close: () => part.directory?.close(),
  }
}

/** What a configuration comes to; no checks where there is none. */
type Part = Readonly<{ cmbac: Cmbac | undefined; directory: Directory | undefined }>

const NOTHING: Part = { cmbac: undefined, directory: undefined }

function build(config: CmbacConfig, { out, into, log, health }: CmbacSite): Part {
  const { policies, levels, defaultLabels, users: source } = config
  const now = () => performance.now()
  const directory =
    source.ldap === undefined
      ? undefined
      : createDirectory({ ...source.ldap, againMs: AGAIN_MS, now, onState: health.directory })
  const users = createUsers({
    domains: source.domains,
    listed: source.listed,
    fallback: source.fallback,
    ask: directory === undefined ? undefined : asking(directory, policies),
    keepMs: source.ldap?.cacheMs ?? 0,
    againMs: AGAIN_MS,
    most: source.ldap?.cacheUsers ?? 0,
    now,
    onProblem: (user, why) => log.warn({ user, why }, 'a clearance in the directory cannot be used'),
  })
  const domains = [...out.from.domains, ...out.to.domains]
  const rooms = new Set(domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name))
  return {
    cmbac: createCmbac({ policies, levels, users, defaultLabels, out, into, rooms }),
    directory,
  }
}

/** Reads the stanza in a frame of the guard, as far as that can be done. */
export function frameReader({ limits }: Bundle): (payload: Uint8Array | undefined) => XmlElement | undefined {
  const own = { stanzaBytes: limits.stanzaBytes * GROWTH, depth: limits.depth + 8 }
  const parse = createTextParser(own)
  return (payload) => {
    const text = payload === undefined ? undefined : decodeStanza(payload, own)
    const stanza = text === undefined || refused(text) ? undefined : parse(text)
    return stanza === undefined || refused(stanza) ? undefined : stanza
  }
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
