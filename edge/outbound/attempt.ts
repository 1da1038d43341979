/** One after the other the servers of a domain, until a stream stands with one of them. */

import type { OutboundStream } from '../stream/ends.ts'
import { dial } from './dial.ts'
import type { Names } from './route.ts'
import type { Target } from './srv.ts'
import { type BackEvents, initiateStream, type OutboundSite } from './stream.ts'

export type AttemptEvents = Readonly<{
  /** A stream stands, once at most. */
  onOpen(stream: OutboundStream, target: Target): void
  onDrain(stream: OutboundStream): void
  /** The stream that stood is over. */
  onEnd(stream: OutboundStream, why: string): void
  /** Whether to go on with the next target. */
  isWanted(): boolean
  back: BackEvents
}>

/** Resolves with undefined when a stream has stood, else with the reason why the last target did not take one. */
export async function openFirst(
  targets: readonly Target[],
  site: OutboundSite,
  names: Names | undefined,
  events: AttemptEvents,
): Promise<string | undefined> {
  let why = `no server of ${site.to} is known: configure a route, or its DNS`
  for (const target of targets) {
    if (!events.isWanted()) break
    const problem = await attempt(target, site, names, events)
    if (problem === undefined) return undefined
    why = `${target.host}:${target.port}: ${problem}`
  }
  return why
}

async function attempt(
  target: Target,
  site: OutboundSite,
  names: Names | undefined,
  events: AttemptEvents,
): Promise<string | undefined> {
  const socket = await dial(target.host, target.port, names).catch((error: Error) => error.message)
  if (typeof socket === 'string') return socket
  return new Promise((resolve) => {
    let stream: OutboundStream | undefined
    initiateStream(socket, target.tls, site, {
      onOpen(opened) {
        stream = opened
        resolve(undefined)
        events.onOpen(opened, target)
      },
      onDrain() {
        if (stream !== undefined) events.onDrain(stream)
      },
      onEnd(why) {
        if (stream === undefined) resolve(why)
        else events.onEnd(stream, why)
      },
      back: events.back,
    })
  })
}
