/**
 * Presence of users for users and rooms of the far side (RFC 6121 §4): coarse, and no faster than it is useful, since every change
 * of it is a bit that crosses without a label.
 *
 * Coarse: `chat` counts as available and `xa` as away, and a priority, which is for the own server only, stays behind.
 * Slow: after one that went, the next of the same two addresses waits for its time; of those that come meanwhile the last
 * one counts. One that says nothing new within that time is left out. Going away is not delayed, but coming back is: to and fro is
 * no faster than the rest. Joining and leaving a room, requests and answers are not touched; nor is what rooms say.
 */
import type { Jid } from '../rules/address/jid.ts'
import { element, text, type XmlElement } from '../rules/xml/node.ts'
import { serialise } from '../rules/xml/write.ts'
import type { Envelope } from './refusal.ts'

const COARSE = new Map([
  ['chat', undefined],
  ['xa', 'away'],
])

/** The presence without what is too fine; the same object when nothing is. */
export function coarsen(stanza: XmlElement): XmlElement {
  let changed = false
  const children = stanza.children.flatMap((node) => {
    if (typeof node === 'string' || node.ns !== stanza.ns) return [node]
    const shown = node.name === 'show' ? text(node) : ''
    if (node.name !== 'priority' && !COARSE.has(shown)) return [node]
    changed = true
    const rest = COARSE.get(shown)
    return rest === undefined ? [] : [element(node.ns, node.name, [], [rest])]
  })
  return changed ? element(stanza.ns, stanza.name, stanza.attributes, children) : stanza
}

/** What becomes of a presence: it goes now, waits, or is left out. */
export type Pace = 'now' | 'later' | 'repeated'

export type PresencePace = Readonly<{
  /** `send` is called later, once, when the presence waits and nothing newer came. `now` in milliseconds. */
  take(envelope: Envelope, stanza: XmlElement, now: number, send: () => void): Pace
  /** Sends those whose time has come; all at infinity. */
  release(now: number): void
  /** What waits of these addresses never goes, and the next one does at once. */
  forget(ends: Pick<Envelope, 'from' | 'to'>): void
}>

/** Pairs of addresses that are followed at once; presence beyond that goes without delay, and the guard's rate bounds it. */
const PAIRS = 50_000

/** @param ms least time between two of the same addresses; @param onLeftOut called for each that never goes. */
export function createPresencePace(ms: number, onLeftOut: () => void): PresencePace {
  type Known = {
    sent: string
    away: boolean
    at: number
    held: Readonly<{ said: string; away: boolean; send: () => void }> | undefined
  }
  const known = new Map<string, Known>()

  function hold(entry: Known, held: Known['held']): void {
    if (entry.held !== undefined) onLeftOut()
    entry.held = held
  }

  return {
    take({ type, from, to }, stanza, now, send) {
      const key = keyOf(type, from, to)
      const entry = known.get(key)
      const said = serialise(element(stanza.ns, stanza.name, { type }, stanza.children))
      const away = type === 'unavailable'
      if (entry === undefined || now >= entry.at + ms || (away && !entry.away)) {
        // Behind those that it is younger than: what is due stands in front.
        if (entry !== undefined) hold(entry, undefined)
        known.delete(key)
        if (known.size < PAIRS) known.set(key, { sent: said, away, at: now, held: undefined })
        return 'now'
      }
      if (said === entry.sent) {
        hold(entry, undefined)
        onLeftOut()
        return 'repeated'
      }
      hold(entry, { said, away, send })
      return 'later'
    },
    release(now) {
      for (const [key, entry] of known) {
        if (now < entry.at + ms) break
        known.delete(key)
        const { held } = entry
        if (held === undefined) continue
        known.set(key, { sent: held.said, away: held.away, at: now, held: undefined })
        held.send()
      }
    },
    forget({ from, to }) {
      const key = keyOf('', from, to)
      const entry = known.get(key)
      if (entry !== undefined) hold(entry, undefined)
      known.delete(key)
    },
  }
}

/** A probe is no presence. Neither address holds U+0000. */
function keyOf(type: string, from: Jid, to: Jid): string {
  return `${type === 'probe' ? 'probe' : ''}\0${from.text}\0${to.text}`
}
