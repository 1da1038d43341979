/**
 * Turns among peers: a queue for each, emptied in rounds in which each may send as many octets as the others (deficit round robin,
 * Shreedhar and Varghese 1995). Within one peer, and so within one pair of addresses, the order stays.
 *
 * A peer may fill as much of the room as it leaves free: alone a half, two of them a third each (dynamic thresholds, Choudhury and
 * Hahne 1998). So there is always room for one that has been quiet.
 */
import { createQueue, type Queue } from '../queue.ts'

/** Octets that a peer may send in a round, beyond which it waits for the next. */
const ROUND_OCTETS = 16 * 1024

export type Sized = Readonly<{ octets: Readonly<{ length: number }> }>

export type FairQueue<T extends Sized> = Readonly<{
  push(peer: string, item: T): void
  /** The next one, taken out. */
  shift(): T | undefined
  /** Takes out what matches, in the order of each peer. */
  remove(match: (item: T) => boolean): T[]
  size(): number
  /** Whether this peer has filled its share; from then on until it has emptied half of it. */
  isFull(peer: string): boolean
  isAnyFull(): boolean
  items(): T[]
}>

type Peer<T> = { waiting: Queue<T>; octets: number; credit: number; full: boolean }

/** Room for all peers together: stanzas and octets. `onChange` is called when a peer has become full, or is not full any more. */
export function createFairQueue<T extends Sized>(
  room: Readonly<{ stanzas: number; octets: number }>,
  onChange: () => void,
): FairQueue<T> {
  const peers = new Map<string, Peer<T>>()
  /** Whose queues hold something, in the order of their turns. */
  let turns: Peer<T>[] = []
  let size = 0
  let octets = 0

  /** Whether a peer holds more than `part` of what all leave free. */
  const holdsMore = (peer: Peer<T>, part: number) =>
    peer.waiting.size() >= part * (room.stanzas - size) || peer.octets >= part * (room.octets - octets)

  function left(peer: Peer<T>, item: T): void {
    size--
    octets -= item.octets.length
    peer.octets -= item.octets.length
  }

  function settle(): void {
    let freed = false
    for (const peer of peers.values()) {
      if (!peer.full || (peer.waiting.size() > 0 && holdsMore(peer, 1 / 2))) continue
      peer.full = false
      freed = true
    }
    if (freed) onChange()
  }

  return {
    push(name, item) {
      let peer = peers.get(name)
      if (peer === undefined) {
        peer = { waiting: createQueue(), octets: 0, credit: 0, full: false }
        peers.set(name, peer)
      }
      if (peer.waiting.size() === 0) {
        peer.credit = 0
        turns.push(peer)
      }
      peer.waiting.push(item)
      peer.octets += item.octets.length
      size++
      octets += item.octets.length
      if (peer.full || !holdsMore(peer, 1)) return
      peer.full = true
      onChange()
    },
    shift() {
      let peer = turns[0]
      if (peer === undefined) return undefined
      while (peer.credit <= 0) {
        peer.credit += ROUND_OCTETS
        // A long one has used up more than one round.
        if (peer.credit > 0) break
        turns.push(turns.shift()!)
        peer = turns[0]!
      }
      const item = peer.waiting.shift()!
      left(peer, item)
      peer.credit -= item.octets.length
      if (peer.waiting.size() === 0) turns.shift()
      else if (peer.credit <= 0) turns.push(turns.shift()!)
      if (peer.full) settle()
      return item
    },
    remove(match) {
      const out: T[] = []
      for (const peer of peers.values()) {
        const removed = peer.waiting.remove(match)
        for (const item of removed) left(peer, item)
        out.push(...removed)
      }
      turns = turns.filter(({ waiting }) => waiting.size() > 0)
      if (out.length > 0) settle()
      return out
    },
    size: () => size,
    isFull: (peer) => peers.get(peer)?.full === true,
    isAnyFull: () => [...peers.values()].some(({ full }) => full),
    items: () => [...peers.values()].flatMap(({ waiting }) => waiting.items()),
  }
}
