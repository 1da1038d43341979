/**
 * The clearances of users: from a file, from a directory, by default.
 *
 * The file comes before the directory; the default is for those of whom neither has anything. What the directory said is
 * kept for a while, for so many users at most, and asked for anew in the second half of that while, so that nobody waits and a
 * directory that goes away leaves at least half of it. When it cannot be asked, what is kept counts until its time is over; then the user's standing is
 * `unavailable`, never the default.
 */
import { bareOf, type Jid } from '../../rules/address/jid.ts'
import type { Clearances, Standing } from './checks.ts'

/** What a directory has of one user: clearances and what cannot be used, a line each; neither when it has nothing. */
export type DirectoryEntry = Readonly<{ clearances: Clearances; problems: readonly string[] }>

export type UsersOptions = Readonly<{
  /** Domains whose users are to have a clearance. */
  domains: ReadonlySet<string>
  /** By bare address. */
  listed: ReadonlyMap<string, Clearances>
  fallback: Clearances | undefined
  /** Asks the directory; rejects when that cannot be done now. Undefined: there is none. */
  ask: ((user: Jid) => Promise<DirectoryEntry>) | undefined
  /** How long an answer counts, and how long one goes without an answer before the directory is asked again for the same user. */
  keepMs: number
  againMs: number
  /** Users whose answers are kept. */
  most: number
  /** In milliseconds, never going back. */
  now(): number
  /** The directory has of a user what cannot be used. */
  onProblem(user: string, problem: string): void
}>

export type Users = Readonly<{
  /** What is known of a user now; undefined of an address that is none of a user who is to have a clearance. */
  standing(jid: Jid): Standing | undefined
  /** Asks for what is not known of these; undefined when nothing is to be waited for. Never rejects. */
  known(jids: readonly Jid[]): Promise<void> | undefined
}>

type Kept = Readonly<{ standing: Standing; until: number; askAgain: number }>

const NONE: Standing = { state: 'none' }
const UNAVAILABLE: Standing = { state: 'unavailable' }

export function createUsers(options: UsersOptions): Users {
  const { domains, listed, ask, keepMs, againMs, most, now } = options
  const fallback: Standing =
    options.fallback === undefined ? NONE : { state: 'cleared', clearances: options.fallback }
  const files = new Map([...listed].map(([user, clearances]) => [user, cleared(clearances)]))
  /** Least recently asked for first. */
  const kept = new Map<string, Kept>()
  const asking = new Map<string, Promise<void>>()

  function covers({ local, domain }: Jid): boolean {
    return local !== '' && domains.has(domain)
  }

  function keep(user: string, standing: Standing, ms: number, askAgain: number): void {
    const at = now()
    kept.delete(user)
    kept.set(user, { standing, until: at + ms, askAgain: at + askAgain })
    if (kept.size > most) kept.delete(kept.keys().next().value!)
  }

  function fresh(user: string): Kept | undefined {
    const found = kept.get(user)
    if (found === undefined || found.until <= now()) return undefined
    kept.delete(user)
    kept.set(user, found)
    return found
  }

  function fetch(jid: Jid, user: string): Promise<void> {
    const running = asking.get(user)
    if (running !== undefined) return running
    const answered = ask!(jid).then(
      ({ clearances, problems }) => {
        for (const problem of problems) options.onProblem(user, problem)
        // One who has something that cannot be used is not one who has nothing.
        const standing = clearances.length > 0 ? cleared(clearances) : problems.length > 0 ? NONE : fallback
        keep(user, standing, keepMs, keepMs / 2)
      },
      () => {
        const found = fresh(user)
        if (found === undefined) keep(user, UNAVAILABLE, againMs, againMs)
        else kept.set(user, { ...found, askAgain: now() + againMs })
      },
    )
    const settled = answered.finally(() => asking.delete(user))
    asking.set(user, settled)
    return settled
  }

  return {
    standing(jid) {
      if (!covers(jid)) return undefined
      const user = bareOf(jid)
      const known = files.get(user)
      if (known !== undefined) return known
      if (ask === undefined) return fallback
      return fresh(user)?.standing ?? UNAVAILABLE
    },
    known(jids) {
      if (ask === undefined) return undefined
      let waits: Promise<void>[] | undefined
      for (const jid of jids) {
        const user = bareOf(jid)
        if (!covers(jid) || files.has(user)) continue
        const found = fresh(user)
        if (found === undefined) waits = [...(waits ?? []), fetch(jid, user)]
        else if (found.askAgain <= now()) void fetch(jid, user)
      }
      return waits === undefined ? undefined : Promise.all(waits).then(() => {})
    },
  }
}

function cleared(clearances: Clearances): Standing {
  return { state: 'cleared', clearances }
}
