/**
 * The links of an edge: one for each pair of a far domain and an own domain, made when first needed.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Controls } from '../controls.ts'
import type { Session } from '../session.ts'
import type { WireLimits } from '../stream/connection.ts'
import type { CarrierEvents, Manner, OutboundStream, StreamClocks } from '../stream/ends.ts'
import type { StreamTls } from '../tls-ext/index.ts'
import type { Barriers } from './barriers.ts'
import type { Delivery } from './delivery.ts'
import { createLink, type Link, type LinkState } from './link.ts'
import { findTargets, type Names, type Route } from './route.ts'
import type { BackEvents } from './stream.ts'

/** How often it is looked whether all is acknowledged (ms). */
const LOOK_MS = 20

/** What a reload can change. */
export type LinkSettings = Readonly<{
  routes: readonly Route[]
  /** Whom servers without route, and names of hosts, are asked of; nobody when undefined. */
  names: Names | undefined
  /** Own domains that are never connected to. */
  inboundOnly: ReadonlySet<string>
  failBackMs: number
  handshakeMs: number
  stanzaMs: number
  clocks: StreamClocks
  /** How streams are led, of each own domain. */
  manners: ReadonlyMap<string, Manner>
}>

export type LinksOptions = LinkSettings &
  Readonly<{
    own: readonly string[]
    far: readonly string[]
    tls: StreamTls
    limits: WireLimits
    admit: Controls['admit']
    barriers: Barriers
    /** Whether streams that bring stanzas of this own domain are not being read. */
    isHeldFrom(own: string): boolean
    back: BackEvents
    /** Stanzas that each link holds for the far side; as many again are reserved for what the edge says itself. */
    bound: number
    expireMs: number
    onRoom(): void
    onState(from: string, to: string, state: LinkState, why: string, session: Session | undefined): void
  }>

export type Links = Readonly<{
  /** Queues a stanza that came from the guard. False: a queue is full, take no more from the guard before `onRoom`. */
  deliver(from: string, to: string, delivery: Delivery): boolean
  /** Whether even the reserved room is full, so that what the edge has to say itself must be dropped. */
  isOverfull(from: string, to: string): boolean
  /** Queues a stanza of the edge's own. False: it was dropped for that. */
  answer(from: string, to: string, delivery: Delivery): boolean
  /** Uses a stream that an own domain has opened and that goes both ways. Undefined: there is no use for it. */
  adopt(from: string, to: string, stream: OutboundStream): CarrierEvents | undefined
  isFull(): boolean
  /**
   * Whether a queue towards one of these own domains is full, and reading what they send would not help: none of them answers
   * pings, which it can only do there.
   */
  isStuckTowards(own: ReadonlySet<string>): boolean
  size(): number
  /** What has not been written to a stream. */
  waiting(): Delivery[]
  /** Takes out what waits and matches: it is not delivered, nor settled. */
  giveUp(match: (delivery: Delivery) => boolean): Delivery[]
  /** Tries to connect at once where that is waited for; gives for how many. */
  retry(): number
  states(): [LinkState, number][]
  /** Goes by other settings from now on; streams that stand stay. */
  set(settings: LinkSettings): void
  all(): Readonly<{ from: string; to: string; link: Link }>[]
  /** Ends streams with servers whose certificate is no longer believed. */
  recheck(): void
  /** Before the end: waits, but no longer than so many milliseconds, until servers have acknowledged what is on its way to them. */
  drain(ms: number): Promise<void>
  close(): void
}>

const STATES: readonly LinkState[] = ['idle', 'connecting', 'open', 'waiting', 'barred']

export function createLinks(options: LinksOptions): Links {
  const links = new Map<string, Link>()
  const byOwn = new Map<string, Link[]>(options.own.map((domain) => [domain, []]))
  const far = new Set(options.far)
  const own = new Set(options.own)
  let settings: LinkSettings = options

  function link(from: string, to: string): Link {
    const key = `${from} ${to}`
    const known = links.get(key)
    if (known !== undefined) return known
    const siblings = byOwn.get(to)
    if (siblings === undefined || !far.has(from))
      throw new Error('a link between domains that are not of the bundle')
    const { tls, limits, admit } = options
    const made = createLink({
      site() {
        const { handshakeMs, stanzaMs, clocks, manners } = settings
        const manner = manners.get(to)!
        return { from, to, own, admit, manner, tls, limits, handshakeMs, stanzaMs, clocks }
      },
      targets: () => findTargets(to, settings.routes, settings.names, Math.random),
      names: () => settings.names,
      isInboundOnly: () => settings.inboundOnly.has(to),
      failBackMs: () => settings.failBackMs,
      bound: options.bound,
      expireMs: options.expireMs,
      raise: (answered) => options.barriers.raise(from, to, answered),
      isHeld: () => options.isHeldFrom(to),
      back: options.back,
      onState: (state, why, session) => options.onState(from, to, state, why, session),
      onRoom: options.onRoom,
    })
    links.set(key, made)
    siblings.push(made)
    return made
  }

  const isFull = () => {
    for (const each of links.values()) if (each.isFull()) return true
    return false
  }
  return {
    deliver: (from, to, delivery) => link(from, to).offer(delivery),
    isOverfull: (from, to) => link(from, to).isOverfull(),
    answer(from, to, delivery) {
      const chosen = link(from, to)
      if (chosen.isOverfull()) return false
      chosen.offer(delivery)
      return true
    },
    adopt: (from, to, stream) => link(from, to).adopt(stream),
    isFull,
    isStuckTowards(own) {
      const towards = [...own].flatMap((domain) => byOwn.get(domain) ?? [])
      return towards.some((each) => each.isFull()) && !towards.some((each) => each.awaitsAnswer())
    },
    size: () => [...links.values()].reduce((sum, each) => sum + each.size(), 0),
    retry: () => [...links.values()].filter((each) => each.retry()).length,
    waiting: () => [...links.values()].flatMap((each) => each.waiting()),
    giveUp: (match) => [...links.values()].flatMap((each) => each.giveUp(match)),
    states: () =>
      STATES.map((state) => [state, [...links.values()].filter((each) => each.state() === state).length]),
    all: () =>
      [...links].map(([key, link]) => {
        const [from, to] = key.split(' ') as [string, string]
        return { from, to, link }
      }),
    set(next) {
      settings = next
    },
    recheck() {
      for (const each of links.values()) each.recheck()
    },
    async drain(ms) {
      const until = performance.now() + ms
      const all = [...links.values()]
      for (const each of all) each.drain()
      while (all.some((each) => each.inFlight() > 0) && performance.now() < until) await delay(LOOK_MS)
    },
    close() {
      for (const each of links.values()) each.close()
    },
  }
}
