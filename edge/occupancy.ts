/**
 * Who of the far side is in which room of the own side, as far as this edge has seen: what a room says to somebody crosses
 * only to one who joined it (XEP-0045 §7.2), and an invitation to anybody.
 *
 *   far user → room     presence with `muc`: asks      unavailable: leaves
 *   room → far user     presence: joined               error: was not let in      unavailable of oneself (110): is out
 *
 * Occupants outlive the edge, since rooms do not notice that it was away: each change is a line of a file in the state
 * folder, which is written anew when most of it is history. A line that a crash of the host took away costs that
 * occupant a join. While the file cannot be written, it is known all the same, and written when it can be again.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { attribute, child, elements, type XmlElement } from '../rules/xml/node.ts'
import { type Envelope, isJoin } from './refusal.ts'

const USER_NS = 'http://jabber.org/protocol/muc#user'

export type Occupancy = Readonly<{
  /** A presence of the far side, of that type, is delivered to a room of the own side. `now` in milliseconds. */
  delivered(type: string, ends: Ends, stanza: XmlElement, now: number): void
  /** Whether a room's stanza answers a join, and what follows from it. */
  answers(envelope: Envelope, stanza: XmlElement, now: number): boolean
  /** Forgets who asked or left long ago; writes what could not be written. */
  expire(now: number): void
  /** Occupants known to be in a room. */
  size(): number
}>

type Ends = Pick<Envelope, 'from' | 'to'>

/** What may be kept: people who ask or leave, and people who are in. */
const MOVING = 10_000
const OCCUPANTS = 100_000
const MOVING_MS = 120_000
/** Lines of the file beyond those that are in force. */
const HISTORY = 10_000

/** @param file in the state folder. Throws one line when it cannot be used. */
export function createOccupancy(file: string): Occupancy {
  const inside = readOccupants(file)
  /** Until when somebody counts as in who has asked or has left, in the order of their words. */
  const moving = new Map<string, number>()
  let lines = inside.size
  /** The file lacks something, for it could not be written. */
  let behind = false
  try {
    rewrite()
  } catch (error) {
    throw new Error(problem(file, error))
  }

  function rewrite(): void {
    writeFileSync(`${file}.new`, [...inside].map((key) => line('+', key)).join(''), { mode: 0o600 })
    renameSync(`${file}.new`, file)
    lines = inside.size
  }

  function note(change: '+' | '-', key: string): void {
    if (behind) return
    try {
      appendFileSync(file, line(change, key))
      if (++lines > 2 * inside.size + HISTORY) rewrite()
    } catch {
      // The disk: the spools, which are on it too, say so.
      behind = true
    }
  }

  function catchUp(): void {
    try {
      rewrite()
      behind = false
    } catch {
      // Next time.
    }
  }

  function enter(key: string): void {
    moving.delete(key)
    if (inside.has(key) || inside.size >= OCCUPANTS) return
    inside.add(key)
    note('+', key)
  }

  function exit(key: string): void {
    moving.delete(key)
    if (inside.delete(key)) note('-', key)
  }

  function move(key: string, now: number): void {
    moving.delete(key)
    if (moving.size >= MOVING) {
      const [oldest] = moving.keys()
      moving.delete(oldest!)
    }
    moving.set(key, now + MOVING_MS)
  }

  return {
    delivered(type, { from, to }, stanza, now) {
      if (to.local === '') return
      const key = keyOf(`${to.local}@${to.domain}`, from.text)
      if (type === '' && isJoin(stanza)) move(key, now)
      else if (type === 'unavailable' && inside.has(key)) {
        exit(key)
        // What the room says of it still goes there.
        move(key, now)
      }
    },
    answers({ kind, type, from, to }, stanza, now) {
      if (kind === 'iq') return true
      const key = keyOf(from.local === '' ? from.domain : `${from.local}@${from.domain}`, to.text)
      const asked = moving.get(key)
      const known = inside.has(key) || (asked !== undefined && asked >= now)
      if (kind === 'message')
        return known || type === 'error' || (type !== 'groupchat' && from.resource === '' && isLetter(stanza))
      if (!known) return false
      if (type === '') enter(key)
      else if (type === 'error' || isOwnLeaving(type, stanza)) exit(key)
      return true
    },
    expire(now) {
      if (behind) catchUp()
      for (const [key, until] of moving) {
        if (until >= now) break
        moving.delete(key)
      }
    },
    size: () => inside.size,
  }
}

/** Neither address holds U+0000. */
function keyOf(room: string, occupant: string): string {
  return `${room}\0${occupant}`
}

/** An invitation to somebody, or the refusal of one (XEP-0045 §7.8.2), which a room passes on to who need not be in it. */
function isLetter(stanza: XmlElement): boolean {
  const x = child(stanza, USER_NS, 'x')
  return x !== undefined && elements(x).some(({ name }) => name === 'invite' || name === 'decline')
}

/** Whether a room tells the recipient that it is out itself (XEP-0045 §7.14), and not only under another nick (§7.6). */
function isOwnLeaving(type: string, stanza: XmlElement): boolean {
  const x = child(stanza, USER_NS, 'x')
  if (type !== 'unavailable' || x === undefined) return false
  const codes = elements(x).map((node) => (node.name === 'status' ? attribute(node, 'code') : undefined))
  return codes.includes('110') && !codes.includes('303')
}

function line(change: '+' | '-', key: string): string {
  return `${change}${JSON.stringify(key.split('\0'))}\n`
}

/** The occupants that the file leaves, bounded; a torn last line is what a crash left, any other is refused. */
function readOccupants(file: string): Set<string> {
  const inside = new Set<string>()
  if (!existsSync(file)) return inside
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(problem(file, error))
  }
  const lines = text.split('\n')
  lines.pop()
  for (const [at, one] of lines.entries()) {
    const key = keyOfLine(one)
    if (key === undefined)
      throw new Error(
        `${file}: line ${at + 1} is not one of ours: delete the file; who is in a room must join it anew`,
      )
    if (one.startsWith('-')) inside.delete(key)
    else if (inside.size < OCCUPANTS) inside.add(key)
  }
  return inside
}

function keyOfLine(text: string): string | undefined {
  if (!/^[+-]/.test(text)) return undefined
  try {
    const pair: unknown = JSON.parse(text.slice(1))
    if (!Array.isArray(pair)) return undefined
    const [room, occupant, more]: unknown[] = pair
    if (typeof room !== 'string' || typeof occupant !== 'string' || more !== undefined) return undefined
    return keyOf(room, occupant)
  } catch {
    return undefined
  }
}

function problem(file: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return `${file}: cannot be used (${code}): give the edge a state folder that it may write`
}
