/**
 * IQ requests that crossed and wait for their answer (RFC 6120 §8.2.3).
 *
 * An answer crosses only when its request did, and a request that gets no answer in time is answered by the edge. One
 * table a direction, bounded; entries leave in the order in which they came, since all have the same time.
 */
import type { StanzaNumber } from '../guard/gcxp/index.ts'
import type { Envelope } from './refusal.ts'

/** A request of the own side; `ticket` is that of its note in the spool. */
export type Asked = Readonly<{ envelope: Envelope; ticket: number }>

/** A request of the far side, in the frame of that number. */
export type AskedOfUs = Readonly<{ number: StanzaNumber; ticket: number }>

export type PendingTable<T> = Readonly<{
  /** Whether `add` will note it. */
  admits(asker: string, asked: string, id: string): boolean
  /** Notes a request; `known` when too many of the same addresses and id wait already. `now` in milliseconds. */
  add(asker: string, asked: string, id: string, request: T, now: number): 'added' | 'full' | 'known'
  /** Takes out the request that an answer from `asked` to `asker` belongs to; undefined when there is none. */
  take(asker: string, asked: string, id: string): T | undefined
  /** Takes out the requests that are older than the limit. */
  expire(now: number): T[]
  size(): number
}>

/** Requests of the same addresses and id that may wait: an asker may repeat itself, and each is answered by itself. */
const ALIKE = 8

export function createPendingTable<T>(bound: number, limitMs: number): PendingTable<T> {
  const waiting = new Map<string, Readonly<{ request: T; until: number }>>()
  // Neither an address nor an identifier of XML holds U+0000.
  const keysOf = (asker: string, asked: string, id: string) =>
    Array.from({ length: ALIKE }, (_, place) => `${asker}\0${asked}\0${id}\0${place}`)
  const freeKey = (asker: string, asked: string, id: string) =>
    keysOf(asker, asked, id).find((place) => !waiting.has(place))
  return {
    admits: (asker, asked, id) => waiting.size < bound && freeKey(asker, asked, id) !== undefined,
    add(asker, asked, id, request, now) {
      const key = freeKey(asker, asked, id)
      if (key === undefined) return 'known'
      if (waiting.size >= bound) return 'full'
      waiting.set(key, { request, until: now + limitMs })
      return 'added'
    },
    take(asker, asked, id) {
      const key = keysOf(asker, asked, id).find((place) => waiting.has(place))
      if (key === undefined) return undefined
      const entry = waiting.get(key)
      waiting.delete(key)
      return entry?.request
    },
    expire(now) {
      const expired: T[] = []
      for (const [key, { request, until }] of waiting) {
        if (until > now) break
        waiting.delete(key)
        expired.push(request)
      }
      return expired
    },
    size: () => waiting.size,
  }
}
